"""What is recorded of a call, and of which; what the caller hears when it cannot be."""

import json
import signal
import subprocess
import unittest

from clients import network
from support.billing import GATEWAY, INSIDE_PREFIX, BillingDaemon, number, uri
from support.daemon import DOMAIN, PASSWORD, Daemon, binary
from support.ladder import Ladder
from support.limits import patience
from support.log_scan import found_in
from support.phone import Phone


def setUpModule() -> None:
    network.enter()


def phone(test: unittest.TestCase, daemon: Daemon, user: str) -> Phone:
    one = Phone(user, test.ladder, daemon.connect, user, DOMAIN, PASSWORD, daemon.own_hosts)
    test.addCleanup(lambda: one.connection.close())
    test.addCleanup(lambda: test.assertEqual(found_in(daemon.log, test.ladder.messages, {*daemon.own_hosts}), set(),
                                             f"the log holds what identifies somebody:\n{daemon.log}"))
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

    def test_where_a_route_is_billed_calls_inside_leave_no_row(self):
        daemon = BillingDaemon(self.ACCOUNTS)
        self.addCleanup(daemon.destroy)
        load_calls(daemon, 1000, f"user%d@{DOMAIN}")
        self.assertEqual((daemon.rows("call"), daemon.rows("open_call")), (0, 0))


class FullDisk(unittest.TestCase):
    class SmallDaemon(BillingDaemon):
        """Its state directory is a file system of 12 MiB."""

        def write_config(self) -> None:
            if self.gateway is None:
                subprocess.run(["mount", "-t", "tmpfs", "-o", "size=12m", "tmpfs", self.state], check=True)
            super().write_config()

        def destroy(self) -> None:
            self.stop()
            subprocess.run(["umount", "-l", self.state], check=True)
            super().destroy()

    def test_without_space_billed_calls_are_refused_and_others_go_on(self):
        self.ladder = Ladder()
        daemon = self.SmallDaemon(("alice", "bob"))
        self.addCleanup(daemon.destroy)
        alice, bob = phone(self, daemon, "alice"), phone(self, daemon, "bob")
        (daemon.state / "other").write_bytes(bytes(9 << 20))
        alice.sends("INVITE", to=uri(number(1)))
        alice.receives(503)
        alice.sends("INVITE", to=bob)
        bob.receives("INVITE")
        bob.sends(200)
        alice.receives(200)
        alice.sends("ACK")
        bob.receives("ACK")
        while "no billed call begins until there is more" not in daemon.log:
            self.assertTrue(daemon.alive, daemon.log)
        self.assertEqual(daemon.gateway.answered, set())
        for help in (uri("112"), "urn:service:sos"):   # nobody waits for room to call for it
            alice.sends("INVITE", to=help)
            alice.receives(200)
            alice.sends("ACK")
        self.assertEqual(daemon.gateway.answered, {"urn:service:sos"})
        self.assertEqual((daemon.rows("call"), daemon.rows("open_call")), (0, 0))


    def test_an_answer_that_cannot_be_recorded_ends_the_call_on_both_sides(self):
        self.ladder = Ladder()
        daemon = self.SmallDaemon(("alice",), scripted=True)
        self.addCleanup(daemon.destroy)
        alice, gateway = phone(self, daemon, "alice"), daemon.gateway
        alice.sends("INVITE", to=uri(number(1)))
        connection, invite = gateway.receives("INVITE")   # there was room when it left
        filler = daemon.state / "other"
        with self.assertRaises(OSError), filler.open("wb", buffering=0) as full:
            while True:
                full.write(bytes(4096))
        gateway.answers(connection, invite, 200, sdp=True)
        gateway.receives("ACK")
        connection, bye = gateway.receives("BYE")
        gateway.answers(connection, bye, 200)
        alice.receives(500)
        self.assertEqual(len(daemon.logged("record-failed")), 1, "the alarm is told once")
        filler.unlink()
        self.assertEqual((daemon.rows("call"), daemon.rows("open_call")), (0, 0))


