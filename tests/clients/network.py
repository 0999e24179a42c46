"""A network of one's own: no port clashes, nothing gets out, and a default route and an address that is not loopback,
which phones insist on."""

import ctypes
import os
import subprocess
import unittest

CLONE_NEWNET = 0x40000000
ADDRESS = "192.0.2.10"


def enter() -> None:
    """Moves this process, and all that it starts from now on, into a fresh network namespace. Before any thread starts."""
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.unshare(CLONE_NEWNET) != 0:
        raise unittest.SkipTest(f"needs root for a network of its own: {os.strerror(ctypes.get_errno())}")
    for command in ("link set lo up", "link add phones type veth peer name router", f"addr add {ADDRESS}/24 dev phones",
                    "link set phones up", "link set router up", "route add default via 192.0.2.1"):
        subprocess.run(["ip", *command.split()], check=True, capture_output=True)
