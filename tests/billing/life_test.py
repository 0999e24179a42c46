"""The daemon is killed while a call runs: the call has lasted to its last sign of life that is on the disk. Of signs over minutes,
and of those of parties that are gone, see liveness.py."""

import contextlib
import signal
import sqlite3
import time
import unittest

from liveness import LOOKED_EVERY, OneCall
from clients import network
from support.limits import patience


def setUpModule() -> None:
    network.enter()


class Killed(OneCall):
    def sign_of_life(self) -> bytes:
        """As it lies in the ledger, sealed."""
        with contextlib.closing(sqlite3.connect(f"file:{self.daemon.state / 'ledger.db'}?mode=ro", uri=True)) as ledger:
            return ledger.execute("SELECT alive FROM open_call").fetchone()[0]

    def waits_for_a_sign(self) -> None:
        """The next one that is written: each 30 s, of who was there when the daemon looked last."""
        first = self.sign_of_life()
        deadline = time.monotonic() + patience(60)
        while self.sign_of_life() == first:
            self.assertTrue(self.daemon.alive, self.daemon.log)
            self.assertLess(time.monotonic(), deadline, "no sign of life is written")
            time.sleep(0.2)

    def killed(self) -> dict:
        """The call, as the next daemon finds it."""
        self.daemon.signal(signal.SIGKILL)
        self.daemon.reap()
        self.daemon.start()
        [row] = self.daemon.wait_for_calls(1)
        return row

    def one_flow_alone_is_a_sign(self) -> None:
        """Nobody is registered, and one of the two flows of the call is there."""
        left = time.monotonic() - self.begun
        self.lasts(left + 2 * LOOKED_EVERY)
        self.waits_for_a_sign()
        self.assertGreater(self.killed()["seconds"], left + 1, "nothing was a sign of life but the registration")

    def test_the_callers_flow_alone_is_a_sign(self):
        self.alice.unregisters()
        self.daemon.gateway.stop()
        self.one_flow_alone_is_a_sign()

    def test_the_callees_flow_alone_is_a_sign(self):
        self.alice.unregisters()
        self.alice.connection.close()
        self.one_flow_alone_is_a_sign()

    def test_the_call_has_lasted_to_its_last_sign_of_life_on_the_disk(self):
        self.waits_for_a_sign()
        written = time.monotonic() - self.begun
        row = self.killed()
        self.assertGreater(row["seconds"], 0, "its sign of life counts for nothing")
        self.assertLessEqual(row["seconds"], written, "longer than its last sign of life")
        self.assertEqual((self.daemon.rows("open_call"), self.daemon.rows("call")), (0, 1))


if __name__ == "__main__":
    unittest.main()
