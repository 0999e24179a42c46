"""Calls: RFC 3665 section 3, as far as it fits a proxy that stands between two users."""

from support.flow_test import FlowTest


class Call(FlowTest):
    def test_session_establishment(self):
        """RFC 3665 3.1, 3.2; hung up by the callee."""
        alice, bob = self.registered("alice", "bob")

        alice.sends("INVITE", to=bob)
        alice.receives(100)
        offer = bob.receives("INVITE")
        bob.sends(180)
        alice.receives(180)
        bob.sends(200)
        answer = alice.receives(200)
        alice.sends("ACK")
        bob.receives("ACK")

        self.assertIn(f"a=fingerprint:sha-256 {alice.media.fingerprint}", offer.sdp)
        self.assertIn(f"a=fingerprint:sha-256 {bob.media.fingerprint}", answer.sdp)

        bob.sends("BYE")
        alice.receives("BYE")
        alice.sends(200)
        bob.receives(200)

    def test_bye_from_the_caller(self):
        alice, bob = self.registered("alice", "bob")
        self.call(alice, bob)
        self.hang_up(alice, bob)

    def test_credentials_are_asked_for_on_a_flow_that_has_none(self):
        """RFC 3665 3.2: INVITE, 407, ACK, INVITE with credentials. Nothing rings before."""
        [bob] = self.registered("bob")
        alice = self.phone("alice")
        alice.sends("INVITE", to=bob, authenticates=False)
        challenge = alice.receives(407)
        bob.has_received_nothing_else()
        alice.authenticates(challenge)
        bob.receives("INVITE")
        bob.sends(486)
        alice.receives(486)
        bob.receives("ACK")

    def test_busy(self):
        """RFC 3665 3.9 (unsuccessful busy)."""
        alice, bob = self.registered("alice", "bob")
        alice.sends("INVITE", to=bob)
        bob.receives("INVITE")
        bob.sends(486)
        bob.receives("ACK")
        busy = alice.receives(486)
        self.assertEqual(busy.reason, "Busy Here", "reason phrases are Sotto's own")

    def test_cancel(self):
        """RFC 3665 3.8 (unsuccessful no answer): the caller gives up."""
        alice, bob = self.registered("alice", "bob")
        alice.sends("INVITE", to=bob)
        bob.receives("INVITE")
        bob.sends(180)
        alice.receives(180)
        alice.sends("CANCEL")
        alice.receives(200)
        bob.receives("CANCEL")
        bob.sends(200)
        bob.sends(487)
        bob.receives("ACK")
        alice.receives(487)

    def test_cancel_before_any_answer_waits_for_a_provisional_response(self):
        """RFC 3261 9.1: CANCEL goes to the callee only after its first 1xx."""
        alice, bob = self.registered("alice", "bob")
        alice.sends("INVITE", to=bob)
        alice.receives(100)
        bob.receives("INVITE")
        alice.sends("CANCEL")
        alice.receives(200)
        bob.has_received_nothing_else()
        bob.sends(180)
        bob.receives("CANCEL")
        bob.sends(200)
        bob.sends(487)
        bob.receives("ACK")
        alice.receives_one_of((180, 487))

    def test_cancel_that_crosses_the_answer(self):
        """RFC 3261 9.2: too late; the call is there and is ended by BYE."""
        alice, bob = self.registered("alice", "bob")
        alice.sends("INVITE", to=bob)
        bob.receives("INVITE")
        bob.sends(180)
        alice.receives(180)
        alice.sends("CANCEL")
        bob.receives("CANCEL")
        bob.sends(200)
        bob.sends(200)
        alice.receives(200)   # of the CANCEL
        alice.receives(200)   # of the INVITE
        alice.sends("ACK")
        bob.receives("ACK")
        self.hang_up(alice, bob)

    def test_unavailable(self):
        """RFC 3665 3.11 (unsuccessful temporarily unavailable)."""
        alice, bob = self.registered("alice", "bob")
        alice.sends("INVITE", to=bob)
        bob.receives("INVITE")
        bob.sends(480)
        bob.receives("ACK")
        alice.receives(480)

    def test_nobody_tells_unknown_from_offline(self):
        """P10: an unknown address, and one that is not registered, look alike."""
        [alice] = self.registered("alice")
        seen = []
        for callee in (self.phone("bob").aor, "sip:n0body@example.org"):
            alice.sends("INVITE", to=callee)
            refused = alice.receives(480)
            seen.append((refused.start, refused.names, len(refused.bytes()) - 2 * len(callee)))
        self.assertEqual(seen[0][:2], seen[1][:2])

    def test_another_domain_is_not_reached(self):
        [alice] = self.registered("alice")
        alice.sends("INVITE", to="sip:bob@elsewhere.example")
        self.assertIn(alice.receives_one_of((403, 404, 480)).status, (403, 404, 480))

    def test_names_aliases_and_addresses_are_ours(self):
        """In Request-URI and Route alike (RFC 3261 16.4, 16.5): the domain in any case, its aliases, where we listen."""
        alice, bob = self.registered("alice", "bob")
        here = f"127.0.0.1:{self.daemon.tls_port}"
        for host in ("EXAMPLE.org", self.daemon.own_hosts[1], self.daemon.own_hosts[1].upper(), here):
            with self.subTest(request_uri=host):
                alice.sends("INVITE", to=f"sip:{bob.user}@{host}")
                self.declined(alice, bob)
        for route in ("<sip:127.0.0.1;lr>", f"<sip:{here};lr>", "<sip:EXAMPLE.ORG;lr>", f"<sip:{self.daemon.own_hosts[1]};lr>"):
            with self.subTest(route=route):
                alice.sends("INVITE", to=bob, headers={"Route": route})
                self.declined(alice, bob)
        alice.sends("INVITE", to=bob, headers={"Route": "<sip:example.org;lr>, <sip:evil.example;lr>"})
        alice.receives(403)
        bob.has_received_nothing_else()

    def declined(self, caller, callee):
        callee.receives("INVITE")
        callee.sends(486)
        callee.receives("ACK")
        caller.receives(486)

    def test_decline_and_global_failure(self):
        alice, bob = self.registered("alice", "bob")
        alice.sends("INVITE", to=bob)
        bob.receives("INVITE")
        bob.sends(603)
        bob.receives("ACK")
        alice.receives(603)

    def test_early_media_and_several_provisional_responses(self):
        alice, bob = self.registered("alice", "bob")
        alice.sends("INVITE", to=bob)
        bob.receives("INVITE")
        for status in (180, 183, 180):
            bob.sends(status, sdp=status == 183)
            alice.receives(status)
        bob.sends(200)
        alice.receives(200)
        alice.sends("ACK")
        bob.receives("ACK")
        self.hang_up(bob, alice)

    def test_user_calls_himself(self):
        """A spiral of one phone: the INVITE comes back over the connection that it was sent on."""
        alice, desk = self.registered("alice", "alice.desk")
        desk.unregisters()
        desk.sends("INVITE", to=alice)
        alice.receives("INVITE")
        alice.sends(486)
        alice.receives("ACK")
        desk.receives(486)

    def test_invite_without_offer(self):
        """RFC 3264: the offer in the 200, the answer in the ACK."""
        alice, bob = self.registered("alice", "bob")
        alice.sends("INVITE", to=bob, sdp=False)
        self.assertEqual(bob.receives("INVITE").body, b"")
        bob.sends(200)
        self.assertIn(f"a=fingerprint:sha-256 {bob.media.fingerprint}", alice.receives(200).sdp)
        alice.sends("ACK", body=alice.media.describe("active"))
        self.assertIn(f"a=fingerprint:sha-256 {alice.media.fingerprint}", bob.receives("ACK").sdp)
        self.hang_up(alice, bob)

    def test_retransmitted_answer_is_acknowledged_again(self):
        """RFC 6026: a 200 repeated by the callee reaches the caller, and each ACK reaches the callee."""
        alice, bob = self.registered("alice", "bob")
        alice.sends("INVITE", to=bob)
        bob.receives("INVITE")
        ok = bob.sends(200)
        alice.receives(200)
        bob.connection.send(ok.bytes())
        alice.receives(200)
        for _ in range(2):
            alice.sends("ACK")
            bob.receives("ACK")
        self.hang_up(alice, bob)

    def test_two_calls_at_once_between_the_same_users(self):
        alice, bob = self.registered("alice", "bob")
        self.call(alice, bob)
        first = alice.dialog, bob.dialog
        self.call(bob, alice)
        second = alice.dialog, bob.dialog
        for dialogs in (first, second):
            alice.dialog, bob.dialog = dialogs
            self.hang_up(alice, bob)


