"""Every command of the table answers with the members that docs/commands.md promises to scripts, and with nothing else."""

import json
import re
import secrets
from pathlib import Path

from support.billing import BillingDaemon, this_month
from support.daemon import DOMAIN, PASSWORD
from support.flow_test import FlowTest

PAGE = Path(__file__).resolve().parents[2] / "docs" / "commands.md"
NEW = f"erin@{DOMAIN}"
#: Members that are there only when they say something.
SOMETIMES = {"route test": {"route", "kind", "targets", "request_uri", "from", "to", "p_asserted_identity", "privacy", "billed",
                            "tariff", "protection", "status", "reason"}}


def declared() -> dict:
    """Command -> (the member that is a list, or "", and the names of the fields)."""
    commands = {}
    for section in re.split(r"^### `sotto ", PAGE.read_text(), flags=re.M)[1:]:
        words = section[:section.index("`")]
        rows = re.search(r"an object whose member `(\w+)` is a list of:", section)
        commands[words] = (rows[1] if rows else "", set(re.findall(r"^\| `(\w+)` \|", section, re.M)))
    return commands


class Fields(FlowTest):
    class daemon_type(BillingDaemon):
        def __init__(self, accounts, overrides, threads, *_) -> None:
            super().__init__(accounts, overrides, threads)

    def setUp(self):
        super().setUp()
        self.declared = declared()
        self.seen: set = set()

    def asks(self, *words: str, stdin: str = "", also: tuple = ()) -> dict:
        """The command's answer, after its members were compared with the page."""
        name = max((known for known in self.declared if " ".join(words).startswith(known)), key=len)
        self.seen.add(name)
        reason = ("--reason", "test") if name in ("log explain", "trace start") else ()
        answer = json.loads(self.daemon.sotto("--json", *words, *also, *reason, stdin=stdin).stdout)
        rows, fields = self.declared[name]
        for shown in answer[rows] if rows else [answer]:
            with self.subTest(command=name):
                self.assertEqual(set(shown) - fields, set(), "is not on the page")
                self.assertEqual(fields - set(shown) - SOMETIMES.get(name, set()), set(), "is on the page only")
        return answer

    def test_every_command(self):
        folder = self.daemon.folder
        alice = self.registered("alice")[0]
        who = f"{alice.user}@{DOMAIN}"
        self.asks("status")
        self.asks("whoami")
        self.asks("account", "add", NEW, "--password-stdin", stdin=PASSWORD + "\n")
        self.asks("account", "password", NEW, "--password-stdin", stdin=PASSWORD + "\n")
        self.asks("account", "set", NEW, "--relay-only", "on")
        self.asks("account", "show", NEW)
        self.asks("account", "unblock", NEW)
        self.assertGreater(len(self.asks("account", "list")["accounts"]), 1)
        (folder / "more.csv").write_text(f"frank@{DOMAIN},{PASSWORD}\n")
        self.asks("account", "import", also=("--csv", str(folder / "more.csv")))
        [binding] = self.asks("binding", "list", who)["bindings"]
        self.asks("binding", "remove", who, binding["binding"], "--yes")
        self.asks("route", "test", who, NEW)
        self.asks("retention", "plan")
        self.asks("retention", "run")
        hold = self.asks("hold", "add", NEW, "--kind", "dispute", "--first", this_month(), "--reference", "4711", "--basis",
                         "an objection", "--expires", "2027-03-01")["hold"]["hold"]
        self.assertEqual(len(self.asks("hold", "list")["holds"]), 1)
        self.asks("hold", "release", hold, "--yes")
        self.asks("subject", "export", NEW, also=("--output", str(folder / "erin.tar")))
        self.asks("subject", "erase", NEW, "--yes")
        self.asks("config", "diff")
        self.asks("config", "reload")
        self.asks("reload")
        self.asks("trace", "start", "--account", who, "--for", "1m", "--yes")
        self.asks("trace", "stop")
        self.assertGreater(len(self.asks("audit", "show")["entries"]), 10)
        self.asks("audit", "verify")
        for report in ("minimisation", "notice", "processing", "assessment"):
            self.asks("report", report)
        self.asks("backup", str(self.daemon.state / "backup"))
        (folder / "next.key").write_text(secrets.token_hex(32) + "\n")
        self.asks("key", "rotate")
        self.asks("key", "change", str(folder / "next.key"), "--yes")
        self.asks("account", "remove", f"frank@{DOMAIN}", "--yes")
        self.asks("drain")
        elsewhere = {"account block",      # flows.privacy: takes a call
                     "billing export",     # billing.commands: takes a billed call
                     "hold approve",       # billing.commands: takes a second operator
                     "log explain",        # flows.operator: takes somebody who guesses
                     "assess"}             # flows.assess
        self.assertEqual(set(self.declared) - self.seen, elsewhere)
