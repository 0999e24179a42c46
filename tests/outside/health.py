"""Connections with other domains that have died: found out within a minute, and replaced. Takes as long."""

import unittest

from clients import network
from outside.far_end import FarEnd
from outside.name_server import NameServer, located
from outside.peer_test import Outside, peers
from support.daemon import Daemon

PROBED_AFTER, GIVEN_UP_AFTER = 30, 8


def setUpModule() -> None:
    network.enter(answer_names=False)


class Health(Outside):
    @classmethod
    def setUpClass(cls) -> None:
        super().setUpClass()
        cls.far = cls.keep(FarEnd("far.example", cls.authority.issue("far.example", ("far.example",)), cls.authority))
        cls.keep(NameServer({"example": located(cls.far.port, at="far")}))
        cls.daemon = cls.keep(Daemon(("alice",), peers(cls.authority, cls.port.number, [
            {"name": "far", "kind": "peer", "match": ["far.example"]}]), authority=cls.authority), "destroy")

    def far_end_refuses(self) -> None:
        self.alice.sends("INVITE", to="sip:bob@far.example")
        connection, invite = self.far.receives("INVITE")
        self.far.answers(connection, invite, 486)
        self.far.receives("ACK")
        self.alice.receives(486)

    def goes_silent(self) -> None:
        """Probes come over the connection in use; the first is answered, the second is not, and that is its end."""
        connection, probe = self.far.receives("OPTIONS", within=PROBED_AFTER + 5)
        self.assertEqual(probe.request_uri, "sip:far.example")
        self.assertNotIn("alice", str(probe))
        self.far.answers(connection, probe, 200)
        self.far.receives("OPTIONS", within=PROBED_AFTER + 5)
        self.far.waits_for_close()
        self.far_end_refuses()

    def test_one_that_came_in_and_then_one_that_we_made(self):
        self.alice = self.phone(self.daemon, "alice")
        way = self.far.connect(self.port.number)
        way.send(self.far.request("OPTIONS", "sip:example.org", "<sip:far.example>;tag=1", "<sip:example.org>",
                                  via="SIP/2.0/TLS far.example;alias;branch=z9hG4bKalias").bytes())
        self.far.receives(200)
        self.far_end_refuses()
        for made in range(2):
            self.assertEqual(self.far.accepted, made)
            self.goes_silent()
        self.assertEqual(self.far.accepted, 2)


if __name__ == "__main__":
    unittest.main()
