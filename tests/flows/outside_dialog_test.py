"""Requests outside of a dialog that are no calls: MESSAGE goes to the phones, OPTIONS and SUBSCRIBE are Sotto's own."""

from support.flow_test import FlowTest

OWN = ("Via", "From", "To", "Call-ID", "CSeq")   # what an answer repeats of its request


class OutsideOfDialogs(FlowTest):
    def test_message(self):
        """RFC 3428."""
        alice, bob = self.registered("alice", "bob")
        alice.sends("MESSAGE", to=bob, body="Grüße aus Köln".encode(), content_type="text/plain;charset=UTF-8")
        text = bob.receives("MESSAGE")
        self.assertEqual(text.body.decode(), "Grüße aus Köln")
        self.assertFalse(text.has("Contact"), "RFC 3428 4: no Contact in a MESSAGE")
        bob.sends(200)
        alice.receives(200)

    def test_message_to_two_phones(self):
        alice, desk, mobile = self.registered("alice", "bob.desk", "bob.mobile")
        alice.sends("MESSAGE", to=desk, body=b"Lunch?", content_type="text/plain")
        for phone in (desk, mobile):
            phone.receives("MESSAGE")
            phone.sends(200)
        alice.receives(200)
        alice.has_received_nothing_else()

    def test_message_to_nobody(self):
        [alice] = self.registered("alice")
        seen = []
        for address in (self.phone("bob").aor, "sip:n0body@example.org"):
            alice.sends("MESSAGE", to=address, body=b"Hello?", content_type="text/plain")
            refused = alice.receives(480)
            seen.append((refused.start, refused.names))
        self.assertEqual(*seen)

    def test_message_needs_credentials(self):
        [bob] = self.registered("bob")
        alice = self.phone("alice")
        alice.sends("MESSAGE", to=bob, body=b"Hello?", content_type="text/plain", authenticates=False)
        challenge = alice.receives(407)
        bob.has_received_nothing_else()
        alice.authenticates(challenge)
        bob.receives("MESSAGE")
        bob.sends(200)
        alice.receives(200)

    def ask_about_everybody(self, method, **headers):
        """The answers about a registered, an offline and an unknown user, in form."""
        alice, bob = self.registered("alice", "bob")
        seen = []
        for address in (bob.aor, self.phone("carol").aor, "sip:n0body@example.org"):
            alice.sends(method, to=address, headers={k.replace("_", "-"): v for k, v in headers.items()})
            answer = alice.receives_one_of((200, 403, 405, 480, 489))
            seen.append((answer.start, [(n, v) for n, v in answer.fields if n not in OWN]))
        bob.has_received_nothing_else()
        self.assertEqual(seen[0], seen[1])
        self.assertEqual(seen[0], seen[2])
        return seen[0][0]

    def test_options_tells_nothing_about_anybody(self):
        self.assertEqual(self.ask_about_everybody("OPTIONS"), "SIP/2.0 200 OK")

    def test_subscribe_tells_nothing_about_anybody(self):
        """489: presence is not published (RFC 6665 4.2.1)."""
        self.assertEqual(self.ask_about_everybody("SUBSCRIBE", Event="presence", Expires=600), "SIP/2.0 489 Bad Event")

    def test_options_needs_an_account(self):
        """P10: without an account nothing can be asked about anybody."""
        [bob] = self.registered("bob")
        stranger = self.phone("alice")
        seen = []
        for address in (bob.aor, "sip:n0body@example.org"):
            stranger.sends("OPTIONS", to=address, authenticates=False)
            refused = stranger.receives(407)
            seen.append([(n, v) for n, v in refused.fields if n not in OWN and n != "Proxy-Authenticate"])
        self.assertEqual(*seen)
        bob.has_received_nothing_else()

    def test_notify_and_publish_of_strangers_reach_nobody(self):
        alice, bob = self.registered("alice", "bob")
        alice.sends("NOTIFY", to=bob, headers={"Event": "presence", "Subscription-State": "active",
                                               "Contact": f"<{alice.contact}>"})
        self.assertGreaterEqual(alice.receives_one_of((403, 405, 480, 481, 489, 501)).status, 400)
        alice.sends("PUBLISH", to=alice, headers={"Event": "presence"})
        self.assertGreaterEqual(alice.receives_one_of((403, 405, 480, 481, 489, 501)).status, 400)
        bob.has_received_nothing_else()
