"""Real phones register, refresh, come back after a change of network, and unregister."""

import json
import tempfile
import time
import unittest
from pathlib import Path

import network
import tone
from baresip import Baresip
from linphone import Linphone
from relay import Relay
from sipp import CREDENTIALS, Sipp, Stunnel, receive, registration, request
from support.daemon import DOMAIN, PASSWORD, Daemon
from support.limits import patience


ELSEWHERE = "192.0.2.77"


def setUpModule() -> None:
    network.enter()


class Registration(unittest.TestCase):
    def setUp(self) -> None:
        weaken = {"digest_md5": [f"bob@{DOMAIN}"], "tls12": True}   # what baresip and sipp, and linphone, need
        self.daemon = Daemon(("alice", "bob"), {"weaken": weaken, "drain_timeout": "1s",
                                                "registrar": {"shortest_binding": "1s"}}, threads=2)
        self.addCleanup(self.daemon.destroy)
        folder = tempfile.TemporaryDirectory(prefix="sotto-phones-")
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)
        self.relay = Relay(self.daemon.tls_port)
        self.addCleanup(self.relay.stop)

    def registrations(self) -> int:
        return json.loads(self.daemon.sotto("--json", "status").stdout)["sip"]["registrations"]

    def wait_for_registrations(self, number: int) -> None:
        deadline = time.monotonic() + patience(30)
        while self.registrations() < number:
            self.assertLess(time.monotonic(), deadline, f"{self.registrations()} registrations, not {number}")

    def lives_through_it(self, user: str, quit_phone) -> None:
        """Registers, refreshes twice, comes back when its network has changed, and takes its leave."""
        self.daemon.wait_for_bindings(user)
        [first] = self.daemon.bindings(user)
        self.wait_for_registrations(3)
        network.moves(network.ADDRESS, ELSEWHERE)
        self.addCleanup(network.moves, ELSEWHERE, network.ADDRESS)
        self.relay.cut()
        self.daemon.wait_for_bindings(user, 0)   # it died with its connection
        self.daemon.wait_for_bindings(user)
        [again] = self.daemon.bindings(user)
        self.assertEqual(first["binding"], again["binding"], "the same device under the same id")
        quit_phone()
        self.daemon.wait_for_bindings(user, 0)

    def test_linphone(self) -> None:
        phone = Linphone(self.folder / "linphone", "alice", PASSWORD, DOMAIN, self.relay.port,
                         self.daemon.authority.certificate, 17000, expires=4)
        self.addCleanup(phone.kill)
        phone.is_registered()
        self.lives_through_it("alice", phone.quit)

    def test_baresip(self) -> None:
        phone = Baresip(self.folder / "baresip", "bob", PASSWORD, DOMAIN, self.relay.port,
                        self.daemon.authority.certificate, 17200, tone.write(self.folder / "tone.wav"), interval=4)
        self.addCleanup(phone.kill)
        phone.is_registered()
        self.lives_through_it("bob", phone.quit)

    def test_sipp(self) -> None:
        """sipp has no reaction of its own to a lost connection: a second one of the same device stands for it."""
        tunnel = Stunnel(self.folder, self.relay.port, self.daemon.authority.certificate)
        self.addCleanup(tunnel.stop)

        def register(cseq: int, expires: int, *headers: str) -> str:
            return request("REGISTER", to="[service]", uri=f"sip:{DOMAIN}", cseq=cseq, call_id="register///[call_id]",
                           tag="reg", headers=(f"Expires: {expires}", *headers))

        def again(cseq: int, expires: int) -> list:
            return [register(cseq, expires), receive(401, auth=True), register(cseq + 1, expires, CREDENTIALS),
                    receive(200)]

        first = Sipp(self.folder, "first", "bob", tunnel.port,
                     [*registration(), *again(3, 600), '<pause milliseconds="3600000"/>'])
        self.addCleanup(first.stop)
        self.wait_for_registrations(2)
        self.relay.cut()
        self.daemon.wait_for_bindings("bob", 0)
        second = Sipp(self.folder, "second", "bob", tunnel.port, [*registration(), *again(3, 0)])
        self.addCleanup(second.stop)
        second.succeeds()
        self.daemon.wait_for_bindings("bob", 0)
