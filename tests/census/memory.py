"""The memory of a process as a debugger sees it."""

import os
import re
from pathlib import Path

CHUNK = 1 << 22
OVERLAP = 256   # longer than any spelling of a token


def writable(pid: int):
    """Pieces of all mappings that the process can write; what it gives back meanwhile is skipped."""
    with open(f"/proc/{pid}/mem", "rb", buffering=0) as memory:
        for line in Path(f"/proc/{pid}/maps").read_text().splitlines():
            match = re.match(r"([0-9a-f]+)-([0-9a-f]+) .w", line)
            if not match or "[vvar]" in line:
                continue
            start, end = (int(edge, 16) for edge in match.groups())
            yield from _pieces(memory, pid, start, end)


def _pieces(memory, pid: int, start: int, end: int):
    page = os.sysconf("SC_PAGE_SIZE")
    with open(f"/proc/{pid}/pagemap", "rb", buffering=0) as pagemap:
        at = start
        while at < end:
            size = min(CHUNK, end - at)
            pagemap.seek(at // page * 8)
            present = pagemap.read(size // page * 8)
            if any(present[7::8]):   # the top byte says whether a page is in memory or swapped
                try:
                    memory.seek(at)
                    yield memory.read(min(size + OVERLAP, end - at))
                except OSError:
                    pass   # unmapped meanwhile
            at += size


def not_looked_at(daemon: Path) -> str:
    """Why a test does not look into the memory of a process of that program; empty: it does. The daemon is not dumpable, so
    that only root may; root who cannot has a test that fails."""
    if re.search(rb"__(asan|tsan|msan)_init", daemon.read_bytes()):
        return "a sanitizer build has an allocator of its own, which keeps what is freed"
    return "" if os.geteuid() == 0 else "only root may look into the daemon's memory"
