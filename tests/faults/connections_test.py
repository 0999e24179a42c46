"""Connections that want nothing good: half-open, too many, slow, garbage, early data, no reading, no descriptors."""

import contextlib
import functools
import resource
import socket
import ssl
import struct
import subprocess
import time
import uuid

from fault import FaultTest, options
from support.limits import patience
from support.tls import client_context


@functools.cache
def client_hello() -> bytes:
    """As a phone begins its handshake."""
    outgoing = ssl.MemoryBIO()
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).wrap_bio(ssl.MemoryBIO(), outgoing, server_hostname="example.org")
    try:
        tls.do_handshake()
    except ssl.SSLWantReadError:
        pass
    return outgoing.read()


class HalfOpen(FaultTest):
    config = {"limits": {**FaultTest.config["limits"], "handshake_timeout": "2s"}}
    spare_memory = 16 * 1024 * 1024

    def test_5000_connections_that_say_nothing(self):
        """From 79 sources, as many as each may have. They wait in the kernel and are given up; nobody waits for them."""
        with self.memory_comes_back(), self.good_clients_are_served():
            silent = [self.raw(f"127.1.{i // 64}.1") for i in range(5_000)]
            for connection in silent[::500]:
                self.assertTrue(self.is_closed(connection, 60))
        for connection in silent:
            connection.close()

    def test_one_source_has_64_connections_and_no_more(self):
        with self.memory_comes_back(), self.good_clients_are_served():
            mine, hello, begun = [], client_hello()[:3], time.monotonic()
            for _ in range(10_000):
                connection = self.raw("127.2.0.1")
                with contextlib.suppress(OSError):   # closed already
                    connection.sendall(hello)
                mine.append(connection)
            rounds = 1 + (time.monotonic() - begun) // 2   # each of two seconds: then the 64 give way to others
            self.eventually("the others are refused", lambda: self.counts("refused_sources") >= 10_000 - 64 * rounds)
            self.assertTrue(self.is_closed(mine[-1]))
        for connection in mine:
            connection.close()

    def test_handshakes_that_come_byte_by_byte(self):
        with self.memory_comes_back(), self.good_clients_are_served():
            hello, begun = client_hello(), time.monotonic()
            slow = [self.raw(f"127.3.{i}.1") for i in range(100)]
            sent, alive = 0, list(slow)
            while alive and sent < len(hello) - 1:
                for connection in list(alive):
                    try:
                        connection.sendall(hello[sent:sent + 1])
                    except OSError:
                        alive.remove(connection)
                sent += 1
                time.sleep(0.05)
            self.assertEqual(alive, [], "closed before the hello was whole")
            self.assertLess(time.monotonic() - begun, patience(10))
        self.assertGreaterEqual(self.counts("handshake_timeouts"), 100)


class Hellos(FaultTest):
    """A hello costs us more than its sender: whoever does not go on with the handshake keeps nobody else waiting."""
    spare_memory = 16 * 1024 * 1024

    def test_512_handshakes_that_do_not_go_on(self):
        hello, held = client_hello(), []
        with self.memory_comes_back(), self.good_clients_are_served():
            for i in range(512):
                held.append(self.raw(f"127.8.{i // 64}.1"))
                held[-1].sendall(hello)
            self.eventually("they give way", lambda: self.counts("crowded_out") >= 1)
            for connection in held:
                connection.close()

    def test_one_source_that_begins_thousands(self):
        hello, linger = client_hello(), struct.pack("ii", 1, 0)
        with self.memory_comes_back(), self.good_clients_are_served():
            for _ in range(4_000):
                connection = self.raw("127.9.0.1")
                with contextlib.suppress(OSError):   # closed already
                    connection.sendall(hello)
                    connection.recv(1)
                connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
                connection.close()
        self.assertGreater(self.counts("refused_sources"), 3_000)


class Garbage(FaultTest):
    def test_before_the_handshake(self):
        plain = b"OPTIONS sip:example.org SIP/2.0\r\nContent-Length: 0\r\n\r\n"
        old = bytearray(client_hello())
        old[1:3] = b"\x02\x00"
        with self.memory_comes_back(), self.good_clients_are_served():
            for junk in (plain, b"GET / HTTP/1.1\r\n\r\n", b"\0" * 5_000, bytes(range(256)) * 20, b"\r\n\r\n" * 1_000,
                         bytes(old), b"\x16\x03\x01\xff\xff" + b"\1" * 20_000, client_hello()[:60] + b"\xff" * 400):
                with self.subTest(junk[:20]):
                    connection = self.raw()
                    try:
                        connection.sendall(junk)
                        connection.shutdown(socket.SHUT_WR)
                    except OSError:
                        pass   # closed already
                    connection.settimeout(patience(5))
                    try:
                        said = connection.recv(65536)
                    except ConnectionResetError:
                        said = b""
                    self.assertIn(said[:1], (b"", b"\x15"), "an alert at most")
                    self.assertTrue(self.is_closed(connection))

    def test_after_the_handshake(self):
        with self.memory_comes_back(), self.good_clients_are_served():
            for junk in (b"\0\0\0\0", bytes(range(128, 256)) * 100, b"\r\r\n", b"\n\n\n", b"<xml/>\r\n\r\n", b" INVITE x\r\n"):
                with self.subTest(junk[:20]):
                    connection = self.attacker()
                    connection.send(junk)
                    self.assertEqual(self.statuses(connection, 1), ["closed"])

    def test_records_that_do_not_open(self):
        connection = self.attacker()
        connection._socket.sendall(b"\x17\x03\x03\x00\x20" + b"\0" * 32)
        self.assertEqual(self.statuses(connection, 1), ["closed"])