class Billed(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.daemon = BillingDaemon(scripted=True)
        cls.addClassCleanup(cls.daemon.destroy)

    def setUp(self):
        self.ladder = Ladder()
        self.gateway = self.daemon.gateway
        self.alice = phone(self, self.daemon, "alice")

    def dials(self, dialled: str = number(1)):
        self.alice.sends("INVITE", to=uri(dialled))
        return self.gateway.receives("INVITE")

    def call(self, dialled: str = number(1)):
        self.gateway.answers(*self.dials(dialled), 200, sdp=True)
        self.alice.receives(200)
        self.alice.sends("ACK")
        self.gateway.receives("ACK")

    def hang_up(self):
        self.alice.sends("BYE")
        connection, bye = self.gateway.receives("BYE")
        self.gateway.answers(connection, bye, 200)
        self.alice.receives(200)

    def test_a_billed_call_over_a_gateway_is_one_row(self):
        self.call()
        self.hang_up()
        [row] = self.daemon.wait_for_calls(1)
        self.assertEqual(row["destination"], number(1))
        self.assertEqual(row["address"], f"alice@{DOMAIN}")
        self.assertEqual(row["tariff"], "local")
        self.assertEqual(row["route"], "carrier")
        self.assertEqual(self.daemon.export(), [], "a call is billed once")
        self.assertEqual(self.daemon.export(run=str(row["run"])), [row], "and the same run can be read again")

    def test_the_way_of_a_call_says_whether_it_is_billed(self):
        def way(dialled):
            return json.loads(self.daemon.sotto("--json", "route", "test", f"alice@{DOMAIN}", dialled).stdout)
        self.assertEqual((way(number(1))["billed"], way(number(1))["tariff"]), (True, "local"))
        self.assertFalse(way("+498001234567")["billed"])
        own = ("account", "set", f"alice@{DOMAIN}")
        self.daemon.sotto(*own, "--number", f"{INSIDE_PREFIX}1234567")
        self.addCleanup(self.daemon.sotto, *own, "--remove-address", f"{INSIDE_PREFIX}1234567@{DOMAIN}")
        inside = way(f"{INSIDE_PREFIX}1234567")
        self.assertEqual((inside["way"], inside["billed"], inside["tariff"]), ("inside", True, "inner"))
        self.assertFalse(way(f"alice@{DOMAIN}")["billed"])

    def rows(self) -> tuple:
        return self.daemon.rows("call"), self.daemon.rows("open_call")

    def test_a_call_over_a_route_without_a_tariff_leaves_nothing(self):
        before = self.rows()
        self.call("+498001234567")
        self.assertEqual(self.rows(), before)
        self.hang_up()
        self.assertEqual(self.rows(), before)

    def test_a_call_is_on_the_disk_before_its_caller_hears_of_the_answer(self):
        self.gateway.answers(*self.dials(), 200, sdp=True)
        self.alice.receives(200)
        self.daemon.signal(signal.SIGKILL)
        self.daemon.reap()
        self.gateway.waits_for_close()
        self.daemon.start()
        if self.daemon.writes("warning"):
            self.daemon.logged("records-ended")
        [row] = self.daemon.wait_for_calls(1)
        self.assertEqual(row["seconds"], 0, "nothing was heard of it for longer")

    def test_failed_attempts_leave_nothing(self):
        before = self.rows()
        connection, invite = self.dials()
        self.gateway.answers(connection, invite, 486)
        self.alice.receives(486)
        self.gateway.receives("ACK")
        self.assertEqual(self.rows(), before)

    def test_no_file_names_the_parties_of_a_billed_call(self):
        self.call()
        self.hang_up()
        self.daemon.wait_for_calls(1)
        for file in self.daemon.state.rglob("*"):
            if file.is_file() and not file.name.startswith("accounts.db"):
                content = file.read_bytes()
                for secret in (number(1), number(1)[1:], "alice", GATEWAY):
                    self.assertNotIn(secret.encode(), content, file)


if __name__ == "__main__":
    unittest.main()
