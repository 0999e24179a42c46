"""Two callees put together all that they saw of twenty calls (docs/DESIGN.md P3): what is the same, or follows from what was
there before, may only be what a call cannot do without."""

import re
import unittest
from collections import Counter
from itertools import combinations

from conversation import HABITS, MEDIA_ADDRESS, OTHER_HABITS, RELAY, Conversation, OneMake, OneMakeTrickling, OtherMake, \
    OtherMakeTrickling, PhoneMedia
from support.addresses import addresses_in
from support.daemon import DOMAIN, PASSWORD
from support.flow_test import FlowTest
from support.phone import Phone

CALLS = 20

# Values made anew for each dialog, as callees see them: name -> in which messages, and how to read it.
IDENTIFIERS = {
    "Call-ID": (lambda m: True, lambda m: m.call_id),
    "tag": (lambda m: True, lambda m: (m.from_ if m.is_request else m.to).tag),
    "remote target": (lambda m: m.has("Contact"), lambda m: m.contact.parsed.user),
}
# ... and for each request.
OF_REQUESTS = {
    "branch": lambda m: m.vias[0].branch.removeprefix("z9hG4bK").split(".")[0],
    "loop part of the branch": lambda m: m.vias[0].branch.split(".")[1],
}
NUMBERS = {
    "CSeq": lambda m: m.cseq[0],
    "o= session id": lambda m: int(m.sdp[1].split(" ")[1]),
    "o= version": lambda m: int(m.sdp[1].split(" ")[2]),
}
# The one order of headers.
ORDER = ("Via", "Max-Forwards", "Max-Breadth", "From", "To", "Call-ID", "CSeq", "Contact", "Supported", "Allow", "Accept", "Event",
         "Subscription-State", "Refer-To", "Referred-By", "RAck", "Session-Expires", "Min-SE", "Info-Package", "Reason", "Retry-After",
         "Warning", "Content-Disposition", "Content-Type", "Content-Length")
# What may be the same in several calls: Sotto's own form, and what the call cannot do without.
ALWAYS = {
    "", "Via: SIP/2.0/TLS example.org;branch", "Contact: <sip:token@example.org;transport=tls>", "Max-Breadth: 1",
    "Max-Forwards: 29", "Max-Forwards: 30",   # the latter where Sotto itself asks: CANCEL, and the ACK of a refusal
    "v=0", "o=- id version IN IP4 0.0.0.0", "s=-", "t=0 0", "m=audio RTP/AVP 0",
    "a=sendrecv", "a=setup:actpass", "a=setup:active", "a=rtcp-mux", "a=msid:s0",
    # What is asked, and what is said with it.
    *(f"CSeq: {method}" for method in ("INVITE", "PRACK", "ACK", "CANCEL", "UPDATE", "INFO", "MESSAGE", "OPTIONS", "REFER", "NOTIFY",
                                       "BYE")),
    *(f"Content-Type: {kind}" for kind in ("application/sdp", "application/dtmf-relay", "application/trickle-ice-sdpfrag",
                                           "message/sipfrag", "text/plain")),
    "Signal=5", "Duration=160", "SIP/2.0 200 OK", "Event: refer;id", "Subscription-State: active;expires=60", "Reason: SIP;cause=200",
    'Warning: 305 anonymous.invalid "Incompatible media format"', "Retry-After: 7", "Info-Package: trickle-ice",
    "Content-Disposition: session",   # not the default of what it stands at
    # What the phone can do: of its words those that Sotto knows too, in Sotto's order and spelling.
    "Supported: 100rel, replaces, timer", "Allow: INVITE, ACK, BYE, PRACK, UPDATE", "Accept: application/sdp",
    "Session-Expires: 1800;refresher=uac", "Min-SE: 90",
    # The codec set, and what belongs to it in RTP itself.
    "m=audio UDP/TLS/RTP/SAVPF 96 0 8", "m=video UDP/TLS/RTP/SAVPF 97", "a=ssrc cname:-",
    "a=rtpmap:0 PCMU/8000", "a=rtpmap:8 PCMA/8000", "a=rtpmap:96 opus/48000/2", "a=rtpmap:97 VP8/90000",
    "a=fmtp:96 useinbandfec=1", "a=extmap:1 urn:ietf:params:rtp-hdrext:ssrc-audio-level",
    # Names that every packet of RTP bears as well, where both sides have agreed on that (RFC 8843 15, RFC 8852 3): as here
    # there, or media would not be told apart. Two phones that count as RFC 8829 5.2.1 tells them to have the same.
    "a=extmap:2 urn:ietf:params:rtp-hdrext:sdes:mid", "a=group:BUNDLE 0 1", "a=group:BUNDLE 0", "a=mid:0", "a=mid:1",
    "a=extmap:3 urn:ietf:params:rtp-hdrext:sdes:rtp-stream-id", "a=rid:hi send pt=97", "a=simulcast:send hi",
    "a=end-of-candidates",
}
# Of candidates, beside the address: which types there are, in one way of counting for all (docs/adr/0032-priorities-of-candidates-are-counted-anew.md).
MEDIA = {f"c=IN IP4 {MEDIA_ADDRESS}", "a=candidate:1 1 UDP 2130706431 typ host",   # in direct mode
         "a=candidate:2 1 UDP 16777215 typ relay raddr 0.0.0.0 rport 9"}