class OldTricksOfTls(FaultTest):
    config = {"limits": FaultTest.config["limits"], "weaken": {"tls12": True}}

    def openssl(self, *arguments: str, stdin: bytes) -> str:
        command = ["openssl", "s_client", "-connect", f"127.0.0.1:{self.daemon.tls_port}", "-servername", "example.org",
                   "-CAfile", str(self.daemon.authority.certificate), *arguments]
        done = subprocess.run(command, input=stdin, capture_output=True, timeout=patience(20))
        return (done.stdout + done.stderr).decode("utf-8", "replace")

    def test_renegotiation_is_refused(self):
        with self.memory_comes_back(), self.good_clients_are_served():
            said = self.openssl("-tls1_2", "-legacy_renegotiation", stdin=b"R\n")
            self.assertIn("RENEGOTIATING", said)
            self.assertIn("no renegotiation", said)

    def test_there_is_no_early_data(self):
        """Nothing that is sent before the handshake is over counts: it could be a replay."""
        early = self.daemon.folder / "early"
        early.write_bytes(options(1))
        session = str(self.daemon.folder / "session")
        with self.memory_comes_back(), self.good_clients_are_served():
            self.openssl("-tls1_3", "-sess_out", session, stdin=options(2))
            requests = self.counts("requests")
            offers = ["-sess_in", session] if (self.daemon.folder / "session").exists() else []
            said = self.openssl("-tls1_3", *offers, "-early_data", str(early), stdin=b"")
            self.assertNotIn("Early data was accepted", said)
        self.assertNotIn("SIP/2.0 200", said)


class Unread(FaultTest):
    def test_peer_that_never_reads(self):
        """Its answers are kept up to limits.send_queue_bytes; then it is cut off."""
        with self.memory_comes_back(), self.good_clients_are_served():
            raw = self.raw("127.4.0.1")
            raw.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4_096)
            tls = client_context(self.daemon.authority.certificate).wrap_socket(raw, server_hostname="example.org")
            self.addCleanup(tls.close)
            tls.settimeout(patience(5))
            flood = b"".join(options(i) for i in range(40))
            with self.assertRaises(OSError, msg="cut off"):
                for _ in range(5_000):
                    tls.sendall(flood)
            self.assertEqual(self.counts("slow_readers"), 1)


class AtOnce(FaultTest):
    """Nobody who reads is cut off for what others send him."""
    config = {"limits": {**FaultTest.config["limits"], "message_bytes": "512KiB"}}

    def test_message_longer_than_the_queue(self):
        alice, bob = self.registered("alice", "bob")
        text = b"x" * 300_000
        alice.sends("MESSAGE", to=bob, body=text, content_type="text/plain")
        self.assertEqual(bob.receives("MESSAGE").body, text)

    def test_message_to_all_devices_behind_one_edge(self):
        alice, = self.registered("alice")
        edge = self.phone("bob")
        for device in range(6):
            edge.instance, edge.contact_user = f"urn:uuid:{uuid.uuid4()}", f"device{device}"
            edge.register_call_id = uuid.uuid4().hex
            edge.registers(contact=f'<{edge.contact}>;+sip.instance="<{edge.instance}>";reg-id=1',
                           headers={"Supported": "path, outbound", "Path": f"<sip:{device}@edge.invalid;lr;ob>"})
        alice.sends("MESSAGE", to=edge, body=b"x" * 60_000, content_type="text/plain")
        received = [edge.connection.next(patience(5)) for _ in range(6)]
        self.assertEqual([getattr(message, "method", message) for message in received], ["MESSAGE"] * 6)


class NoDescriptors(FaultTest):
    def test_connections_wait_while_no_descriptor_is_left(self):
        """What is connected is served; what comes is taken when there is room again; the log says why, once."""
        soft, hard = resource.prlimit(self.daemon.pid, resource.RLIMIT_NOFILE)
        with self.memory_comes_back():
            with self.good_clients_are_served(fresh=False):
                held = [self.attacker() for _ in range(3)]
                self.eventually("both are there", lambda: self.counts("open") >= 4)
                resource.prlimit(self.daemon.pid, resource.RLIMIT_NOFILE, (16, hard))
                self.addCleanup(lambda: self.daemon.alive and resource.prlimit(self.daemon.pid, resource.RLIMIT_NOFILE,
                                                                              (soft, hard)))
                waiting = [self.raw() for _ in range(20)]
                self.eventually("the log says so", lambda: "Too many open files" in self.daemon.log)
            resource.prlimit(self.daemon.pid, resource.RLIMIT_NOFILE, (soft, hard))
            for connection in waiting:
                connection.close()
            with self.good_clients_are_served():
                for connection in held:
                    connection.send(options(1))
                    self.assertEqual(self.statuses(connection, 1), [200])
                    connection.close()
        self.assertEqual(self.daemon.log.count("Too many open files"), 1)


class Resets(FaultTest):
    def test_connections_that_are_reset_in_every_state(self):
        """500 handshakes, each cut without a word at another point."""
        hello = client_hello()
        with self.memory_comes_back(), self.good_clients_are_served():
            for i in range(500):
                connection = self.raw(f"127.5.{i % 50}.1")
                connection.sendall(hello[:i % len(hello)])
                connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                connection.close()
