"""The daemon is restarted, and killed, under load: every call that was answered goes on, and ends as it should."""

import json
import signal
import subprocess
import time
import unittest

from support.daemon import PASSWORD, binary
from support.limits import patience
from support.supervisor import SupervisedDaemon

PAIRS = 60


class Restart(unittest.TestCase):
    """`sotto-load` checks each message; its lines connect and register again when their connection is lost."""

    def setUp(self) -> None:
        self.daemon = SupervisedDaemon(accounts=[f"user{n}" for n in range(2 * PAIRS)], threads=2,
                                       overrides={"log": {"level": "warning"}, "drain_timeout": "2s"})
        self.addCleanup(self.daemon.destroy)

    def under_load(self, disturb, *arguments: str) -> dict:
        command = [binary("sotto-load"), "call", "--target", f"127.0.0.1:{self.daemon.tls_port}", "--json", "--ca",
                   self.daemon.authority.certificate, "--passwords", PASSWORD, "--timeout", patience(20),
                   "--concurrency", PAIRS, "--expect-private", *arguments]
        load = subprocess.Popen([str(word) for word in command], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        try:
            self.wait_for_calls(PAIRS)
            disturb()
            out, err = load.communicate(timeout=patience(60))
        finally:
            if load.poll() is None:
                load.kill()
                load.communicate()
        self.assertEqual(load.returncode, 0, f"{out}{err}{self.daemon.log[-2000:]}")
        return json.loads(out)

    def wait_for_calls(self, count: int) -> None:
        """Until they stand: each phone has registered (two requests), and each call has its INVITE, ACK, INVITE and ACK."""
        deadline = time.monotonic() + patience(30)
        while self.requests() < 2 * 2 * count + 4 * count:
            self.assertLess(time.monotonic(), deadline, "the calls do not begin")
        self.requests()   # each worker has been asked once more: what it was given before is on its way

    def requests(self) -> int:
        return json.loads(self.daemon.sotto("--json", "status").stdout)["sip"]["requests"]

    def restart(self) -> None:
        self.daemon.signal(signal.SIGTERM)
        self.assertEqual(self.daemon.has_ended(), 0, self.daemon.log)
        self.daemon.start()

    def crash(self) -> None:
        self.daemon.signal(signal.SIGKILL)
        self.daemon.has_ended()
        self.daemon.start()

    def test_calls_that_begin_and_end_all_the_time(self):
        """No call is lost. New ones are refused while the first process ends, and are placed again; every phone is back
        within seconds."""
        result = self.under_load(self.restart, "--reconnect", "0.2", "--hold", "1", "--duration", "8")
        self.assertGreater(result["operations"], 2 * PAIRS)
        self.assertGreaterEqual(result["retries"], 2 * PAIRS)
        self.assertLess(result["latency_us"]["back"]["max"], patience(4) * 1e6)
        print(f"\n  {result['operations']} calls around a restart; the last phone back after "
              f"{result['latency_us']['back']['max'] / 1e6:.1f} s", flush=True)

    def test_standing_calls_survive_a_kill(self):
        result = self.under_load(self.crash, "--reconnect", "0.2", "--hold", "5", "--count", str(PAIRS))
        self.assertEqual(result["operations"], PAIRS)

    def test_phones_that_come_back_by_their_next_refresh(self):
        """They do not notice that their connection has ended, or wait: the call is there when they come."""
        result = self.under_load(self.restart, "--reconnect", "5", "--hold", "4", "--callee-hangs-up", "--count", str(PAIRS))
        self.assertEqual(result["operations"], PAIRS)
        self.assertGreater(result["latency_us"]["back"]["p50"], 5e6)


if __name__ == "__main__":
    unittest.main()
