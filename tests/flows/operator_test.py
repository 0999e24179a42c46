"""What the operator's commands leave behind: roles, the audit log, and what happens when it is touched or cannot be written."""

import csv
import grp
import json
import os
import re
import shutil
import signal
import subprocess
import time
import unittest
from pathlib import Path

from support.daemon import DOMAIN, PASSWORD, Daemon, binary
from support.flow_test import EVENTS, FlowTest
from support.limits import patience
from support.log_scan import found_in
from support.supervisor import SupervisedDaemon

ROOT = Path(__file__).resolve().parents[2]
AUDITED = f"alice@{DOMAIN}"


class AuditTest(FlowTest):
    """Daemons of their own for each test, because each one spoils its log."""

    def own(self, **options) -> Daemon:
        daemon = Daemon(("alice", "bob"), {"drain_timeout": "1s", **EVENTS}, **options)
        self.addCleanup(daemon.destroy)
        return daemon

    def files(self, daemon: Daemon) -> list[Path]:
        return sorted((daemon.state / "audit").glob("*.log"))

    def entries(self, daemon: Daemon, *arguments: str) -> list:
        return json.loads(daemon.sotto("--json", "audit", "show", *arguments).stdout)["entries"]

    def verify(self, daemon: Daemon, *arguments: str) -> subprocess.CompletedProcess:
        return daemon.sotto("audit", "verify", *arguments, check=False)


