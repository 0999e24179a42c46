"""The documents of this repository point to what exists: links and their anchors, commands, files and pages."""

import re
import subprocess
import unittest
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
#: Paths of an installed system that documents may name; every other absolute path belongs to somebody's machine.
INSTALLED = ("/etc/sotto", "/var/lib/sotto", "/run/sotto", "/usr/share", "/dev/", "/proc/", "/tmp/")
OWN_PROGRAMS = {"simulation", "sottod", "sotto", "sotto-load", "config_reference", "event_reference", "metric_reference", "daemon_reference",
                "command_reference"}


def tracked(*patterns: str) -> list[Path]:
    """Files of the repository; without git (a source archive) whatever lies there."""
    try:
        names = subprocess.run(["git", "-c", f"safe.directory={ROOT}", "ls-files", "-co", "--exclude-standard", *patterns], cwd=ROOT,
                               check=True, capture_output=True, text=True).stdout.splitlines()
        return sorted(path for name in names if (path := ROOT / name).is_file())
    except (OSError, subprocess.CalledProcessError):
        return sorted(path for pattern in patterns for path in ROOT.rglob(pattern)
                      if path.is_file() and not {"build", "demo"} & set(path.relative_to(ROOT).parts))


def prose(text: str) -> str:
    """The text without code, in which brackets mean something else."""
    return re.sub(r"`[^`\n]*`", "", re.sub(r"^```.*?^```", "", text, flags=re.S | re.M))


def code(text: str) -> str:
    return "\n".join(re.findall(r"^ *```[a-z]*\n(.*?)^ *```", text, flags=re.S | re.M) + re.findall(r"`([^`\n]+)`", text))


def anchors(page: Path) -> set[str]:
    """The names that a forge gives to the headings of a page."""
    headings = re.findall(r"^#+ +(.+)$", page.read_text(), flags=re.M)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


