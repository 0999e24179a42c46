"""RFC 4475 once its senders are known: the messages that are valid, or wrong only in what is asked for, from users of ours
to users of ours. Nothing else is changed in them but the addresses of those, a description that may pass, and the
credentials that answer the challenge."""

import re
import secrets
from pathlib import Path

from support import digest, sip
from support.daemon import PASSWORD
from support.flow_test import FlowTest
from support.limits import patience

CORPUS = Path(__file__).resolve().parent.parent / "corpus" / "rfc4475"
ALICE, BOB = "{alice}", "{bob}"

# name -> whose addresses stand in for whose, and what comes of it: the answer, or "carried" to Bob, who refuses
OUTCOMES = {
    "wsinv": ({"sip:jdrosen@example.com>\r\n": ALICE + ">\r\n", "sip:vivekg@chair-dnrc.example.com": BOB,
               "sip:services.example.com": "sip:example.com"}, 481),   # in a dialog that is not
    "esc01": ({"sip:I%20have%20spaces@example.net": ALICE, "sip:%75se%72@example.com": BOB}, 480),   # nobody of that name
    "lwsdisp": ({"sip:caller@example.com": ALICE}, 200),
    "longreq": ({"sip:amazinglylongcallername" + "amazinglylongcallername" * 4 + "@example.net": ALICE,
                 "INVITE sip:user@example.com": "INVITE " + BOB, "sip:user@example.com:6000": BOB}, "carried"),
    "semiuri": ({"sip:caller@example.org": ALICE}, 200),
    "transports": ({"sip:caller@example.com": ALICE}, 200),
    "mpart01": ({"sip:fluffy@example.com": ALICE, "sip:kumiko@example.org": BOB, "sip:127.0.0.1:5080": "sip:example.org;lr"},
                "carried"),
    "badbranch": ({"sip:caller@example.org": ALICE}, 200),
    "baddate": ({"sip:caller@example.net": ALICE, "sip:user@example.com": BOB}, "carried"),   # Sotto reads no Date
    "unksm2": ({}, 400),   # the To of a REGISTER is a SIP URI
    "invut": ({"sip:caller@example.net": ALICE, "sip:user@example.com": BOB, "sip:j.user@example.com": BOB}, 415),
    "sdp01": ({"sip:caller@example.net": ALICE, "sip:user@example.com": BOB, "sip:j_user@example.com": BOB}, "carried"),
    "zeromf": ({"sip:caller@example.net": ALICE}, 200),   # for us
    "regaut01": ({"sip:j.user@example.com": ALICE}, 200),   # a scheme that nobody knows does not hide the one that counts
    "cparam01": ({"sip:watson@example.com": ALICE}, 200),
    "cparam02": ({"sip:watson@example.com": ALICE}, 200),
    "regescrt": ({"To: sip:user@example.com": "To: " + ALICE, "From: sip:user@example.com": "From: " + ALICE}, 200),
    "escnull": ({"sip:null-%00-null@example.com": ALICE}, 200),
}


class Served(FlowTest):
    aliases = ("example.com", "example.net")

    def setUp(self):
        super().setUp()
        self.bob = self.registered("bob")[0]
        self.alice = self.phone("alice")

    def message(self, name: str, replaced: dict) -> bytes:
        message = (CORPUS / f"{name}.dat").read_bytes()
        for former, mine in replaced.items():
            self.assertIn(former.encode(), message)
            message = message.replace(former.encode(), mine.format(alice=self.alice.aor, bob=self.bob.aor).encode())
        if b"RTP/AVP" in message:   # media in the clear is refused, whatever the head says
            head = message.partition(b"\r\n\r\n")[0]
            body = self.alice.media.describe()
            body = body if isinstance(body, bytes) else body.encode()
            length = rb"(?im)^(Content-Length|l)(\s*):\s*\d+"
            message = re.sub(length, rb"\g<1>\g<2>: %d" % len(body), head) + b"\r\n\r\n" + body
        return message

    def with_credentials(self, message: bytes, challenge) -> bytes:
        asked, given = (("WWW-Authenticate", "Authorization") if challenge.status == 401
                        else ("Proxy-Authenticate", "Proxy-Authorization"))
        start, _, rest = message.partition(b"\r\n")
        method, uri = start.decode().split()[:2]
        answer = digest.answer(digest.parse_challenge(challenge.get(asked)), self.alice.user, PASSWORD, method, uri)
        rest = re.sub(rb"(branch\s*=\s*[^\s;]+)", rb"\g<1>" + secrets.token_hex(4).encode(), rest, count=1)
        rest = re.sub(rb"(?im)^(CSeq\s*:\s*)(\d+)", lambda m: m[1] + str(int(m[2]) + 1).encode(), rest, count=1)
        return start + b"\r\n" + f"{given}: {answer}\r\n".encode() + rest

    def final(self, connection):
        while True:
            item = connection.next(patience(5))
            if getattr(item, "status", 0) == 100:
                continue
            return item

    def comes_to_bob(self, connection, method: str) -> None:
        received = self.bob.receives(method)
        self.assertNotIn("example.com", str(received.bytes()))
        self.bob.sends(486)
        if method == "INVITE":
            self.bob.receives("ACK")
        self.assertEqual(self.final(connection).status, 486)

    def becomes(self, expected, message: bytes) -> None:
        with self.daemon.connect(read=sip.parse_loosely) as connection:
            connection.send(message)
            answer = self.final(connection)
            if answer.status in (401, 407):
                connection.send(self.with_credentials(message, answer))
                if expected == "carried":
                    return self.comes_to_bob(connection, message.split(b" ")[0].decode())
                answer = self.final(connection)
            self.assertEqual(answer.status, expected)

    def test_messages_of_users(self):
        for name, (replaced, expected) in OUTCOMES.items():
            with self.subTest(message=name):
                self.becomes(expected, self.message(name, replaced))
        self.bob.has_received_nothing_else()
        [carol] = self.registered("carol")
        self.call(carol, self.bob)
        self.hang_up(carol, self.bob)
