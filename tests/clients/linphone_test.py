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
        self.daemon = Daemon(("alice", "bob"), threads=2)
        self.addCleanup(self.daemon.destroy)
        folder = tempfile.TemporaryDirectory(prefix="sotto-linphone-")
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)
        self.tone = tone.write(self.folder / "tone.wav")
        self.alice, self.bob = self.phone("alice", 7100), self.phone("bob", 7200, answers=True)

    def phone(self, user: str, rtp_port: int, answers: bool = False) -> Linphone:
        phone = Linphone(self.folder / user, user, PASSWORD, DOMAIN, self.daemon.tls_port, self.daemon.authority.certificate,
                         rtp_port, answers)
        self.addCleanup(phone.kill)
        phone.is_registered()
        phone.command("soundcard use files")
        phone.command(f"play {self.tone}")
        return phone

    def test_call_with_media_and_clean_end(self) -> None:
        self.alice.command(f"call sip:bob@{DOMAIN}")
        for phone in (self.alice, self.bob):
            phone.says("LinphoneCallStreamsRunning")
            phone.media_flow()
        self.alice.command("terminate")
        for phone in (self.alice, self.bob):
            phone.says("to LinphoneCallReleased")
        sent, received = zip(self.alice.packets(), self.bob.packets())
        self.assertGreater(min(sent + received), 50, "both sides send and receive")
        for phone in (self.alice, self.bob):
            phone.quit()
            phone.says(r"to \[LinphoneRegistrationCleared\]")
        self.assertNotIn("LinphoneRegistrationFailed", self.alice.output + self.bob.output)
        self.assertEqual(self.daemon.sotto("binding", "list").stdout.count("@"), 0)

    def test_callee_hangs_up(self) -> None:
        self.alice.command(f"call sip:bob@{DOMAIN}")
        self.alice.says("LinphoneCallStreamsRunning")
        self.bob.says("LinphoneCallStreamsRunning")
        self.bob.command("terminate")
        self.alice.says("to LinphoneCallReleased")
        self.bob.says("to LinphoneCallReleased")

    def test_caller_gives_up(self) -> None:
        self.bob.quit()
        self.bob = self.phone("bob2", 7300) if False else Linphone(
            self.folder / "bob-silent", "bob", PASSWORD, DOMAIN, self.daemon.tls_port, self.daemon.authority.certificate, 7300)
        self.addCleanup(self.bob.kill)
        self.bob.is_registered()
        self.alice.command(f"call sip:bob@{DOMAIN}")
        self.bob.says("LinphoneCallIncomingReceived")
        self.alice.says("LinphoneCallOutgoingRinging")
        self.alice.command("terminate")
        self.bob.says("to LinphoneCallReleased")
        self.alice.says("to LinphoneCallReleased")
