"""SIP over secure WebSocket (RFC 7118): the handshake, the frames, and calls between pages and phones."""

import base64
import hashlib
import hmac
import json
import socket
import tempfile
import time
from pathlib import Path

from support import digest
from support.daemon import DOMAIN, PASSWORD
from support.flow_test import FlowTest
from support.limits import patience
from support.tls import CLOSED
from support.web import BINARY, CLOSE, CONTINUATION, PING, PONG, TEXT, Control, frame


class WebTest(FlowTest):
    def page(self, **options):
        """A connection of a browser, upgraded unless told otherwise."""
        connection = self.daemon.connect_web(**options)
        self.addCleanup(connection.close)
        return connection

    def arrives(self, connection):
        item = connection.next(patience(5))
        self.assertIsNotNone(item, "nothing arrived")
        return item

    def assert_closes(self, connection, code: int) -> None:
        item = self.arrives(connection)
        self.assertIsInstance(item, Control, item)
        self.assertEqual((item.opcode, item.code), (CLOSE, code))
        self.assertEqual(self.arrives(connection), CLOSED)


class Handshake(WebTest):
    config = {"web": {"origins": ["https://phone.example.net:8443", "https://example.org"]}}

    def test_what_is_refused(self):
        for fields, status in (
                ({"Sec-WebSocket-Protocol": None}, 400),
                ({"Sec-WebSocket-Protocol": "xmpp"}, 400),
                ({"Sec-WebSocket-Key": "c2hvcnQ="}, 400),
                ({"Sec-WebSocket-Key": None}, 400),
                ({"Host": None}, 400),
                ({"Content-Length": "3"}, 400),
                ({"Transfer-Encoding": "chunked"}, 400),
                ({"Origin": "https://example.net"}, 403),
                ({"Origin": "http://example.org"}, 403),
                ({"Origin": "https://example.org:444"}, 403),
                ({"Origin": "https://evil-example.org"}, 403),
                ({"Origin": "null"}, 403),
                ({"Upgrade": None}, 404),
                ({"Connection": "close"}, 404),
                ({"Sec-WebSocket-Version": "8"}, 426)):
            with self.subTest(fields=fields):
                page = self.page(upgrades=False)
                response = page.upgrade(fields)
                self.assertEqual(response.status, status)
                self.assertEqual(response.fields.get("sec-websocket-version"), "13" if status == 426 else None)
                self.assertEqual(self.arrives(page), CLOSED)

    def test_origins_of_the_list(self):
        for origin in ("https://phone.example.net:8443", "https://example.org", "https://EXAMPLE.org", None):
            self.page(fields={"Origin": origin})

    def test_one_of_several_protocols_is_sip(self):
        self.page(fields={"Sec-WebSocket-Protocol": "xmpp, sip"})

    def test_other_methods(self):
        for method in ("POST", "PUT", "DELETE", "TRACE"):
            page = self.page(upgrades=False)
            self.assertEqual(page.ask(method, "/").status, 405)
            self.assertEqual(self.arrives(page), CLOSED)

    def test_what_is_no_http(self):
        for text in (b"REGISTER sip:example.org SIP/2.0\r\nCall-ID: 1\r\n\r\n", b"GET / HTTP/1.0\r\nHost: a\r\n\r\n",
                     b"GET /\r\n\r\n", b"\0\1\2\3\r\n\r\n", b"GET / HTTP/1.1\r\nHost : a\r\n\r\n"):
            page = self.page(upgrades=False)
            page.send_bytes(text)
            self.assertEqual(self.arrives(page).status, 400)
            self.assertEqual(self.arrives(page), CLOSED)

    def test_endless_head(self):
        page = self.page(upgrades=False)
        page.send_bytes(b"GET / HTTP/1.1\r\n" + b"X-Filler: " + b"a" * 20_000)
        self.assertEqual(self.arrives(page).status, 431)
        self.assertEqual(self.arrives(page), CLOSED)

    def test_nothing_says_who_answers(self):
        page = self.page(upgrades=False)
        response = page.upgrade()
        self.assertEqual(set(response.fields), {"upgrade", "connection", "sec-websocket-accept",
                                                "sec-websocket-protocol"})

    def test_sip_listener_speaks_no_http(self):
        with self.daemon.connect() as connection:
            connection.send(b"GET / HTTP/1.1\r\nHost: example.org\r\n\r\n")
            self.assertEqual(connection.wait_closed(), [])


