"""Three linphones: a call is passed on, with and without a word to the third party first. Every phone sees only its own
names for the dialogs, so that a transfer works only where they are translated from leg to leg."""

import tempfile
import unittest
from pathlib import Path

import network
from linphone import Linphone
from support.daemon import DOMAIN, PASSWORD, Daemon

USERS = "alice", "bob", "carol"


def setUpModule() -> None:
    network.enter()


class Transfer(unittest.TestCase):
    def setUp(self) -> None:
        self.daemon = Daemon(USERS, {"weaken": {"tls12": True}, "drain_timeout": "1s"}, threads=2)
        self.addCleanup(self.daemon.destroy)
        folder = tempfile.TemporaryDirectory(prefix="sotto-transfer-")
        self.addCleanup(folder.cleanup)
        self.alice, self.bob, self.carol = (
            Linphone(Path(folder.name) / user, user, PASSWORD, DOMAIN, self.daemon.tls_port,
                     self.daemon.authority.certificate, 7100 + 100 * number, answers=user != "alice")
            for number, user in enumerate(USERS))
        for phone in (self.alice, self.bob, self.carol):
            self.addCleanup(phone.kill)
            phone.is_registered()

    def alice_calls(self, callee: Linphone) -> None:
        position, heard = self.alice.command(f"call sip:{callee.user}@{DOMAIN}"), len(callee.output)
        self.alice.says("to LinphoneCallStreamsRunning", after=position)
        callee.says("to LinphoneCallStreamsRunning", after=heard)

    def bob_and_carol_hang_up(self) -> None:
        position = self.bob.command("terminate")
        self.bob.says("to LinphoneCallReleased", after=position)
        self.carol.says("to LinphoneCallReleased")

    def test_blind(self) -> None:
        self.alice_calls(self.bob)
        before = len(self.bob.output)
        self.alice.command(f"transfer sip:carol@{DOMAIN}")
        self.carol.says("to LinphoneCallStreamsRunning")
        self.bob.says("to LinphoneCallStreamsRunning", after=before)
        self.alice.says("to LinphoneCallReleased")
        self.bob_and_carol_hang_up()

    def test_attended(self) -> None:
        self.alice_calls(self.bob)
        position = self.alice.command("pause")
        self.alice.says("to LinphoneCallPaused", after=position)
        self.alice_calls(self.carol)
        bob, carol = len(self.bob.output), len(self.carol.output)
        self.alice.command("transfer 1 --to-call 2")
        self.bob.says("to LinphoneCallStreamsRunning", after=bob)
        self.carol.says("to LinphoneCallStreamsRunning", after=carol)
        self.alice.says("to LinphoneCallReleased")
        self.bob_and_carol_hang_up()

    def test_a_message(self) -> None:
        self.alice.command(f"chat sip:bob@{DOMAIN} the kettle is on")
        self.bob.says("Message received from .*alice.*: the kettle is on")
