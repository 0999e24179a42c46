"""Routes that a reload takes away, while calls over them are on their way."""

import threading

from outside.far_end import FarEnd
from outside.name_server import NameServer, located
from outside.peer_test import Outside, peers, setUpModule   # noqa: F401
from support.daemon import Daemon
from support.limits import patience


class Slow(FarEnd):
    """Takes a connection at once, and says nothing before it may."""

    def __init__(self, *arguments) -> None:
        self.asked, self.may_answer = threading.Semaphore(0), threading.Event()
        super().__init__(*arguments)

    def _serve(self, plain) -> None:
        self.asked.release()
        self.may_answer.wait(patience(10))
        super()._serve(plain)


class RoutesTakenAway(Outside):
    @classmethod
    def setUpClass(cls) -> None:
        super().setUpClass()
        cls.ends = {name: cls.keep(kind(f"{name}.example", cls.authority.issue(f"{name}.example", (f"{name}.example",)),
                                        cls.authority))
                    for name, kind in (("friend", FarEnd), ("slow", Slow), ("one", FarEnd), ("two", FarEnd))}
        cls.keep(NameServer({"example": [line for name, end in cls.ends.items() for line in located(end.port, at=name)]}))
        cls.routes = [
            {"name": "friends", "kind": "peer", "match": ["friend.example", "slow.example"]},
            {"name": "told", "kind": "gateway", "match": ["+332"], "target": ["one.example"], "protection": "announce",
             "announcement": "speaker@example.org"},
            {"name": "carrier", "kind": "gateway", "match": ["+333"], "target": ["one.example", "two.example"]}]
        cls.daemon = cls.keep(Daemon(("alice", "bob", "speaker"), peers(cls.authority, cls.port.number, cls.routes), threads=2,
                                     authority=cls.authority), "destroy")

    def has(self, routes: list) -> None:
        self.daemon.config["routes"] = routes
        self.daemon.write_config()
        self.daemon.sotto("reload")

    def takes_away(self, name: str) -> None:
        self.addCleanup(self.has, self.routes)
        self.has([route for route in self.routes if route["name"] != name])

    def heard_nothing(self, end: FarEnd) -> None:
        """What a call of before would have sent there is written before what the next one sends."""
        self.has(self.routes)
        bob = self.phone(self.daemon, "bob")
        bob.sends("MESSAGE", to=f"sip:x@{end.name}" if end.name == "slow.example" else "sip:+33399000000@example.org",
                  body=b"hello", content_type="text/plain", sdp=False)
        connection, message = end.receives("MESSAGE")
        end.answers(connection, message, 200)
        bob.receives(200)

    def test_a_domain_that_is_being_connected_to_hears_nothing(self):
        alice, slow = self.phone(self.daemon, "alice"), self.ends["slow"]
        alice.sends("INVITE", to="sip:x@slow.example")
        self.assertTrue(slow.asked.acquire(timeout=patience(10)))
        self.takes_away("friends")
        slow.may_answer.set()
        alice.receives(503)
        self.heard_nothing(slow)

    def test_nor_does_a_gateway_whose_calls_are_announced(self):
        alice, speaker, one = self.phone(self.daemon, "alice"), self.phone(self.daemon, "speaker"), self.ends["one"]
        alice.sends("INVITE", to="sip:+33299000000@example.org")
        speaker.receives("INVITE")
        speaker.sends(183, sdp=True)
        alice.receives(183)
        self.takes_away("told")
        speaker.sends(603)
        speaker.receives("ACK")
        alice.receives(503)
        self.heard_nothing(one)

    def test_nor_does_the_next_target_of_one(self):
        alice, one, two = self.phone(self.daemon, "alice"), self.ends["one"], self.ends["two"]
        alice.sends("INVITE", to="sip:+33399000000@example.org")
        connection, invite = one.receives("INVITE")
        one.answers(connection, invite, 180)
        alice.receives(180)
        self.takes_away("carrier")
        one.answers(connection, invite, 503)
        one.receives("ACK")
        alice.receives(503)
        self.assertEqual((two.accepted, two.heard()), (0, []))

    def test_a_call_that_runs_goes_on(self):
        alice, friend = self.phone(self.daemon, "alice"), self.ends["friend"]
        alice.sends("INVITE", to="sip:x@friend.example")
        connection, invite = friend.receives("INVITE")
        friend.answers(connection, invite, 180)
        alice.receives(180)
        self.takes_away("friends")
        friend.answers(connection, invite, 200, sdp=True)
        alice.receives(200)
        alice.sends("ACK")
        friend.receives("ACK")
        alice.sends("INFO", body=b"Signal=5\r\n", content_type="application/dtmf-relay", sdp=False)
        friend.answers(*friend.receives("INFO"), 200)
        alice.receives(200)
        friend.connect(self.port.number).send(friend.request(
            "BYE", invite.contact.uri, f"{invite.get('To')};tag=far", invite.get("From"), call_id=invite.call_id).bytes())
        alice.receives("BYE")
        alice.sends(200)
        friend.receives(200)