class Frames(WebTest):
    web_phones = ("alice", "bob")

    def options(self, body: bytes = b"", length: str | None = None) -> bytes:
        lines = ["OPTIONS sip:example.org SIP/2.0", "Via: SIP/2.0/WSS x.invalid;branch=z9hG4bKweb",
                 "From: <sip:a@example.org>;tag=1", "To: <sip:example.org>", "Call-ID: web", "CSeq: 1 OPTIONS",
                 "Max-Forwards: 70", *([f"Content-Length: {length}"] if length is not None else [])]
        return "\r\n".join(lines).encode() + b"\r\n\r\n" + body

    def assert_answered(self, page, status: int = 200) -> None:
        message = self.arrives(page)
        self.assertEqual(getattr(message, "status", message), status)

    def test_message_without_content_length(self):
        page = self.page()
        page.send(self.options())
        self.assert_answered(page)

    def test_wrong_content_length_ends_nothing(self):
        page = self.page()
        page.send(self.options(b"abc", "7"))
        self.assert_answered(page, 400)
        page.send(self.options(b"", "0"))
        self.assert_answered(page)

    def test_binary_frames(self):
        page = self.page()
        page.opcode = BINARY
        page.send(self.options())
        self.assert_answered(page)
        self.assertEqual(page.binary_messages, 0)

    def test_bytes_that_are_no_utf8_travel_in_binary_frames(self):
        alice, bob = self.registered("alice", "bob")
        alice.connection.opcode = BINARY
        alice.sends("MESSAGE", to=bob, body=b"gr\xfc\xdfe", content_type="text/plain")
        self.assertEqual(bob.receives("MESSAGE").body, b"gr\xfc\xdfe")
        self.assertEqual(bob.connection.binary_messages, 1)
        bob.sends(200)
        alice.receives(200)

    def test_fragments_with_a_ping_between(self):
        page, text = self.page(), self.options()
        page.send_bytes(frame(text[:50], TEXT, last=False) + frame(b"still here?", PING) +
                        frame(text[50:51], CONTINUATION, last=False) + frame(b"", CONTINUATION, last=False) +
                        frame(text[51:], CONTINUATION))
        self.assertEqual(self.arrives(page), Control(PONG, b"still here?"))
        self.assert_answered(page)

    def test_characters_cut_by_fragments_are_whole_again(self):
        alice, bob = self.registered("alice", "bob")
        alice.connection.fragment = 1
        alice.sends("MESSAGE", to=bob, body="grüße".encode(), content_type="text/plain;charset=UTF-8")
        self.assertEqual(bob.receives("MESSAGE").body.decode(), "grüße")
        bob.sends(200)
        alice.receives(200)

    def test_byte_by_byte(self):
        page = self.page()
        for byte in frame(self.options()):
            page.send_bytes(bytes([byte]))
        self.assert_answered(page)

    def test_several_frames_at_once(self):
        page = self.page()
        page.send_bytes(frame(self.options()) * 3)
        for _ in range(3):
            self.assert_answered(page)

    def test_keep_alive_of_rfc5626(self):
        page = self.page()
        page.send(b"\r\n\r\n")
        self.assertEqual(self.arrives(page), "pong")

    def test_unasked_pong_is_ignored(self):
        page = self.page()
        page.send_bytes(frame(b"x", PONG))
        page.send(self.options())
        self.assert_answered(page)

    def test_close_is_answered(self):
        for code in (1000, 1001, 1011, 3000, 4999):
            page = self.page()
            page.send_bytes(frame(code.to_bytes(2, "big") + "tschüß".encode(), CLOSE))
            self.assert_closes(page, code)
        page = self.page()
        page.send_bytes(frame(b"", CLOSE))
        self.assert_closes(page, 1000)

    def test_nothing_is_heard_after_a_close(self):
        page = self.page()
        page.send_bytes(frame((1000).to_bytes(2, "big"), CLOSE) + frame(self.options()) + frame(b"", PING))
        self.assert_closes(page, 1000)

    def test_broken_rules_end_the_connection(self):
        text = self.options()
        for name, bytes_, code in (
                ("not masked", frame(text, masked=False), 1002),
                ("reserved bit", frame(text, reserved=4), 1002),
                ("unknown opcode", frame(text, 3), 1002),
                ("continuation of nothing", frame(text, CONTINUATION), 1002),
                ("message inside a message", frame(b"a", last=False) + frame(text), 1002),
                ("fragmented ping", frame(b"", PING, last=False), 1002),
                ("long ping", frame(b"x" * 126, PING), 1002),
                ("length longer than needed", bytes([0x81, 0xfe, 0, 5]) + b"\0" * 9, 1002),
                ("length longer than needed, in eight bytes", bytes([0x81, 0xff, *[0] * 6, 1, 0]) + b"\0" * 260, 1002),
                ("ping that is not masked", frame(b"x", PING, masked=False), 1002),
                ("close of one byte", frame(b"\x03", CLOSE), 1002),
                *[(f"close with {code}", frame(code.to_bytes(2, "big"), CLOSE), 1002)
                  for code in (0, 999, 1004, 1005, 1006, 1015, 2999, 5000, 65535)],
                ("close with a reason that is no UTF-8", frame(b"\x03\xe8\xff", CLOSE), 1002),
                ("fragmented close", frame(b"\x03\xe8", CLOSE, last=False), 1002),
                ("text that is no UTF-8", frame(b"\xff" + text), 1007),
                ("half a character", frame(text + b"\xc3"), 1007),
                ("half a character at the end of the last fragment",
                 frame(text, last=False) + frame(b"\xc3", CONTINUATION), 1007),
                ("not SIP", frame(b"hello"), 1007),
                ("two messages in one", frame(self.options(length="0") * 2), None),
                ("10 MB declared", frame(b"", length=10_000_000)[:14], 1009),
                ("2^63 declared", frame(b"", length=2**63)[:14], 1009)):
            with self.subTest(name):
                page = self.page()
                page.send_bytes(bytes_)
                if code is None:
                    self.assert_answered(page, 400)
                else:
                    self.assert_closes(page, code)

    def test_fragments_without_end_are_too_big(self):
        page = self.page()
        page.send_bytes(frame(b"a" * 60_000, last=False))
        page.send_bytes(frame(b"a" * 60_000, CONTINUATION, last=False))
        self.assert_closes(page, 1009)

    def test_drain_says_that_the_server_goes(self):
        page = self.page()
        self.daemon.stop()
        self.assert_closes(page, 1001)


