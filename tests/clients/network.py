"""A network of one's own: no port clashes, nothing gets out, and a default route and an address that is not loopback,
which phones insist on."""

import ctypes
import os
import socket
import subprocess
import tempfile
import threading
import unittest
from pathlib import Path

CLONE_NEWNS, CLONE_NEWUSER, CLONE_NEWNET = 0x00020000, 0x10000000, 0x40000000
ADDRESS = "192.0.2.10"
NAME_SERVER = "127.0.0.1:53"


def enter(answer_names: bool = True) -> None:
    """Moves this process, and all that it starts from now on, into a fresh network namespace where every name leads to
    127.0.0.1, or, without `answer_names`, to whatever the test's own name server says. To be called before any thread
    starts."""
    libc, user, group = ctypes.CDLL(None, use_errno=True), os.geteuid(), os.getegid()
    flags = CLONE_NEWNET | CLONE_NEWNS | (CLONE_NEWUSER if user != 0 else 0)
    if libc.unshare(flags) != 0:
        raise unittest.SkipTest(f"no network of one's own here: {os.strerror(ctypes.get_errno())}")
    if user != 0:   # root within the namespaces only
        for file, text in (("setgroups", "deny"), ("uid_map", f"0 {user} 1"), ("gid_map", f"0 {group} 1")):
            Path(f"/proc/self/{file}").write_text(text)
    _furnish(answer_names)


def join(pid: int) -> None:
    """Likewise moves this process into the network of process `pid`, which is nobody else's, and furnishes it."""
    libc = ctypes.CDLL(None, use_errno=True)
    with open(f"/proc/{pid}/ns/net") as network:
        if libc.setns(network.fileno(), CLONE_NEWNET) != 0 or libc.unshare(CLONE_NEWNS) != 0:
            raise OSError(ctypes.get_errno(), f"the network of process {pid} cannot be entered")
    _furnish(answer_names=True)


def _furnish(answer_names: bool) -> None:
    # No link-local addresses: they come into use seconds later, which browsers take for a change of network.
    for command in ("link set lo up", "link add phones type veth peer name router", "link set phones addrgenmode none",
                    "link set router addrgenmode none", f"addr add {ADDRESS}/24 dev phones", "link set phones up",
                    "link set router up", "route add default via 192.0.2.1"):
        subprocess.run(["ip", *command.split()], check=True, capture_output=True)
    with tempfile.NamedTemporaryFile("w", prefix="sotto-resolv-") as resolver:   # for phones that read no option
        resolver.write(f"nameserver {NAME_SERVER.split(':')[0]}\n")
        resolver.flush()
        subprocess.run(["mount", "--make-rprivate", "/"], check=True)
        subprocess.run(["mount", "--bind", resolver.name, os.path.realpath("/etc/resolv.conf")], check=True)
    if not answer_names:
        return
    names = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    names.bind(("127.0.0.1", 53))
    threading.Thread(target=_answer_names, args=(names,), daemon=True).start()


def moves(old: str, new: str) -> None:
    """A change of network: another address, and nothing behind the old one."""
    for command in (f"addr del {old}/24 dev phones", f"addr add {new}/24 dev phones",
                    "route replace default via 192.0.2.1"):
        subprocess.run(["ip", *command.split()], check=True, capture_output=True)


def _answer_names(server: socket.socket) -> None:
    """DNS (RFC 1035) as far as phones need it: every name has the IPv4 address 127.0.0.1, and nothing else."""
    while True:
        query, client = server.recvfrom(512)
        end = query.index(b"\0", 12) + 5
        question = query[12:end]
        is_address = question[-4:] == b"\0\1\0\1"
        record = b"\xc0\x0c\0\1\0\1\0\0\0\x3c\0\4\x7f\0\0\1" if is_address else b""
        server.sendto(query[:2] + b"\x81\x80\0\1" + bytes([0, len(record) > 0]) + b"\0\0\0\0" + question + record, client)
