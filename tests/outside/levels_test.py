"""What is logged of every kind of call, at every level of the log: nothing by which anybody could be recognised (P8). The
other tests of calls look through their logs too, at the one level of their build; this one goes through all levels."""

import re
import secrets
import unittest

from clients import network
from flows.push_test import Gateway as PushGateway
from outside.far_end import FarEnd
from outside.name_server import NameServer, located
from outside.peer_test import Outside, peers
from support.daemon import DOMAIN, PASSWORD, Daemon, Port
from support.log_scan import found_in
from support.phone import Phone

LEVELS = ("debug", "info", "warning", "error")
NUMBER, ALICES = "+442079460000", "+49301111111"
SDES = (b"v=0\r\no=- 4711 1 IN IP4 192.0.2.77\r\ns=-\r\nc=IN IP4 192.0.2.77\r\nt=0 0\r\nm=audio 4000 RTP/SAVP 0\r\n"
        b"a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:d0RmdmcmVCspeEc3QGZiNWpVLFJhQX1cfHAwJSoj\r\n")
NONSENSE = "nonsense-of-a-stranger"   # what is not understood is on no ladder
REASON = "letter of the subscriber about her neighbour"


def setUpModule() -> None:
    network.enter(answer_names=False)


class EveryFlow(Outside):
    @classmethod
    def setUpClass(cls) -> None:
        super().setUpClass()
        theirs = cls.keep(Port(), "release")
        cls.far = cls.keep(FarEnd("far.example", cls.authority.issue("far.example", ("far.example",)), cls.authority))
        cls.push = cls.keep(PushGateway(cls.folder / "push"))
        cls.keep(NameServer({"example.org": located(cls.port.number), "example.net": located(theirs.number),
                             "example": located(cls.far.port, at="far")}))
        target = {"target": ["far.example"]}
        cls.org = cls.keep(Daemon(("alice", "bob", "carol", "dave"), peers(cls.authority, cls.port.number, [
            {"name": "friends", "kind": "peer", "match": ["example.net"]},
            {"name": "carrier", "kind": "gateway", "match": ["+"], **target},
            {"name": "help", "kind": "emergency", "match": ["112", "urn:service:sos"], **target}])
            | {"push": {"gateway": f"localhost:{cls.push.port}", "wait": "20s", "authorities": str(cls.push.authority.certificate)}},
            authority=cls.authority, numbering={"country_code": "49", "area_code": "30"}), "destroy")
        cls.org.sotto("account", "set", "alice@example.org", "--number", ALICES)
        cls.net = cls.keep(Daemon(("erin",), peers(cls.authority, theirs.number, [
            {"name": "all", "kind": "peer", "match": ["*"]}]), domain="example.net", authority=cls.authority), "destroy")
        cls.both = cls.org, cls.net

    def test_at_every_level_nobody_is_named(self):
        flows = [getattr(self, name) for name in dir(self) if name.startswith("flow_")]
        for self.level in LEVELS:
            begun = {}
            for daemon in self.both:
                daemon.stop()   # only then is all that it had to say there
                begun[daemon] = len(daemon.log)
                daemon.config["log"]["level"] = self.level
                daemon.write_config()
                daemon.start()
            for flow in flows:
                with self.subTest(level=self.level, flow=flow.__name__):
                    flow()
            for daemon, at in begun.items():
                daemon.sotto("account", "list", "--reason", REASON)
                daemon.stop()
                self.names_nobody(daemon, daemon.log[at:])
                self.is_at_level(daemon.log[at:])

    def names_nobody(self, daemon: Daemon, log: str) -> None:
        own = {host for one in self.both for host in one.own_hosts} | {"127.0.0.1"}
        named = found_in(log, self.ladder.messages + [str(message) for message in self.far.heard()], own)
        named |= {phone.connection.local_address for phone in self.ladder.phones if phone.connection.local_address in log}
        named |= {secret for secret in daemon.secrets | {NUMBER, ALICES, REASON, NONSENSE} if secret in log}
        self.assertEqual(named, set(), log)

    def is_at_level(self, log: str) -> None:
        """It was what was said, so that the looking through counts; the heads of the audit log come at each."""
        said = [re.match(r"\S+Z (\w+) ([\w-]+)", line) for line in log.splitlines()]
        self.assertTrue(said)
        below = {match[2] for match in said if LEVELS.index(match[1]) < LEVELS.index(self.level)}
        self.assertLessEqual(below, {"audit-head", "audit-checkpoint"})

    # -- phones ----------------------------------------------------------------------------------------------
    def at_home(self, *names: str) -> list:
        return [self.phone(self.org, name) for name in names]

    def leaves(self, *phones: Phone) -> None:
        for phone in phones:
            phone.unregisters()
            phone.connection.close()

    def refused(self, caller: Phone, callee: Phone, status: int, **options) -> None:
        caller.sends("INVITE", to=callee, **options)
        callee.receives("INVITE")
        callee.sends(status)
        callee.receives("ACK")
        caller.receives(status)

    # -- the flows -------------------------------------------------------------------------------------------
    def flow_answered_held_and_ended(self) -> None:
        alice, bob = self.at_home("alice", "bob")
        self.call(alice, bob)
        self.offer_again(bob, alice)
        self.hang_up(bob, alice)
        self.leaves(alice, bob)

    def flow_cancelled_busy_and_withheld(self) -> None:
        alice, bob = self.at_home("alice", "bob")
        self.call_and_give_up(alice, bob)
        self.refused(alice, bob, 486)
        self.refused(alice, bob, 486, headers={"Privacy": "id"})
        self.leaves(alice, bob)

    def flow_refused_by_the_server(self) -> None:
        alice, bob = self.at_home("alice", "bob")
        alice.sends("INVITE", to=bob, body=SDES, content_type="application/sdp")
        alice.receives(488)
        alice.sends("INVITE", to="sip:nobody-of-this-name@example.org")
        alice.receives(480)
        self.leaves(alice, bob)

    def flow_forked(self) -> None:
        alice, desk, mobile = self.at_home("alice", "bob", "bob")
        alice.sends("INVITE", to=desk)
        for phone in (desk, mobile):
            phone.receives("INVITE")
            phone.sends(180)
            alice.receives(180)
        mobile.sends(200)
        alice.receives(200)
        alice.sends("ACK")
        mobile.receives("ACK")
        desk.receives("CANCEL")
        desk.sends(200)
        desk.sends(487)
        desk.receives("ACK")
        self.hang_up(mobile, alice)
        self.leaves(alice, desk, mobile)

    def flow_transferred(self) -> None:
        alice, bob, carol = self.at_home("alice", "bob", "carol")
        self.call(alice, bob)
        alice.sends("REFER", headers={"Refer-To": f"<{carol.aor}>", "Referred-By": f"<{alice.aor}>"})
        target = bob.receives("REFER").get("Refer-To")
        bob.sends(603)
        alice.receives(603)
        self.assertIn("carol", target)
        self.hang_up(alice, bob)
        self.leaves(alice, bob, carol)

    def flow_a_message(self) -> None:
        alice, bob = self.at_home("alice", "bob")
        alice.sends("MESSAGE", to=bob, body=b"the meeting is at nine", content_type="text/plain", sdp=False)
        bob.receives("MESSAGE")
        bob.sends(200)
        alice.receives(200)
        self.leaves(alice, bob)

    def flow_of_a_page(self) -> None:
        [alice] = self.at_home("alice")
        page = Phone("dave", self.ladder, self.org.connect_web, "dave", self.org.domain, PASSWORD, self.org.own_hosts)
        self.addCleanup(lambda: page.connection.close())
        page.registers()
        self.call(page, alice)
        self.hang_up(alice, page)
        self.leaves(page, alice)

    def flow_to_another_domain_and_back(self) -> None:
        [alice], erin = self.at_home("alice"), self.phone(self.net, "erin")
        for caller, callee in ((alice, erin), (erin, alice)):
            self.call(caller, callee)
            self.hang_up(caller, callee)
        alice.sends("INVITE", to="sip:nobody-there@example.net")
        alice.receives(480)
        self.leaves(alice, erin)

    def flow_to_the_telephone_network(self) -> None:
        [alice] = self.at_home("alice")
        self.far.takes_a_call(alice, f"sip:{NUMBER}@example.org")
        self.leaves(alice)

    def flow_for_help(self) -> None:
        [alice] = self.at_home("alice")
        self.far.takes_a_call(alice, "urn:service:sos", headers={"Privacy": "id"})
        self.leaves(alice)

    def flow_to_a_phone_that_sleeps(self) -> None:
        [alice], token = self.at_home("alice"), f"token-of-the-device-{secrets.token_hex(8)}"
        carol = self.phone(self.org, "carol")
        contact = f'<{carol.contact};pn-provider=apns;pn-param=ORG.example.app;pn-prid={token}>;+sip.instance="<{carol.instance}>"'
        carol.registers(contact=contact)
        carol.loses_connection()
        self.org.wait_for_bindings("carol", 0)
        alice.sends("INVITE", to=carol)
        self.assertIn(token, self.push.next()[2].decode())
        carol.connects()
        carol.registers(contact=contact)
        carol.receives("INVITE")
        carol.sends(486)
        carol.receives("ACK")
        alice.receives(486)
        self.leaves(alice, carol)

    def flow_guessed_at(self) -> None:
        strict = Daemon(("guessed",), {"limits": {"auth_failures_per_minute": 1}, "log": {"level": self.level}, "drain_timeout": "1s"})
        self.addCleanup(strict.destroy)
        guesser = Phone("guesser", self.ladder, strict.connect, "guessed", DOMAIN, "wrong-" + PASSWORD, strict.own_hosts)
        self.addCleanup(lambda: guesser.connection.close())
        for status in (401, 503):
            guesser.transmits(guesser.register_request())
            guesser.authenticates(guesser.receives(401))
            guesser.receives(status)
        if self.level != "error":
            strict.logged("guessing")
        guesser.connection.close()
        strict.stop()
        self.names_nobody(strict, strict.log)
        self.is_at_level(strict.log)

    def flow_not_understood(self) -> None:
        stranger = self.org.connect()
        self.addCleanup(stranger.close)
        stranger.send(f"INVITE sip:alice@example.org SIP/2.0\r\nVia: {NONSENSE}\r\nContent-Length: 0\r\n\r\n".encode())
        stranger.send(f"no message at all, {NONSENSE}, and no end of it \0".encode() + b"\xff\r\n\r\n")
        stranger.wait_closed()


if __name__ == "__main__":
    unittest.main()
