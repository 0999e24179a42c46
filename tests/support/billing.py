"""A daemon that bills calls to numbers that begin with +4930, and what its ledger says."""

import datetime
import json
import secrets
import socket
import sqlite3

from .daemon import DOMAIN, Daemon
from .limits import patience

PREFIX = "+4930"


def this_month() -> str:
    return datetime.datetime.now(datetime.timezone.utc).strftime("%Y-%m")


class BillingDaemon(Daemon):
    def __init__(self, accounts=("alice", f"{PREFIX}1"), overrides: dict | None = None, threads: int = 1) -> None:
        route = {"name": "carrier", "prefix": PREFIX, "tariff": "local"}
        self._master = secrets.token_hex(32)
        super().__init__(accounts, {"billing": {"routes": [route]}, "weaken": {"master_key_file": "master.key"},
                                    "drain_timeout": "1s", **(overrides or {})}, threads)

    def write_config(self) -> None:
        (self.folder / "master.key").write_text(self._master + "\n")
        super().write_config()

    def asks(self, command: str, **arguments) -> dict:
        """The admin socket, as the command line uses it."""
        with socket.socket(socket.AF_UNIX) as admin:
            admin.settimeout(patience(30))
            admin.connect(self.config["admin"]["socket"])
            line = json.dumps({"v": 1, "command": command, "arguments": arguments}) + "\n"
            admin.sendall(line.encode())
            with admin.makefile() as answers:
                answer = json.loads(answers.readline())
        return answer.get("result") or answer["error"]

    def export(self, **arguments) -> list:
        """The calls of the next invoice run of this month, all pages of it."""
        calls = []
        while True:
            page = self.asks("billing export", period=this_month(), **arguments)
            calls += page.get("calls", [])
            if not page.get("next"):
                return calls
            arguments["from"] = page["next"]

    def rows(self, table: str = "call") -> int:
        with sqlite3.connect(f"file:{self.state / 'ledger.db'}?mode=ro", uri=True) as ledger:
            return ledger.execute(f"SELECT count(*) FROM {table}").fetchone()[0]

    def wait_for_calls(self, count: int) -> list:
        """Ended calls reach the disk soon after their BYE: every retention plan is a look at the ledger."""
        while sum(row["calls"] for row in self.asks("retention plan")["rows"]) < count:
            if not self.alive:
                raise AssertionError(f"the daemon has ended:\n{self.log}")
        return self.export()


def number(index: int) -> str:
    return f"{PREFIX}{index}@{DOMAIN}"
