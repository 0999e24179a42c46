"""Two callees put together all that they saw of twenty calls (docs/DESIGN.md P3): what is the same, or follows from what was
there before, may only be what a call cannot do without."""

import re
import secrets
import unittest
from collections import Counter
from itertools import combinations

from support.flow_test import FlowTest
from support.sdp import Media

CALLS = 20
MEDIA_ADDRESS, RELAY = "192.0.2.33", "198.51.100.9"

# Values made anew for each call, as callees see them: name -> how to read it.
IDENTIFIERS = {
    "Call-ID": lambda m: m.call_id,
    "From tag": lambda m: m.from_.tag,
    "remote target": lambda m: m.contact.parsed.user,
    "branch": lambda m: m.vias[0].branch.removeprefix("z9hG4bK").split(".")[0],
    "loop part of the branch": lambda m: m.vias[0].branch.split(".")[1],
    "o= session id": lambda m: m.sdp[1].split(" ")[1],
}
NUMBERS = {
    "CSeq": lambda m: m.cseq[0],
    "o= session id": lambda m: int(m.sdp[1].split(" ")[1]),
    "o= version": lambda m: int(m.sdp[1].split(" ")[2]),
}
# What may be the same in several calls: Sotto's own form, and what the call cannot do without.
ALWAYS = {
    "", "CSeq: INVITE", "CSeq: PRACK", "CSeq: ACK", "CSeq: BYE", "Max-Forwards: 29", "Content-Type: application/sdp",
    "Via: SIP/2.0/TLS example.org;branch", "Contact: <sip:token@example.org;transport=tls>",
    "order: Via,Max-Forwards,Max-Breadth,From,To,Call-ID,CSeq,Contact,Supported,Allow,Accept,Session-Expires,Min-SE,"
    "Content-Type,Content-Length",
    "order: Via,Max-Forwards,Max-Breadth,From,To,Call-ID,CSeq,RAck,Content-Length",
    "order: Via,Max-Forwards,Max-Breadth,From,To,Call-ID,CSeq,Content-Length",
    "order: Via,Max-Forwards,From,To,Call-ID,CSeq,Content-Length", "Max-Breadth: 1",
    "order: Via,From,To,Call-ID,CSeq,Contact,Supported,Allow,Accept,Session-Expires,Min-SE,Content-Type,Content-Length",
    "v=0", "o=- id version IN IP4 0.0.0.0", "s=-", "t=0 0",
    "a=sendrecv", "a=setup:actpass", "a=setup:active", "a=rtcp-mux", "a=msid:s0",
    # What the phone can do: of its words those that Sotto knows too, in Sotto's order and spelling.
    "Supported: 100rel, replaces, timer", "Allow: INVITE, ACK, BYE, PRACK, UPDATE", "Accept: application/sdp",
    "Session-Expires: 1800;refresher=uac", "Min-SE: 90",
    # The codec set, and what belongs to it in RTP itself.
    "a=rtpmap:0 PCMU/8000", "a=rtpmap:8 PCMA/8000", "a=rtpmap:96 opus/48000/2", "a=rtpmap:97 VP8/90000",
    "a=fmtp:96 useinbandfec=1", "a=rid:hi send pt=97", "a=simulcast:send hi",
    "a=extmap:1 urn:ietf:params:rtp-hdrext:ssrc-audio-level", "a=extmap:2 urn:ietf:params:rtp-hdrext:sdes:mid",
    "a=extmap:3 urn:ietf:params:rtp-hdrext:sdes:rtp-stream-id",
    "a=group:BUNDLE 0 1", "a=mid:0", "a=mid:1",   # counted within the call (RFC 8829 5.2.1); in RTP as well
}
MEDIA = {f"c=IN IP4 {MEDIA_ADDRESS}"}   # in direct mode
RELAYED = {f"c=IN IP4 {RELAY}"}         # the relay's, not the caller's
ANONYMOUS = {f'{name}: "Anonymous" <sip:anonymous@anonymous.invalid>' for name in ("From", "To")}   # who calls, and answers


# What a phone of one make says of itself in each call.
HABITS = {"Allow": "X-PHONE, UPDATE,PRACK , INVITE, ACK, BYE", "Supported": "x-phone, timer, 100rel ,replaces",
          "Accept": "application/x-phone, application/sdp;level=1", "Session-Expires": "1800;refresher=uac;x-phone=1", "Min-SE": "0090",
          "Content-Disposition": "session;handling=required", "User-Agent": "Phone 7", "X-Phone": "7", "Organization": "Phone", "P-Access-Network-Info": "phone"}