RELAYED = {f"c=IN IP4 {RELAY}",         # the relay's, not the caller's
           "a=candidate:1 1 UDP 16777215 typ relay raddr 0.0.0.0 rport 9"}
ANONYMOUS = {f'{name}: "Anonymous" <sip:anonymous@anonymous.invalid>' for name in ("From", "To")}   # who calls, and answers


class Notes(FlowTest):
    """Every message that a callee gets to see (conversation.py), and what two callees make of them."""

    def calls_seen(self, headers: dict) -> list:
        """Ten calls to each of two callees, and what comes before and after a call; of each its callee's messages."""
        alice, bob, carol, dave = self.registered("alice", "bob", "carol", "dave")
        self.alice, self.told = alice, {f"Refer-To: <{dave.aor}>"}   # whom the caller speaks of
        self.reliable: list = []
        seen = []
        for number in range(CALLS):
            one, other, text = (Conversation(alice, (bob, carol)[number % 2], 3 * number + i, {**HABITS, **headers}) for i in range(3))
            one.invites()
            one.is_answered()
            one.goes_on(dave)
            one.hangs_up()
            other.invites()
            other.gives_up()
            text.writes()
            self.reliable.append(one.reliable)
            seen.append([one.seen, other.seen, text.seen])
        return seen

    def shown(self) -> set:
        """As the caller is shown to them."""
        return {f"{name}: <{self.alice.aor}>" for name in ("From", "To", "Referred-By")}

    def assert_nowhere(self, value: str, seen: list) -> None:
        self.assertNotIn(value, "".join(str(message) for call in seen for dialog in call for message in dialog))

    def assert_unlinkable(self, seen: list) -> None:
        dialogs = [dialog for call in seen for dialog in call]
        kept: list = []   # of each dialog, what it keeps from message to message
        for dialog in dialogs:
            kept.append({})
            for name, (has, read) in IDENTIFIERS.items():
                values = {read(m) for m in dialog if has(m)}
                self.assertLessEqual(len(values), 1, f"{name}: one in all of a dialog")
                kept[-1].update({name: value for value in values})
        for name in IDENTIFIERS:
            with self.subTest(identifier=name):
                self.assert_random([of[name] for of in kept if name in of], name)
        for name, read in OF_REQUESTS.items():
            with self.subTest(identifier=name):
                # A CANCEL, and the ACK of a refusal, belong to the request that they are about (RFC 3261 9.1, 17.1.1.3).
                self.assert_random(sorted({read(m) for dialog in dialogs for m in dialog if m.is_request}), name)
        for name, read in NUMBERS.items():
            with self.subTest(number=name):
                self.assert_unpredictable([read(call[0][0]) for call in seen], name)
        with self.subTest("numbers of the callee's reliable responses"):
            self.assert_unpredictable(self.reliable, "RSeq")
        with self.subTest("tokens of one dialog are unrelated as well"):
            for values in kept:
                self.assert_no_common_part(list(values.values()), "of one call")

    def assert_random(self, values: list, name: str) -> None:
        self.assertEqual(len(set(values)), len(values), f"{name} repeats")
        self.assertEqual(len({len(v) for v in values}), 1, f"{name}: one length for all: {values[:3]}")
        self.assert_no_common_part(values, name)
        for place in range(1, len(values[0])):   # the first character tells the epoch; the last holds few bits
            different = len({value[place] for value in values})
            self.assertGreater(different, 4 if place < len(values[0]) - 1 else 1, f"{name} at {place}: {values[:3]}")

    def assert_no_common_part(self, values: list, name: str) -> None:
        """Eight characters of base64 in common are chance in fewer than one of 10^6 runs (at most 1200 values of 22 characters
        or 60 of 162: 5 * 10^8 pairs of places, 64^8 possibilities)."""
        length = 8
        held_by: dict = {}
        for number, value in enumerate(values):
            for place in range(len(value) - length + 1):
                other = held_by.setdefault(value[place:place + length], number)
                self.assertEqual(other, number, f"{name}: {values[other]} and {value}")

    def assert_unpredictable(self, values: list, name: str) -> None:
        """The phone counted 0, 1, 2...; whoever knows the numbers of some calls must not know those of others."""
        self.assertEqual(len(set(values)), len(values), f"{name} repeats: {values}")
        steps = Counter(b - a for a, b in combinations(values, 2))
        self.assertLessEqual(max(steps.values()), 2, f"{name} counts: {values}")
        self.assertGreater(max(values) - min(values), 2**24, f"{name} stays in a narrow range: {values}")

    @staticmethod
    def constant_values(seen: list) -> set:
        """What appears in more than one call: every line of every message, without what is looked at by itself."""
        in_calls = Counter()
        for call in seen:
            for message in (message for dialog in call for message in dialog):
                assert message.names == sorted(message.names, key=ORDER.index), f"another order:\n{message}"
            in_calls.update({feature for dialog in call for message in dialog for feature in features(message)})
        return {feature for feature, count in in_calls.items() if count > 1}


