"""Who may export billed calls, and what is recorded of it: the role billing, for the purpose billing."""

import csv
import io
import json
import os
import time
import unittest

from clients import network
from support import memory
from support.billing import BillingDaemon, number, this_month
from support.daemon import DOMAIN, binary
from support.limits import patience

PERSON = 12345   # no user of this machine
OPERATORS, BILLING, PRIVACY = "games", "mail", "news"   # groups that every Debian has


def setUpModule() -> None:
    network.enter()


@unittest.skipUnless(os.geteuid() == 0, "takes root to be somebody else")
class Export(unittest.TestCase):
    EXPORT = ("billing", "export", "--period", this_month())

    def setUp(self):
        self.daemon = BillingDaemon(overrides={"admin": {"operators": OPERATORS, "billing": BILLING, "privacy_officers": PRIVACY}})
        self.addCleanup(self.daemon.destroy)
        self.daemon.alice_calls(number(1))

    def exports_in_the_audit_log(self) -> list:
        shown = json.loads(self.daemon.sotto("--json", "audit", "show").stdout)["entries"]
        return [entry for entry in shown if entry["what"] == "billing export"]

    def test_the_role_billing_exports_and_each_export_is_recorded_with_its_purpose(self):
        done = self.daemon.sotto_as(PERSON, BILLING, "--csv", *self.EXPORT, "--reason", "invoices of the month")
        self.assertEqual(done.returncode, 0, done.stderr)
        [row] = csv.DictReader(io.StringIO(done.stdout))
        self.assertEqual(row["destination"], number(1))
        [entry] = self.exports_in_the_audit_log()
        self.assertEqual({name: entry[name] for name in ("uid", "purpose", "reason", "about", "result")},
                         {"uid": PERSON, "purpose": "billing", "reason": "invoices of the month", "about": None, "result": "done"})
        self.assertEqual(json.loads(entry["scope"])["period"], this_month())
        again = self.daemon.sotto_as(PERSON, BILLING, *self.EXPORT)   # one that gives nothing is recorded, too
        self.assertIn("no call of this month waits", again.stderr)
        self.assertEqual([entry["result"] for entry in self.exports_in_the_audit_log()], ["done", "refused nothing_to_bill"])
        self.daemon.sotto("audit", "verify")

    @unittest.skipIf(memory.not_looked_at(binary("sottod")), memory.not_looked_at(binary("sottod")))
    def test_what_was_exported_is_forgotten(self):
        for command in (self.EXPORT, ("subject", "export", f"alice@{DOMAIN}", "--output", str(self.daemon.folder / "alice.tar"))):
            self.daemon.sotto(*command, "--reason", "letter 4711 of her lawyer")
        end = time.monotonic() + patience(3)
        while left := [text for text in (number(1), f"alice@{DOMAIN}", "letter 4711")
                       if any(text.encode() in piece for piece in memory.writable(self.daemon.pid))]:
            self.assertLess(time.monotonic(), end, f"still in memory: {left}")

    def test_no_other_role_sees_a_call_or_starts_its_time(self):
        for group in (OPERATORS, PRIVACY):
            with self.subTest(group=group):
                refused = self.daemon.sotto_as(PERSON, group, "--json", *self.EXPORT)
                self.assertEqual(refused.returncode, 1)
                self.assertIn("is for the role billing", json.loads(refused.stdout)["error"]["sentence"])
                self.assertNotIn(number(1), refused.stdout + refused.stderr)
        self.assertEqual(self.exports_in_the_audit_log(), [], "nobody has seen anything")
        [waits] = json.loads(self.daemon.sotto("--json", "retention", "plan").stdout)["rows"]
        self.assertEqual((waits["calls"], waits["reason"]), (1, "not-invoiced"))

    def test_the_role_billing_sees_no_account_and_ends_no_call(self):
        for command in (("account", "list"), ("subject", "erase", f"alice@{DOMAIN}", "--yes"), ("retention", "run"), ("hold", "list")):
            with self.subTest(command=command):
                self.assertIn("is for the role", self.daemon.sotto_as(PERSON, BILLING, *command).stderr)


if __name__ == "__main__":
    unittest.main()
