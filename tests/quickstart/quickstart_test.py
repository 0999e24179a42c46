"""packaging/quickstart, as somebody meets it who has just built Sotto: what it prints is enough to connect a phone."""

import os
import re
import shutil
import signal
import subprocess
import tempfile
import unittest
from pathlib import Path

from support.ladder import Ladder
from support.limits import patience
from support.phone import Phone
from support.tls import Connection

PACKAGING = Path(__file__).resolve().parents[2] / "packaging"


class Quickstart(unittest.TestCase):
    def setUp(self) -> None:
        self.root = Path(tempfile.mkdtemp(prefix="sotto-quickstart-"))   # what it makes stays in here
        self.addCleanup(shutil.rmtree, self.root)
        shutil.copytree(PACKAGING, self.root / "packaging")
        self.started: list = []
        self.addCleanup(self.ends_all)

    def ends_all(self) -> None:
        for end in self.started:
            try:
                signal.pidfd_send_signal(end, signal.SIGKILL)
            except ProcessLookupError:
                pass
            os.close(end)

    def quickstart(self) -> tuple:
        """Runs it from / and gives what it printed, and the process of the daemon that it said it started."""
        done = subprocess.run([self.root / "packaging" / "quickstart"], cwd="/", text=True, timeout=patience(60),
                              stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        self.assertEqual(done.returncode, 0, done.stdout)
        pid = int(re.search(r"port 5061, TLS only \(process (\d+)", done.stdout)[1])
        self.started.append(os.pidfd_open(pid))
        return done.stdout, pid

    def phone(self, printed: str) -> Phone:
        """With nothing but what stands in the printed text."""
        address, password = re.search(r"account +(\S+) +password (\S+)", printed).groups()
        authority = Path(re.search(r"authority +(\S+)", printed)[1])
        user, domain = address.split("@")
        phone = Phone(user, Ladder(), lambda: Connection(("127.0.0.1", 5061), authority, domain), user, domain, password,
                      (domain, "127.0.0.1"))
        self.addCleanup(lambda: phone.connection.close())
        return phone

    def test_twice_from_anywhere(self) -> None:
        printed, first = self.quickstart()
        phone = self.phone(printed)
        phone.registers()
        again, second = self.quickstart()
        self.assertIn(f"Stopping the sottod of the last time ({first})", again)
        self.assertFalse(Path(f"/proc/{first}").exists())
        phone.is_disconnected()
        phone = self.phone(printed)   # authority, accounts and passwords have stayed
        phone.registers()
        os.kill(second, signal.SIGTERM)   # "stop: kill PID"
        phone.is_disconnected()
