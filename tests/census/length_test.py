"""What somebody who watches the wire between Sotto and a phone can tell from the lengths of TLS records: nothing but how
many cells a message fills (docs/DESIGN.md; privacy.padding)."""

import secrets
import unittest
from collections import defaultdict

from support.daemon import DOMAIN, PASSWORD, Daemon
from support.flow_test import FlowTest
from support.ladder import Ladder
from support.phone import Phone
from support.sdp import Media

CELL = 4096
TAG = 16   # bytes of authentication that every TLS 1.3 record has
ONE_CELL = CELL + TAG
CANDIDATES = (f"a=ice-ufrag:abcd\r\na=ice-pwd:{'q' * 24}\r\n"
              "a=candidate:1 1 udp 2113937151 192.0.2.33 4000 typ host\r\n"
              "a=candidate:2 1 udp 33562367 198.51.100.9 4001 typ relay raddr 192.0.2.33 rport 4000\r\n").encode()


class Records(FlowTest):
    framing = staticmethod(lambda message: 0)   # bytes around each message

    def setUp(self):
        super().setUp()
        self.kinds = defaultdict(set)   # of messages -> record sizes
        self._records: dict = {}

    def watched(self, *names: str) -> list:
        phones = self.registered(*names)
        for phone in phones:
            self._records[phone] = len(phone.connection.record_sizes)
        return phones

    def got(self, phone, what, kind: str = "") -> tuple:
        """The next message, with the records that came since the one before."""
        message = phone.receives(what)
        sizes = phone.connection.record_sizes
        new, self._records[phone] = sizes[self._records[phone]:], len(sizes)
        self.kinds[kind or str(what)].update(new)
        return message, new

    def one_of_everything(self, alice, bob) -> None:
        for accepted in (False, True):
            alice.sends("INVITE", to=bob)
            self.got(alice, 100)
            self.got(bob, "INVITE")
            bob.sends(180)
            self.got(alice, 180)
            bob.sends(200 if accepted else 486)
            self.got(alice, 200 if accepted else 486)
            if accepted:
                alice.sends("ACK")
            self.got(bob, "ACK")
        for method, body, kind in (("UPDATE", None, ""), ("OPTIONS", None, ""), ("INFO", b"Signal=1\r\n", "application/dtmf-relay"),
                                   ("MESSAGE", b"yes", "text/plain"), ("MESSAGE", b"no" * 900, "text/plain"), ("BYE", None, "")):
            bob.sends(method, body=body, content_type=kind or "application/sdp")
            self.got(alice, method)
            alice.sends(200)
            self.got(bob, 200)
        alice.sends("INVITE", to=bob)
        self.got(alice, 100)
        self.got(bob, "INVITE")
        bob.sends(180)
        self.got(alice, 180)
        alice.sends("CANCEL")
        self.got(alice, 200, "200 CANCEL")
        self.got(bob, "CANCEL")
        bob.sends(200)
        bob.sends(487)
        self.got(bob, "ACK")
        self.got(alice, 487)
        for method in ("OPTIONS", "SUBSCRIBE"):
            alice.sends(method, to=bob, headers={"Event": "presence"} if method == "SUBSCRIBE" else None)
            self.got(alice, 200 if method == "OPTIONS" else 489)

    def test_kinds_of_messages(self):
        alice, bob = self.watched("alice", "bob")
        self.one_of_everything(alice, bob)
        self.assertEqual(set.union(*self.kinds.values()), {ONE_CELL}, dict(self.kinds))
        self.assertGreaterEqual(len(self.kinds), 15)

    def test_variants_of_descriptions(self):
        """A call on hold, and one whose phone has addresses to offer, look like any other."""
        alice, bob = self.watched("alice", "bob")
        self.call(alice, bob)
        self._records = {phone: len(phone.connection.record_sizes) for phone in (alice, bob)}
        for body in (bob.media.describe(), bob.media.describe(direction="sendonly"), bob.media.describe() + CANDIDATES):
            bob.sends("INVITE", body=body)
            self.got(bob, 100)   # before the answer can come, whose records are told from its own
            _, offered = self.got(alice, "INVITE")
            alice.sends(200)
            _, answered = self.got(bob, 200)
            bob.sends("ACK")
            _, confirmed = self.got(alice, "ACK")
            self.assertEqual((offered, answered, confirmed), ([ONE_CELL],) * 3, body)

    def test_longer_messages_differ_in_cells_only(self):
        alice, bob = self.watched("alice", "bob")
        for length in (1, 1000, 3000, 4000, 5000, 9000, 13000, 17000, 40000):
            alice.sends("MESSAGE", to=bob, body=b"x" * length, content_type="text/plain")
            message, records = self.got(bob, "MESSAGE")
            bob.sends(200)
            alice.receives(200)
            with self.subTest(length=length):
                # Each record holds whole cells, one byte of which says what kind of record it is (RFC 8446 5.2).
                self.assertEqual([(size - TAG) % CELL for size in records], [0] * len(records))
                cells = -(-(len(message.bytes()) + self.framing(len(message.bytes())) + len(records)) // CELL)
                self.assertEqual(sum(size - TAG for size in records), cells * CELL)

    def test_the_last_bytes_of_a_message_fill_a_cell_however_few_they_are(self):
        """What does not fit into the first record may be one byte."""
        alice, bob = self.registered("alice", "bob")
        self.call(alice, bob)   # in which all but the text stays as long as it is
        self._records[bob] = len(bob.connection.record_sizes)

        def sends(length: int) -> int:
            alice.sends("MESSAGE", body=b"x" * length, content_type="text/plain")
            message, records = self.got(bob, "MESSAGE")
            bob.sends(200)
            alice.receives(200)
            size = len(message.bytes())
            size += self.framing(size)
            self.assertEqual(records, [ONE_CELL] if size < CELL else [ONE_CELL, ONE_CELL], size)
            return size

        rest = CELL - 1 - sends(3000)   # to the end of the record
        lengths = {sends(3000 + rest + more) for more in range(-4, 8)}
        self.assertLessEqual({CELL - 1, CELL, CELL + 1, CELL + 2}, lengths)

    def test_keep_alive_stays_small(self):
        [alice] = self.watched("alice")
        for _ in range(3):
            alice.pings()
        sizes = alice.connection.record_sizes[self._records[alice]:]
        self.assertEqual(len(set(sizes)), 1)
        self.assertLess(sizes[0], 64)

    def test_challenge_and_registration(self):
        """What a client sees before and after its login looks alike for every user."""
        alice = self.phone("alice")
        alice.pings()   # what the server says of itself after the handshake, a session ticket, has come before the answer
        before = len(alice.connection.record_sizes)
        alice.registers()
        self.assertEqual(set(alice.connection.record_sizes[before:]), {ONE_CELL})


class RecordsInAPage(Records):
    """The same over secure WebSocket, as a browser has it: what stands around a message there (RFC 6455 5.2) fills the cell
    with it."""
    web_phones = ("alice", "bob")
    framing = staticmethod(lambda length: 2 if length < 126 else 4 if length < 65536 else 10)


class RecordsBetweenBoth(Records):
    """A page calls a telephone, and is called by none."""
    web_phones = ("alice",)


class NamesOfAnyLength(unittest.TestCase):
    """The length of an address shows no more than the kind of a message."""
    NAMES = ("b", "bob", "b" * 20, "b" * 60)

    def test_names(self):
        daemon = Daemon(("alice", *self.NAMES), {"drain_timeout": "1s"})
        self.addCleanup(daemon.destroy)
        for connect in (daemon.connect, daemon.connect_web):
            with self.subTest(connect.__name__):
                self.assertEqual(set.union(*(self.sizes(daemon, connect, name) for name in self.NAMES)), {ONE_CELL})

    def sizes(self, daemon: Daemon, connect, name: str) -> set:
        """Of all that the two get in a call, and of the end of a registration."""
        ladder = Ladder()
        alice, callee = phones = [Phone(user, ladder, connect, user, DOMAIN, PASSWORD, daemon.own_hosts)
                                  for user in ("alice", name)]
        for phone in phones:
            self.addCleanup(phone.connection.close)
            phone.registers()   # a session ticket has come before the answer
        before = {phone: len(phone.connection.record_sizes) for phone in phones}
        callee.media = Media(address=f"10.{secrets.randbelow(250)}.0.{secrets.randbelow(250)}")
        alice.sends("INVITE", to=callee, from_=f'"{name.title()}" <{alice.aor}>')
        callee.receives("INVITE")
        callee.sends(200)
        alice.receives(200)
        alice.sends("ACK")
        callee.receives("ACK")
        alice.sends("BYE")
        callee.receives("BYE")
        callee.sends(200)
        alice.receives(200)
        for phone in phones:
            phone.unregisters()
        return {size for phone, registered in before.items() for size in phone.connection.record_sizes[registered:]}


if __name__ == "__main__":
    unittest.main()