class Padding(WebTest):
    """Of the handshake; of messages see census.length."""
    CELL, TAG = 4096, 16   # bytes; the tag of a record is not padded

    def test_handshake_and_its_refusal(self):
        for fields, status in ({}, 101), ({"Origin": "https://example.net"}, 403), ({"Sec-WebSocket-Version": "8"}, 426):
            page = self.page(upgrades=False)
            self.assertEqual(page.upgrade(fields).status, status)
            self.assertIn(self.CELL + self.TAG, page.record_sizes)


class Calls(WebTest):
    web_phones = ("alice", "bob")

    def test_page_calls_page(self):
        alice, bob = self.registered("alice", "bob")
        self.call(alice, bob)
        self.hang_up(alice, bob)

    def test_page_calls_phone(self):
        alice, carol = self.registered("alice", "carol")
        self.call(alice, carol)
        self.hang_up(carol, alice)

    def test_phone_calls_page(self):
        alice, carol = self.registered("alice", "carol")
        self.call(carol, alice)
        self.hang_up(alice, carol)

    def test_messages(self):
        alice, carol = self.registered("alice", "carol")
        for sender, receiver in ((alice, carol), (carol, alice)):
            sender.sends("MESSAGE", to=receiver, body="grüße".encode(), content_type="text/plain;charset=UTF-8")
            self.assertEqual(receiver.receives("MESSAGE").body.decode(), "grüße")
            receiver.sends(200)
            sender.receives(200)

    def test_change_of_network_in_a_call(self):
        alice, carol = self.registered("alice", "carol")
        self.call(alice, carol)
        alice.loses_connection()
        alice.connects()
        alice.registers()
        alice.sends("INVITE")   # ICE restart (RFC 8839 4.4.1)
        carol.receives("INVITE")
        carol.sends(200)
        alice.receives(200)
        alice.sends("ACK")
        carol.receives("ACK")
        self.hang_up(carol, alice)

    def test_binding_ends_with_its_connection(self):
        [alice] = self.registered("alice")
        alice.connection.close()
        self.daemon.wait_for_bindings(alice.user, 0)


