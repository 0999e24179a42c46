"""The daemon as its operator and an outsider see it: TLS only, ready, reload, drain, wrong configurations refused."""

import json
import os
import signal
import socket
import ssl
import subprocess
from pathlib import Path

from support.daemon import DOMAIN, PASSWORD, Daemon, binary
from support.flow_test import EVENTS, FlowTest
from support.limits import patience
from support.log_scan import found_in
from support.tls import client_context


AEAD_TAG = 16   # bytes that TLS 1.3 adds to each record


def sockets_of(pid: int) -> set:
    """(protocol, state, address) of every socket that the process holds, by /proc."""
    inodes = set()
    for fd in Path(f"/proc/{pid}/fd").iterdir():
        target = os.readlink(fd)
        if target.startswith("socket:["):
            inodes.add(target[8:-1])
    found = set()
    for protocol in ("tcp", "tcp6", "udp", "udp6"):
        for line in Path(f"/proc/{pid}/net/{protocol}").read_text().splitlines()[1:]:
            columns = line.split()
            if columns[9] in inodes:
                found.add((protocol, columns[3], int(columns[1].rpartition(":")[2], 16)))
    return found


class Transport(FlowTest):
    def test_every_listener_speaks_tls(self):
        """P1: no UDP socket, no other listening port."""
        found = sockets_of(self.daemon.pid)
        listening = {(p, port) for p, state, port in found if state == "0A" or p.startswith("udp")}
        self.assertEqual(listening, {("tcp", self.daemon.tls_port), ("tcp", self.daemon.web_port)})

    def test_plaintext_is_not_answered(self):
        for port, text in ((self.daemon.tls_port, b"OPTIONS sip:example.org SIP/2.0\r\nContent-Length: 0\r\n\r\n"),
                           (self.daemon.web_port, b"GET / HTTP/1.1\r\nHost: example.org\r\n\r\n")):
            with socket.create_connection(("127.0.0.1", port), timeout=patience(15)) as plain:
                plain.sendall(text)
                answer = plain.recv(4096)
            self.assertFalse(answer.startswith((b"SIP/", b"HTTP/")), answer)

    def test_tls_1_3(self):
        with self.daemon.connect() as connection:
            self.assertEqual(connection.version, "TLSv1.3")

    def test_tls_1_2_is_refused(self):
        context = client_context(self.daemon.authority.certificate)
        context.maximum_version = ssl.TLSVersion.TLSv1_2
        with self.assertRaises((ssl.SSLError, OSError)):
            self.daemon.connect(context=context)

    def test_server_names(self):
        """The domain and its aliases are known, no name gets the first domain, any other name is refused."""
        for name in (DOMAIN, "sip.example.org", "localhost", None):
            self.daemon.connect(name).close()
        context = client_context(self.daemon.authority.certificate)
        context.check_hostname = False
        with self.assertRaises((ssl.SSLError, OSError)):
            self.daemon.connect("elsewhere.example", context=context)

    def test_every_message_fills_whole_cells(self):
        """P3: lengths on the wire tell as little as possible."""
        alice, bob = self.registered("alice", "bob")
        before = len(bob.connection.record_sizes)
        alice.sends("INVITE", to=bob)
        bob.receives("INVITE")
        sizes = set(bob.connection.record_sizes[before:])
        self.assertEqual({(size - AEAD_TAG) % 4096 for size in sizes}, {0}, sizes)
        bob.sends(486)
        alice.receives(486)


class Tls12(FlowTest):
    config = {"weaken": {"tls12": True}, **EVENTS}

    def test_tls_1_2_where_it_is_configured(self):
        context = client_context(self.daemon.authority.certificate)
        context.maximum_version = ssl.TLSVersion.TLSv1_2
        connection = self.daemon.connect(context=context)
        self.assertEqual(connection.version, "TLSv1.2")
        self.assertIn("ECDHE", connection.cipher[0])
        self.assertRegex(connection.cipher[0], "GCM|CHACHA20")
        connection.close()
        self.assertIn("weaken.tls12", " ".join(self.daemon.logged("weakened", 2)))


