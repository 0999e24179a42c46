"""Emergency calls in every state of the server and of the account."""

import contextlib
import json
import socket
import sqlite3
import unittest

from clients import network
from outside.far_end import FarEnd
from outside.name_server import NameServer, located
from outside.peer_test import Outside, peers
from support.daemon import DOMAIN, PASSWORD, Daemon
from support.phone import Phone
from support.supervisor import SupervisedDaemon
from support.tls import client_context


def setUpModule() -> None:
    network.enter(answer_names=False)


PLACE = b'<?xml version="1.0"?><presence xmlns="urn:ietf:params:xml:ns:pidf" entity="pres:alice@example.org"/>'


class EmergencyService(Outside):
    """A server with a route to one behind a route for all numbers, and an account that looks like its number."""
    more: dict = {}
    daemon_type = Daemon

    @classmethod
    def setUpClass(cls) -> None:
        super().setUpClass()
        cls.psap = cls.keep(FarEnd("psap.example", cls.authority.issue("psap.example", ("psap.example",)), cls.authority))
        cls.keep(NameServer({"example": located(cls.psap.port, at="psap")}))
        cls.daemon = cls.keep(cls.daemon_type(("alice", "bob", "carol", "dave", "erin", "112"), peers(
            cls.authority, cls.port.number, [
            {"name": "everywhere", "kind": "gateway", "match": ["+"], "target": ["psap.example"]},
            {"name": "help", "kind": "emergency", "match": ["112", "110", "urn:service:sos"], "target": ["psap.example"]}])
            | cls.more,
            authority=cls.authority, numbering={"country_code": "49", "area_code": "30"}), "destroy")

    def carried(self, phone, uri: str, **options):
        invite = self.psap.takes_a_call(phone, uri, **options)
        self.assertTrue(invite.request_uri.startswith("urn:service:sos"))
        self.assertEqual(invite.from_.uri, phone.aor)
        return invite


    def carried_however(self, phone, **options) -> None:
        """By each number and each service."""
        for uri in ("sip:112@example.org", "sip:110@example.org", "tel:112;phone-context=example.org", "urn:service:sos",
                    "urn:service:sos.fire"):
            with self.subTest(uri):
                self.carried(phone, uri, **options)


