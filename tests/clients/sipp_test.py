"""sipp through a stunnel: the scenarios that providers test with, as ladders. sipp knows MD5 only, and answers no
challenge inside a dialog."""

import tempfile
import unittest
from pathlib import Path

import network
from sipp import CREDENTIALS, WAIT, Sipp, Stunnel, receive, registration, request, response
from support.daemon import Daemon


def setUpModule() -> None:
    network.enter()


def invite(cseq: int, *headers: str) -> str:
    return request("INVITE", cseq=cseq, sdp="actpass", headers=headers, branch="z9hG4bK-[call_number]-invite")


def ack_refusal(cseq: int) -> str:
    """RFC 3261 17.1.1.3: the branch of the INVITE, the To of the response."""
    return request("ACK", cseq=cseq, dialog=True, uri="sip:[field0]@example.org", branch="z9hG4bK-[call_number]-invite")


def until_answer(*last: str) -> list:
    return [receive(100, optional=True), receive(180, optional=True), *last]


class SippThroughStunnel(unittest.TestCase):
    def setUp(self) -> None:
        self.daemon = Daemon(("alice", "bob", "carol"), {"weaken": {"digest_md5": ["*"]}, "drain_timeout": "1s",
                                                         "proxy": {"ring_timeout": "10s"}}, threads=2)
        self.addCleanup(self.daemon.destroy)
        folder = tempfile.TemporaryDirectory(prefix="sotto-sipp-")
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)
        self.tunnel = Stunnel(self.folder, self.daemon.tls_port, self.daemon.authority.certificate)
        self.addCleanup(self.tunnel.stop)

    def runs(self, name: str, user: str, steps: list, uninvited: list | None = None, callee: str = "nobody") -> Sipp:
        program = Sipp(self.folder, name, user, self.tunnel.port, steps, uninvited, callee)
        self.addCleanup(program.stop)
        return program

    def callee(self, user: str, *steps: str) -> Sipp:
        """Registers and then does `steps` with the call that comes. Returns when it is registered."""
        program = self.runs(f"callee-{user}", user, [*registration(), WAIT], list(steps))
        self.daemon.wait_for_bindings(user)
        return program

    def caller(self, *steps: str, callee: str = "bob") -> None:
        """Registers and calls; must come to the end of its ladder."""
        self.runs("caller", "alice", [*registration(), *steps], callee=callee).succeeds()

    def test_register_and_unregister(self) -> None:
        self.runs("register", "alice", [*registration(), request(
            "REGISTER", to="[service]", uri="sip:example.org", cseq=3, call_id="register///[call_id]", tag="reg",
            headers=("Expires: 0",)), receive(401, auth=True, optional=True), receive(200)]).succeeds()

    def test_call_with_reinvite(self) -> None:
        callee = self.callee("bob", receive("INVITE"), response(180), response(200, sdp="active"), receive("ACK"),
                             receive("INVITE"), response(200, sdp="active", tag=False), receive("ACK"),
                             receive("BYE"), response(200, tag=False))
        self.caller(invite(10), *until_answer(receive(200, keep=True)), request("ACK", cseq=10, dialog=True),
                    request("INVITE", cseq=11, dialog=True, sdp="actpass"), receive(100, optional=True),
                    receive(200, keep=True), request("ACK", cseq=11, dialog=True),
                    request("BYE", cseq=12, dialog=True), receive(200))
        self.assertNotIn("User-Agent: sipp", callee.messages.split("INVITE", 1)[1].split("SIP/2.0 180")[0])

    def test_call_without_registration_is_challenged(self) -> None:
        self.callee("bob", receive("INVITE"), response(200, sdp="active"), receive("ACK"), receive("BYE"),
                    response(200, tag=False))
        self.runs("caller", "alice", [
            invite(1), receive(100, optional=True), receive(407, auth=True), ack_refusal(1),
            request("INVITE", cseq=2, sdp="actpass", headers=(CREDENTIALS,)), *until_answer(receive(200, keep=True)),
            request("ACK", cseq=2, dialog=True), request("BYE", cseq=3, dialog=True), receive(200)], callee="bob").succeeds()

    def test_cancel(self) -> None:
        self.callee("bob", receive("INVITE"), response(180), receive("CANCEL"), response(200), WAIT)
        self.caller(invite(10), receive(100, optional=True), receive(180),
                    request("CANCEL", cseq=10, branch="z9hG4bK-[call_number]-invite"), receive(200))

    def test_busy(self) -> None:
        self.callee("bob", receive("INVITE"), response(486), receive("ACK"))
        self.caller(invite(10), *until_answer(receive(486)), ack_refusal(10))

    def test_no_answer(self) -> None:
        self.callee("bob", receive("INVITE"), response(180), receive("CANCEL"), response(200), WAIT)
        self.caller(invite(10), receive(100, optional=True), receive(180), receive(408), ack_refusal(10))

    def test_nobody_there(self) -> None:
        self.caller(invite(10), *until_answer(receive(480)), ack_refusal(10))

    def test_redirect(self) -> None:
        """The callee's other address is resolved or sealed, and never shown as it is."""
        self.callee("bob", receive("INVITE"), response(302, headers=("Contact: <sip:carol@example.org>",)), receive("ACK"))
        caller = self.runs("caller", "alice", [*registration(), invite(10), receive(100, optional=True),
                                               receive(180, optional=True), receive(480, optional=True), receive(302)],
                           callee="bob")
        caller.stop()

    def test_options(self) -> None:
        self.caller(request("OPTIONS", cseq=10), receive(200))
