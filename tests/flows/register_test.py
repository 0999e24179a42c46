"""Registration: RFC 3665 section 2, RFC 3261 section 10."""

import re

from support import digest
from support.flow_test import FlowTest


def expires_of(response) -> int:
    return int(response.contact.params["expires"])


class Register(FlowTest):
    def test_successful_new_registration(self):
        """RFC 3665 2.1: Bob --REGISTER--> 401, REGISTER with credentials --> 200."""
        bob = self.phone("bob")
        bob.transmits(bob.register_request(headers={"Expires": 7200}))
        challenge = bob.receives(401)
        bob.authenticates(challenge)
        ok = bob.receives(200)
        self.assertEqual(ok.contact.uri, bob.contact)
        self.assertEqual(expires_of(ok), 600, "a longer lifetime is cut to the configured one")

    def test_challenge_has_one_algorithm_and_names_the_realm(self):
        bob = self.phone("bob")
        bob.transmits(bob.register_request())
        challenge = digest.parse_challenge(bob.receives(401).get("WWW-Authenticate"))
        self.assertEqual(challenge["realm"], "example.org")
        self.assertEqual(challenge["algorithm"], "SHA-256")
        self.assertEqual(challenge["qop"], "auth")

    def test_update_of_contact_list(self):
        """RFC 3665 2.2: a further contact; each device is shown its own only (documented deviation from 10.3 step 8)."""
        bob, desk = self.registered("bob", "bob.desk")
        again = desk.registers()
        self.assertEqual([c.uri for c in again.contacts], [desk.contact])
        self.assertEqual([c.uri for c in bob.registers().contacts], [bob.contact])

    def test_request_for_current_contact_list(self):
        """RFC 3665 2.3: REGISTER without Contact."""
        bob, _ = self.registered("bob", "bob.desk")
        listed = bob.registers(expires=None, contact="")
        self.assertEqual([c.uri for c in listed.contacts], [bob.contact])
        self.assertTrue(0 < expires_of(listed) <= 600)

    def test_nothing_is_listed_where_nothing_is_registered(self):
        bob = self.phone("bob")
        self.assertEqual(bob.registers(expires=None, contact="").contacts, [])

    def test_cancellation_with_star(self):
        """RFC 3665 2.4: `Contact: *` with Expires: 0 removes every binding of the address."""
        alice, bob, desk = self.registered("alice", "bob", "bob.desk")
        self.assertEqual(bob.registers(expires=0, contact="*").contacts, [])
        alice.sends("INVITE", to=bob)
        alice.receives(480)
        desk.has_received_nothing_else()

    def test_cancellation_of_one_contact(self):
        alice, bob, desk = self.registered("alice", "bob", "bob.desk")
        self.assertEqual(bob.unregisters().contacts, [])
        alice.sends("INVITE", to=bob)
        desk.receives("INVITE")
        desk.sends(486)
        alice.receives(486)
        bob.has_received_nothing_else()

    def test_cancellation_by_contact_parameter(self):
        alice, bob = self.registered("alice", "bob")
        bob.registers(expires=None, contact=f'<{bob.contact}>;+sip.instance="<{bob.instance}>";expires=0')
        alice.sends("INVITE", to=bob)
        alice.receives(480)

    def test_unsuccessful_registration(self):
        """RFC 3665 2.5: a wrong password is answered with a new challenge, and nothing is registered."""
        bob = self.phone("bob")
        bob.transmits(bob.register_request())
        bob.authenticates(bob.receives(401), password="wrong")
        second = digest.parse_challenge(bob.receives(401).get("WWW-Authenticate"))
        self.assertNotEqual(second.get("stale"), "true")
        [alice] = self.registered("alice")
        alice.sends("INVITE", to=bob)
        alice.receives(480)

    def test_refresh_keeps_one_binding(self):
        alice, bob = self.registered("alice", "bob")
        bob.registers()
        alice.sends("INVITE", to=bob)
        bob.receives("INVITE")
        bob.sends(486)
        alice.receives(486)
        bob.receives("ACK")
        bob.has_received_nothing_else()

    def test_too_brief(self):
        """RFC 3261 10.3 step 7."""
        bob = self.phone("bob")
        bob.transmits(bob.register_request(headers={"Expires": 5}))
        brief = bob.receives(423)
        self.assertEqual(brief.get("Min-Expires"), "60")

    def test_shortest_lifetime_is_granted(self):
        self.assertEqual(expires_of(self.phone("bob").registers(expires=60)), 60)

    def test_contact_parameter_goes_before_the_header(self):
        bob = self.phone("bob")
        ok = bob.registers(expires=300, contact=f"<{bob.contact}>;expires=120")
        self.assertEqual(expires_of(ok), 120)

    def test_star_needs_expires_zero(self):
        for expires in (600, None):
            with self.subTest(expires=expires):
                bob = self.phone("bob")
                bob.transmits(bob.register_request("*", {"Expires": expires} if expires else None))
                bob.receives(400)

    def test_star_stands_alone(self):
        bob = self.phone("bob")
        bob.transmits(bob.register_request(f"*, <{bob.contact}>", {"Expires": 0}))
        bob.receives(400)

    def test_stale_cseq_changes_nothing(self):
        """RFC 3261 10.3 step 7: a lower CSeq with the same Call-ID aborts the request."""
        alice, bob = self.registered("alice", "bob")
        bob.register_cseq = 0
        request = bob.register_request(headers={"Expires": 0})
        bob.transmits(request)
        bob.authenticates(bob.receives(401))
        refused = bob.receives_one_of((400, 500))
        self.assertFalse(refused.has("Contact"))
        alice.sends("INVITE", to=bob)
        bob.receives("INVITE")
        bob.sends(486)
        alice.receives(486)

    def test_nobody_registers_for_another(self):
        """RFC 3261 10.3 step 4: credentials of one user, address of another."""
        alice, bob = self.phone("alice"), self.phone("bob")
        request = alice.register_request().set("To", f"<{bob.aor}>")
        alice.transmits(request)
        alice.receives(403)

    def test_foreign_domain_is_not_served(self):
        bob = self.phone("bob")
        request = bob.register_request()
        request.start = "REGISTER sip:elsewhere.example SIP/2.0"
        bob.transmits(request)
        bob.receives_one_of((403, 404, 480))

    def test_unknown_user_gets_the_same_challenge(self):
        """P10: the challenge does not tell whether an address exists, neither in form nor in length."""
        forms = []
        for user in ("bob", "nobody-at-all"):
            phone = self.phone(user)
            phone.transmits(phone.register_request())
            response = phone.receives(401)
            value = re.sub(r'(nonce|opaque)="[^"]*"', r'\1', response.get("WWW-Authenticate"))
            forms.append((response.start, response.names, value))
            phone.authenticates(response, password="wrong")
            forms[-1] += (phone.receives(401).start,)
        self.assertEqual(forms[0], forms[1])

    def test_unknown_require_is_refused(self):
        """RFC 3261 10.3 step 2."""
        bob = self.phone("bob")
        bob.transmits(bob.register_request(headers={"Require": "levitation"}))
        refused = bob.receives_one_of((420, 401))
        if refused.status == 401:
            bob.authenticates(refused)
            refused = bob.receives(420)
        self.assertEqual(refused.get("Unsupported"), "levitation")

    def test_nonce_is_used_again_with_a_rising_count(self):
        bob = self.phone("bob")
        bob.transmits(bob.register_request())
        challenge = bob.receives(401)
        first = bob.authenticates(challenge)
        bob.receives(200)
        bob.transmits(bob.with_credentials(bob.register_request(), challenge, nc=2))
        bob.receives(200)
        self.assertEqual(bob.challenges, 1)
        bob.transmits(bob.with_credentials(first.request, challenge, nc=2))
        self.assertEqual(digest.parse_challenge(bob.receives(401).get("WWW-Authenticate")).get("stale"), "true")

    def test_nonce_of_another_connection_is_stale(self):
        """A nonce is bound to its flow."""
        bob, desk = self.phone("bob"), self.phone("bob.desk")
        bob.transmits(bob.register_request())
        challenge = bob.receives(401)
        desk.transmits(desk.with_credentials(desk.register_request(), challenge))
        again = desk.receives(401)
        self.assertEqual(digest.parse_challenge(again.get("WWW-Authenticate")).get("stale"), "true")
        desk.authenticates(again)
        desk.receives(200)

    def test_binding_ends_with_its_flow(self):
        """RFC 5626 7: nobody listens any more, so nothing is left registered."""
        alice, bob = self.registered("alice", "bob")
        bob.loses_connection()
        alice.sends("INVITE", to=bob)
        alice.receives(480)

    def test_keep_alive(self):
        """RFC 5626 3.5.1."""
        [bob] = self.registered("bob")
        bob.pings()
        bob.connection.send(b"\r\n")
        bob.pings()

    def test_several_registrations_over_one_connection(self):
        """Two accounts behind one connection, each with its own credentials."""
        alice, bob = self.phone("alice"), self.phone("bob")
        bob.hangs_up_tls()
        alice.registers()
        bob.connection = alice.connection
        bob.registers()

    def test_phone_reregisters_over_a_new_connection(self):
        alice, bob = self.registered("alice", "bob")
        bob.reconnects()
        bob.registers()
        self.call(alice, bob)
        self.hang_up(alice, bob)