class Turn(WebTest):
    """draft-uberti-behave-turn-rest over HTTPS, with Digest (RFC 7616)."""
    uris = ["turn:turn.example.org:3478?transport=udp", "turns:turn.example.org:5349"]
    secret = "north-wind-and-sun"

    @classmethod
    def setUpClass(cls):
        folder = tempfile.TemporaryDirectory(prefix="sotto-turn-")
        cls.addClassCleanup(folder.cleanup)
        cls.secret_file = Path(folder.name) / "turn.secret"
        cls.secret_file.touch(mode=0o600)
        cls.secret_file.write_text(cls.secret + "\n")
        cls.config = {"turn": {"uris": cls.uris, "secret": str(cls.secret_file), "lifetime": "10m"}}
        super().setUpClass()

    def target(self, name: str) -> str:
        return f"/?service=turn&username={self._user(name, self._testMethodName)}%40{DOMAIN}"

    def challenged(self, page, name: str) -> dict:
        response = page.ask("GET", self.target(name))
        self.assertEqual(response.status, 401)
        self.assertEqual(response.body, b"")
        return digest.parse_challenge(response.fields["www-authenticate"])

    def proves(self, page, name: str, challenge: dict, password: str = PASSWORD, uri: str | None = None, **options):
        user = self._user(name, self._testMethodName)
        value = digest.answer(challenge, user, password, "GET", uri or self.target(name), **options)
        return page.ask("GET", self.target(name), {"Authorization": value})

    def credentials(self, name: str, page=None) -> dict:
        page = page or self.page(upgrades=False)
        response = self.proves(page, name, self.challenged(page, name))
        self.assertEqual(response.status, 200)
        return json.loads(response.body)

    def test_credentials(self):
        before = int(time.time())
        given = self.credentials("alice")
        self.assertEqual(set(given), {"username", "password", "ttl", "uris"})
        self.assertEqual((given["ttl"], given["uris"]), (600, self.uris))
        ends, _, who = given["username"].partition(":")
        self.assertTrue(before + 600 <= int(ends) <= time.time() + 600, ends)
        right = hmac.new(self.secret.encode(), given["username"].encode(), hashlib.sha1).digest()
        self.assertEqual(base64.b64decode(given["password"]), right)
        self.assertNotIn("alice", who)

    def test_pseudonyms(self):
        """One for each account, and the same all day, so that the relay can count."""
        if time.time() % 86400 > 86400 - 60:
            self.skipTest("the day is about to change")
        alice, again, bob = (self.credentials(name)["username"].partition(":")[2] for name in ("alice", "alice", "bob"))
        self.assertEqual(alice, again)
        self.assertNotEqual(alice, bob)

    def test_connection_serves_again(self):
        page = self.page(upgrades=False)
        self.credentials("alice", page)
        self.credentials("bob", page)
        self.assertEqual(page.upgrade().status, 101)

    def test_who_proves_nothing_gets_nothing(self):
        page = self.page(upgrades=False)
        challenge = self.challenged(page, "alice")
        self.assertEqual(self.proves(page, "alice", challenge, "wrong").status, 401)
        self.assertEqual(self.proves(page, "alice", challenge, uri="/").status, 401)
        self.assertEqual(self.proves(page, "alice", challenge).status, 200)
        replayed = self.proves(page, "alice", challenge)
        self.assertEqual(replayed.status, 401)
        self.assertIn("stale=true", replayed.fields["www-authenticate"])
        other = self.page(upgrades=False)
        self.assertIn("stale=true", self.proves(other, "alice", challenge, nc=2).fields["www-authenticate"])

    def test_unknown_account_looks_like_any(self):
        page = self.page(upgrades=False)
        known = page.ask("GET", self.target("alice"))
        unknown = page.ask("GET", f"/?service=turn&username=nobody%40{DOMAIN}")
        self.assertEqual((known.status, list(known.fields)), (unknown.status, list(unknown.fields)))
        self.assertEqual(len(known.fields["www-authenticate"]), len(unknown.fields["www-authenticate"]))

    def test_suspended_account(self):
        user = self._user("alice", self._testMethodName)
        self.daemon.sotto("account", "set", f"{user}@{DOMAIN}", "--status", "suspended")
        page = self.page(upgrades=False)
        self.assertEqual(self.proves(page, "alice", self.challenged(page, "alice")).status, 401)

    def test_what_is_not_there(self):
        for target in ("/", "/turn", "/?service=stun&username=a%40example.org", "/?service=turn",
                       "/?service=turn&username=alice", "/?service=turn&username=a%40example.net"):
            with self.subTest(target):
                self.assertEqual(self.page(upgrades=False).ask("GET", target).status, 404)

    def test_page_of_another_place_may_read_it(self):
        """Cross-origin requests: a page is seldom served by the daemon's own port."""
        page = self.page(upgrades=False)
        asked = page.ask("OPTIONS", self.target("alice"), {"Access-Control-Request-Method": "GET",
                                                           "Access-Control-Request-Headers": "authorization"})
        self.assertEqual((asked.status, asked.fields["access-control-allow-origin"],
                          asked.fields["access-control-allow-headers"]), (204, "https://example.org", "Authorization"))
        response = page.ask("GET", self.target("alice"))
        self.assertEqual(response.fields["access-control-allow-origin"], "https://example.org")
        self.assertEqual(response.fields["access-control-expose-headers"], "WWW-Authenticate")
        self.assertEqual(response.fields["cache-control"], "no-store")
        foreign = page.ask("GET", self.target("alice"), {"Origin": "https://example.net"})
        self.assertEqual((foreign.status, "access-control-allow-origin" in foreign.fields), (403, False))

    def test_new_secret_at_reload(self):
        self.addCleanup(self.daemon.sotto, "reload")
        self.addCleanup(self.secret_file.write_text, self.secret + "\n")
        for secret, end in (("south-wind", "\n"), ("west-wind", "\r\n"), ("east-wind", "")):   # however the editor ends lines
            self.secret_file.write_text(secret + end)
            self.daemon.sotto("reload")
            given = self.credentials("alice")
            right = hmac.new(secret.encode(), given["username"].encode(), hashlib.sha1).digest()
            self.assertEqual(base64.b64decode(given["password"]), right)

    def test_record_is_padded(self):
        page = self.page(upgrades=False)
        self.credentials("alice", page)
        self.assertEqual([size % 4096 for size in page.record_sizes[-2:]], [16] * 2)