class Audit(AuditTest):
    def test_who_did_what_to_whom_and_why(self):
        daemon = self.own()
        daemon.sotto("account", "show", AUDITED, "--reason", "ticket 4711 of Alice")
        daemon.sotto("account", "set", f"nobody@{DOMAIN}", "--relay-only", "on", check=False)
        shown, refused = self.entries(daemon, "--reason", "monthly look")[-3:-1]
        self.assertEqual(shown["what"], "account show")
        self.assertEqual(shown["about"], AUDITED)
        self.assertEqual(shown["reason"], "ticket 4711 of Alice")
        self.assertEqual(shown["uid"], os.getuid())
        self.assertEqual(shown["purpose"], "provision")
        self.assertEqual(shown["result"], "done")
        [row] = [row for row in csv.DictReader(daemon.sotto("--csv", "audit", "show").stdout.splitlines()) if row["what"] == "account import"]
        self.assertEqual(row["about"], "", "nobody's in particular")
        self.assertEqual(refused["result"], "refused not_found")
        self.assertIn("relay_only", refused["scope"])
        last = self.entries(daemon)[-1]   # whoever looks at the log is in it
        self.assertEqual(last["what"], "audit show")
        self.assertEqual({entry["about"] for entry in self.entries(daemon, "--about", AUDITED)}, {AUDITED})

    def test_what_an_operator_wrote_does_not_steer_the_terminal_of_who_reads_it(self):
        daemon = self.own()
        daemon.sotto("account", "show", AUDITED, "--reason", "ticket \u009b2J of Zoë")   # CSI, as one character
        shown = daemon.sotto("audit", "show").stdout
        self.assertIn("ticket ?2J of Zoë", shown)
        self.assertEqual(self.entries(daemon)[-3]["reason"], "ticket \u009b2J of Zoë")

    def test_a_person_is_found_by_any_spelling_of_the_address(self):
        daemon = self.own()
        user = AUDITED.split("@")[0]
        daemon.sotto("account", "show", f"sip:{user}@{DOMAIN.upper()}", "--reason", "ticket 4712")
        for spelling in (AUDITED, f"sip:{AUDITED}", f"{user}@{DOMAIN.title()}"):
            self.assertIn(("account show", AUDITED, "ticket 4712"),
                          [(entry["what"], entry["about"], entry["reason"])
                           for entry in self.entries(daemon, "--about", spelling)])

    def test_no_person_and_no_password_in_its_files(self):
        daemon = self.own()
        daemon.sotto("account", "add", f"erin@{DOMAIN}", "--password-stdin", "--reason", "Erin wrote", stdin=PASSWORD + "\n")
        for path in (daemon.state / "audit").iterdir():
            content = path.read_bytes()
            for value in (b"erin", b"Erin", b"alice", PASSWORD.encode()):
                self.assertNotIn(value, content, path)

    def test_a_changed_entry_is_named_by_verify_and_at_the_next_start(self):
        daemon = self.own()
        daemon.sotto("account", "show", AUDITED)
        self.assertEqual(self.verify(daemon).returncode, 0)
        log = self.files(daemon)[-1]
        good = log.read_bytes()
        at = good.index(b'"account show"')
        number = json.loads(good[:at].splitlines()[-1] + b'""}')["seq"]
        log.write_bytes(good.replace(b'"account show"', b'"account list"', 1))
        bad = self.verify(daemon)
        self.assertEqual(bad.returncode, 1)
        self.assertIn(f"entry {number} ({log.name}", bad.stderr)
        daemon.stop()
        self.assertEqual(self.verify(daemon).returncode, 1)   # under the lock, without the daemon
        daemon.start()
        self.assertIn(f" sequence={number} ", daemon.logged("audit-broken")[-1])
        alice = self.own_phone(daemon, "alice")
        alice.registers()   # calls go on
        daemon.sotto("account", "show", AUDITED, "--reason", "after it was changed")   # and so does the record
        self.assertIn(f"entry {number} (", self.verify(daemon).stderr)
        shown = daemon.sotto("--json", "audit", "show", check=False)   # which can still be read, and says what is wrong with it
        self.assertEqual(shown.returncode, 1)
        self.assertIn(f"entry {number} (", shown.stderr)
        answer = json.loads(shown.stdout)
        self.assertIn(f"entry {number} (", answer["broken"])
        self.assertIn("after it was changed", [entry["reason"] for entry in answer["entries"]])
        log = self.files(daemon)[-1]   # and what is changed later is found beside it
        log.write_bytes(log.read_bytes().replace(b'"account show"', b'"account list"', 1))
        said = self.verify(daemon).stderr
        self.assertIn(f"entry {number} (", said)
        self.assertIn(f"({log.name}", said)

    def test_a_log_that_was_cut_off_is_found_by_the_head_in_the_database(self):
        daemon = self.own()
        daemon.sotto("account", "show", AUDITED)
        log = self.files(daemon)[-1]
        older = log.read_bytes()
        last = json.loads(older.splitlines()[-1])["seq"]
        daemon.sotto("account", "show", AUDITED)
        daemon.stop()
        log.write_bytes(older)
        found = self.verify(daemon)
        self.assertEqual(found.returncode, 1, found.stdout)
        self.assertIn(f"entry {last + 1} (", found.stderr)
        daemon.start()
        daemon.logged("audit-broken")

    def test_a_log_that_cannot_be_read_was_not_changed(self):
        """It is said, and nothing is done until it can: then all is as it was, without a restart."""
        daemon = self.own()
        daemon.sotto("account", "show", AUDITED)
        daemon.stop()
        folder = daemon.state / "audit"
        folder.rename(daemon.state / "away")
        folder.write_text("")   # which keeps root out, too, as wrong rights do the service's user
        daemon.start()
        self.assertIn("reason=Not a directory", daemon.logged("audit-unread")[-1])
        refused = daemon.sotto("account", "show", AUDITED, check=False)
        self.assertEqual(refused.returncode, 1)
        self.assertIn("the audit log cannot be written: Not a directory", refused.stderr)
        checked = self.verify(daemon)
        self.assertEqual(checked.returncode, 1)
        self.assertIn("the audit log cannot be read: Not a directory", checked.stderr)
        folder.unlink()
        (daemon.state / "away").rename(folder)
        daemon.sotto("account", "show", AUDITED)
        self.assertEqual(self.verify(daemon).returncode, 0)
        self.assertFalse(json.loads(daemon.sotto("--json", "status").stdout)["audit"]["broken"])
        daemon.stop()
        daemon.start()
        self.assertEqual(self.verify(daemon).returncode, 0)
        self.assertNotIn("audit-broken", daemon.log)

    def test_an_older_copy_is_found_by_the_head_in_the_journal(self):
        daemon = self.own()
        daemon.sotto("account", "show", AUDITED)
        log = self.files(daemon)[-1]
        older = log.read_bytes()
        daemon.sotto("account", "show", AUDITED)
        daemon.stop()   # its log is whole then
        head = daemon.logged("audit-head")[-1]
        fields = dict(word.split("=") for word in head.split() if "=" in word)
        noted = f"{fields['sequence']}:{fields['hash']}"
        self.assertEqual(self.verify(daemon, "--head", noted).returncode, 0)
        for path in self.files(daemon):
            if path > log:
                path.unlink()
        log.write_bytes(older)
        (daemon.state / "accounts.db").unlink()   # whoever puts an old state back may put all of it back
        found = self.verify(daemon, "--head", noted)
        self.assertEqual(found.returncode, 1, found.stdout)
        self.assertIn("was cut off, or an older file", found.stderr)

    @unittest.skipUnless(os.geteuid() == 0, "takes root to make a small disk")
    def test_without_room_for_the_record_nothing_is_done_and_calls_go_on(self):
        daemon = self.own()
        daemon.stop()
        folder = daemon.state / "audit"   # from here on a disk of its own, which nobody but the daemon sees
        daemon.launcher = ["unshare", "--mount", "sh", "-c",
                           'cp -a "$0" "$0.before" && mount -t tmpfs -o size=128k disk "$0" && cp -a "$0.before/." "$0" && exec "$@"',
                           str(folder)]
        daemon.start()
        alice, bob = (self.own_phone(daemon, name) for name in ("alice", "bob"))
        alice.registers()
        bob.registers()
        filler = Path(f"/proc/{daemon.pid}/root{folder}/filler")
        with self.assertRaises(OSError), filler.open("wb", buffering=0) as full:
            while True:
                full.write(bytes(4096))
        for _ in range(40):   # the log has taken some room ahead
            refused = daemon.sotto("account", "show", AUDITED, check=False)
            if refused.returncode != 0:
                break
        refused = daemon.sotto("account", "remove", AUDITED, "--yes", check=False)
        self.assertEqual(refused.returncode, 1)
        self.assertIn("nothing was done, because the audit log cannot be written: No space left on device", refused.stderr)
        daemon.logged("audit-unwritable")
        self.call(alice, bob)
        self.hang_up(alice, bob)
        self.assertEqual(daemon.sotto("status").returncode, 0)
        filler.unlink()
        daemon.sotto("account", "show", AUDITED)   # it is still there
        self.assertEqual(self.verify(daemon).returncode, 0)

    def test_what_nobody_takes_is_not_written_into_its_files(self):
        """Whoever starts a process without standard output gives its number to the file that is opened next."""
        daemon = self.own()
        daemon.stop()
        for closed in (">&-", ">&- 2>&-", "<&- >&- 2>&-"):
            with self.subTest(closed=closed):
                done = subprocess.run(["bash", "-c", f'"$@" {closed}', "bash", binary("sotto"), "--config", daemon.config_file, "account",
                                       "list"], timeout=patience(30), capture_output=True)
                self.assertEqual(done.returncode, 1)
                self.assertEqual(self.verify(daemon).returncode, 0)
        for file in self.files(daemon):
            self.assertNotIn(AUDITED.encode(), file.read_bytes())

    def test_without_a_key_there_is_no_daemon(self):
        daemon = self.own()
        daemon.stop()
        del daemon.config["weaken"]["audit_key_file"]
        daemon.write_config()
        refused = subprocess.run([binary("sottod"), "--config", daemon.config_file], capture_output=True, text=True,
                                 timeout=patience(20))
        self.assertEqual(refused.returncode, 1)
        self.assertIn("credential `audit-key`", refused.stderr)
        credentials = daemon.folder / "credentials"
        credentials.mkdir()
        (credentials / "audit-key").write_bytes((daemon.folder / "audit.key").read_bytes())
        os.environ["CREDENTIALS_DIRECTORY"] = str(credentials)
        self.addCleanup(os.environ.pop, "CREDENTIALS_DIRECTORY")
        daemon.start()
        self.assertNotIn("audit-broken", daemon.log)

    def own_phone(self, daemon: Daemon, name: str):
        from support.phone import Phone
        phone = Phone(name, self.ladder, daemon.connect, name, DOMAIN, PASSWORD, daemon.own_hosts)
        self.addCleanup(lambda: phone.connection.close())
        return phone


