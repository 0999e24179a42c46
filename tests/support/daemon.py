"""`sottod` as a fixture: a configuration and ports of its own, ready when it says so, stopped by pid."""

import base64
import grp
import json
import os
import secrets
import select
import shutil
import signal
import socket
import subprocess
import tempfile
import threading
import time
from pathlib import Path

from .limits import patience
from .pki import Authority
from .tls import Connection
from .web import WebConnection

DOMAIN = "example.org"
ALIASES = ("sip.example.org", "localhost")
PASSWORD = "correct-horse-7"
LEVELS = ("debug", "info", "warning", "error")   # of the log


def binary(name: str) -> Path:
    """From SOTTO_BIN, as ctest sets it: the folder with sottod and sotto."""
    folder = os.environ.get("SOTTO_BIN")
    if not folder:
        raise RuntimeError("SOTTO_BIN must name the folder with sottod and sotto, e.g. build/debug/bin")
    return Path(folder).absolute() / name   # whatever folder the daemon starts in


class Port:
    """A TCP port of 127.0.0.1 that is free now, and none that the kernel gives to a connection meanwhile. The UDP port of the
    same number is held as the mark by which tests that run at the same time leave it alone: SO_REUSEPORT listeners would
    share it silently otherwise."""
    FIRST = 20_000
    END = int(Path("/proc/sys/net/ipv4/ip_local_port_range").read_text().split()[0])

    def __init__(self) -> None:
        while True:
            self.number = self.FIRST + secrets.randbelow(self.END - self.FIRST)
            self._mark = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
            with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
                try:
                    self._mark.bind(("127.0.0.1", self.number))
                    probe.bind(("127.0.0.1", self.number))
                    return
                except OSError:
                    self._mark.close()

    def release(self) -> None:
        self._mark.close()


def merge(into: dict, more: dict) -> dict:
    for key, value in more.items():
        deeper = isinstance(value, dict) and isinstance(into.get(key), dict)
        into[key] = merge(dict(into[key]), value) if deeper else value
    return into


