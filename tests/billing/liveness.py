"""The sign of life of a billed call, by the clock: `tests/run --long` runs it, since nothing in it can be hurried."""

import signal
import threading
import time
import unittest

from clients import network
from support.billing import BillingDaemon, SupervisedBillingDaemon, number, uri
from support.daemon import DOMAIN, PASSWORD
from support.ladder import Ladder
from support.limits import patience
from support.phone import Phone

WRITTEN_EVERY, LOOKED_EVERY = 30, 10   # seconds, as the daemon does


def setUpModule() -> None:
    network.enter()


class OneCall(unittest.TestCase):
    daemon_type: type = BillingDaemon

    def setUp(self):
        self.ladder = Ladder()
        self.daemon = self.daemon_type(overrides={"registrar": {"binding_lifetime": "60s", "shortest_binding": "60s"}})
        self.addCleanup(self.daemon.destroy)
        self.alice = Phone("alice", self.ladder, self.daemon.connect, "alice", DOMAIN, PASSWORD, self.daemon.own_hosts)
        self.addCleanup(lambda: self.alice.connection.close())
        self.alice.registers()
        self.alice.sends("INVITE", to=uri(number(1)))
        self.alice.receives(200)
        self.begun = time.monotonic()
        self.alice.sends("ACK")

    def lasts(self, seconds: float) -> None:
        """The call goes on for that long, whatever is said."""
        while (rest := self.begun + seconds - time.monotonic()) > 0:
            time.sleep(rest)


class Liveness(OneCall):
    def test_after_a_crash_a_call_has_lasted_to_its_last_sign_of_life(self):
        self.lasts(2 * WRITTEN_EVERY + LOOKED_EVERY + 5)
        killed = time.monotonic() - self.begun
        self.daemon.signal(signal.SIGKILL)
        self.daemon.reap()
        self.daemon.start()
        [row] = self.daemon.wait_for_calls(1)
        self.assertLessEqual(row["seconds"], killed, "no longer than its last sign of life")
        self.assertGreaterEqual(row["seconds"], killed - WRITTEN_EVERY - LOOKED_EVERY - 2, "written every 30 s")

    def test_losing_the_flows_only_stops_the_sign_of_life(self):
        self.lasts(5)
        lost = time.monotonic() - self.begun
        self.alice.connection.close()
        self.daemon.gateway.stop()
        while self.daemon.asks("retention plan")["rows"] == []:   # the call runs: one binding's lifetime for it to recover
            self.assertTrue(self.daemon.alive, self.daemon.log)
            self.assertLess(time.monotonic() - self.begun, 240, "the record is never closed")
            time.sleep(1)
        closed = time.monotonic() - self.begun
        self.assertGreaterEqual(closed, 60, "closed before the parties could come back")
        [row] = self.daemon.export()
        self.assertLessEqual(row["seconds"], lost + 1)


class OverARestart(OneCall):
    daemon_type = SupervisedBillingDaemon

    def setUp(self):
        super().setUp()
        self.lasts(5)
        self.alice.sends("INFO", body=b"Signal=5\r\n", content_type="application/dtmf-relay")
        self.alice.receives(200)
        self.daemon.signal(signal.SIGTERM)
        self.alice.is_disconnected()
        self.alice.hangs_up_tls()
        self.daemon.has_ended()
        self.daemon.start()
        self.restarted = time.monotonic() - self.begun

    def test_a_phone_that_registers_again_is_a_sign_of_life(self):
        self.alice.connects()
        for refreshed in (0, 40, 80):   # whoever talks sends nothing in the dialog
            self.lasts(self.restarted + refreshed)
            self.alice.registers()
        self.lasts(self.restarted + 100)
        self.assertEqual((self.daemon.rows("open_call"), self.daemon.rows("call")), (1, 0), "it still runs")
        self.alice.sends("BYE")
        self.alice.receives(200)
        [row] = self.daemon.wait_for_calls(1)
        self.assertGreaterEqual(row["seconds"], 5 + 100)

    def test_a_call_whose_parties_do_not_come_back_ended_when_they_were_heard_of_last(self):
        while self.daemon.rows("call") == 0:
            self.assertTrue(self.daemon.alive, self.daemon.log)
            self.assertLess(time.monotonic() - self.begun, 240, "the record is never closed")
            time.sleep(1)
        self.assertGreaterEqual(time.monotonic() - self.begun, self.restarted + 60, "closed before the parties could come back")
        [row] = self.daemon.export()
        self.assertGreaterEqual(row["seconds"], 5)
        self.assertLessEqual(row["seconds"], self.restarted)
        self.assertEqual((self.daemon.rows("open_call"), self.daemon.rows("call")), (0, 1))


class HangingUpOverAKill(OneCall):
    daemon_type = SupervisedBillingDaemon

    def test_a_bye_that_went_out_ends_the_bill_though_its_answer_was_lost(self):
        """Nobody sends another: a registered phone is no sign of life any more."""
        self.lasts(5)
        heard = threading.Event()
        self.daemon.gateway.arrived = lambda connection, message: getattr(message, "is_request", False) \
            and message.method == "BYE" and heard.set()
        self.alice.sends("BYE")
        self.assertTrue(heard.wait(patience(5)))
        hung_up = time.monotonic() - self.begun
        self.daemon.signal(signal.SIGKILL)
        self.daemon.reap()
        self.alice.hangs_up_tls()
        self.daemon.start()
        self.alice.connects()
        registered = 0
        while self.daemon.rows("call") == 0:
            passed = time.monotonic() - self.begun
            self.assertLess(passed, 150, "the record is never closed")
            if passed > registered:
                self.alice.registers()
                registered = passed + 30
            time.sleep(1)
        [row] = self.daemon.export()
        self.assertLessEqual(row["seconds"], hung_up)
        self.assertEqual((self.daemon.rows("open_call"), self.daemon.rows("call")), (0, 1))


if __name__ == "__main__":
    unittest.main()
