"""The telephone network: trunks by script, and sipp behind a stunnel."""

import json
import re
import socket
import subprocess
import tempfile
import threading
import unittest
from pathlib import Path

from clients import network
from clients.sipp import Sipp, receive, response
from outside.far_end import FarEnd
from outside.name_server import NameServer, located
from outside.peer_test import Outside, peers
from support import digest
from support.billing import wait_for_calls
from support.daemon import Daemon, Port


def setUpModule() -> None:
    network.enter(answer_names=False)


NUMBER, ALICES = "+442079460000", "+49301111111"


class Plain:
    """A server that knows no TLS: it says so in SIP, to whatever it hears, and hangs up."""

    def __init__(self) -> None:
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        self.heard = b""
        self.accepted = 0
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def _serve(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            self.accepted += 1
            with connection:
                self.heard += connection.recv(65536)
                connection.sendall(b"SIP/2.0 400 No TLS\r\nContent-Length: 0\r\n\r\n")

    def stop(self) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._thread.join()


class Gateway(Outside):
    route: dict = {}

    @classmethod
    def setUpClass(cls) -> None:
        super().setUpClass()
        cls.first, cls.second = [cls.keep(FarEnd(f"{name}.example", cls.authority.issue(f"{name}.example", (
            f"{name}.example",)), cls.authority)) for name in ("one", "two")]
        cls.keep(NameServer({"example": located(cls.first.port, at="one") + located(cls.second.port, at="two")}))
        cls.daemon = cls.keep(Daemon(("alice", "bob", "carol"), peers(cls.authority, cls.port.number, [
            {"name": "carrier", "kind": "gateway", "match": ["+"], "target": ["one.example", "two.example"], **cls.route}]),
            authority=cls.authority, numbering={"country_code": "49", "extension_base": "+49301111", "extension_digits": 3}), "destroy")
        cls.daemon.sotto("account", "set", "alice@example.org", "--number", ALICES)

    def dials(self, alice, number: str = NUMBER, **options):
        alice.sends("INVITE", to=f"sip:{number}@example.org", **options)
        return self.first.receives("INVITE")

    def answered(self, alice) -> tuple:
        connection, invite = self.dials(alice)
        self.first.answers(connection, invite, 183, sdp=True)
        self.assertTrue(alice.receives(183).body, "early media")
        self.first.answers(connection, invite, 200, sdp=True)
        alice.receives(200)
        alice.sends("ACK")
        self.first.receives("ACK")
        return connection, invite


class Trunk(Gateway):
    def test_what_the_trunk_needs_and_no_more(self):
        alice = self.phone(self.daemon, "alice")
        connection, invite = self.dials(alice, headers={"Session-Expires": "1800;refresher=uac", "Supported": "timer"})
        self.assertEqual(invite.request_uri, f"sip:{NUMBER}@one.example;user=phone")
        self.assertEqual(invite.from_.uri, f"sip:{ALICES}@example.org;user=phone")
        self.assertFalse(invite.has("P-Asserted-Identity"))
        self.assertNotIn("alice", str(invite))
        self.assertEqual(invite.get("Session-Expires"), "1800;refresher=uac")
        self.first.answers(connection, invite, 422, headers=(("Min-SE", "3600"),))
        self.first.receives("ACK")
        self.assertEqual(alice.receives(422).get("Min-SE"), "3600")

    def test_withheld(self):
        alice = self.phone(self.daemon, "alice")
        connection, invite = self.dials(alice, headers={"Privacy": "id"})
        self.assertEqual(invite.from_.uri, "sip:anonymous@anonymous.invalid")
        self.assertNotIn("1111111", str(invite))
        self.first.answers(connection, invite, 486)
        self.first.receives("ACK")
        alice.receives(486)

    def test_a_call_with_early_media_digits_and_both_ends_hanging_up(self):
        alice = self.phone(self.daemon, "alice")
        connection, invite = self.answered(alice)
        alice.sends("INFO", body=b"Signal=5\r\nDuration=160\r\n", content_type="application/dtmf-relay", sdp=False)
        _, info = self.first.receives("INFO")
        self.assertEqual(info.body, b"Signal=5\r\nDuration=160\r\n")
        self.first.answers(connection, info, 200)
        alice.receives(200)
        bye = self.first.request("BYE", invite.contact.uri, f"{invite.get('To')};tag=far", invite.get("From"),
                                 call_id=invite.call_id)
        connection.send(bye.bytes())
        alice.receives("BYE")
        alice.sends(200)
        self.first.receives(200)
        connection, invite = self.answered(alice)
        alice.sends("BYE")
        _, bye = self.first.receives("BYE")
        self.assertEqual(bye.get("To"), f"<sip:{NUMBER}@one.example;user=phone>;tag=far")
        self.first.answers(connection, bye, 200)
        alice.receives(200)

    def test_telephone_events_pass(self):
        """RFC 4733: DTMF inside the media is a codec of the description."""
        alice = self.phone(self.daemon, "alice")
        offer = alice.media.describe().decode()
        port_line = re.search(r"m=audio [^\r\n]*", offer).group(0)
        offer = offer.replace(port_line, port_line + " 101", 1) + "a=rtpmap:101 telephone-event/8000\r\na=fmtp:101 0-15\r\n"
        connection, invite = self.dials(alice, body=offer.encode())
        self.assertIn("a=rtpmap:101 telephone-event/8000", invite.sdp)
        self.first.answers(connection, invite, 486)
        self.first.receives("ACK")
        alice.receives(486)

    def test_told_in_the_callers_language(self):
        alice = self.phone(self.daemon, "alice")
        connection, invite = self.dials(alice, headers={"Accept-Language": "fr, en;q=0.5"})
        self.first.answers(connection, invite, 180)
        ringing = alice.receives(180)
        self.assertEqual(ringing.get("Call-Protection"), "gateway;hops=1")
        self.assertIn("Cet appel", ringing.get("Warning"))
        self.assertFalse(invite.has("Call-Protection"))
        self.first.answers(connection, invite, 486)
        self.first.receives("ACK")
        alice.receives(486)

    def test_the_session_is_refreshed_by_either_end(self):
        """RFC 4028, as trunks do it: UPDATE and re-INVITE without a change."""
        alice = self.phone(self.daemon, "alice")
        timer = {"Session-Expires": "1800;refresher=uac", "Supported": "timer"}
        alice.sends("INVITE", to=f"sip:{NUMBER}@example.org", headers=timer)
        connection, invite = self.first.receives("INVITE")
        self.first.answers(connection, invite, 200, sdp=True, headers=(
            ("Session-Expires", "1800;refresher=uas"), ("Require", "timer"), ("Supported", "timer")))
        answered = alice.receives(200)
        self.assertEqual((answered.get("Session-Expires"), answered.get("Require")), ("1800;refresher=uas", "timer"))
        alice.sends("ACK")
        self.first.receives("ACK")
        far = (invite.contact.uri, f"{invite.get('To')};tag=far", invite.get("From"))
        connection.send(self.first.request("UPDATE", *far, call_id=invite.call_id, headers=(
            ("Session-Expires", "1800;refresher=uac"), ("Supported", "timer"),
            ("Contact", f"<sip:far@one.example:{self.first.port};transport=tls>"))).bytes())
        self.assertEqual(alice.receives("UPDATE").get("Session-Expires"), "1800;refresher=uac")
        alice.sends(200, headers={"Session-Expires": "1800;refresher=uac", "Require": "timer"})
        self.assertEqual(self.first.receives(200)[1].get("Session-Expires"), "1800;refresher=uac")
        alice.sends("INVITE", headers=timer)
        connection, again = self.first.receives("INVITE")
        self.assertEqual(again.get("Session-Expires"), "1800;refresher=uac")
        self.first.answers(connection, again, 200, sdp=True)
        alice.receives(200)
        alice.sends("ACK")
        self.first.receives("ACK")
        alice.sends("BYE")
        connection, bye = self.first.receives("BYE")
        self.first.answers(connection, bye, 200)
        alice.receives(200)

    def test_declined_redirected_and_unavailable(self):
        alice = self.phone(self.daemon, "alice")
        connection, invite = self.dials(alice)
        self.first.answers(connection, invite, 603)
        self.first.receives("ACK")
        alice.receives(603)
        connection, invite = self.dials(alice)
        self.first.answers(connection, invite, 302, headers=(("Contact", "<sip:+442079460001@one.example;user=phone>"),))
        self.first.receives("ACK")
        connection, invite = self.first.receives("INVITE")
        self.assertEqual(invite.request_uri, "sip:+442079460001@one.example;user=phone")
        self.assertEqual(invite.get("History-Info"), "<sip:anonymous@anonymous.invalid>;index=1, "
                                                     "<sip:+442079460001@one.example;user=phone>;index=1.1;mp=1")
        self.first.answers(connection, invite, 503)
        self.first.receives("ACK")
        connection, invite = self.second.receives("INVITE")
        self.second.answers(connection, invite, 404)
        self.second.receives("ACK")
        alice.receives(404)

    def test_calls_come_in(self):
        alice = self.phone(self.daemon, "alice")
        way = self.second.connect(self.port.number)
        way.send(self.second.request("INVITE", f"sip:{ALICES}@example.org", "<sip:+33123456789@two.example>;tag=1",
                                        f"<sip:{ALICES}@example.org>", sdp=True).bytes())
        invite = alice.receives("INVITE")
        self.assertEqual(invite.from_.uri, "sip:+33123456789@example.org;user=phone")
        self.assertEqual(invite.get("Call-Protection"), "gateway;hops=1")
        alice.sends(486)
        alice.receives("ACK")
        self.second.receives(486)

    def test_numbers(self):
        alice, bob = self.phone(self.daemon, "alice"), self.phone(self.daemon, "bob")
        for dialled in (f"sip:{ALICES}@example.org", f"tel:{ALICES}", "sip:0301111111@example.org", "sip:030-1111.111@example.org",
                        "sip:00493(01111111)@example.org", "sip:111@example.org", "tel:111;phone-context=example.org",
                        "tel:1111111;phone-context=+4930"):
            with self.subTest(dialled):
                bob.sends("INVITE", to=dialled)   # an own number stays inside
                alice.receives("INVITE")
                alice.sends(486)
                bob.receives(486)
                alice.receives("ACK")
        alice.sends("INVITE", to="sip:+49@example.org")
        alice.receives(480)
        alice.sends("INVITE", to="tel:+49")
        alice.receives(484)

    def test_an_account_with_two_numbers_of_which_one_is_presented(self):
        """Both lead to it from inside and from outside; calls from inside do not go out and come back."""
        alice, carol = self.phone(self.daemon, "alice"), self.phone(self.daemon, "carol")
        numbers = "+49302222222", "+442071234567"
        for number in numbers:
            self.daemon.sotto("account", "set", "carol@example.org", "--number", number)
        shown = json.loads(self.daemon.sotto("--json", "account", "show", "carol@example.org").stdout)["account"]
        self.assertEqual(shown["addresses"], ["carol@example.org", *(f"{number}@example.org" for number in numbers)])
        for number, national in zip(numbers, ("0302222222", "00442071234567")):
            for dialled in (f"sip:{number}@example.org", f"tel:{number}", f"sip:{national}@example.org"):
                with self.subTest(dialled):
                    alice.sends("INVITE", to=dialled)
                    invite = carol.receives("INVITE")
                    self.assertEqual(invite.from_.uri, alice.aor)
                    carol.sends(486)
                    carol.receives("ACK")
                    alice.receives(486)
            way = self.first.connect(self.port.number)
            way.send(self.first.request("INVITE", f"sip:{number}@example.org", "<sip:+33123456789@one.example>;tag=1",
                                        f"<sip:{number}@example.org>", sdp=True).bytes())
            carol.receives("INVITE")
            carol.sends(486)
            carol.receives("ACK")
            self.first.receives(486)
        carol.sends("INVITE", to=f"sip:{NUMBER}@example.org")
        connection, invite = self.first.receives("INVITE")   # the first of all that it has heard of these calls
        self.assertEqual(invite.from_.uri, f"sip:{numbers[0]}@example.org;user=phone")
        self.assertNotIn(numbers[1], str(invite))
        self.first.answers(connection, invite, 486)
        self.first.receives("ACK")
        carol.receives(486)

    def test_a_route_is_tested_without_calling(self):
        said = json.loads(self.daemon.sotto("--json", "route", "test", "alice@example.org", NUMBER).stdout)
        self.assertEqual(said["route"], "carrier")
        self.assertEqual(said["targets"], ["one.example", "two.example"])
        self.assertEqual(said["request_uri"], f"sip:{NUMBER}@one.example;user=phone")
        self.assertEqual(said["from"], f"<sip:{ALICES}@example.org;user=phone>")
        inside = json.loads(self.daemon.sotto("--json", "route", "test", "bob@example.org", ALICES).stdout)
        self.assertEqual((inside["way"], inside["to"]), ("inside", f"{ALICES}@example.org"))
        wrong = json.loads(self.daemon.sotto("--json", "route", "test", "bob@example.org", "+49").stdout)
        self.assertEqual((wrong["way"], wrong["to"]), ("inside", "+49@example.org"))
        whole = json.loads(self.daemon.sotto("--json", "route", "test", "bob@example.org", f"sip:{NUMBER}@example.org.").stdout)
        self.assertEqual(whole["request_uri"], said["request_uri"])
        nowhere = json.loads(self.daemon.sotto("--json", "route", "test", "bob@example.org", "sip:bob@elsewhere.example").stdout)
        self.assertEqual((nowhere["way"], nowhere["status"]), ("refused", 404))
        unknown = self.daemon.sotto("route", "test", "nobody@example.org", NUMBER, check=False)
        self.assertNotEqual(unknown.returncode, 0)
        self.assertIn("is no account's address", unknown.stderr)
        heard = [str(message) for message in self.first.heard() + self.second.heard()]
        self.assertFalse([message for message in heard if message.startswith("INVITE")], "somebody was called")

    def test_what_is_sent_is_what_was_said(self):
        """`route test` beside the call itself, shown and withheld."""
        alice = self.phone(self.daemon, "alice")
        for dialled in (NUMBER, f"#31#{NUMBER}", "00442079460000"):
            with self.subTest(dialled):
                said = json.loads(self.daemon.sotto("--json", "route", "test", "alice@example.org", dialled).stdout)
                connection, invite = self.dials(alice, dialled.replace("#", "%23"))
                self.assertEqual(invite.request_uri, said["request_uri"])
                self.assertEqual(invite.from_.uri, re.search("<(.*)>", said["from"]).group(1))
                self.assertEqual(invite.to.uri, re.search("<(.*)>", said["to"]).group(1))
                self.assertEqual(invite.all("P-Asserted-Identity"), said.get("p_asserted_identity", []))
                self.assertEqual(invite.all("Privacy"), [said["privacy"]] if "privacy" in said else [])
                self.assertEqual((said["kind"], said["protection"], said["billed"]), ("gateway", "marked", False))
                self.first.answers(connection, invite, 180)
                self.assertTrue(alice.receives(180).has("Call-Protection"))
                self.first.answers(connection, invite, 486)
                self.first.receives("ACK")
                alice.receives(486)


class Password(Gateway):
    @classmethod
    def setUpClass(cls) -> None:
        folder = tempfile.TemporaryDirectory(prefix="sotto-secret-")
        cls.addClassCleanup(folder.cleanup)
        secret = Path(folder.name) / "password"
        secret.write_text("trunk-password\n")
        secret.chmod(0o600)
        cls.route = {"username": "sotto", "password_file": str(secret), "caller_id": "asserted", "withheld_inside": True}
        super().setUpClass()

    def challenged(self, alice, nonce: str, algorithm: str, **options):
        connection, invite = self.dials(alice, **options)
        self.first.answers(connection, invite, 407, headers=((
            "Proxy-Authenticate", f'Digest realm="trunk", nonce="{nonce}", algorithm={algorithm}, qop="auth"'),))
        self.first.receives("ACK")
        return self.first.receives("INVITE")

    def test_digest_as_trunks_ask(self):
        alice = self.phone(self.daemon, "alice")
        for algorithm in ("MD5", "SHA-256"):
            with self.subTest(algorithm):
                connection, invite = self.challenged(alice, f"nonce-{algorithm}", algorithm)
                given = dict(re.findall(r'(\w+)="?([^",]+)"?', invite.get("Proxy-Authorization")))
                h = digest.HASH[algorithm]
                one = h(b"sotto:trunk:trunk-password").hexdigest()
                two = h(f"INVITE:{invite.request_uri}".encode()).hexdigest()
                whole = f"{one}:{given['nonce']}:{given['nc']}:{given['cnonce']}:auth:{two}"
                self.assertEqual(given["response"], h(whole.encode()).hexdigest())
                self.first.answers(connection, invite, 486)
                self.first.receives("ACK")
                alice.receives(486)

    def test_asserted_identity_also_of_withheld_callers_where_the_contract_says_so(self):
        alice = self.phone(self.daemon, "alice")
        said = json.loads(self.daemon.sotto("--json", "route", "test", "alice@example.org", f"#31#{NUMBER}").stdout)
        self.assertEqual((said["p_asserted_identity"], said["privacy"]), ([f"<sip:{ALICES}@example.org;user=phone>"], "id"))
        connection, invite = self.challenged(alice, "n3", "MD5", headers={"Privacy": "id"})
        self.assertEqual(invite.from_.uri, "sip:anonymous@anonymous.invalid")
        self.assertEqual(invite.get("P-Asserted-Identity"), f"<sip:{ALICES}@example.org;user=phone>")
        self.assertEqual(invite.get("Privacy"), "id")
        self.first.answers(connection, invite, 486)
        self.first.receives("ACK")
        alice.receives(486)


SDES = b"\r\n".join([
    b"v=0", b"o=- 1 1 IN IP4 192.0.2.33", b"s=-", b"c=IN IP4 192.0.2.33", b"t=0 0", b"m=audio 40000 RTP/SAVP 0",
    b"a=rtpmap:0 PCMU/8000", b"a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:d0RmdmcmVCspeEc3QGZiNWpVLFJhQX1cfHAwJSoj", b""])


class Contracts(Outside):
    """Several carriers, each with what its route says: keys that servers can read, tariffs, what the caller is told."""

    @classmethod
    def setUpClass(cls) -> None:
        super().setUpClass()
        cls.trunk = cls.keep(FarEnd("trunk.example", cls.authority.issue("trunk.example", ("trunk.example",)), cls.authority))
        cls.shut = cls.keep(FarEnd("shut.example", cls.authority.issue("shut.example", ("shut.example",)), cls.authority))
        silent, cls.plain = cls.keep(Port(), "release"), cls.keep(Plain())
        silent, cls.plain, cls.dead = cls.keep(Port(), "release"), cls.keep(Plain()), cls.keep(Plain())
        cls.keep(NameServer({"example": located(cls.trunk.port, at="trunk") + located(silent.number, at="silent") +
                             located(cls.plain.port, at="plain") + located(cls.dead.port, at="dead")}))
        master = cls.folder / "master.key"
        master.write_text("5a" * 32 + "\n")
        master.chmod(0o600)

        def carrier(name: str, match: str, **more) -> dict:
            return {"name": name, "kind": "gateway", "match": [match], "target": ["trunk.example"], **more}

        cls.daemon = cls.keep(Daemon(("alice", "bob", "speaker"), peers(cls.authority, cls.port.number, [
            carrier("old", "+331"), carrier("announced", "+332", protection="announce",
                                            announcement="speaker@sip.example.org"), # by an alias
            carrier("refused", "+333", protection="refuse"), carrier("billed", "+334", tariff="abroad"),
            {**carrier("several", "+335"), "target": ["silent.example", "plain.example", "trunk.example"]},
            {**carrier("bare", "+336"), "target": ["plain.example"]},
            {**carrier("shut", "+337", protection="refuse"), "target": ["shut.example"]},
            {**carrier("broken", "+338"), "target": ["dead.example", "trunk.example"]}, carrier("free", "+33")])
            | {"weaken": {"sdes_routes": ["old"], "master_key_file": str(master)},
               "billing": {"routes": [{"name": "billed"}]}},
            authority=cls.authority), "destroy")

    def test_readable_keys_where_the_operator_has_named_the_route(self):
        alice, bob = self.phone(self.daemon, "alice"), self.phone(self.daemon, "bob")
        self.assertTrue([line for line in self.daemon.logged("weakened") if "weaken.sdes_routes" in line and "old" in line])
        alice.sends("INVITE", to="sip:+33199000000@example.org", body=SDES)
        connection, invite = self.trunk.receives("INVITE")
        self.assertTrue([line for line in invite.sdp if line.startswith("a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:")])
        self.trunk.answers(connection, invite, 180)
        self.assertEqual(alice.receives(180).get("Call-Protection"), "gateway;keys=sdes;hops=1")
        self.trunk.answers(connection, invite, 486)
        self.trunk.receives("ACK")
        alice.receives(486)
        for elsewhere in ("sip:+33599000000@example.org", bob.aor):
            alice.sends("INVITE", to=elsewhere, body=SDES)
            alice.receives(488)
        bob.has_received_nothing_else()

    def test_the_next_target_is_tried(self):
        """Where nobody listens, and where somebody speaks without TLS."""
        alice = self.phone(self.daemon, "alice")
        alice.sends("INVITE", to="sip:+33599000001@example.org")
        connection, invite = self.trunk.receives("INVITE")
        self.assertEqual(invite.request_uri, "sip:+33599000001@trunk.example;user=phone")
        self.trunk.answers(connection, invite, 486)
        self.trunk.receives("ACK")
        alice.receives(486)

    def test_only_the_first_call_waits_for_a_target_that_is_dead(self):
        alice = self.phone(self.daemon, "alice")
        for call in range(3):
            self.trunk.takes_a_call(alice, f"sip:+3389900000{call}@example.org")
            self.assertEqual(self.dead.accepted, 1)

    def test_a_target_without_tls_gets_nothing(self):
        alice = self.phone(self.daemon, "alice")
        told = self.daemon.log.count(" route-unreachable: ")
        alice.sends("INVITE", to="sip:+33699000000@example.org")
        alice.receives(503)
        self.assertIn("bare", self.daemon.logged("route-unreachable", told + 1)[-1])
        self.assertNotIn(b"SIP/2.0", self.plain.heard)

    def test_refused_with_the_reason(self):
        alice = self.phone(self.daemon, "alice")
        alice.sends("INVITE", to="sip:+33399000000@example.org", headers={"Accept-Language": "de"})
        self.assertIn("Dieser Anruf ist abgelehnt", alice.receives(403).get("Warning"))

    def test_refused_with_the_reason_when_it_comes_in(self):
        alice, way = self.phone(self.daemon, "alice"), self.shut.connect(self.port.number)
        request = self.shut.request("INVITE", alice.aor, "<sip:+33799000000@shut.example>;tag=1", f"<{alice.aor}>", sdp=True)
        way.send(request.bytes())
        _, refused = self.shut.receives(403)
        self.assertIn("This call is refused", refused.get("Warning"))
        self.assertFalse(refused.has("Call-Protection"))
        alice.has_received_nothing_else()

    def test_announced_by_a_media_server(self):
        alice, speaker = self.phone(self.daemon, "alice"), self.phone(self.daemon, "speaker")
        alice.sends("INVITE", to="sip:+33299000000@example.org")
        speaker.receives("INVITE")
        speaker.sends(183, sdp=True)
        self.assertTrue(alice.receives(183).body, "what it says")
        speaker.sends(603)
        speaker.receives("ACK")
        connection, invite = self.trunk.receives("INVITE")
        self.trunk.answers(connection, invite, 180)
        self.assertEqual(alice.receives(180).get("Call-Protection"), "gateway;hops=1")
        self.trunk.answers(connection, invite, 486)
        self.trunk.receives("ACK")
        alice.receives(486)

    def test_a_media_server_that_is_nobody_is_told_at_once(self):
        """By the check with its place, and by the daemon's log; neither says whose address it is."""
        self.assertNotIn("announcement", self.daemon.check_config().stdout)
        routes = self.daemon.config["routes"]
        self.daemon.config["routes"] = [*routes, {"name": "mute", "kind": "gateway", "match": ["+339"], "target": ["trunk.example"],
                                                  "protection": "announce", "announcement": "nowhere@example.org"}]
        self.daemon.write_config()
        try:
            checked = self.daemon.check_config()
            self.assertEqual(checked.returncode, 0, "the account can be made when the daemon runs")
            self.assertRegex(checked.stdout, rf"warning: .*sotto.yaml:\d+:\d+: routes\[{len(routes)}\].announcement: no account has "
                                             "this address.*; add the account")
            self.daemon.sotto("reload")
            notices = 1
            while not any("nobody announces calls over" in line and "mute" in line
                          for line in self.daemon.logged("notice", notices)):
                notices += 1
            self.assertNotIn("nowhere", checked.stdout + self.daemon.log)
        finally:
            self.daemon.config["routes"] = routes
            self.daemon.write_config()
            self.daemon.sotto("reload")

    def test_only_calls_on_routes_with_a_tariff_are_billed(self):
        alice = self.phone(self.daemon, "alice")
        for number in ("+33599000000", "+33499000001"):
            said = json.loads(self.daemon.sotto("--json", "route", "test", "alice@example.org", number).stdout)
            self.assertEqual(said["billed"], number.startswith("+334"))
            self.trunk.takes_a_call(alice, f"sip:{number}@example.org")
        [row] = wait_for_calls(self.daemon, 1)
        self.assertEqual((row["destination"], row["tariff"], row["address"]), ("+33499000001", "abroad", "alice@example.org"))


class SippGateway(Outside):
    """sipp answers as the gateway; a stunnel with the gateway's certificate stands before it."""

    def test_sipp_plays_the_gateway(self):
        """Early media, DTMF in the signalling, a session timer that the gateway refreshes."""
        alice, sipp = self.plays([
            receive("INVITE", keep=True), response(100, tag=False), response(183, sdp="active"),
            response(200, sdp="active", headers=("Supported: timer", "Require: timer", "Session-Expires: 1800;refresher=uac")),
            receive("ACK"), receive("INFO"), response(200), receive("INVITE", keep=True),
            response(200, sdp="active", headers=("Supported: timer", "Require: timer", "Session-Expires: 1800;refresher=uac")),
            receive("ACK"), receive("BYE"), response(200)])
        timer = {"Supported": "timer", "Session-Expires": "1800"}
        alice.sends("INVITE", to=f"sip:{NUMBER}@example.org", headers=timer)
        self.assertTrue(alice.receives(183).body, "early media")
        self.assertEqual(alice.receives(200).get("Session-Expires"), "1800;refresher=uac")
        alice.sends("ACK")
        alice.sends("INFO", body=b"Signal=5\r\nDuration=160\r\n", content_type="application/dtmf-relay", sdp=False)
        alice.receives(200)
        alice.sends("INVITE", headers=timer)
        alice.receives(200)
        alice.sends("ACK")
        alice.sends("BYE")
        alice.receives(200)
        sipp.succeeds()
        self.assertIn("Signal=5", sipp.messages)

    def test_sipp_declines(self):
        alice, sipp = self.plays([receive("INVITE"), response(180), response(603), receive("ACK")])
        alice.sends("INVITE", to=f"sip:{NUMBER}@example.org")
        alice.receives(180)
        alice.receives(603)
        sipp.succeeds()

    def test_sipp_redirects(self):
        """To a subscriber of ours, who answers in the gateway's place; the caller sees nothing of it."""
        alice, sipp = self.plays([receive("INVITE"), response(302, headers=("Contact: <sip:bob@example.org>",)), receive("ACK")])
        bob = self.phone(self.daemon, "bob")
        alice.sends("INVITE", to=f"sip:{NUMBER}@example.org")
        self.assertFalse(bob.receives("INVITE").has("History-Info"))
        sipp.succeeds()
        bob.sends(486)
        bob.receives("ACK")
        alice.receives(486)

    def plays(self, steps: list) -> tuple:
        """Alice's phone, and sipp with these steps."""
        chain, key = self.authority.issue("gw.example", ("gw.example",))
        plain, secure = Port(), Port()
        self.addCleanup(plain.release)
        self.addCleanup(secure.release)
        config = self.folder / "gateway.conf"
        config.write_text(f"foreground = yes\npid =\n[gateway]\naccept = 127.0.0.1:{secure.number}\n"
                          f"connect = 127.0.0.1:{plain.number}\ncert = {chain}\nkey = {key}\n"
                          f"CAfile = {self.authority.certificate}\nverifyChain = yes\nTIMEOUTclose = 0\n"
                          "socket = l:TCP_NODELAY=1\nsocket = r:TCP_NODELAY=1\n")
        tunnel = subprocess.Popen(["stunnel4", str(config)], stdin=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
        self.addCleanup(lambda: (tunnel.terminate(), tunnel.wait(), tunnel.stderr.close()))
        next(line for line in tunnel.stderr if "Configuration successful" in line)
        names = NameServer({"example": located(secure.number, at="gw")})
        self.addCleanup(names.stop)
        self.daemon = Daemon(("alice", "bob"), peers(self.authority, self.port.number, [
            {"name": "carrier", "kind": "gateway", "match": ["+"], "target": ["gw.example"]}]), authority=self.authority)
        self.addCleanup(self.daemon.destroy)
        sipp = Sipp(self.folder, "gateway", "gateway", plain.number, steps, serves=True)
        self.addCleanup(sipp.stop)
        sipp.is_ready(plain.number)
        return self.phone(self.daemon, "alice"), sipp


if __name__ == "__main__":
    unittest.main()
