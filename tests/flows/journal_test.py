"""What reaches the journal of systemd, and what of it a command writes while the daemon is down."""

import json
import os
import re
import select
import socket
import subprocess
import tempfile
import time
import unittest
from pathlib import Path

from support.daemon import DOMAIN, PASSWORD, Daemon, binary
from support.flow_test import FlowTest
from support.limits import patience

#: Becomes a program that finds the folder "$0" where the journal of systemd has its socket, and is alone with that.
JOURNAL = ["unshare", "--mount", "sh", "-c",
           'mount -t tmpfs run /run && mkdir -p /run/systemd/journal && mount --bind "$0" /run/systemd/journal && exec "$@"']


class Journal:
    """A stand-in for systemd-journald: takes what sd_journal_sendv(3) sends, in the form of the native protocol."""

    def __init__(self) -> None:
        self.folder = tempfile.TemporaryDirectory(prefix="sotto-journal-")
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.bind(f"{self.folder.name}/socket")
        self.entries: list = []

    def close(self) -> None:
        self._socket.close()
        self.folder.cleanup()

    def waits_for(self, event: str, count: int) -> list:
        """The entries of an event, once there are `count`."""
        while len(found := self.of(event)) < count:
            if not select.select([self._socket], [], [], patience(10))[0]:
                raise AssertionError(f"{event} did not reach the journal {count} times: {self.entries}")
            self._take()
        return found

    def all_of(self, event: str) -> list:
        """Of a program that has ended: what it has sent is here."""
        while select.select([self._socket], [], [], 0)[0]:
            self._take()
        return self.of(event)

    def of(self, event: str) -> list:
        return [entry for entry in self.entries if entry["SOTTO_EVENT"] == event]

    def _take(self) -> None:
        lines = self._socket.recv(65536).decode().splitlines()
        self.entries.append(dict(line.split("=", 1) for line in lines))


@unittest.skipUnless(os.geteuid() == 0, "takes root to put a journal of its own in the place of the machine's")
class Heads(unittest.TestCase):
    """The head of the audit log is in the journal after each entry, whoever wrote it."""

    def setUp(self) -> None:
        self.journal = Journal()
        self.addCleanup(self.journal.close)
        self.daemon = Daemon(("alice",), {"log": {"target": "journal"}, "drain_timeout": "1s"})
        self.addCleanup(self.daemon.destroy)
        self.daemon.stop()
        self.daemon.launcher = [*JOURNAL, self.journal.folder.name]

    def sotto(self, *arguments: str, stdin: str = "") -> subprocess.CompletedProcess:
        done = subprocess.run([*JOURNAL, self.journal.folder.name, binary("sotto"), "--config", self.daemon.config_file, *arguments],
                              input=stdin, text=True, capture_output=True, timeout=patience(30))
        self.assertEqual(done.returncode, 0, done.stderr)
        return done

    def written(self) -> list:
        """Number and hash of each entry in the files, in order."""
        lines = [json.loads(line) for file in sorted((self.daemon.state / "audit").glob("*.log"))
                 for line in file.read_text().splitlines()]
        return [(str(line["seq"]), line["hash"]) for line in lines]

    def test_of_a_command_while_the_daemon_is_down(self):
        before = len(self.written())
        added = self.sotto("account", "add", f"erin@{DOMAIN}", "--password-stdin", stdin=PASSWORD + "\n")
        self.assertEqual(added.stderr, "", "a terminal is spared what the journal gets")
        heads = self.journal.all_of("audit-head")
        self.assertEqual([(head["SOTTO_SEQUENCE"], head["SOTTO_HASH"]) for head in heads], self.written()[before:])
        self.assertGreaterEqual(len(heads), 3)   # a checkpoint begins the file; the command's entry, and its result
        [signed] = self.journal.of("audit-checkpoint")
        self.assertEqual(len(signed["SOTTO_SIGNATURE"]), 128)
        self.assertNotIn("erin", str(self.journal.entries))

        # As the daemon's, to the name of each field: who watches for the one sees the other.
        self.daemon.start()
        by_daemon = self.journal.waits_for("audit-head", len(heads) + 1)[-1]
        self.assertEqual(set(by_daemon), set(heads[-1]))
        for same in ("SYSLOG_IDENTIFIER", "PRIORITY", "SOTTO_EVENT"):
            self.assertEqual(by_daemon[same], heads[-1][same])

    def test_what_was_done_meanwhile_cannot_be_cut_off(self):
        """Not even by whoever puts the database back along with the log."""
        saved = {path: path.read_bytes() for path in (*self.daemon.state.glob("accounts.db*"), *(self.daemon.state / "audit").iterdir())}
        self.sotto("account", "remove", f"alice@{DOMAIN}", "--yes")
        head = self.journal.all_of("audit-head")[-1]
        for path in (*self.daemon.state.glob("accounts.db*"), *(self.daemon.state / "audit").iterdir()):
            path.unlink()
        for path, content in saved.items():
            path.write_bytes(content)
        self.daemon.sotto("audit", "verify")   # by itself it is good
        found = self.daemon.sotto("audit", "verify", "--head", f"{head['SOTTO_SEQUENCE']}:{head['SOTTO_HASH']}", check=False)
        self.assertEqual(found.returncode, 1, found.stdout)
        self.assertIn("was cut off, or an older file", found.stderr)

    def test_at_whatever_level_the_log_is(self):
        self.daemon.config["log"]["level"] = "error"
        self.daemon.write_config()
        before = len(self.written())
        self.daemon.start()
        self.daemon.sotto("account", "show", f"alice@{DOMAIN}")
        heads = self.journal.waits_for("audit-head", len(self.written()) - before)
        self.assertEqual({entry["SOTTO_EVENT"] for entry in self.journal.entries}, {"audit-head", "audit-checkpoint"})
        self.assertEqual(heads[-1]["SOTTO_HASH"], self.written()[-1][1])


class Terminal(FlowTest):
    def test_a_log_on_stderr_gets_no_lines_of_a_command(self):
        self.daemon.stop()
        self.assertEqual(self.daemon.sotto("account", "list").stderr, "")

    def test_what_was_typed_is_shown_to_nobody(self):
        """journald keeps the command line of whoever logs (_CMDLINE), and ps shows it to all users of the machine."""
        self.daemon.stop()
        command = subprocess.Popen([binary("sotto"), "--config", self.daemon.config_file, "account", "add", f"erin@{DOMAIN}",
                                    "--password-stdin", "--reason", "her contract"], stdin=subprocess.PIPE, stdout=subprocess.DEVNULL)
        shown = Path(f"/proc/{command.pid}/cmdline")
        deadline = time.monotonic() + patience(10)
        while not (words := shown.read_bytes()).startswith(str(binary("sotto")).encode()) or re.search(b"erin|contract", words):
            self.assertLess(time.monotonic(), deadline, words)   # it waits for the password, and logs behind that
            time.sleep(0.02)
        command.communicate(f"{PASSWORD}\n".encode(), timeout=patience(20))
        self.assertEqual(command.returncode, 0)
        self.assertIn(f"erin@{DOMAIN}", self.daemon.sotto("account", "list").stdout)


if __name__ == "__main__":
    unittest.main()