# Header -> what of it is left out of the comparison, and what stands there instead.
NEW_IN_EACH_CALL = {
    "Via": (r"(?::\d+)?;branch=[^;]+", ";branch"), "Contact": (r"sip:[^@]+@(.*):\d+", r"sip:token@\1"),
    "CSeq": (r"^\d+ ([A-Z]+)$", r"\1"), "From": (r";tag=.*", ""), "To": (r";tag=.*", ""),
    "Event": (r";id=\d+", ";id"),   # the number of a request of the callee's own
}

NEW_IN_LINES = (
    (r"^(o=.*) \d+ \d+ ", r"\1 id version "), (r"^(m=\S+) \d+", r"\1"), (r"^a=ssrc:\d+", "a=ssrc"),
    (r"^(a=candidate:\d+ \d+ \S+ \d+) \S+ \d+", r"\1"),   # address and port
)


def features(message):
    """All that can be read off a message line by line; where a line holds what is new in each call, the line without it
    (IDENTIFIERS and NUMBERS are looked at by themselves)."""
    own = ("To", "RAck") if message.is_request else ("Via", "From", "CSeq")   # what the callee has written itself
    for name, value in message.fields:
        if name in ("Call-ID", "Content-Length", *own):
            continue
        pattern, without = NEW_IN_EACH_CALL.get(name, ("$^", ""))
        value = re.sub(pattern, without, value)
        yield f"{name}: {value}"
    for line in message.body.decode().split("\r\n"):
        for pattern, without in NEW_IN_LINES:
            line = re.sub(pattern, without, line)
        yield line


