"""A name with several hosts (RFC 3263 4.3)."""

import struct
import unittest

from clients import network
from outside.far_end import FarEnd
from outside.name_server import LyingNameServer
from outside.peer_test import Outside, peers
from support.daemon import Daemon


def setUpModule() -> None:
    network.enter(answer_names=False)


class ManyRecords(Outside):
    SRV, A = 33, 1

    def answers(self, query: bytes) -> bytes:
        """Nine services, the preferred one last, all at one address."""
        end = query.index(b"\0", 12) + 5
        kind = struct.unpack(">H", query[end - 4:end - 2])[0]
        found = []
        if kind == self.SRV:
            hosts = [(20, self.silent + i) for i in range(8)] + [(10, self.far.port)]
            found = [struct.pack(">HHH", priority, 1, port) + b"\3sip\7example\0" for priority, port in hosts]
        elif kind == self.A:
            found = [bytes([127, 0, 0, 1])]
        records = b"".join(struct.pack(">HHHIH", 0xc00c, kind, 1, 60, len(data)) + data for data in found)
        return query[:2] + struct.pack(">5H", 0x8580, 1, len(found), 0, 0) + query[12:end] + records

    silent = 1   # nobody listens at these ports

    def test_the_preferred_one_is_tried_wherever_it_stands(self):
        """RFC 2782: they come in any order, and what is too many is what is least preferred."""
        self.far = self.keep(FarEnd("far.example", self.authority.issue("far.example", ("far.example",)), self.authority))
        names = LyingNameServer(self.answers)
        self.addCleanup(names.stop)
        daemon = self.keep(Daemon(("alice",), peers(self.authority, self.port.number, [
            {"name": "friend", "kind": "peer", "match": ["far.example"]}]), authority=self.authority), "destroy")
        self.far.takes_a_call(self.phone(daemon, "alice"), "sip:bob@far.example")


if __name__ == "__main__":
    unittest.main()
