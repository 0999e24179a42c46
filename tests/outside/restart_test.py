"""The daemon is restarted, or killed, in the middle of calls with another domain."""

import signal

from outside.far_end import FarEnd
from outside.name_server import NameServer, located
from outside.peer_test import Outside, peers, setUpModule   # noqa: F401
from support.supervisor import SupervisedDaemon


class Patient(FarEnd):
    """Does not mind when a connection ends: here all do."""

    def arrived(self, connection, item) -> None:
        if item != "closed":
            super().arrived(connection, item)


class Restart(Outside):
    @classmethod
    def setUpClass(cls) -> None:
        super().setUpClass()
        cls.far = cls.keep(Patient("far.example", cls.authority.issue("far.example", ("far.example",)), cls.authority))
        cls.keep(NameServer({"far.example": located(cls.far.port)}))
        cls.daemon = cls.keep(SupervisedDaemon(("alice",), peers(cls.authority, cls.port.number, [
            {"name": "friends", "kind": "peer", "match": ["far.example"]}]), threads=2, authority=cls.authority), "destroy")

    def restarts(self, alice, by: int) -> None:
        self.daemon.signal(by)
        alice.is_disconnected()
        alice.hangs_up_tls()
        self.daemon.has_ended()
        self.daemon.start()
        alice.connects()
        alice.registers()

    def answered(self, alice):
        alice.sends("INVITE", to="sip:x@far.example")
        connection, invite = self.far.receives("INVITE")
        self.far.answers(connection, invite, 200, sdp=True)
        alice.receives(200)
        return invite

    def test_an_answer_of_before_is_acknowledged(self):
        for by in (signal.SIGTERM, signal.SIGKILL):
            with self.subTest(by.name):
                alice = self.phone(self.daemon, "alice")
                self.answered(alice)
                self.restarts(alice, by)
                alice.sends("ACK")
                self.far.receives("ACK")
                alice.sends("BYE")
                self.far.answers(*self.far.receives("BYE"), 200)
                alice.receives(200)
                alice.hangs_up_tls()

    def test_either_side_says_something_and_hangs_up(self):
        for by in (signal.SIGTERM, signal.SIGKILL):
            with self.subTest(by.name):
                alice = self.phone(self.daemon, "alice")
                invite = self.answered(alice)
                alice.sends("ACK")
                self.far.receives("ACK")
                self.restarts(alice, by)
                alice.sends("INVITE", sdp=True)
                self.far.answers(*self.far.receives("INVITE"), 200, sdp=True)
                alice.receives(200)
                alice.sends("ACK")
                self.far.receives("ACK")
                self.far.connect(self.port.number).send(self.far.request(
                    "BYE", invite.contact.uri, f"{invite.get('To')};tag=far", invite.get("From"), call_id=invite.call_id).bytes())
                alice.receives("BYE")
                alice.sends(200)
                self.far.receives(200)
                alice.hangs_up_tls()