class Operation(FlowTest):
    config = EVENTS

    def test_account_added_and_removed_while_running(self):
        new = f"erin@{DOMAIN}"
        self.daemon.sotto("account", "add", new, "--password-stdin", stdin=PASSWORD + "\n")
        self.phone("erin").registers()
        self.daemon.sotto("account", "remove", new, "--yes")
        erin = self.phone("erin")
        erin.transmits(erin.register_request())
        erin.authenticates(erin.receives(401))
        erin.receives(401)

    def test_status_and_bindings(self):
        [alice] = self.registered("alice")
        self.assertEqual(len(self.daemon.bindings(alice.user)), 1)
        self.assertEqual(self.daemon.sotto("status").returncode, 0)
        listed = self.daemon.sotto("binding", "list", f"{alice.user}@{DOMAIN}").stdout
        for value in (alice.contact_user, alice.host, "127.0.0.1"):
            self.assertNotIn(value, listed)

    def test_reload_keeps_calls_and_takes_the_new_certificate(self):
        alice, bob = self.registered("alice", "bob")
        self.call(alice, bob)
        chain, key = self.daemon.authority.issue("renewed")
        domain = self.daemon.config["domains"][0]
        old = Path(domain["certificate"]).read_bytes()
        Path(domain["private_key"]).write_bytes(key.read_bytes())
        Path(domain["certificate"]).write_bytes(chain.read_bytes())
        self.assertNotEqual(old, chain.read_bytes())
        self.daemon.sotto("reload")
        context = client_context(self.daemon.authority.certificate)
        fresh = self.daemon.connect(context=context)
        self.assertEqual(fresh.peer_certificate, ssl.PEM_cert_to_DER_cert(chain.read_text()))
        fresh.close()
        self.hang_up(bob, alice)

    def test_wrong_configuration_is_not_taken_over_by_a_reload(self):
        alice, bob = self.registered("alice", "bob")
        self.daemon.config["proxy"] = {"ring_timeuot": "20s"}
        self.daemon.write_config()
        try:
            refused = self.daemon.sotto("reload", check=False)
            self.assertEqual(refused.returncode, 1)
            self.call(alice, bob)
            self.hang_up(alice, bob)
        finally:
            del self.daemon.config["proxy"]
            self.daemon.write_config()

    def test_an_end_by_signal_is_an_entry(self):
        """systemctl stop gives up the calls that run: the log says who had it done."""
        self.daemon.stop()
        self.daemon.start()
        entries = json.loads(self.daemon.sotto("--json", "audit", "show").stdout)["entries"]
        last = [tuple(entry[key] for key in ("name", "uid", "what", "result")) for entry in entries][-3:-1]
        self.assertEqual(last[0], ("signal", os.getuid(), "drain", "done"), "before that of the new start")

    def test_hang_up_signal_reloads(self):
        """SIGHUP in the middle of a call: settings count, the call goes on, and what waits for a restart is said."""
        alice, bob = self.registered("alice", "bob")
        self.call(alice, bob)
        reloads, waiting = (self.daemon.log.count(f" {event}") for event in ("reloaded: ", "restart-needed: "))
        self.daemon.config.update(threads=self.threads + 1, proxy={"ring_timeout": "20s"})
        self.daemon.write_config()
        try:
            self.daemon.signal(signal.SIGHUP)
            self.daemon.logged("reloaded", reloads + 1)
            self.assertIn("threads", self.daemon.logged("restart-needed", waiting + 1)[-1])
            differences = json.loads(self.daemon.sotto("--json", "config", "diff").stdout)["differences"]
            self.assertEqual([row["key"] for row in differences], ["threads"])
            entries = json.loads(self.daemon.sotto("--json", "audit", "show").stdout)["entries"]
            self.assertIn(("signal", os.getuid(), "reload", "done"),
                          [tuple(entry[key] for key in ("name", "uid", "what", "result")) for entry in entries])
            self.hang_up(bob, alice)
        finally:
            self.daemon.config.update(threads=self.threads)
            del self.daemon.config["proxy"]
            self.daemon.write_config()
            self.daemon.sotto("reload")