@unittest.skipUnless(os.geteuid() == 0, "takes root to be somebody else")
class Roles(FlowTest):
    """Groups that every Debian has stand for the roles."""
    config = {"admin": {"operators": "games", "billing": "mail", "privacy_officers": "news"}}
    PERSON = 12345   # no user of this machine

    def setUp(self):
        super().setUp()
        self.daemon.folder.chmod(0o711)
        self.daemon.config_file.chmod(0o644)

    def as_member(self, group: str | None, *arguments: str) -> subprocess.CompletedProcess:
        groups = [grp.getgrnam(group).gr_gid] if group else []
        return subprocess.run([binary("sotto"), "--config", self.daemon.config_file, *arguments], text=True, capture_output=True,
                              timeout=patience(30), user=self.PERSON, group=self.PERSON, extra_groups=groups)

    def test_each_role_may_do_its_own_and_nothing_else(self):
        may = {("status",): ("games", "mail", "news"), ("account", "list"): ("games",), ("audit", "show"): ("news",),
               ("audit", "verify"): ("games", "news"), ("config", "diff"): ("games",)}
        for command, groups in may.items():
            for group in ("games", "mail", "news"):
                with self.subTest(command=command, group=group):
                    done = self.as_member(group, *command)
                    self.assertEqual(done.returncode, 0 if group in groups else 1, done.stderr)
                    if group not in groups:
                        self.assertIn("`sotto whoami` shows what you are", done.stderr)

    def test_who_may_list_accounts_hears_of_the_nearest_address(self):
        meant = f"{self._user('alice', self._testMethodName)}@{DOMAIN}"
        typed = meant.replace("alice", "alcie")
        for group, command in (("games", ("account", "show")), ("games", ("binding", "list")), ("games", ("account", "set")),
                               ("news", ("subject", "export"))):
            more = {"account set": ("--relay-only", "on"), "subject export": ("--output", "/dev/null/alice.tar")}.get(" ".join(command), ())
            refused = self.as_member(group, *command, typed, *more)
            self.assertEqual(refused.returncode, 1, refused.stdout)
            with self.subTest(group=group, command=command):
                self.assertEqual(f"did you mean {meant}?" in refused.stderr, group == "games", refused.stderr)
        for strange in ("zoroaster", "x"):   # nobody is like that
            self.assertNotIn("did you mean", self.as_member("games", "account", "show", f"{strange}@{DOMAIN}").stderr)
        entries = json.loads(self.as_member("news", "--json", "audit", "show", "--about", typed).stdout)["entries"]
        self.assertEqual([entry["result"] for entry in entries if entry["what"] != "audit show"], ["refused not_found, the nearest named"] * 3 + ["refused not_found"])

    def test_a_refusal_is_json_as_well(self):
        for group, command in (("mail", ("account", "list")), ("games", ("audit", "show")), ("news", ("whoami", "--nonsense"))):
            refused = self.as_member(group, "--json", *command)
            error = json.loads(refused.stdout)["error"]
            self.assertEqual(error["status"], refused.returncode)
            self.assertIn(error["sentence"], refused.stderr)

    def test_whoami(self):
        me = json.loads(self.as_member("news", "--json", "whoami").stdout)
        self.assertEqual(me["uid"], self.PERSON)
        self.assertEqual(me["roles"], ["privacy-officer"])
        self.assertIn("audit show", me["commands"])
        self.assertNotIn("account add", me["commands"])

    def test_a_stranger_does_not_reach_the_socket(self):
        refused = self.as_member(None, "status")
        self.assertEqual(refused.returncode, 3)
        self.assertIn("you may not use", refused.stderr)
        self.assertIn("games", refused.stderr)


