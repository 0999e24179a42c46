"""Transfers between three phones (RFC 5589). Each phone quotes dialogs as it knows them; Sotto translates."""

import re
from urllib.parse import quote, unquote

from support.flow_test import FlowTest


def quoted(dialog, target: str, quoting: str) -> str:
    """A dialog as its party names it to the other one: `target` is the name of the other one's tag."""
    return f"{dialog.call_id};{target}={dialog.remote_tag};{quoting}={dialog.local_tag}"


class ThreePhones(FlowTest):
    def setUp(self):
        super().setUp()
        self.alice, self.bob, self.carol = self.registered("alice", "bob", "carol")

    def is_quoted_as(self, own, value: str, *names: str) -> None:
        """The receiver finds its own dialog: its Call-ID, its tag, and the other one's as it knows it."""
        call_id, *tags = (piece.strip() for piece in value.split(";"))
        self.assertEqual((call_id, set(tags)), (own.call_id, {f"{names[0]}={own.local_tag}", f"{names[1]}={own.remote_tag}"}))


class Transfer(ThreePhones):
    def report(self, reporter, to, line, state):
        """NOTIFY of the `refer` package (RFC 3515 2.4.4)."""
        with_referrer = reporter.dialog
        reporter.sends("NOTIFY", body=f"{line}\r\n".encode(), content_type="message/sipfrag",
                       headers={"Event": "refer", "Subscription-State": state})
        to.receives("NOTIFY")
        to.sends(200)
        reporter.receives(200)
        return with_referrer

    def follow(self, referred, refer, target):
        """The referred phone calls where it was sent, with what the Refer-To asks it to quote."""
        address = re.match(r"<([^>]*)>", refer.get("Refer-To"))[1]
        uri, _, headers = address.partition("?")
        extra = {name: unquote(value) for name, _, value in (h.partition("=") for h in headers.split("&") if h)}
        if refer.has("Referred-By"):
            extra["Referred-By"] = refer.get("Referred-By")
        referred.sends("INVITE", to=uri, headers=extra)
        invite = target.receives("INVITE")
        target.sends(200)
        referred.receives(200)
        referred.sends("ACK")
        target.receives("ACK")
        return invite

    def test_the_target_holds_no_word_of_its_senders(self):
        self.call(self.alice, self.bob)
        for gr in (";gr=urn:uuid:canary", ";gr", ";gr=canary;method=INVITE"):
            self.alice.sends("REFER", headers={"Refer-To": f"<{self.carol.aor}{gr}>"})
            target = self.bob.receives("REFER").get("Refer-To")
            self.assertTrue(target in (f"<{self.carol.aor}>", f"<{self.carol.aor};method=INVITE>"), target)
            self.bob.sends(603)
            self.alice.receives(603)

    def test_blind_transfer(self):
        self.call(self.alice, self.bob)
        self.alice.sends("REFER", headers={"Refer-To": f"<{self.carol.aor}>", "Referred-By": f"<{self.alice.aor}>"})
        refer = self.bob.receives("REFER")
        self.bob.sends(202)
        self.alice.receives(202)
        first = self.report(self.bob, self.alice, "SIP/2.0 100 Trying", "active;expires=60")
        self.follow(self.bob, refer, self.carol)
        second, self.bob.dialog = self.bob.dialog, first
        self.report(self.bob, self.alice, "SIP/2.0 200 OK", "terminated;reason=noresource")
        self.hang_up(self.alice, self.bob)
        self.bob.dialog = second
        self.hang_up(self.carol, self.bob)

    def test_attended_transfer(self):
        """Alice speaks to Bob and to Carol, and joins the two: Bob's call replaces hers at Carol's phone (RFC 3891)."""
        self.call(self.alice, self.bob)
        with_bob = self.alice.dialog
        self.call(self.alice, self.carol)
        with_carol, at_carol = self.alice.dialog, self.carol.dialog

        replaces = f"{with_carol.call_id};to-tag={with_carol.remote_tag};from-tag={with_carol.local_tag}"
        self.alice.sends("REFER", dialog=with_bob, headers={
            "Refer-To": f"<{with_carol.target}?Replaces={quote(replaces, safe='')}>",
            "Referred-By": f"<{self.alice.aor}>"})
        refer = self.bob.receives("REFER")
        for value in (with_carol.call_id, with_carol.local_tag, with_carol.remote_tag, at_carol.local_tag):
            self.assertNotIn(value, unquote(refer.get("Refer-To")), "Bob learns nothing of the other dialog")
        self.bob.sends(202)
        self.alice.receives(202)

        invite = self.follow(self.bob, refer, self.carol)
        call_id, *tags = [piece.strip() for piece in invite.get("Replaces").split(";")]
        self.assertEqual(call_id, at_carol.call_id, "Carol's own view of the dialog that is replaced")
        self.assertIn(f"to-tag={at_carol.local_tag}", tags)
        self.assertIn(f"from-tag={at_carol.remote_tag}", tags)

        self.carol.dialog, with_bob_at_carol = at_carol, self.carol.dialog
        self.alice.dialog = with_carol
        self.hang_up(self.carol, self.alice)
        self.carol.dialog = with_bob_at_carol
        self.hang_up(self.bob, self.carol)

    def test_an_invitation_into_a_call(self):
        """Alice asks Carol to join her call with Bob (RFC 3911 7.1): Bob is told by his own view of it."""
        self.call(self.alice, self.carol)
        with_carol = self.alice.dialog
        self.call(self.alice, self.bob)
        with_bob, at_bob = self.alice.dialog, self.bob.dialog
        self.alice.sends("REFER", dialog=with_carol, headers={
            "Refer-To": f"<{with_bob.target}?Join={quote(quoted(with_bob, 'to-tag', 'from-tag'), safe='')}>"})
        refer = self.carol.receives("REFER")
        for value in (with_bob.call_id, with_bob.local_tag, with_bob.remote_tag, at_bob.local_tag):
            self.assertNotIn(value, unquote(refer.get("Refer-To")), "Carol learns nothing of the other dialog")
        self.carol.sends(202)
        self.alice.receives(202)
        invite = self.follow(self.carol, refer, self.bob)
        self.is_quoted_as(at_bob, invite.get("Join"), "to-tag", "from-tag")
        self.hang_up(self.carol, self.bob)