class Daemon:
    """One running sottod, which listens at one port of each of `hosts`. `overrides` are merged into the configuration."""

    def __init__(self, accounts=("alice", "bob", "carol"), overrides: dict | None = None, threads: int = 1,
                 aliases: tuple = (), hosts: tuple = ("127.0.0.1",), domain: str = DOMAIN,
                 authority: Authority | None = None, numbering: dict | None = None) -> None:
        """Another `domain` than the usual one stands for a foreign server; `authority` certifies it instead of one of
        its own. `numbering` says what its subscribers dial (domains[].country_code and others)."""
        self.domain = domain
        self.own_hosts = domain, f"sip.{domain}", *ALIASES[1:], *aliases
        self.folder = Path(tempfile.mkdtemp(prefix="sotto-test-"))
        self.pid = 0
        self.environment: dict = {}   # further variables of the next process
        self.launcher: list = []   # a command that becomes the daemon's
        self._process: subprocess.Popen | None = None
        self._log = b""
        self._ports: list = []
        try:
            self.authority = authority or Authority(self.folder / "tls")
            chain, key = self.authority.issue(domain, dns=(domain, f"sip.{domain}", *ALIASES[1:]))
            self.tls_port, self.web_port = self.reserve_port(), self.reserve_port()
            self.state = self.folder / "state"
            self.state.mkdir()
            self.config = merge({
                "domains": [{"name": domain, "aliases": list(self.own_hosts[1:]), "certificate": str(chain),
                             "private_key": str(key), **(numbering or {})}],
                "listen": {"tls": [f"[{host}]:{self.tls_port}" if ":" in host else f"{host}:{self.tls_port}" for host in hosts],
                           "wss": [f"127.0.0.1:{self.web_port}"]},
                "threads": threads,
                "state_directory": str(self.state),
                "admin": {"socket": str(self.folder / "admin.sock")},
                "limits": {"connections_per_source": 0, "handshakes_per_second": 0, "auth_failures_per_minute": 0},
                "log": {"target": "stderr", "level": os.environ.get("SOTTO_LOG_LEVEL", "debug")},
                "weaken": {"audit_key_file": str(self.folder / "audit.key")},
            }, overrides or {})
            self.config_file = self.folder / "sotto.yaml"
            self.write_config()
            if accounts:
                lines = "".join(f"{a if '@' in a else f'{a}@{domain}'},{PASSWORD}\n" for a in accounts)
                (self.folder / "accounts.csv").write_text(lines)
                self.sotto("account", "import", "--csv", str(self.folder / "accounts.csv"))
            self.start()
        except BaseException:
            self.destroy()
            raise

    @property
    def secrets(self) -> set:
        """Passwords and keys that the daemon was given, as a log could hold them."""
        keys = [Path(domain["private_key"]).read_text().splitlines()[1:-1] for domain in self.config["domains"]]
        found = {PASSWORD, *(line for lines in keys for line in lines)}
        for file in self.folder.glob("*.key"):
            key = file.read_bytes().strip()
            found |= {key.hex(), base64.b64encode(key).decode(), key.decode(errors="replace")}
        return {secret for secret in found if len(secret) >= 12}

    # -- files -----------------------------------------------------------------------------------------------
    def reserve_port(self) -> int:
        self._ports.append(Port())
        return self._ports[-1].number

    def write_config(self) -> None:
        self.config_file.write_text(json.dumps(self.config, indent=2) + "\n")   # JSON is YAML

    @property
    def log(self) -> str:
        return self._log.decode("utf-8", "replace")

    def writes(self, level: str) -> bool:
        """Whether events of this level are in its log."""
        return LEVELS.index(level) >= LEVELS.index(self.config["log"]["level"])

    def logged(self, event: str, count: int = 1) -> list:
        """The lines of an event, once there are `count`: the log has a thread of its own."""
        deadline = time.monotonic() + patience(10)
        while len(lines := [line for line in self.log.splitlines() if f" {event}: " in line]) < count:
            if time.monotonic() > deadline:
                raise AssertionError(f"{event} was not logged {count} times:\n{self.log}")
            threading.Event().wait(0.02)   # the log is what there is to wait for
        return lines

    # -- commands --------------------------------------------------------------------------------------------
    def sotto(self, *arguments: str, stdin: str = "", check: bool = True) -> subprocess.CompletedProcess:
        """The operator's command line."""
        done = subprocess.run([binary("sotto"), "--config", self.config_file, *arguments], input=stdin, text=True,
                              capture_output=True, timeout=patience(30))
        if check and done.returncode != 0:
            raise AssertionError(f"sotto {' '.join(arguments)}: exit {done.returncode}\n{done.stdout}{done.stderr}\n"
                                 f"{self.log}")
        return done

    def sotto_as(self, person: int, group: str, *arguments: str) -> subprocess.CompletedProcess:
        """The same by somebody else than root: a user id, and a group that this machine has."""
        self.folder.chmod(0o711)
        self.config_file.chmod(0o644)
        return subprocess.run([binary("sotto"), "--config", self.config_file, *arguments], text=True, capture_output=True,
                              timeout=patience(30), user=person, group=person, extra_groups=[grp.getgrnam(group).gr_gid])

    def bindings(self, user: str) -> list:
        """What the operator sees of a user's devices that are connected."""
        return [device for device in self.devices(user) if device["transport"]]

    def devices(self, user: str) -> list:
        """What the operator sees of a user's devices, those that sleep too."""
        return json.loads(self.sotto("--json", "binding", "list", f"{user}@{self.domain}").stdout)["bindings"]

    def wait_for_bindings(self, user: str, count: int = 1) -> None:
        deadline = time.monotonic() + patience(10)
        while len(self.bindings(user)) != count:
            if time.monotonic() > deadline:
                raise AssertionError(f"{user} has {len(self.bindings(user))} bindings, not {count}\n{self.log}")

    def check_config(self) -> subprocess.CompletedProcess:
        return subprocess.run([binary("sottod"), "--config", self.config_file, "--check"], text=True, capture_output=True,
                              timeout=patience(30))

    # -- life ------------------------------------------------------------------------------------------------
    def start(self) -> None:
        """Returns once the daemon has said READY=1 (sd_notify)."""
        notify_path = str(self.folder / "notify")
        Path(notify_path).unlink(missing_ok=True)
        notify = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        notify.bind(notify_path)
        os.chmod(notify_path, 0o666)   # whoever the launcher makes the daemon
        try:
            self._spawn([binary("sottod"), "--config", self.config_file], {"NOTIFY_SOCKET": notify_path})
            self._await_ready(notify, lambda: notify.recv(4096))
        finally:
            notify.close()

    def _spawn(self, command: list, environment: dict, pass_fds: tuple = ()) -> None:
        self._process = subprocess.Popen([*self.launcher, *command], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                                         stderr=subprocess.PIPE, cwd=self.folder, pass_fds=pass_fds,
                                         env={**os.environ, **self.environment, **environment})
        self.pid = self._process.pid
        self._drainer = threading.Thread(target=self._drain, args=(self._process.stderr,), daemon=True)
        self._drainer.start()   # closes the pipe at its end

    def _await_ready(self, source, read) -> None:
        """`read` takes what `source`, once it is readable, has to say."""
        ended = os.pidfd_open(self.pid)
        try:
            said = b""
            while b"READY=1" not in said:
                ready, _, _ = select.select([source, ended], [], [], patience(20))
                if source in ready:
                    said += read() + b"\n"
                elif ended in ready:
                    self._drainer.join(patience(5))
                    raise AssertionError(f"sottod ended with {self._process.wait()} before it was ready:\n{self.log}")
                else:
                    raise AssertionError(f"sottod did not get ready:\n{self.log}")
        finally:
            os.close(ended)

    def _drain(self, stream) -> None:
        with stream:
            for chunk in iter(lambda: stream.read1(65536), b""):
                self._log += chunk

    def signal(self, number: int) -> None:
        self._process.send_signal(number)

    @property
    def alive(self) -> bool:
        return self._process is not None and self._process.poll() is None

    @property
    def exit_status(self) -> int | None:
        """None while it runs; negative: the signal that ended it."""
        return self._process.poll() if self._process else None

    def reap(self) -> None:
        """Takes note of a process that was killed."""
        process, self._process = self._process, None
        process.wait(patience(10))
        self._drainer.join(patience(5))

    def stop(self, within: float = 10) -> None:
        """SIGTERM must end it cleanly and in bounded time."""
        if self._process is None:
            return
        process, self._process = self._process, None
        if process.poll() is None:
            process.send_signal(signal.SIGTERM)
        try:
            status = process.wait(patience(within))
        except subprocess.TimeoutExpired:
            waits = self._threads()
            process.kill()
            process.wait()
            status = f"nothing within {within} s of SIGTERM, its threads in {waits}"
        self._drainer.join(patience(5))
        if status != 0 or "Sanitizer" in self.log or "runtime error:" in self.log:
            raise AssertionError(f"sottod ended with {status}:\n{self.log}")

    def _threads(self) -> dict:
        """Where in the kernel each thread is, and the number of the system call that it made."""
        tasks = Path(f"/proc/{self.pid}/task").iterdir()
        return {f"{(task / 'comm').read_text().strip()}-{task.name}":
                f"{(task / 'wchan').read_text()} {(task / 'syscall').read_text().split()[0]}" for task in tasks}

    def destroy(self) -> None:
        """Stops the daemon and removes everything that it and the test have made."""
        try:
            self.stop()
        finally:
            for port in self._ports:
                port.release()
            shutil.rmtree(self.folder, ignore_errors=True)

    # -- the way in ------------------------------------------------------------------------------------------
    def connect(self, server_name: str | None = "", host: str = "127.0.0.1", **options) -> Connection:
        server_name = self.domain if server_name == "" else server_name
        return Connection((host, self.tls_port), self.authority.certificate, server_name, **options)

    def connect_web(self, server_name: str | None = DOMAIN, **options) -> WebConnection:
        return WebConnection(("127.0.0.1", self.web_port), self.authority.certificate, server_name, **options)
