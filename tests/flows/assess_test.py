"""`sotto assess`: this server, and one that does everything wrong, as a stranger sees them."""

import contextlib
import json
import os
import re
import socket
import ssl
import subprocess
import tempfile
import threading
import unittest
from pathlib import Path

from support.daemon import Port, binary
from support.flow_test import FlowTest
from support.limits import patience
from support.pki import Authority


def assess(target: str, *arguments: str, authority: str = "") -> subprocess.CompletedProcess:
    return subprocess.run([binary("sotto"), *arguments, "assess", target], text=True, capture_output=True, timeout=patience(60),
                          env={**os.environ, "SSL_CERT_FILE": authority or "/dev/null"})


class ThisServer(FlowTest):
    def test_it_tells_a_stranger_nothing(self):
        target = f"localhost:{self.daemon.tls_port}"
        done = assess(target, "--json", authority=self.daemon.authority.certificate)
        answer = json.loads(done.stdout)
        verdicts = {finding["check"]: (finding["verdict"], finding["seen"]) for finding in answer["findings"]}
        verdicts.pop("plaintext")   # port 5060 of this machine is not the test's
        self.assertRegex(verdicts.pop("certificate")[1], "^[67] days left$")   # as the test made it
        self.assertEqual({check for check, (verdict, _) in verdicts.items() if verdict != "good"}, set(), verdicts)
        table = assess(target, authority=self.daemon.authority.certificate).stdout
        self.assertIn("CHECK", table)
        scores = {answer["score"], answer["score"] - 8}   # the certificate may have passed into its last week meanwhile
        self.assertIn(int(re.search(r"^score: (\d+) of 100$", table, re.MULTILINE)[1]), scores)

    def test_a_certificate_of_nobody_known_is_bad(self):
        done = assess(f"localhost:{self.daemon.tls_port}", "--json")
        self.assertEqual(done.returncode, 1)
        [certificate] = [finding for finding in json.loads(done.stdout)["findings"] if finding["check"] == "certificate"]
        self.assertEqual(certificate["verdict"], "bad")


class AnotherServer(unittest.TestCase):
    """On an address of its own, with TLS 1.0 to 1.2, CBC, an answer for everything that shows all it has, and UDP."""
    HOST = "127.0.77.60"
    ANSWER = ("SIP/2.0 404 No Such User\r\nServer: Babbler 0.9\r\nContact: <sip:10.1.2.3:5060>\r\nCall-ID: {call_id}\r\n"
              "WWW-Authenticate: Digest realm=\"x\", nonce=\"y\", algorithm=MD5\r\nContent-Length: 0\r\n\r\n")

    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="sotto-assess-")
        self.addCleanup(folder.cleanup)
        chain, key = Authority(Path(folder.name)).issue("example.org")
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.context.minimum_version = ssl.TLSVersion.TLSv1
        self.context.maximum_version = ssl.TLSVersion.TLSv1_2
        self.context.set_ciphers("ALL:@SECLEVEL=0")
        self.context.load_cert_chain(chain, key)
        port = Port()
        self.addCleanup(port.release)
        self.port = port.number
        self.listener = socket.create_server((self.HOST, self.port))
        self.plain = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.plain.bind((self.HOST, 5060))
        self.serves(self.serve_tls, lambda: self.listener.shutdown(socket.SHUT_RDWR))
        self.serves(self.serve_plainly, lambda: self.plain.sendto(b"", self.plain.getsockname()))

    def serves(self, serve, end) -> None:
        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        self.addCleanup(thread.join, patience(5))
        self.addCleanup(end)

    def answer_to(self, request: bytes) -> bytes:
        fields = dict(line.split(": ", 1) for line in request.decode().split("\r\n")[1:] if ": " in line)
        return self.ANSWER.format(call_id=fields["Call-ID"]).encode()

    def serve_tls(self):
        with self.listener:
            while True:
                try:
                    connection, _ = self.listener.accept()
                except OSError:
                    return
                try:
                    with self.context.wrap_socket(connection, server_side=True) as tls:
                        while request := tls.recv(4096):
                            tls.sendall(self.answer_to(request))
                except OSError:
                    continue

    def serve_plainly(self):
        with self.plain:
            while (received := self.plain.recvfrom(4096))[0]:
                self.plain.sendto(self.answer_to(received[0]), received[1])

    def test_everything_that_is_wrong_is_named(self):
        done = assess(f"{self.HOST}:{self.port}", "--json")
        self.assertEqual(done.returncode, 1, done.stderr)
        answer = json.loads(done.stdout)
        verdicts = {finding["check"]: finding["verdict"] for finding in answer["findings"]}
        self.assertEqual(verdicts.pop("tls"), "weak")
        self.assertEqual(set(verdicts.values()), {"bad"}, answer)
        self.assertLess(answer["score"], 20)
        seen = " ".join(finding["seen"] for finding in answer["findings"])
        for what in ("Babbler 0.9", "10.1.2.3", "404", "MD5", "UDP"):
            self.assertIn(what, seen)


class Nobody(unittest.TestCase):
    def test_who_trickles_is_not_listened_to_for_ever(self):
        """The head of a record, and then a byte now and then."""
        over = threading.Event()
        server = socket.create_server(("127.0.0.1", 0))

        def trickle() -> None:
            connection, _ = server.accept()
            with contextlib.suppress(OSError), connection:
                connection.sendall(b"\x16\x03\x03\x40\x00")
                while not over.wait(0.2):
                    connection.sendall(b"\x02")

        thread = threading.Thread(target=trickle, daemon=True)
        thread.start()
        try:
            done = assess(f"127.0.0.1:{server.getsockname()[1]}")
        finally:
            over.set()
            thread.join(patience(5))
            server.close()
        self.assertEqual(done.returncode, 3)
        self.assertIn("speaks no TLS", done.stderr)

    def test_nobody_there_and_no_server_named(self):
        with socket.socket() as unused:
            unused.bind(("127.0.0.1", 0))   # bound and not listening: nobody connects
            done = assess(f"127.0.0.1:{unused.getsockname()[1]}")
        self.assertEqual(done.returncode, 3)
        self.assertIn("Connection refused", done.stderr)
        self.assertEqual(assess("sip:example.org").returncode, 2)
        self.assertIn("an IPv6 address in brackets", assess("2001:db8::1").stderr)


if __name__ == "__main__":
    unittest.main()
