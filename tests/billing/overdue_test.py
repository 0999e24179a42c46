"""The service was down for longer than any rule keeps a record. Whether it catches up by itself depends on the clock: one
that a time server steers is believed, another one waits for an operator, and meanwhile the record counts as overdue. Where the
daemon may not ask who steers the clock, the timer's command asks. A calendar that jumps under the service dates no call."""

import contextlib
import datetime
import json
import os
import shlex
import subprocess
import unittest
from pathlib import Path
from unittest import mock

from clients import network
from support.billing import BillingDaemon, number
from support.daemon import DOMAIN, PASSWORD, binary
from support.ladder import Ladder
from support.limits import patience
from support.phone import Phone

FAKETIME = "/usr/lib/x86_64-linux-gnu/faketime/libfaketime.so.1"
DAYS = 200   # more than any rule keeps what was invoiced


def setUpModule() -> None:
    network.enter()


def written(time: datetime.datetime) -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%SZ")


@unittest.skipUnless(Path(FAKETIME).exists(), "libfaketime is not installed")
class Overdue(unittest.TestCase):
    def setUp(self):
        self.ladder = Ladder()
        self.daemon = BillingDaemon()
        self.addCleanup(self.daemon.destroy)
        self.one_invoiced_call()
        self.assertEqual(self.planned(), [("invoiced", 1, False)])
        self.assertEqual(self.planned("--now", written(self.now())), [("invoiced", 1, True)], "its time will be over by then")
        self.assertEqual(self.overdue(), 0)
        self.daemon.stop()

    def one_invoiced_call(self) -> None:
        alice = Phone("alice", self.ladder, self.daemon.connect, "alice", DOMAIN, PASSWORD, self.daemon.own_hosts)
        self.addCleanup(lambda: alice.connection.close())
        alice.registers()
        alice.sends("INVITE", to=f"sip:{number(1)}@{DOMAIN}")
        alice.receives(200)
        alice.sends("ACK")
        alice.sends("BYE")
        alice.receives(200)
        self.assertEqual(len(self.daemon.wait_for_calls(1)), 1)   # with the invoice its time begins

    @staticmethod
    def now() -> datetime.datetime:
        """As the calendar shows it after the downtime, or five minutes before."""
        return datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(days=DAYS, minutes=-5)

    @staticmethod
    def then(time_server: str) -> dict:
        """For the environment of a process: the calendar after the downtime, and who steers it."""
        return {"LD_PRELOAD": f"{binary('libtime_server.so')}:{FAKETIME}", "TIME_SERVER": time_server,
                "FAKETIME": f"+{DAYS}d", "FAKETIME_DONT_FAKE_MONOTONIC": "1"}

    def comes_back(self, time_server: str) -> None:
        self.daemon.environment = self.then(time_server)
        self.daemon.start()
        self.settles()

    def settles(self) -> None:
        """A run of retention has ended, which asks for another plan to count what is overdue: that one comes before ours."""
        for _ in range(2):
            self.daemon.asks("retention plan")

    def planned(self, *arguments: str) -> list:
        rows = json.loads(self.daemon.sotto("--json", "retention", "plan", *arguments).stdout)["rows"]
        return [(row["reason"], row["calls"], row["goes"]) for row in rows]

    def overdue(self) -> int:
        return json.loads(self.daemon.sotto("--json", "status").stdout)["retention"]["overdue"]

    def destroyed(self) -> list:
        """How many calls each run has destroyed, as the audit log says."""
        entries = json.loads(self.daemon.sotto("--json", "audit", "show").stdout)["entries"]
        results = [entry["result"] for entry in entries if entry["what"] == "retention run"]
        return [int(result.split("calls=")[1].split()[0]) for result in results if "calls=" in result]

    def test_a_clock_that_is_steered_is_believed_and_what_is_over_goes_at_the_start(self):
        self.comes_back(time_server="steers")
        self.assertNotIn("retention-waits", self.daemon.log)
        self.assertEqual((self.daemon.rows(), self.overdue()), (0, 0))
        self.assertEqual(self.planned(), [])
        self.assertEqual(sum(self.destroyed()), 1, "the run at this start has done it, and no other")

    def while_it_is_down(self, time_server: str, *arguments: str) -> int:
        """How many calls a run by the command line destroys, as sotto-retention.service asks for it."""
        with mock.patch.dict(os.environ, self.then(time_server)):
            return json.loads(self.daemon.sotto("--json", "retention", "run", "--reason", "nightly", *arguments).stdout)["calls"]

    def test_what_is_over_goes_though_the_service_is_down(self):
        self.assertEqual(self.while_it_is_down("steers"), 1)
        self.assertEqual(self.daemon.rows(), 0)

    def test_nor_is_a_clock_believed_while_the_service_is_down(self):
        self.assertEqual(self.while_it_is_down("none"), 0)
        self.assertEqual(self.daemon.rows(), 1)
        self.assertEqual(self.while_it_is_down("none", "--now", written(self.now())), 1, "an operator has confirmed it")
        self.assertEqual(self.daemon.rows(), 0)

    def test_a_clock_that_nobody_steers_destroys_nothing_and_the_record_is_overdue(self):
        self.comes_back(time_server="none")
        self.daemon.logged("retention-waits")
        self.assertEqual((self.daemon.rows(), self.overdue()), (1, 1))
        self.assertEqual(self.planned(), [("invoiced", 1, False)], "by the time that is believed")
        self.assertEqual(sum(self.destroyed()), 0)

        past = written(self.now() - datetime.timedelta(days=DAYS))   # what the calendar does not show
        self.assertIn("the calendar shows", self.daemon.sotto("retention", "run", "--now", past, check=False).stderr)
        self.assertEqual((self.daemon.rows(), self.overdue()), (1, 1), "it confirms nothing")

        self.daemon.sotto("retention", "run", "--now", written(self.now()))   # an operator confirms the time
        self.settles()
        self.assertEqual((self.daemon.rows(), self.overdue()), (0, 0))
        self.assertEqual(self.planned(), [])

    def test_where_the_daemon_may_not_ask_the_timer_brings_what_the_kernel_says(self):
        self.comes_back(time_server="none")   # as the unit's confinement has it
        self.daemon.logged("retention-waits")
        self.timer_fires(time_server="none")
        self.settles()
        self.assertEqual((self.daemon.rows(), self.overdue()), (1, 1), "nobody has said that the clock is right")
        self.timer_fires(time_server="steers")
        self.settles()
        self.assertEqual((self.daemon.rows(), self.overdue()), (0, 0))

    def timer_fires(self, time_server: str) -> None:
        """What sotto-retention.service runs, on a machine whose kernel says that."""
        unit = (Path(__file__).parents[2] / "systemd/sotto-retention.service").read_text()
        program, option, _, *command = next(shlex.split(line.removeprefix("ExecStart=")) for line in unit.splitlines()
                                            if line.startswith("ExecStart="))
        self.assertEqual((program, option), ("/usr/bin/sotto", "--config"))
        environment = os.environ | {"LD_PRELOAD": binary("libtime_server.so"), "TIME_SERVER": time_server}
        subprocess.run([binary("sotto"), "--config", self.daemon.config_file, *command], env=environment, check=True,
                       capture_output=True, timeout=patience(30))


