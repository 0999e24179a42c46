"""The daemon as a service: its watchdog is tied to the progress of every worker, and it may do no more than its unit says."""

import errno
import fcntl
import os
import re
import signal
import subprocess
import sys
import tempfile
import threading
import time
import unittest
from pathlib import Path

from support.billing import asks
from support.daemon import DOMAIN, binary
from support.flow_test import EVENTS, FlowTest
from support.limits import patience
from support.supervisor import SupervisedDaemon
from support.threads import OneThread, threads_of

ROOT = Path(__file__).resolve().parents[2]
UNITS = ROOT / "systemd"
SANITIZED = "SOTTO_SANITIZE=\n" not in "".join(
    line.replace(":STRING", "") for line in (Path(os.environ["SOTTO_BIN"]).parent / "CMakeCache.txt").open()
    if line.startswith("SOTTO_SANITIZE"))

# As somebody without a capability, and for whom nothing gives one back.
AS_THE_UNITS = ["setpriv", "--no-new-privs", "--bounding-set=-all", "--inh-caps=-all",
                *(("--reuid=65534", "--regid=65534", "--clear-groups") if os.geteuid() == 0 else ())]
# Prints the errors of: asking, setting the offset, setting who steers, setting the time.
ASKS_AND_SETS = """
import ctypes, struct
libc = ctypes.CDLL(None, use_errno=True)
def error(modes):
    ctypes.set_errno(0)
    libc.adjtimex(ctypes.create_string_buffer(struct.pack("I", modes), 512))
    return ctypes.get_errno()
print(*map(error, (0, 1, 16, 256)))
"""


class Watchdog(FlowTest):
    threads = 2

    class daemon_type(SupervisedDaemon):
        watchdog_usec = 600_000

    def test_it_hears_of_progress_only_while_every_worker_makes_some(self):
        daemon = self.daemon
        self.assertTrue(daemon.hears("WATCHDOG=1", len(daemon.said)))
        with OneThread(threads_of(daemon.pid)["worker-0"]):   # the second's loop may be this one's guest
            heard = len(daemon.said)
            daemon.hears("WATCHDOG=1", heard, timeout=0.3)   # one that was on its way
            heard = len(daemon.said)
            self.assertFalse(daemon.hears("WATCHDOG=1", heard, timeout=1.5 / patience(1)))
        self.assertTrue(daemon.hears("WATCHDOG=1", len(daemon.said)))
        self.assert_call_works()


class HungReader(SupervisedDaemon):
    """Whoever reads its log stops when `reads` is cleared, behind a pipe that holds little."""
    watchdog_usec = 600_000

    def __init__(self, *arguments, **options) -> None:
        self.reads = threading.Event()
        self.reads.set()
        super().__init__(*arguments, **options)

    def _drain(self, stream) -> None:
        fcntl.fcntl(stream, fcntl.F_SETPIPE_SZ, 4096)
        with stream:
            for chunk in iter(lambda: self.reads.wait() and stream.read1(65536), b""):
                self._log += chunk


class HungLog(FlowTest):
    daemon_type = HungReader

    def test_calls_and_watchdog_go_on_and_what_must_be_noted_is_refused(self):
        daemon = self.daemon
        def shown() -> dict:
            return asks(daemon, "account show", address=f"alice0@{DOMAIN}")
        self.assertNotIn("code", shown())
        daemon.reads.clear()
        try:
            refused = next(answer for answer in (shown() for _ in range(2000)) if "code" in answer)
            self.assertEqual(refused["code"], "audit")
            self.assertIn("nothing was done, because the daemon's log does not take", refused["sentence"])
            self.assertTrue(daemon.hears("WATCHDOG=1", len(daemon.said)))
            daemon.signal(signal.SIGHUP)   # on the main thread, with an entry of its own
            heard = len(daemon.said)
            for _ in range(3):
                self.assertTrue(daemon.hears("WATCHDOG=1", heard))
                heard = len(daemon.said)
            self.assert_call_works()
        finally:
            daemon.reads.set()
        deadline = time.monotonic() + patience(20)
        while "code" in shown():
            self.assertLess(time.monotonic(), deadline, "the log is read again, and commands stay refused")
        self.assertEqual(daemon.sotto("audit", "verify").returncode, 0)
        daemon.stop()
        heads = [int(number) for number in re.findall(r" audit-head: .* sequence=(\d+) ", daemon.log)]
        self.assertEqual(heads, list(range(heads[0], heads[0] + len(heads))), "heads were lost")
        daemon.start()


