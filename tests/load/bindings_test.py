"""50,000 bindings of which each is refreshed every ten minutes."""

import json
import subprocess
import unittest

from support.daemon import PASSWORD, Daemon, binary

BINDINGS = 50_000
LIFETIME = 600   # seconds
CONNECTIONS = 5_000


class Bindings(unittest.TestCase):
    def test_fifty_thousand_refreshed_every_ten_minutes(self):
        daemon = Daemon([f"user{n}" for n in range(BINDINGS)], threads=2,
                        overrides={"log": {"level": "warning"}, "drain_timeout": "1s"})
        self.addCleanup(daemon.destroy)
        command = [binary("sotto-load"), "register", "--concurrency", BINDINGS, "--lines-per-connection",
                   BINDINGS // CONNECTIONS, "--rate", f"{BINDINGS / LIFETIME:.1f}", "--duration", 60, "--timeout", 30,
                   "--target", f"127.0.0.1:{daemon.tls_port}", "--ca", daemon.authority.certificate, "--passwords",
                   PASSWORD, "--server-pid", daemon.pid, "--json"]
        phones = subprocess.run([str(part) for part in command], capture_output=True, text=True, timeout=400)
        self.assertEqual(phones.returncode, 0, f"{phones.stdout}{phones.stderr}{daemon.log[-2000:]}")
        result = json.loads(phones.stdout)
        self.assertEqual(result["error_count"], 0)
        self.assertGreaterEqual(result["operations"], 0.95 * 60 * BINDINGS / LIFETIME, "it keeps up")
        latency = result["latency_us"]["register"]
        self.assertLess(latency["p99"], 1_000_000)
        print(f"\n  {BINDINGS} bindings, {result['operations']} refreshes in {result['seconds']:.0f} s: "
              f"{result['server']['cpu_us_per_operation']:.0f} us CPU each, p50 {latency['p50'] / 1000:.1f} ms, "
              f"p99 {latency['p99'] / 1000:.1f} ms, PSS {result['server']['pss_kib_after'] / 1024:.0f} MiB", flush=True)
