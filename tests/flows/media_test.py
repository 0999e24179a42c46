"""What descriptions of media may pass: keys that no server can read, or none at all."""

from support.flow_test import FlowTest
from support.sdp import fingerprint

HEAD = "v=0\r\no=- {origin} 1 IN IP4 192.0.2.33\r\ns=A Subject\r\nc=IN IP4 192.0.2.33\r\nt=0 0\r\n"
DTLS = "m=audio 4000 UDP/TLS/RTP/SAVP 0\r\na=setup:actpass\r\na=fingerprint:sha-256 {fingerprint}\r\n"
PLAIN = "m=audio 4000 RTP/AVP 0\r\n"
CRYPTO = "a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:d0RmdmcmVCspeEc3QGZiNWpVLFJhQX1cfHAwJSoj\r\n"
SDES = "m=audio 4000 RTP/SAVP 0\r\n" + CRYPTO


def offer(*media: str, origin: int = 5317531753175317) -> bytes:
    return "".join((HEAD, *media)).format(origin=origin, fingerprint=fingerprint()).encode()


class Media(FlowTest):
    def setUp(self):
        super().setUp()
        self.alice, self.bob = self.registered("alice", "bob")

    def test_plain_rtp_is_refused(self):
        self.alice.sends("INVITE", to=self.bob, body=offer(PLAIN))
        self.assertRegex(self.alice.receives(488).get("Warning"), r'^399 \S+ ".*(DTLS-SRTP|encrypt).*"$')
        self.bob.has_received_nothing_else()

    def test_keys_in_the_clear_are_refused(self):
        self.alice.sends("INVITE", to=self.bob, body=offer(SDES))
        self.alice.receives(488)
        self.bob.has_received_nothing_else()

    def test_keys_in_the_clear_are_removed_beside_better_ones(self):
        self.alice.sends("INVITE", to=self.bob, body=offer(DTLS + CRYPTO))
        self.assertNotIn("a=crypto", self.bob.receives("INVITE").body.decode())
        self.bob.sends(486)
        self.alice.receives(486)

    def test_session_identifiers_are_the_servers_own(self):
        self.alice.sends("INVITE", to=self.bob, body=offer(DTLS))
        text = self.bob.receives("INVITE").body.decode()
        self.assertNotIn("5317531753175317", text)
        self.assertNotIn("A Subject", text)
        self.bob.sends(486)
        self.alice.receives(486)

    def test_versions_stay_consistent(self):
        """RFC 3264 8: the same session throughout, a version that rises by one with each change."""
        origins = {self.alice: [], self.bob: []}   # that each sees of the other, in offers and in answers
        for one, other, to in ((self.alice, self.bob, self.bob), (self.alice, self.bob, None), (self.bob, self.alice, None),
                               (self.alice, self.bob, None)):
            one.sends("INVITE", to=to)
            origins[other].append(other.receives("INVITE").sdp[1].split())
            other.sends(200)
            origins[one].append(one.receives(200).sdp[1].split())
            one.sends("ACK")
            other.receives("ACK")
        for seen in origins.values():
            self.assertEqual(len({origin[1] for origin in seen}), 1)
            versions = [int(origin[2]) for origin in seen]
            self.assertEqual([b - a for a, b in zip(versions, versions[1:])], [1, 1, 1])
        self.hang_up(self.bob, self.alice)


class Codecs(FlowTest):
    """A list of permitted codecs (media.codecs): the others go with all their lines, in offers and answers."""
    config = {"media": {"codecs": ["PCMA", "opus"]}}

    def test_only_permitted_codecs_pass(self):
        alice, bob = self.registered("alice", "bob")
        alice.sends("INVITE", to=bob)   # PCMU, PCMA
        offered = bob.receives("INVITE").sdp
        self.assertEqual([line for line in offered if line.startswith(("m=", "a=rtpmap"))],
                         ["m=audio 40000 UDP/TLS/RTP/SAVP 8", "a=rtpmap:8 PCMA/8000"])
        bob.sends(200)
        self.assertNotIn("PCMU", str(alice.receives(200)))
        alice.sends("ACK")
        bob.receives("ACK")
        alice.sends("INVITE", to=bob, body=alice.media.describe().replace(b" 0 8", b" 0").replace(b"a=rtpmap:8 PCMA/8000\r\n", b""))
        alice.receives(488)
        self.hang_up(bob, alice)


class RelayOnlyAccount(FlowTest):
    """One account's wish: its own addresses stay back in what it offers and answers; nobody else's do."""

    def test_only_the_accounts_own_addresses_stay_back(self):
        alice, bob = self.registered("alice", "bob")
        self.daemon.sotto("account", "set", f"{alice.user}@example.org", "--relay-only", "on")
        alice.sends("INVITE", to=bob)
        alice.receives(488)
        bob.has_received_nothing_else()
        relay = (b"a=ice-ufrag:F7gI\r\na=ice-pwd:x9cml/YzichV2+XlhiMu8g\r\n"
                 b"a=candidate:1 1 UDP 2130706431 192.0.2.33 4000 typ host\r\n"
                 b"a=candidate:3 1 UDP 16777215 203.0.113.9 5000 typ relay raddr 192.0.2.33 rport 4000\r\n")
        for caller, callee in ((alice, bob), (bob, alice)):
            with self.subTest(caller.name):
                caller.sends("INVITE", to=callee, body=caller.media.describe() + relay)
                offer = str(callee.receives("INVITE"))
                callee.sends(200, body=callee.media.describe("active") + relay)
                answer = str(caller.receives(200))
                caller.sends("ACK")
                callee.receives("ACK")
                of_alice, of_bob = (offer, answer) if caller is alice else (answer, offer)
                self.assertNotIn("192.0.2.33", of_alice)
                self.assertIn("203.0.113.9", of_alice)
                self.assertIn("192.0.2.33", of_bob)
                self.hang_up(caller, callee)


class RelayOnly(FlowTest):
    config = {"privacy": {"relay_only": True}}

    def test_offer_without_a_relay_is_refused(self):
        alice, bob = self.registered("alice", "bob")
        alice.sends("INVITE", to=bob)
        self.assertRegex(alice.receives(488).get("Warning"), r'^399 \S+ ".*relay.*"$')
        bob.has_received_nothing_else()

    def test_only_relay_candidates_pass(self):
        alice, bob = self.registered("alice", "bob")
        candidates = ("a=ice-ufrag:F7gI\r\na=ice-pwd:x9cml/YzichV2+XlhiMu8g\r\n"
                      "a=candidate:1 1 UDP 2130706431 192.0.2.33 4000 typ host\r\n"
                      "a=candidate:2 1 UDP 1694498815 198.51.100.7 4000 typ srflx raddr 192.0.2.33 rport 4000\r\n"
                      "a=candidate:3 1 UDP 16777215 203.0.113.9 5000 typ relay raddr 198.51.100.7 rport 4000\r\n")
        alice.sends("INVITE", to=bob, body=offer(DTLS + candidates))
        text = bob.receives("INVITE").body.decode()
        for hidden in ("192.0.2.33", "198.51.100.7", "typ host", "typ srflx"):
            self.assertNotIn(hidden, text)
        self.assertIn("203.0.113.9 5000 typ relay", text)
        bob.sends(486)
        alice.receives(486)
