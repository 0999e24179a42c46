"""Descriptions that may not pass and come where no 488 can be said to whoever wrote them (RFC 3261 13.3.1.4, RFC 3262 5,
RFC 3311 5.2). Each of these calls begins with an INVITE without a description, so that every place can hold one."""

from support.flow_test import FlowTest
from support.sdp import fingerprint

HEAD = "v=0\r\no=- 7 1 IN IP4 192.0.2.33\r\ns=-\r\nc=IN IP4 192.0.2.33\r\nt=0 0\r\n"
RTP = HEAD + "m=audio 4000 RTP/AVP 0\r\n"
SDES = HEAD + ("m=audio 4000 RTP/SAVP 0\r\n"
               "a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:d0RmdmcmVCspeEc3QGZiNWpVLFJhQX1cfHAwJSoj\r\n")
DTLS = HEAD + f"m=audio 4000 UDP/TLS/RTP/SAVP 0\r\na=setup:actpass\r\na=fingerprint:sha-256 {fingerprint()}\r\n"
HOST = "a=candidate:1 1 UDP 2130706431 192.0.2.33 4000 typ host\r\n"
RELAY = "a=candidate:3 1 UDP 16777215 203.0.113.9 5000 typ relay raddr 192.0.2.33 rport 4000\r\n"


