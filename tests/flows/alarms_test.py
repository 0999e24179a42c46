"""The alarms that are shipped, rung by what they are for: a real Prometheus asks the daemon."""

import unittest

from support.daemon import DOMAIN, Daemon, Port
from support.flow_test import EVENTS
from support.prometheus import Prometheus


class Alarms(unittest.TestCase):
    def setUp(self) -> None:
        self.port = Port()
        self.addCleanup(self.port.release)
        self.daemon = Daemon(("alice",), {"metrics": {"listen": f"127.0.0.1:{self.port.number}"}, "drain_timeout": "1s", **EVENTS})
        self.addCleanup(self.daemon.destroy)
        self.prometheus = Prometheus(self.port.number)
        self.addCleanup(self.prometheus.stop)

    def test_a_changed_audit_log_rings_when_somebody_looks_and_after_a_restart(self) -> None:
        self.prometheus.silent("SottoAuditBroken")
        self.daemon.sotto("account", "show", f"alice@{DOMAIN}")
        [*_, log] = sorted((self.daemon.state / "audit").glob("*.log"))
        log.write_bytes(log.read_bytes().replace(b'"account show"', b'"account list"', 1))
        wrong = "1:" + "0" * 64   # what somebody mistypes is no alarm
        self.assertEqual(self.daemon.sotto("audit", "verify", "--head", wrong, check=False).returncode, 1)
        self.assertNotIn("audit-broken", self.daemon.log)
        self.assertEqual(self.daemon.sotto("audit", "verify", check=False).returncode, 1)
        self.assertEqual(len(self.daemon.logged("audit-broken")), 1)
        self.daemon.sotto("audit", "verify", check=False)
        alarm = self.prometheus.rings("SottoAuditBroken")
        self.assertEqual(alarm["labels"]["severity"], "page")
        self.assertIn("was changed", alarm["annotations"]["summary"])
        self.assertEqual(len(self.daemon.logged("audit-broken")), 1, "once is enough")

        self.daemon.stop()
        self.daemon.start()
        self.daemon.logged("audit-broken", 2)
        self.prometheus.rings("SottoAuditBroken")


if __name__ == "__main__":
    unittest.main()
