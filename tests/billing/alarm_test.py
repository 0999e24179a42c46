"""The alarm for records that are kept beyond their time, rung by such a record: a real Prometheus asks the daemon."""

import datetime
import unittest
from pathlib import Path

from clients import network
from support.billing import BillingDaemon, number
from support.daemon import Port, binary
from support.prometheus import Prometheus

FAKETIME = "/usr/lib/x86_64-linux-gnu/faketime/libfaketime.so.1"
DAYS = 200   # more than any rule keeps what was invoiced


def setUpModule() -> None:
    network.enter()


@unittest.skipUnless(Path(FAKETIME).exists(), "libfaketime is not installed")
class Overdue(unittest.TestCase):
    def setUp(self) -> None:
        self.port = Port()
        self.addCleanup(self.port.release)
        self.daemon = BillingDaemon(overrides={"metrics": {"listen": f"127.0.0.1:{self.port.number}"}})
        self.addCleanup(self.daemon.destroy)
        self.prometheus = Prometheus(self.port.number)
        self.addCleanup(self.prometheus.stop)

    def one_invoiced_call(self) -> None:
        self.daemon.alice_calls(number(1))
        self.daemon.wait_for_calls(1)

    def test_it_rings_while_a_record_is_overdue_and_not_before_or_after(self) -> None:
        self.one_invoiced_call()
        self.prometheus.silent("SottoRetentionOverdue")
        self.daemon.stop()
        # The calendar jumps, and no time server steers it: nothing is destroyed before somebody has confirmed the time.
        self.daemon.environment = {"LD_PRELOAD": f"{binary('libtime_server.so')}:{FAKETIME}", "TIME_SERVER": "none",
                                   "FAKETIME": f"+{DAYS}d", "FAKETIME_DONT_FAKE_MONOTONIC": "1"}
        self.daemon.start()
        alarm = self.prometheus.rings("SottoRetentionOverdue")
        self.assertEqual(alarm["labels"]["severity"], "page")
        self.assertTrue(alarm["annotations"]["summary"].startswith("1 records of calls"), alarm)
        now = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(days=DAYS, minutes=-5)
        self.daemon.sotto("retention", "run", "--now", now.strftime("%Y-%m-%dT%H:%M:%SZ"))
        self.prometheus.falls_silent("SottoRetentionOverdue")


if __name__ == "__main__":
    unittest.main()
