"""A daemon that bills calls over a gateway to numbers that begin with +4930, and what its ledger says."""

import contextlib
import datetime
import json
import secrets
import socket
import sqlite3
import subprocess

from outside.far_end import FarEnd

from .daemon import DOMAIN, PASSWORD, Daemon
from .ladder import Ladder
from .limits import patience
from .log_scan import found_in
from .phone import Phone
from .pki import Authority
from .sip import Message
from .supervisor import SupervisedDaemon
from .tls import Connection

PREFIX = "+4930"
FLAT_PREFIX = "+4940"   # costs nothing, and stands on the itemised bill
INSIDE_PREFIX = "+4950"   # of subscribers, whose calls among each other are billed
GATEWAY = "gw.example"


def this_month() -> str:
    return datetime.datetime.now(datetime.timezone.utc).strftime("%Y-%m")


class AnsweringGateway(FarEnd):
    """Answers every call at once, and everything that is asked within it."""

    def __init__(self, certificate: tuple, authority: Authority) -> None:
        self.answered: set = set()   # numbers, noted before the answer leaves
        super().__init__(GATEWAY, certificate, authority)

    def arrived(self, connection, message) -> None:
        if not isinstance(message, Message) or not message.is_request or message.method == "ACK":
            return
        if message.method == "INVITE":
            self.answered.add(dialled(message))
        self.answers(connection, message, 200, sdp=message.method == "INVITE", tag=secrets.token_hex(4))


def dialled(invite: Message) -> str:
    return invite.request_uri.removeprefix("sip:").split("@")[0]


def asks(daemon: Daemon, command: str, **arguments) -> dict:
    """The admin socket, as the command line uses it."""
    with socket.socket(socket.AF_UNIX) as admin:
        admin.settimeout(patience(30))
        admin.connect(daemon.config["admin"]["socket"])
        line = json.dumps({"v": 1, "command": command, "arguments": arguments}) + "\n"
        admin.sendall(line.encode())
        with admin.makefile() as answers:
            answer = json.loads(answers.readline())
    return answer.get("result") or answer["error"]


def export(daemon: Daemon, **arguments) -> list:
    """The calls of the next invoice run of this month, all pages of it."""
    calls = []
    while True:
        page = asks(daemon, "billing export", period=this_month(), **arguments)
        calls += page.get("calls", [])
        if not page.get("next"):
            return calls
        arguments["from"] = page["next"]


def wait_for_calls(daemon: Daemon, count: int) -> list:
    """Ended calls reach the disk soon after their BYE: every retention plan is a look at the ledger."""
    while sum(row["calls"] for row in asks(daemon, "retention plan")["rows"]
              if row["reason"] == "not-invoiced") < count:
        if not daemon.alive:
            raise AssertionError(f"the daemon has ended:\n{daemon.log}")
    return export(daemon)


class BillingDaemon(Daemon):
    """Its gateway answers by itself, or, with `scripted`, as a test says. At its end its log is looked through for whatever
    identifies somebody (P8): in what phones and the gateway sent and received, and in what operators typed."""

    def __init__(self, accounts=("alice",), overrides: dict | None = None, threads: int = 1, scripted: bool = False) -> None:
        self._master = secrets.token_hex(32)
        self._scripted = scripted
        self.gateway: FarEnd | None = None
        self._connections: list = []
        self._typed: set = {account if "@" in account else f"{account}@{DOMAIN}" for account in accounts or ()}
        super().__init__(accounts, {"weaken": {"master_key_file": "master.key"}, "drain_timeout": "1s", **(overrides or {})},
                         threads)

    def write_config(self) -> None:
        (self.folder / "master.key").write_text(self._master + "\n")
        if self.gateway is None:
            certificate = self.authority.issue(GATEWAY, (GATEWAY,))
            self.gateway = FarEnd(GATEWAY, certificate, self.authority) if self._scripted \
                else AnsweringGateway(certificate, self.authority)
            target = {"kind": "gateway", "target": [f"{GATEWAY}:{self.gateway.port}"]}
            self.config |= {"billing": {"routes": [{"name": "carrier"}, {"name": "flat", "charge": "itemised-flat"},
                                                   {"name": "inside", "prefix": INSIDE_PREFIX, "tariff": "inner"}]},
                            "peers": {"authorities": str(self.authority.certificate)},
                            "routes": [{"name": "carrier", "match": [PREFIX], "tariff": "local", **target},
                                       {"name": "flat", "match": [FLAT_PREFIX], "tariff": "flat", **target},
                                       {"name": "freephone", "match": ["+49800"], **target},
                                       {"name": "help", "match": ["112"], **target, "kind": "emergency"}]}
        super().write_config()

    def use_master_key(self, key: str) -> None:
        """From the next start on."""
        self._master = key
        self.write_config()

    def connect(self, *arguments, **options) -> Connection:
        self._connections.append(super().connect(*arguments, **options))
        return self._connections[-1]

    def sotto(self, *arguments: str, **options) -> subprocess.CompletedProcess:
        self._typed |= {argument for argument in map(str, arguments) if "@" in argument or " " in argument}
        return super().sotto(*arguments, **options)

    def destroy(self) -> None:
        secrets_ = self.secrets if self.folder.exists() and hasattr(self, "config") else set()
        super().destroy()
        if self.gateway is not None:
            self.gateway.stop()
        named = self._named_in_the_log() | {secret for secret in secrets_ | self._typed if secret in self.log}
        if named:
            raise AssertionError(f"the log holds what identifies somebody, {named}:\n{self.log}")

    def _named_in_the_log(self) -> set:
        messages = [b"".join(connection.sent).decode(errors="replace") + connection.received.decode(errors="replace")
                    for connection in self._connections] + (self.gateway.messages if self.gateway else [])
        own = {*self.own_hosts, GATEWAY, "127.0.0.1"}
        phones = {connection.local_address for connection in self._connections}
        return found_in(self.log, messages, own) | {address for address in phones if address in self.log}

    def asks(self, command: str, **arguments) -> dict:
        return asks(self, command, **arguments)

    def export(self, **arguments) -> list:
        return export(self, **arguments)

    def rows(self, table: str = "call") -> int:
        with contextlib.closing(sqlite3.connect(f"file:{self.state / 'ledger.db'}?mode=ro", uri=True)) as ledger:
            return ledger.execute(f"SELECT count(*) FROM {table}").fetchone()[0]

    def wait_for_calls(self, count: int) -> list:
        return wait_for_calls(self, count)

    def alice_calls(self, *dialled: str) -> None:
        """One after the other, each answered and ended; returns once their rows are on the disk."""
        alice = Phone("alice", Ladder(), self.connect, "alice", DOMAIN, PASSWORD, self.own_hosts)
        with contextlib.closing(alice.connection):
            alice.registers()
            for one in dialled:
                alice.sends("INVITE", to=uri(one))
                alice.receives(200)
                alice.sends("ACK")
                alice.sends("BYE")
                alice.receives(200)
        while self.rows() < len(dialled):   # an ended call reaches the disk soon after its BYE
            if not self.alive:
                raise AssertionError(f"the daemon has ended:\n{self.log}")


class SupervisedBillingDaemon(BillingDaemon, SupervisedDaemon):
    """One whose next process gets what systemd keeps: the dialogs of billed calls go on."""


def number(index: int) -> str:
    return f"{PREFIX}{index:07}"


def uri(dialled_number: str) -> str:
    return f"sip:{dialled_number}@{DOMAIN}"
