"""Two linphones call each other through Sotto with DTLS-SRTP."""

import tempfile
import unittest
from pathlib import Path

import network
import tone
from linphone import Linphone
from support.daemon import DOMAIN, PASSWORD, Daemon


def setUpModule() -> None:
    network.enter()


class LinphoneToLinphone(unittest.TestCase):
    def setUp(self) -> None:
        # The TLS library of Debian's linphone ends at version 1.2.
        self.daemon = Daemon(("alice", "bob"), {"weaken": {"tls12": True}, "drain_timeout": "1s"}, threads=2)
        self.addCleanup(self.daemon.destroy)
        folder = tempfile.TemporaryDirectory(prefix="sotto-linphone-")
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)
        self.tone = tone.write(self.folder / "tone.wav")

    def phones(self, callee_answers: bool = True) -> tuple:
        return self.phone("alice", 7100), self.phone("bob", 7200, callee_answers)

    def phone(self, user: str, rtp_port: int, answers: bool = False) -> Linphone:
        phone = Linphone(self.folder / user, user, PASSWORD, DOMAIN, self.daemon.tls_port,
                         self.daemon.authority.certificate, rtp_port, answers)
        self.addCleanup(phone.kill)
        phone.is_registered()
        phone.command("soundcard use files")
        phone.command(f"play {self.tone}")
        return phone

    def test_call_with_media_and_clean_end(self) -> None:
        alice, bob = self.phones()
        alice.command(f"call sip:bob@{DOMAIN}")
        for phone in (alice, bob):
            phone.says("LinphoneCallStreamsRunning")
            phone.media_flow()
        alice.command("terminate")
        for phone in (alice, bob):
            phone.says("to LinphoneCallReleased")
        sent, received = zip(alice.packets(), bob.packets())
        self.assertGreater(min(sent + received), 50, "both sides send and receive")
        for phone in (alice, bob):
            phone.quit()
            phone.says(r"to \[LinphoneRegistrationCleared\]")
            self.assertNotIn("LinphoneRegistrationFailed", phone.output)
            self.assertEqual(self.daemon.bindings(phone.user), [])

    def test_callee_hangs_up(self) -> None:
        alice, bob = self.phones()
        alice.command(f"call sip:bob@{DOMAIN}")
        for phone in (alice, bob):
            phone.says("LinphoneCallStreamsRunning")
        bob.command("terminate")
        for phone in (alice, bob):
            phone.says("to LinphoneCallReleased")

    def test_hold_and_resume(self) -> None:
        alice, bob = self.phones()
        alice.command(f"call sip:bob@{DOMAIN}")
        for phone in (alice, bob):
            phone.says("LinphoneCallStreamsRunning")
        for command, states in (("pause", ("LinphoneCallPaused", "LinphoneCallPausedByRemote")),
                                ("resume", ("LinphoneCallStreamsRunning",) * 2)):
            after = len(bob.output)
            position = alice.command(command)
            alice.says(f"to {states[0]}", after=position)
            bob.says(f"to {states[1]}", after=after)
        alice.command("terminate")
        bob.says("to LinphoneCallReleased")

    def test_caller_gives_up(self) -> None:
        alice, bob = self.phones(callee_answers=False)
        alice.command(f"call sip:bob@{DOMAIN}")
        bob.says("LinphoneCallIncomingReceived")
        alice.says("LinphoneCallOutgoingRinging")
        alice.command("terminate")
        for phone in (alice, bob):
            phone.says("to LinphoneCallReleased")

    def test_callee_declines(self) -> None:
        alice, bob = self.phones(callee_answers=False)
        alice.command(f"call sip:bob@{DOMAIN}")
        bob.says("LinphoneCallIncomingReceived")
        bob.command("terminate")
        for phone in (alice, bob):
            phone.says("to LinphoneCallReleased")
