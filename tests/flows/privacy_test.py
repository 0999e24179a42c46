"""Who is shown to whom: RFC 3323, RFC 3325, RFC 5079, per account, per call by header or by what is dialled."""

from support.flow_test import FlowTest
from support.sip import NameAddr

ANONYMOUS = "sip:anonymous@anonymous.invalid"


class Withholding(FlowTest):
    def setUp(self):
        super().setUp()
        self.alice, self.bob = self.registered("alice", "bob")
        self.name = self.ladder.is_secret(self.alice, "display name", "Alice Liddell 5317")

    def set(self, phone, *options):
        self.daemon.sotto("account", "set", f"{phone.user}@{phone.domain}", *options)

    def assert_withheld(self, invite):
        self.assertEqual(invite.from_.uri, ANONYMOUS)
        self.assertNotIn(self.alice.user, str(invite))
        self.assertFalse(invite.has("P-Asserted-Identity"))

    def whole_call(self, **options):
        """A call in which Bob must not learn who calls, from the INVITE to his own BYE."""
        self.alice.sends("INVITE", to=self.bob, from_=f'"{self.name}" <{self.alice.aor}>', **options)
        self.assert_withheld(self.bob.receives("INVITE"))
        self.bob.sends(200)
        self.alice.receives(200)
        self.alice.sends("ACK")
        self.assert_withheld(self.bob.receives("ACK"))
        self.alice.sends("INFO")
        self.assert_withheld(self.bob.receives("INFO"))
        self.bob.sends(200)
        self.alice.receives(200)
        self.bob.sends("BYE")
        bye = self.alice.receives("BYE")
        self.assertEqual(NameAddr.parse(bye.get("To")).uri, self.alice.aor, "the caller sees its own address")
        self.alice.sends(200)
        self.bob.receives(200)

    def test_identity_is_shown_by_default(self):
        self.alice.sends("INVITE", to=self.bob, from_=f'"Alice" <{self.alice.aor}>')
        self.assertEqual(self.bob.receives("INVITE").from_.uri, self.alice.aor)
        self.bob.sends(486)
        self.alice.receives(486)

    def test_by_header(self):
        for value in ("id", "user", "header;user", "id;critical", "ID ; User"):
            with self.subTest(privacy=value):
                self.whole_call(headers={"Privacy": value})

    def test_by_account(self):
        self.set(self.alice, "--withhold-identity", "on")
        self.whole_call()

    def test_by_anonymous_from(self):
        """RFC 3323 4.1.1.3."""
        self.alice.sends("INVITE", to=self.bob, from_=f'"Anonymous" <{ANONYMOUS}>')
        self.assert_withheld(self.bob.receives("INVITE"))
        self.bob.sends(486)
        self.alice.receives(486)

    def test_by_what_is_dialled(self):
        dialled = f"sip:%2331%23{self.bob.user}@{self.bob.domain}"
        self.alice.sends("INVITE", to=dialled, from_=f'"{self.name}" <{self.alice.aor}>')
        invite = self.bob.receives("INVITE")
        self.assert_withheld(invite)
        self.assertNotIn("31", invite.to.uri.replace(self.bob.user, ""))
        self.bob.sends(486)
        self.alice.receives(486)   # with To as it was dialled: the phone checks it

    def test_none_lifts_it_for_one_call(self):
        self.set(self.alice, "--withhold-identity", "on")
        self.alice.sends("INVITE", to=self.bob, headers={"Privacy": "none"})
        self.assertEqual(self.bob.receives("INVITE").from_.uri, self.alice.aor)
        self.bob.sends(486)
        self.alice.receives(486)

    def test_callee_refuses_the_anonymous(self):
        """RFC 5079."""
        self.set(self.bob, "--refuse-anonymous", "on")
        self.alice.sends("INVITE", to=self.bob, headers={"Privacy": "id"})
        self.alice.receives(433)
        self.bob.has_received_nothing_else()
        self.call(self.alice, self.bob)
        self.hang_up(self.alice, self.bob)

    def test_message_is_withheld_too(self):
        self.alice.sends("MESSAGE", to=self.bob, body=b"Guess who", content_type="text/plain", headers={"Privacy": "id"})
        self.assert_withheld(self.bob.receives("MESSAGE"))
        self.bob.sends(200)
        self.alice.receives(200)

    def anonymous_call(self, answer=486):
        self.alice.sends("INVITE", to=self.bob, headers={"Privacy": "id"})
        self.bob.receives("INVITE")
        self.bob.sends(answer)
        self.alice.receives(answer)
        self.bob.receives("ACK")

    def assert_blocked(self):
        self.alice.sends("INVITE", to=self.bob, headers={"Privacy": "id"})
        blocked = self.alice.receives(480)
        self.alice.sends("INVITE", to=f"sip:nobody{self.bob.user}@{self.bob.domain}", headers={"Privacy": "id"})
        unknown = self.alice.receives(480)
        self.assertEqual([name for name, _ in blocked.fields], [name for name, _ in unknown.fields])
        self.assertEqual(blocked.reason, unknown.reason)
        self.bob.has_received_nothing_else()

    def test_the_last_anonymous_caller_is_blocked_by_feature_code(self):
        """Bob does not learn who it is, and Alice not that she is blocked; her open calls arrive."""
        self.anonymous_call()
        self.bob.sends("INVITE", to=f"sip:*60%23@{self.bob.domain}")
        self.assertEqual(self.bob.receives(603).reason, "Last Anonymous Caller Blocked")
        self.assert_blocked()
        self.call(self.alice, self.bob)
        self.hang_up(self.alice, self.bob)

    def test_and_by_the_operator(self):
        address = f"{self.bob.user}@{self.bob.domain}"
        self.assertIn("nobody called", self.daemon.sotto("account", "block", address, check=False).stderr)
        self.anonymous_call()
        self.daemon.sotto("account", "block", address)
        self.assert_blocked()
        self.daemon.sotto("account", "unblock", address, "--yes")
        self.anonymous_call()

    def test_a_block_survives_the_daemon(self):
        self.anonymous_call()
        self.bob.sends("MESSAGE", to=f"sip:*60%23@{self.bob.domain}", body=b"x", content_type="text/plain")
        self.bob.receives(200)
        self.daemon.stop()
        self.daemon.start()
        self.alice, self.bob = self.registered("alice", "bob")
        self.assert_blocked()

    def test_who_answers_instead_is_shown_unless_withheld(self):
        """The connected line, when Bob's phone points to Carol's."""
        (carol,) = self.registered("carol")
        for withhold in ("off", "on"):
            self.set(carol, "--withhold-identity", withhold)
            self.alice.sends("INVITE", to=self.bob)
            self.bob.receives("INVITE")
            self.bob.sends(302, headers={"Contact": f"<{carol.aor}>"})
            self.bob.receives("ACK")
            carol.receives("INVITE")
            carol.sends(200)
            self.assertNotIn(carol.user, str(self.alice.receives(200)))
            self.alice.sends("ACK")
            carol.receives("ACK")
            carol.sends("BYE")
            bye = self.alice.receives("BYE")
            self.assertEqual(bye.from_.uri, ANONYMOUS if withhold == "on" else carol.aor)
            self.alice.sends(200)
            carol.receives(200)