class Diagnosis(FlowTest):
    def test_a_trace_draws_the_ladder_of_one_account_and_names_nobody(self):
        alice, bob = self.registered("alice", "bob")
        who = f"{alice.user}@{DOMAIN}"
        arguments = ("trace", "start", "--account", who, "--for", "10m")
        self.assertEqual(self.daemon.sotto(*arguments, "--yes", check=False).returncode, 2)   # no reason
        self.daemon.sotto(*arguments, "--yes", "--reason", "ticket 4711")
        self.call(alice, bob)
        self.hang_up(bob, alice)
        carol, dave = self.registered("carol", "dave")   # somebody else's call
        self.call(carol, dave)
        self.hang_up(carol, dave)
        shown = self.daemon.sotto("--json", "trace", "stop").stdout
        drawn = [(rung["direction"], rung["message"]) for rung in json.loads(shown)["ladder"]]
        self.assertEqual([rung for rung in drawn if rung[1] != "100 (INVITE)"],
                         [("-->", "INVITE"), ("<--", "407 (INVITE)"), ("-->", "ACK"), ("-->", "INVITE"),
                          ("<--", "180 (INVITE)"), ("<--", "200 (INVITE)"), ("-->", "ACK"), ("<--", "BYE"),
                          ("-->", "200 (BYE)")])
        self.assertEqual(found_in(shown, self.ladder.messages, {*self.daemon.own_hosts}), set())
        entries = json.loads(self.daemon.sotto("--json", "audit", "show", "--about", who).stdout)["entries"]
        [started] = [entry for entry in entries if entry["what"] == "trace start"]
        self.assertEqual(started["reason"], "ticket 4711")
        self.assertIn(("trace stop", "found"), [(entry["what"], entry["result"]) for entry in entries], "who saw the ladder, too")
        self.assertEqual(json.loads(started["scope"]), {"for": 600, "consent": True})

    def test_a_trace_ends_by_itself_and_with_the_daemon(self):
        who = f"{self.phone('alice').user}@{DOMAIN}"
        self.daemon.sotto("trace", "start", "--account", who, "--for", "1s", "--yes", "--reason", "test")
        deadline = time.monotonic() + patience(10)
        while "trace end" not in [entry["what"] for entry in
                                  json.loads(self.daemon.sotto("--json", "audit", "show").stdout)["entries"]]:
            self.assertLess(time.monotonic(), deadline, "the trace did not end")
        self.daemon.sotto("trace", "stop")   # it can still be seen, once
        self.assertEqual(self.daemon.sotto("trace", "stop", check=False).returncode, 1)
        self.daemon.sotto("trace", "start", "--account", who, "--for", "1h", "--yes", "--reason", "test")
        self.daemon.stop()
        self.daemon.start()
        self.assertIn("there is no trace", self.daemon.sotto("trace", "stop", check=False).stderr)

    def trace_entries(self) -> list:
        entries = json.loads(self.daemon.sotto("--json", "audit", "show").stdout)["entries"]
        return [(entry["what"], entry["result"]) for entry in entries if entry["what"] in ("trace start", "trace stop", "trace end")]

    def test_a_trace_that_a_restart_has_ended_has_an_end_in_the_log(self):
        arguments = ("trace", "start", "--account", f"{self.phone('alice').user}@{DOMAIN}", "--for", "1h", "--yes", "--reason", "test")
        before = len(self.trace_entries())
        self.daemon.sotto(*arguments)
        self.daemon.sotto(*arguments, check=False)   # is refused, and does not end the one that runs
        self.daemon.signal(signal.SIGKILL)
        self.daemon.reap()
        self.daemon.start()
        ended = [("trace start", "done"), ("trace start", "refused busy"), ("trace end", "ended by restart")]
        about = json.loads(self.daemon.sotto("--json", "audit", "show", "--about", arguments[3]).stdout)["entries"]
        self.assertIn("trace end", [entry["what"] for entry in about])
        self.assertEqual(self.trace_entries()[before:], ended)
        self.daemon.stop()
        self.daemon.start()   # once is enough
        self.daemon.sotto(*arguments)
        self.daemon.sotto("trace", "stop")
        self.daemon.stop()
        self.daemon.start()   # and what was stopped is over
        self.assertEqual(self.trace_entries()[before:], [*ended, ("trace start", "done"), ("trace stop", "done"), ("trace stop", "found")])
        self.daemon.sotto("audit", "verify")

    def test_a_pseudonym_of_another_day_cannot_be_explained(self):
        refused = self.daemon.sotto("log", "explain", "~000000000000", "--reason", "abuse report", check=False)
        self.assertEqual(refused.returncode, 1)
        self.assertIn("no account has this pseudonym today", refused.stderr)
        self.assertEqual(self.daemon.sotto("log", "explain", "~000000000000", check=False).returncode, 2)


