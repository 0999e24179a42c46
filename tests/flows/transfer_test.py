"""Transfers between three phones (RFC 5589). Each phone quotes dialogs as it knows them; Sotto translates."""

import re
from urllib.parse import quote, unquote

from support.flow_test import FlowTest


class Transfer(FlowTest):
    def setUp(self):
        super().setUp()
        self.alice, self.bob, self.carol = self.registered("alice", "bob", "carol")

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
