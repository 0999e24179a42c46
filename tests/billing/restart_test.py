"""The daemon is restarted, or killed, under a billed call that goes on: it is billed once, for the time that the daemon saw."""

import math
import signal
import time
import unittest

from clients import network
from support.billing import BillingDaemon, SupervisedBillingDaemon, number, uri
from support.daemon import DOMAIN, PASSWORD
from support.ladder import Ladder
from support.log_scan import found_in
from support.phone import Phone


def setUpModule() -> None:
    network.enter()


class OneCall(unittest.TestCase):
    daemon_type: type = SupervisedBillingDaemon

    def setUp(self):
        self.ladder = Ladder()
        self.daemon = self.daemon_type(scripted=True)
        self.addCleanup(self.daemon.destroy)
        self.gateway = self.daemon.gateway
        self.alice = Phone("alice", self.ladder, self.daemon.connect, "alice", DOMAIN, PASSWORD, self.daemon.own_hosts)
        self.addCleanup(lambda: self.alice.connection.close())
        self.addCleanup(lambda: self.assertEqual(found_in(self.daemon.log, self.ladder.messages, {*self.daemon.own_hosts}),
                                                 set(), f"the log holds what identifies somebody:\n{self.daemon.log}"))
        self.alice.registers()

    def calls(self) -> None:
        self.alice.sends("INVITE", to=uri(number(1)))
        self.gateway.answers(*self.gateway.receives("INVITE"), 200, sdp=True)
        self.alice.receives(200)
        self.alice.sends("ACK")
        self.gateway.receives("ACK")

    def exchanges(self, method: str, **options) -> None:
        self.alice.sends(method, **options)
        self.gateway.answers(*self.gateway.receives(method), 200)
        self.alice.receives(200)

    def gives_a_sign_of_life(self) -> None:
        self.exchanges("INFO", body=b"Signal=5\r\n", content_type="application/dtmf-relay")

    def lasts(self, seconds: float) -> None:
        """The parties talk: what is billed is the time that passes."""
        until = time.monotonic() + seconds
        while (rest := until - time.monotonic()) > 0:
            time.sleep(rest)


class Restart(OneCall):
    def restarts(self, by: int) -> None:
        self.daemon.signal(by)
        self.alice.is_disconnected()
        self.alice.hangs_up_tls()
        self.gateway.waits_for_close()
        self.assertEqual(self.daemon.has_ended(), 0 if by == signal.SIGTERM else -by, self.daemon.log)
        self.assertEqual((self.daemon.rows("open_call"), self.daemon.rows("call")), (1, 0), "what a crash leaves on the disk")
        self.lasts(2)   # nobody is there
        self.daemon.start()
        if self.daemon.writes("info"):
            self.daemon.logged("taken-up")
        self.assertEqual((self.daemon.rows("open_call"), self.daemon.rows("call")), (1, 0), "the call goes on")
        self.alice.connects()
        self.alice.registers()

    def billed_over(self, by: int) -> tuple:
        """Seconds of the one row, of the time before the restart and of the time after it."""
        begun = time.monotonic()
        self.calls()
        self.lasts(1.1)
        self.gives_a_sign_of_life()
        before = time.monotonic() - begun
        self.restarts(by)
        again = time.monotonic()
        self.lasts(2.1)
        after = time.monotonic() - again
        self.exchanges("BYE")
        [row] = self.daemon.wait_for_calls(1)
        self.assertEqual((row["destination"], row["address"]), (number(1), f"alice@{DOMAIN}"))
        self.assertEqual((self.daemon.rows("open_call"), self.daemon.rows("call")), (0, 1))
        self.assertEqual(self.daemon.export(), [], "a call is billed once")
        return row["seconds"], before, after

    def test_a_call_over_a_restart_is_billed_once_for_the_time_before_and_after(self):
        begun = time.monotonic()
        seconds, before, after = self.billed_over(signal.SIGTERM)
        self.assertGreaterEqual(seconds, 1 + math.floor(after), "its last sign of life before, and all of the time after")
        self.assertLessEqual(seconds, time.monotonic() - begun - 2, "nobody was there in between")

    def test_a_call_over_a_kill_is_billed_once_and_never_beyond_what_was_seen(self):
        """Its sign of life is written each 30 s: a crash loses it, as docs/billing.md says."""
        begun = time.monotonic()
        seconds, before, after = self.billed_over(signal.SIGKILL)
        self.assertGreaterEqual(seconds, math.floor(after))
        self.assertLessEqual(seconds, time.monotonic() - begun - before - 2)


class Stopped(OneCall):
    daemon_type = BillingDaemon

    def test_a_call_that_the_next_process_does_not_know_ended_at_its_last_sign_of_life(self):
        """As after `systemctl stop` and a start: nothing was kept of its dialog."""
        begun = time.monotonic()
        self.calls()
        self.lasts(1.1)
        self.gives_a_sign_of_life()
        heard = time.monotonic() - begun
        self.daemon.stop()
        self.lasts(2)
        self.daemon.start()
        [row] = self.daemon.wait_for_calls(1)
        self.assertEqual((self.daemon.rows("open_call"), self.daemon.rows("call")), (0, 1))
        self.assertGreaterEqual(row["seconds"], 1)
        self.assertLessEqual(row["seconds"], heard)


if __name__ == "__main__":
    unittest.main()
