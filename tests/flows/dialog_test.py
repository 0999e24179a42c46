"""Requests inside a dialog, from either side, and strangers who try to get in."""

from support.flow_test import FlowTest


class InDialog(FlowTest):
    def setUp(self):
        super().setUp()
        self.alice, self.bob = self.registered("alice", "bob")

    def exchange(self, one, other, method, **options):
        """A request of `one` that `other` answers with 200."""
        one.sends(method, **options)
        request = other.receives(method)
        other.sends(200)
        one.receives(200)
        return request

    def test_reinvite_from_either_side(self):
        """RFC 3665 3.7 (session with re-INVITE); hold and resume."""
        self.call(self.alice, self.bob)
        for one, other in ((self.alice, self.bob), (self.bob, self.alice), (self.alice, self.bob)):
            one.sends("INVITE", body=one.media.describe(direction="sendonly"))
            self.assertIn("a=sendonly", other.receives("INVITE").sdp)
            other.sends(200)
            one.receives(200)
            one.sends("ACK")
            other.receives("ACK")
        self.hang_up(self.bob, self.alice)

    def test_refused_reinvite_leaves_the_call(self):
        self.call(self.alice, self.bob)
        self.alice.sends("INVITE")
        self.bob.receives("INVITE")
        self.bob.sends(488)
        self.bob.receives("ACK")
        self.alice.receives(488)
        self.hang_up(self.alice, self.bob)

    def test_cancelled_reinvite_leaves_the_call(self):
        self.call(self.alice, self.bob)
        self.alice.sends("INVITE")
        self.bob.receives("INVITE")
        self.bob.sends(180)
        self.alice.receives(180)
        self.alice.sends("CANCEL")
        self.alice.receives(200)
        self.bob.receives("CANCEL")
        self.bob.sends(200)
        self.bob.sends(487)
        self.bob.receives("ACK")
        self.alice.receives(487)
        self.hang_up(self.bob, self.alice)

    def test_update(self):
        """RFC 3311."""
        self.call(self.alice, self.bob)
        for one, other in ((self.alice, self.bob), (self.bob, self.alice)):
            one.sends("UPDATE", sdp=True)
            other.receives("UPDATE")
            other.sends(200, sdp=True)
            self.assertIn(f"a=fingerprint:sha-256 {other.media.fingerprint}", one.receives(200).sdp)
        self.hang_up(self.alice, self.bob)

    def test_update_in_an_early_dialog(self):
        self.alice.sends("INVITE", to=self.bob)
        invite = self.bob.receives("INVITE")
        self.bob.sends(183, sdp=True)
        self.alice.receives(183)
        self.alice.sends("UPDATE", sdp=True)
        update = self.bob.receives("UPDATE")
        self.bob.sends(200, sdp=True, answering=update)
        self.alice.receives(200)
        self.bob.sends(200, sdp=False, answering=invite)
        self.alice.receives(200)
        self.alice.sends("ACK")
        self.bob.receives("ACK")
        self.hang_up(self.bob, self.alice)

    def test_info(self):
        """RFC 6086: DTMF as phones send it."""
        self.call(self.alice, self.bob)
        for one, other in ((self.alice, self.bob), (self.bob, self.alice)):
            info = self.exchange(one, other, "INFO", body=b"Signal=5\r\nDuration=160\r\n",
                                 content_type="application/dtmf-relay")
            self.assertEqual(info.body, b"Signal=5\r\nDuration=160\r\n")
            info = self.exchange(one, other, "INFO", body=b"5\r\n", content_type="application/dtmf")
            self.assertEqual((info.get("Content-Type"), info.body), ("application/dtmf", b"5"))
            one.sends("INFO", body=b"x", content_type="application/x-tones")
            self.assertEqual(one.receives(415).elements("Accept"), [
                "application/dtmf", "application/dtmf-relay", "application/media_control+xml", "application/trickle-ice-sdpfrag"])
        self.hang_up(self.alice, self.bob)

    def test_reliable_provisional_response(self):
        """RFC 3262: RAck names the INVITE by the CSeq that its receiver knows."""
        self.alice.sends("INVITE", to=self.bob, headers={"Supported": "100rel"})
        invite = self.bob.receives("INVITE")
        self.assertIn("100rel", invite.elements("Supported"))
        self.bob.sends(183, sdp=True, headers={"Require": "100rel", "RSeq": 7001})
        progress = self.alice.receives(183)
        self.assertIn("100rel", progress.elements("Require"))
        self.assertNotEqual(progress.get("RSeq"), "7001", "Bob's phone counts, and Alice must not know how far")
        self.alice.acknowledges(progress)
        prack = self.bob.receives("PRACK")
        self.assertEqual(prack.get("RAck"), f"7001 {invite.cseq[0]} INVITE")
        self.bob.sends(200, answering=prack)
        self.alice.receives(200)
        self.bob.sends(200, answering=invite, sdp=False)
        self.alice.receives(200)
        self.alice.sends("ACK")
        self.bob.receives("ACK")
        self.hang_up(self.alice, self.bob)

    def test_refer_with_notify(self):
        """RFC 3515: a blind transfer to Carol, seen by Bob, who reports on it to Alice."""
        [carol] = self.registered("carol")
        self.call(self.alice, self.bob)
        self.alice.sends("REFER", headers={"Refer-To": f"<{carol.aor}>"})
        refer = self.bob.receives("REFER")
        self.assertIn(carol.aor, refer.get("Refer-To"))
        self.bob.sends(202)
        self.alice.receives(202)
        with_alice = self.bob.dialog
        for line, state in (("SIP/2.0 100 Trying", "active;expires=60"),
                            ("SIP/2.0 200 OK", "terminated;reason=noresource")):
            self.bob.sends("NOTIFY", dialog=with_alice, body=f"{line}\r\n".encode(), content_type="message/sipfrag",
                           headers={"Event": "refer", "Subscription-State": state})
            notify = self.alice.receives("NOTIFY")
            self.assertTrue(notify.body.startswith(line.encode()))
            self.assertEqual(notify.get("Event").split(";")[0], "refer")
            self.alice.sends(200)
            self.bob.receives(200)
        self.bob.sends("INVITE", to=carol)
        carol.receives("INVITE")
        carol.sends(200)
        self.bob.receives(200)
        self.bob.sends("ACK")
        carol.receives("ACK")
        self.hang_up(carol, self.bob)
        self.bob.dialog = with_alice
        self.hang_up(self.alice, self.bob)

    def test_options_and_message_inside_the_dialog(self):
        self.call(self.alice, self.bob)
        self.exchange(self.bob, self.alice, "OPTIONS")
        text = self.exchange(self.alice, self.bob, "MESSAGE", body=b"On hold.", content_type="text/plain")
        self.assertEqual(text.body, b"On hold.")
        self.hang_up(self.bob, self.alice)

    def test_byes_that_cross(self):
        self.call(self.alice, self.bob)
        self.alice.sends("BYE")
        self.bob.sends("BYE")
        for phone in (self.alice, self.bob):
            phone.receives_one_of(("BYE", 200, 481))
        # Whichever was first ended the call; the other is answered, never left hanging.

    def test_dialog_goes_on_over_a_new_connection(self):
        """RFC 5626: the call outlives the connection; both hang up over the one that followed."""
        self.call(self.alice, self.bob)
        self.bob.reconnects()
        self.bob.registers()
        self.exchange(self.alice, self.bob, "INFO")
        self.alice.reconnects()
        self.alice.registers()
        self.exchange(self.bob, self.alice, "INFO")
        self.hang_up(self.alice, self.bob)

    def test_flow_cut_while_ringing_and_answered_over_the_next(self):
        self.alice.sends("INVITE", to=self.bob)
        self.bob.receives("INVITE")
        self.bob.sends(200)
        self.alice.receives(200)
        self.alice.loses_connection()
        self.alice.connects()
        self.alice.registers()
        self.alice.sends("ACK")
        self.bob.receives("ACK")
        self.hang_up(self.bob, self.alice)

    def test_bye_on_a_flow_without_credentials_is_challenged(self):
        """A token is of use only to the authenticated party that received it."""
        self.call(self.alice, self.bob)
        self.alice.reconnects()
        self.alice.sends("BYE")
        self.alice.authenticates(self.alice.receives(407))
        self.bob.receives("BYE")
        self.bob.sends(200)
        self.alice.receives(200)

    def test_phone_that_is_gone(self):
        """The callee's phone has lost its connection for good: 481, as for an ended dialog."""
        self.call(self.alice, self.bob)
        self.bob.loses_connection()
        self.alice.sends("BYE")
        self.alice.receives(481)


