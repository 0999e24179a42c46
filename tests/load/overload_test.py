"""Three times the calls that the daemon can carry: what it carries it carries quickly, and the rest is told to come later."""

import contextlib
import json
import os
import subprocess
import sys
import time
import unittest
from pathlib import Path

from support.daemon import PASSWORD, Daemon, binary
from support.limits import patience

CALLERS = 1500   # and as many callees
PRIORITY = 10
OCCUPY = """
import time
while True:
    begin = time.monotonic()
    while time.monotonic() < begin + 0.0075: pass
    time.sleep(0.0025)
"""


class Overload(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.daemon = Daemon(accounts=[f"user{n}" for n in range(2 * CALLERS)],
                            overrides={"log": {"level": "warning"}, "drain_timeout": "1s"})
        cls.addClassCleanup(cls.daemon.destroy)
        cls.leave_it_a_quarter_of_a_core()

    @classmethod
    def leave_it_a_quarter_of_a_core(cls):
        """So the generator on another one can bring three times what it carries."""
        cls.core = max(os.sched_getaffinity(0))
        for task in Path(f"/proc/{cls.daemon.pid}/task").iterdir():
            os.sched_setaffinity(int(task.name), {cls.core})
        loop = subprocess.Popen(["taskset", "-c", str(cls.core), sys.executable, "-c", OCCUPY])
        cls.addClassCleanup(loop.wait)
        cls.addClassCleanup(loop.kill)
        with contextlib.suppress(PermissionError):
            os.sched_setscheduler(loop.pid, os.SCHED_FIFO, os.sched_param(PRIORITY))

    def calls(self, *arguments):
        command = [binary("sotto-load"), "call", *arguments, "--target", f"127.0.0.1:{self.daemon.tls_port}", "--json", "--ca",
                   self.daemon.authority.certificate, "--passwords", PASSWORD, "--timeout", patience(15)]
        done = subprocess.run([str(c) for c in command], capture_output=True, text=True, timeout=patience(100))
        self.assertEqual(done.returncode, 0, f"{done.stdout}{done.stderr}{self.daemon.log[-2000:]}")
        return json.loads(done.stdout)

    @unittest.skipIf(len(os.sched_getaffinity(0)) < 2, "the generator needs a core of its own")
    def test_whoever_is_served_is_served_quickly_and_the_rest_comes_later(self):
        best = self.calls("--concurrency", 20, "--registered", 2 * CALLERS, "--warm-up", 1, "--duration", 3)["per_second"]
        # An error would be a call that broke, or an answer other than 503 with Retry-After to one that was not taken.
        over = self.calls("--concurrency", CALLERS, "--rate", 3 * best, "--expect-overload", "--duration", 6)
        ended = time.monotonic()
        print(f"\n  {best:.0f} calls/s at best, {over['per_second']:.0f} of three times as many, {over['refused']} refused, "
              f"answers p50 {over['latency_us']['answer']['p50'] / 1000:.0f} ms", flush=True)
        self.assertGreater(over["refused"], 0)
        self.assertGreater(over["per_second"], 0.65 * best)
        self.assertLess(over["latency_us"]["answer"]["p90"], 200_000, "a callee's answer reaches its caller")
        again = self.calls("--concurrency", 20, "--count", 200)  # of which none is refused
        self.assertEqual(again["operations"], 200)
        self.assertLess(time.monotonic() - ended, patience(5))


if __name__ == "__main__":
    unittest.main()
