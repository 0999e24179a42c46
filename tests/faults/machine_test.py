"""The machine fails: no room on the disk, a clock that jumps, a process that is killed."""

import os
import random
import signal
import subprocess
import threading
import time
import unittest
from pathlib import Path

from fault import FaultTest
from support.daemon import DOMAIN, PASSWORD
from support.limits import patience

FAKETIME = "/usr/lib/x86_64-linux-gnu/faketime/libfaketime.so.1"


class FullDisk(FaultTest):
    @classmethod
    def setUpClass(cls):
        if os.geteuid() != 0:
            raise unittest.SkipTest("only root can mount a small disk")
        super().setUpClass()

    def on_a_small_disk(self) -> Path:
        """The daemon is stopped, and has its state on a disk of 6 MB then."""
        self.daemon.stop()
        state = self.daemon.state
        moved = state.with_name("moved")
        state.rename(moved)
        state.mkdir(mode=0o700)
        subprocess.run(["mount", "-t", "tmpfs", "-o", "size=6m,mode=0700", "tmpfs", str(state)], check=True)
        self.addCleanup(self.back_on_its_own_disk, state, moved)
        subprocess.run(["cp", "-a", f"{moved}/.", str(state)], check=True)
        return state

    def back_on_its_own_disk(self, state: Path, moved: Path) -> None:
        self.daemon.stop()
        subprocess.run(["umount", "-l", str(state)], check=True)
        state.rmdir()
        moved.rename(state)

    def fill(self, filler: Path) -> None:
        with filler.open("wb", buffering=0) as file:
            try:
                while True:
                    file.write(b"\0" * 4096)
            except OSError:
                pass

    def test_disk_is_full_without_a_daemon(self):
        """A command says what is in its way."""
        self.fill(self.on_a_small_disk() / "filler")
        refused = self.daemon.sotto("account", "list", check=False)
        self.assertEqual(refused.returncode, 3)
        self.assertIn("its disk is full: make room", refused.stderr)
        self.assertNotIn("service's user", refused.stderr)

    def test_disk_is_mounted_read_only(self):
        """Likewise."""
        self.daemon.stop()
        state = str(self.daemon.state)
        subprocess.run(["mount", "--bind", state, state], check=True)
        self.addCleanup(subprocess.run, ["umount", "-l", state], check=True)
        subprocess.run(["mount", "-o", "remount,bind,ro", state], check=True)
        refused = self.daemon.sotto("account", "list", check=False)
        self.assertEqual(refused.returncode, 3)
        self.assertIn("its file system is mounted read-only", refused.stderr)
        self.assertNotIn("service's user", refused.stderr)

    def test_disk_is_full(self):
        """Calls go on, for they write nothing. What must be written is refused with a reason, and works again when
        there is room. Nothing that was confirmed is lost."""
        state = self.on_a_small_disk()
        self.daemon.start()
        filler = state / "filler"
        with self.memory_comes_back(), self.good_clients_are_served():
            alice, bob = self.registered("alice", "bob")
            self.call(alice, bob)
            self.fill(filler)
            confirmed, refused = [], None
            for i in range(500):
                done = self.daemon.sotto("account", "add", f"late{i}@{DOMAIN}", "--password-stdin", stdin=PASSWORD + "\n",
                                         check=False)
                if done.returncode != 0:
                    refused = done
                    break
                confirmed.append(f"late{i}@{DOMAIN}")
            self.assertIsNotNone(refused, "the disk was not full")
            self.assertIn("its log says why", refused.stderr)
            self.eventually("the log says why", lambda: "full" in self.daemon.log)
            copied = self.daemon.sotto("backup", str(state / "backup"), check=False)
            self.assertEqual(copied.returncode, 3)
            self.assertRegex(copied.stderr, "accounts.db was not copied: .*make room on the disk")
            self.hang_up(alice, bob)
            alice.registers()
            filler.unlink()
            self.daemon.sotto("account", "add", f"later@{DOMAIN}", "--password-stdin", stdin=PASSWORD + "\n")
            alice.connection.close()
            bob.connection.close()
        self.daemon.stop()
        self.daemon.start()
        listed = self.daemon.sotto("account", "list").stdout
        for address in (*confirmed, f"later@{DOMAIN}"):
            self.assertIn(address, listed)


class Clock(FaultTest):
    @classmethod
    def setUpClass(cls):
        if not Path(FAKETIME).exists():
            raise unittest.SkipTest("libfaketime is not installed")
        super().setUpClass()

    def test_clock_jumps(self):
        """The wall clock jumps by years, both ways. Registrations, calls, nonces and sealed identifiers follow the
        monotonic clock and notice nothing."""
        offset = self.daemon.folder / "offset"
        offset.write_text("+0")
        self.daemon.stop()
        self.daemon.environment = {"LD_PRELOAD": FAKETIME, "FAKETIME_TIMESTAMP_FILE": str(offset), "FAKETIME_NO_CACHE": "1",
                                   "FAKETIME_DONT_FAKE_MONOTONIC": "1"}
        self.addCleanup(self.daemon.environment.clear)
        self.daemon.start()
        with self.memory_comes_back(), self.good_clients_are_served():
            alice, bob = self.registered("alice", "bob")
            self.call(alice, bob)
            for jump in ("+3650d", "-3650d", "+12h", "-1h"):
                offset.write_text(jump)
                bob.sends("INFO")
                alice.receives("INFO")
                alice.sends(200)
                bob.receives(200)
                self.assertEqual(len(self.daemon.bindings(alice.user)), 1)
                alice.registers()
            self.hang_up(bob, alice)
            alice.connection.close()
            bob.connection.close()
        self.daemon.stop()


class Killed(FaultTest):
    def test_killed_in_a_call(self):
        """Connections, registrations and calls are gone, as this version keeps them in memory. The next process starts
        at once, and phones register and call again."""
        alice, bob = self.registered("alice", "bob")
        self.call(alice, bob)
        self.daemon.signal(signal.SIGKILL)
        for phone in (alice, bob):
            phone.connection.wait_closed()
        self.daemon.reap()
        begun = time.monotonic()
        self.daemon.start()
        self.assertLess(time.monotonic() - begun, patience(5))
        for phone in (alice, bob):
            phone.reconnects()
            phone.registers()
        self.call(alice, bob)
        self.hang_up(alice, bob)

    def test_killed_while_accounts_are_written(self):
        """At random, eight times. What was confirmed is there, and the next process starts."""
        chance = random.Random(4711)
        confirmed: list = []
        for round_ in range(8):
            stop = threading.Event()

            def writes(first: int = round_ * 1000) -> None:
                number = first
                while not stop.is_set():
                    address = f"killed{number}@{DOMAIN}"
                    done = self.daemon.sotto("account", "add", address, "--password-stdin", stdin=PASSWORD + "\n", check=False)
                    if done.returncode == 0:
                        confirmed.append(address)
                    number += 1

            writer = threading.Thread(target=writes)
            wanted = len(confirmed) + 1 + chance.randrange(4)
            writer.start()
            self.eventually("accounts are written", lambda: len(confirmed) >= wanted)
            self.daemon.signal(signal.SIGKILL)
            stop.set()
            writer.join()
            self.daemon.reap()
            self.daemon.start()
        listed = set(self.daemon.sotto("account", "list").stdout.split())
        self.assertLessEqual(set(confirmed), listed)
