"""What a call to another domain costs beside one inside, and how many calls one connection carries."""

import os
import unittest
from pathlib import Path

from clients import network
from outside.far_end import FarEnd
from outside.name_server import NameServer, located
from outside.peer_test import Outside, peers
from support.daemon import Daemon

CALLS = 1000


def setUpModule() -> None:
    network.enter(answer_names=False)


class Figures(Outside):
    def setUp(self) -> None:
        super().setUp()
        self.far = self.keep(FarEnd("far.example", self.authority.issue("far.example", ("far.example",)), self.authority))
        self.keep(NameServer({"example": located(self.far.port, at="far")}))
        self.daemon = self.keep(Daemon(("alice", "carol"), peers(self.authority, self.port.number, [
            {"name": "far", "kind": "peer", "match": ["far.example"]}]), authority=self.authority), "destroy")

    def processor_time(self) -> float:
        fields = Path(f"/proc/{self.daemon.pid}/stat").read_text().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def cost(self, call) -> float:
        call()   # what is needed once
        before = self.processor_time()
        for _ in range(CALLS):
            call()
        return self.processor_time() - before

    def test_a_call_to_another_domain_beside_one_inside(self):
        alice, carol = self.phone(self.daemon, "alice"), self.phone(self.daemon, "carol")

        def inside() -> None:
            alice.sends("INVITE", to=carol)
            carol.receives("INVITE")
            carol.sends(200)
            alice.receives(200)
            alice.sends("ACK")
            carol.receives("ACK")
            alice.sends("BYE")
            carol.receives("BYE")
            carol.sends(200)
            alice.receives(200)

        def outside() -> None:
            alice.sends("INVITE", to="sip:bob@far.example")
            connection, invite = self.far.receives("INVITE")
            self.far.answers(connection, invite, 200, sdp=True)
            alice.receives(200)
            alice.sends("ACK")
            self.far.receives("ACK")
            alice.sends("BYE")
            connection, bye = self.far.receives("BYE")
            self.far.answers(connection, bye, 200)
            alice.receives(200)

        local, foreign = self.cost(inside), self.cost(outside)
        print(f"\n{CALLS} calls: inside {local:.2f} s, to another domain {foreign:.2f} s of processor time; "
              f"ratio {foreign / local:.2f}; connections to the other domain: {self.far.accepted}")
        self.assertEqual(self.far.accepted, 1)
        self.assertLess(foreign, 1.3 * local)


if __name__ == "__main__":
    unittest.main()
