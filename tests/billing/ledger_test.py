"""What is recorded of a call, and of which; what the caller hears when it cannot be."""

import signal
import subprocess
import unittest

from support.billing import PREFIX, BillingDaemon
from support.daemon import DOMAIN, PASSWORD, Daemon, binary
from support.ladder import Ladder
from support.limits import patience
from support.phone import Phone


def phone(test: unittest.TestCase, daemon: Daemon, user: str) -> Phone:
    one = Phone(user, test.ladder, daemon.connect, user, DOMAIN, PASSWORD, daemon.own_hosts)
    test.addCleanup(lambda: one.connection.close())
    one.registers()
    return one


def load_calls(daemon: Daemon, count: int, accounts: str) -> None:
    done = subprocess.run([binary("sotto-load"), "call", "--target", f"127.0.0.1:{daemon.tls_port}",
                           "--ca", daemon.authority.certificate, "--accounts", accounts, "--passwords", PASSWORD,
                           "--count", str(count), "--concurrency", "4"], capture_output=True, text=True,
                          timeout=patience(120))
    if done.returncode != 0:
        raise AssertionError(f"the load did not pass:\n{done.stdout}{done.stderr}\n{daemon.log}")


class Unbilled(unittest.TestCase):
    ACCOUNTS = tuple(f"user{i}" for i in range(8))

    def test_a_thousand_calls_that_nobody_bills_leave_nothing(self):
        daemon = Daemon(self.ACCOUNTS, {"drain_timeout": "1s"})
        self.addCleanup(daemon.destroy)
        before = {file.name for file in daemon.state.rglob("*")}
        load_calls(daemon, 1000, f"user%d@{DOMAIN}")
        self.assertEqual({file.name for file in daemon.state.rglob("*")}, before)
        self.assertFalse((daemon.state / "ledger.db").exists())

    def test_where_another_route_is_billed_they_leave_no_row(self):
        daemon = BillingDaemon(self.ACCOUNTS)
        self.addCleanup(daemon.destroy)
        load_calls(daemon, 1000, f"user%d@{DOMAIN}")
        self.assertEqual((daemon.rows("call"), daemon.rows("open_call")), (0, 0))


class Billed(unittest.TestCase):
    def setUp(self):
        self.ladder = Ladder()
        self.daemon = BillingDaemon()
        self.addCleanup(self.daemon.destroy)
        self.alice = phone(self, self.daemon, "alice")
        self.callee = phone(self, self.daemon, f"{PREFIX}1")

    def call(self):
        self.alice.sends("INVITE", to=self.callee)
        self.callee.receives("INVITE")
        self.callee.sends(200)
        self.alice.receives(200)
        self.alice.sends("ACK")
        self.callee.receives("ACK")

    def hang_up(self):
        self.alice.sends("BYE")
        self.callee.receives("BYE")
        self.callee.sends(200)
        self.alice.receives(200)

    def test_a_billed_call_is_one_row(self):
        self.call()
        self.hang_up()
        [row] = self.daemon.wait_for_calls(1)
        self.assertEqual(row["destination"], f"{PREFIX}1")
        self.assertEqual(row["address"], f"alice@{DOMAIN}")
        self.assertEqual(row["tariff"], "local")
        self.assertEqual(row["route"], "carrier")
        self.assertEqual(self.daemon.export(), [], "a call is billed once")
        self.assertEqual(self.daemon.export(run="1"), [row], "and the same run can be read again")

    def test_a_call_is_on_the_disk_before_its_caller_hears_of_the_answer(self):
        self.alice.sends("INVITE", to=self.callee)
        self.callee.receives("INVITE")
        self.callee.sends(200)
        self.alice.receives(200)
        self.daemon.signal(signal.SIGKILL)
        self.daemon._process.wait()
        self.daemon.start()
        [row] = self.daemon.wait_for_calls(1)
        self.assertEqual(row["seconds"], 0, "nothing was heard of it for longer")

    def test_failed_attempts_leave_nothing(self):
        self.alice.sends("INVITE", to=self.callee)
        self.callee.receives("INVITE")
        self.callee.sends(486)
        self.alice.receives(486)
        self.callee.receives("ACK")
        self.assertEqual((self.daemon.rows("call"), self.daemon.rows("open_call")), (0, 0))

    def test_no_file_names_the_parties_of_a_billed_call(self):
        self.call()
        self.hang_up()
        self.daemon.wait_for_calls(1)
        for file in self.daemon.state.rglob("*"):
            if file.is_file() and not file.name.startswith("accounts.db"):
                content = file.read_bytes()
                self.assertNotIn(f"{PREFIX}1".encode(), content, file)
                self.assertNotIn(b"alice", content, file)


if __name__ == "__main__":
    unittest.main()
