"""The JSON Schema by which editors look at a configuration agrees with the daemon, as another author's validator reads it."""

import json
import re
import subprocess
import tempfile
import unittest
from pathlib import Path

from links_test import ROOT, tracked
from snippets_test import AROUND, Snippets
from support.limits import patience

SYSTEMS_PYTHON = "/usr/bin/python3"   # whose packages python3-jsonschema and python3-yaml are
VALIDATOR = """
import json, sys, jsonschema, yaml
schema = json.load(open(sys.argv[1]))
jsonschema.Draft7Validator.check_schema(schema)
validator = jsonschema.Draft7Validator(schema)
print(json.dumps([[error.message for error in validator.iter_errors(yaml.safe_load(text))] for text in json.load(sys.stdin)]))
"""
#: Each is one mistake, which is named while it is typed.
WRONG = ("proxy: { ring_timeuot: 20s }", "prox: {}", "threads: many", "threads: 257", "threads: [2]", "drain_timeout: 30",
         "drain_timeout: 30 seconds", "log: { level: chatty }", "log: { target: [stderr] }", "weaken: { tls12: perhaps }",
         "weaken: { digest_md5: alice@example.org }", "routes: [{ name: carrier, kind: peer }]", "domains: []", "listen: { tls: [] }",
         "push: { providers: [carrier-pigeon] }", "web: { origins: https://phone.example.org }", "limits: { message_bytes: few }",
         "privacy: { relay_only: 1 }")


def with_around(text: str) -> str:
    return "".join(around for section, around in AROUND.items() if not re.search(rf"^{section}:", text, re.M)) + text


class Schema(unittest.TestCase):
    def mistakes(self, texts: list) -> list:
        """What it finds in each."""
        done = subprocess.run([SYSTEMS_PYTHON, "-c", VALIDATOR, ROOT / "config/sotto.schema.json"], input=json.dumps(texts),
                              text=True, capture_output=True, timeout=patience(30))
        self.assertEqual(done.returncode, 0, done.stderr)
        return json.loads(done.stdout)

    def test_what_the_documents_show_is_good(self) -> None:
        shown = [with_around(snippet) for page in tracked("*.md")
                 for snippet in re.findall(r"^```yaml\n(.*?)^```", page.read_text(), flags=re.S | re.M)]
        example = (ROOT / "config/sotto.yaml.example").read_text()
        for text, found in zip([*shown, example], self.mistakes([*shown, example])):
            with self.subTest(text.split("\n")[0]):
                self.assertEqual(found, [])

    def test_what_the_daemon_refuses_is_wrong(self) -> None:
        texts = [with_around(wrong + "\n") for wrong in WRONG]
        for text, wrong, found in zip(texts, WRONG, self.mistakes(texts)):
            with self.subTest(wrong), tempfile.TemporaryDirectory(prefix="sotto-schema-") as name:
                self.assertEqual(len(found), 1, found)
                self.assertNotEqual(Snippets.check(self, Path(name), text).returncode, 0)


if __name__ == "__main__":
    unittest.main()
