"""The calendar of the machine goes wrong, or only on: what is kept by days and months."""

import datetime
import json
import os
import re
import subprocess
import time
import unittest
from pathlib import Path

from support.daemon import DOMAIN, PASSWORD, Daemon, binary
from support.flow_test import EVENTS
from support.ladder import Ladder
from support.phone import Phone

FAKETIME = "/usr/lib/x86_64-linux-gnu/faketime/libfaketime.so.1"
ALICE = f"alice@{DOMAIN}"


@unittest.skipUnless(Path(FAKETIME).exists(), "libfaketime is not installed")
class Calendar(unittest.TestCase):
    def setUp(self) -> None:
        self.daemon = Daemon(("alice",), {"drain_timeout": "1s", "limits": {"auth_failures_per_minute": 1}, **EVENTS})
        self.addCleanup(self.daemon.destroy)

    def with_calendar(self, **variables: str) -> None:
        """The next process has a calendar of its own, which no time server steers."""
        self.daemon.stop()
        self.daemon.environment = {"LD_PRELOAD": f"{binary('libtime_server.so')}:{FAKETIME}", "TIME_SERVER": "none",
                                   "FAKETIME_DONT_FAKE_MONOTONIC": "1", **variables}

    def audited(self) -> list:
        return [entry["about"] for entry in json.loads(self.daemon.sotto("--json", "audit", "show").stdout)["entries"]]

    def test_years_ahead_it_makes_the_audit_log_forget_nobody(self) -> None:
        """It is not believed at the first start, and not at the second. What an operator confirms is."""
        self.daemon.sotto("account", "show", ALICE)
        self.with_calendar(FAKETIME="+1500d")
        for start in (1, 2):
            self.daemon.start()
            self.assertIn(ALICE, self.audited())
            self.daemon.logged("retention-waits", start)
            self.daemon.stop()
        self.daemon.start()
        then = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(days=1500, minutes=-5)
        self.daemon.sotto("retention", "run", "--now", then.strftime("%Y-%m-%dT%H:%M:%SZ"))
        self.daemon.stop()
        self.daemon.start()
        self.assertNotIn(ALICE, self.audited())
        self.daemon.sotto("audit", "verify")

    def test_an_erasure_finds_a_former_address_when_most_entries_of_then_are_over(self) -> None:
        """What was done under it for a request of access is kept for three years, and so is the entry that leads there."""
        former = f"al.former@{DOMAIN}"
        self.daemon.sotto("account", "set", ALICE, "--add-address", former)
        self.daemon.sotto("subject", "export", former, "--output", str(self.daemon.folder / "alice.tar"))
        self.daemon.sotto("account", "set", ALICE, "--remove-address", former)
        self.with_calendar(FAKETIME="+600d")
        self.daemon.start()
        then = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(days=600, minutes=-5)
        self.daemon.sotto("retention", "run", "--now", then.strftime("%Y-%m-%dT%H:%M:%SZ"))
        self.daemon.stop()
        self.daemon.start()
        entries = json.loads(self.daemon.sotto("--json", "audit", "show").stdout)["entries"]
        told = {(entry["what"], entry["about"]) for entry in entries}
        self.assertIn(("account set", "[forgotten]"), told, "an entry of then that leads nowhere is over")
        self.assertIn(("subject export", former), told)
        self.daemon.sotto("subject", "erase", ALICE, "--yes")
        self.assertNotIn(former, self.audited())
        self.daemon.sotto("audit", "verify")

    def explained(self, pseudonym: str) -> subprocess.CompletedProcess:
        return self.daemon.sotto("log", "explain", pseudonym, "--reason", "abuse report", check=False)

    def test_the_next_day_a_pseudonym_stands_for_nobody(self) -> None:
        offset = self.daemon.folder / "offset"
        offset.write_text("+0d")
        self.with_calendar(FAKETIME_TIMESTAMP_FILE=str(offset), FAKETIME_NO_CACHE="1")
        self.daemon.start()
        guesser = Phone("guesser", Ladder(), self.daemon.connect, "alice", DOMAIN, "wrong-" + PASSWORD, self.daemon.own_hosts)
        self.addCleanup(lambda: guesser.connection.close())
        for status in (401, 503):
            guesser.transmits(guesser.register_request())
            guesser.authenticates(guesser.receives(401))
            guesser.receives(status)
        said = re.search(r"account=(~[0-9a-f]{12})$", self.daemon.logged("guessing")[-1])[1]
        self.assertIn(ALICE, self.explained(said).stdout)
        offset.write_text("+1d")
        refused = self.explained(said)
        self.assertEqual(refused.returncode, 1, refused.stdout)
        self.assertIn("no account has this pseudonym today", refused.stderr)

    def test_as_the_days_pass_a_certificate_is_named_before_it_ends_and_daily_afterwards(self) -> None:
        """The one daemon, with one certificate: every clock of its goes on by days."""
        domain, offset = self.daemon.config["domains"][0], self.daemon.folder / "offset"
        domain["certificate"], domain["private_key"] = map(str, self.daemon.authority.issue("forty", days=40))
        self.daemon.write_config()

        def is_day(day: int) -> None:
            (self.daemon.folder / "next").write_text(f"+{day}d")
            os.replace(self.daemon.folder / "next", offset)

        is_day(0)
        self.with_calendar(FAKETIME_TIMESTAMP_FILE=str(offset), FAKETIME_NO_CACHE="1", FAKETIME_DONT_FAKE_MONOTONIC="0")
        before = len(self.daemon.log)
        self.daemon.start()
        for looks, day in enumerate((1, 10, 12, 34, 36, 39, 41, 42), start=1):
            is_day(day)
            self.daemon.logged("keys-rotated", looks)   # another timer of the same thread, which comes first
            while Path(f"/proc/{self.daemon.pid}/stat").read_text().rpartition(")")[2].split()[0] != "S":
                time.sleep(0.01)   # until the thread has nothing left to do on that day
        self.daemon.stop()
        said = re.findall(r" warning certificate-expires: .* domain=example\.org days=(-?\d+)$", self.daemon.log[before:], re.M)
        self.assertEqual(len(said), 5, said)
        for left, day in zip(said, (10, 34, 39, 41, 42)):
            self.assertIn(40 - int(left) - day, (0, 1), f"day {day}: {said}")   # its first second may be over


if __name__ == "__main__":
    unittest.main()