class Quotes(ThreePhones):
    """Join (RFC 3911) and Target-Dialog (RFC 4538), from either party and from strangers."""

    def setUp(self):
        super().setUp()
        self.call(self.alice, self.bob)
        self.at_alice, self.at_bob = self.alice.dialog, self.bob.dialog

    def test_a_second_phone_joins(self):
        """Of the caller as of the callee: each quotes the call as its account knows it."""
        for own, other, other_phone in ((self.at_alice, self.at_bob, self.bob), (self.at_bob, self.at_alice, self.alice)):
            name = "alice.desk" if other_phone is self.bob else "bob.desk"
            with self.subTest(name):
                [desk] = self.registered(name)
                desk.sends("INVITE", to=other_phone, headers={"Join": quoted(own, "to-tag", "from-tag"), "Require": "join"})
                invite = other_phone.receives("INVITE")
                self.is_quoted_as(other, invite.get("Join"), "to-tag", "from-tag")
                self.assertEqual(invite.get("Require"), "join")
                other_phone.sends(200)
                desk.receives(200)
                desk.sends("ACK")
                other_phone.receives("ACK")
                self.hang_up(desk, other_phone)
                desk.connection.close()

    def test_strangers_join_nothing(self):
        """Neither with what they overheard nor with what they made up, and nobody joins a call with somebody else."""
        for value in (quoted(self.at_alice, "to-tag", "from-tag"), quoted(self.at_bob, "to-tag", "from-tag"),
                      "made-up;to-tag=1;from-tag=2"):
            self.carol.sends("INVITE", to=self.bob, headers={"Join": value})
            self.carol.receives(481)
        self.alice.sends("INVITE", to=self.carol, headers={"Join": quoted(self.at_alice, "to-tag", "from-tag")})
        self.alice.receives(481)
        self.bob.has_received_nothing_else()
        self.carol.has_received_nothing_else()

    def test_a_request_that_names_a_dialog_of_the_two(self):
        text = {"body": b"Hello?", "content_type": "text/plain"}
        for one, own, other, at_other in ((self.alice, self.at_alice, self.bob, self.at_bob),
                                          (self.bob, self.at_bob, self.alice, self.at_alice)):
            for method, options in (("INVITE", {}), ("MESSAGE", text)):
                with self.subTest(one.name, method=method):
                    one.sends(method, to=other, **options, headers={
                        "Target-Dialog": quoted(own, "local-tag", "remote-tag"), "Require": "tdialog"})
                    request = other.receives(method)
                    self.is_quoted_as(at_other, request.get("Target-Dialog"), "local-tag", "remote-tag")
                    self.assertEqual(request.get("Require"), "tdialog")
                    other.sends(486)
                    if method == "INVITE":
                        other.receives("ACK")
                    one.receives(486)

    def test_a_dialog_that_is_not_of_the_two_is_not_named(self):
        """RFC 4538 4: a header that fits nothing is ignored; here it does not even arrive."""
        overheard = quoted(self.at_alice, "local-tag", "remote-tag")
        for one, other, value in ((self.carol, self.bob, overheard), (self.carol, self.bob, "made-up;local-tag=1;remote-tag=2"),
                                  (self.alice, self.carol, overheard)):
            one.sends("INVITE", to=other, headers={"Target-Dialog": value})
            invite = other.receives("INVITE")
            self.assertFalse(invite.has("Target-Dialog"))
            self.assertNotIn(self.at_alice.call_id, str(invite))
            other.sends(486)
            other.receives("ACK")
            one.receives(486)
        self.alice.sends("INVITE", to="sip:nobody@example.org", headers={"Target-Dialog": overheard})
        self.alice.receives(480)   # as without it: whom a quote is for tells nobody who exists
