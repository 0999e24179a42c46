"""What a party asked for at the beginning of a call holds to its end: every request and response of the dialog, both ways."""

from support.flow_test import FlowTest
from support.sdp import Media

HOST, RELAY = "192.0.2.33", "198.51.100.9"
CANDIDATES = (f"a=ice-ufrag:abcd\r\na=ice-pwd:{'q' * 24}\r\n"
              f"a=candidate:1 1 udp 2113937151 {HOST} 4000 typ host\r\n"
              f"a=candidate:2 1 udp 33562367 {RELAY} 4001 typ relay raddr {HOST} rport 4000\r\n")


class IceMedia(Media):
    def describe(self, *arguments, **options) -> bytes:
        return super().describe(*arguments, **options) + CANDIDATES.encode()


class InDialog(FlowTest):
    def setUp(self):
        super().setUp()
        self.alice, self.bob = self.registered("alice", "bob")
        self.alice.media, self.bob.media = IceMedia(), IceMedia()

    def hides(self, message) -> None:
        self.assertIn(RELAY, str(message))
        self.assertNotIn(HOST, str(message))


class Session(InDialog):
    """RFC 3323 4.2, `session`."""

    def test_the_callers_addresses_in_everything_that_it_says_later(self):
        alice, bob = self.alice, self.bob
        alice.sends("INVITE", to=bob, headers={"Privacy": "id;session"})
        self.hides(bob.receives("INVITE"))
        bob.sends(200)
        self.assertIn(HOST, str(alice.receives(200)), "Bob asked for nothing")
        alice.sends("ACK")
        bob.receives("ACK")
        alice.sends("INVITE")
        self.hides(bob.receives("INVITE"))
        bob.sends(200)
        alice.receives(200)
        alice.sends("ACK")
        bob.receives("ACK")
        alice.sends("UPDATE", sdp=True)
        self.hides(bob.receives("UPDATE"))
        bob.sends(200)
        alice.receives(200)
        fragment = f"a=group:BUNDLE audio\r\nm=audio 9 RTP/AVP 0\r\na=mid:audio\r\n{CANDIDATES}"
        alice.sends("INFO", body=fragment.encode(), content_type="application/trickle-ice-sdpfrag",
                    headers={"Info-Package": "trickle-ice", "Content-Disposition": "Info-Package"})
        self.hides(bob.receives("INFO"))
        bob.sends(200)
        alice.receives(200)
        bob.sends("INVITE")
        alice.receives("INVITE")
        alice.sends(200)
        self.hides(bob.receives(200))
        bob.sends("ACK")
        alice.receives("ACK")
        self.hang_up(bob, alice)

    def test_an_answer_in_the_ack(self):
        self.alice.sends("INVITE", to=self.bob, sdp=False, headers={"Privacy": "session"})
        self.bob.receives("INVITE")
        self.bob.sends(200)
        self.alice.receives(200)
        self.alice.sends("ACK", body=self.alice.media.describe("active"))
        self.hides(self.bob.receives("ACK"))

    def test_an_answer_in_a_prack(self):
        self.alice.sends("INVITE", to=self.bob, sdp=False, headers={"Privacy": "session"})
        self.bob.receives("INVITE")
        self.bob.sends(183, sdp=True, headers={"Require": "100rel", "RSeq": 7001})
        early = self.alice.receives(183)
        self.alice.acknowledges(early, sdp=True)
        self.hides(self.bob.receives("PRACK"))
        self.bob.sends(200)
        self.alice.receives(200)

    def test_the_callees_addresses_in_everything_that_it_says_later(self):
        alice, bob = self.alice, self.bob
        alice.sends("INVITE", to=bob)
        bob.receives("INVITE")
        bob.sends(183, sdp=True, headers={"Privacy": "session"})
        self.hides(alice.receives(183))
        bob.sends(200)
        self.hides(alice.receives(200))
        alice.sends("ACK")
        bob.receives("ACK")
        bob.sends("INVITE")
        self.hides(alice.receives("INVITE"))
        alice.sends(200)
        bob.receives(200)
        bob.sends("ACK")
        alice.receives("ACK")
        alice.sends("INVITE")
        bob.receives("INVITE")
        bob.sends(200)
        self.hides(alice.receives(200))
        alice.sends("ACK")
        bob.receives("ACK")
        # RFC 3261 11.2: what a phone can do may be described in the answer to a question.
        for method, options in (("OPTIONS", {}), ("UPDATE", {"sdp": True}),
                                ("INFO", {"body": b"Signal=5\r\n", "content_type": "application/dtmf-relay"})):
            alice.sends(method, **options)
            bob.receives(method)
            bob.sends(200, sdp=True)
            self.hides(alice.receives(200))


