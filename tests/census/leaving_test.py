"""A call that leaves over a route: what was dialled is gone from the daemon's memory while the call still runs
(docs/DESIGN.md P9)."""

import time
import unittest

from clients import network
from support import memory
from support.billing import BillingDaemon, uri
from support.daemon import DOMAIN, PASSWORD, binary
from support.ladder import Ladder
from support.limits import patience
from support.phone import Phone


DIALLED = "+498005550123987"
ACCEPTED_STATE = 32   # s, of RFC 6026: what only this waits for must not hide behind the patience of a slow machine


def setUpModule() -> None:
    network.enter()


class Leaving(unittest.TestCase):
    def setUp(self) -> None:
        self.daemon = BillingDaemon(scripted=True)
        self.addCleanup(self.daemon.destroy)
        if why := memory.not_looked_at(binary("sottod")):
            self.skipTest(why)

    def in_memory(self) -> bool:
        return any(DIALLED[3:].encode() in piece for piece in memory.writable(self.daemon.pid))

    def test_what_was_dialled_is_forgotten_once_it_is_answered(self) -> None:
        alice = Phone("alice", Ladder(), self.daemon.connect, "alice", DOMAIN, PASSWORD, self.daemon.own_hosts)
        self.addCleanup(alice.connection.close)
        alice.registers()
        gateway = self.daemon.gateway
        alice.sends("INVITE", to=uri(DIALLED))
        connection, invite = gateway.receives("INVITE")
        self.assertTrue(self.in_memory(), "a call that rings is in memory, or the search sees nothing")
        gateway.answers(connection, invite, 200, sdp=True)
        alice.receives(200)
        alice.sends("ACK")
        gateway.receives("ACK")
        over = time.monotonic() + min(patience(5), ACCEPTED_STATE - 7)
        while self.in_memory():
            self.assertLess(time.monotonic(), over, "the number is still in memory")
        alice.sends("BYE")
        connection, bye = gateway.receives("BYE")
        gateway.answers(connection, bye, 200)
        alice.receives(200)


if __name__ == "__main__":
    unittest.main()
