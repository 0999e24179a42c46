"""Becomes a program with descriptors as a service manager passes them (sd_listen_fds(3)).

    activate.py NAME=DESCRIPTOR,... PROGRAM ARGUMENT...
"""

import fcntl
import os
import sys

passed = [item.rpartition("=") for item in sys.argv[1].split(",") if item]
copies = [fcntl.fcntl(int(number), fcntl.F_DUPFD_CLOEXEC, 3 + len(passed)) for _, _, number in passed]
for place, copy in enumerate(copies, start=3):
    os.dup2(copy, place, inheritable=True)
if passed:
    os.environ.update(LISTEN_PID=str(os.getpid()), LISTEN_FDS=str(len(passed)),
                      LISTEN_FDNAMES=":".join(name for name, _, _ in passed))
os.execv(sys.argv[2], sys.argv[2:])
