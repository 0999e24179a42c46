"""RFC 4475 and RFC 5118 over TLS, each from a flow that has not authenticated and from one that has. The tables give the
outcomes that the RFC asks for: a status, "closed" where nothing can be answered or framed any more, "dropped" for what
is no request. A message that is valid gets as far as the first rule of ours: the challenge, or for a user in good
standing the refusal of a From that is not his own."""

from pathlib import Path

from support import sip
from support.flow_test import FlowTest
from support.limits import patience

CORPUS = Path(__file__).resolve().parent.parent / "corpus"

CHALLENGED = (401, 407)
ASIDE = (403, 404, 480)           # valid, but nothing that this user may do here
MALFORMED = (400, "closed")

# name -> outcomes for a stranger, outcomes for a registered user where they differ
RFC4475 = {
    "wsinv": (CHALLENGED, ASIDE),
    "intmeth": ((501, *CHALLENGED), (501, 405)),
    "esc01": (CHALLENGED, ASIDE),
    "escnull": ((400, 403, 404, *CHALLENGED), (400, *ASIDE, *CHALLENGED)),
    "esc02": ((501, 400, *CHALLENGED), (501, 400, 405)),
    "lwsdisp": (CHALLENGED, (200, *ASIDE)),
    "longreq": (CHALLENGED, ASIDE),
    "dblreq": ((403, 404, *CHALLENGED), None),
    "semiuri": (CHALLENGED, (200, *ASIDE)),
    "transports": (CHALLENGED, (200, *ASIDE)),
    "mpart01": (CHALLENGED, (415, *ASIDE)),
    "unreason": (("dropped",), None),
    "noreason": (("dropped",), None),
    "badinv01": (MALFORMED, None),
    "clerr": (("waits",), None),          # on a stream the rest of the body may still come
    "ncl": (MALFORMED, None),
    "scalar02": (MALFORMED, None),
    "scalarlg": (("dropped", "closed"), None),
    "quotbal": (MALFORMED, None),
    "ltgtruri": (MALFORMED, None),
    "lwsruri": (MALFORMED, None),
    "lwsstart": (MALFORMED, None),
    "trws": (MALFORMED, None),
    "escruri": (MALFORMED, None),
    "baddate": ((400, *CHALLENGED), (400, *ASIDE)),   # Sotto reads no Date
    "regbadct": (MALFORMED, None),
    "badaspec": (MALFORMED, None),
    "baddn": (MALFORMED, None),
    "badvers": ((505,), None),
    "mismatch01": (MALFORMED, None),
    "mismatch02": ((400, 501, "closed"), None),
    "bigcode": (("dropped", "closed"), None),
    "badbranch": ((400, *CHALLENGED), (200, 400, *ASIDE)),
    "insuf": (MALFORMED, None),
    "unkscm": ((416,), None),
    "novelsc": ((416,), None),
    "unksm2": ((400, 403, 404, 416, *CHALLENGED), None),
    "bext01": ((420,), None),
    "invut": ((415, *CHALLENGED), (415, *ASIDE)),
    "regaut01": ((401, 403, 404), None),
    "multi01": (MALFORMED, None),
    "mcl01": (MALFORMED, None),
    "bcast": (("dropped",), None),
    "zeromf": ((483,), None),
    "cparam01": ((401, 403, 404), None),
    "cparam02": ((401, 403, 404), None),
    "regescrt": ((401, 403, 404, 400), None),
    "sdp01": (CHALLENGED, (406, 488, *ASIDE)),
    "inv2543": (MALFORMED, None),         # no Content-Length: cannot be framed on a stream (RFC 3261 18.3)
    "test": (MALFORMED, None),
}

RFC5118 = {
    "ipv6-good": ((401, 403, 404), None),
    "ipv6-bad": (MALFORMED, None),
    "port-ambiguous": ((401, 403, 404, 400), None),
    "port-unambiguous": ((401, 403, 404), None),
    "via-received-param-with-delim": ((400, 481, *CHALLENGED), (400, 481, 403)),
    "via-received-param-no-delim": ((481, *CHALLENGED), (481, 403)),
    "ipv6-in-sdp": (CHALLENGED, (*ASIDE, 488)),
    "mult-ip-in-header": ((481, *CHALLENGED), (481, 403)),
    "mult-ip-in-sdp": (CHALLENGED, (*ASIDE, 488)),
    "ipv4-mapped-ipv6": (CHALLENGED, (*ASIDE, 488)),
    "ipv6-bug-abnf-3-colons": ((400, *CHALLENGED), (200, 400, *ASIDE)),
    "ipv6-correct-abnf-2-colons": (CHALLENGED, (200, *ASIDE)),
}


class Torture(FlowTest):
    aliases = ("example.com",)   # so that more of the messages are for us

    def outcome(self, connection, message: bytes):
        """What the daemon does with one message: a status, "closed", "dropped" or "waits"."""
        connection.send(message)
        connection.send(b"\r\n\r\n\r\n\r\n")   # a ping; what it is answered with tells how the message was framed
        while True:
            item = connection.next(patience(1))
            if item is None:
                return "waits"
            if item == "pong":
                return "dropped"
            if item == "closed":
                return "closed"
            if item.status > 100:
                return item.status

    def assert_outcomes(self, folder: str, suffix: str, table: dict) -> None:
        [alice] = self.registered("alice")
        for name, (stranger, user) in table.items():
            message = (CORPUS / folder / f"{name}{suffix}").read_bytes()
            with self.subTest(message=name, sender="stranger"):
                connection = self.daemon.connect(read=sip.parse_loosely)
                self.addCleanup(connection.close)
                self.assertIn(self.outcome(connection, message), stranger)
            with self.subTest(message=name, sender="registered user"):
                alice.connection = self.daemon.connect(read=sip.parse_loosely)
                self.addCleanup(alice.connection.close)
                alice.registers()
                self.assertIn(self.outcome(alice.connection, message), user or stranger)
        self.assert_call_works()

    def test_rfc_4475(self):
        self.assert_outcomes("rfc4475", ".dat", RFC4475)

    def test_rfc_5118(self):
        self.assert_outcomes("rfc5118", "", RFC5118)

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
