"""P9: keys lie on pages that the kernel neither writes to the swap nor into a dump; where it refuses, the operator is told."""

import json
import os
import re
import unittest
from pathlib import Path

from support import memory
from support.daemon import Daemon
from support.flow_test import FlowTest


def mappings(pid: int):
    """(first address, last address, flags) of each mapping that the process can write (proc(5), smaps)."""
    edges = None
    for line in Path(f"/proc/{pid}/smaps").read_text().splitlines():
        if start := re.match(r"([0-9a-f]+)-([0-9a-f]+) (\S+)", line):
            edges = (int(start[1], 16), int(start[2], 16)) if start[3].startswith("rw") else None
        elif edges and line.startswith("VmFlags:"):
            yield *edges, set(line.split()[1:])


def locked_kilobytes(pid: int) -> int:
    return int(re.search(r"^VmLck:\s*(\d+) kB", Path(f"/proc/{pid}/status").read_text(), re.MULTILINE)[1])


def places_of(pid: int, value: bytes) -> list:
    """Flags of each mapping in which `value` stands."""
    return [flags for first, last, flags in mappings(pid) if any(value in piece for piece in memory.between(pid, first, last))]


@unittest.skipUnless(os.geteuid() == 0, "only root may look into the daemon's memory")
class KeyPages(FlowTest):
    threads = 2

    def test_keys_are_locked_and_left_out_of_dumps(self):
        locked = [(last - first, flags) for first, last, flags in mappings(self.daemon.pid) if "lo" in flags]
        self.assertEqual(sum(size for size, _ in locked), locked_kilobytes(self.daemon.pid) * 1024)
        self.assertTrue(locked)
        for _, flags in locked:
            self.assertIn("dd", flags)
        self.assertNotIn("keys-unprotected", self.daemon.log)
        self.assertEqual(json.loads(self.daemon.sotto("--json", "status").stdout)["unprotected_keys"], 0)

    def test_a_key_stands_on_such_pages_and_nowhere_else(self):
        """The one key that a test can know: it lies in a file as well (ADR 13)."""
        key = (self.daemon.state / "pair.key").read_bytes()
        self.assertGreaterEqual(len(key), 32)
        places = places_of(self.daemon.pid, key)
        self.assertTrue(places, "the search sees nothing")
        for flags in places:
            self.assertLessEqual({"lo", "dd"}, flags)
        self.assertFalse(any(key in piece for piece in memory.handed_on(self.daemon.pid)))


@unittest.skipUnless(os.geteuid() == 0, "only root may take its own rights away")
class Refused(unittest.TestCase):
    def test_the_operator_is_told_once(self):
        daemon = Daemon(("alice",))
        self.addCleanup(daemon.destroy)
        daemon.stop()
        daemon.launcher = ["prlimit", "--memlock=0:0", "setpriv", "--bounding-set=-ipc_lock", "--inh-caps=-ipc_lock", "--"]
        daemon.start()
        said = daemon.logged("keys-unprotected")
        self.assertEqual(len(said), 1)
        self.assertEqual(locked_kilobytes(daemon.pid), 0)
        self.assertGreater(json.loads(daemon.sotto("--json", "status").stdout)["unprotected_keys"], 0)
        daemon.sotto("account", "list")   # and goes on
        self.assertEqual(daemon.log.count(" keys-unprotected: "), 1)


if __name__ == "__main__":
    unittest.main()