class Linkage(Notes):
    def test_callees_who_compare_notes(self):
        seen = self.calls_seen({})
        self.assert_unlinkable(seen)
        own = self.shown()
        self.assertEqual(self.constant_values(seen) - ALWAYS - MEDIA - self.told - own, set())
        self.assertLessEqual(own, self.constant_values(seen), "the shown identity is what may be compared")

    def test_callees_who_compare_notes_of_a_withheld_caller(self):
        seen = self.calls_seen({"Privacy": "id"})
        self.assert_unlinkable(seen)
        self.assert_nowhere(self.alice.user, seen)
        self.assertEqual(self.constant_values(seen) - ALWAYS - MEDIA - self.told - ANONYMOUS, set())


class SessionPrivacy(Notes):
    def test_it_shows_no_address(self):
        seen = self.calls_seen({"Privacy": "id;session"})
        self.assert_unlinkable(seen)
        self.assert_nowhere(MEDIA_ADDRESS, seen)
        self.assertEqual(self.constant_values(seen) - ALWAYS - RELAYED - self.told - ANONYMOUS, set())


class LinkageUnderRelayOnly(Notes):
    config = {"privacy": {"relay_only": True}}

    def test_no_address_at_all(self):
        seen = self.calls_seen({})
        self.assert_unlinkable(seen)
        self.assert_nowhere(MEDIA_ADDRESS, seen)
        self.assertEqual(self.constant_values(seen) - ALWAYS - RELAYED - self.told - self.shown(), set())


class DifferentMakes(Notes):
    """Two phones that say the same in their own ways."""

    def test_they_are_not_told_apart(self):
        self.not_told_apart(OneMake, OtherMake)

    def test_nor_when_they_trickle(self):
        self.not_told_apart(OneMakeTrickling, OtherMakeTrickling)

    def not_told_apart(self, one_make, other_make) -> None:
        alice, bob, carol, dave = self.registered("alice", "bob", "carol", "dave")
        seen = []
        for caller, others, media in ((alice, HABITS, one_make), (carol, OTHER_HABITS, other_make)):
            call = Conversation(caller, bob, 0, others, media)
            call.invites()
            call.is_answered()
            call.goes_on(dave)
            call.hangs_up()
            seen.append([sorted(re.sub(r"(?<=sip:)(alice|carol)\d+(?=@)", "caller", line) for line in features(message))
                         for message in call.seen])
        for one, other in zip(*seen, strict=True):
            self.assertEqual(one, other)


class RelayOnly(FlowTest):
    """Each phone at an address of its own, one of them in IPv6, and with media at addresses of both kinds."""
    config = {"privacy": {"relay_only": True}}
    hosts = ("127.0.0.1", "::1")

    def test_no_address_of_either_party(self):
        alice, bob = (self.at(name, **place) for name, place in (("alice", {"source": "127.0.0.7"}), ("bob", {"host": "::1"})))
        [dave] = self.registered("dave")
        for caller, callee in ((alice, bob), (bob, alice)):
            call = Conversation(caller, callee, 0, HABITS, MediaOfBothKinds)
            call.invites()
            call.is_answered()
            call.goes_on(dave)
            call.hangs_up()
        for phone in (alice, bob):
            addresses = addresses_in(phone.connection.received.decode())
            self.assertEqual(addresses - {RELAY, "0.0.0.0"}, set())
            self.assertIn(RELAY, addresses)

    def at(self, name: str, **place) -> Phone:
        phone = Phone(name, self.ladder, lambda: self.daemon.connect(**place), self._user(name, self._testMethodName), DOMAIN, PASSWORD,
                      self.daemon.own_hosts)
        self.addCleanup(lambda: phone.connection.close())
        phone.registers()
        return phone


class MediaOfBothKinds(PhoneMedia):
    def of_section(self) -> tuple:
        return (*super().of_section(), f"a=candidate:H6 1 udp 2113939711 2001:db8::77 {self.port} typ host",
                f"a=candidate:S6 1 udp 1677729535 2001:db8::78 {self.port} typ srflx raddr 2001:db8::77 rport {self.port}",
                f"a=candidate:R6 1 udp 33562366 {RELAY} {self.port + 3} typ relay raddr 2001:db8::77 rport {self.port}")


if __name__ == "__main__":
    unittest.main()
