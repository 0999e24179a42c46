"""Configuration that a document shows is accepted by the daemon, as it stands there."""

import re
import subprocess
import tempfile
import unittest
from pathlib import Path

from links_test import ROOT, tracked
from support.daemon import binary
from support.limits import patience
from support.pki import Authority

#: What a snippet about something else leaves out.
AROUND = {"domains": """domains:
  - name: example.org
    certificate: tls/example.org.pem
    private_key: tls/example.org.key
""", "listen": 'listen: { tls: ["127.0.0.1:5061"], wss: ["127.0.0.1:5443"] }\n'}


class Snippets(unittest.TestCase):
    def test_each_is_accepted(self) -> None:
        shown = [(page, snippet) for page in tracked("*.md")
                 for snippet in re.findall(r"^```yaml\n(.*?)^```", page.read_text(), flags=re.S | re.M)]
        self.assertGreater(len(shown), 3)
        for page, snippet in shown:
            with self.subTest(page=str(page.relative_to(ROOT)), snippet=snippet.split("\n")[0]), \
                    tempfile.TemporaryDirectory(prefix="sotto-snippet-") as name:
                said = self.check(Path(name), snippet)
                self.assertEqual(said.returncode, 0, said.stdout + said.stderr)

    def check(self, folder: Path, snippet: str) -> subprocess.CompletedProcess:
        (folder / "tls").mkdir()
        chain, key = Authority(folder / "made").issue("example.org")
        (folder / "tls/example.org.pem").write_bytes(chain.read_bytes())
        (folder / "tls/example.org.key").write_bytes(key.read_bytes())
        (folder / "tls/example.org.key").chmod(0o600)
        for secret in re.findall(r"(?:secret|password_file|master_key_file): *([\w./]+)", snippet):
            (folder / secret).parent.mkdir(exist_ok=True)
            (folder / secret).write_text("0" * 64 + "\n")
            (folder / secret).chmod(0o600)
        around = "".join(text for section, text in AROUND.items() if not re.search(rf"^{section}:", snippet, re.M))
        # Where it would keep its state belongs to the machine that runs the test.
        text = re.sub(r"^(state_directory: *)\S+", rf"\g<1>{folder}/state", around + snippet, flags=re.M)
        (folder / "sotto.yaml").write_text(text)
        return subprocess.run([binary("sottod"), "--config", folder / "sotto.yaml", "--check"], text=True, capture_output=True,
                              timeout=patience(20))


if __name__ == "__main__":
    unittest.main()