class Start(FlowTest):
    daemon_type = SupervisedDaemon
    config = EVENTS

    def test_it_is_waited_for_as_long_as_calls_may_take_to_end(self):
        """Longer than the unit waits, where drain_timeout is."""
        daemon = self.daemon
        before, daemon.config["drain_timeout"] = daemon.config["drain_timeout"], "2m"
        daemon.write_config()
        daemon.sotto("reload")
        alice, bob = self.registered("alice", "bob")
        alice.sends("INVITE", to=bob)
        bob.receives("INVITE")   # it rings, and may be answered
        said = len(daemon.said)
        daemon.signal(signal.SIGTERM)
        self.assertTrue(daemon.hears("EXTEND_TIMEOUT_USEC=135000000", said), daemon.said[said:])
        daemon.signal(signal.SIGTERM)   # once more: at once
        self.assertEqual(daemon.has_ended(), 0)
        daemon.config["drain_timeout"] = before
        daemon.write_config()
        daemon.start()

    def test_a_command_that_began_without_the_daemon_is_waited_for(self):
        """A start that fails instead is repeated at once by systemd, until that gives up and the service stays away."""
        daemon = self.daemon
        daemon.stop()
        said = len(daemon.said)
        with (daemon.state / "lock").open("rb+") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            starting = threading.Thread(target=daemon.start)
            starting.start()
            try:
                daemon.logged("waiting")
                self.assertTrue(daemon.hears("EXTEND_TIMEOUT_USEC=20000000", said))
                self.assertNotIn("READY=1", daemon.said[said:])
            finally:
                fcntl.flock(lock, fcntl.LOCK_UN)
                starting.join(patience(30))
        self.assertTrue(daemon.alive, daemon.log)
        self.assert_call_works()

    def test_who_waits_can_be_stopped(self):
        daemon = self.daemon
        daemon.stop()
        with (daemon.state / "lock").open("rb+") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            waits = subprocess.Popen([binary("sottod"), "--config", daemon.config_file], stderr=subprocess.PIPE, text=True)
            self.assertIn(" waiting: ", next(waits.stderr))
            waits.terminate()
            self.assertIn("held by another", waits.communicate(timeout=patience(20))[1])
            self.assertEqual(waits.returncode, 3)
        daemon.start()


@unittest.skipIf(SANITIZED, "the sandbox is left out under a sanitizer")
class Sandbox(FlowTest):
    def test_every_thread_is_confined(self):
        self.assert_call_works()
        for task in Path(f"/proc/{self.daemon.pid}/task").iterdir():
            status = dict(line.split(":", 1) for line in task.joinpath("status").read_text().splitlines())
            self.assertEqual((status["NoNewPrivs"].strip(), status["Seccomp"].strip()), ("1", "2"), task.name)

    def test_no_core_is_dumped(self):
        limits = Path(f"/proc/{self.daemon.pid}/limits").read_text()
        self.assertRegex(limits, r"Max core file size\s+0\s+0")

    def test_a_certificate_in_a_new_folder_waits_for_a_restart(self):
        """And is refused with a sentence that says so; the old one stays in use."""
        domain = self.daemon.config["domains"][0]
        old = domain["certificate"]
        elsewhere = tempfile.TemporaryDirectory(prefix="sotto-elsewhere-")
        self.addCleanup(elsewhere.cleanup)
        target = Path(elsewhere.name) / "chain.pem"
        target.write_bytes(Path(old).read_bytes())
        domain["certificate"] = str(target)
        self.daemon.write_config()
        try:
            refused = self.daemon.sotto("reload", check=False)
            self.assertEqual(refused.returncode, 1)
            self.assertIn("domains[0].certificate", refused.stderr)
            self.assertIn("restart the daemon", refused.stderr)
            self.assert_call_works()
            self.daemon.stop()
            self.daemon.start()
            self.daemon.sotto("reload")
        finally:
            domain["certificate"] = old
            self.daemon.write_config()

    def test_a_renewed_certificate_behind_a_link_is_read(self):
        """As certbot renews: the link leads to another file of the archive."""
        domain = self.daemon.config["domains"][0]
        old = Path(domain["certificate"])
        live, archive = self.daemon.folder / "live", self.daemon.folder / "archive"
        live.mkdir()
        archive.mkdir()
        for number in (1, 2):
            (archive / f"chain{number}.pem").write_bytes(old.read_bytes())
        (live / "chain.pem").symlink_to("../archive/chain1.pem")
        domain["certificate"] = str(live / "chain.pem")
        self.daemon.write_config()
        try:
            self.daemon.stop()
            self.daemon.start()
            (live / "next").symlink_to("../archive/chain2.pem")
            (live / "next").rename(live / "chain.pem")
            self.daemon.sotto("reload")
            self.assert_call_works()
        finally:
            domain["certificate"] = str(old)
            self.daemon.write_config()