class Emergency(EmergencyService):
    def test_numbers_and_services_withheld_or_not(self):
        alice = self.phone(self.daemon, "alice")
        for uri in ("sip:112@example.org", "sip:110@example.org", "urn:service:sos", "urn:service:sos.fire",
                    "sip:%2331%23112@example.org"):
            with self.subTest(uri):
                invite = self.carried(alice, uri, headers={"Privacy": "id;critical"})
                self.assertIn("<sip:alice@example.org>", invite.all("P-Asserted-Identity"))
        for line in self.daemon.logged("emergency-call", 5):
            self.assertNotIn("alice", line)

    def test_before_a_prefix_that_would_match(self):
        """A number of the town goes to the carrier, which takes them all, and 110 is none."""
        alice = self.phone(self.daemon, "alice")
        for number, route in (("1130113", "everywhere"), ("110", "help"), ("+4930110", "everywhere")):
            said = json.loads(self.daemon.sotto("--json", "route", "test", "alice@example.org", number).stdout)
            self.assertEqual(said["route"], route)
        for dialled, service in (("#31#112", "sos"), ("urn:service:sos.fire", "sos.fire")):
            said = json.loads(self.daemon.sotto("--json", "route", "test", "alice@example.org", dialled).stdout)
            self.assertEqual((said["kind"], said["request_uri"]), ("emergency", f"urn:service:{service}"))
            self.assertEqual(said["p_asserted_identity"], ["<sip:alice@example.org>"])
            self.assertNotIn("privacy", said)
        alice.sends("INVITE", to="sip:1130113@example.org")
        connection, invite = self.psap.receives("INVITE")
        self.assertEqual(invite.request_uri, "sip:+49301130113@psap.example;user=phone")
        self.psap.answers(connection, invite, 486)
        self.psap.receives("ACK")
        alice.receives(486)
        self.carried(alice, "sip:110@example.org")
        self.carried(alice, "tel:110;phone-context=example.org")

    def test_before_the_account_of_that_name_and_its_blocks(self):
        """Whoever has the number as an address has blocked Alice, and refuses all who withhold themselves."""
        alice, clinic = self.phone(self.daemon, "alice"), self.phone(self.daemon, "112")
        self.daemon.sotto("account", "set", "112@example.org", "--add-address", "clinic@example.org")
        withheld = {"Privacy": "id"}
        alice.sends("INVITE", to="sip:clinic@example.org", headers=withheld)
        clinic.receives("INVITE")
        clinic.sends(486)
        clinic.receives("ACK")
        alice.receives(486)
        clinic.sends("INVITE", to="sip:*60%23@example.org")
        clinic.receives(603)
        alice.sends("INVITE", to="sip:clinic@example.org", headers=withheld)
        alice.receives(480)
        self.carried(alice, "sip:112@example.org", headers=withheld)
        self.daemon.sotto("account", "set", "112@example.org", "--refuse-anonymous", "on")
        alice.sends("INVITE", to="sip:clinic@example.org", headers=withheld)
        alice.receives_one_of((433, 480))
        self.carried(alice, "sip:112@example.org", headers=withheld)
        clinic.has_received_nothing_else()

    def test_the_place_of_the_caller_goes_along(self):
        alice = self.phone(self.daemon, "alice")
        body = (b"--b\r\nContent-Type: application/sdp\r\n\r\n" + alice.media.describe() +
                b"\r\n--b\r\nContent-Type: application/pidf+xml\r\nContent-ID: <place@phone>\r\n\r\n" + PLACE +
                b"\r\n--b--\r\n")
        alice.sends("INVITE", to="urn:service:sos", body=body, content_type="multipart/mixed;boundary=b",
                    headers={"Geolocation": "<cid:place@phone>"})
        connection, invite = self.psap.receives("INVITE")
        self.assertEqual(invite.get("Geolocation"), "<cid:1@location.invalid>")
        self.assertNotIn("place@phone", str(invite))
        self.assertIn(PLACE, invite.body)
        self.psap.answers(connection, invite, 486)
        self.psap.receives("ACK")
        alice.receives(486)

    def test_it_is_audited_without_a_word_about_the_caller(self):
        alice = self.phone(self.daemon, "alice")
        self.carried(alice, "sip:112@example.org")
        self.daemon.logged("emergency-call")
        entries = json.loads(self.daemon.sotto("--json", "audit", "show").stdout)["entries"]
        told = [entry for entry in entries if entry["what"] == "emergency call"]
        self.assertTrue(told, entries)
        for entry in told:
            self.assertIn("route=help", str(entry))
            del entry["time"], entry["sequence"]   # numbers of their own, in which any digits may stand
            for secret in ("alice", "112", "sos", "127.0.0.1"):
                self.assertNotIn(secret, str(entry))

    def test_the_service_calls_back(self):
        alice = self.phone(self.daemon, "alice")
        way = self.psap.connect(self.port.number)
        way.send(self.psap.request("INVITE", alice.aor, "<sip:+4930112@psap.example>;tag=1", f"<{alice.aor}>", sdp=True).bytes())
        self.assertEqual(alice.receives("INVITE").from_.uri, "sip:+4930112@example.org;user=phone")
        alice.sends(486)
        alice.receives("ACK")
        self.psap.receives(486)

    def test_from_a_suspended_account(self):
        bob = self.phone(self.daemon, "bob")
        self.daemon.sotto("account", "set", "bob@example.org", "--status", "suspended")
        try:
            bob.sends("INVITE", to="sip:alice@example.org", authenticates=False)
            bob.receives_one_of((403, 407))
            self.carried_however(bob)
        finally:
            self.daemon.sotto("account", "set", "bob@example.org", "--status", "active")

    def test_from_several_suspended_accounts_over_one_connection(self):
        """As a proxy in front of many phones holds it: each is carried to its end, and only that."""
        names = ("carol", "dave", "erin")
        connection = self.daemon.connect()
        self.addCleanup(connection.close)
        phones = [Phone(name, self.ladder, lambda: connection, name, "example.org", PASSWORD, self.daemon.own_hosts)
                  for name in names]
        for name in names:
            self.daemon.sotto("account", "set", f"{name}@example.org", "--status", "suspended")
        for phone in phones:
            phone.sends("INVITE", to="sip:112@example.org")
            way, invite = self.psap.receives("INVITE")
            self.assertIn(f"<{phone.aor}>", invite.all("P-Asserted-Identity"))
            self.psap.answers(way, invite, 200, sdp=True)
            phone.receives(200)
            phone.sends("ACK")
            self.psap.receives("ACK")
        for phone in phones:
            phone.sends("BYE")
            way, bye = self.psap.receives("BYE")
            self.psap.answers(way, bye, 200)
            phone.receives(200)
        phones[0].sends("INVITE", to="sip:alice@example.org", authenticates=False)
        phones[0].receives_one_of((403, 407))

    def test_z_while_the_server_drains(self):
        alice = self.phone(self.daemon, "alice")
        self.daemon.sotto("drain")
        alice.sends("INVITE", to="sip:bob@example.org")
        alice.receives(503)
        self.carried_however(alice)


