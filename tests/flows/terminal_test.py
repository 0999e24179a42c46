"""The command line on a real terminal (a pty), and in a pipe: colour and progress are for people only."""

import json
import os
import pty
import select
import signal
import socket
import subprocess
import termios
import threading
import time
import unittest
from pathlib import Path

from support.daemon import DOMAIN, PASSWORD, binary
from support.flow_test import FlowTest
from support.limits import patience

YELLOW, RED, PLAIN = "\033[33m", "\033[31m", "\033[0m"


class Terminal:
    """A terminal that somebody looks at: `until` waits for what it shows."""

    def __init__(self) -> None:
        self._master, self.slave = pty.openpty()
        self.shown = ""

    def until(self, done) -> str:
        deadline = time.monotonic() + patience(20)
        while not done():
            ready, _, _ = select.select([self._master], [], [], 0.05)
            if ready:
                self.shown += os.read(self._master, 65536).decode()
            if time.monotonic() > deadline:
                raise AssertionError(f"the terminal shows only {self.shown!r}")
        return self.shown

    def types(self, keys: str) -> None:
        os.write(self._master, keys.encode())

    def close(self) -> None:
        os.close(self._master)
        os.close(self.slave)


class TerminalTest(FlowTest):
    def on_terminal(self, *arguments: str, stdout=None, environment: dict | None = None) -> tuple[str, subprocess.Popen]:
        """What the terminal shows of a command; `stdout` elsewhere leaves standard error on it."""
        terminal = Terminal()
        self.addCleanup(terminal.close)
        surroundings = {name: value for name, value in os.environ.items() if name != "NO_COLOR"} | (environment or {})
        process = subprocess.Popen([binary("sotto"), "--config", self.daemon.config_file, *arguments], stdin=terminal.slave,
                                   stdout=stdout or terminal.slave, stderr=terminal.slave, env=surroundings)
        ended = threading.Event()
        threading.Thread(target=lambda: (process.wait(), ended.set()), daemon=True).start()
        terminal.until(ended.is_set)
        os.write(terminal.slave, b"\0")   # behind all that the command wrote
        return terminal.until(lambda: "\0" in terminal.shown).rstrip("\0"), process


class Colour(TerminalTest):
    def setUp(self):
        super().setUp()
        self.suspended = f"{self.phone('alice').user}@{DOMAIN}"
        self.daemon.sotto("account", "set", self.suspended, "--status", "suspended")

    def test_what_a_person_should_look_at_is_coloured_on_a_terminal(self):
        shown, _ = self.on_terminal("account", "show", self.suspended)
        self.assertIn(f"{YELLOW}suspended{PLAIN}", shown)
        listed, _ = self.on_terminal("account", "list")
        self.assertIn(f"{YELLOW}suspended{PLAIN}", listed)
        columns = {line.replace(YELLOW, "").replace(PLAIN, "").find("SHA-256") for line in listed.splitlines()[1:] if line}
        self.assertEqual(len(columns), 1, "colour takes no cells")
        refused, process = self.on_terminal("account", "show", f"nobody@{DOMAIN}")
        self.assertEqual(process.returncode, 1)
        self.assertIn(f"{RED}sotto:{PLAIN} ", refused)

    def test_not_where_somebody_has_said_so(self):
        shown, _ = self.on_terminal("account", "show", self.suspended, environment={"NO_COLOR": "1"})
        self.assertIn("suspended", shown)
        self.assertNotIn("\033", shown)
        empty, _ = self.on_terminal("account", "show", self.suspended, environment={"NO_COLOR": ""})   # no-color.org: not said
        self.assertIn(YELLOW, empty)

    def test_not_in_a_pipe_nor_for_scripts(self):
        for arguments in (("account", "list"), ("account", "show", self.suspended), ("account", "show", f"nobody@{DOMAIN}")):
            piped = self.daemon.sotto(*arguments, check=False)
            self.assertNotIn("\033", piped.stdout + piped.stderr)
        with (self.daemon.folder / "listed").open("w+") as file:   # each of the two for itself
            self.on_terminal("account", "list", stdout=file)
            file.seek(0)
            self.assertNotIn("\033", file.read())
        scripted, _ = self.on_terminal("--json", "account", "show", self.suspended)
        self.assertNotIn("\033", scripted)


