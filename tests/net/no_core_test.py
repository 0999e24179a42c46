"""P9: neither a crash nor whoever runs as the same user gets at the daemon's memory (core(5), PR_SET_DUMPABLE)."""

import os
import re
import signal
import subprocess
import unittest
from pathlib import Path

from support.daemon import Daemon
from support.limits import patience

PERSON = 12345   # no user of this machine


class NoCore(unittest.TestCase):
    """As root the daemon is given to somebody else: to root everything is open."""
    person = {"user": PERSON, "group": PERSON, "extra_groups": ()} if os.geteuid() == 0 else {}

    def setUp(self) -> None:
        self.daemon = Daemon(())
        self.addCleanup(self.daemon.destroy)
        if not self.person:
            return
        self.daemon.stop()
        for path in (self.daemon.folder, *self.daemon.folder.rglob("*")):
            os.chown(path, PERSON, PERSON)
        self.daemon.launcher = ["setpriv", f"--reuid={PERSON}", f"--regid={PERSON}", "--clear-groups", "--"]
        self.daemon.start()

    def opens(self, pid: int, file: str) -> subprocess.CompletedProcess:
        """By another process of the same user."""
        return subprocess.run(["head", "--bytes=1", f"/proc/{pid}/{file}"], capture_output=True, timeout=patience(10),
                              env={"LC_ALL": "C", "PATH": os.environ["PATH"]}, **self.person)

    def test_the_same_user_reads_nothing_of_it(self) -> None:
        other = subprocess.Popen(["sleep", "600"], **self.person)
        self.addCleanup(lambda: (other.kill(), other.wait()))
        self.assertEqual(self.opens(other.pid, "environ").returncode, 0, "of another process of that user it may be read")
        for file in ("environ", "maps", "mem"):
            with self.subTest(file):
                self.assertIn(b"Permission denied", self.opens(self.daemon.pid, file).stderr)

    def test_a_crash_leaves_no_core(self) -> None:
        limits = Path(f"/proc/{self.daemon.pid}/limits").read_text()
        self.assertRegex(limits, re.compile(r"^Max core file size +0 +0 ", re.MULTILINE))
        self.daemon.signal(signal.SIGABRT)
        ended = os.waitid(os.P_PID, self.daemon.pid, os.WEXITED | os.WNOWAIT)
        self.assertEqual((ended.si_status, ended.si_code), (signal.SIGABRT, os.CLD_KILLED), "and not CLD_DUMPED")
        self.daemon.reap()


if __name__ == "__main__":
    unittest.main()
