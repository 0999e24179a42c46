"""Records beyond their time are counted, and the count is 0 once they are gone."""

import datetime
import json
import unittest
from pathlib import Path

from clients import network
from support.billing import BillingDaemon, number
from support.daemon import DOMAIN, PASSWORD
from support.ladder import Ladder
from support.phone import Phone

FAKETIME = "/usr/lib/x86_64-linux-gnu/faketime/libfaketime.so.1"
DAYS = 200   # more than any rule keeps what was invoiced


def setUpModule() -> None:
    network.enter()


@unittest.skipUnless(Path(FAKETIME).exists(), "libfaketime is not installed")
class Overdue(unittest.TestCase):
    def setUp(self):
        self.ladder = Ladder()
        self.daemon = BillingDaemon()
        self.addCleanup(self.daemon.destroy)

    def phone(self, user: str) -> Phone:
        phone = Phone(user, self.ladder, self.daemon.connect, user, DOMAIN, PASSWORD, self.daemon.own_hosts)
        self.addCleanup(lambda: phone.connection.close())
        phone.registers()
        return phone

    def overdue(self) -> int:
        return json.loads(self.daemon.sotto("--json", "status").stdout)["retention"]["overdue"]

    def test_a_record_that_stays_because_the_clock_is_doubted_is_overdue(self):
        alice = self.phone("alice")
        alice.sends("INVITE", to=f"sip:{number(1)}@{DOMAIN}")
        alice.receives(200)
        alice.sends("ACK")
        alice.sends("BYE")
        alice.receives(200)
        self.assertEqual(len(self.daemon.wait_for_calls(1)), 1)   # with the invoice its time begins
        self.assertEqual(self.overdue(), 0)
        self.daemon.stop()
        # The calendar jumps. Where no time server steers it that is doubted, and nothing is destroyed; else all is gone.
        self.daemon.environment = {"LD_PRELOAD": FAKETIME, "FAKETIME": f"+{DAYS}d", "FAKETIME_DONT_FAKE_MONOTONIC": "1"}
        self.daemon.start()
        self.daemon.asks("retention plan")   # the ledger's thread has done what it was given at the start
        left = self.daemon.rows()
        self.assertEqual(self.overdue(), left)
        self.assertEqual(left > 0, "retention-waits" in self.daemon.log)
        now = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(days=DAYS, minutes=-5)
        past = (now - datetime.timedelta(days=DAYS)).strftime("%Y-%m-%dT%H:%M:%SZ")   # what the calendar does not show
        self.assertIn("the calendar shows", self.daemon.sotto("retention", "run", "--now", past, check=False).stderr)
        self.assertEqual((self.daemon.rows(), self.overdue()), (left, left))   # confirms nothing
        self.daemon.sotto("retention", "run", "--now", now.strftime("%Y-%m-%dT%H:%M:%SZ"))   # an operator confirms the time
        self.daemon.asks("retention plan")
        self.assertEqual((self.daemon.rows(), self.overdue()), (0, 0))


if __name__ == "__main__":
    unittest.main()
