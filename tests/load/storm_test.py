"""Everybody comes back within a minute, as after a power cut: 5,000 phones, each with its connection and its bindings."""

import json
import resource
import subprocess
import unittest

from support.daemon import PASSWORD, Daemon, binary

CLIENTS = 5_000
WITHIN = 60   # seconds


class Storm(unittest.TestCase):
    def test_five_thousand_clients_are_back_within_a_minute(self):
        if resource.getrlimit(resource.RLIMIT_NOFILE)[1] < CLIENTS + 1000:
            self.skipTest("too few open files are allowed here")
        daemon = Daemon([f"user{n}" for n in range(CLIENTS)], threads=2,   # with the handshake budget of a fresh file
                        overrides={"log": {"level": "warning"}, "limits": {"handshakes_per_second": 500}})
        self.addCleanup(daemon.destroy)
        command = [binary("sotto-load"), "storm", "--concurrency", CLIENTS, "--within", WITHIN, "--timeout", WITHIN,
                   "--target", f"127.0.0.1:{daemon.tls_port}", "--ca", daemon.authority.certificate, "--passwords",
                   PASSWORD, "--server-pid", daemon.pid, "--json"]
        done = subprocess.run([str(part) for part in command], capture_output=True, text=True, timeout=280)
        self.assertEqual(done.returncode, 0, f"{done.stdout}{done.stderr}{daemon.log[-2000:]}")
        result = json.loads(done.stdout)
        self.assertEqual((result["operations"], result["error_count"]), (CLIENTS, 0))
        self.assertLess(result["back_after_seconds"], WITHIN)
        self.assertLess(result["server"]["pss_kib_after"], 1.1 * result["server"]["pss_kib_before"], "it grows")
        print(f"\n  {CLIENTS} back after {result['back_after_seconds']:.1f} s, "
              f"{result['server']['cpu_us_per_operation']:.0f} us CPU each", flush=True)
