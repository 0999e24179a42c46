"""The memory of a process as a debugger sees it."""

import errno
import os
import re
from pathlib import Path

CHUNK = 1 << 22
OVERLAP = 256   # longer than any spelling of a token


def writable(pid: int):
    """Pieces of all that the process can write: of its own memory, and of memory files, which are read as files wherever they are
    mapped; what it gives back meanwhile is skipped."""
    for line in Path(f"/proc/{pid}/maps").read_text().splitlines():
        match = re.match(r"([0-9a-f]+)-([0-9a-f]+) .w", line)
        if match and "[vvar]" not in line and "/memfd:" not in line:
            yield from between(pid, *(int(edge, 16) for edge in match.groups()))
    yield from handed_on(pid)


def between(pid: int, start: int, end: int):
    """Only chunks in which there are pages: looking at the others would make them. Of shared memory, only what the process has
    looked at itself."""
    page = os.sysconf("SC_PAGE_SIZE")
    with open(f"/proc/{pid}/mem", "rb", buffering=0) as memory, open(f"/proc/{pid}/pagemap", "rb", buffering=0) as pagemap:
        for at in range(start, end, CHUNK):
            size = min(CHUNK, end - at)
            pagemap.seek(at // page * 8)
            present = pagemap.read(size // page * 8)
            if not any(present[7::8]):   # the top byte says whether a page is in memory or swapped
                continue
            try:
                memory.seek(at)
                yield memory.read(min(size + OVERLAP, end - at))
            except OSError:
                pass   # unmapped meanwhile


def handed_on(pid: int):
    """Pieces of the memory files that the process holds (memfd_create(2)), also of what it has not mapped."""
    for link in Path(f"/proc/{pid}/fd").iterdir():
        try:
            if not os.readlink(link).startswith("/memfd:"):
                continue
            file = os.open(link, os.O_RDONLY)
        except FileNotFoundError:
            continue   # closed meanwhile
        try:
            yield from _written(file)
        finally:
            os.close(file)


def _written(file: int):
    end = 0
    while (begin := _next_data(file, end)) is not None:
        end = os.lseek(file, begin, os.SEEK_HOLE)
        yield os.pread(file, end - begin, begin)


def _next_data(file: int, at: int):
    try:
        return os.lseek(file, at, os.SEEK_DATA)
    except OSError as error:
        if error.errno != errno.ENXIO:   # that there is none
            raise
        return None


def not_looked_at(daemon: Path) -> str:
    """Why a test does not look into the memory of a process of that program; empty: it does. The daemon is not dumpable, so
    that only root may; root who cannot has a test that fails."""
    if re.search(rb"__(asan|tsan|msan)_init", daemon.read_bytes()):
        return "a sanitizer build has an allocator of its own, which keeps what is freed"
    return "" if os.geteuid() == 0 else "only root may look into the daemon's memory"
