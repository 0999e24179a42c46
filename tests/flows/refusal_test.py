"""What Sotto refuses, and how: RFC 3261 16.3 and what the design adds. Nothing of it reaches another user."""

import secrets

from support.dialog import ClientTransaction
from support.flow_test import FlowTest
from support.limits import patience
from support.sip import Message


class Refusal(FlowTest):
    def setUp(self):
        super().setUp()
        self.alice, self.bob = self.registered("alice", "bob")
        self.addCleanup(self.bob_heard_nothing)

    def bob_heard_nothing(self):
        self.bob.has_received_nothing_else()

    def invite(self, uri=None, **headers):
        request = self.alice.new_request("INVITE", uri or self.bob.aor, f"<{self.bob.aor}>")
        for name, value in headers.items():
            request.set(name.replace("_", "-"), value)
        return request

    def refused(self, request, status):
        self.alice.transmits(request)
        return self.alice.receives(status)

    def test_from_is_not_ones_own(self):
        """RFC 3323 4.1.1.3: one's own address or the anonymous one, nothing else."""
        self.alice.sends("INVITE", to=self.bob, from_=f"<{self.bob.aor}>")
        self.alice.receives(403)

    def test_from_of_another_domain(self):
        self.alice.sends("INVITE", to=self.bob, from_="<sip:president@elsewhere.example>")
        self.alice.receives(403)

    def test_hops_are_over(self):
        self.refused(self.invite(Max_Forwards=0), 483)

    def test_malformed_hop_count(self):
        self.refused(self.invite(Max_Forwards="many"), 400)

    def test_breadth_is_used_up(self):
        """RFC 5393 5.3.3: two phones, breadth for none."""
        self.registered("bob.desk")
        self.refused(self.invite(Max_Breadth=0), 440)

    def test_malformed_breadth(self):
        for value in ("abc", "-1", "1 x"):
            self.refused(self.invite(Max_Breadth=value), 400)

    def test_unknown_scheme(self):
        self.refused(self.invite("nobodyknowsthis:bob"), 416)

    def test_unknown_proxy_require(self):
        refused = self.refused(self.invite(Proxy_Require="levitation"), 420)
        self.assertEqual(refused.get("Unsupported"), "levitation")

    def test_unknown_require_is_not_carried(self):
        """An extension that Sotto does not carry end to end gets 420 as well."""
        refused = self.refused(self.invite(Require="levitation, 100rel"), 420)
        self.assertEqual(refused.get("Unsupported"), "levitation")

    def test_unknown_extensions_of_what_sotto_answers_itself(self):
        """RFC 3261 10.3 step 2, 8.2.2.3: a registration, and the subscription to it."""
        for method, more in (("REGISTER", {}), ("SUBSCRIBE", {"Event": "reg", "Expires": 600})):
            for name in ("Require", "Proxy-Require"):
                with self.subTest(method, name=name):
                    request = self.alice.new_request(method, f"sip:{self.alice.domain}" if method == "REGISTER" else self.alice.aor,
                                                     f"<{self.alice.aor}>")
                    for header, value in {**more, name: "levitation"}.items():
                        request.set(header, value)
                    refused = self.refused(request, 420)
                    self.assertEqual(refused.get("Unsupported"), "levitation")

    def test_unknown_version(self):
        request = self.invite()
        request.start = request.start.replace("SIP/2.0", "SIP/7.0")
        self.refused(request, 505)

    def test_unknown_method(self):
        request = self.alice.new_request("LEVITATE", self.bob.aor, f"<{self.bob.aor}>")
        self.refused(request, 501)

    def test_method_and_cseq_differ(self):
        self.alice.connection.send(self.invite(CSeq="1 OPTIONS").bytes())
        item = self.alice.connection.next(5)
        self.assertEqual(item.status, 400)

    def test_repeated_single_header(self):
        request = self.invite()
        request.add("Max-Forwards", 70)
        self.refused(request, 400)

    def test_uri_too_long(self):
        self.refused(self.invite(f"sip:{'b' * 6000}@example.org"), 414)

    def test_body_of_an_unknown_type(self):
        request = self.invite(Content_Type="application/x-unheard-of")
        request.body = b"?"
        self.refused(request, 415)

    def test_loop(self):
        """RFC 5393 4.2.2: Bob's side sends the call back to where it came from, with the daemon's Via still in it."""
        self.alice.sends("INVITE", to=self.bob)
        seen = self.bob.receives("INVITE")
        back = self.bob.new_request("INVITE", self.bob.aor, f"<{self.bob.aor}>")
        back.fields.insert(1, ("Via", seen.get("Via")))
        back.set("Max-Forwards", int(seen.get("Max-Forwards")) - 1)
        self.bob.gets_past_the_challenge(self.bob.transmits(back))
        self.bob.receives(482)
        self.bob.sends(486, answering=seen)
        self.alice.receives(486)
        self.bob.receives("ACK")

    def test_oversized_message_closes_the_connection(self):
        request = self.invite(Content_Type="text/plain")
        request.body = b"x" * 70000
        self.alice.connection.send(request.bytes())
        seen = [item for item in self.alice.connection.wait_closed() if not isinstance(item, str)]
        self.assertEqual([m.status for m in seen], [413])

    def test_head_without_end_closes_the_connection(self):
        self.alice.connection.send(b"INVITE sip:bob@example.org SIP/2.0\r\n" + b"X-Long: y\r\n" * 6000)
        self.alice.connection.wait_closed()

    def test_bytes_that_are_no_sip_close_the_connection(self):
        for rubbish in (b"GET / HTTP/1.1\r\nHost: example.org\r\n\r\n", b"\x00\x01\x02\x03\r\n\r\n",
                        secrets.token_bytes(200).replace(b"\r\n", b"..") + b"\r\n\r\n"):
            phone = self.phone("carol")
            phone.connection.send(rubbish)
            phone.connection.wait_closed()

    def test_head_in_single_bytes_and_two_messages_in_one_write(self):
        first, second = self.invite("sip:n0body@example.org"), self.invite("sip:n0body-else@example.org")
        for request in (first, second):
            request.set("To", f"<{request.request_uri}>")
        data = first.bytes()
        self.alice._client.update({(r.vias[0].branch, "INVITE"): ClientTransaction(r, None) for r in (first, second)})
        for byte in data[:-1]:
            self.alice.connection.send(bytes([byte]))
        self.alice.connection.send(data[-1:] + second.bytes())
        self.alice.receives(480)
        self.alice.receives(480)