class PlainRtp(FlowTest):
    good, bad = DTLS.encode(), RTP.encode()

    def setUp(self):
        super().setUp()
        self.alice, self.bob = self.registered("alice", "bob")
        self.alice.sends("INVITE", to=self.bob, sdp=False)
        self.invite = self.bob.receives("INVITE")

    def confirmed(self) -> None:
        self.bob.sends(200, body=self.good)
        self.alice.receives(200)
        self.alice.sends("ACK", body=self.good)
        self.assertIn(b"m=audio", self.bob.receives("ACK").body)

    def early(self, reliable: int = 1, body: bytes | None = None):
        """A reliable response, which alice acknowledges when she likes; as she got it."""
        self.bob.sends(183, answering=self.invite, body=body, headers={"Require": "100rel", "RSeq": reliable})
        return self.alice.receives(183)

    def answered_after_all(self) -> None:
        """The call itself goes on."""
        self.bob.sends(200, answering=self.invite, sdp=False)
        self.alice.receives(200)
        self.alice.sends("ACK")
        self.bob.receives("ACK")
        self.hang_up(self.alice, self.bob)

    def both_are_hung_up(self, *phones) -> None:
        for phone in phones:
            phone.receives("BYE")
            phone.sends(200)
        for phone in (self.alice, self.bob):
            phone.has_received_nothing_else()

    # -- while it rings

    def test_in_a_provisional_response(self):
        self.bob.sends(180, body=self.bad)
        self.assertEqual(self.alice.receives(180).body, b"")
        self.answered_after_all()

    def test_in_a_reliable_one(self):
        """It counts, and is not said again with the answer: nobody would hear anybody."""
        self.bob.sends(183, answering=self.invite, body=self.bad, headers={"Require": "100rel", "RSeq": 1})
        self.bob.receives("CANCEL")
        self.bob.sends(200)
        self.bob.sends(487, answering=self.invite)
        self.bob.receives("ACK")
        self.alice.receives(488)
        for phone in (self.alice, self.bob):
            phone.has_received_nothing_else()

    def test_in_a_prack(self):
        early = self.early(body=self.good)
        self.assertIn(b"m=audio", early.body)
        self.alice.acknowledges(early, body=self.bad)
        self.assertEqual(self.bob.receives("PRACK").body, b"")
        self.bob.sends(200)
        self.alice.receives(200)
        self.answered_after_all()

    def test_in_the_answer_to_a_prack(self):
        """RFC 3262 5: a PRACK may offer anew once the first offer has its answer."""
        self.alice.acknowledges(self.early(body=self.good), body=self.good)
        self.assertIn(b"m=audio", self.bob.receives("PRACK").body)
        self.bob.sends(200)
        self.alice.receives(200)
        self.alice.acknowledges(self.early(2), body=self.good)
        self.assertIn(b"m=audio", self.bob.receives("PRACK").body)
        self.bob.sends(200, body=self.bad)
        self.assertEqual(self.alice.receives(200).body, b"")
        self.answered_after_all()

    def test_in_the_answer_to_an_early_update(self):
        """RFC 3311 5.2: the call ends before it is answered."""
        self.alice.acknowledges(self.early(body=self.good), body=self.good)
        self.bob.receives("PRACK")
        self.bob.sends(200)
        self.alice.receives(200)
        self.alice.sends("UPDATE", body=self.good)
        self.bob.receives("UPDATE")
        self.bob.sends(200, body=self.bad)
        self.bob.receives("BYE")
        self.bob.sends(200)
        self.alice.receives(488)
        self.both_are_hung_up(self.alice)
        self.bob.sends(487, answering=self.invite)   # RFC 3261 15.1.2
        self.bob.receives("ACK")
        self.alice.receives(487)

    # -- answered

    def test_in_the_answer(self):
        self.bob.sends(200, body=self.bad)
        self.alice.receives(488)
        self.bob.receives("ACK")
        self.both_are_hung_up(self.bob)

    def test_in_a_refusal(self):
        """RFC 3261 21.4.26 lets a 488 say what would have been acceptable."""
        self.bob.sends(488, body=self.bad)
        self.assertEqual(self.alice.receives(488).body, b"")
        self.bob.receives("ACK")

    def test_in_the_ack(self):
        self.bob.sends(200, body=self.good)
        self.alice.receives(200)
        self.alice.sends("ACK", body=self.bad)
        self.both_are_hung_up(self.bob, self.alice)

    # -- later

    def renegotiates(self, asks, answers, method: str) -> None:
        self.confirmed()
        asks.sends(method, body=None if method == "INVITE" else self.good, sdp=False)
        answers.receives(method)
        answers.sends(200, body=self.bad)
        if method == "INVITE":
            answers.receives("ACK")
        answers.receives("BYE")
        answers.sends(200)
        asks.receives(488)
        self.both_are_hung_up(asks)

    def test_in_a_new_answer(self):
        self.renegotiates(self.alice, self.bob, "INVITE")

    def test_in_a_new_answer_of_the_caller(self):
        self.renegotiates(self.bob, self.alice, "INVITE")

    def test_in_the_answer_to_an_update(self):
        self.renegotiates(self.alice, self.bob, "UPDATE")

    def test_in_the_callers_answer_to_an_update(self):
        self.renegotiates(self.bob, self.alice, "UPDATE")

    def test_in_the_ack_of_a_new_answer(self):
        self.confirmed()
        self.bob.sends("INVITE", sdp=False)
        self.alice.receives("INVITE")
        self.alice.sends(200, body=self.good)
        self.bob.receives(200)
        self.bob.sends("ACK", body=self.bad)
        self.both_are_hung_up(self.alice, self.bob)

    def test_in_answers_that_need_none(self):
        self.confirmed()
        for method in ("OPTIONS", "INFO", "MESSAGE", "BYE"):
            with self.subTest(method):
                self.alice.sends(method)
                self.bob.receives(method)
                self.bob.sends(200, body=self.bad)
                self.assertEqual(self.alice.receives(200).body, b"")

    def test_in_a_bye(self):
        self.confirmed()
        self.alice.sends("BYE", body=self.bad)
        self.assertEqual(self.bob.receives("BYE").body, b"")
        self.bob.sends(200)
        self.alice.receives(200)


class KeysInTheClear(PlainRtp):
    bad = SDES.encode()


class Addresses(PlainRtp):
    """Where media goes through relays only, one without a relay is as bad."""
    config = {"privacy": {"relay_only": True}}
    good, bad = (DTLS + HOST + RELAY).encode(), (DTLS + HOST).encode()