class Documents(unittest.TestCase):
    def setUp(self) -> None:
        self.pages = tracked("*.md")

    def test_links_lead_somewhere(self) -> None:
        self.assertGreater(len(self.pages), 10)
        for page in self.pages:
            for target in re.findall(r"\[[^\]\n]*\]\(([^)\s]+)\)", prose(page.read_text())):
                if re.match(r"(https?|mailto):", target):
                    continue
                with self.subTest(page=str(page.relative_to(ROOT)), link=target):
                    path, _, anchor = target.partition("#")
                    found = (page.parent / path).resolve() if path else page
                    self.assertTrue(found.exists(), "leads nowhere")
                    if anchor:
                        self.assertIn(anchor, anchors(found))

    def test_commands_of_the_repository_exist(self) -> None:
        for page in self.pages:
            for command in re.findall(r"(?<![\w./-])((?:packaging|tests|\.ci)/[\w./-]+)", code(page.read_text())):
                with self.subTest(page=str(page.relative_to(ROOT)), command=command):
                    self.assertTrue((ROOT / command).exists(), "there is no such file")
        for command in ("packaging/quickstart", "tests/run"):
            with self.subTest(command=command):
                self.assertIn(command, (ROOT / "README.md").read_text())
                self.assertTrue((ROOT / command).stat().st_mode & 0o111, "cannot be run")

    def test_commands_of_the_operator_exist(self) -> None:
        """With their options; what the documents show can be typed."""
        sections = re.split(r"^### `sotto ", (ROOT / "docs/commands.md").read_text(), flags=re.M)[1:]
        options = {section[:section.index("`")]: set(re.findall(r"(--[\w-]+)", section.split("```")[1])) for section in sections}
        groups = {words.split()[0] for words in options if " " in words}
        everywhere = {"--config", "--json", "--csv", "--help", "--version"}
        shown = 0
        for page in self.pages:
            for line in re.findall(r"(?<![\w./-])sotto ((?:--[\w-]+ )*[a-z]+\b.*)", code(page.read_text()).replace("\\\n", " ")):
                line = re.split(r" +#|\||;|&&|>|'|`", re.sub(r"\[[^\]]*\]|^--config \S+ ", "", line))[0]
                words = [word for word in line.split() if not word.startswith("-")]
                named = " ".join(words[:2]) if words[0] in groups else words[0]
                if len(named.split()) == 1 and named in groups or named.isupper() or "|" in named:
                    continue   # the group as such, or a place for one of its commands
                with self.subTest(page=str(page.relative_to(ROOT)), command=f"sotto {line}"):
                    self.assertIn(named, options, "there is no such command")
                    self.assertLessEqual(set(re.findall(r"(?<!\S)(--[\w-]+)", line)), options[named] | everywhere)
                    shown += 1
        self.assertGreater(shown, 40)

    def test_presets_and_programs_exist(self) -> None:
        presets = re.findall(r'"name": "(\w+)"', (ROOT / "CMakePresets.json").read_text())
        for page in self.pages:
            text = code(page.read_text())
            for preset in re.findall(r"cmake --preset ([\w|]+)", text):
                with self.subTest(page=str(page.relative_to(ROOT)), preset=preset):
                    self.assertLessEqual(set(preset.split("|")), set(presets))
            for program in re.findall(r"build/\w+/bin/([\w-]+)", text):
                with self.subTest(page=str(page.relative_to(ROOT)), program=program):
                    self.assertIn(program, OWN_PROGRAMS)

    def test_tests_exist(self) -> None:
        """Tests that a page names as its proof are there; `flows.*` stands for the group."""
        for page in self.pages:
            groups = "unit|flows|census|clients|fuzz|torture|faults|docs|outside|browsers|registration|load"
            for group, name in re.findall(rf"`({groups})\.([a-z_]+|\*)`", page.read_text()):
                tests = ROOT / "tests"
                candidates = [tests / group / f"{name}_test.py", tests / group / f"{group}_{name}.cpp",
                              ROOT / group / f"{name}_reference.cpp"]
                if group == "unit":
                    candidates.append(tests / name / "CMakeLists.txt")
                if name == "*":
                    candidates.append(tests / group)
                with self.subTest(page=str(page.relative_to(ROOT)), test=f"{group}.{name}"):
                    self.assertTrue(any(path.exists() for path in candidates), "is no test")

    def test_each_standard_has_its_tests(self) -> None:
        """Every RFC of the tables stands in the last one, beside the tests that show what is said of it."""
        tables, _, shown = (ROOT / "docs/standards.md").read_text().partition("## Which tests show it")
        tables = re.sub(r"^### Deviations.*?(?=^## )", "", tables, flags=re.S | re.M)

        def numbers(text: str) -> set[str]:
            return {rfc for row in re.findall(r"^\| (\d[^|]*)\|", text, flags=re.M) for rfc in re.findall(r"\b\d{4}\b", row)}
        self.assertGreater(len(numbers(tables)), 50)
        self.assertEqual(numbers(tables) - numbers(shown), set(), "name their tests in the last table")
        for row in re.findall(r"^\| \d[^|]*\|([^|]*)\|", shown, flags=re.M):
            self.assertRegex(row, r"`\w+\.\w+`|none: ")

    def test_each_requirement_of_rfc_5627_has_its_test(self) -> None:
        """The titles that the table names are those of tests, and no test of the two sections is left out."""
        _, _, table = (ROOT / "docs/standards.md").read_text().partition("## RFC 5627")
        named = {title for row in re.findall(r"^\| [56]\.\d \|.*$", table, flags=re.M) for title in re.findall(r'"([^"]+)"', row)}
        cases = {}
        for source in (ROOT / "tests/element").glob("*_test.cpp"):
            cases |= dict(re.findall(r'TEST_CASE\("([^"]+)",\s*"([^"]*)"\)', source.read_text()))
        self.assertEqual(named - set(cases), set(), "are no tests")
        own = {title for title, tags in cases.items() if re.search(r"\[rfc5627\]\[[56]\.", tags)}
        self.assertEqual(own - named, {"a callee that refuses anonymous callers refuses them on its GRUU as well"})   # a RECOMMENDED

    def test_keys_exist(self) -> None:
        """Configuration keys that a page names are keys."""
        known = set(re.findall(r"^\| `([\w.\[\]]+)` \|", (ROOT / "docs/configuration.md").read_text(), flags=re.M))
        sections = {key.split(".")[0] for key in known if "." in key and "[" not in key}
        for page in self.pages:
            for key in re.findall(r"`((?:%s)\.\w+)[`:]" % "|".join(sorted(sections)), page.read_text()):
                with self.subTest(page=str(page.relative_to(ROOT)), key=key):
                    self.assertTrue(key in known or any(k.startswith(key + "[") for k in known), "is no key")

    def test_pages_that_comments_name_exist(self) -> None:
        names = {page.name for page in self.pages}
        for source in tracked("*.cpp", "*.hpp", "*.py", "*.yaml", "*.txt", "*.cmake"):
            if source == Path(__file__).resolve():
                continue
            for name in set(re.findall(r"(?<![\w/*.-])((?:[\w-]+/)*[\w-]+\.md)\b", source.read_text(errors="replace"))):
                with self.subTest(source=str(source.relative_to(ROOT)), page=name):
                    places = (ROOT, ROOT / "docs", source.parent)   # a page that the source writes stands in docs/
                    self.assertTrue(name in names or any((place / name).exists() for place in places), "there is no such page")

    def test_no_path_of_somebodys_machine(self) -> None:
        for page in self.pages:
            for path in re.findall(r"(?<![\w.:~<>/)\]])/(?:home|root|work|Users|opt|srv|mnt|var|etc|run|usr|tmp)/[\w./-]*", page.read_text()):
                with self.subTest(page=str(page.relative_to(ROOT)), path=path):
                    self.assertTrue(path.startswith(INSTALLED), "belongs to no installed system")

    def test_each_decision_is_listed(self) -> None:
        index = (ROOT / "docs/adr/README.md").read_text()
        decisions = sorted((ROOT / "docs/adr").glob("0*.md"))
        self.assertTrue(decisions)
        for number, decision in enumerate(decisions, 1):
            with self.subTest(decision=decision.name):
                self.assertTrue(decision.name.startswith(f"{number:04}-"), "numbers run without a gap")
                self.assertIn(f"({decision.name})", index)
                for heading in ("## Context", "## Decision", "## Consequences"):
                    self.assertIn(heading, decision.read_text())


if __name__ == "__main__":
    unittest.main()
