"""What one party learns of the other (P2, P3). Every phone of these tests also refuses any message in which a Call-ID,
tag, branch, Contact, host, instance id or User-Agent of another phone shows (see support/ladder.py)."""

import json

from support.flow_test import FlowTest

UNNEEDED = {
    "Subject": "canary-subject", "Organization": "canary-organization", "Call-Info": "<http://canary-info.invalid/>",
    "X-Canary": "canary-x", "Date": "Mon, 23 Nov 2026 10:00:00 GMT", "Reply-To": "<sip:canary-reply@example.org>",
    "P-Preferred-Identity": "<sip:canary-ppi@example.org>", "P-Asserted-Identity": "<sip:canary-pai@example.org>",
    "Remote-Party-ID": "<sip:canary-rpid@example.org>", "P-Access-Network-Info": "3GPP-E-UTRAN;canary-cell=1",
    "Session-ID": "canary5e55104d", "Timestamp": "54.21", "Alert-Info": "<http://canary-alert.invalid/>",
    "Accept-Language": "x-canary", "Geolocation": "<cid:canary-geo@example.org>", "User-to-User": "canary-uui",
    "History-Info": "<sip:canary-history@example.org>;index=1", "Diversion": "<sip:canary-diversion@example.org>",
    "Feature-Caps": "*;+sip.canary", "In-Reply-To": "canary-in-reply@invalid", "Warning": '399 canary-host "canary text"',
    "Error-Info": "<http://canary-error.invalid/>", "Retry-After": "60 (canary comment)", "Priority": "urgent-canary",
    "Allow": "INVITE, ACK, CANCEL, BYE, CANARY", "Supported": "replaces, x-canary",
}


