"""Phones that sleep (RFC 8599), with a push gateway on loopback: what it gets, and what comes of it."""

import http.server
import json
import queue
import signal
import socket
import ssl
import tarfile
import tempfile
import threading
import time
import unittest
import urllib.request
from pathlib import Path

from support import memory
from support.daemon import Port, binary
from support.flow_test import FlowTest
from support.limits import patience
from support.pki import Authority
from support.schema import mismatches
from support.supervisor import SupervisedDaemon


class Gateway:
    """An HTTPS server that keeps what is posted to it, whole, and answers with `status`."""

    def __init__(self, folder: Path) -> None:
        self.authority = Authority(folder)
        chain, key = self.authority.issue("localhost", dns=("localhost",))
        self.status = 200
        self.answers = None   # a semaphore: each answer takes one of it
        self.requests: queue.Queue = queue.Queue()
        gateway = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                gateway.requests.put((self.path, dict(self.headers), body))
                if gateway.answers is not None:
                    gateway.answers.acquire()
                self.send_response(gateway.status)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_) -> None:
                pass

        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(chain, key)
        self._server.socket = context.wrap_socket(self._server.socket, server_side=True)
        self.port = self._server.server_address[1]
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)
        self._thread.start()

    @classmethod
    def of(cls, tests: type) -> "Gateway":
        """One for the tests of a class, until all of them are over."""
        folder = tempfile.TemporaryDirectory(prefix="sotto-push-")
        tests.addClassCleanup(folder.cleanup)
        gateway = cls(Path(folder.name))
        tests.addClassCleanup(gateway.stop)
        return gateway

    def configuration(self, wait: str) -> dict:
        return {"gateway": f"localhost:{self.port}", "wait": wait, "authorities": str(self.authority.certificate)}

    def next(self, within: float = 5) -> tuple:
        return self.requests.get(timeout=patience(within))

    def next_token(self, within: float = 5) -> str:
        return json.loads(self.next(within)[2])["pn-prid"]

    def stop(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


class PushTest(FlowTest):
    def failed(self) -> int:
        return json.loads(self.daemon.sotto("--json", "status").stdout)["push"]["failed"]

    def has_failed(self, before: int = 0) -> None:
        """More often than `before`, and the log tells it."""
        deadline = time.monotonic() + patience(5)
        while self.failed() <= before:
            self.assertLess(time.monotonic(), deadline, "no push has failed")
        if self.daemon.writes("warning"):
            self.daemon.logged("push-failed")


class WithAGateway(PushTest):
    threads = 2

    @classmethod
    def setUpClass(cls) -> None:
        cls.gateway = Gateway.of(cls)
        cls.config = {"push": cls.gateway.configuration(wait="4s")}
        super().setUpClass()


class Push(WithAGateway):
    def setUp(self) -> None:
        super().setUp()
        self.gateway.status = 200
        [self.alice] = self.registered("alice")
        self.bob = self.phone("bob")
        self.registers_for_pushes(self.bob)

    def registers_for_pushes(self, phone):
        self.token = f"device-token-{phone.user}"
        uri = f"{phone.contact};pn-provider=apns;pn-param=ORG.example.app;pn-prid={self.token}"
        ok = phone.registers(contact=f'<{uri}>;+sip.instance="<{phone.instance}>"')
        self.assertEqual(ok.get("Feature-Caps"), '*;+sip.pns="apns"')
        self.assertEqual(ok.contact.uri, uri)

    def falls_asleep(self):
        self.bob.loses_connection()
        self.daemon.wait_for_bindings(self.bob.user, 0)

    def test_sleeping_phone_is_woken_and_answers(self):
        self.falls_asleep()
        self.alice.sends("INVITE", to=self.bob)
        path, headers, body = self.gateway.next()
        self.assertEqual(path, "/wake")
        self.assertEqual(json.loads(body),
                         {"pn-provider": "apns", "pn-param": "ORG.example.app", "pn-prid": self.token})
        self.assertEqual(set(headers), {"Host", "Content-Type", "Content-Length"})
        for of_the_call in (self.alice.user, self.alice.host, self.alice.contact_user, self.bob.user + "@", "sip:"):
            self.assertNotIn(of_the_call, json.dumps(headers) + body.decode())
        self.bob.connects()
        self.registers_for_pushes(self.bob)
        invite = self.bob.receives("INVITE")
        self.assertNotIn(";pn-", str(invite))
        self.bob.sends(200)
        ok = self.alice.receives(200)
        self.assertNotIn(";pn-", str(ok))
        self.alice.sends("ACK")
        self.bob.receives("ACK")
        self.hang_up(self.alice, self.bob)
        self.assertNotIn(self.token, self.daemon.log)

    @unittest.skipIf(memory.not_looked_at(binary("sottod")), memory.not_looked_at(binary("sottod")))
    def test_token_is_sealed_while_it_waits(self):
        self.falls_asleep()
        deadline = time.monotonic() + patience(10)
        while any(self.token.encode() in piece for piece in memory.writable(self.daemon.pid)):
            self.assertLess(time.monotonic(), deadline, "the token can be read in memory")
        self.assertEqual(len(self.daemon.devices(self.bob.user)), 1, "it is kept all the while")
        self.alice.sends("INVITE", to=self.bob)
        self.assertEqual(json.loads(self.gateway.next()[2])["pn-prid"], self.token)
        self.alice.receives(480, timeout=15)

    def test_phone_that_stays_asleep_is_not_there(self):
        self.falls_asleep()
        self.alice.sends("INVITE", to=self.bob)
        self.gateway.next()
        self.alice.receives(480, timeout=15)

    def test_who_sleeps_and_nobody_look_alike(self):
        """Of whom nothing is heard, the answer is the same; docs/adr/0017 says for how long."""
        self.falls_asleep()
        nobody = "n" * len(self.bob.user)
        forms = []
        for user in (self.bob.user, nobody):
            self.alice.sends("INVITE", to=f"sip:{user}@{self.bob.domain}", headers={"CSeq": "1 INVITE"})
            answer = self.alice.receives(480, timeout=15)
            echoed = ("Via", "From", "To", "Call-ID", "CSeq")
            forms.append((answer.start, [(name, len(value) if name in echoed else value) for name, value in answer.fields],
                          answer.body))
        self.assertEqual(forms[0], forms[1])

    def test_gateway_that_refuses_does_not_keep_the_caller_waiting(self):
        self.gateway.status, before = 503, self.failed()
        self.falls_asleep()
        self.alice.sends("INVITE", to=self.bob)
        self.gateway.next()
        self.alice.receives(480)
        self.has_failed(before)
        self.assertNotIn(self.token, self.daemon.log)

    def test_operator_sees_who_sleeps_and_ends_it(self):
        [awake] = self.daemon.devices(self.bob.user)
        self.assertEqual(awake["transport"], "tls")
        self.falls_asleep()
        [asleep] = self.daemon.devices(self.bob.user)
        self.assertEqual((asleep["binding"], asleep["transport"], asleep["q"]), (awake["binding"], None, None))
        self.assertTrue(0 < asleep["expires_in"] <= 600)
        self.daemon.sotto("binding", "remove", f"{self.bob.user}@example.org", asleep["binding"], "--yes")
        self.assertEqual(self.daemon.devices(self.bob.user), [])
        self.alice.sends("INVITE", to=self.bob)
        self.alice.receives(480)
        self.assertTrue(self.gateway.requests.empty())

    def test_person_is_shown_that_a_phone_sleeps(self):
        self.falls_asleep()
        archive = self.daemon.folder / "bob.tar"
        self.daemon.sotto("subject", "export", f"{self.bob.user}@example.org", "--output", str(archive))
        self.addCleanup(archive.unlink)
        with tarfile.open(archive) as tar:
            subject, schema = (json.load(tar.extractfile(name)) for name in ("subject.json", "subject.schema.json"))
        self.assertEqual([device["transport"] for device in subject["devices"]], [None])
        self.assertEqual(mismatches(subject, schema), [])

    def test_connected_phone_is_not_woken(self):
        self.alice.sends("INVITE", to=self.bob)
        self.bob.receives("INVITE")
        self.bob.sends(486)
        self.alice.receives(486)
        self.assertTrue(self.gateway.requests.empty())


class OverARestart(WithAGateway):
    """Who sleeps has no connection whose end would tell it to register again."""
    daemon_type = SupervisedDaemon

    def sleeps(self):
        bob = self.phone("bob")
        self.token = f"device-token-{bob.user}"
        self.wakes(bob)
        bob.loses_connection()
        self.daemon.wait_for_bindings(bob.user, 0)
        return bob

    def wakes(self, phone) -> None:
        phone.registers(contact=f'<{phone.contact};pn-provider=fcm;pn-prid={self.token}>;+sip.instance="<{phone.instance}>"')

    def restarts(self, by: int) -> None:
        self.daemon.signal(by)
        self.assertEqual(self.daemon.has_ended(), 0 if by == signal.SIGTERM else -by, self.daemon.log)
        self.daemon.start()

    def is_woken_after(self, by: int) -> None:
        bob = self.sleeps()
        [before] = self.daemon.devices(bob.user)
        self.restarts(by)
        [after] = self.daemon.devices(bob.user)
        self.assertEqual(after["binding"], before["binding"])
        self.assertTrue(0 < after["expires_in"] <= before["expires_in"])
        [alice] = self.registered("alice")
        alice.sends("INVITE", to=bob)
        self.assertEqual(self.gateway.next_token(), self.token)
        bob.connects()
        self.wakes(bob)
        bob.receives("INVITE")
        bob.sends(200)
        alice.receives(200)
        alice.sends("ACK")
        bob.receives("ACK")
        self.hang_up(bob, alice)
        self.assertNotIn(self.token, self.daemon.log)

    def test_phone_that_slept_through_a_restart_is_woken(self):
        self.is_woken_after(signal.SIGTERM)

    def test_phone_that_slept_through_a_kill_is_woken(self):
        self.is_woken_after(signal.SIGKILL)

    def test_who_was_removed_before_stays_removed(self):
        bob = self.sleeps()
        [asleep] = self.daemon.devices(bob.user)
        self.daemon.sotto("binding", "remove", f"{bob.user}@{bob.domain}", asleep["binding"], "--yes")
        self.restarts(signal.SIGKILL)
        self.assertEqual(self.daemon.devices(bob.user), [])
        [alice] = self.registered("alice")
        alice.sends("INVITE", to=bob)
        alice.receives(480)
        self.assertTrue(self.gateway.requests.empty())


class Renewal(PushTest):
    """A registration is renewed two minutes before its end: here, two seconds after it was made."""

    @classmethod
    def setUpClass(cls) -> None:
        cls.gateway = Gateway.of(cls)
        cls.config = {"registrar": {"binding_lifetime": "122s"}, "push": cls.gateway.configuration(wait="20s")}
        super().setUpClass()

    def registered_for_pushes(self, name: str):
        phone = self.phone(name)
        phone.registers(contact=f'<{phone.contact};pn-provider=fcm;pn-prid={name}>;+sip.instance="<{phone.instance}>"')
        return phone


class RenewalByGatewayThatWasAway(Renewal):
    def test_phone_is_woken_before_its_registration_ends(self):
        self.gateway.status = 503
        self.registered_for_pushes("bob")
        self.assertEqual(self.gateway.next_token(), "bob")
        self.gateway.status = 200
        self.assertEqual(self.gateway.next_token(within=20), "bob")


class RenewalsBesideACall(Renewal):
    def test_who_is_called_does_not_wait_behind_them(self):
        self.gateway.answers = threading.Semaphore(0)
        self.addCleanup(lambda: self.gateway.answers.release(100))
        [alice] = self.registered("alice")
        phones = {name: self.registered_for_pushes(name)
                  for name in (f"{user}.{number}" for user in ("bob", "carol") for number in range(5))}
        under_way = [self.gateway.next_token() for _ in range(8)]
        called = phones[under_way[0]]
        called.loses_connection()
        self.daemon.wait_for_bindings(called.user, 4)
        alice.sends("INVITE", to=called)
        deadline = time.monotonic() + patience(5)
        while json.loads(self.daemon.sotto("--json", "status").stdout)["push"]["waiting"] < 3:
            self.assertLess(time.monotonic(), deadline, "nobody is asked for")
        self.gateway.answers.release()
        self.assertEqual(self.gateway.next_token(), called.name)


class SilentGateway(PushTest):
    """One that takes connections and says nothing: what waits for it can be seen, and is nobody's."""

    @classmethod
    def setUpClass(cls) -> None:
        silent = socket.create_server(("127.0.0.1", 0))   # the kernel takes the connections
        cls.addClassCleanup(silent.close)
        cls.port = Port()
        cls.addClassCleanup(cls.port.release)
        cls.config = {"push": {"gateway": f"localhost:{silent.getsockname()[1]}", "wait": "20s"},
                      "metrics": {"listen": f"127.0.0.1:{cls.port.number}"}}
        super().setUpClass()

    def waiting(self) -> tuple:
        """As `sotto status` says it, and the metrics."""
        with urllib.request.urlopen(f"http://127.0.0.1:{self.port.number}/metrics", timeout=patience(10)) as page:
            [line] = [line for line in page.read().decode().splitlines() if line.startswith("sotto_pushes_waiting ")]
        return json.loads(self.daemon.sotto("--json", "status").stdout)["push"]["waiting"], float(line.split()[1])

    def test_what_waits_for_it_is_counted(self):
        self.assertEqual(self.waiting(), (0, 0))
        callers = self.registered("alice.1", "alice.2", "alice.3")
        households = [[self.phone(f"{name}.{number}") for number in range(8)] for name in ("bob", "carol", "dave")]
        for sleepers in households:
            for phone in sleepers:
                phone.registers(contact=f'<{phone.contact};pn-provider=fcm;pn-prid={phone.name}>;+sip.instance="<{phone.instance}>"')
            for phone in sleepers:
                phone.loses_connection()
            self.daemon.wait_for_bindings(sleepers[0].user, 0)
        for caller, sleepers in zip(callers, households):   # some requests are under way at once, and the others wait
            caller.sends("INVITE", to=sleepers[0])
        deadline = time.monotonic() + patience(5)
        while (seen := self.waiting())[1] != 10:
            self.assertLess(time.monotonic(), deadline, seen)
        self.assertGreaterEqual(seen[0], 10)


class ForeignGateway(PushTest):
    """One whose certificate nobody we trust has made: nothing is sent to it."""

    @classmethod
    def setUpClass(cls) -> None:
        folder = tempfile.TemporaryDirectory(prefix="sotto-push-")
        cls.addClassCleanup(folder.cleanup)
        cls.gateway = Gateway.of(cls)
        ours = Authority(Path(folder.name))
        cls.config = {"push": {**cls.gateway.configuration(wait="20s"), "authorities": str(ours.certificate)}}
        super().setUpClass()

    def test_token_stays_here(self):
        [alice] = self.registered("alice")
        bob = self.phone("bob")
        bob.registers(contact=f'<{bob.contact};pn-provider=fcm;pn-prid=t>;+sip.instance="<{bob.instance}>"')
        bob.loses_connection()
        self.daemon.wait_for_bindings(bob.user, 0)
        alice.sends("INVITE", to=bob)
        alice.receives(480)
        self.assertTrue(self.gateway.requests.empty())
        self.has_failed()
