"""Messages that want nothing good: slow, endless, huge, nested, guessing."""

import time

from fault import FaultTest, options
from support.limits import patience


class Slow(FaultTest):
    def test_slow_messages(self):
        """50 clients that send a byte now and then: closed ten seconds after their first byte."""
        with self.memory_comes_back(), self.good_clients_are_served():
            slow = [self.attacker(f"127.6.{i}.1") for i in range(50)]
            text, begun = options(1), time.monotonic()
            alive = list(slow)
            for byte in text:
                for connection in list(alive):
                    try:
                        connection.send(bytes([byte]))
                    except OSError:
                        alive.remove(connection)
                if not alive:
                    break
                time.sleep(0.1)
            self.assertEqual(alive, [])
            self.assertGreater(time.monotonic() - begun, 9)
        self.assertEqual(self.counts("slow_messages"), 50)


class Endless(FaultTest):
    def assert_ends(self, text: bytes, *statuses, more: bytes = b"") -> None:
        with self.memory_comes_back(), self.good_clients_are_served():
            connection = self.attacker()
            connection.send(text)
            try:
                for _ in range(64 if more else 0):
                    connection.send(more)
            except OSError:
                pass   # the daemon has had enough
            self.assertEqual(self.statuses(connection, len(statuses) + 1), [*statuses, "closed"])

    def test_keep_alives_without_end(self):
        """4 MiB of CRLF: answered where somebody reads the answers, and bounded where nobody does."""
        with self.memory_comes_back(), self.good_clients_are_served():
            connection = self.attacker()
            for _ in range(64):
                connection.send(b"\r\n" * 32_768)
            connection.send(options(1))
            deadline = time.monotonic() + patience(30)
            while (item := connection.next(deadline - time.monotonic())) == "pong":
                pass
            self.assertEqual(getattr(item, "status", item), 200)
            connection.close()

    def test_declared_length_of_10_mb(self):
        self.assert_ends(options(1, length=10_000_000), 413)

    def test_declared_length_beyond_every_number(self):
        self.assert_ends(options(1, length=10**30), 413)

    def test_10_000_header_lines(self):
        self.assert_ends(options(1, headers="X-Bomb: 1\r\n" * 10_000), 513)

    def test_200_header_lines(self):
        self.assert_ends(options(1, headers="X: 1\r\n" * 200), 513)

    def test_one_header_of_1_mb(self):
        self.assert_ends(options(1)[:-2] + b"X-Bomb: ", 513, more=b"a" * 16_384)

    def test_head_without_end(self):
        self.assert_ends(options(1)[:-2], 513, more=b"X-Bomb: 1\r\n" * 1_500)

    def test_commas_without_end(self):
        self.assert_ends(options(1, headers="Supported: " + "a," * 3_000 + "\r\n"), 513)


class Nested(FaultTest):
    def test_multipart_in_multipart(self):
        """500 levels, and one level with 5,000 parts: refused or passed without the parts, in no time."""
        deep = b"x"
        for level in range(500):
            deep = (f"--b{level}\r\nContent-Type: multipart/mixed;boundary=b{level - 1}\r\n\r\n".encode() + deep +
                    f"\r\n--b{level}--\r\n".encode())
        wide = b"".join(b"--b499\r\nContent-Type: application/sdp\r\n\r\nv=0\r\n\r\n" for _ in range(1_000)) + b"--b499--\r\n"
        for body in (deep, wide):
            with self.memory_comes_back(), self.good_clients_are_served():
                alice, bob = self.registered("alice", "bob")
                begun = time.monotonic()
                alice.sends("INVITE", to=bob, body=body, content_type="multipart/mixed;boundary=b499")
                status = alice.receives_one_of((400, 413, 415, 488)).status
                self.assertLess(time.monotonic() - begun, patience(1))
                self.assertIn(status, (400, 413, 415, 488))
                bob.has_received_nothing_else()
                alice.connection.close()
                bob.connection.close()


class Breadth(FaultTest):
    def test_breadth_is_bounded(self):
        """A caller that asks for a breadth of a million gets what it would get anyway; one that has none left, 440."""
        with self.memory_comes_back(), self.good_clients_are_served():
            alice, bob, desk = self.registered("alice", "bob", "bob.desk")
            alice.sends("INVITE", to=bob, headers={"Max-Breadth": "1000000"})
            for phone in (bob, desk):
                self.assertEqual(phone.receives("INVITE").get("Max-Breadth"), "1")
                phone.sends(486)
                phone.receives("ACK")
            alice.receives(486)
            alice.sends("INVITE", to=bob, headers={"Max-Breadth": "0"})
            alice.receives(440)
            for phone in (alice, bob, desk):
                phone.connection.close()


class Guessing(FaultTest):
    def test_registrations_with_wrong_passwords(self):
        """1,000 tries from one source: ten are checked in a minute. The account's own phone notices nothing, and nobody
        else."""
        with self.memory_comes_back(), self.good_clients_are_served():
            [alice] = self.registered("alice")
            thief = self.phone("alice.thief", password="guess")
            seen, begun = [], time.monotonic()
            for _ in range(500):
                thief.transmits(thief.register_request(headers={"Expires": 600}))
                answer = thief.receives_one_of((401, 503))
                if answer.status == 401:
                    thief.authenticates(answer)
                    answer = thief.receives_one_of((401, 503))
                seen.append(answer.status)
            self.assertLessEqual(seen.count(401), 12 + (time.monotonic() - begun) / 6)   # ten a minute
            alice.registers()
            thief.connection.close()
            alice.connection.close()