class NoTurn(WebTest):
    def test_nothing_is_handed_out(self):
        page = self.page(upgrades=False)
        self.assertEqual(page.ask("GET", f"/?service=turn&username=alice%40{DOMAIN}").status, 404)


class LimitedTurn(WebTest):
    failures_per_minute = 3

    @classmethod
    def setUpClass(cls):
        secret = tempfile.NamedTemporaryFile("w", prefix="sotto-turn-")
        cls.addClassCleanup(secret.close)
        secret.write("s\n")
        secret.flush()
        cls.config = {"limits": {"auth_failures_per_minute": cls.failures_per_minute},
                      "turn": {"uris": ["turn:turn.example.org"], "secret": secret.name}}
        super().setUpClass()


class TurnLimits(LimitedTurn):
    def test_guessing_does_not_pay(self):
        user = self._user("alice", self._testMethodName)
        target = f"/?service=turn&username={user}%40{DOMAIN}"
        page = self.page(upgrades=False)
        statuses = []
        for password in ("a", "b", "c", "d", "e", PASSWORD):
            challenge = digest.parse_challenge(page.ask("GET", target).fields["www-authenticate"])
            value = digest.answer(challenge, user, password, "GET", target)
            statuses.append(page.ask("GET", target, {"Authorization": value}).status)
        self.assertEqual(statuses[:3], [401] * 3)
        self.assertEqual(statuses[-1], 503)