class Units(unittest.TestCase):
    def test_exposure(self):
        """1.5 or lower, of 10."""
        units = sorted(UNITS.glob("*.service"))
        self.assertEqual(len(units), 3)
        for unit in units:
            checked = subprocess.run(["systemd-analyze", "security", "--offline=true", "--threshold=15", "--no-pager", unit],
                                     text=True, capture_output=True, timeout=patience(30))
            self.assertEqual(checked.returncode, 0, checked.stdout[-400:] + checked.stderr)
            self.assertRegex(checked.stdout, rf"Overall exposure level for {re.escape(unit.name)}: [01]\.")

    def test_who_may_ask_for_the_clocks_state_cannot_set_it(self):
        """To ask and to set are one system call, of which the kernel refuses the second part without a capability."""
        for name in ("sotto-retention", "sotto-maintenance"):
            permitted, unit = self.permitted(name), (UNITS / f"{name}.service").read_text()
            self.assertEqual(permitted & self.calls(["@clock"]), {"clock_adjtime"})
            for line in ("User=sotto", "CapabilityBoundingSet=", "NoNewPrivileges=yes"):
                self.assertIn(f"\n{line}\n", unit)
        self.assertEqual(self.permitted("sotto") & self.calls(["@clock"]), set(), "the daemon does neither")
        asked, *refused = subprocess.run([*AS_THE_UNITS, sys.executable, "-c", ASKS_AND_SETS], text=True, check=True,
                                         capture_output=True, timeout=patience(30)).stdout.split()
        self.assertEqual(asked, "0")
        self.assertEqual(refused, [str(errno.EPERM)] * 3)

    def test_nothing_of_a_command_is_left_for_the_next(self):
        """Archives of persons who are erased afterwards, above all."""
        unit = (UNITS / "sotto-maintenance.service").read_text()
        [clears], [removes] = re.findall(r"^ExecStartPre=(.*)$", unit, re.M), re.findall(r"^ExecStopPost=\+(.*)$", unit, re.M)
        with tempfile.TemporaryDirectory(prefix="sotto-maintenance-") as folder:
            for name in ("answer", "alice.tar", ".hidden"):
                (Path(folder) / name).write_text("alice@example.org")
            (Path(folder) / "below").mkdir()
            (Path(folder) / "below" / "alice.tar").write_text("alice@example.org")
            command = clears.replace("/run/sotto-maintenance", folder).split()
            subprocess.run(command, check=True, timeout=patience(30))
            self.assertEqual(list(Path(folder).iterdir()), [])
            typed = Path(f"{folder}.env")
            typed.write_text("COMMAND=subject erase alice@example.org --yes\n")
            subprocess.run(removes.replace("/run/sotto-maintenance", folder).split(), check=True, timeout=patience(30))
            self.assertFalse(typed.exists())
        self.assertIn("\nEnvironmentFile=-/run/sotto-maintenance.env\n", unit)
        self.assertIn("\nRuntimeDirectory=sotto-maintenance\n", unit)

    def test_the_timer_asks_the_daemon_without_keys(self):
        """They may be kept elsewhere (LoadCredentialEncrypted= of the daemon's unit)."""
        unit = (UNITS / "sotto-retention.service").read_text()
        loaded = re.findall(r"^LoadCredential=([^:]+):", unit, re.M)
        self.assertTrue(loaded)
        for credential in loaded:   # systemd.exec(5): then a file that cannot be read is not fatal
            self.assertRegex(unit, rf"(?m)^SetCredential={credential}:\S")

    def test_keys_and_memory(self):
        unit = (UNITS / "sotto.service").read_text()
        for line in ("Type=notify", "WatchdogSec=", "FileDescriptorStoreMax=", "MemorySwapMax=0", "LimitCORE=0",
                     "LoadCredential=audit-key:", "LoadCredential=sotto-master-key:", "User=sotto"):
            self.assertIn("\n" + line, unit)

    def test_the_unit_permits_every_system_call_that_the_process_keeps_for_itself(self):
        kept = re.search(r"constexpr std::array allowed\{(.*?)\}\)\};", (ROOT / "server/os/sandbox.cpp").read_text(), re.S)
        kept = set(re.findall(r'"([a-z0-9_]+)"', kept[1])) | {"mmap", "mprotect", "clone"}
        # And those by which it confines itself.
        kept |= {"seccomp", "prctl", "landlock_create_ruleset", "landlock_add_rule", "landlock_restrict_self"}
        self.assertGreater(len(kept), 80)
        self.assertEqual(kept - self.permitted("sotto"), set())

    def permitted(self, unit: str) -> set:
        """By its SystemCallFilter= lines, one after the other."""
        permitted: set = set()
        for line in re.findall(r"^SystemCallFilter=(.*)$", (UNITS / f"{unit}.service").read_text(), re.M):
            calls = self.calls(line.lstrip("~").split())
            permitted = permitted - calls if line.startswith("~") else permitted | calls
        return permitted | self.calls(["@default"])

    def calls(self, names: list) -> set:
        """What systemd means by its groups."""
        found: set = set()
        for name in names:
            if not name.startswith("@"):
                found.add(name)
                continue
            listed = subprocess.run(["systemd-analyze", "syscall-filter", name], text=True, capture_output=True,
                                    check=True, timeout=patience(30)).stdout.splitlines()[1:]
            members = [line.strip() for line in listed if line.strip() and not line.strip().startswith("#")]
            found |= self.calls(members)
        return found