class PhoneMedia(Media):
    """A phone with ICE: a certificate, ports and credentials of its own for each call, its habits always the same."""

    def __init__(self, address: str = MEDIA_ADDRESS) -> None:
        super().__init__(secrets.randbelow(20000) + 20000, address)
        self.ufrag, self.pwd, self.tls_id = secrets.token_hex(4), secrets.token_hex(12), secrets.token_hex(20)

    def describe(self, setup: str = "actpass", direction: str = "sendrecv") -> bytes:
        self.version += 1
        return ("".join(line + "\r\n" for line in (
            "v=0", f"o=phone {self.session} {self.version} IN IP4 {self.address}", "s=phone call", "i=a phone", "t=1 2",
            f"c=IN IP4 {self.address}", "a=tool:phone", "a=group:BUNDLE 0 1", f"a=fingerprint:sha-256 {self.fingerprint}",
            f"a=setup:{setup}", f"a=tls-id:{self.tls_id}",
            f"m=audio {self.port} UDP/TLS/RTP/SAVPF 96 0 8 99", "b=AS:77", "a=mid:0", "a=msid:phone phone",
            "a=rtpmap:99 X-PHONE/8000", "a=rtpmap:8 pcma/8000", "a=rtpmap:0 pcmu/8000", "a=rtpmap:96 OPUS/48000/2",
            "a=fmtp:96 x-phone=7; useinbandfec=1; minptime=010",
            "a=extmap:7 urn:phone:extension", "a=extmap:1 urn:ietf:params:rtp-hdrext:ssrc-audio-level vad=phone",
            "a=extmap:2 urn:ietf:params:rtp-hdrext:sdes:mid", "a=rtcp-fb:96 x-phone", f"a={direction}", *self.of_section(),
            f"m=video {self.port} UDP/TLS/RTP/SAVPF 97", "a=mid:1", "a=rtpmap:97 vp8/90000",
            "a=extmap:3 urn:ietf:params:rtp-hdrext:sdes:rtp-stream-id", "a=extmap:2 urn:ietf:params:rtp-hdrext:sdes:mid",
            "a=rid:hi send pt=97;x-phone=7;max-width=01280", "a=simulcast:send hi", f"a={direction}", *self.of_section()))).encode()

    def of_section(self) -> tuple:
        return (f"a=ice-ufrag:{self.ufrag}", f"a=ice-pwd:{self.pwd}",
                f"a=candidate:H1 1 udp 2113937151 {self.address} {self.port} typ host network-id 1",
                f"a=candidate:R1 1 udp 33562367 {RELAY} {self.port + 1} typ relay raddr {self.address} rport {self.port}",
                "a=rtcp-mux", f"a=ssrc:{secrets.randbelow(2**31)} cname:phone@192.0.2.33")


