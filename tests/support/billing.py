"""A daemon that bills calls over a gateway to numbers that begin with +4930, and what its ledger says."""

import contextlib
import datetime
import json
import secrets
import socket
import sqlite3

from outside.far_end import FarEnd

from .daemon import DOMAIN, Daemon
from .limits import patience
from .pki import Authority
from .sip import Message

PREFIX = "+4930"
FLAT_PREFIX = "+4940"   # costs nothing, and stands on the itemised bill
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
    """Its gateway answers by itself, or, with `scripted`, as a test says."""

    def __init__(self, accounts=("alice",), overrides: dict | None = None, threads: int = 1, scripted: bool = False) -> None:
        self._master = secrets.token_hex(32)
        self._scripted = scripted
        self.gateway: FarEnd | None = None
        super().__init__(accounts, {"weaken": {"master_key_file": "master.key"}, "drain_timeout": "1s", **(overrides or {})},
                         threads)

    def write_config(self) -> None:
        (self.folder / "master.key").write_text(self._master + "\n")
        if self.gateway is None:
            certificate = self.authority.issue(GATEWAY, (GATEWAY,))
            self.gateway = FarEnd(GATEWAY, certificate, self.authority) if self._scripted \
                else AnsweringGateway(certificate, self.authority)
            target = {"kind": "gateway", "target": [f"{GATEWAY}:{self.gateway.port}"]}
            self.config |= {"billing": {"routes": [{"name": "carrier"}, {"name": "flat", "charge": "itemised-flat"}]},
                            "peers": {"authorities": str(self.authority.certificate)},
                            "routes": [{"name": "carrier", "match": [PREFIX], "tariff": "local", **target},
                                       {"name": "flat", "match": [FLAT_PREFIX], "tariff": "flat", **target},
                                       {"name": "freephone", "match": ["+49800"], **target},
                                       {"name": "help", "match": ["112"], **target, "kind": "emergency"}]}
        super().write_config()

    def destroy(self) -> None:
        super().destroy()
        if self.gateway is not None:
            self.gateway.stop()

    def asks(self, command: str, **arguments) -> dict:
        return asks(self, command, **arguments)

    def export(self, **arguments) -> list:
        return export(self, **arguments)

    def rows(self, table: str = "call") -> int:
        with contextlib.closing(sqlite3.connect(f"file:{self.state / 'ledger.db'}?mode=ro", uri=True)) as ledger:
            return ledger.execute(f"SELECT count(*) FROM {table}").fetchone()[0]

    def wait_for_calls(self, count: int) -> list:
        return wait_for_calls(self, count)


def number(index: int) -> str:
    return f"{PREFIX}{index:07}"


def uri(dialled_number: str) -> str:
    return f"sip:{dialled_number}@{DOMAIN}"
