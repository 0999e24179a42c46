"""P9: after a call ends, the process forgets it. Looks for its identifiers in everything that the process can write to."""

import json
import os
import time
import unittest

from support import memory
from support.flow_test import FlowTest
from support.limits import patience
from support.web import frame


def found_in_memory(pid: int, values) -> set:
    return {value for piece in memory.writable(pid) for value in values if value.encode() in piece}


@unittest.skipUnless(os.geteuid() == 0, "only root may look into the daemon's memory")
class ForgettingTest(FlowTest):
    threads = 2

    def identifiers(self, *phones) -> set:
        values = set()
        for phone in phones:
            values |= {phone.host, phone.contact_user, phone.instance, phone.register_call_id, phone.dialog.call_id,
                       phone.dialog.local_tag, phone.dialog.remote_tag}
        return values

    def assert_forgotten(self, values, within: float = 3) -> None:
        """Within seconds, although the transactions live on for half a minute (RFC 6026)."""
        end = time.monotonic() + patience(within)
        while left := found_in_memory(self.daemon.pid, values):
            self.assertLess(time.monotonic(), end, f"still in memory: {left}")

    def assert_arrived(self, values) -> None:
        deadline = time.monotonic() + patience(5)
        while found_in_memory(self.daemon.pid, values) != values:
            self.assertLess(time.monotonic(), deadline, "it never arrived")


class EndedCalls:
    """Whatever the phones speak over."""

    def test_a_call_whose_parties_stay(self):
        alice, bob = self.registered("alice", "bob")
        self.call(alice, bob)
        values = self.identifiers(alice, bob)
        self.hang_up(alice, bob)
        self.assert_forgotten(values)

    def test_a_call_whose_parties_have_left(self):
        alice, bob = self.registered("alice", "bob")
        self.call(alice, bob)
        values = self.identifiers(alice, bob)
        self.hang_up(bob, alice)
        alice.connection.close()
        bob.connection.close()
        self.assert_forgotten(values)


class Forgetting(EndedCalls, ForgettingTest):
    def test_the_search_finds_what_is_there(self):
        self.assertEqual(found_in_memory(self.daemon.pid, {"example.org", "sure to be nowhere"}), {"example.org"})
        self.assertTrue(any(b"sotto handover" in piece for piece in memory.handed_on(self.daemon.pid)))

    def test_a_target_that_is_no_binding(self):
        """A Contact that is of this call alone is not there to be read even while the call goes on, and the callee reaches it."""
        alice, bob = self.registered("alice", "bob")
        alice.contact_user = self.ladder.is_secret(alice, "Contact user", "elsewhere-9c41f07b3a")
        self.call(alice, bob)
        self.assert_forgotten({alice.contact_user})
        bob.sends("BYE")
        self.assertIn(alice.contact_user, alice.receives("BYE").start)
        alice.sends(200)
        bob.receives(200)

    def wait_until_nobody_is_connected(self) -> None:
        deadline = time.monotonic() + patience(5)
        while json.loads(self.daemon.sotto("--json", "status").stdout)["connections"]["open"]:
            self.assertLess(time.monotonic(), deadline, "connections that are still open")

    def test_parties_that_have_left(self):
        """At once: neither an answered call, nor one that still rings, nor a refusal that nobody has acknowledged yet is in memory
        when all have unregistered and are gone."""
        alice, bob, carol = self.registered("alice", "bob", "carol")
        self.call(alice, bob)
        values = self.identifiers(alice, bob)
        carol.sends("INVITE", to=alice)
        alice.receives("INVITE")
        alice.sends(180)
        carol.receives(180)
        values |= self.identifiers(alice, carol)
        refused = bob.new_request("INVITE", alice.aor, f"<{alice.aor}>")
        refused.set("Proxy-Require", "x-unknown")
        bob.connection.send(refused.bytes())
        self.assertEqual(bob.connection.next(patience(5)).status, 420)
        values |= {refused.call_id, refused.from_.tag, refused.vias[0].branch}
        self.assertTrue(found_in_memory(self.daemon.pid, values), "a call that rings is in memory, or the search sees nothing")
        for phone in (alice, bob, carol):
            phone.unregisters()
            phone.connection.close()
        self.wait_until_nobody_is_connected()
        self.assert_forgotten(values, within=1)

    def test_half_a_message_whose_connection_is_cut(self):
        """Cut in the header and in the body; nothing of it was ever a message."""
        for after in (b"Contact: ", b"m=audio"):
            with self.subTest(after=after):
                [alice] = self.registered("alice")
                request = alice.new_request("INVITE", "sip:bob@example.org", "<sip:bob@example.org>")
                request.add("Content-Type", "application/sdp")
                request.body = alice.media.describe()
                values = {request.call_id, request.from_.tag, request.vias[0].branch, alice.host}
                if after == b"m=audio":
                    values |= {str(alice.media.session), alice.contact_user}
                whole = request.bytes()
                alice.connection.send(whole[:whole.index(after) + len(after)])
                self.assert_arrived(values)
                alice.loses_connection()
                self.assert_forgotten(values, within=5)


class ForgettingBrowsers(EndedCalls, ForgettingTest):
    """The same over WebSocket, whose library keeps a buffer for each connection. Frames are masked with next to nothing: what
    they hold stands in memory as it is."""
    web_phones = ("alice", "bob")

    def phone(self, *arguments, **options):
        phone = super().phone(*arguments, **options)
        phone.connection.mask = b"\0\0\0\0"
        return phone

    def test_what_a_page_says_of_itself(self):
        """In the HTTP request that its connection begins with; while that connection stays."""
        values = {"canary-agent-5e551b07", "canary-cookie-5e551b07", "canary-language-5e551b07", "canary-field-5e551b07"}
        said = {"User-Agent": "canary-agent-5e551b07", "Cookie": "id=canary-cookie-5e551b07",
                "Accept-Language": "canary-language-5e551b07", "X-Unknown": "canary-field-5e551b07"}
        connection = self.daemon.connect_web(fields=said)
        self.addCleanup(connection.close)
        self.assert_forgotten(values)

    def half_of_a_frame(self, last: bool):
        """Of an INVITE: the phone that has sent it, and what it holds that nobody has asked for twice."""
        [alice] = self.registered("alice")
        request = alice.new_request("INVITE", "sip:bob@example.org", "<sip:bob@example.org>")
        request.add("Content-Type", "application/sdp")
        request.body = alice.media.describe()
        values = {request.call_id, request.from_.tag, request.vias[0].branch, str(alice.media.session)}
        whole = request.bytes()
        half = whole.index(b"m=audio")
        if last:
            alice.connection.send_bytes(frame(whole, mask=alice.connection.mask)[:half + 8])
        else:
            alice.connection.send_bytes(frame(whole[:half], last=False, mask=alice.connection.mask))
        self.assert_arrived(values)
        return alice, values

    def test_half_a_message_whose_connection_is_cut(self):
        for last in (True, False):
            with self.subTest(last=last):
                alice, values = self.half_of_a_frame(last)
                alice.loses_connection()
                self.assert_forgotten(values, within=5)

    def test_half_a_message_that_breaks_a_rule(self):
        alice, values = self.half_of_a_frame(last=False)
        alice.connection.send_bytes(frame(b"another message"))
        self.assert_forgotten(values)   # at once, though the connection waits for the other end to go
