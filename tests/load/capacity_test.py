"""The daemon under load, by `sotto-load`: every answer is checked, so "without an error" means every single message."""

import contextlib
import json
import re
import resource
import subprocess
import unittest
from pathlib import Path

from support.daemon import PASSWORD, Daemon, binary
from support.limits import patience

BINDINGS = 10_000
CALLS_AT_ONCE = 100
UNIT = Path(__file__).parents[2] / "systemd/sotto.service"
LARGE_PAGES = Path("/sys/kernel/mm/transparent_hugepage/enabled")


class Capacity(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        # Answered INVITE transactions live on for 32 s (RFC 6026); the end of the test need not wait for them.
        cls.daemon = Daemon(accounts=[f"user{n}" for n in range(BINDINGS)], threads=2,
                            overrides={"log": {"level": "warning"}, "drain_timeout": "1s"})
        cls.addClassCleanup(cls.daemon.destroy)

    def load(self, profile, *arguments):
        command = [binary("sotto-load"), profile, *arguments, "--target", f"127.0.0.1:{self.daemon.tls_port}", "--json",
                   "--ca", self.daemon.authority.certificate, "--passwords", PASSWORD, "--server-pid", self.daemon.pid,
                   "--timeout", patience(15)]
        done = subprocess.run([str(c) for c in command], capture_output=True, text=True, timeout=patience(140))
        self.assertEqual(done.returncode, 0, f"{profile}: {done.stdout}{done.stderr}{self.daemon.log[-2000:]}")
        return json.loads(done.stdout)

    def figures(self, title, result):
        latencies = ", ".join(f"{name} p50 {value['p50'] / 1000:.1f} ms p99 {value['p99'] / 1000:.1f} ms"
                              for name, value in result["latency_us"].items())
        print(f"\n  {title}: {result['operations']} in {result['seconds']:.1f} s, "
              f"{result['server']['cpu_us_per_operation']:.0f} us CPU each; {latencies}", flush=True)

    def test_ten_thousand_bindings_and_a_hundred_calls_at_a_time(self):
        # A connection per phone where the limit on open files allows it, otherwise several phones behind one.
        descriptors = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
        shared = 1 if descriptors == resource.RLIM_INFINITY or descriptors > BINDINGS + 1000 else 20
        result = self.load("call", "--registered", BINDINGS, "--lines-per-connection", shared, "--concurrency", CALLS_AT_ONCE,
                           "--count", 2000, "--expect-private")
        self.assertEqual(result["lines"], BINDINGS)
        self.assertEqual(result["operations"], 2000)
        self.figures(f"{BINDINGS} bindings on {result['connections']} connections, registered in "
                     f"{result['preparation_seconds']:.1f} s; calls, {CALLS_AT_ONCE} at a time", result)

    def test_calls_that_the_callee_ends(self):
        result = self.load("call", "--concurrency", 10, "--count", 200, "--callee-hangs-up", "--expect-private")
        self.assertEqual(result["operations"], 200)

    def test_registrations(self):
        result = self.load("register", "--concurrency", 20, "--count", 4000)
        self.figures("REGISTER pairs", result)
        again = self.load("register", "--concurrency", 20, "--count", 4000, "--reuse-nonce")
        self.assertLess(again["answers"].get("REGISTER 401", 0), 4000)
        self.figures("refreshes with a known nonce", again)

    def test_messages(self):
        self.figures("messages", self.load("message", "--concurrency", 10, "--count", 1000, "--expect-private"))

    def test_handshakes(self):
        self.figures("handshakes with REGISTER and 401", self.load("handshake", "--concurrency", 10, "--count", 1000))

    def test_idle_connections_stay_and_answer_keep_alives(self):
        result = self.load("idle", "--concurrency", 2000, "--idle-base", 500, "--duration", 0.5)
        self.assertEqual(result["operations"], 2000)
        print(f"\n  idle: {result['pss_kib_per_connection']:.1f} KiB per registered connection", flush=True)

    def test_everybody_comes_back_after_a_loss(self):
        result = self.load("storm", "--concurrency", 1000, "--within", patience(5))
        self.assertEqual(result["operations"], 1000)
        self.figures(f"storm of 1000, all back after {result['back_after_seconds']:.1f} s", result)

    def test_everything_at_once(self):
        self.figures("mixed", self.load("mixed", "--concurrency", 20, "--count", 4000, "--expect-private"))


class LargePages(unittest.TestCase):
    """A page of 4 KiB for each part of a connection costs a sixth of a call's processor time."""

    def kib(self, pid, *names):
        rollup = Path(f"/proc/{pid}/smaps_rollup").read_text()
        return [int(re.search(rf"^{name}: *([0-9]+) kB$", rollup, re.M)[1]) for name in names]

    @unittest.skipUnless(LARGE_PAGES.exists() and "[never]" not in LARGE_PAGES.read_text(), "the kernel gives none")
    def test_connections_live_in_large_pages(self):
        daemon = Daemon(accounts=[f"user{n}" for n in range(2000)], threads=2, overrides={"log": {"level": "warning"}})
        self.addCleanup(daemon.destroy)
        daemon.stop()
        daemon.environment = dict(re.findall(r"^Environment=(\w+)=(.*)$", UNIT.read_text(), re.M))
        daemon.start()
        load = subprocess.Popen([str(part) for part in (
            binary("sotto-load"), "idle", "--concurrency", 2000, "--idle-base", 500, "--duration", 0.5, "--target",
            f"127.0.0.1:{daemon.tls_port}", "--ca", daemon.authority.certificate, "--passwords", PASSWORD)],
            stdout=subprocess.DEVNULL)
        most, large = 0, 0
        while load.poll() is None:
            with contextlib.suppress(subprocess.TimeoutExpired):
                load.wait(0.1)
            if load.returncode is None:
                most, large = max((most, large), tuple(self.kib(daemon.pid, "Anonymous", "AnonHugePages")))
        self.assertEqual(load.returncode, 0)
        self.assertGreater(most, 20_000, "two thousand connections")
        self.assertGreater(large, 0.7 * most)


if __name__ == "__main__":
    unittest.main()
