"""Every command of the table answers with the members that docs/commands.md promises to scripts, and with nothing else."""

import json
import secrets

from support.billing import BillingDaemon, this_month
from support.command_page import ComparesWithPage, declared
from support.daemon import DOMAIN, PASSWORD
from support.flow_test import FlowTest

NEW = f"erin@{DOMAIN}"


class Fields(ComparesWithPage, FlowTest):
    config = {"limits": {"auth_failures_per_minute": 1}, "log": {"level": "debug"}}

    class daemon_type(BillingDaemon):
        def __init__(self, accounts, overrides, threads, *_) -> None:
            super().__init__(accounts, overrides, threads)

    def setUp(self):
        super().setUp()
        self.declared = set(declared())
        self.seen: set = set()

    def asks(self, *words: str, stdin: str = "", also: tuple = ()) -> dict:
        """The command's answer, after its members were compared with the page."""
        name = max((known for known in self.declared if " ".join(words).startswith(known)), key=len)
        self.seen.add(name)
        reason = ("--reason", "test") if name in ("log explain", "trace start") else ()
        answer = json.loads(self.daemon.sotto("--json", *words, *also, *reason, stdin=stdin, check=name != "assess").stdout)
        self.compares(name, answer)
        return answer

    def pseudonym(self) -> str:
        """Of an account that somebody guesses at, as the log has it."""
        guesser = self.phone("dave", password="wrong")
        for status in (401, 503):
            guesser.transmits(guesser.register_request())
            guesser.authenticates(guesser.receives(401))
            guesser.receives(status)
        return self.daemon.logged("guessing")[-1].rpartition("account=")[2].split()[0]

    def test_every_command(self):
        folder = self.daemon.folder
        alice, bob = self.registered("alice", "bob")
        who, callee = f"{alice.user}@{DOMAIN}", f"{bob.user}@{DOMAIN}"
        self.asks("status")
        self.asks("whoami")
        self.asks("account", "add", NEW, "--password-stdin", stdin=PASSWORD + "\n")
        self.asks("account", "password", NEW, "--password-stdin", stdin=PASSWORD + "\n")
        self.asks("account", "set", NEW, "--relay-only", "on")
        self.asks("account", "show", NEW)
        bob.sends("INVITE", to=alice, headers={"Privacy": "id"})
        alice.receives("INVITE")
        alice.sends(486)
        bob.receives(486)
        alice.receives("ACK")
        self.asks("account", "block", who)
        self.asks("account", "unblock", who, "--yes")
        self.assertGreater(len(self.asks("account", "list")["accounts"]), 1)
        (folder / "more.csv").write_text(f"frank@{DOMAIN},{PASSWORD}\n")
        self.asks("account", "import", also=("--csv", str(folder / "more.csv")))
        [binding] = self.asks("binding", "list", who)["bindings"]
        self.asks("binding", "remove", who, binding["binding"], "--yes")
        self.asks("route", "test", who, NEW)
        self.asks("route", "test", who, "+49301234567")
        self.asks("retention", "run")
        hold = self.asks("hold", "add", NEW, "--kind", "dispute", "--first", this_month(), "--reference", "4711", "--basis",
                         "an objection", "--expires", "2027-03-01")["hold"]["hold"]
        self.asks("hold", "list")
        self.asks("hold", "release", hold, "--yes")
        self.asks("subject", "export", NEW, also=("--output", str(folder / "erin.tar")))
        self.daemon.config["proxy"] = {"ring_timeout": "20s"}
        self.daemon.write_config()
        self.asks("config", "diff")
        self.asks("config", "reload")
        self.asks("reload")
        self.asks("trace", "start", "--account", callee, "--for", "1m", "--yes")
        bob.registers()
        self.asks("trace", "stop")
        self.asks("log", "explain", self.pseudonym())
        self.assertGreater(len(self.asks("audit", "show")["entries"]), 10)
        self.asks("audit", "verify")
        for report in ("minimisation", "notice", "processing", "assessment"):
            self.asks("report", report)
        self.assertTrue(self.daemon.sotto("--csv", "report", "minimisation").stdout.startswith("header,request,response,why,source\n"))
        self.asks("backup", str(self.daemon.state / "backup"))
        (folder / "next.key").write_text(secrets.token_hex(32) + "\n")
        self.asks("key", "rotate")
        self.asks("key", "change", str(folder / "next.key"), "--yes")
        self.asks("account", "remove", f"frank@{DOMAIN}", "--yes")
        self.asks("assess", f"localhost:{self.daemon.tls_port}")
        self.assertFalse(json.loads(self.daemon.sotto("--json", "status").stdout)["draining"])
        self.asks("drain")
        self.assertTrue(json.loads(self.daemon.sotto("--json", "status").stdout)["draining"])
        # Those of billed calls, and what a second operator consents to: billing.commands.
        self.assertEqual(self.declared - self.seen, {"billing export", "retention plan", "subject erase", "hold approve"})
