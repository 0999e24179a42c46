"""The commands that the guides show are run as they stand there, against a daemon: each does what it says, and is no mistake."""

import datetime
import json
import os
import re
import shlex
import subprocess
import tempfile
import unittest

from links_test import ROOT, code
from support.daemon import DOMAIN, PASSWORD, Daemon, binary
from support.limits import patience

GUIDES = ("README.md", "docs/operations.md", "docs/privacy-officer.md", "docs/billing.md")
#: Named, and not shown with what they take: they are only spoken of.
SPOKEN_OF = {"log explain", "account password", "key change"}
#: What the page shows exits otherwise here, and why.
EXITS = {"--csv billing export": (1, "nothing is billed"), "assess 127": (1, "a certificate of a test")}


def shown() -> list:
    """(page, command line) of every command of `sotto`, once a page."""
    found = {}
    for page in GUIDES:
        for line in re.findall(r"(?<![\w./-])sotto ((?:--[\w-]+ )*[a-z]+\b.*)", code((ROOT / page).read_text()).replace("\\\n", " ")):
            found[page, " ".join(shlex.split(line, comments=True))] = shlex.split(line, comments=True)
    return [(page, words) for (page, _), words in found.items()]


class Guides(unittest.TestCase):
    def setUp(self) -> None:
        self.daemon = Daemon(("alice",), {"drain_timeout": "1s"})
        self.addCleanup(self.daemon.destroy)
        self.added = 0
        self.asks_first = {section[:section.index("`")] for section in
                           re.split(r"^### `sotto ", (ROOT / "docs/commands.md").read_text(), flags=re.M)[1:] if "[--yes]" in section}

    def here(self, words: list) -> list:
        """The command with what there is on this machine in place of the page's examples."""
        if words[:2] == ["account", "add"]:   # the pages show one and the same more than once
            self.added += 1
            return [word.replace("alice@", f"alice{self.added}@") for word in words]
        head = json.loads(self.daemon.sotto("--json", "audit", "verify").stdout)
        now = datetime.datetime.now(datetime.timezone.utc)
        meant = {"SEQUENCE:HASH": f"{head['last']}:{head['hash']}", "TIME": now.strftime("%Y-%m-%dT%H:%M:%SZ"),
                 "/var/lib/sotto/backup": str(self.daemon.state / "backup"), "alice.tar": str(self.daemon.folder / "alice.tar"),
                 "ADDRESS": f"alice@{DOMAIN}", "NUMBER": "+4930123456", "sip.example.org": f"127.0.0.1:{self.daemon.tls_port}"}
        words = [meant.get(word, word) for word in words]
        return [*words, "--yes"] if " ".join(words[:2]) in self.asks_first and "--yes" not in words else words

    def test_each_is_run(self) -> None:
        run = 0
        for page, words in shown():
            if " ".join(words) in SPOKEN_OF:
                continue
            with self.subTest(page=page, command=" ".join(words)):
                words = self.here(words)
                done = self.daemon.sotto(*words, stdin=PASSWORD + "\n", check=False)
                status, _ = next((exits for start, exits in EXITS.items() if " ".join(words).startswith(start)), (0, ""))
                self.assertEqual(done.returncode, status, done.stdout + done.stderr)
                run += 1
        self.assertGreater(run, 25)


def block(page: str, begin: str) -> str:
    """The one that begins so."""
    [found] = re.findall(rf"^```\n({re.escape(begin)}.*?)^```", (ROOT / page).read_text(), flags=re.S | re.M)
    return found


class Machine(unittest.TestCase):
    """What the guides tell a provider to type besides."""
    #: In a copy of /etc, which goes with this process.
    IN_A_COPY = ('cp -a /etc "$0" && mount --bind "$0/etc" /etc && rm -rf /etc/sotto && sed -i /^sotto-/d /etc/group /etc/gshadow && '
                 "useradd --no-create-home olga && ")

    def runs(self, script: str, looks: str) -> str:
        with tempfile.TemporaryDirectory(prefix="sotto-guide-") as folder:
            done = subprocess.run(["unshare", "--mount", "bash", "-euc", f"{self.IN_A_COPY} {{ {script}\n{looks}; }}", folder],
                                  text=True, capture_output=True, timeout=patience(60))
        self.assertEqual(done.returncode, 0, done.stderr)
        return done.stdout

    @unittest.skipUnless(os.geteuid() == 0, "takes root to make groups and keys")
    def test_groups_and_their_members(self) -> None:
        named = self.runs(block("docs/operations.md", "groupadd"), "id -Gn olga; getent group sotto-billing sotto-privacy")
        self.assertIn("sotto-operators", named.splitlines()[0].split())
        self.assertRegex(named, r"sotto-billing:x:\d+:\nsotto-privacy:x:\d+:\n$")

    @unittest.skipUnless(os.geteuid() == 0, "takes root to make groups and keys")
    def test_the_key_of_the_audit_log(self) -> None:
        made = self.runs(block("docs/operations.md", "install"), "stat -c '%a %s' /etc/sotto/credentials /etc/sotto/credentials/audit-key")
        self.assertRegex(made, r"^700 \d+\n600 32\n$")

    def test_one_test_of_a_file(self) -> None:
        [shown] = re.findall(r"^    (cd tests/flows && .*)$", (ROOT / "tests/README.md").read_text(), flags=re.M)
        here = shown.replace("../../build/debug/bin", os.path.relpath(binary("sottod").parent, ROOT / "tests/flows"))
        done = subprocess.run(["bash", "-c", here], cwd=ROOT, text=True, capture_output=True, timeout=patience(60))
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn("Ran 1 test", done.stderr)


if __name__ == "__main__":
    unittest.main()