class GuessingTest(FlowTest):
    config = {"limits": {"auth_failures_per_minute": 1}, **EVENTS}

    def guess(self, user: str) -> None:
        """A wrong password, and one more than may be: that is refused unheard."""
        guesser = self.phone(user, password="wrong")
        for status in (401, 503):
            guesser.transmits(guesser.register_request())
            guesser.authenticates(guesser.receives(401))
            guesser.receives(status)


class Guessing(GuessingTest):
    """Somebody tries the passwords of an account. The log says so, of a pseudonym; who it is takes a reason."""

    def test_from_the_log_to_the_account_and_into_the_audit_log(self):
        self.guess("alice")
        victim = self.phone("alice").user
        deadline = time.monotonic() + patience(10)
        while not (said := re.search(r" warning guessing: .* account=(~[0-9a-f]{12})$", self.daemon.log, re.M)):
            self.assertLess(time.monotonic(), deadline, f"nothing was said:\n{self.daemon.log}")
        found = self.daemon.sotto("--json", "log", "explain", said[1], "--reason", "abuse report of today")
        self.assertEqual(json.loads(found.stdout), {"address": f"{victim}@{DOMAIN}"})
        entries = json.loads(self.daemon.sotto("--json", "audit", "show").stdout)["entries"]
        asked, found = [entry for entry in entries if entry["what"] == "log explain"]
        for entry, result, about in ((asked, "done", None), (found, "found", f"{victim}@{DOMAIN}")):
            self.assertEqual((entry["reason"], entry["purpose"], entry["result"]), ("abuse report of today", "abuse", result))
            self.assertEqual(json.loads(entry["scope"]), {"pseudonym": said[1]})
            self.assertEqual(entry["about"], about)
        about = json.loads(self.daemon.sotto("--json", "audit", "show", "--about", f"{victim}@{DOMAIN}").stdout)["entries"]
        self.assertIn("log explain", [entry["what"] for entry in about], "whoever was looked for finds it")
        self.assertNotIn(victim, self.daemon.log)


