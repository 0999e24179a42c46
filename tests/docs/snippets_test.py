"""Configuration that a document shows is accepted by the daemon, as it stands there."""

import re
import shutil
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
JSSIP = ROOT / "build/browsers/jssip.js"


class Snippets(unittest.TestCase):
    def test_each_is_accepted(self) -> None:
        shown = [(page, snippet) for page in tracked("*.md")
                 for snippet in re.findall(r"^```yaml\n(.*?)^```", page.read_text(), flags=re.S | re.M)]
        self.assertGreater(len(shown), 3)   # of other programs: flows.metrics has Prometheus', browsers.turn coturn's
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

    @unittest.skipUnless(shutil.which("knotc"), "knot is not installed")
    def test_a_name_server_takes_the_records(self) -> None:
        shown = [(page, records) for page in tracked("docs/*.md")
                 for records in re.findall(r"^```\n(\S+ +NAPTR .*?)^```", page.read_text(), flags=re.S | re.M)]
        self.assertGreater(len(shown), 1)
        for page, records in shown:
            with self.subTest(page=str(page.relative_to(ROOT))), tempfile.TemporaryDirectory(prefix="sotto-snippet-") as name:
                (Path(name) / "example.org.zone").write_text(
                    "$TTL 60\nexample.org. SOA ns.example.org. root.example.org. 1 3600 600 86400 60\nexample.org. NS ns.example.org.\n"
                    f"ns.example.org. A 192.0.2.53\n{records}")
                (Path(name) / "knot.conf").write_text(f"database:\n    storage: {name}\nzone:\n  - domain: example.org\n"
                                                      f"    storage: {name}\n    file: example.org.zone\n")
                said = subprocess.run(["knotc", "--config", Path(name) / "knot.conf", "zone-check", "example.org"], text=True,
                                      capture_output=True, timeout=patience(20))
                self.assertEqual(said.returncode, 0, said.stdout + said.stderr)

    @unittest.skipUnless(JSSIP.exists(), "tests/browsers/install was not run")
    def test_jssip_takes_the_page(self) -> None:
        [shown] = re.findall(r"^```js\n(.*?)^```", (ROOT / "docs/browsers.md").read_text(), flags=re.S | re.M)
        around = """global.window = global; const password = "x";
            global.WebSocket = class { constructor(...to) { console.log(JSON.stringify(to)); } close() {} };
            const JsSIP = new Function(require("fs").readFileSync(process.argv[1]) + "; return JsSIP;")();
            """
        said = subprocess.run(["node", "-e", f"{around}{shown}process.exit(0);", JSSIP], text=True, capture_output=True,
                              timeout=patience(20))
        self.assertEqual((said.returncode, said.stdout), (0, '["wss://sip.example.org","sip"]\n'), said.stderr)


if __name__ == "__main__":
    unittest.main()