class Start(FlowTest):
    """Daemons of their own for each test."""

    def own(self, **options) -> Daemon:
        daemon = Daemon(("alice", "bob"), options.pop("config", None), **options)
        self.addCleanup(daemon.destroy)
        return daemon

    def test_check_names_place_key_and_remedy(self):
        daemon = self.own()
        self.assertEqual(daemon.check_config().returncode, 0)
        daemon.config["proxy"] = {"ring_timeuot": "20s"}
        daemon.write_config()
        refused = daemon.check_config()
        self.assertEqual(refused.returncode, 1)
        self.assertRegex(refused.stderr + refused.stdout, r"sotto\.yaml:\d+:\d+: .*ring_timeuot")
        self.assertIn("ring_timeout", refused.stderr + refused.stdout)

    def test_two_daemons_do_not_share_a_state_directory(self):
        """The second waits for its turn, which does not come; it is ended before the minute is over."""
        daemon = self.own(config=EVENTS)
        with subprocess.Popen([binary("sottod"), "--config", daemon.config_file], stderr=subprocess.PIPE, text=True) as second:
            self.addCleanup(second.kill)
            self.assertTrue(any(" waiting: " in line for line in second.stderr))
            second.terminate()
            self.assertIn("lock", second.communicate(timeout=patience(20))[1])
        self.assertEqual(second.returncode, 3)
        self.assertTrue(daemon.alive, daemon.log)

    def test_an_admin_socket_at_which_another_process_answers_is_no_fault_of_the_program(self):
        daemon = self.own(config=EVENTS)
        other = daemon.folder / "other.yaml"
        other.write_text(json.dumps({**daemon.config, "state_directory": str(daemon.folder / "other"),
                                     "listen": {"tls": [f"127.0.0.1:{daemon.reserve_port()}"]}}))
        refused = subprocess.run([binary("sottod"), "--config", other], text=True, capture_output=True, timeout=patience(20))
        self.assertEqual(refused.returncode, 1)
        self.assertRegex(refused.stderr, r" listener-failed: .*admin\.socket: another process answers")
        self.assertNotIn("internal-error", refused.stderr)
        self.assertTrue(daemon.alive, daemon.log)

    def test_sigterm_ends_it_in_bounded_time_in_the_middle_of_a_call(self):
        daemon = self.own(config={"drain_timeout": "2s"})
        self.addCleanup(setattr, self, "daemon", self.daemon)
        self.daemon = daemon
        alice, bob = (self._own_phone(name) for name in ("alice", "bob"))
        alice.registers()
        bob.registers()
        self.call(alice, bob)
        daemon.stop(within=6)
        for phone in (alice, bob):
            phone.is_disconnected()

    def _own_phone(self, name: str):
        from support.phone import Phone
        phone = Phone(name, self.ladder, self.daemon.connect, name, DOMAIN, PASSWORD, self.daemon.own_hosts)
        self.addCleanup(lambda: phone.connection.close())
        return phone

    def test_no_thread_is_interrupted_by_the_signals_that_it_reads(self):
        wanted = {1 << (number - 1) for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)}
        for task in Path(f"/proc/{self.daemon.pid}/task").iterdir():
            status = dict(line.split(":", 1) for line in (task / "status").read_text().splitlines() if ":" in line)
            blocked = int(status["SigBlk"], 16)
            self.assertTrue(all(blocked & bit for bit in wanted), status["Name"].strip())

    def test_no_switch_makes_it_dump_messages(self):
        """Not those of sofia-sip, which reads its own from the environment, nor OpenSSL's key log."""
        daemon = self.own(config={"drain_timeout": "1s", **EVENTS})
        self.addCleanup(setattr, self, "daemon", self.daemon)
        self.daemon = daemon
        dump = daemon.folder / "dump"
        daemon.stop()
        daemon.environment = {"SOFIA_DEBUG": "9", "TPORT_LOG": "1", "TPORT_DUMP": str(dump), "TPORT_CAPT": "udp:127.0.0.1:9",
                              "MSG_DUMP": str(dump), "MSG_STREAM_LOG": str(dump), "NTA_DEBUG": "9", "SU_DEBUG": "9",
                              "SSLKEYLOGFILE": str(dump), "SPDLOG_LEVEL": "trace", "BOOST_ASIO_ENABLE_HANDLER_TRACKING": "1"}
        before = len(daemon.log)
        daemon.start()
        alice, bob = (self._own_phone(name) for name in ("alice", "bob"))
        alice.registers()
        bob.registers()
        self.call(alice, bob)
        self.hang_up(alice, bob)
        daemon.stop()
        self.assertFalse(dump.exists())
        for line in daemon.log[before:].splitlines():   # events, and nothing else
            self.assertRegex(line, r"^\d{4}-\d\d-\d\dT[\d:.]+Z (?:debug|info|warning|error) [a-z-]+(?:: | )")
        self.assertEqual(found_in(daemon.log, self.ladder.messages, {*daemon.own_hosts}), set())

    def test_bindings_do_not_survive_on_disk(self):
        """P5: nothing of a registration is in any file."""
        daemon = self.own()
        self.addCleanup(setattr, self, "daemon", self.daemon)
        self.daemon = daemon
        alice = self._own_phone("alice")
        alice.registers()
        for path in daemon.state.rglob("*"):
            if path.is_file():
                content = path.read_bytes()
                for value in (alice.contact_user, alice.host, alice.register_call_id, alice.instance):
                    self.assertNotIn(value.encode(), content, path)