class PseudonymsOfTheDay(GuessingTest):
    daemon_type = SupervisedDaemon

    def test_they_go_on_in_the_next_process(self):
        self.guess("alice")
        said = re.search(r"account=(~[0-9a-f]{12})$", self.daemon.logged("guessing")[-1])[1]
        self.daemon.signal(signal.SIGKILL)
        self.daemon.reap()
        self.daemon.start()
        found = self.daemon.sotto("log", "explain", said, "--reason", "abuse report").stdout
        self.assertIn(f"{self.phone('alice').user}@{DOMAIN}", found)


class GuessingNobody(GuessingTest):
    def test_a_name_that_nobody_has_is_not_even_a_pseudonym(self):
        self.guess("nobody-like-this")
        self.daemon.stop()   # the log is whole then
        self.assertNotIn(" guessing: ", self.daemon.log)


class Documents(FlowTest):
    config = {"privacy": {"relay_only": True}, "weaken": {"tls12": True}}

    def test_they_say_what_is_configured(self):
        notice, processing, assessment = (self.daemon.sotto("report", kind).stdout
                                          for kind in ("notice", "processing", "assessment"))
        self.assertIn(f"# Privacy notice: calls of {DOMAIN}", notice)
        self.assertIn("the other party does not learn your device's address", notice)
        self.assertIn("emergency calls are not carried", notice)
        self.assertIn("TLS 1.2 is accepted", notice)
        self.assertIn("| provision | performance of the contract", processing)
        self.assertIn("TLS 1.2 is accepted too", assessment)
        self.daemon.config["weaken"]["tls12"] = False   # what runs counts, not what was written once
        self.daemon.write_config()
        self.daemon.sotto("config", "reload")
        self.assertNotIn("TLS 1.2 is accepted", self.daemon.sotto("report", "notice").stdout)