class Wishes(InDialog):
    def test_critical_addresses_that_cannot_be_hidden(self):
        """RFC 3323 5: without `critical` it is the media that is not acceptable, with it the privacy that cannot be had."""
        self.call(self.alice, self.bob)
        between, self.alice.media = self.alice.dialog, Media()   # without a relay
        for privacy, status in (("session", 488), ("session;critical", 500), ("CRITICAL ; id;session", 500)):
            for dialog in (None, between):
                with self.subTest(privacy=privacy, inside=dialog is not None):
                    self.alice.sends("INVITE", to=None if dialog else self.bob, dialog=dialog, headers={"Privacy": privacy})
                    refused = self.alice.receives(status)
                    self.assertRegex(refused.get("Warning"), r'^399 \S+ ".*relay.*"$')
                    self.assertEqual(refused.reason, "Requested Privacy Not Available" if status == 500 else "Not Acceptable Here")
        self.bob.has_received_nothing_else()

    def test_critical_that_cannot_be_met(self):
        self.call(self.alice, self.bob)
        self.alice.sends("UPDATE", sdp=True, headers={"Privacy": "critical;x-unknown"})
        self.alice.receives(500)
        self.bob.has_received_nothing_else()

    def test_a_caller_may_withhold_itself_from_one_request(self):
        self.call(self.alice, self.bob)
        self.alice.sends("REFER", headers={"Refer-To": "<sip:carol@example.org>", "Privacy": "user",
                                           "Referred-By": f"<{self.alice.aor}>"})
        refer = self.bob.receives("REFER")
        self.assertFalse(refer.has("Referred-By"))
        self.assertNotIn(self.alice.user, str(refer))
        self.bob.sends(202)
        self.alice.receives(202)
        self.hang_up(self.bob, self.alice)


class Requests(InDialog):
    def test_methods_that_no_call_holds(self):
        self.call(self.alice, self.bob)
        for method, status in (("CANARY", 501), ("PUBLISH", 489), ("SUBSCRIBE", 489), ("REGISTER", 403)):
            with self.subTest(method):
                self.alice.sends(method, headers={"Event": "presence"})
                self.alice.receives(status)
        self.bob.has_received_nothing_else()
        self.hang_up(self.bob, self.alice)

    def test_requests_that_lack_what_they_are_about(self):
        self.call(self.alice, self.bob)
        state = {"Subscription-State": "active"}
        for method, headers, status in (("PRACK", {"RAck": "garbage"}, 400), ("PRACK", {}, 400),
                                        ("NOTIFY", {"Event": "presence", **state}, 489), ("NOTIFY", state, 489)):
            with self.subTest(method, **headers):
                self.alice.sends(method, headers=headers)
                self.alice.receives(status)
        self.bob.has_received_nothing_else()
        self.hang_up(self.bob, self.alice)

    def test_notifications_of_two_transfers_are_told_apart(self):
        """RFC 3515 2.4.6: the id is the CSeq number of the REFER, as whoever sent it knows it."""
        self.call(self.alice, self.bob)
        sent, seen = [], []
        for name in ("carol", "dave"):
            sent.append(self.alice.sends("REFER", headers={"Refer-To": f"<sip:{name}@example.org>"}).request.cseq[0])
            seen.append(self.bob.receives("REFER").cseq[0])
            self.bob.sends(202)
            self.alice.receives(202)
        for own, other in zip(sent, seen):
            self.bob.sends("NOTIFY", body=b"SIP/2.0 100 Trying\r\n", content_type="message/sipfrag",
                           headers={"Event": f"refer;id={other}", "Subscription-State": "active;expires=60"})
            self.assertEqual(self.alice.receives("NOTIFY").get("Event"), f"refer;id={own}")
            self.alice.sends(200)
            self.bob.receives(200)

    def test_why_a_call_was_cancelled(self):
        """RFC 3326: answered elsewhere is no missed call."""
        self.alice.sends("INVITE", to=self.bob)
        self.bob.receives("INVITE")
        self.bob.sends(180)
        self.alice.receives(180)
        self.alice.sends("CANCEL", headers={"Reason": 'SIP;cause=200;text="a canary"'})
        self.alice.receives(200)
        self.assertEqual(self.bob.receives("CANCEL").get("Reason"), "SIP;cause=200")
        self.bob.sends(200)
        self.bob.sends(487)
        self.bob.receives("ACK")
        self.alice.receives(487)
