"""Two baresips call each other through Sotto with DTLS-SRTP. baresip 1.0.0 knows MD5 only (DESIGN section 8)."""

import tempfile
import unittest
from pathlib import Path

import network
import tone
from baresip import Baresip
from support.daemon import DOMAIN, PASSWORD, Daemon


def setUpModule() -> None:
    network.enter()


class BaresipToBaresip(unittest.TestCase):
    def setUp(self) -> None:
        self.daemon = Daemon(("alice", "bob", "carol"), {"weaken": {"digest_md5": ["*"]}, "drain_timeout": "1s"}, threads=2)
        self.addCleanup(self.daemon.destroy)
        folder = tempfile.TemporaryDirectory(prefix="sotto-baresip-")
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)
        self.tone = tone.write(self.folder / "tone.wav")

    def phone(self, user: str, rtp_port: int, answers: bool = False, partner: str = "", traces: bool = False) -> Baresip:
        phone = Baresip(self.folder / user, user, PASSWORD, DOMAIN, self.daemon.tls_port,
                        self.daemon.authority.certificate, rtp_port, self.tone, answers, partner,
                        traces=traces)
        self.addCleanup(phone.kill)
        phone.is_registered()
        return phone

    def test_call_with_media_and_clean_end(self) -> None:
        alice, bob = self.phone("alice", 7100), self.phone("bob", 7200, answers=True)
        alice.command("dial", f"sip:bob@{DOMAIN}")
        counted = []
        for phone in (alice, bob):
            phone.event("CALL_ESTABLISHED")
            phone.prints("DTLS-SRTP complete")
            counted += phone.media_flow()
        self.assertGreater(min(counted), 50, "both sides send and receive")
        alice.command("hangup")
        for phone in (alice, bob):
            phone.event("CALL_CLOSED")
        for phone in (alice, bob):
            phone.quit()
            self.assertEqual(self.daemon.bindings(phone.user), [])
        self.assertNotIn("REGISTER_FAIL", alice.output + bob.output)

    def test_callee_declines(self) -> None:
        alice, bob = self.phone("alice", 7100), self.phone("bob", 7200)
        alice.command("dial", f"sip:bob@{DOMAIN}")
        bob.event("CALL_INCOMING")
        bob.command("hangup")
        closed = alice.event("CALL_CLOSED")
        self.assertRegex(closed.get("param", ""), "486")

    def test_caller_gives_up(self) -> None:
        alice, bob = self.phone("alice", 7100), self.phone("bob", 7200)
        alice.command("dial", f"sip:bob@{DOMAIN}")
        bob.event("CALL_INCOMING")
        alice.event("CALL_RINGING")
        alice.command("hangup")
        bob.event("CALL_CLOSED")

    def test_hold_and_resume(self) -> None:
        alice, bob = self.phone("alice", 7100), self.phone("bob", 7200, answers=True)
        alice.command("dial", f"sip:bob@{DOMAIN}")
        alice.event("CALL_ESTABLISHED")
        bob.event("CALL_ESTABLISHED")
        alice.command("hold")
        bob.event("CALL_REMOTE_SDP", where=lambda event: event.get("param") == "offer")
        alice.command("resume")
        bob.event("CALL_REMOTE_SDP", where=lambda event: event.get("param") == "offer")
        alice.media_flow()
        alice.command("hangup")
        bob.event("CALL_CLOSED")

    def test_transfer(self) -> None:
        alice, bob = self.phone("alice", 7100), self.phone("bob", 7200, answers=True)
        carol = self.phone("carol", 7300, answers=True)
        alice.command("dial", f"sip:bob@{DOMAIN}")
        alice.event("CALL_ESTABLISHED")
        alice.command("transfer", f"sip:carol@{DOMAIN}")
        carol.event("CALL_ESTABLISHED")
        alice.event("CALL_CLOSED")
        carol.media_flow()
        bob.command("hangup")
        carol.event("CALL_CLOSED")

    def test_message(self) -> None:
        """baresip shows the text on its terminal only; without one its trace tells that it has come, and its answer that it was
        taken."""
        alice, bob = self.phone("alice", 7100, partner="bob"), self.phone("bob", 7200, traces=True)
        alice.command("message", "the kettle is on")
        bob.prints(r"\nMESSAGE sip:[^\n]* SIP/2\.0\r?\n[\s\S]*\n\r?\nthe kettle is on[\s\S]*SIP/2\.0 200 OK[\s\S]*CSeq: \d+ MESSAGE")
