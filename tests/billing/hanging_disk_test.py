"""A disk that does nothing for a while, without an error: what waits for it, and what does not."""

import os
import subprocess
import unittest
import urllib.request
from pathlib import Path

from clients import network
from support.billing import BillingDaemon, SupervisedBillingDaemon, number, uri
from support.daemon import DOMAIN, PASSWORD, Port, binary
from support.ladder import Ladder
from support.limits import patience
from support.phone import Phone

FAKETIME = "/usr/lib/x86_64-linux-gnu/faketime/libfaketime.so.1"


def setUpModule() -> None:
    network.enter()


def order(disk: Path, word: str) -> None:
    """Files whose path has this word in it are to hang from here on; "": none."""
    with disk.open("r+b") as file:   # which the daemon has mapped
        file.write(word.encode().ljust(256, b"\0"))


def wait_for_somebody_who_waits(disk: Path, daemon: BillingDaemon) -> None:
    while not disk.read_bytes()[-1]:
        if not daemon.alive:
            raise AssertionError(f"the daemon has ended:\n{daemon.log}")


class HangingDisk(unittest.TestCase):
    def setUp(self) -> None:
        self.ladder = Ladder()
        self.metrics = Port()
        self.addCleanup(self.metrics.release)
        self.daemon = BillingDaemon(("alice", "bob"), {"metrics": {"listen": f"127.0.0.1:{self.metrics.number}"}}, scripted=True)
        self.addCleanup(self.daemon.destroy)
        self.daemon.stop()
        self.disk = self.daemon.folder / "disk"
        self.disk.write_bytes(bytes(256))
        self.daemon.environment = {"LD_PRELOAD": str(binary("libhanging_disk.so")), "HANGING_DISK": str(self.disk)}
        self.addCleanup(self.goes_on)   # before the daemon is to end
        self.daemon.start()

    def hangs(self, word: str) -> None:
        order(self.disk, word)

    def goes_on(self) -> None:
        self.hangs("")

    def phone(self, user: str) -> Phone:
        one = Phone(user, self.ladder, self.daemon.connect, user, DOMAIN, PASSWORD, self.daemon.own_hosts)
        self.addCleanup(lambda: one.connection.close())
        one.registers()
        return one

    def test_an_answer_that_it_does_not_take_ends_the_call_within_seconds_and_other_calls_go_on(self):
        alice, bob, gateway = self.phone("alice"), self.phone("bob"), self.daemon.gateway
        self.hangs("ledger.db")
        alice.sends("INVITE", to=uri(number(1)))
        gateway.answers(*gateway.receives("INVITE"), 200, sdp=True)
        gateway.receives("ACK")
        gateway.answers(*gateway.receives("BYE"), 200)
        alice.receives(500)
        alice.sends("INVITE", to=uri(number(2)))
        alice.receives(503)
        alice.sends("INVITE", to=bob)
        bob.receives("INVITE")
        bob.sends(486)
        bob.receives("ACK")
        alice.receives(486)
        self.goes_on()
        while self.daemon.rows() < 1:   # of the call that has lasted for no time
            self.assertTrue(self.daemon.alive, self.daemon.log)
        alice.sends("INVITE", to=uri(number(3)))
        gateway.answers(*gateway.receives("INVITE"), 200, sdp=True)
        alice.receives(200)
        self.assertEqual(len(self.daemon.logged("record-failed")), 1)
        self.assertEqual([call["seconds"] for call in self.daemon.export()], [0])

    def test_under_the_audit_log_it_holds_up_commands_and_neither_the_figures_nor_the_end(self):
        self.hangs("/audit/")
        command = subprocess.Popen([binary("sotto"), "--config", self.daemon.config_file, "account", "list"],
                                   stdout=subprocess.DEVNULL)
        self.addCleanup(command.wait)
        self.addCleanup(self.goes_on)
        wait_for_somebody_who_waits(self.disk, self.daemon)
        with urllib.request.urlopen(f"http://127.0.0.1:{self.metrics.number}/metrics", timeout=patience(5)) as page:
            self.assertIn("sotto_audit_entries_total", page.read().decode())
        self.daemon.signal(15)
        self.daemon.logged("draining")
        self.goes_on()
        self.daemon.stop()
        self.daemon.start()
        shown = self.daemon.sotto("--json", "audit", "show").stdout
        self.assertIn('"drain"', shown)
        self.daemon.sotto("audit", "verify")

    def test_under_the_audit_log_no_more_than_a_thousand_emergency_calls_wait_to_be_noted(self):
        """Nobody who calls for help waits for it, and the daemon's log tells of each."""
        alice, gateway = self.phone("alice"), self.daemon.gateway
        before = self.entries()
        self.hangs("/audit/")
        for _ in range(1010):
            alice.sends("INVITE", to="urn:service:sos")
            gateway.answers(*gateway.receives("INVITE"), 486)
            gateway.receives("ACK")
            alice.receives(486)
        self.assertEqual(len(self.daemon.logged("emergency-call", 1010)), 1010)
        [said] = self.daemon.logged("audit-unwritable")
        self.assertIn("too much waits to be noted", said)
        self.goes_on()
        while self.entries() < before + 1000:
            self.assertTrue(self.daemon.alive, self.daemon.log)

    def entries(self) -> int:
        return self.daemon.asks("status")["audit"]["entries"]


class Watched(SupervisedBillingDaemon):
    watchdog_usec = 600_000


@unittest.skipUnless(Path(FAKETIME).exists(), "libfaketime is not installed")
class HangingForAnHour(unittest.TestCase):
    def test_the_signature_of_each_hour_keeps_no_sign_of_life_back(self):
        daemon = Watched()
        self.addCleanup(daemon.destroy)
        daemon.stop()
        disk, offset = daemon.folder / "disk", daemon.folder / "offset"
        disk.write_bytes(bytes(256))
        offset.write_text("+0")
        daemon.environment = {"LD_PRELOAD": f"{binary('libhanging_disk.so')}:{FAKETIME}", "HANGING_DISK": str(disk),
                              "FAKETIME_TIMESTAMP_FILE": str(offset), "FAKETIME_NO_CACHE": "1"}
        self.addCleanup(order, disk, "")
        daemon.start()
        order(disk, "/audit/")
        (daemon.folder / "next").write_text("+3601s")
        os.replace(daemon.folder / "next", offset)
        daemon.logged("keys-rotated")   # another timer of the same thread
        wait_for_somebody_who_waits(disk, daemon)
        for _ in range(5):
            self.assertTrue(daemon.hears("WATCHDOG=1", len(daemon.said)), "the main thread waits for the disk")


if __name__ == "__main__":
    unittest.main()
