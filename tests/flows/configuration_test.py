"""Certificates: taken when their files change, kept when the new ones cannot be used, named before they end."""

import fcntl
import json
import os
import re
import ssl
import subprocess
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from support.daemon import Daemon
from support.flow_test import EVENTS, FlowTest
from support.tls import client_context


class Certificates(FlowTest):
    config = EVENTS

    def count(self, event: str) -> int:
        return self.daemon.log.count(f" {event}: ")

    def shown(self) -> bytes:
        with self.daemon.connect(context=client_context(self.daemon.authority.certificate)) as fresh:
            return fresh.peer_certificate

    def files(self) -> tuple[Path, Path]:
        domain = self.daemon.config["domains"][0]
        return Path(domain["certificate"]), Path(domain["private_key"])

    @staticmethod
    def der(chain: Path) -> bytes:
        return ssl.PEM_cert_to_DER_cert(chain.read_text())

    def test_the_same_name(self):
        alice, bob = self.registered("alice", "bob")
        self.call(alice, bob)
        renewed = self.count("certificates-renewed")
        chain, key = self.daemon.authority.issue("same-name")
        certificate, private_key = self.files()
        private_key.write_bytes(key.read_bytes())
        certificate.write_bytes(chain.read_bytes())
        self.daemon.logged("certificates-renewed", renewed + 1)
        self.assertEqual(self.shown(), self.der(chain))
        self.hang_up(bob, alice)   # no call is dropped

    def test_another_file_moved_over_it(self):
        renewed = self.count("certificates-renewed")
        chain, key = self.daemon.authority.issue("moved")
        expected = self.der(chain)
        certificate, private_key = self.files()
        os.replace(key, private_key)
        os.replace(chain, certificate)
        self.daemon.logged("certificates-renewed", renewed + 1)
        self.assertEqual(self.shown(), expected)

    def test_links_that_lead_elsewhere_as_certbot_makes_them(self):
        live, archive = self.daemon.folder / "live", self.daemon.folder / "archive"
        live.mkdir()
        archive.mkdir()
        certificate, private_key = self.files()
        for number in (1, 2):
            chain, key = self.daemon.authority.issue(f"certbot-{number}")
            (archive / f"fullchain{number}.pem").write_bytes(chain.read_bytes())
            (archive / f"privkey{number}.pem").write_bytes(key.read_bytes())
            (archive / f"privkey{number}.pem").chmod(0o600)
        for name in ("fullchain", "privkey"):
            (live / f"{name}.pem").symlink_to(f"../archive/{name}1.pem")
        self.daemon.config["domains"][0].update(certificate=str(live / "fullchain.pem"), private_key=str(live / "privkey.pem"))
        self.daemon.write_config()
        self.daemon.sotto("config", "reload")   # a new name comes by the configuration
        self.assertEqual(self.shown(), self.der(archive / "fullchain1.pem"))
        renewed = self.count("certificates-renewed")
        for name in ("privkey", "fullchain"):
            (live / "fresh").symlink_to(f"../archive/{name}2.pem")
            os.replace(live / "fresh", live / f"{name}.pem")
        self.daemon.logged("certificates-renewed", renewed + 1)
        self.assertEqual(self.shown(), self.der(archive / "fullchain2.pem"))
        self.daemon.config["domains"][0].update(certificate=str(certificate), private_key=str(private_key))
        self.daemon.write_config()
        self.daemon.sotto("config", "reload")

    def test_renewed_while_the_daemon_starts(self):
        """After it was read, and before anybody watches: here while a command holds the state directory."""
        self.daemon.stop()
        waiting, renewed = self.count("waiting"), self.count("certificates-renewed")
        certificate, private_key = self.files()
        chain, key = self.daemon.authority.issue("at-the-start")
        with open(self.daemon.state / "lock") as lock, ThreadPoolExecutor() as others:
            fcntl.flock(lock, fcntl.LOCK_EX)
            start = others.submit(self.daemon.start)
            self.daemon.logged("waiting", waiting + 1)
            private_key.write_bytes(key.read_bytes())
            certificate.write_bytes(chain.read_bytes())
            fcntl.flock(lock, fcntl.LOCK_UN)
            start.result()
        self.daemon.logged("certificates-renewed", renewed + 1)
        self.assertEqual(self.shown(), self.der(chain))

    def test_renewed_while_the_authorities_of_other_domains_are_broken(self):
        """Toward these the old one stays; no phone has to do with them."""
        certificate, private_key = self.files()
        authorities = certificate.with_name("authorities.pem")
        authorities.write_bytes(self.daemon.authority.certificate.read_bytes())
        more = {"peers": {"authorities": str(authorities)}, "routes": [{"name": "all", "kind": "peer", "match": ["*"]}]}
        self.daemon.config.update(more)
        self.daemon.write_config()
        self.daemon.sotto("reload")
        authorities.write_bytes(b"")
        chain, key = self.daemon.authority.issue("without-authorities")
        renewed = self.count("certificates-renewed")
        private_key.write_bytes(key.read_bytes())
        certificate.write_bytes(chain.read_bytes())
        self.daemon.logged("certificates-renewed", renewed + 1)
        self.assertIn("authorities.pem", self.daemon.logged("certificate-broken")[-1])
        self.assertEqual(self.shown(), self.der(chain))
        for key in more:
            del self.daemon.config[key]
        self.daemon.write_config()
        self.daemon.sotto("reload")

    def test_a_key_that_everybody_may_read_keeps_the_old_one_until_nobody_may(self):
        """The next start would refuse it."""
        before, broken, renewed = self.shown(), self.count("certificate-broken"), self.count("certificates-renewed")
        certificate, private_key = self.files()
        chain, key = self.daemon.authority.issue("open-to-all")
        private_key.write_bytes(key.read_bytes())
        private_key.chmod(0o644)
        certificate.write_bytes(chain.read_bytes())
        self.assertIn(f"chmod o-rw {private_key}", self.daemon.logged("certificate-broken", broken + 1)[-1])
        self.assertEqual(self.shown(), before)
        private_key.chmod(0o600)
        self.daemon.logged("certificates-renewed", renewed + 1)
        self.assertEqual(self.shown(), self.der(chain))

    def test_a_broken_file_keeps_the_old_one_and_warns(self):
        before, broken, renewed = self.shown(), self.count("certificate-broken"), self.count("certificates-renewed")
        certificate, _ = self.files()
        good = certificate.read_bytes()
        certificate.write_bytes(good[:len(good) // 2])
        self.daemon.logged("certificate-broken", broken + 1)
        self.assertEqual(self.shown(), before)
        self.assert_call_works()
        certificate.write_bytes(good)
        self.daemon.logged("certificates-renewed", renewed + 1)
        self.assertEqual(self.shown(), before)


class Configuration(FlowTest):
    def test_diff_shows_what_a_reload_changes_and_what_waits_for_a_restart(self):
        self.assertIn("the daemon runs with what the file says", self.daemon.sotto("config", "diff").stdout)
        self.daemon.config.update(proxy={"ring_timeout": "20s"}, threads=3)
        self.daemon.config["weaken"]["digest_md5"] = ["alice@example.org"]
        self.daemon.write_config()
        rows = json.loads(self.daemon.sotto("--json", "config", "diff").stdout)["differences"]
        self.assertEqual({(row["key"], row["now"], row["next"], row["effect"]) for row in rows},
                         {("threads", "1", "3", "restart"), ("proxy.ring_timeout", "1m", "20s", "reload"),
                          ("weaken.digest_md5", "0 accounts", "1 accounts", "reload")})
        done = json.loads(self.daemon.sotto("--json", "config", "reload").stdout)
        self.assertEqual(done["changed"], ["proxy.ring_timeout", "weaken.digest_md5"])
        self.assertEqual(done["needs_restart"], ["threads"])
        rows = json.loads(self.daemon.sotto("--json", "config", "diff").stdout)["differences"]
        self.assertEqual([row["key"] for row in rows], ["threads"])

    def test_half_of_a_change_is_not_taken(self):
        """A route is in use at once, what bills its calls after a restart: in between they would go unrecorded."""
        good = json.loads(json.dumps(self.daemon.config))
        self.daemon.config["routes"] = [{"name": "carrier", "kind": "gateway", "match": ["+49"], "target": ["gw.example:5061"],
                                         "tariff": "local"}]
        self.daemon.config["billing"] = {"routes": [{"name": "carrier"}]}
        self.daemon.config["peers"] = {"authorities": str(self.daemon.authority.certificate)}
        self.daemon.config["weaken"]["master_key_file"] = "master.key"
        (self.daemon.folder / "master.key").write_text("0" * 64 + "\n")
        (self.daemon.folder / "master.key").chmod(0o600)
        self.daemon.write_config()
        try:
            self.assertEqual(self.daemon.check_config().returncode, 0, self.daemon.check_config().stderr)
            for command in ("reload", "diff"):
                refused = self.daemon.sotto("config", command, check=False)
                self.assertEqual(refused.returncode, 1)
                self.assertIn("its calls are not billed; restart the daemon", refused.stderr)
            caller = self.phone("alice").user
            routed = self.daemon.sotto("route", "test", f"{caller}@example.org", "+49301234567", check=False)
            self.assertNotIn("carrier", routed.stdout)
        finally:
            self.daemon.config.clear()
            self.daemon.config.update(good)
            self.daemon.write_config()
        self.daemon.sotto("config", "reload")

    def test_the_daemon_that_runs_is_asked_whatever_has_become_of_the_file(self):
        """A command needs the socket's path only; what else is wrong with the file is said beside the answer."""
        whole = self.daemon.config_file.read_text()
        self.daemon.config["proxy"] = {"ring_timeuot": "20s"}
        self.daemon.write_config()
        try:
            for command in (("status",), ("audit", "show"), ("account", "list")):
                with self.subTest(command=command):
                    asked = self.daemon.sotto("--json", *command)
                    self.assertTrue(json.loads(asked.stdout))
                    self.assertRegex(asked.stderr, r"sotto\.yaml:\d+:\d+: proxy\.ring_timeuot: ")
            # Nor does it matter that it is no YAML any more, or not all of it is there.
            self.daemon.config_file.write_text(whole.replace("{", "[", 1))
            self.assertRegex(self.daemon.sotto("status").stderr, r"sotto\.yaml:\d+:\d+: is no YAML")
            self.daemon.write_config()
            # What is about the file, or needs more of it, is not done; nor is anything done in place of the daemon.
            for command in (("config", "reload"), ("account", "import", "--csv", "/dev/null")):
                with self.subTest(command=command):
                    refused = self.daemon.sotto(*command, check=False)
                    self.assertEqual(refused.returncode, 1)
                    self.assertIn("ring_timeuot", refused.stderr)
            self.daemon.stop()
            refused = self.daemon.sotto("account", "list", check=False)
            self.assertEqual((refused.returncode, refused.stdout), (1, ""))
            self.assertIn("ring_timeuot", refused.stderr)
        finally:
            del self.daemon.config["proxy"]
            self.daemon.config_file.write_text(whole)

    def test_a_group_that_is_not_there_is_named(self):
        """By the check and by the daemon that starts: nobody has the role by it. The usual ones need not be there."""
        good = json.loads(json.dumps(self.daemon.config))
        self.daemon.config["admin"] |= {"operators": "No_such-group", "billing": "mail"}
        self.daemon.config["log"] = self.daemon.config.get("log", {}) | {"level": "info"}   # notices are of that level
        self.daemon.write_config()
        named = r"sotto\.yaml:\d+:\d+: admin\.operators: this system has no group No_such-group: .*groupadd --system No_such-group"
        try:
            said = self.daemon.check_config()
            self.assertEqual(said.returncode, 0, said.stderr)
            self.assertRegex(said.stdout, rf"warning: \S+{named}")
            self.assertNotIn("admin.billing", said.stdout)
            self.assertNotIn("admin.privacy_officers", said.stdout)
            self.daemon.stop()
            before = len(self.daemon.log)
            self.daemon.start()
            self.daemon.stop()   # its log is whole then
            self.assertRegex(self.daemon.log[before:], rf"notice: .*{named}")
        finally:
            self.daemon.config.clear()
            self.daemon.config.update(good)
            self.daemon.write_config()
            self.daemon.stop()
            self.daemon.start()

    def test_check_says_everything_at_once(self):
        """What is wrong in the text, in the files that it names and in what these hold."""
        daemon = self.daemon
        good = json.loads(json.dumps(daemon.config))
        broken = daemon.folder / "broken.pem"
        broken.write_text("no certificate\n")
        domain = daemon.config["domains"][0]
        daemon.config["domains"] = [
            {**domain, "certificate": str(daemon.folder / "missing.pem")},
            {"name": "example.net", "certificate": str(broken), "private_key": domain["private_key"]}]
        daemon.config["proxy"] = {"ring_timeuot": "20s"}
        daemon.config["limits"]["headers"] = 7
        daemon.write_config()
        try:
            said = daemon.check_config()
            self.assertEqual(said.returncode, 1)
            for what in ("ring_timeuot", "limits.headers", "missing.pem", "domains[1].certificate"):
                self.assertIn(what, said.stderr)
            self.assertRegex(said.stderr, r"sotto\.yaml:\d+:\d+: domains\[0\]\.certificate: there is no file")
            # And what is read at the start only, or beside other faults.
            for name in ("outside.pem", "push.pem", "master.key"):
                (daemon.folder / name).write_text("nothing of use\n")
                (daemon.folder / name).chmod(0o600)
            daemon.config["domains"] = [domain]
            daemon.config["peers"] = {"authorities": "outside.pem"}
            daemon.config["routes"] = [{"name": "carrier", "kind": "gateway", "match": ["+49"], "target": ["gw.example:5061"], "tariff": "local"}]
            daemon.config["billing"] = {"routes": [{"name": "carrier"}]}
            daemon.config["push"] = {"gateway": "push.example:443", "providers": ["fcm"], "authorities": "push.pem"}
            daemon.config["weaken"]["master_key_file"] = "master.key"
            daemon.write_config()
            said = daemon.check_config()
            for key in ("ring_timeuot", "peers.authorities", "push.authorities", "weaken.master_key_file"):
                self.assertIn(key, said.stderr)
            # Nor is anything waited for that never ends, or that nobody is there to type.
            os.mkfifo(daemon.folder / "endless", 0o600)
            daemon.config["weaken"]["audit_key_file"] = "endless"
            daemon.config["turn"] = {"secret": "endless"}
            daemon.config["routes"][0] |= {"username": "us", "password_file": "endless"}
            locked = daemon.folder / "locked.key"
            subprocess.run(["openssl", "ec", "-aes128", "-passout", "pass:typed", "-in", domain["private_key"], "-out", locked],
                           check=True, capture_output=True)
            daemon.config["domains"] = [{**domain, "private_key": str(locked)}]
            daemon.write_config()
            said = daemon.check_config()
            for key in ("weaken.audit_key_file", "turn.secret", r"routes\[0\].password_file"):
                self.assertRegex(said.stderr, rf"sotto\.yaml:\d+:\d+: {key}: \S+/endless is no file; ")
            self.assertIn("locked.key: is locked by a pass phrase", said.stderr)
        finally:
            daemon.config.clear()
            daemon.config.update(good)
            daemon.write_config()


class Expiry(FlowTest):
    config = EVENTS

    def takes(self, days: int) -> None:
        """A certificate that ends in so many days comes in place of the one before."""
        renewed = self.daemon.log.count(" certificates-renewed: ")
        domain = self.daemon.config["domains"][0]
        chain, key = self.daemon.authority.issue("fresh", days=days)
        os.replace(key, domain["private_key"])
        os.replace(chain, domain["certificate"])
        self.daemon.logged("certificates-renewed", renewed + 1)

    def assert_named(self, log: str, *days: int) -> None:
        """These were, each once; the last day has begun when a certificate was made."""
        said = re.findall(r" warning certificate-expires: .* domain=example\.org days=(\d+)$", log, re.M)
        self.assertEqual(len(said), len(days), f"{days}: {said}")
        for left, issued in zip(said, days):
            self.assertIn(issued - int(left), (0, 1))

    def test_at_the_start_a_certificate_that_ends_within_thirty_days_is_named(self):
        for days, named in ((45, ()), (20, (20,)), (5, (5,)), (1, (1,))):
            self.takes(days)
            self.daemon.stop()
            before = len(self.daemon.log)
            self.daemon.start()
            self.daemon.stop()   # the log is whole then: its thread writes behind the daemon's READY
            self.assert_named(self.daemon.log[before:], *named)
            self.daemon.start()

    def test_while_the_daemon_runs_each_limit_is_named_once(self):
        """30, 7 and 1 days ahead: another certificate as good as the one before says nothing new."""
        alice, bob = self.registered("alice", "bob")
        self.takes(45)
        before = len(self.daemon.log)
        self.call(alice, bob)
        for days in (45, 25, 25, 5, 5, 1, 1):
            self.takes(days)
        self.hang_up(bob, alice)   # over the connections of before
        self.daemon.stop()
        self.assert_named(self.daemon.log[before:], 25, 5, 1)
