"""P9: after a call ends, the process forgets it. Looks for its identifiers in everything that the process can write to."""

import os
import re
import time
import unittest

from support.flow_test import FlowTest
from support.limits import patience


def found_in_memory(pid: int, values) -> set:
    found = set()
    with open(f"/proc/{pid}/maps") as maps, open(f"/proc/{pid}/mem", "rb", 0) as memory:
        for line in maps:
            first, last, rights = re.match(r"([0-9a-f]+)-([0-9a-f]+) (\S+)", line).groups()
            if not rights.startswith("rw"):
                continue
            try:
                memory.seek(int(first, 16))
                content = memory.read(int(last, 16) - int(first, 16))
            except OSError:   # gone meanwhile, or the kernel's own
                continue
            found |= {value for value in values if value.encode() in content}
    return found


@unittest.skipUnless(os.geteuid() == 0, "only root may look into the daemon's memory")
class Forgetting(FlowTest):
    threads = 2

    def identifiers(self, *phones) -> set:
        values = set()
        for phone in phones:
            values |= {phone.host, phone.contact_user, phone.instance, phone.register_call_id, phone.dialog.call_id,
                       phone.dialog.local_tag, phone.dialog.remote_tag}
        return values

    def assert_forgotten(self, values) -> None:
        """Within seconds, although the transactions live on for half a minute (RFC 6026)."""
        end = time.monotonic() + patience(3)
        while left := found_in_memory(self.daemon.pid, values):
            self.assertLess(time.monotonic(), end, f"still in memory: {left}")

    def test_the_search_finds_what_is_there(self):
        self.assertEqual(found_in_memory(self.daemon.pid, {"example.org", "sure to be nowhere"}), {"example.org"})

    def test_a_call_that_was_answered(self):
        alice, bob = self.registered("alice", "bob")
        self.call(alice, bob)
        values = self.identifiers(alice, bob)
        self.hang_up(alice, bob)
        self.assert_forgotten(values)

    def test_connections_that_are_gone(self):
        alice, bob = self.registered("alice", "bob")
        self.call(alice, bob)
        values = self.identifiers(alice, bob)
        self.hang_up(bob, alice)
        alice.connection.close()
        bob.connection.close()
        self.assert_forgotten(values)
