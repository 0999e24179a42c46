"""sipp through a stunnel: the scenarios that providers test with, as ladders. sipp knows MD5 only, and answers no
challenge inside a dialog."""

import tempfile
import unittest
from pathlib import Path

import network
from sipp import CREDENTIALS, WAIT, Sipp, Stunnel, cancelled, receive, registration, request, response
from support.daemon import Daemon


def setUpModule() -> None:
    network.enter()


def branch(cseq: int) -> str:
    return f"z9hG4bK-[pid]-[call_number]-{cseq}"


def invite(cseq: int, *headers: str) -> str:
    return request("INVITE", cseq=cseq, sdp="actpass", headers=headers, branch=branch(cseq))


def ack_refusal(cseq: int) -> str:
    """RFC 3261 17.1.1.3: the branch of the INVITE, the To of the response."""
    return request("ACK", cseq=cseq, dialog=True, uri="sip:[field0]@example.org", branch=branch(cseq))


def authenticated_invite() -> list:
    """INVITE, 407, ACK, and the INVITE with credentials, whose CSeq is 11."""
    return [invite(10), receive(100, optional=True), receive(407, auth=True), ack_refusal(10), invite(11, CREDENTIALS)]


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
        """Registers, calls, and must come to the end of its ladder."""
        steps = *registration(), *authenticated_invite(), *steps
        self.runs("caller", "alice", list(steps), callee=callee).succeeds()

    def test_register_and_unregister(self) -> None:
        def unregister(cseq: int, *headers: str) -> str:
            return request("REGISTER", to="[service]", uri="sip:example.org", cseq=cseq, call_id="register///[call_id]",
                           tag="reg", headers=("Expires: 0", *headers))

        self.runs("register", "alice", [*registration(), unregister(3), receive(401, auth=True),
                                        unregister(4, CREDENTIALS), receive(200)]).succeeds()
        self.assertEqual(self.daemon.bindings("alice"), [])

    def test_call_with_reinvite(self) -> None:
        callee = self.callee("bob", receive("INVITE"), response(180), response(200, sdp="active"), receive("ACK"),
                             receive("INVITE"), response(200, sdp="active", tag=False), receive("ACK"),
                             receive("BYE"), response(200, tag=False))
        self.caller(*until_answer(receive(200, keep=True)), request("ACK", cseq=11, dialog=True),
                    request("INVITE", cseq=12, dialog=True, sdp="actpass"), receive(100, optional=True),
                    receive(200, keep=True), request("ACK", cseq=12, dialog=True),
                    request("BYE", cseq=13, dialog=True), receive(200))
        self.assertNotIn("User-Agent: sipp", callee.messages.split("INVITE", 1)[1].split("SIP/2.0 180")[0])

    def test_hold_and_transfer(self) -> None:
        callee = self.callee("bob", receive("INVITE"), response(200, sdp="active"), receive("ACK"),
                             receive("INVITE"), response(200, sdp="active\na=recvonly", tag=False), receive("ACK"),
                             receive("REFER"), response(202, tag=False), receive("BYE"), response(200, tag=False))
        self.caller(*until_answer(receive(200, keep=True)), request("ACK", cseq=11, dialog=True),
                    request("INVITE", cseq=12, dialog=True, sdp="actpass\na=sendonly"), receive(100, optional=True),
                    receive(200, keep=True), request("ACK", cseq=12, dialog=True),
                    request("REFER", cseq=13, dialog=True, headers=("Refer-To: <sip:carol@example.org>",)),
                    receive(202), request("BYE", cseq=14, dialog=True), receive(200))
        self.assertIn("a=sendonly", callee.messages)
        self.assertRegex(callee.messages, r"Refer-To: <sips?:carol@example\.org")

    def test_message(self) -> None:
        callee = self.callee("bob", receive("MESSAGE"), response(200))
        text = "the kettle is on"
        self.runs("sender", "alice", [
            *registration(), request("MESSAGE", cseq=10, text=text), receive(407, auth=True),
            request("MESSAGE", cseq=11, text=text, headers=(CREDENTIALS,)), receive(200)], callee="bob").succeeds()
        self.assertIn(text, callee.messages)

    def test_call_without_registration_is_challenged(self) -> None:
        self.callee("bob", receive("INVITE"), response(200, sdp="active"), receive("ACK"), receive("BYE"),
                    response(200, tag=False))
        self.runs("caller", "alice", [
            *authenticated_invite(), *until_answer(receive(200, keep=True)), request("ACK", cseq=11, dialog=True),
            request("BYE", cseq=12, dialog=True), receive(200)], callee="bob").succeeds()

    def test_cancel(self) -> None:
        callee = self.callee("bob", receive("INVITE"), response(180), *cancelled())
        self.caller(receive(100, optional=True), receive(180), request("CANCEL", cseq=11, branch=branch(11)),
                    receive(200), receive(487), ack_refusal(11))
        self.assertIn("\nCANCEL sip", callee.messages)

    def test_busy(self) -> None:
        callee = self.callee("bob", receive("INVITE"), response(486), receive("ACK"))
        self.caller(*until_answer(receive(486)), ack_refusal(11))
        self.assertIn("\nSIP/2.0 486 ", callee.messages)

    def test_no_answer(self) -> None:
        callee = self.callee("bob", receive("INVITE"), response(180), *cancelled())
        self.caller(receive(100, optional=True), receive(180), receive(480), ack_refusal(11))
        self.assertIn("\nCANCEL sip", callee.messages)

    def test_nobody_there(self) -> None:
        self.caller(*until_answer(receive(480)), ack_refusal(11))

    def test_redirect(self) -> None:
        """The callee's other address is tried by Sotto itself; the caller never sees it."""
        self.callee("bob", receive("INVITE"), response(302, headers=("Contact: <sip:carol@example.org>",)),
                    receive("ACK"))
        carol = self.callee("carol", receive("INVITE"), response(486), receive("ACK"))
        self.caller(*until_answer(receive(486)), ack_refusal(11))
        self.assertIn("\nINVITE sip", carol.messages)

    def test_options(self) -> None:
        self.runs("options", "alice", [
            request("OPTIONS", cseq=10), receive(407, auth=True), request("OPTIONS", cseq=11, headers=(CREDENTIALS,)),
            receive(200)], callee="bob").succeeds()
