"""Two worker threads: one does everything while there is little to do, both while there is much, and no call notices."""

import json
import subprocess
import time
import unittest
from pathlib import Path

from support.daemon import PASSWORD, Daemon, binary
from support.limits import patience

FEW, MANY = 10, 40   # calls at a time
SECONDS = 2


class Threads(unittest.TestCase):
    def setUp(self) -> None:
        self.daemon = Daemon(accounts=[f"user{n}" for n in range(2 * (FEW + MANY))], threads=2,
                             overrides={"log": {"level": "warning"}, "drain_timeout": "1s"})
        self.addCleanup(self.daemon.destroy)
        end = time.monotonic() + patience(10)
        while not {"worker-0", "worker-1"} <= self.worked().keys():   # a thread names itself
            self.assertLess(time.monotonic(), end, "no such threads")

    def begin(self, *arguments, first: int) -> subprocess.Popen:
        command = [binary("sotto-load"), "call", *arguments, "--target", f"127.0.0.1:{self.daemon.tls_port}", "--json", "--ca",
                   self.daemon.authority.certificate, "--passwords", PASSWORD, "--first-account", first,
                   "--timeout", patience(15)]
        return subprocess.Popen([str(c) for c in command], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)

    def end(self, calls: subprocess.Popen) -> int:
        said, complaint = calls.communicate(timeout=patience(100))
        self.assertEqual(calls.returncode, 0, f"{said}{complaint}{self.daemon.log[-2000:]}")
        return json.loads(said)["operations"]

    def worked(self) -> dict:
        """Seconds of processor time, by the name of the thread."""
        return {task.joinpath("comm").read_text().strip(): int(task.joinpath("schedstat").read_text().split()[0]) / 1e9
                for task in Path(f"/proc/{self.daemon.pid}/task").iterdir()}

    def share_of_the_second(self, *arguments) -> float:
        """While such calls are made, and however many others."""
        before = self.worked()
        self.assertGreater(self.end(self.begin(*arguments, "--duration", SECONDS, first=2 * FEW)), 0)
        after = self.worked()
        first, second = (after[name] - before[name] for name in ("worker-0", "worker-1"))
        return second / (first + second)

    def assert_eventually(self, reached, *arguments) -> None:
        shares = []
        end = time.monotonic() + patience(30)
        while not (shares and reached(shares[-1])):
            self.assertLess(time.monotonic(), end, f"the second thread's share was {shares}")
            shares.append(self.share_of_the_second(*arguments))

    def test_the_second_thread_works_when_there_is_much_to_do(self):
        # Calls go on whoever drives the loops: those of this generator are in progress at each change.
        lasting = self.begin("--concurrency", FEW, "--rate", FEW, "--hold", 0.7, "--count", 120, first=0)
        self.addCleanup(lasting.wait)
        self.addCleanup(lasting.kill)
        little, much = ("--concurrency", FEW, "--rate", FEW), ("--concurrency", MANY)
        self.assert_eventually(lambda share: share < 0.1, *little)
        self.assert_eventually(lambda share: share > 0.25, *much)
        self.assert_eventually(lambda share: share < 0.1, *little)
        self.assertEqual(self.end(lasting), 120)


if __name__ == "__main__":
    unittest.main()