class Ended(FlowTest):
    def test_nobody_learns_of_the_other_party_from_a_dialog_that_is_over(self):
        """481 in one form for each request, whether the other one is there, away or suspended (SEALING.md)."""
        alice, bob = self.registered("alice", "bob")
        self.call(alice, bob)
        self.hang_up(alice, bob)
        dialogs = {alice: alice.dialog, bob: bob.dialog}
        for asks, other in ((alice, bob), (bob, alice)):
            answers = {}
            for state in ("there", "away", "suspended"):
                if state == "away":
                    other.unregisters()
                    other.hangs_up_tls()
                if state == "suspended":
                    self.daemon.sotto("account", "set", f"{other.user}@{other.domain}", "--status", "suspended")
                for method in ("INFO", "OPTIONS", "INVITE", "UPDATE", "MESSAGE", "BYE"):
                    asks.sends(method, dialog=dialogs[asks], body=b"x" if method == "MESSAGE" else None)
                    answer = asks.receives(481)
                    own = ("Via", "From", "To", "Call-ID", "CSeq")   # the request's own
                    form = answer.start, [(name, "" if name in own else value) for name, value in answer.fields], answer.body
                    self.assertEqual(answers.setdefault(method, form), form, f"{method} while the other one is {state}")
                if state == "there":
                    other.has_received_nothing_else()
            self.daemon.sotto("account", "set", f"{other.user}@{other.domain}", "--status", "active")
            other.connects()
            other.registers()


