"""Everybody comes back within a minute, after a power cut and after a restart: 5,000 phones, each with its connection and
its binding."""

import json
import resource
import signal
import subprocess
import unittest

from support.daemon import PASSWORD, Daemon, binary
from support.supervisor import SupervisedDaemon

CLIENTS = 5_000
WITHIN = 60   # seconds


class Storm(unittest.TestCase):
    def setUp(self) -> None:
        if resource.getrlimit(resource.RLIMIT_NOFILE)[1] < CLIENTS + 1000:
            self.skipTest("too few open files are allowed here")

    def daemon(self, kind: type) -> Daemon:
        """With the handshake budget of a fresh file."""
        daemon = kind([f"user{n}" for n in range(CLIENTS)], threads=2,
                      overrides={"log": {"level": "warning"}, "limits": {"handshakes_per_second": 500},
                                 "drain_timeout": "1s"})
        self.addCleanup(daemon.destroy)
        return daemon

    def phones(self, daemon: Daemon, *options) -> subprocess.Popen:
        command = [binary("sotto-load"), "storm", "--concurrency", CLIENTS, "--within", WITHIN, "--timeout", WITHIN,
                   "--target", f"127.0.0.1:{daemon.tls_port}", "--ca", daemon.authority.certificate, "--passwords",
                   PASSWORD, "--json", *options]
        phones = subprocess.Popen([str(part) for part in command], stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                                  text=True)
        self.addCleanup(lambda: (phones.poll() is None and phones.kill(), phones.communicate()))
        return phones

    def came_back(self, phones: subprocess.Popen, daemon: Daemon) -> dict:
        printed, faults = phones.communicate(timeout=280)
        self.assertEqual(phones.returncode, 0, f"{printed}{faults}{daemon.log[-2000:]}")
        result = json.loads(printed)
        self.assertEqual((result["operations"], result["error_count"]), (CLIENTS, 0))
        self.assertLess(result["back_after_seconds"], WITHIN)
        return result

    def test_five_thousand_clients_that_lost_their_connections(self):
        daemon = self.daemon(Daemon)
        result = self.came_back(self.phones(daemon, "--server-pid", daemon.pid), daemon)
        self.assertLess(result["server"]["pss_kib_after"], 1.1 * result["server"]["pss_kib_before"], "it grows")
        print(f"\n  {CLIENTS} back after {result['back_after_seconds']:.1f} s, "
              f"{result['server']['cpu_us_per_operation']:.0f} us CPU each", flush=True)

    def test_five_thousand_clients_of_a_daemon_that_was_restarted(self):
        """They all come back at once: the daemon lets in as many as its handshake budget says, and the others wait in the
        kernel's queue."""
        daemon = self.daemon(SupervisedDaemon)
        phones = self.phones(daemon, "--server-ends")
        self.assertEqual(phones.stdout.readline(), "ready\n", "all are registered")
        daemon.signal(signal.SIGTERM)
        self.assertEqual(daemon.has_ended(), 0, daemon.log)
        daemon.start()
        result = self.came_back(phones, daemon)
        print(f"\n  {CLIENTS} back after a restart in {result['back_after_seconds']:.1f} s, "
              f"{result.get('retries', 0)} connections tried again", flush=True)
