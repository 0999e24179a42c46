"""RFC 4475 and RFC 5118 over TLS, each from a connection on which nobody has registered and from one of a user. The
tables give the outcomes that the RFC asks for: a status, "closed" where nothing can be answered or framed any more,
"dropped" for what is no request. A message that is valid gets as far as the first rule of ours: the challenge, 403 for
a domain that we do not serve, or Sotto's own answer to OPTIONS."""

import re
import secrets
from pathlib import Path

from support import sip
from support.flow_test import FlowTest
from support.limits import patience

CORPUS = Path(__file__).resolve().parent.parent / "corpus"

# name -> outcome; two where a stranger and a user meet different ones
RFC4475 = {
    "wsinv": 403,
    "intmeth": 400,   # holds a NUL: refused (documented deviation, docs/standards.md)
    "esc01": 407,
    "escnull": 401,
    "esc02": 501,
    "lwsdisp": 407,
    "longreq": 407,
    "dblreq": 401,
    "semiuri": 407,
    "transports": 407,
    "mpart01": 407,
    "unreason": "dropped",
    "noreason": "dropped",
    "badinv01": 400,
    "clerr": "waits",   # on a stream the rest of the body may still come
    "ncl": 400,
    "scalar02": 400,
    "scalarlg": "dropped",
    "quotbal": 400,
    "ltgtruri": 400,
    "lwsruri": 400,
    "lwsstart": 400,
    "trws": 400,
    "escruri": 400,
    "baddate": 407,   # Sotto reads no Date
    "regbadct": 400,
    "badaspec": 400,
    "baddn": 400,
    "badvers": 505,
    "mismatch01": 400,
    "mismatch02": 400,   # the RFC prefers 501 and accepts this
    "bigcode": "dropped",
    "badbranch": 407,
    "insuf": "dropped",   # no From, To or Call-ID that an answer could bear
    "unkscm": 416,
    "novelsc": 416,
    "unksm2": 401,   # who asks comes before what is asked for
    "bext01": 420,
    "invut": 407,   # the same
    "regaut01": 401,
    "multi01": 400,
    "mcl01": 400,
    "bcast": "dropped",
    "zeromf": 407,   # for us: Sotto answers OPTIONS itself, to whom it knows
    "cparam01": 401,
    "cparam02": 401,
    "regescrt": 401,
    "sdp01": 407,
    "inv2543": 400,   # no Content-Length: cannot be framed on a stream (RFC 3261 18.3)
    "test": "closed",   # no version in the first line
}

RFC5118 = {
    "ipv6-good": 404,
    "ipv6-bad": 400,
    "port-ambiguous": 404,
    "port-unambiguous": 404,
    "via-received-param-with-delim": (407, 407),   # a BYE of no dialog, from a line that has not logged in here
    "via-received-param-no-delim": 407,   # OPTIONS to whom we do not serve
    "ipv6-in-sdp": 407,
    "mult-ip-in-header": (407, 407),
    "mult-ip-in-sdp": 407,
    "ipv4-mapped-ipv6": 407,
    "ipv6-bug-abnf-3-colons": 407,
    "ipv6-correct-abnf-2-colons": 407,
}


def whole(message: bytes) -> bytes:
    """RFC 5118's archive has bare line feeds, which its lengths do not fit, and misses an empty line."""
    if b"\r\n" in message:
        return message
    head, _, body = message.rstrip(b"\n").replace(b"\n", b"\r\n").partition(b"\r\n\r\n")
    body += b"\r\n" if body else b""
    return re.sub(rb"Content-Length:.*", b"Content-Length: %d" % len(body), head) + b"\r\n\r\n" + body


class Torture(FlowTest):
    aliases = ("example.com",)   # so that more of the messages are for us

    def outcome(self, connection, message: bytes):
        """What the daemon does with one message: a status, "closed", "dropped" or "waits"."""
        connection.send(message)
        for _ in range(2):   # what comes before the answers to two requests of our own answers the message
            barrier = sip.Message("OPTIONS sip:example.org SIP/2.0").add(
                "Via", f"SIP/2.0/TLS torture.invalid;branch=z9hG4bK{secrets.token_hex(8)}")
            barrier.add("Max-Forwards", 70).add("From", "<sip:tester@example.org>;tag=1").add("To", "<sip:example.org>")
            barrier.add("Call-ID", secrets.token_hex(8)).add("CSeq", "1 OPTIONS")
            connection.send(barrier.bytes())
            while True:
                item = connection.next(patience(1))
                if item is None:
                    return "waits"
                if item == "closed":
                    return "closed"
                if item.all("Call-ID") == [barrier.call_id]:
                    break
                if item.status > 100:
                    return item.status
        return "dropped"

    def assert_outcomes(self, folder: str, suffix: str, table: dict, user: bool) -> None:
        phone = self.phone("alice")
        for name, expected in table.items():
            message = whole((CORPUS / folder / f"{name}{suffix}").read_bytes())
            with self.subTest(message=name), self.daemon.connect(read=sip.parse_loosely) as connection:
                if user:
                    phone.connection.close()
                    phone.connection = connection
                    phone.registers()
                if isinstance(expected, tuple):
                    expected = expected[user]
                self.assertEqual(self.outcome(connection, message), expected)
        self.assert_call_works()

    def test_rfc_4475(self):
        self.assert_outcomes("rfc4475", ".dat", RFC4475, user=False)

    def test_rfc_5118(self):
        self.assert_outcomes("rfc5118", "", RFC5118, user=False)

    def test_tables_are_complete(self):
        self.assertEqual({f.stem for f in (CORPUS / "rfc4475").glob("*.dat")}, set(RFC4475))
        self.assertEqual({f.name for f in (CORPUS / "rfc5118").iterdir() if not f.suffix}, set(RFC5118))

    def test_stream_of_all_messages_at_once(self):
        """Everything on one connection, as one write: whatever happens, others are served."""
        connection = self.daemon.connect(read=sip.parse_loosely)
        self.addCleanup(connection.close)
        try:
            connection.send(b"".join(f.read_bytes() for f in sorted((CORPUS / "rfc4475").glob("*.dat"))))
        except OSError:
            pass   # closed on the way: right
        self.assert_call_works()


class TortureByUser(Torture):
    """The same from a connection on which a user has registered."""

    def test_rfc_4475(self):
        self.assert_outcomes("rfc4475", ".dat", RFC4475, user=True)

    def test_rfc_5118(self):
        self.assert_outcomes("rfc5118", "", RFC5118, user=True)
