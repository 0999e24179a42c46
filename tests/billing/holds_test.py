"""Calls that are kept beyond their time: two operators for it, and an end that comes by itself."""

import datetime
import json
import os
import subprocess
import time
import unittest

from clients import network
from support.billing import FLAT_PREFIX, BillingDaemon, number, this_month
from support.daemon import DOMAIN
from support.limits import patience

ALICE = f"alice@{DOMAIN}"
OPERATORS = "games"   # groups that every Debian has
BILLING = "mail"
ANN, BERT = 12345, 12346   # no users of this machine


def setUpModule() -> None:
    network.enter()


def written(time_: datetime.datetime) -> str:
    return time_.strftime("%Y-%m-%dT%H:%M:%SZ")


def now() -> datetime.datetime:
    return datetime.datetime.now(datetime.timezone.utc)


@unittest.skipUnless(os.geteuid() == 0, "takes root to be two other people")
class Holds(unittest.TestCase):
    def setUp(self):
        self.daemon = BillingDaemon(overrides={"admin": {"operators": OPERATORS, "billing": BILLING},
                                               "retention": {"after_invoice_days": 0}})
        self.addCleanup(self.daemon.destroy)
        self.daemon.alice_calls(number(1), FLAT_PREFIX + "1234567")

    def sotto(self, person: int, *arguments: str, group: str = OPERATORS) -> subprocess.CompletedProcess:
        return self.daemon.sotto_as(person, group, *arguments)

    def does(self, person: int, *arguments: str) -> dict:
        done = self.sotto(person, "--json", *arguments)
        self.assertEqual(done.returncode, 0, done.stderr)
        return json.loads(done.stdout)

    def asks_for_a_hold(self, expires: datetime.datetime) -> str:
        asked = self.does(ANN, "hold", "add", ALICE, "--kind", "dispute", "--first", this_month(), "--reference", "ticket 4711",
                          "--basis", "objection", "--expires", written(expires))["hold"]
        self.assertFalse(asked["in_force"], "one operator alone holds nothing")
        return asked["hold"]

    def test_two_different_operators_are_needed(self):
        hold = self.asks_for_a_hold(now() + datetime.timedelta(days=10))
        again = self.sotto(ANN, "hold", "approve", hold)
        self.assertEqual(again.returncode, 1)
        self.assertIn("the operator who asked for a hold cannot consent to it: another one must", again.stderr)
        self.assertFalse(self.does(BERT, "hold", "list")["holds"][0]["in_force"])
        stranger = self.sotto(BERT, "hold", "approve", hold, group=BILLING)
        self.assertEqual(stranger.returncode, 1, "billing is no operator")
        self.assertFalse(self.does(BERT, "hold", "list")["holds"][0]["in_force"])
        approved = self.does(BERT, "hold", "approve", hold)["hold"]
        self.assertTrue(approved["in_force"])
        self.assertEqual((approved["asked_by"], approved["consented_by"]), (f"uid {ANN}", f"uid {BERT}"))
        self.assertIn("somebody has consented already", self.sotto(BERT, "hold", "approve", hold).stderr)
        self.assertIn(f"uid {BERT}", self.daemon.sotto("report", "processing").stdout)
        audited = [(entry["uid"], entry["what"], entry["result"])
                   for entry in json.loads(self.daemon.sotto("--json", "audit", "show").stdout)["entries"]]
        self.assertIn((ANN, "hold approve", "refused refused"), audited)
        self.assertIn((BERT, "hold approve", "done"), audited)

    def test_its_expiry_ends_it_by_itself_and_the_overdue_calls_go_at_once(self):
        expires = now().replace(microsecond=0) + datetime.timedelta(seconds=patience(5))
        self.does(BERT, "hold", "approve", self.asks_for_a_hold(expires))
        exported = self.daemon.asks("billing export", period=this_month())["calls"]
        self.assertEqual({call["tariff"] for call in exported}, {"local", "flat"})
        held = self.does(ANN, "retention", "run")
        self.assertEqual((held["calls"], held["held"]), (0, 2), "both are due, and both are kept")
        self.assertLess(now(), expires, "the commands took too long to show anything")
        deadline = time.monotonic() + patience(60)   # nobody commands anything from here on
        while (left := self.daemon.rows()) > 0 and time.monotonic() < deadline:
            self.assertTrue(self.daemon.alive, self.daemon.log)
        self.assertEqual(left, 0, "what is overdue stays")
        self.assertGreaterEqual(now(), expires, "it went before the hold had expired")
        self.assertEqual(self.does(ANN, "hold", "list")["holds"], [])
        self.assertIn("there is no such run any more", self.daemon.sotto("billing", "export", "--period", this_month(), "--run", "1",
                                                                         check=False).stderr)

    def test_what_is_overdue_goes_at_once_when_a_hold_is_released(self):
        hold = self.asks_for_a_hold(now() + datetime.timedelta(days=10))
        self.does(BERT, "hold", "approve", hold)
        self.daemon.asks("billing export", period=this_month())
        self.assertEqual(self.does(ANN, "retention", "run")["held"], 2)
        self.does(ANN, "hold", "release", hold, "--yes")
        deadline = time.monotonic() + patience(60)
        while (left := self.daemon.rows()) > 0 and time.monotonic() < deadline:
            self.assertTrue(self.daemon.alive, self.daemon.log)
        self.assertEqual(left, 0, "what is overdue stays")


if __name__ == "__main__":
    unittest.main()