class Linkage(FlowTest):
    def calls_seen(self, headers: dict) -> list:
        """Ten calls to each of two callees; of each call the messages that its callee saw."""
        alice, bob, carol = self.registered("alice", "bob", "carol")
        self.alice = alice
        self.reliable: list = []   # RSeq as the caller sees it
        seen = []
        first_sequence = secrets.randbelow(1000)
        for number in range(CALLS):
            callee = (bob, carol)[number % 2]
            alice.media = PhoneMedia()
            messages = []
            # A phone that counts: its CSeq, session id and version tell how many calls there were, unless Sotto hides it.
            alice.media.session, alice.media.version = 1000 + number, 1000 + number
            counted = {"Call-ID": f"call-{number:04}@{alice.host}", "CSeq": f"{first_sequence + number} INVITE"}
            alice.sends("INVITE", to=callee, headers={**counted, **HABITS, **headers})
            messages.append(invite := callee.receives("INVITE"))
            callee.sends(183, headers={"Require": "100rel", "RSeq": 1})   # a phone that always begins with 1
            progress = alice.receives(183)
            self.reliable.append(int(progress.get("RSeq")))
            alice.sends("PRACK", headers={"RAck": f"{progress.get('RSeq')} {progress.cseq[0]} INVITE"})
            messages.append(prack := callee.receives("PRACK"))
            self.assertEqual(prack.get("RAck"), f"1 {invite.cseq[0]} INVITE")
            callee.sends(200)
            alice.receives(200)
            callee.sends(200, answering=invite)
            alice.receives(200)
            alice.sends("ACK")
            messages.append(callee.receives("ACK"))
            callee.sends("INVITE")   # what the caller's phone answers tells as much as what it asks
            alice.receives("INVITE")
            alice.sends(200, headers={**HABITS, **headers})
            messages.append(callee.receives(200))
            callee.sends("ACK")
            alice.receives("ACK")
            alice.sends("BYE", headers={"Privacy": headers.get("Privacy")})
            messages.append(callee.receives("BYE"))
            callee.sends(200)
            alice.receives(200)
            seen.append(messages)
        return seen

    def test_callees_who_compare_notes(self):
        seen = self.calls_seen({})
        self.assert_unlinkable(seen)
        own = {f"{name}: <{self.alice.aor}>" for name in ("From", "To")}
        self.assertEqual(self.constant_values(seen) - ALWAYS - MEDIA - own, set())
        self.assertLessEqual(own, self.constant_values(seen), "the shown identity is what may be compared")

    def test_callees_who_compare_notes_of_a_withheld_caller(self):
        seen = self.calls_seen({"Privacy": "id"})
        self.assert_unlinkable(seen)
        self.assert_nowhere(self.alice.user, seen)
        self.assertEqual(self.constant_values(seen) - ALWAYS - MEDIA - ANONYMOUS, set())

    def test_session_privacy_shows_no_address(self):
        seen = self.calls_seen({"Privacy": "id;session"})
        self.assert_unlinkable(seen)
        self.assert_nowhere(MEDIA_ADDRESS, seen)
        self.assertEqual(self.constant_values(seen) - ALWAYS - RELAYED - ANONYMOUS, set())

    def assert_nowhere(self, value: str, seen: list) -> None:
        self.assertNotIn(value, "".join(str(message) for messages in seen for message in messages))

    def assert_unlinkable(self, seen: list) -> None:
        invites = [messages[0] for messages in seen]
        for name, read in IDENTIFIERS.items():
            with self.subTest(identifier=name):
                self.assert_random([str(read(m)) for m in invites], name)
        for name, read in NUMBERS.items():
            with self.subTest(number=name):
                self.assert_unpredictable([read(m) for m in invites], name)
        with self.subTest("numbers of the callee's reliable responses"):
            self.assert_unpredictable(self.reliable, "RSeq")
        with self.subTest("tokens of one call are unrelated as well"):
            for messages in seen:
                values = [IDENTIFIERS[name](messages[0]) for name in ("Call-ID", "From tag", "remote target")]
                self.assert_no_common_part(values, 7, "of one call")

    def assert_random(self, values: list, name: str) -> None:
        self.assertEqual(len(set(values)), len(values), f"{name} repeats")
        if name != "o= session id":
            self.assertEqual(len({len(v) for v in values}), 1, f"{name}: one length for all: {values[:3]}")
            self.assert_no_common_part(values, 7, name)
            for place in range(1, len(values[0])):   # the first character tells the epoch; the last holds few bits
                different = len({value[place] for value in values})
                self.assertGreater(different, 4 if place < len(values[0]) - 1 else 1, f"{name} at {place}: {values[:3]}")

    def assert_no_common_part(self, values: list, length: int, name: str) -> None:
        """`length` characters of base64 in common are chance in fewer than one of 10^7 comparisons (20 calls, 190 pairs, tokens of
        at most 150 characters: 4 * 10^6 places to compare, 64^7 possibilities)."""
        for one, other in combinations(values, 2):
            pieces = {one[i:i + length] for i in range(len(one) - length + 1)}
            common = [other[i:i + length] for i in range(len(other) - length + 1) if other[i:i + length] in pieces]
            self.assertEqual(common, [], f"{name}: {one} and {other}")

    def assert_unpredictable(self, values: list, name: str) -> None:
        """The phone counted 0, 1, 2...; whoever knows the numbers of some calls must not know those of others."""
        self.assertEqual(len(set(values)), len(values), f"{name} repeats: {values}")
        steps = Counter(b - a for a, b in combinations(values, 2))
        self.assertLessEqual(max(steps.values()), 2, f"{name} counts: {values}")
        self.assertGreater(max(values) - min(values), 2**24, f"{name} stays in a narrow range: {values}")

    @staticmethod
    def constant_values(seen: list) -> set:
        """What appears in more than one call: every word-like part of every line, the line's name before it."""
        in_calls = Counter()
        for messages in seen:
            of_call = set()
            for message in messages:
                of_call |= set(features(message))
            in_calls.update(of_call)
        return {feature for feature, count in in_calls.items() if count > 1}


# Header -> what of it is left out of the comparison, and what stands there instead.
NEW_IN_EACH_CALL = {
    "Via": (r"(?::\d+)?;branch=[^;]+", ";branch"), "Contact": (r"sip:[^@]+@(.*):\d+", r"sip:token@\1"),
    "CSeq": (r"^\d+ ([A-Z]+)$", r"\1"), "From": (r";tag=.*", ""), "To": (r";tag=.*", ""),
}


def features(message):
    """All that can be read off a message line by line; where a line holds what is new in each call, the line without it
    (IDENTIFIERS and NUMBERS are looked at by themselves)."""
    yield f"order: {','.join(message.names)}"
    own = ("To", "RAck") if message.is_request else ("Via", "From", "CSeq")   # what the callee has written itself
    for name, value in message.fields:
        if name in ("Call-ID", "Content-Length", *own):
            continue
        pattern, without = NEW_IN_EACH_CALL.get(name, ("$^", ""))
        value = re.sub(pattern, without, value)
        yield f"{name}: {value}"
    for line in message.body.decode().split("\r\n"):
        yield re.sub(r"^(o=.*) \d+ \d+ ", r"\1 id version ", line)


class RelayOnly(FlowTest):
    config = {"privacy": {"relay_only": True}}

    def test_no_address_of_either_party(self):
        alice, bob = self.registered("alice", "bob")
        for phone in (alice, bob):
            phone.media = PhoneMedia()
        self.call(alice, bob)
        self.hang_up(alice, bob)
        for phone in (alice, bob):
            addresses = set(re.findall(rb"\b(?:\d{1,3}\.){3}\d{1,3}\b", phone.connection.received))
            self.assertEqual(addresses - {RELAY.encode(), b"0.0.0.0", b"127.0.0.1"}, set())
            self.assertIn(RELAY.encode(), addresses)


if __name__ == "__main__":
    unittest.main()
