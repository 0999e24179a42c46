"""A disk that does nothing for a while, without an error: what waits for it, and what does not."""

import unittest

from clients import network
from support.billing import BillingDaemon, number, uri
from support.daemon import DOMAIN, PASSWORD, binary
from support.ladder import Ladder
from support.phone import Phone


def setUpModule() -> None:
    network.enter()


class HangingDisk(unittest.TestCase):
    def setUp(self) -> None:
        self.ladder = Ladder()
        self.daemon = BillingDaemon(("alice", "bob"), scripted=True)
        self.addCleanup(self.daemon.destroy)
        self.daemon.stop()
        self.disk = self.daemon.folder / "disk"
        self.disk.write_bytes(bytes(256))
        self.daemon.environment = {"LD_PRELOAD": str(binary("libhanging_disk.so")), "HANGING_DISK": str(self.disk)}
        self.addCleanup(self.goes_on)   # before the daemon is to end
        self.daemon.start()

    def hangs(self, word: str) -> None:
        """Files whose path has this word in it."""
        with self.disk.open("r+b") as disk:
            disk.write(word.encode().ljust(256, b"\0"))

    def goes_on(self) -> None:
        self.hangs("")

    def phone(self, user: str) -> Phone:
        one = Phone(user, self.ladder, self.daemon.connect, user, DOMAIN, PASSWORD, self.daemon.own_hosts)
        self.addCleanup(lambda: one.connection.close())
        one.registers()
        return one

    def test_an_answer_that_it_does_not_take_ends_the_call_within_seconds_and_other_calls_go_on(self):
        alice, bob, gateway = self.phone("alice"), self.phone("bob"), self.daemon.gateway
        self.hangs("ledger.db")
        alice.sends("INVITE", to=uri(number(1)))
        gateway.answers(*gateway.receives("INVITE"), 200, sdp=True)
        gateway.receives("ACK")
        gateway.answers(*gateway.receives("BYE"), 200)
        alice.receives(500)
        alice.sends("INVITE", to=uri(number(2)))
        alice.receives(503)
        alice.sends("INVITE", to=bob)
        bob.receives("INVITE")
        bob.sends(486)
        bob.receives("ACK")
        alice.receives(486)
        self.goes_on()
        while self.daemon.rows() < 1:   # of the call that has lasted for no time
            self.assertTrue(self.daemon.alive, self.daemon.log)
        alice.sends("INVITE", to=uri(number(3)))
        gateway.answers(*gateway.receives("INVITE"), 200, sdp=True)
        alice.receives(200)
        self.assertEqual(len(self.daemon.logged("record-failed")), 1)
        self.assertEqual([call["seconds"] for call in self.daemon.export()], [0])


if __name__ == "__main__":
    unittest.main()
