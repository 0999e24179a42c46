"""The daemon is killed at random points while it records calls: no call that its caller knows of is lost, none is counted
twice, and none is longer than its last sign of life. That is looked for on the disk before the next process touches it, and
in what that one exports."""

import contextlib
import os
import random
import shutil
import signal
import sqlite3
import tempfile
import threading
import time
import unittest

from clients import network
from support.billing import BillingDaemon, number, uri
from support.daemon import DOMAIN, PASSWORD
from support.ladder import Ladder
from support.phone import Phone

def setUpModule() -> None:
    network.enter()


KILLS = int(os.environ.get("SOTTO_KILLS", "20"))
CALLERS = 4
NUMBERS = 40   # that each caller dials in one round


class Caller(threading.Thread):
    """One caller that dials one number after the other until the daemon is gone."""

    def __init__(self, daemon, index: int) -> None:
        super().__init__(daemon=True)
        ladder = Ladder()
        self.caller = Phone(f"user{index}", ladder, daemon.connect, f"user{index}", DOMAIN, PASSWORD, daemon.own_hosts)
        self.caller.registers()
        self.index = index
        self.acknowledged: dict = {}   # number -> seconds between its answer and its end, as far as the caller saw

    def run(self) -> None:
        try:
            for call in range(NUMBERS):
                self._call(number(1000 * self.index + call))
        except Exception:  # the daemon is gone: whatever the phones then say
            pass
        finally:
            self.caller.connection.close()

    def _call(self, dialled: str) -> None:
        self.caller.sends("INVITE", to=uri(dialled))
        self.caller.receives(200)
        begun = time.monotonic()
        self.acknowledged[dialled] = None
        self.caller.sends("ACK")
        self.caller.sends("BYE")
        self.caller.receives(200)
        self.acknowledged[dialled] = time.monotonic() - begun


def rows_on_disk(daemon: BillingDaemon) -> int:
    """Calls in the ledger as a crash has left it, running and ended. In a copy: to open it changes its files."""
    with tempfile.TemporaryDirectory() as folder:
        for file in daemon.state.glob("ledger.db*"):
            shutil.copy(file, folder)
        with contextlib.closing(sqlite3.connect(f"{folder}/ledger.db")) as ledger:
            [(sound,)] = ledger.execute("PRAGMA integrity_check").fetchall()
            if sound != "ok":
                raise AssertionError(f"the ledger is corrupted: {sound}")
            return ledger.execute("SELECT (SELECT count(*) FROM call) + (SELECT count(*) FROM open_call)").fetchone()[0]


class Killed(unittest.TestCase):
    def test_no_acknowledged_call_is_lost_and_none_counts_twice(self):
        daemon = BillingDaemon([f"user{i}" for i in range(CALLERS)])
        self.addCleanup(daemon.destroy)
        seed = random.SystemRandom().randrange(1 << 32)
        chance = random.Random(seed)
        known = before = 0
        for round_ in range(KILLS):
            daemon.gateway.answered.clear()
            callers = [Caller(daemon, i) for i in range(CALLERS)]
            for caller in callers:
                caller.start()
            callers[0].join(chance.uniform(0.02, 0.6))   # the random point
            daemon.signal(signal.SIGKILL)
            daemon.reap()
            for caller in callers:
                caller.join()
            where = f"round {round_}, seed {seed}"
            left = rows_on_disk(daemon)
            self.assertGreaterEqual(left - before, sum(len(caller.acknowledged) for caller in callers),
                                    f"a call that its caller knows of is not on the disk: {where}")
            daemon.start()
            exported = daemon.export()
            self.assertEqual(len(exported), left - before, f"what was on the disk is not what is billed: {where}")
            self.assertEqual((daemon.rows("call"), daemon.rows("open_call")), (left, 0), where)
            before = left
            dialled = [call["destination"] for call in exported]
            self.assertEqual(len(dialled), len(set(dialled)), f"a call was counted twice: {where}")
            for caller in callers:
                known += len(caller.acknowledged)
                self.assertLessEqual(set(caller.acknowledged), set(dialled), f"a call was lost: {where}")
            self.assertLessEqual(set(dialled), daemon.gateway.answered, f"a call that nobody answered was recorded: {where}")
            for call in exported:
                # No sign of life was written yet, so a call that the kill cut short has none; an ended one has its time.
                self.assertLessEqual(call["seconds"], 1, where)
        self.assertGreater(known, KILLS, "the kills came too early to show anything")
        self.assertIn("closed at their last sign of life", daemon.log, "no kill met a call that ran")
        daemon.sotto("audit", "verify")


if __name__ == "__main__":
    unittest.main()
