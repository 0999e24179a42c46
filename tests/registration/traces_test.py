"""What registrations leave behind: nothing on the disk, in the log or in a metric, in memory only what the location service
keeps sealed, and nothing once they are over."""

import base64
import os
import re
import tempfile
import time
import unittest
import urllib.request
from pathlib import Path

from support import memory
from support.daemon import DOMAIN, PASSWORD, Daemon, Port, binary
from support.ladder import Ladder
from support.limits import patience
from support.phone import Phone

MARK = "zq7Mark"   # stands in everything that these phones say of themselves; the accounts' names are the operator's


def marked_phone(daemon: Daemon, user: str, number: int, **options) -> Phone:
    phone = Phone(user, Ladder(), lambda: daemon.connect(**options), user, DOMAIN, PASSWORD, daemon.own_hosts)
    phone.host = f"{MARK}{number}.invalid"
    phone.contact_user = f"{MARK}device{number}"
    phone.agent = f"{MARK}Telephone/{number}"
    phone.instance = f"urn:uuid:{MARK}-{number}"
    phone.register_call_id = f"{MARK}call{number}@{phone.host}"
    return phone


def forms_of(text: str) -> re.Pattern:
    """The mark as it is, in either case, and in base64 at each of its three positions."""
    forms = [re.escape(text.encode()), re.escape(text.lower().encode()), re.escape(text.encode().hex().encode())]
    for shift in range(3):
        encoded = base64.b64encode(b"\0" * shift + text.encode())
        forms.append(re.escape(encoded[-(-shift * 8 // 6):len(encoded) - 4]))
    return re.compile(b"|".join(forms))


PATTERN = forms_of(MARK)


class OnTheDisk(unittest.TestCase):
    REGISTRATIONS = 1000
    CONNECTIONS = 50

    @classmethod
    def setUpClass(cls) -> None:
        cls.temporary = tempfile.TemporaryDirectory(prefix="sotto-test-tmp-")
        cls.addClassCleanup(cls.temporary.cleanup)
        before = os.environ.get("TMPDIR")
        os.environ["TMPDIR"] = cls.temporary.name   # the daemon's; Python has chosen its own already
        cls.metrics = Port()
        cls.addClassCleanup(cls.metrics.release)
        try:
            cls.daemon = Daemon([f"user{n}" for n in range(cls.REGISTRATIONS)], {
                "log": {"level": "debug"}, "metrics": {"listen": f"127.0.0.1:{cls.metrics.number}"}}, threads=2)
        finally:
            if before is None:
                del os.environ["TMPDIR"]
            else:
                os.environ["TMPDIR"] = before
        cls.addClassCleanup(cls.daemon.destroy)

    def files(self):
        for folder in (self.daemon.folder, Path(self.temporary.name)):
            for path in folder.rglob("*"):
                if path.is_file():
                    yield path
        for link in Path(f"/proc/{self.daemon.pid}/fd").iterdir():   # also what has no name any more
            try:
                target = Path(os.readlink(link))
            except FileNotFoundError:   # closed since it was listed: a connection, or a file that the walk above saw
                continue
            if target.is_absolute() and link.is_file():
                yield link if "deleted" in target.name else target

    def assert_no_trace(self) -> None:
        for path in self.files():
            self.assertIsNone(PATTERN.search(path.read_bytes()), path)
        self.assertIsNone(PATTERN.search(self.daemon.log.encode()), self.daemon.log)
        with urllib.request.urlopen(f"http://127.0.0.1:{self.metrics.number}/metrics", timeout=patience(10)) as page:
            figures = page.read().decode()
        self.assertIn("sotto_bindings", figures)
        self.assertIsNone(re.search(rf"{MARK}|user\d|urn:uuid", figures, re.I), figures)

    def test_the_search_finds_what_is_there(self):
        planted = self.daemon.state / "planted"
        planted.write_text(f"a file with {MARK}12 in it")
        with self.assertRaises(AssertionError):
            self.assert_no_trace()
        planted.unlink()

    def test_a_thousand_registrations(self):
        """P5. While they live, after they were refreshed, and after all of them are over."""
        first = []
        for number in range(self.REGISTRATIONS):
            phone = marked_phone(self.daemon, f"user{number}", number)
            if number >= self.CONNECTIONS:   # a few connections carry all
                phone.connection.close()
                phone.connection = first[number % self.CONNECTIONS].connection
            else:
                first.append(phone)
            phone.registers(headers={"Supported": "gruu, outbound, path"})
        self.assertIn('"bindings":1000', self.daemon.sotto("--json", "status").stdout.replace(" ", ""))
        self.assert_no_trace()
        for phone in first:
            phone.registers()
        self.assert_no_trace()
        for phone in first:
            phone.connection.close()
        deadline = time.monotonic() + patience(10)
        while '"bindings":0' not in self.daemon.sotto("--json", "status").stdout.replace(" ", ""):
            self.assertLess(time.monotonic(), deadline, "bindings outlive their connections")
        self.assert_no_trace()


@unittest.skipIf(memory.not_looked_at(binary("sottod")), memory.not_looked_at(binary("sottod")))
class InMemory(unittest.TestCase):
    @classmethod
    def setUpClass(cls) -> None:
        cls.daemon = Daemon(["alice"], {"registrar": {"shortest_binding": "1s"}}, threads=2)
        cls.addClassCleanup(cls.daemon.destroy)

    def marks_in_memory(self, pattern: re.Pattern = PATTERN) -> int:
        return sum(len(pattern.findall(piece)) for piece in memory.writable(self.daemon.pid))

    def test_a_live_binding_shows_nothing_of_its_phone(self):
        """While it is registered: Contact and Path are sealed, instance and Call-ID hashed, and where it came from and what
        it runs on are not kept at all."""
        source = "127.77.78.79"
        phone = marked_phone(self.daemon, "alice", 8, source=source)
        self.addCleanup(phone.connection.close)
        port = int(phone.connection.local_address.rpartition(":")[2])
        endpoint = b"\2\0" + port.to_bytes(2, "big") + bytes(int(part) for part in source.split("."))   # sockaddr_in
        pattern = re.compile(PATTERN.pattern + b"|" + re.escape(source.encode()) + b"|" + re.escape(endpoint), re.S)
        self.assertTrue(pattern.search(b"x" + endpoint) and pattern.search(source.encode()) and pattern.search(MARK.encode()))
        phone.registers(headers={"Supported": "path, gruu", "Path": f"<sip:{MARK}edge@{MARK}.invalid;lr;ob>"})
        deadline = time.monotonic() + patience(10)
        while left := self.marks_in_memory(pattern):
            self.assertLess(time.monotonic(), deadline, f"{left} traces in memory")
        self.assertEqual(len(self.daemon.bindings("alice")), 1, "it is registered all the while")
        phone.registers()   # and can still be read by whom it is for
        phone.unregisters()

    def test_an_expired_binding_is_gone_and_wiped(self):
        """Gone within a second of its end, although its connection stays; then no byte of it is left."""
        phone = marked_phone(self.daemon, "alice", 7)
        phone.registers(expires=3)
        granted = time.monotonic()
        self.addCleanup(phone.connection.close)
        self.assertEqual(len(self.daemon.bindings("alice")), 1)
        # Whoever asks for an operator sees no expired one anyway; the count of the memory itself must fall as well.
        while '"bindings":1' in self.daemon.sotto("--json", "status").stdout.replace(" ", ""):
            self.assertLess(time.monotonic() - granted, 4 + patience(1), "kept beyond its time")
        self.assertGreaterEqual(time.monotonic() - granted, 2.5, "it lived its time")
        deadline = time.monotonic() + patience(5)
        while left := self.marks_in_memory():
            self.assertLess(time.monotonic(), deadline, f"{left} traces in memory")