class SlowTurn(LimitedTurn):
    failures_per_minute = 2

    def test_a_wrong_password_takes_time(self):
        """From half of what a minute may have; the connection, on which other requests wait already, goes on then."""
        user = self._user("alice", self._testMethodName)
        target = f"/?service=turn&username={user}%40{DOMAIN}"
        head = f"GET {target} HTTP/1.1\r\nHost: example.org\r\n"
        page = self.page(upgrades=False)
        for wrong in ("a", "b"):
            challenge = digest.parse_challenge(page.ask("GET", target).fields["www-authenticate"])
            value = digest.answer(challenge, user, wrong, "GET", target)
            begun = time.monotonic()
            page.send_bytes(f"{head}Authorization: {value}\r\n\r\n".encode())
            if wrong == "b":   # one more behind it, and half of another
                page.send_bytes(f"{head}\r\n{head}".encode())
            self.assertEqual(self.arrives(page).status, 401)
        self.assertGreaterEqual(time.monotonic() - begun, 1.9)
        self.assertEqual(self.arrives(page).status, 401)
        page.send_bytes(b"\r\n")   # the end of the third
        self.assertEqual(self.arrives(page).status, 401)


class WebLimits(WebTest):
    """What bounds a phone's connection bounds a page's."""
    config = {"limits": {"connections_per_source": 3, "handshake_timeout": "1s", "message_bytes": 8192, "headers": 32}}

    def options(self, headers: int = 0, body: int = 0) -> bytes:
        lines = ["OPTIONS sip:example.org SIP/2.0", "Via: SIP/2.0/WSS x.invalid;branch=z9hG4bKlimits",
                 "From: <sip:a@example.org>;tag=1", "To: <sip:example.org>", "Call-ID: limits", "CSeq: 1 OPTIONS",
                 "Max-Forwards: 70", f"Content-Length: {body}", *["X-Filler: 1"] * headers]
        return "\r\n".join(lines).encode() + b"\r\n\r\n" + b"x" * body

    def test_pages_and_phones_of_one_source_count_together(self):
        held = [self.daemon.connect(source="127.9.0.2"), self.daemon.connect_web(source="127.9.0.2"),
                self.daemon.connect_web(source="127.9.0.2", upgrades=False)]
        self.addCleanup(lambda: [one.close() for one in held])
        for connect in (self.daemon.connect, self.daemon.connect_web):
            with self.assertRaises(OSError):
                connect(source="127.9.0.2")
        self.page(source="127.9.0.3")   # another source is not concerned

    def test_a_handshake_that_goes_nowhere(self):
        for said in (b"", b"\x16\x03\x01"):
            with socket.create_connection(("127.0.0.1", self.daemon.web_port), patience(5)) as silent:
                begun = time.monotonic()
                silent.sendall(said)
                silent.settimeout(patience(10))
                self.assertEqual(silent.recv(1), b"")
                self.assertGreaterEqual(time.monotonic() - begun, 0.9)

    def test_too_many_headers(self):
        page = self.page(source="127.9.0.4")
        page.send(self.options(headers=20))
        self.assertEqual(self.arrives(page).status, 200)
        page.send(self.options(headers=33))
        self.assertEqual(self.arrives(page).status, 513)
        page.send(self.options())   # frames keep their ends: nothing else is lost
        self.assertEqual(self.arrives(page).status, 200)

    def test_too_long_a_message(self):
        for bytes_ in (self.options(body=40_000), self.options(headers=4_000)):
            page = self.page(source="127.9.0.5")
            page.send(bytes_)
            self.assert_closes(page, 1009)
            page.close()
        page = self.page(source="127.9.0.5")
        page.send_bytes(frame(b"", length=10_000_000))   # what is declared is enough
        self.assert_closes(page, 1009)