class BeyondLimits(EmergencyService):
    more = {"limits": {"auth_failures_per_minute": 1, "connections_per_source": 0, "handshakes_per_second": 0}}

    def test_after_too_many_wrong_passwords(self):
        def stranger(name: str) -> Phone:
            one = Phone(name, self.ladder, self.daemon.connect, "bob", "example.org", PASSWORD, self.daemon.own_hosts)
            self.addCleanup(lambda: one.connection.close())
            return one

        guesser, fresh = stranger("guesser"), stranger("fresh")
        for guess in ("one", "two"):
            guesser.sends("INVITE", to="sip:alice@example.org", authenticates=False)
            challenge = guesser.receives_one_of((407, 503))
            if challenge.status == 407:
                guesser.authenticates(challenge, password=guess)
                guesser.receives_one_of((403, 407, 503))
        fresh.sends("INVITE", to="sip:alice@example.org")
        fresh.receives(503)
        self.carried_however(fresh)


class BusyConnection(EmergencyService):
    AT_A_TIME = 8
    more = {"limits": {"transactions_per_connection": AT_A_TIME, "connections_per_source": 0, "handshakes_per_second": 0}}

    def test_with_as_many_calls_as_one_connection_may_have(self):
        alice, bob = self.phone(self.daemon, "alice"), self.phone(self.daemon, "bob")
        for _ in range(self.AT_A_TIME):
            alice.sends("INVITE", to=bob)
            alice.receives(100)
            bob.receives("INVITE")
        alice.sends("INVITE", to=bob, authenticates=False)
        alice.receives(503)
        self.carried_however(alice)


class SlowDisk(EmergencyService):
    class daemon_type(SupervisedDaemon):
        watchdog_usec = 600_000

    def noted(self) -> int:
        entries = json.loads(self.daemon.sotto("--json", "audit", "show").stdout)["entries"]
        return sum(entry["what"] == "emergency call" for entry in entries)

    def test_the_watchdog_does_not_end_the_server_for_it(self):
        """Each call is an entry, and each entry waits for the disk: here for five seconds."""
        alice = self.phone(self.daemon, "alice")
        with contextlib.closing(sqlite3.connect(self.daemon.state / "accounts.db", isolation_level=None)) as accounts:
            accounts.execute("BEGIN IMMEDIATE")
            self.carried_however(alice)
            for _ in range(3):
                self.assertTrue(self.daemon.hears("WATCHDOG=1", len(self.daemon.said), timeout=3))
        while self.noted() < 5:
            self.assertTrue(self.daemon.alive, self.daemon.log)


class FullServer(EmergencyService):
    """docs/interconnect.md says why a call for help cannot be told apart where a connection begins."""
    AT_A_TIME = 3
    more = {"limits": {"connections": AT_A_TIME, "connections_per_source": 0, "handshakes_per_second": 0}}

    def test_the_way_to_the_service_needs_none_of_the_places(self):
        """All are taken by those who came; what the server begins itself is not counted among them."""
        alice = self.phone(self.daemon, "alice")
        for _ in range(self.AT_A_TIME - 1):
            self.addCleanup(self.daemon.connect().close)
        with socket.create_connection(("127.0.0.1", self.daemon.tls_port), 1) as waiting:   # nobody takes it
            with self.assertRaises(TimeoutError, msg="the server is not full"):
                client_context(self.daemon.authority.certificate).wrap_socket(waiting, server_hostname=DOMAIN)
        self.carried_however(alice)


class FullSource(EmergencyService):
    more = {"limits": {"connections_per_source": FullServer.AT_A_TIME, "handshakes_per_second": 0}}

    def test_whoever_is_connected_is_carried_while_nobody_else_gets_in(self):
        alice = self.phone(self.daemon, "alice")
        with self.assertRaises(OSError):
            for _ in range(FullServer.AT_A_TIME):
                self.addCleanup(self.daemon.connect().close)
        self.carried_however(alice)


class WithoutRoute(Outside):
    def test_it_is_said_that_emergency_calls_are_not_carried(self):
        daemon = self.keep(Daemon(("alice",), {"drain_timeout": "1s"}, authority=self.authority), "destroy")
        sentence = "emergency calls are not carried"
        self.assertTrue(any(sentence in line for line in daemon.logged("notice")), daemon.log)
        self.assertIn(sentence, daemon.check_config().stdout)
        alice = self.phone(daemon, "alice")
        alice.sends("INVITE", to="sip:112@example.org")
        alice.receives(404)


if __name__ == "__main__":
    unittest.main()