class Minimisation(FlowTest):
    def setUp(self):
        super().setUp()
        self.alice, self.bob = self.registered("alice", "bob")

    def assert_clean(self, message):
        text = str(message).lower()
        self.assertNotIn("canary", text)
        for name in ("User-Agent", "Server", "Organization", "Subject", "Date", "Call-Info", "Timestamp",
                     "Proxy-Authorization"):
            self.assertFalse(message.has(name), name)

    def test_unneeded_headers_of_the_caller_stay_behind(self):
        headers = {k: v for k, v in UNNEEDED.items() if k not in ("Priority", "Warning", "Error-Info", "Retry-After")}
        self.alice.sends("INVITE", to=self.bob, headers=headers)
        self.assert_clean(self.bob.receives("INVITE"))
        self.bob.sends(486)
        self.alice.receives(486)

    def test_unneeded_headers_of_the_callee_stay_behind(self):
        self.alice.sends("INVITE", to=self.bob)
        self.bob.receives("INVITE")
        for status in (180, 200):
            self.bob.sends(status, headers=UNNEEDED, reason="Canary Phrase")
            self.assert_clean(self.alice.receives(status))
        self.alice.sends("ACK", headers={"X-Canary": "canary", "Subject": "canary"})
        self.assert_clean(self.bob.receives("ACK"))
        self.bob.sends("BYE", headers={"X-Canary": "canary", "Reason": 'SIP;cause=200;text="canary"'})
        self.assert_clean(self.alice.receives("BYE"))
        self.alice.sends(200, headers=UNNEEDED, reason="Canary Phrase")
        self.assert_clean(self.bob.receives(200))

    def test_refusal_says_only_what_was_refused(self):
        self.alice.sends("INVITE", to=self.bob)
        self.bob.receives("INVITE")
        self.bob.sends(486, headers=UNNEEDED, reason="At The Canary Bar")
        refused = self.alice.receives(486)
        self.assert_clean(refused)
        self.assertEqual(refused.reason, "Busy Here")

    def test_address_parameters_stay_behind(self):
        """Unknown URI and header parameters of From and To."""
        self.alice.sends("INVITE", to=self.bob, from_=f"<{self.alice.aor};x-canary=1>;y-canary=2")
        self.assert_clean(self.bob.receives("INVITE"))
        self.bob.sends(486)
        self.alice.receives(486)

    def test_inner_vias_stay_behind(self):
        """Hops in front of the caller are nobody's business, and get their own Vias back."""
        request = self.alice.new_request("INVITE", self.bob.aor, f"<{self.bob.aor}>")
        request.fields.insert(1, ("Via", "SIP/2.0/TLS canary-inner.invalid;branch=z9hG4bKcanary"))
        self.alice.gets_past_the_challenge(self.alice.transmits(request))
        self.assert_clean(self.bob.receives("INVITE"))
        self.bob.sends(486)
        self.assertEqual(len(self.alice.receives(486).vias), 2)

    def test_one_shape(self):
        """Two phones that write the same in different ways look alike to the callee."""
        plain = self.alice.new_request("INVITE", self.bob.aor, f"<{self.bob.aor}>")
        plain.set("Supported", "replaces, 100rel").set("Allow", "INVITE, ACK, BYE, CANCEL, INFO")
        odd = self.alice.new_request("INVITE", self.bob.aor, f"<{self.bob.aor}>")
        odd.fields.reverse()
        odd.add("k", "100rel,\r\n   replaces").add("ALLOW", "CANCEL,BYE").add("aLLow", "ACK,INFO,INVITE")
        forms = []
        for request in (plain, odd):
            self.alice.gets_past_the_challenge(self.alice.transmits(request))
            invite = self.bob.receives("INVITE")
            sealed = ("Via", "From", "Call-ID", "Contact")   # differ in each call, and have one length
            forms.append([(n, len(v) if n in sealed else v) for n, v in invite.fields if n != "CSeq"])
            self.bob.sends(486)
            self.alice.receives(486)
            self.bob.receives("ACK")
        self.assertEqual(*forms)

    def test_a_name_is_said_once(self):
        """Where it rings; whatever a phone writes inside the dialog shows neither its make nor whom the callee is."""
        self.alice.sends("INVITE", to=self.bob, from_=f'"Alice A." <{self.alice.aor}>')
        self.assertEqual(self.bob.receives("INVITE").from_.display, '"Alice A."')
        self.bob.sends(200)
        self.alice.receives(200)
        self.alice.sends("ACK")
        self.assertFalse(self.bob.receives("ACK").from_.display)
        for one, other in ((self.alice, self.bob), (self.bob, self.alice)):
            one.dialog.local, one.dialog.remote = f'"Canary" <{one.aor}>', f'"Canary" {one.dialog.remote.split(" ")[-1]}'
            for method, sdp in (("OPTIONS", False), ("INFO", False), ("MESSAGE", False), ("UPDATE", True), ("INVITE", True)):
                with self.subTest(method, of=one.name):
                    one.sends(method, sdp=sdp)
                    self.assert_clean(other.receives(method))
                    other.sends(200, sdp=sdp)
                    one.receives(200)
                    if method == "INVITE":
                        one.sends("ACK")
                        self.assert_clean(other.receives("ACK"))
        self.bob.sends("BYE")
        self.assert_clean(self.alice.receives("BYE"))
        self.alice.sends(200)
        self.bob.receives(200)

    def test_nothing_repeats_across_calls(self):
        """Two calls of the same phone to the same callee share no identifier but the shown address (P3)."""
        seen = []
        for _ in range(2):
            self.alice.sends("INVITE", to=self.bob)
            invite = self.bob.receives("INVITE")
            seen.append({invite.call_id, invite.from_.tag, invite.contact.parsed.user, invite.vias[0].branch,
                         invite.get("CSeq"), invite.sdp[1]})
            self.bob.sends(486)
            self.alice.receives(486)
            self.bob.receives("ACK")
        self.assertEqual(seen[0] & seen[1], set())

    def test_callee_learns_no_address_of_the_caller(self):
        """Nowhere outside of SDP stands an IP address or port of the other party."""
        self.alice.sends("INVITE", to=self.bob)
        invite = self.bob.receives("INVITE")
        head = invite.bytes().split(b"\r\n\r\n")[0].decode()
        self.assertNotRegex(head, r"\b\d{1,3}\.\d{1,3}\.\d{1,3}\.\d{1,3}\b")
        self.assertNotIn(str(self.alice.connection.local_port), head)
        self.bob.sends(486)
        self.alice.receives(486)

    def test_what_stays_behind_is_counted_by_known_names(self):
        def dropped():
            return json.loads(self.daemon.sotto("--json", "status").stdout)["dropped_headers"]
        before = dropped()
        self.alice.sends("INVITE", to=self.bob, headers={"Subject": "canary", "X-Canary": "canary"})
        self.bob.receives("INVITE")
        self.bob.sends(486)
        self.alice.receives(486)
        after = dropped()
        self.assertEqual(after["Subject"], before.get("Subject", 0) + 1)
        self.assertGreater(after["other"], before.get("other", 0))
        self.assertNotIn("canary", json.dumps(after).lower())

    def test_a_signature_of_the_caller_goes_on_with_its_date(self):
        """RFC 8224 4, the compact form."""
        signed = {"Identity": "..rq3pjT1hoRwakEGjHCnWSwUnshd0-zJ6F1VOgFWSjHBr8Qjpjlk;info=<https://example.org/a.cer>;alg=ES256",
                  "Date": "Mon, 23 Nov 2026 10:00:00 GMT"}
        for more, passes in (({}, True), ({"Privacy": "id"}, False)):
            self.alice.sends("INVITE", to=self.bob, headers={**signed, **more})
            invite = self.bob.receives("INVITE")
            for name, value in signed.items():
                self.assertEqual(invite.get(name) if invite.has(name) else None, value if passes else None)
            self.bob.sends(486)
            self.alice.receives(486)
            self.bob.receives("ACK")

    def test_log_identifies_nobody(self):
        """P8."""
        self.call(self.alice, self.bob)
        self.hang_up(self.alice, self.bob)
        log = self.daemon.log
        for value in (self.alice.user, self.bob.user, self.alice.contact_user, self.alice.host, self.alice.agent,
                      self.alice.register_call_id, str(self.alice.connection.local_port)):
            self.assertNotIn(value, log)