class Strangers(FlowTest):
    def setUp(self):
        super().setUp()
        self.alice, self.bob, self.mallory = self.registered("alice", "bob", "dave")
        self.call(self.alice, self.bob)

    def still_up(self):
        self.bob.has_received_nothing_else()
        self.hang_up(self.alice, self.bob)

    def test_forged_target_token(self):
        good = self.alice.dialog.target
        user = good[good.index(":") + 1:good.index("@")]
        flipped = user[:-1] + ("A" if user[-1] != "A" else "B")
        for forged in (flipped, user[::-1], user[:-4], "AAAA" * 9, "x"):
            with self.subTest(token=forged):
                self.alice.sends("BYE", uri=good.replace(user, forged))
                self.alice.receives(481)
        self.still_up()

    def test_forged_tag(self):
        dialog = self.alice.dialog
        kept = dialog.remote_tag
        dialog.remote_tag = "A" * len(kept)
        self.alice.sends("BYE")
        self.alice.receives(481)
        dialog.remote_tag = kept
        self.still_up()

    def test_token_in_the_hands_of_another_account(self):
        """Mallory has seen everything that Alice sees, and is nobody but Mallory."""
        stolen = self.alice.dialog
        self.ladder.initiate(self.alice, self.mallory)
        self.mallory.sends("BYE", dialog=stolen)
        self.mallory.receives_one_of((403, 481))
        self.still_up()

    def test_call_to_a_remote_target(self):
        """A request without To tag to somebody's target token is a call to an unknown address."""
        self.alice.sends("INVITE", to=self.alice.dialog.target)
        self.alice.receives_one_of((480, 481))
        self.still_up()

    def test_ended_dialog(self):
        self.hang_up(self.alice, self.bob)
        self.alice.sends("INFO")
        self.alice.receives(481)
        self.bob.sends("INFO")
        self.bob.receives(481)

    def test_request_with_a_tag_that_nobody_gave(self):
        self.mallory.sends("BYE", to=self.bob, headers={"To": f"<{self.bob.aor}>;tag=guessed"})
        self.mallory.receives(481)
        self.still_up()
