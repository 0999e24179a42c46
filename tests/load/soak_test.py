"""An hour of everything that phones do, with connections that are lost and come back: nothing goes wrong and nothing
grows."""

import json
import os
import subprocess
import unittest

from support.daemon import PASSWORD, Daemon, binary

SECONDS = int(os.environ.get("SOTTO_SOAK_SECONDS", "3600"))
PHONES = 400
RATE = 40            # operations a second: what two cores carry beside other work
KIB_AN_HOUR = 3_072  # of 36,000 calls and 21,600 messages an hour, each remembered for half a day after its end


class Soak(unittest.TestCase):
    def test_an_hour_of_mixed_work_with_churn(self):
        daemon = Daemon([f"user{n}" for n in range(PHONES)], threads=2,
                        overrides={"log": {"level": "warning"}, "drain_timeout": "1s"})
        self.addCleanup(daemon.destroy)
        command = [binary("sotto-load"), "mixed", "--concurrency", PHONES // 2, "--rate", RATE, "--warm-up", 60,
                   "--duration", SECONDS, "--timeout", 30, "--target", f"127.0.0.1:{daemon.tls_port}", "--ca",
                   daemon.authority.certificate, "--passwords", PASSWORD, "--server-pid", daemon.pid, "--json"]
        phones = subprocess.run([str(part) for part in command], capture_output=True, text=True, timeout=SECONDS + 300)
        self.assertEqual(phones.returncode, 0, f"{phones.stdout}{phones.stderr}{daemon.log[-2000:]}")
        result = json.loads(phones.stdout)
        self.assertEqual((result["error_count"], result["refused"]), (0, 0))
        self.assertGreaterEqual(result["operations"], 0.95 * SECONDS * RATE, "it keeps up")
        server = result["server"]
        print(f"\n  {result['operations']} operations in {result['seconds']:.0f} s, PSS "
              f"{server['pss_kib_before'] / 1024:.1f} and {server['pss_kib_after'] / 1024:.1f} MiB, "
              f"{server['own_kib_per_hour']:.0f} KiB and {server['descriptors_per_hour']:.1f} descriptors an hour", flush=True)
        self.assertLess(abs(server["descriptors_per_hour"]), 1)
        self.assertLess(server["own_kib_per_hour"], KIB_AN_HOUR)

