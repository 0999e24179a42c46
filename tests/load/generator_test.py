"""The generator judges servers, so it is judged first: against its own echo server, which answers no request as SIP says."""

import json
import signal
import subprocess
import tempfile
import unittest
from pathlib import Path

from support.daemon import Port, binary
from support.limits import patience
from support.pki import Authority


class Generator(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        folder = tempfile.TemporaryDirectory(prefix="sotto-load-")
        cls.addClassCleanup(folder.cleanup)
        cls.authority = Authority(Path(folder.name))
        chain, key = cls.authority.issue("example.org")
        port = Port()
        cls.addClassCleanup(port.release)
        cls.target = f"127.0.0.1:{port.number}"
        cls.echo = subprocess.Popen([binary("sotto-load"), "echo-server", "--listen", cls.target, "--certificate", chain,
                                     "--private-key", key], stdout=subprocess.PIPE, text=True)
        cls.addClassCleanup(cls.stop)
        if cls.echo.stdout.readline() != "ready\n":
            raise AssertionError("the echo server did not get ready")

    @classmethod
    def stop(cls):
        cls.echo.send_signal(signal.SIGTERM)
        status = cls.echo.wait(patience(10))
        cls.echo.stdout.close()
        if status != 0:
            raise AssertionError(f"the echo server ended with {status}")

    def load(self, *arguments, target=None, name="example.org"):
        return subprocess.run([binary("sotto-load"), *map(str, arguments), "--target", target or self.target, "--json",
                               "--ca", self.authority.certificate, "--server-name", name, "--server-pid", str(self.echo.pid)],
                              capture_output=True, text=True, timeout=patience(60))

    def test_every_profile_has_a_floor(self):
        for profile in ("register", "call", "message", "handshake"):
            with self.subTest(profile):
                done = self.load(profile, "--floor", "--count", 50)
                self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
                result = json.loads(done.stdout)
                self.assertEqual(result["operations"], 50)
                self.assertEqual(result["errors"], {})

    def test_an_open_loop_keeps_its_rate(self):
        result = json.loads(self.load("register", "--floor", "--rate", 100, "--count", 50).stdout)
        self.assertEqual(result["operations"] + result["missed"], 50)
        self.assertGreater(result["seconds"], 0.45)

    def test_idle_connections_cost_memory_that_is_seen(self):
        result = json.loads(self.load("idle", "--floor", "--concurrency", 300, "--idle-base", 100, "--settle", 0).stdout)
        self.assertEqual(result["connections"], 300)
        self.assertGreater(result["pss_kib_per_connection"], 5)
        self.assertEqual(result["server"]["descriptors_after"] - result["server"]["descriptors_before"], 200)

    def test_a_server_that_answers_wrongly_is_found_out(self):
        done = self.load("register", "--timeout", 0.2, "--concurrency", 2)
        self.assertEqual(done.returncode, 1)
        self.assertGreater(json.loads(done.stdout)["error_count"], 0)

    def test_a_certificate_of_another_name_is_refused(self):
        done = self.load("handshake", "--floor", "--count", 1, name="example.net")
        self.assertEqual(done.returncode, 1)
        self.assertIn("certificate", next(iter(json.loads(done.stdout)["errors"])))

    def test_no_other_machine_can_be_loaded(self):
        for target in ("192.0.2.1:5061", "0.0.0.0:5061", "example.org:5061", "[2001:db8::1]:5061"):
            with self.subTest(target):
                done = self.load("register", target=target)
                self.assertEqual(done.returncode, 2)
                self.assertEqual(done.stdout, "")


if __name__ == "__main__":
    unittest.main()
