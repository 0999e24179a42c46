"""What a person may ask for, where nothing is billed: there is no ledger and no master key, and the rights are the same."""

import json
import resource
import shutil
import subprocess
import tarfile
import unittest

from support.daemon import DOMAIN, PASSWORD, Daemon, binary
from support.ladder import Ladder
from support.limits import patience
from support.phone import Phone

ALICE, BOB = f"alice@{DOMAIN}", f"bob@{DOMAIN}"


class Rights(unittest.TestCase):
    def setUp(self):
        self.daemon = Daemon(("alice", "bob"), {"drain_timeout": "1s"})
        self.addCleanup(self.daemon.destroy)

    def test_all_that_is_held_in_one_archive(self):
        archive = self.daemon.folder / "alice.tar"
        self.daemon.sotto("subject", "export", ALICE, "--output", str(archive))
        with tarfile.open(archive) as tar:
            files = {name: tar.extractfile(name).read().decode() for name in tar.getnames()}
        subject = json.loads(files["subject.json"])
        self.assertEqual(subject["account"]["address"], ALICE)
        self.assertEqual((subject["periods"], subject["blocked_callers"], files["blocks.vcf"]), ([], [], ""))
        self.assertEqual(len(files["calls.csv"].splitlines()), 1, "there is a header, and no call")
        self.assertNotIn("bob", json.dumps(files))

    def test_an_archive_for_which_there_is_no_room_is_not_left_in_part(self):
        archive = self.daemon.folder / "alice.tar"
        export = ("subject", "export", ALICE, "--output", str(archive))
        done = subprocess.run([binary("sotto"), "--config", self.daemon.config_file, *export], text=True, capture_output=True,
                              timeout=patience(30), restore_signals=False,   # SIGXFSZ stays ignored: the write fails, as on a full disk
                              preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (2048, 2048)))
        self.assertEqual(done.returncode, 1)
        self.assertIn("alice.tar cannot be written: ", done.stderr)
        self.assertFalse(archive.exists())
        self.daemon.sotto(*export)   # nothing is in the way of the next one

    def test_an_erased_person_is_gone_and_does_not_come_back_with_a_backup(self):
        backup = self.daemon.state / "backup"
        self.daemon.sotto("backup", str(backup))
        self.assertEqual({file.name for file in backup.iterdir()}, {"accounts.db"})
        self.assertEqual(json.loads(self.daemon.sotto("--json", "subject", "erase", ALICE, "--yes").stdout)["stays"], [])
        self.assertIn("is no account's address", self.daemon.sotto("account", "show", ALICE, check=False).stderr)
        self.daemon.stop()
        for rest in ("", "-wal", "-shm"):
            (self.daemon.state / f"accounts.db{rest}").unlink(missing_ok=True)
        shutil.copy(backup / "accounts.db", self.daemon.state / "accounts.db")
        self.daemon.start()
        self.assertIn("is no account's address", self.daemon.sotto("account", "show", ALICE, check=False).stderr)
        self.daemon.sotto("account", "show", BOB)   # everybody else is back
        left = b"".join(file.read_bytes() for file in self.daemon.state.glob("accounts.db*"))
        self.assertNotIn(b"alice", left)

    def audited(self) -> str:
        return self.daemon.sotto("--json", "audit", "show").stdout

    def test_an_erased_person_is_forgotten_under_former_addresses_and_when_somebody_looks_again(self):
        former, taken = f"al.former@{DOMAIN}", f"al.taken@{DOMAIN}"
        for address in (former, taken):
            self.daemon.sotto("account", "set", ALICE, "--add-address", address)
            self.daemon.sotto("account", "show", address, "--reason", f"the one called {address.split('@')[0]}")
            self.daemon.sotto("account", "set", ALICE, "--remove-address", f"sip:{address}")
        self.daemon.sotto("account", "set", BOB, "--add-address", taken)   # somebody else's from now on
        archive = self.daemon.folder / "alice.tar"
        self.daemon.sotto("subject", "export", ALICE, "--output", str(archive))
        with tarfile.open(archive) as tar:
            exported = [entry["about"] for entry in json.loads(tar.extractfile("subject.json").read())["audit"]]
        self.assertIn(former, exported)
        self.daemon.sotto("subject", "erase", ALICE, "--yes")
        for known in ("alice", "al.former"):
            self.assertNotIn(known, self.audited())
        self.assertIn(taken, self.audited(), "that is about Bob now")
        self.daemon.sotto("account", "show", ALICE, check=False)   # whoever makes sure writes the address down again
        self.assertIn(ALICE, self.audited())
        self.assertIn("is no account's address", self.daemon.sotto("subject", "erase", ALICE, "--yes", check=False).stderr)
        self.assertNotIn("alice", self.audited())
        self.daemon.sotto("audit", "verify")

    def test_an_erased_person_is_forgotten_where_others_were_asked_about_too(self):
        number = "+493077665544"
        self.daemon.sotto("account", "set", ALICE, "--number", number)
        self.daemon.sotto("account", "set", ALICE, "--add-address", f"al@{DOMAIN}")
        for dialled in (ALICE, "alice", "%61lice", "#31#alice", f"sip:al@{DOMAIN}", number, "tel:+49-30-77665544"):
            self.daemon.sotto("route", "test", BOB, dialled)
        for way, address in (("--add-address", ALICE), ("--add-address", f"sip:al@{DOMAIN}"), ("--remove-address", ALICE)):
            self.assertEqual(self.daemon.sotto("account", "set", BOB, way, address, check=False).returncode, 1)
        self.assertEqual(self.daemon.sotto("account", "set", BOB, "--number", number, check=False).returncode, 1)
        self.daemon.stop()
        self.daemon.sotto("account", "set", BOB, "--add-address", ALICE, check=False)
        self.daemon.start()
        archive = self.daemon.folder / "alice.tar"
        self.daemon.sotto("subject", "export", ALICE, "--output", str(archive))
        with tarfile.open(archive) as tar:
            entries = json.loads(tar.extractfile("subject.json").read())["audit"]
        beside = [(entry["what"], json.loads(entry["scope"])["as"]) for entry in entries if entry["result"] == "found"]
        self.assertEqual(sorted(beside), sorted(7 * [("route test", "dialled")] + 3 * [("account set", "attach")] +
                                                [("account set", "detach"), ("account set", "number")]))
        self.assertNotIn("bob", json.dumps(entries))
        self.daemon.sotto("subject", "erase", ALICE, "--yes")
        for known in ("alice", "%61lice", f"al@{DOMAIN}", "77665544"):
            self.assertNotIn(known, self.audited())
        self.daemon.sotto("audit", "verify")

    def test_a_person_has_these_rights_also_when_the_domain_has_become_an_alias(self):
        namesake, carl = "alice@example.net", "carl@example.net"
        domains = self.daemon.config["domains"]
        domains.append({**domains[0], "name": "example.net", "aliases": []})
        self.daemon.write_config()
        self.daemon.sotto("reload")
        for address in (namesake, carl):
            self.daemon.sotto("account", "add", address, "--password-stdin", stdin="correct-horse-7\n")
        self.assertNotIn("stored under this name", self.daemon.check_config().stdout)
        domains.pop()
        domains[0]["aliases"].append("example.net")
        self.daemon.write_config()
        self.assertRegex(self.daemon.check_config().stdout,
                         r"warning: .*domains\[0\].aliases\[\d+\]: 2 accounts are stored under this name")
        self.daemon.sotto("reload")
        listed = self.daemon.sotto("account", "list").stdout
        for address in (ALICE, namesake, carl):
            self.assertIn(address, listed)
        alice = Phone("alice", Ladder(), self.daemon.connect, "alice", DOMAIN, PASSWORD, self.daemon.own_hosts)
        self.addCleanup(lambda: alice.connection.close())
        alice.registers()   # who has the address by the domain's own name
        for command in (("binding", "list", namesake), ("route", "test", namesake, BOB),
                        ("trace", "start", "--account", namesake, "--for", "1m", "--reason", "it does not ring", "--yes")):
            refused = self.daemon.sotto(*command, check=False)
            self.assertEqual(refused.returncode, 1, "it is not hers")
            self.assertIn("is not in a domain that the configuration serves", refused.stderr)
        archive = self.daemon.folder / "alice.tar"
        self.daemon.sotto("subject", "export", namesake, "--output", str(archive))
        with tarfile.open(archive) as tar:
            subject = json.loads(tar.extractfile("subject.json").read())
        self.assertEqual((subject["account"]["address"], subject["devices"]), (namesake, []))
        self.assertEqual({entry["about"] for entry in subject["audit"]}, {namesake})
        self.daemon.sotto("account", "show", "carl@EXAMPLE.net")
        for address in (namesake, carl):
            self.daemon.sotto("subject", "erase", address, "--yes")
            self.assertNotIn(address, self.audited())
        self.assertNotIn("example.net", self.daemon.sotto("account", "list").stdout)
        self.assertEqual(len(self.daemon.bindings("alice")), 1)
        self.assertIn(ALICE, self.audited())
        self.daemon.sotto("audit", "verify")

    def test_a_person_has_these_rights_also_when_the_domain_is_served_no_longer(self):
        former = "alice@former.example"
        domains = self.daemon.config["domains"]
        domains.append({**domains[0], "name": "former.example", "aliases": []})
        self.daemon.write_config()
        self.daemon.sotto("reload")
        for address in (former, "alicia@former.example"):
            self.daemon.sotto("account", "add", address, "--password-stdin", stdin="correct-horse-7\n")
        domains.pop()
        self.daemon.write_config()
        self.daemon.sotto("reload")
        mistyped = self.daemon.sotto("subject", "erase", f"alice@{DOMAIN[:-1]}", "--yes", check=False)
        self.assertEqual(mistyped.returncode, 1)
        self.assertIn(f"did you mean {ALICE}?", mistyped.stderr)
        archive = self.daemon.folder / "alice.tar"
        self.daemon.sotto("subject", "export", former, "--output", str(archive))
        with tarfile.open(archive) as tar:
            self.assertEqual(json.loads(tar.extractfile("subject.json").read())["account"]["address"], former)
        self.daemon.sotto("account", "show", former.upper().replace("ALICE", "alice"))
        self.daemon.sotto("subject", "erase", former, "--yes")
        self.daemon.sotto("account", "remove", "alicia@former.example", "--yes")
        self.assertNotIn("former.example", self.daemon.sotto("account", "list").stdout)
        for _ in range(2):   # whoever makes sure
            self.assertNotIn(former, self.audited())
            again = self.daemon.sotto("subject", "erase", former, "--yes", check=False)
            self.assertIn("is not in a domain that the configuration serves", again.stderr)

    def test_a_trace_of_an_erased_person_ends_before_the_person_is_forgotten(self):
        self.daemon.sotto("trace", "start", "--account", f"alice@{DOMAIN.upper()}", "--for", "1h", "--yes", "--reason", "test")
        self.daemon.sotto("subject", "erase", ALICE, "--yes")
        self.assertIn("there is no trace", self.daemon.sotto("trace", "stop", check=False).stderr)
        self.assertIn(("trace end", "ended by erasure", "[forgotten]"),
                      [(entry["what"], entry["result"], entry["about"]) for entry in json.loads(self.audited())["entries"]])
        self.assertNotIn("alice", self.audited().lower())


if __name__ == "__main__":
    unittest.main()