@unittest.skipUnless(Path(FAKETIME).exists(), "libfaketime is not installed")
class Jump(unittest.TestCase):
    """Of a calendar that nobody steers, for the moment in which a call is answered."""

    def setUp(self):
        self.daemon = BillingDaemon()
        self.addCleanup(self.daemon.destroy)
        self.offset = self.daemon.folder / "offset"
        self.offset.write_text("+0")
        self.daemon.stop()
        self.daemon.environment = {"LD_PRELOAD": f"{binary('libtime_server.so')}:{FAKETIME}", "TIME_SERVER": "none",
                                   "FAKETIME_TIMESTAMP_FILE": str(self.offset), "FAKETIME_NO_CACHE": "1",
                                   "FAKETIME_DONT_FAKE_MONOTONIC": "1"}
        self.daemon.start()

    def call_in(self, jump: str) -> list:
        """What is left for the invoice of this month, after a run of retention."""
        with contextlib.closing(self.daemon.connect()) as connection:
            alice = Phone("alice", Ladder(), lambda: connection, "alice", DOMAIN, PASSWORD, self.daemon.own_hosts)
            alice.registers()
            for offset in ("+0", jump):   # the gateway's certificate is looked at before the jump
                self.offset.write_text(offset)
                alice.sends("INVITE", to=f"sip:{number(1)}@{DOMAIN}")
                alice.receives(200)
                alice.sends("ACK")
                alice.sends("BYE")
                alice.receives(200)
            while self.daemon.rows() < 2:
                self.assertTrue(self.daemon.alive, self.daemon.log)
        self.offset.write_text("+0")
        self.daemon.sotto("retention", "run")
        return self.daemon.export()

    def test_back_by_a_year_it_destroys_no_call(self):
        self.assertEqual(len(self.call_in("-400d")), 2)

    def test_ahead_by_a_year_it_keeps_no_call_from_its_invoice(self):
        self.assertEqual(len(self.call_in("+400d")), 2)


if __name__ == "__main__":
    unittest.main()
