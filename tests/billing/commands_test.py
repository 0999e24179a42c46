"""What operators do with billed calls, by the command line."""

import csv
import hashlib
import io
import json
import os
import random
import re
import secrets
import shutil
import signal
import subprocess
import tarfile
import threading
import unittest
from pathlib import Path

from clients import network
from support.billing import FLAT_PREFIX, BillingDaemon, number, this_month, uri
from support.command_page import ComparesWithPage
from support.daemon import DOMAIN, PASSWORD, binary
from support.ladder import Ladder
from support.limits import patience
from support.phone import Phone
from support.schema import mismatches

ALICE = f"alice@{DOMAIN}"


def setUpModule() -> None:
    network.enter()


def cards(text: str) -> list:
    """The properties of each vCard (RFC 6350): lines end with CRLF, every card has a version and a formatted name."""
    found = []
    for line in text.removesuffix("\r\n").split("\r\n"):
        name, _, value = line.partition(":")
        if name == "BEGIN":
            found.append({})
        found[-1][name] = value
    for card in found:
        if (card["BEGIN"], card["VERSION"], card["END"]) != ("VCARD", "4.0", "VCARD") or not card["FN"]:
            raise AssertionError(f"this is no vCard 4.0: {text}")
    return found


class Commands(ComparesWithPage, unittest.TestCase):
    SECOND = 12346   # no user of this machine

    def setUp(self):
        self.ladder = Ladder()
        self.daemon = BillingDaemon(("alice", "bob"), {"admin": {"operators": "games"}})
        self.addCleanup(self.daemon.destroy)
        self.alice = self.phone("alice")
        self.alice.sends("INVITE", to=uri(number(1)))
        self.alice.receives(200)
        self.alice.sends("ACK")
        self.alice.sends("BYE")
        self.alice.receives(200)
        while not self.json("retention", "plan")["rows"]:   # an ended call reaches the disk soon after its BYE
            self.assertTrue(self.daemon.alive, self.daemon.log)

    def phone(self, user: str) -> Phone:
        phone = Phone(user, self.ladder, self.daemon.connect, user, DOMAIN, PASSWORD, self.daemon.own_hosts)
        self.addCleanup(lambda: phone.connection.close())
        phone.registers()
        return phone

    def json(self, *arguments: str) -> dict:
        return json.loads(self.daemon.sotto("--json", *arguments).stdout)

    def refused(self, *arguments: str) -> str:
        done = self.daemon.sotto(*arguments, check=False)
        self.assertNotEqual(done.returncode, 0, done.stdout)
        return done.stderr

    @staticmethod
    def columns_of_the_page() -> list:
        """Those of the table in docs/billing.md, in its order."""
        page = (Path(__file__).resolve().parents[2] / "docs" / "billing.md").read_text()
        rows = page.split("| column | |", 1)[1].split("\n\n", 1)[0].splitlines()[2:]
        return [name for row in rows for name in re.findall(r"`(\w+)`", row.split("|")[1])]

    def test_billing_export_gives_each_call_once_and_starts_its_time(self):
        table = self.daemon.sotto("--csv", "billing", "export", "--period", this_month()).stdout
        self.assertEqual(table.splitlines()[0], "run,id,account,address,start,seconds,destination,tariff,route",
                         "new columns come at the end, and none goes")
        [row] = csv.DictReader(io.StringIO(table))
        self.assertEqual(list(row), self.columns_of_the_page())
        self.assertEqual((row["run"], row["address"], row["destination"], row["tariff"], row["route"]),
                         ("1", ALICE, number(1), "local", "carrier"))
        self.assertRegex(row["start"], r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$")
        nothing = self.refused("billing", "export", "--period", this_month())
        self.assertRegex(nothing, "no call of this month waits for an invoice: --run 1")
        [again] = self.json("billing", "export", "--period", this_month(), "--run", "1", "--hide-digits")["calls"]
        self.assertEqual(again["id"], row["id"])
        self.assertEqual(again["destination"], number(1)[:-3] + "xxx")
        [plan] = self.json("retention", "plan")["rows"]
        self.assertEqual((plan["reason"], plan["goes"]), ("invoiced", False))

    def test_a_run_that_no_number_can_be_is_refused_and_is_not_taken_for_the_next_one(self):
        for run in ("0", str(2**32), str(2**64)):
            self.assertIn("the run is no number from 1", self.refused("billing", "export", "--period", this_month(), "--run", run))
        self.assertEqual(self.daemon.asks("billing export", period=this_month(), **{"from": f"{2**32}:"})["code"], "usage")
        [call] = self.daemon.export()
        self.assertEqual(call["run"], 1)

    def test_an_export_that_does_not_reach_its_file_is_told_from_one_that_does(self):
        with open("/dev/full", "w") as full:
            done = subprocess.run([binary("sotto"), "--config", self.daemon.config_file, "--csv", "billing", "export", "--period",
                                   this_month()], text=True, stdout=full, stderr=subprocess.PIPE, timeout=patience(30))
        self.assertEqual(done.returncode, 1)
        self.assertIn("cannot be written to standard output", done.stderr)
        self.assertEqual(len(self.json("billing", "export", "--period", this_month(), "--run", "1")["calls"]), 1)

    def test_the_plan_looks_ahead_and_the_run_does_not(self):
        [row] = self.json("retention", "plan", "--now", "2099-01-01T00:00:00Z")["rows"]
        self.assertEqual((row["calls"], row["goes"]), (1, True))
        table = self.daemon.sotto("retention", "plan").stdout
        self.assertIn("not-invoiced", table)
        self.assertIn("lies ahead of the calendar", self.refused("retention", "run", "--now", "2099-01-01T00:00:00Z"))
        self.assertIn("the calendar shows", self.refused("retention", "run", "--now", "2026-01-01T00:00:00Z"))
        self.assertEqual(self.json("retention", "run")["calls"], 0)
        self.assertEqual(len(self.daemon.export()), 1)

    def test_one_operator_alone_holds_nothing(self):
        hold = ("hold", "add", ALICE, "--kind", "dispute", "--first", this_month(), "--reference", "ticket 4711",
                "--basis", "objection", "--expires")
        self.assertIn("the expiry must lie ahead", self.refused(*hold, "2020-01-01"))
        self.daemon.sotto(*hold, self.soon())
        [asked] = self.json("hold", "list")["holds"]
        self.assertFalse(asked["in_force"])
        self.assertIn("another one must", self.refused("hold", "approve", asked["hold"]))
        self.daemon.sotto("hold", "release", asked["hold"], "--yes")
        self.assertEqual(self.json("hold", "list")["holds"], [])

    def as_second_operator(self, *arguments: str) -> dict:
        """A member of the group of operators, which is one that every Debian has."""
        done = self.daemon.sotto_as(self.SECOND, "games", "--json", *arguments)
        self.assertEqual(done.returncode, 0, done.stderr)
        return json.loads(done.stdout)

    @unittest.skipUnless(os.geteuid() == 0, "takes root to be somebody else")
    def test_another_operator_consents(self):
        asked = self.json("hold", "add", ALICE, "--kind", "dispute", "--first", this_month(), "--reference", "ticket 4711",
                          "--basis", "objection", "--expires", self.soon())
        self.compares("hold add", asked)
        approved = self.as_second_operator("hold", "approve", asked["hold"]["hold"])
        self.compares("hold approve", approved)
        self.assertTrue(approved["hold"]["in_force"])
        self.assertNotEqual(approved["hold"]["consented_by"], approved["hold"]["asked_by"])

    def test_answers_are_what_the_page_promises(self):
        """Of the commands that show nothing before a call was billed; all others: flows.commands."""
        self.compares("retention plan", self.json("retention", "plan"))
        self.compares("billing export", self.json("billing", "export", "--period", this_month()))
        self.compares("subject erase", self.json("subject", "erase", ALICE, "--yes"))

    @staticmethod
    def soon() -> str:
        year, month = map(int, this_month().split("-"))
        return f"{year + month // 12}-{month % 12 + 1:02}-28"

    def block_a_withheld_caller(self) -> None:
        bob = self.phone("bob")
        bob.sends("INVITE", to=self.alice, headers={"Privacy": "id"})
        self.alice.receives("INVITE")
        self.alice.sends(486)
        bob.receives(486)
        self.alice.receives("ACK")
        self.alice.sends("INVITE", to=uri("*60%23"))
        self.alice.receives(603)

    def test_a_person_takes_everything_along_in_one_archive(self):
        self.block_a_withheld_caller()
        self.alice.sends("INVITE", to=uri(number(2)))   # one that runs
        self.alice.receives(200)
        self.alice.sends("ACK")
        archive = self.daemon.folder / "alice.tar"
        self.daemon.sotto("subject", "export", ALICE, "--output", str(archive))
        self.alice.sends("BYE")
        self.alice.receives(200)
        self.assertEqual(archive.stat().st_mode & 0o777, 0o600)
        with tarfile.open(archive) as tar:
            files = {name: tar.extractfile(name).read().decode() for name in tar.getnames()}
        self.assertEqual(set(files), {"subject.json", "subject.schema.json", "calls.csv", "contacts.vcf", "blocks.vcf", "manifest.json"})
        ended, running = csv.DictReader(io.StringIO(files["calls.csv"]))
        self.assertEqual((ended["destination"], running["destination"]), (number(1), number(2)))
        self.assertTrue(ended["seconds"])
        self.assertEqual((running["id"], running["seconds"], running["start"][:7]), ("", "", this_month()))
        subject = json.loads(files["subject.json"])
        self.assertEqual(subject["account"]["address"], ALICE)
        schema = json.loads(files["subject.schema.json"])
        self.assertEqual(mismatches(subject, schema), [])
        self.assertEqual(set(subject), set(schema["required"]))
        self.assertEqual([period["calls"] for period in subject["periods"]], [2])
        self.assertEqual([device["transport"] for device in subject["devices"]], ["tls"])
        self.assertIn("subject export", [entry["what"] for entry in subject["audit"]], "who looked, and what for")
        [blocked] = subject["blocked_callers"]
        [card] = cards(files["blocks.vcf"])
        self.assertEqual(card["UID"], f"x-sotto-block:{blocked}")
        [card] = cards(files["contacts.vcf"])
        self.assertEqual((card["FN"], card["IMPP"]), (ALICE, f"sip:{ALICE}"))
        for name, content in files.items():
            self.assertNotIn("bob", content, f"{name} tells who was blocked")
        self.assertEqual({entry["file"]: entry["sha256"] for entry in json.loads(files["manifest.json"])["files"]},
                         {name: hashlib.sha256(content.encode()).hexdigest() for name, content in files.items()
                          if name != "manifest.json"})
        self.assertIn("cannot be written", self.refused("subject", "export", ALICE, "--output", str(archive)))

    def test_an_erased_person_does_not_come_back_with_a_backup(self):
        self.assertIn("the daemon may write below", self.refused("backup", str(self.daemon.folder / "backup")))
        backup = self.daemon.state / "backup"
        self.daemon.sotto("backup", str(backup))
        self.assertEqual({file.name for file in backup.iterdir()}, {"accounts.db", "ledger.db"}, "no key is in it")
        [stays] = self.json("subject", "erase", ALICE, "--yes")["stays"]
        self.assertEqual(stays["calls"], 1, "what must be billed is listed, with its end")
        self.assertTrue(stays["until"])
        self.daemon.stop()
        for name in ("accounts.db", "ledger.db"):
            for rest in ("", "-wal", "-shm"):
                (self.daemon.state / (name + rest)).unlink(missing_ok=True)
            shutil.copy(backup / name, self.daemon.state / name)
        self.daemon.start()
        self.assertIn("is no account's address", self.refused("account", "show", ALICE))
        self.assertEqual(self.daemon.export(), [], "what the backup holds of the person opens under no key any more")

    def test_what_must_be_billed_of_an_erased_person_is_billed(self):
        self.daemon.sotto("subject", "erase", ALICE, "--yes")
        [row] = self.daemon.export()
        self.assertEqual((row["address"], row["destination"]), ("", number(1)))

    def test_a_call_that_runs_is_among_what_stays_of_an_erased_person(self):
        self.alice.sends("INVITE", to=uri(number(2)))
        self.alice.receives(200)
        self.alice.sends("ACK")
        [stays] = self.json("subject", "erase", ALICE, "--yes")["stays"]
        self.assertEqual((stays["calls"], stays["case"]), (2, "chargeable"))

    def test_the_bill_of_an_account_names_it_also_when_its_domain_is_served_no_longer(self):
        domains = self.daemon.config["domains"]
        domains.append({**domains[0], "name": "former.example", "aliases": []})
        self.daemon.write_config()
        self.daemon.sotto("reload")
        former = "carol@former.example"
        self.daemon.own_hosts += ("former.example",)   # a domain of ours, which names nobody
        self.daemon.sotto("account", "add", former, "--password-stdin", stdin=PASSWORD + "\n")
        carol = Phone("carol", self.ladder, self.daemon.connect, "carol", "former.example", PASSWORD, self.daemon.own_hosts)
        self.addCleanup(lambda: carol.connection.close())
        carol.registers()
        carol.sends("INVITE", to=f"sip:{number(2)}@former.example")
        carol.receives(200)
        carol.sends("ACK")
        carol.sends("BYE")
        carol.receives(200)
        domains.pop()
        self.daemon.write_config()
        self.daemon.sotto("reload")
        self.assertEqual({call["destination"]: call["address"] for call in self.daemon.wait_for_calls(2)},
                         {number(1): ALICE, number(2): former})

    def test_a_call_that_rings_while_its_caller_is_erased_is_answered_and_leaves_nothing_for_an_itemised_bill(self):
        daemon = BillingDaemon(scripted=True)
        self.addCleanup(daemon.destroy)
        alice = Phone("alice", self.ladder, daemon.connect, "alice", DOMAIN, PASSWORD, daemon.own_hosts)
        self.addCleanup(lambda: alice.connection.close())
        alice.registers()
        alice.sends("INVITE", to=uri(FLAT_PREFIX + "1234567"))
        connection, invite = daemon.gateway.receives("INVITE")
        daemon.gateway.answers(connection, invite, 180, tag="rings")
        alice.receives(180)
        daemon.sotto("subject", "erase", ALICE, "--yes")
        daemon.gateway.answers(connection, invite, 200, tag="rings", sdp=True)
        alice.receives(200)
        self.assertEqual((daemon.rows("open_call"), daemon.rows()), (0, 0))

    def test_the_calls_of_who_is_gone_can_be_held_by_the_number_of_the_account(self):
        self.daemon.sotto("subject", "erase", ALICE, "--yes")
        [row] = self.daemon.export()
        hold = ("--kind", "dispute", "--first", this_month(), "--reference", "ticket 4711", "--basis", "objection", "--expires",
                self.soon())
        self.assertIn("is no account's address", self.refused("hold", "add", ALICE, *hold))
        self.assertIn("no call of the account", self.refused("hold", "add", "0" * 15 + "1", *hold))
        self.assertEqual(self.json("hold", "add", row["account"], *hold)["hold"]["account"], row["account"])

    def test_a_removed_account_leaves_its_calls_for_their_time_and_no_longer(self):
        self.assertIn("Records of its billed calls stay until their time is over",
                      " ".join(self.daemon.sotto("account", "remove", "--help").stdout.split()))
        self.daemon.sotto("account", "remove", ALICE, "--yes")
        [row] = self.daemon.export()
        self.assertEqual((row["address"], row["destination"]), ("", number(1)))
        self.assertIn(ALICE, [entry["about"] for entry in self.json("audit", "show")["entries"]])
        [plan] = self.json("retention", "plan")["rows"]
        self.assertEqual((plan["calls"], plan["goes"]), (1, False))
        self.daemon.config["retention"] = {"after_invoice_days": 0}   # their time is over
        self.daemon.write_config()
        self.daemon.stop()
        self.daemon.start()
        self.assertEqual(self.json("retention", "plan")["rows"], [])
        self.assertEqual(self.daemon.rows(), 0)
        self.assertIn("there is no such run any more", self.refused("billing", "export", "--period", this_month(), "--run", "1"))

    def test_an_invoice_is_not_older_than_its_calls(self):
        self.assertIn("lies before the calls", self.refused("billing", "export", "--period", this_month(), "--invoice-date", "2020-12-03"))
        [plan] = self.json("retention", "plan")["rows"]
        self.assertEqual(plan["reason"], "not-invoiced", "no run was made")

    def test_a_run_that_is_given_once_more_takes_no_other_date(self):
        refused = self.daemon.sotto("billing", "export", "--period", this_month(), "--run", "1", "--invoice-date",
                                    f"{this_month()}-01", check=False)
        self.assertEqual(refused.returncode, 2)
        self.assertIn("keeps its invoice date", refused.stderr)

    def test_the_audit_log_forgets_an_erased_person(self):
        self.daemon.sotto("account", "show", ALICE)
        self.assertIn(ALICE, [entry["about"] for entry in self.json("audit", "show")["entries"]])
        self.daemon.sotto("subject", "erase", ALICE, "--yes")
        entries = self.json("audit", "show")["entries"]
        self.assertNotIn(ALICE, json.dumps(entries))
        self.assertIn("[forgotten]", [entry["about"] for entry in entries])
        self.daemon.sotto("audit", "verify")

    def test_a_retention_run_is_in_the_signed_log_and_names_nobody(self):
        self.daemon.sotto("retention", "run")
        runs = [entry for entry in self.json("audit", "show")["entries"] if entry["what"] == "retention run"]
        self.assertTrue(runs)
        self.assertNotIn("alice", json.dumps(runs))
        for entry in runs:
            self.assertFalse(entry["about"], entry)
            self.assertTrue(entry["result"].startswith("done"), entry)
        self.daemon.sotto("audit", "verify")

    def test_holds_are_seen_in_the_record_of_processing(self):
        self.assertIn("## Calls kept beyond their time\n\nNone.", self.daemon.sotto("report", "processing").stdout)
        self.daemon.sotto("hold", "add", ALICE, "--kind", "legal-order", "--first", this_month(), "--reference", "12 Gs 34",
                          "--basis", "order of the court", "--expires", self.soon())
        report = self.daemon.sotto("report", "processing").stdout
        self.assertIn("| legal-order | order of the court |", report)
        self.assertIn("nobody yet: not in force", report)
        self.assertNotIn("alice", report)

    def test_keys_are_rotated_by_command(self):
        before = (self.daemon.state / "keys" / "store").read_bytes()
        self.assertEqual(self.json("key", "rotate")["keys"], 1)
        after = (self.daemon.state / "keys" / "store").read_bytes()
        slots = [before[at:at + 128] for at in range(128, len(before), 128)]
        self.assertTrue(any(slot not in after for slot in slots), "the old key is overwritten")
        self.assertEqual(len(self.daemon.export()), 1)

    def killed_during(self, *command: str) -> None:
        """The daemon, at some point between the command's arrival and a moment after its end."""
        asking = threading.Thread(target=self.daemon.sotto, args=command, kwargs={"check": False})
        asking.start()
        asking.join(random.uniform(0, 0.15))
        self.daemon.signal(signal.SIGKILL)
        self.daemon.reap()
        asking.join()

    def test_a_rotation_that_was_cut_short_is_told_again(self):
        for _ in range(3):
            self.killed_during("key", "rotate")
            self.daemon.start()
        self.assertGreaterEqual(self.json("key", "rotate")["keys"], 1)
        self.assertEqual(self.json("retention", "plan")["orphans"], 0)
        self.assertEqual(len(self.daemon.export()), 1)

    def test_a_change_of_the_master_key_that_was_cut_short_is_told_again(self):
        old, key = (self.daemon.folder / name for name in ("master.key", "next.key"))
        key.write_text(secrets.token_hex(32))
        self.killed_during("key", "change", str(key), "--yes")
        try:
            self.daemon.start()   # nothing had changed yet
            self.daemon.sotto("key", "change", str(key), "--yes")
            self.daemon.stop()
            old.write_text(key.read_text())
            self.daemon.start()
        except AssertionError as refused:
            self.assertIn("the master key is not the one that wraps these keys", str(refused))
            old.write_text(key.read_text())
            self.daemon.start()
        self.assertEqual(len(self.daemon.export()), 1)

    def test_a_file_that_holds_no_master_key_is_named(self):
        key = self.daemon.folder / "next.key"
        key.write_text("0123\n")
        refused = self.daemon.sotto("key", "change", str(key), "--yes", check=False)
        self.assertEqual(refused.returncode, 1)
        self.assertIn("next.key is no master key: it must hold 64 hexadecimal digits", refused.stderr)

    def test_the_master_key_is_changed_by_command(self):
        key = self.daemon.folder / "next.key"
        key.write_text(secrets.token_hex(32))
        self.daemon.sotto("key", "change", str(key), "--yes")
        self.daemon.stop()
        with self.assertRaisesRegex(AssertionError, "the master key is not the one that wraps these keys"):
            self.daemon.start()
        (self.daemon.folder / "master.key").write_text(key.read_text())
        self.daemon.start()
        self.assertEqual(len(self.daemon.export()), 1)

    def test_the_master_key_is_a_credential_of_systemd(self):
        self.daemon.stop()
        del self.daemon.config["weaken"]["master_key_file"]
        self.daemon.write_config()
        none = subprocess.run([binary("sottod"), "--config", self.daemon.config_file], capture_output=True, text=True,
                              timeout=patience(20))
        self.assertNotEqual(none.returncode, 0)
        self.assertIn("there is no master key", none.stderr + none.stdout)
        credentials = self.daemon.folder / "credentials"
        credentials.mkdir()
        shutil.copy(self.daemon.folder / "master.key", credentials / "sotto-master-key")
        self.daemon.environment = {"CREDENTIALS_DIRECTORY": str(credentials)}
        self.daemon.start()
        self.assertEqual(len(self.daemon.export()), 1)

    def test_while_the_daemon_is_down_calls_whose_keys_are_missing_are_not_none(self):
        """As on a new machine, with what a backup holds: what is not there cannot be told, and is not nothing."""
        self.daemon.stop()
        keys, aside = self.daemon.state / "keys", self.daemon.folder / "keys"
        keys.rename(aside)
        archive = self.daemon.folder / "alice.tar"
        for command in (("retention", "plan"), ("subject", "export", ALICE, "--output", str(archive)),
                        ("subject", "erase", ALICE, "--yes"), ("backup", str(self.daemon.state / "backup"))):
            self.assertIn("their keys are missing", self.refused(*command))
        self.assertFalse(archive.exists())
        aside.rename(keys)
        self.assertEqual([row["calls"] for row in self.json("retention", "plan")["rows"]], [1])
        self.daemon.start()
        self.daemon.sotto("account", "show", ALICE)

    def test_while_the_daemon_is_down_keys_change_and_people_are_erased(self):
        """What sotto-maintenance.service is for: the service's keys, and no daemon. The next one goes on from there."""
        before = (self.daemon.state / "keys" / "store").read_bytes()
        self.daemon.sotto("account", "show", ALICE, "--reason", "she wrote a letter")
        self.daemon.stop()
        self.assertEqual(self.json("key", "rotate")["keys"], 1)
        after = (self.daemon.state / "keys" / "store").read_bytes()
        self.assertTrue(any(before[at:at + 128] not in after for at in range(128, len(before), 128)), "the old key is overwritten")
        key = self.daemon.folder / "next.key"
        key.write_text(secrets.token_hex(32))
        self.daemon.sotto("key", "change", str(key), "--yes")
        self.assertIn("the master key is not the one that wraps these keys", self.refused("retention", "plan"))
        self.daemon.use_master_key(key.read_text())
        archive = self.daemon.folder / "alice.tar"
        self.daemon.sotto("subject", "export", ALICE, "--output", str(archive))
        with tarfile.open(archive) as tar:
            self.assertIn(number(1), tar.extractfile("calls.csv").read().decode())
        [stays] = self.json("subject", "erase", ALICE, "--yes")["stays"]
        self.assertEqual((stays["calls"], stays["reason"]), (1, "not-invoiced"))
        self.daemon.sotto("backup", str(self.daemon.state / "backup"))
        self.assertTrue((self.daemon.state / "backup" / "ledger.db").exists())
        self.daemon.start()
        self.daemon.sotto("audit", "verify")
        entries = self.json("audit", "show")["entries"]
        self.assertNotIn("alice", json.dumps(entries))
        for command in ("key rotate", "key change", "subject export", "subject erase", "backup"):
            self.assertIn((command, "done"), [(entry["what"], entry["result"]) for entry in entries])
        self.assertIn("is no account's address", self.refused("account", "show", ALICE))
        self.assertEqual([call["address"] for call in self.daemon.export()], [""], "what must be billed is billed")
        self.daemon.config["retention"] = {"after_invoice_days": 0}   # and its time is over
        self.daemon.write_config()
        self.daemon.stop()
        self.assertEqual(self.json("retention", "run", "--reason", "nightly")["calls"], 1)
        self.assertEqual(self.daemon.rows(), 0)
        self.daemon.start()
        [run] = [entry for entry in self.json("audit", "show")["entries"]
                 if (entry["what"], entry["reason"]) == ("retention run", "nightly")]
        self.assertTrue(run["result"].startswith("done"), run)
        self.assertNotIn("alice", json.dumps(run))
        self.daemon.sotto("audit", "verify")


if __name__ == "__main__":
    unittest.main()
