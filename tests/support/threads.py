"""The threads of a process, and one of them that stands still."""

import ctypes
import os
from pathlib import Path

PTRACE_SEIZE, PTRACE_INTERRUPT, PTRACE_DETACH = 0x4206, 0x4207, 17


class OneThread:
    """Stops one thread of a process and lets the others run."""
    _libc = ctypes.CDLL(None, use_errno=True)
    _libc.ptrace.argtypes = [ctypes.c_long, ctypes.c_long, ctypes.c_void_p, ctypes.c_void_p]

    def __init__(self, thread: int) -> None:
        self.thread = thread

    def _do(self, what: int) -> None:
        if self._libc.ptrace(what, self.thread, None, None) != 0:
            raise OSError(ctypes.get_errno(), "ptrace")

    def __enter__(self) -> None:
        self._do(PTRACE_SEIZE)
        self._do(PTRACE_INTERRUPT)
        os.waitpid(self.thread, 0x40000000)   # __WALL

    def __exit__(self, *_) -> None:
        self._do(PTRACE_DETACH)


def threads_of(pid: int) -> dict:
    """Name -> number."""
    return {task.joinpath("comm").read_text().strip(): int(task.name) for task in Path(f"/proc/{pid}/task").iterdir()}