class Progress(TerminalTest):
    ROWS = 10_500   # more than one request holds

    def rows(self, prefix: str) -> Path:
        file = self.daemon.folder / f"{prefix}.csv"
        file.write_text("".join(f"{prefix}{number}@{DOMAIN},{PASSWORD}\n" for number in range(self.ROWS)))
        return file

    def test_an_import_shows_how_far_it_is(self):
        shown, process = self.on_terminal("account", "import", "--csv", str(self.rows("more")))
        self.assertEqual(process.returncode, 0, shown)
        self.assertIn("importing 10,000 of 10,500", shown)
        self.assertIn("\r\033[K", shown)   # and takes it away again
        again = self.daemon.sotto("account", "import", "--csv", str(self.rows("more")))
        self.assertNotIn("importing", again.stdout + again.stderr)

    def test_a_command_that_takes_long_shows_that_it_runs(self):
        """A daemon that takes its time: what is behind the socket here waits for the terminal."""
        folder = self.daemon.folder / "slow"
        folder.mkdir()
        config = json.loads(self.daemon.config_file.read_text())
        config["admin"] = {"socket": str(folder / "admin.sock")}
        slow_config = folder / "sotto.yaml"
        slow_config.write_text(json.dumps(config))
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as listener:
            listener.bind(str(folder / "admin.sock"))
            listener.listen()
            for on_terminal in (True, False):
                with self.subTest(on_terminal=on_terminal):
                    self.slow_backup(listener, slow_config, on_terminal)

    def slow_backup(self, listener: socket.socket, config: Path, on_terminal: bool) -> None:
        terminal = Terminal()
        self.addCleanup(terminal.close)
        process = subprocess.Popen([binary("sotto"), "--config", config, "backup", "/folder"], stdin=subprocess.DEVNULL,
                                   stdout=subprocess.PIPE, stderr=terminal.slave if on_terminal else subprocess.PIPE, text=True)
        self.addCleanup(process.kill)
        listener.settimeout(patience(10))
        with listener.accept()[0] as asked:
            asked.settimeout(patience(10))
            self.assertIn(b'"backup"', asked.recv(65536))
            if on_terminal:
                terminal.until(lambda: "backup, 2 s" in terminal.shown)
            else:
                self.assertEqual(select.select([process.stderr], [], [], 1.5)[0], [], "a pipe is told nothing")
            asked.sendall(b'{"v":1,"result":{"files":["/folder/accounts.db"]}}\n')
            said, complained = process.communicate(timeout=patience(20))
        self.assertEqual(process.returncode, 0)
        self.assertIn("/folder/accounts.db", said)
        if not on_terminal:
            self.assertEqual(complained, "")


class Questions(TerminalTest):
    """What destroys asks first, and passwords are typed twice and not shown."""

    def answered(self, arguments: tuple, *answers: tuple[str, str]) -> tuple[str, int]:
        """Each answer, to a question that it waits for."""
        terminal = Terminal()
        self.addCleanup(terminal.close)
        process = subprocess.Popen([binary("sotto"), "--config", self.daemon.config_file, *arguments], stdin=terminal.slave,
                                   stdout=terminal.slave, stderr=terminal.slave)
        self.addCleanup(process.kill)
        for question, answer in answers:
            terminal.until(lambda: question in terminal.shown)
            terminal.types(answer + "\n")
        terminal.until(lambda: process.poll() is not None)
        os.write(terminal.slave, b"\0")
        return terminal.until(lambda: "\0" in terminal.shown), process.returncode

    def test_nothing_is_destroyed_before_somebody_has_said_yes(self):
        who = f"{self.phone('alice').user}@{DOMAIN}"
        remove = ("account", "remove", who)
        question = f"Remove {who} for good? [y/N]"
        for no in ("n", "", "perhaps"):
            shown, status = self.answered(remove, (question, no))
            self.assertEqual(status, 1)
            self.assertIn("nothing was done", shown)
        self.daemon.sotto("account", "show", who)
        _, status = self.answered(remove, (question, "y"))
        self.assertEqual(status, 0)
        self.assertEqual(self.daemon.sotto("account", "show", who, check=False).returncode, 1)

    def test_who_gives_up_at_a_password_sees_again_what_is_typed(self):
        def shows_what_is_typed() -> bool:
            return bool(termios.tcgetattr(terminal.slave)[3] & termios.ECHO)

        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            terminal = Terminal()
            self.addCleanup(terminal.close)
            process = subprocess.Popen([binary("sotto"), "--config", self.daemon.config_file, "account", "add", f"frank@{DOMAIN}"],
                                       stdin=terminal.slave, stdout=terminal.slave, stderr=terminal.slave)
            self.addCleanup(process.kill)
            terminal.until(lambda: "Password for" in terminal.shown)
            self.assertFalse(shows_what_is_typed())
            process.send_signal(number)
            self.assertEqual(process.wait(patience(10)), -number)
            self.assertTrue(shows_what_is_typed())

    def test_a_password_is_typed_twice_and_not_shown(self):
        new = f"erin@{DOMAIN}"
        add = ("account", "add", new)
        shown, status = self.answered(add, (f"Password for {new}:", "one-way-8"), ("Once more:", "another-9"))
        self.assertEqual(status, 2)
        shown, status = self.answered(add, (f"Password for {new}:", PASSWORD), ("Once more:", PASSWORD))
        self.assertEqual(status, 0, shown)
        self.assertNotIn(PASSWORD, shown)
        self.phone("erin").registers()


if __name__ == "__main__":
    unittest.main()
