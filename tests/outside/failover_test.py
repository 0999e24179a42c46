"""A name with several hosts (RFC 3263 4.3)."""

import socket
import struct
import unittest

from clients import network
from outside.far_end import FarEnd
from outside.name_server import LyingNameServer, NameServer
from outside.peer_test import Outside, peers
from support.daemon import Daemon


def setUpModule() -> None:
    network.enter(answer_names=False)


class Hosts(Outside):
    """Each name has two hosts, the second one less preferred."""

    threads = 1
    NAMES = ("busy", "broken", "silent", "down", "half")

    @classmethod
    def setUpClass(cls) -> None:
        super().setUpClass()
        lines = ["host A 127.0.0.1"]
        cls.hosts = {}
        for name in cls.NAMES:
            certificate = cls.authority.issue(f"{name}.example", (f"{name}.example",))
            cls.hosts[name] = [cls.keep(FarEnd(f"{name}.example", certificate, cls.authority)) for _ in range(2)]
            lines += [f"_sips._tcp.{name} SRV {10 * place} 1 {host.port} host" for place, host in enumerate(cls.hosts[name], 1)]
        for name in ("alone", "back"):
            certificate = cls.authority.issue(f"{name}.example", (f"{name}.example",))
            cls.hosts[name] = [cls.keep(FarEnd(f"{name}.example", certificate, cls.authority))]
        hanging = socket.create_server(("127.0.0.1", 0))   # takes connections, and says nothing
        cls.addClassCleanup(hanging.close)
        lines += [f"_sips._tcp.alone SRV 10 1 {cls.hosts['alone'][0].port} host",
                  f"_sips._tcp.alone SRV 20 1 {hanging.getsockname()[1]} host", "_sips._tcp.back SRV 10 1 1 host"]
        cls.keep(NameServer({"example": lines}))
        cls.daemon = cls.keep(Daemon(("alice", "bob"), peers(cls.authority, cls.port.number, [
            {"name": "carrier", "kind": "gateway", "match": ["+"], "target": ["half.example"]},
            {"name": "friends", "kind": "peer", "match": [f"{name}.example" for name in cls.hosts]}]), cls.threads,
            authority=cls.authority), "destroy")

    def is_refused(self, alice, host, status: int = 486) -> None:
        connection, invite = host.receives("INVITE")
        host.answers(connection, invite, status)
        host.receives("ACK")
        if status != 503:
            alice.receives(status)

    def test_one_that_says_503(self):
        alice, (first, second) = self.phone(self.daemon, "alice"), self.hosts["busy"]
        alice.sends("INVITE", to="sip:bob@busy.example")
        self.is_refused(alice, first, 503)
        self.is_refused(alice, second)
        second.takes_a_call(alice, "sip:bob@busy.example")   # at once, over the same connection
        self.assertEqual((first.accepted, second.accepted), (1, 1))
        self.assertNotIn("INVITE", [message.method for message in first.heard()])

    def test_one_that_hangs_up(self):
        """As a front does whose server is gone: it speaks TLS, and no SIP."""
        alice, (first, second) = self.phone(self.daemon, "alice"), self.hosts["broken"]
        alice.sends("INVITE", to="sip:bob@broken.example")
        connection, invite = first.receives("INVITE")
        connection.end()
        there = second.receives("INVITE")
        for name in ("Call-ID", "From", "Via"):
            self.assertNotEqual(there[1].get(name), invite.get(name))
        second.answers(*there, 486)
        second.receives("ACK")
        alice.receives(486)
        second.takes_a_call(alice, "sip:bob@broken.example")
        self.assertEqual((first.accepted, second.accepted), (1, 1))

    def test_calls_that_wait_there_together_all_go_on(self):
        alice, bob, (first, second) = self.phone(self.daemon, "alice"), self.phone(self.daemon, "bob"), self.hosts["silent"]
        for caller in (alice, bob):
            caller.sends("INVITE", to="sip:bob@silent.example")
            connection, _ = first.receives("INVITE")
        connection.end()
        for _ in range(2):
            connection, invite = second.receives("INVITE")
            second.answers(connection, invite, 180)
        for caller in (alice, bob):
            caller.receives(180)
        self.assertEqual((first.accepted, second.accepted), (1, 1))

    def test_one_that_rings_keeps_the_call(self):
        """The phone that rings there would ring twice: whoever has answered may come back over another connection."""
        alice, (first, second) = self.phone(self.daemon, "alice"), self.hosts["half"]
        alice.sends("INVITE", to="sip:+442079460000@example.org")
        connection, invite = first.receives("INVITE")
        first.answers(connection, invite, 180)
        alice.receives(180)
        connection.end()
        first.waits_for_close()
        way = first.connect(self.port.number)
        first.answers(way, invite, 486)
        first.receives("ACK")
        alice.receives(486)
        self.assertEqual(second.accepted, 0)

    def test_the_only_one_there_is(self):
        """One call that it cannot carry keeps nobody else from it, nor waiting for a host that is not there."""
        alice, (host,) = self.phone(self.daemon, "alice"), self.hosts["alone"]
        alice.sends("INVITE", to="sip:bob@alone.example")
        self.is_refused(alice, host, 503)
        alice.receives(500, timeout=20)
        alice.sends("INVITE", to="sip:bob@alone.example")
        connection, invite = host.receives("INVITE", within=3)
        host.answers(connection, invite, 486)
        alice.receives(486)
        self.assertEqual(host.accepted, 1)

    def test_one_that_has_connected_to_us(self):
        """There is no other way to it."""
        alice, (host,) = self.phone(self.daemon, "alice"), self.hosts["back"]
        way = host.connect(self.port.number)
        way.send(host.request("OPTIONS", "sip:example.org", "<sip:back.example>;tag=1", "<sip:example.org>",
                              via="SIP/2.0/TLS back.example;alias;branch=z9hG4bKalias").bytes())
        host.receives(200)
        alice.sends("INVITE", to="sip:bob@back.example")
        self.is_refused(alice, host, 503)
        alice.receives(500)
        alice.sends("INVITE", to="sip:bob@back.example")
        self.is_refused(alice, host)

    def test_all_of_them(self):
        """Each is asked once, and over the connection that there is, however often."""
        alice, hosts = self.phone(self.daemon, "alice"), self.hosts["down"]
        for _ in range(3):
            alice.sends("INVITE", to="sip:bob@down.example")
            for host in hosts:
                self.is_refused(alice, host, 503)
            alice.receives(500)
        self.assertEqual([host.accepted for host in hosts], [1, 1])
        alice.sends("INVITE", to="sip:bob@down.example")   # and comes back to the preferred one
        self.is_refused(alice, hosts[0])


class HostsAndThreads(Hosts):
    """The connection and the call belong to different threads, sooner or later."""

    threads = 3


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