class NoAnswer(FlowTest):
    """RFC 3665 3.8 with the server's own ring timeout."""
    config = {"proxy": {"ring_timeout": "10s"}}

    def test_phone_that_rings_too_long_is_cancelled(self):
        alice, bob = self.registered("alice", "bob")
        alice.sends("INVITE", to=bob)
        bob.receives("INVITE")
        bob.sends(180)
        alice.receives(180)
        bob.receives("CANCEL", timeout=15)
        bob.sends(200)
        bob.sends(487)
        bob.receives("ACK")
        alice.receives(480)


class CallAcrossWorkers(FlowTest):
    """Connections fall on workers by chance: with several of each, calls cross in every way."""
    threads = 2

    def test_calls_between_all_pairs(self):
        phones = self.registered("alice", "bob", "carol", "dave")
        for caller in phones:
            for callee in phones:
                if caller is not callee:
                    self.call(caller, callee)
                    self.hang_up(callee, caller)

    def test_cancel_and_busy(self):
        phones = self.registered("alice", "bob", "carol", "dave")
        for callee in phones[1:]:
            alice = phones[0]
            self.call_and_give_up(alice, callee)
            callee.sends("INVITE", to=alice)
            alice.receives("INVITE")
            alice.sends(486)
            alice.receives("ACK")
            callee.receives(486)

    def test_caller_comes_back_on_another_worker_and_hangs_up(self):
        alice, bob = self.registered("alice", "bob")
        for _ in range(4):
            self.call(alice, bob)
            alice.reconnects()
            alice.registers()
            self.hang_up(alice, bob)
            self.call(alice, bob)
            bob.reconnects()
            bob.registers()
            self.hang_up(alice, bob)
