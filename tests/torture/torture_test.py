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

VALID = (401, 403, 404, 407)
OPTIONS = (200, 401, 403, 407)
MALFORMED = (400, "closed")

# name -> acceptable outcomes
RFC4475 = {
    "wsinv": VALID,
    "intmeth": MALFORMED,   # holds a NUL: refused (documented deviation, docs/standards.md)
    "esc01": VALID,
    "escnull": (400, 404, *VALID),
    "esc02": (501, *VALID),
    "lwsdisp": OPTIONS,
    "longreq": VALID,
    "dblreq": VALID,
    "semiuri": OPTIONS,
    "transports": OPTIONS,
    "mpart01": VALID,
    "unreason": ("dropped",),
    "noreason": ("dropped",),
    "badinv01": MALFORMED,
    "clerr": ("waits",),   # on a stream the rest of the body may still come
    "ncl": MALFORMED,
    "scalar02": MALFORMED,
    "scalarlg": ("dropped", "closed"),
    "quotbal": MALFORMED,
    "ltgtruri": MALFORMED,
    "lwsruri": MALFORMED,
    "lwsstart": MALFORMED,
    "trws": MALFORMED,
    "escruri": MALFORMED,
    "baddate": (400, *VALID),   # Sotto reads no Date
    "regbadct": MALFORMED,
    "badaspec": MALFORMED,
    "baddn": MALFORMED,
    "badvers": (505,),
    "mismatch01": MALFORMED,
    "mismatch02": (501, *MALFORMED),
    "bigcode": ("dropped", "closed"),
    "badbranch": (400, *OPTIONS),
    "insuf": MALFORMED,
    "unkscm": (416,),
    "novelsc": (416,),
    "unksm2": (400, 404, 416, *VALID),
    "bext01": (420,),
    "invut": (415, *VALID),
    "regaut01": VALID,
    "multi01": MALFORMED,
    "mcl01": MALFORMED,
    "bcast": ("dropped",),
    "zeromf": (483, *OPTIONS),   # Sotto answers OPTIONS itself
    "cparam01": VALID,
    "cparam02": VALID,
    "regescrt": (400, *VALID),
    "sdp01": VALID,
    "inv2543": MALFORMED,   # no Content-Length: cannot be framed on a stream (RFC 3261 18.3)
    "test": MALFORMED,
}

RFC5118 = {
    "ipv6-good": VALID,
    "ipv6-bad": MALFORMED,
    "port-ambiguous": (400, *VALID),
    "port-unambiguous": VALID,
    "via-received-param-with-delim": (400, 481, *VALID),
    "via-received-param-no-delim": OPTIONS,
    "ipv6-in-sdp": VALID,
    "mult-ip-in-header": (481, *VALID),
    "mult-ip-in-sdp": VALID,
    "ipv4-mapped-ipv6": VALID,
    "ipv6-bug-abnf-3-colons": (400, *OPTIONS),
    "ipv6-correct-abnf-2-colons": OPTIONS,
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
        for name, outcomes in table.items():
            message = whole((CORPUS / folder / f"{name}{suffix}").read_bytes())
            with self.subTest(message=name), self.daemon.connect(read=sip.parse_loosely) as connection:
                if user:
                    phone.connection.close()
                    phone.connection = connection
                    phone.registers()
                self.assertIn(self.outcome(connection, message), outcomes)
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
