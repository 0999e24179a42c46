"""The daemon is killed at random points while it records calls: no call that its caller knows of is lost, none is counted
twice, and none is longer than its last sign of life."""

import os
import random
import signal
import threading
import time
import unittest

from support.billing import PREFIX, BillingDaemon
from support.daemon import DOMAIN, PASSWORD
from support.ladder import Ladder
from support.phone import Phone

KILLS = int(os.environ.get("SOTTO_KILLS", "20"))
PAIRS = 4
NUMBERS = 40   # that each callee can be dialled by in one round


class Pair(threading.Thread):
    """One caller that dials one number after the other until the daemon is gone."""

    def __init__(self, daemon, index: int) -> None:
        super().__init__(daemon=True)
        ladder = Ladder()
        self.caller = self._phone(daemon, ladder, f"user{index}")
        self.callee = self._phone(daemon, ladder, f"{PREFIX}{index}00")
        self.index = index
        self.acknowledged: dict = {}   # number -> seconds between its answer and its end, as far as the caller saw
        self.answered: set = set()

    @staticmethod
    def _phone(daemon, ladder, user) -> Phone:
        phone = Phone(user, ladder, daemon.connect, user, DOMAIN, PASSWORD, daemon.own_hosts)
        phone.registers()
        return phone

    def run(self) -> None:
        try:
            for number in range(1, NUMBERS):
                self._call(f"{PREFIX}{self.index}{number:02}")
        except Exception:  # the daemon is gone: whatever the phones then say
            pass
        finally:
            self.caller.connection.close()
            self.callee.connection.close()

    def _call(self, number: str) -> None:
        self.caller.sends("INVITE", to=f"sip:{number}@{DOMAIN}")
        self.callee.receives("INVITE")
        self.answered.add(number)
        self.callee.sends(200)
        self.caller.receives(200)
        begun = time.monotonic()
        self.acknowledged[number] = None
        self.caller.sends("ACK")
        self.callee.receives("ACK")
        self.caller.sends("BYE")
        self.callee.receives("BYE")
        self.callee.sends(200)
        self.caller.receives(200)
        self.acknowledged[number] = time.monotonic() - begun


class Killed(unittest.TestCase):
    def test_no_acknowledged_call_is_lost_and_none_counts_twice(self):
        accounts = [name for i in range(PAIRS) for name in (f"user{i}", f"{PREFIX}{i}00")]
        daemon = BillingDaemon(accounts)
        self.addCleanup(daemon.destroy)
        for i in range(PAIRS):
            numbers = [option for n in range(1, NUMBERS) for option in ("--add-address", f"{PREFIX}{i}{n:02}@{DOMAIN}")]
            daemon.sotto("account", "set", f"{PREFIX}{i}00@{DOMAIN}", *numbers)
        seed = random.SystemRandom().randrange(1 << 32)
        chance = random.Random(seed)
        known = 0
        for round_ in range(KILLS):
            pairs = [Pair(daemon, i) for i in range(PAIRS)]
            for pair in pairs:
                pair.start()
            pairs[0].join(chance.uniform(0.02, 0.6))   # the random point
            daemon.signal(signal.SIGKILL)
            daemon._process.wait()
            for pair in pairs:
                pair.join()
            daemon.start()
            where = f"round {round_}, seed {seed}"
            exported = daemon.export()
            dialled = [call["destination"] for call in exported]
            self.assertEqual(len(dialled), len(set(dialled)), f"a call was counted twice: {where}")
            for pair in pairs:
                known += len(pair.acknowledged)
                self.assertLessEqual(set(pair.acknowledged), set(dialled), f"a call was lost: {where}")
            every = set().union(*(pair.answered for pair in pairs))
            self.assertLessEqual(set(dialled), every, f"a call that nobody answered was recorded: {where}")
            for call in exported:
                # No sign of life was written yet, so a call that the kill cut short has none; an ended one has its time.
                self.assertLessEqual(call["seconds"], 1, where)
        self.assertGreater(known, KILLS, "the kills came too early to show anything")
        self.assertIn("closed at their last sign of life", daemon.log, "no kill met a call that ran")


if __name__ == "__main__":
    unittest.main()