@unittest.skipUnless(os.geteuid() == 0, "takes root to be somebody else than the service")
class Backup(unittest.TestCase):
    PERSON = 12345   # no user of this machine

    def setUp(self):
        self.daemon = Daemon(("alice",), {"drain_timeout": "1s"})
        self.addCleanup(self.daemon.destroy)
        self.daemon.stop()
        for path in (self.daemon.folder, *self.daemon.folder.rglob("*")):
            os.chown(path, self.PERSON, self.PERSON)
        self.daemon.launcher = ["setpriv", f"--reuid={self.PERSON}", f"--regid={self.PERSON}", "--clear-groups", "--"]

    def test_what_root_has_made_while_the_daemon_was_down_is_the_daemons(self):
        for folder in ("backup", "further/"):
            self.daemon.sotto("backup", f"{self.daemon.state}/{folder}")
        self.daemon.start()
        for folder in ("backup", "further"):
            self.daemon.sotto("backup", str(self.daemon.state / folder))
            made = self.daemon.state / folder
            for path in (made, *made.iterdir()):
                self.assertEqual((path.stat().st_uid, path.stat().st_gid), (self.PERSON, self.PERSON), path)
        self.assertEqual({path.name for path in made.iterdir()}, {"accounts.db"})

    def test_a_backup_that_cannot_be_written_is_no_alarm_about_the_store(self):
        self.daemon.start()
        roots = self.daemon.state / "roots"
        roots.mkdir(0o700)
        refused = self.daemon.sotto("backup", str(roots), check=False)
        self.assertEqual(refused.returncode, 3)
        self.assertIn("accounts.db was not copied: ", refused.stderr)
        self.assertIn("look at the rights of the folder", refused.stderr)
        self.daemon.sotto("account", "show", AUDITED)
        self.daemon.stop()
        self.assertNotIn("store-failed", self.daemon.log)


class CommandLine(unittest.TestCase):
    """Completion and manual pages as an operator's shell sees them."""

    def complete(self, *words: str) -> set:
        script = f'source "$0" && COMP_WORDS=("$@") COMP_CWORD={len(words) - 1} && _sotto && printf "%s\\n" "${{COMPREPLY[@]}}"'
        done = subprocess.run(["bash", "-c", script, ROOT / "packaging/completion/sotto", *words], text=True, capture_output=True,
                              check=True, timeout=patience(10))
        return set(done.stdout.split())

    def test_completion(self):
        self.assertEqual(self.complete("sotto", "acc"), {"account"})
        self.assertEqual(self.complete("sotto", "account", "re"), {"remove"})
        self.assertEqual(self.complete("sotto", "--config", "x.yaml", "audit", ""), {"show", "verify"})
        self.assertEqual(self.complete("sotto", "account", "set", "alice@example.org", "--relay-only", ""), {"on", "off"})
        self.assertEqual(self.complete("sotto", "account", "remove", "alice@example.org", "--y"), {"--yes"})
        self.assertEqual(self.complete("sotto", "--csv", "bil"), {"billing"})   # no file follows, other than in
        self.assertEqual(self.complete("sotto", "account", "import", "--csv", "/etc/host"),
                         {str(path) for path in Path("/etc").glob("host*")})

    @unittest.skipUnless(shutil.which("groff"), "groff formats manual pages")
    def test_manual_pages_are_well_formed(self):
        for page in sorted((ROOT / "docs/man").iterdir()):
            done = subprocess.run(["groff", "-man", "-Tutf8", "-ww", page], text=True, capture_output=True, timeout=patience(10))
            self.assertEqual(done.stderr, "", page)
            self.assertIn("NAME", re.sub(".\b", "", done.stdout))   # bold is printed twice


if __name__ == "__main__":
    unittest.main()