class Strays(FlowTest):
    def setUp(self):
        super().setUp()
        self.alice, self.bob = self.registered("alice", "bob")

    def test_ack_for_nothing_is_dropped(self):
        request = self.alice.new_request("ACK", self.bob.aor, f"<{self.bob.aor}>;tag=none")
        self.alice.connection.send(request.bytes())
        self.alice.has_received_nothing_else()
        self.bob.has_received_nothing_else()

    def test_cancel_for_nothing(self):
        self.alice.transmits(self.alice.new_request("CANCEL", self.bob.aor, f"<{self.bob.aor}>"))
        self.alice.receives(481)
        self.bob.has_received_nothing_else()

    def test_response_to_nothing_is_dropped(self):
        self.alice.sends("INVITE", to=self.bob)
        invite = self.bob.receives("INVITE")
        self.bob.sends(486)
        self.alice.receives(486)
        stray = f"SIP/2.0 200 OK\r\nVia: {invite.get('Via')}0\r\nFrom: {invite.get('From')}\r\n" \
                f"To: {invite.get('To')};tag=x\r\nCall-ID: {invite.call_id}\r\nCSeq: {invite.get('CSeq')}\r\n" \
                f"Content-Length: 0\r\n\r\n"
        self.bob.connection.send(stray.encode())
        self.bob.receives("ACK")
        self.alice.has_received_nothing_else()

    def test_response_from_somebody_else(self):
        """A response counts only over the connection that the request went out on."""
        [mallory] = self.registered("dave")
        self.alice.sends("INVITE", to=self.bob)
        self.bob.receives("INVITE")
        forged = self.bob.sends(180)
        self.alice.receives(180)
        mallory.connection.send(forged.bytes().replace(b"180 ", b"603 ", 1))
        mallory.has_received_nothing_else()
        self.bob.sends(200)
        self.alice.receives(200)
        self.alice.sends("ACK")
        self.bob.receives("ACK")
        self.hang_up(self.alice, self.bob)

    def test_cancel_from_somebody_else(self):
        """Nor does a CANCEL that knows the branch: it is unique, not secret."""
        [mallory] = self.registered("dave")
        stranger = self.phone("carol")
        invite = self.alice.sends("INVITE", to=self.bob).request
        self.bob.receives("INVITE")
        self.bob.sends(180)
        self.alice.receives(180)
        cancel = Message(invite.start.replace("INVITE", "CANCEL"))
        for name in ("Via", "Max-Forwards", "From", "To", "Call-ID"):
            cancel.add(name, invite.get(name))
        cancel.add("CSeq", f"{invite.get('CSeq').split()[0]} CANCEL")
        for phone in (mallory, stranger):
            phone.connection.send(cancel.bytes())   # a phone of its own would not know these identifiers
            self.assertEqual(phone.connection.next(patience(10)).status, 481)
        self.bob.has_received_nothing_else()
        self.bob.sends(200)
        self.alice.receives(200)
        self.alice.sends("ACK")
        self.bob.receives("ACK")
        self.hang_up(self.alice, self.bob)

    def test_retransmitted_request_is_answered_once_more_without_ringing_again(self):
        """RFC 3261 17.2.1."""
        transaction = self.alice.sends("INVITE", to=self.bob)
        self.bob.receives("INVITE")
        self.bob.sends(180)
        self.alice.receives(180)
        self.alice.connection.send(transaction.request.bytes())
        self.alice.receives(180)
        self.bob.has_received_nothing_else()
        self.bob.sends(486)
        self.alice.receives(486)