class SeveralDevices(FlowTest):
    config = {"registrar": {"bindings_per_account": 2}}

    def test_account_has_so_many_devices_and_no_more(self):
        bob, desk = self.registered("bob", "bob.desk")
        third = self.phone("bob.third")
        third.transmits(third.register_request())
        third.authenticates(third.receives(401))
        third.receives(403)
        bob.registers()   # those that are there are not harmed
        self.assertEqual(len(self.daemon.bindings(bob.user)), 2)
        desk.unregisters()
        third.registers()

    def test_operator_removes_one_device(self):
        """`sotto binding remove`: it rings no more, the other does."""
        alice, bob, desk = self.registered("alice", "bob", "bob.desk")
        both = self.daemon.bindings(bob.user)
        address = f"{bob.user}@{bob.domain}"
        self.daemon.sotto("binding", "remove", address, both[0]["binding"], "--yes")
        self.assertEqual([b["binding"] for b in self.daemon.bindings(bob.user)], [both[1]["binding"]])
        alice.sends("INVITE", to=bob)
        alice.receives(100)
        rings, removed = (bob, desk) if bob.has_unread("INVITE") else (desk, bob)
        rings.receives("INVITE")
        rings.sends(486)
        alice.receives(486)
        rings.receives("ACK")
        removed.has_received_nothing_else()
        again = self.daemon.sotto("binding", "remove", address, both[0]["binding"], "--yes", check=False)
        self.assertEqual(again.returncode, 1)
        self.assertIn("sotto binding list", again.stderr)
        removed.registers()   # it was removed, not forbidden
        self.assertEqual({b["binding"] for b in self.daemon.bindings(bob.user)}, {b["binding"] for b in both})


class RegisterWithMd5(FlowTest):
    config = {"weaken": {"digest_md5": ["*"]}}

    def test_md5_where_it_is_configured(self):
        bob = self.phone("bob")
        bob.transmits(bob.register_request())
        challenge = bob.receives(401)
        self.assertEqual(digest.parse_challenge(challenge.get("WWW-Authenticate"))["algorithm"], "MD5")
        bob.authenticates(challenge)
        bob.receives(200)

    def test_weakening_is_named_in_the_log(self):
        if self.daemon.writes("warning"):
            self.assertTrue([line for line in self.daemon.logged("weakened") if "digest_md5" in line])
