"""Knot DNS on 127.0.0.1:53 of the test's own network: what it does not serve, it refuses."""

import shutil
import socket
import struct
import subprocess
import tempfile
import threading
import time
from pathlib import Path

from support.limits import patience


def query(name: str) -> bytes:
    labels = b"".join(bytes([len(label)]) + label.encode() for label in name.rstrip(".").split("."))
    return struct.pack(">6H", 4711, 0, 1, 0, 0, 0) + labels + b"\0\0\6\0\1"   # SOA


class NameServer:
    """`zones`: by the zone's name, lines such as "@ NAPTR ..." without the SOA and NS that every zone has."""

    def __init__(self, zones: dict) -> None:
        self._folder = Path(tempfile.mkdtemp(prefix="sotto-names-"))
        blocks = []
        for zone, lines in zones.items():
            file = self._folder / f"{zone}.zone"
            file.write_text(f"$ORIGIN {zone}.\n$TTL 60\n@ SOA ns.{zone}. root.{zone}. 1 3600 600 86400 60\n@ NS ns.{zone}.\n"
                            "ns A 127.0.0.1\n" + "\n".join(lines) + "\n")
            blocks.append(f"  - domain: {zone}\n    file: {file}\n")
        config = self._folder / "knot.conf"
        config.write_text(f"server:\n    listen: 127.0.0.1@53\n    rundir: {self._folder}\n    user: root:root\n"
                          f"database:\n    storage: {self._folder}\n"
                          "log:\n  - target: stderr\n    any: error\n"
                          f"template:\n  - id: default\n    storage: {self._folder}\n    journal-content: none\n"
                          "    zonefile-sync: -1\n"
                          "zone:\n" + "".join(blocks))
        self._process = subprocess.Popen(["knotd", "-c", str(config)], stdin=subprocess.DEVNULL,
                                         stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
        for zone in zones:
            self._wait_for(zone)

    def _wait_for(self, zone: str) -> None:
        """Until it answers for the zone: asked again only when no answer came."""
        deadline = time.monotonic() + patience(15)
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
            client.settimeout(0.2)
            while time.monotonic() < deadline:
                if self._process.poll() is not None:
                    raise AssertionError(f"knotd ended:\n{self._process.stderr.read()}")
                try:
                    client.sendto(query(zone), ("127.0.0.1", 53))
                    if client.recv(512)[3] & 15 == 0:
                        return
                except OSError:
                    pass
                threading.Event().wait(0.05)
        raise AssertionError(f"knotd does not answer for {zone}")

    def stop(self) -> None:
        self._process.terminate()
        self._process.wait(patience(10))
        self._process.stderr.close()
        shutil.rmtree(self._folder, ignore_errors=True)


class LyingNameServer:
    """Answers nothing at all, or with `lie`: what it makes of the query."""

    def __init__(self, lie=None) -> None:
        self._lie = lie
        self.asked = 0
        self.first = threading.Event()   # was asked
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.bind(("127.0.0.1", 53))
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def _serve(self) -> None:
        while True:
            question, client = self._socket.recvfrom(512)
            if not question:   # from `stop`
                return
            self.asked += 1
            self.first.set()
            if self._lie:
                self._socket.sendto(self._lie(question), client)

    def stop(self) -> None:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
            client.sendto(b"", ("127.0.0.1", 53))
        self._thread.join(patience(5))
        self._socket.close()


def located(port: int, address: str = "127.0.0.1", host: str = "sip", at: str = "@") -> list:
    """The records by which a domain says that it is reached over TLS at that port (RFC 3263)."""
    dot = "" if at == "@" else f".{at}"
    return [f'{at} NAPTR 10 50 "s" "SIPS+D2T" "" _sips._tcp{dot}',
            f"_sips._tcp{dot} SRV 10 10 {port} {host}{dot}",
            f"{host}{dot} {'AAAA' if ':' in address else 'A'} {address}"]
