"""coturn in a network namespace of its own, at the other end of the tests' link: 192.0.2.1. It is configured as
docs/browsers.md shows, and by options for what belongs to the machine of the test."""

import os
import re
import subprocess
import threading
import time
from pathlib import Path

from support.limits import patience

ADDRESS = "192.0.2.1"
PORT = 3478

PAGE = Path(__file__).resolve().parents[2] / "docs/browsers.md"
START = f"""read go; ip link set lo up; ip addr add {ADDRESS}/24 dev router; ip link set router up
exec turnserver -c "$1" --no-tls --no-dtls --listening-ip {ADDRESS} --relay-ip {ADDRESS} --listening-port {PORT} \
--min-port 50000 --max-port 50100 --fingerprint --verbose --log-file stdout --simple-log --pidfile "$2" --db "$3" """


class TurnServer:
    def __init__(self, folder: Path, secret: str, calendar: dict | None = None) -> None:
        """The process has left for its namespace when it says so, then it gets its end of the link. `calendar`: variables of
        libfaketime."""
        folder.mkdir()
        [shown] = re.findall(r"^```\n(# turnserver\.conf\n.*?)^```", PAGE.read_text(), flags=re.S | re.M)
        configuration = folder / "turnserver.conf"
        configuration.write_text(shown.replace("THE SECRET", secret))
        self._said = ""
        self._process = subprocess.Popen(
            ["unshare", "-n", "sh", "-c", f"echo gone; {START}", "turn", str(configuration), str(folder / "pid"), str(folder / "db")],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
            env={**os.environ, **(calendar or {})})
        try:
            if self._process.stdout.readline() != "gone\n":
                raise AssertionError("no network namespace for coturn")
            subprocess.run(["ip", "link", "set", "router", "netns", str(self._process.pid)], check=True)
            self._process.stdin.write("\n")
            self._process.stdin.flush()
            threading.Thread(target=self._read, daemon=True).start()
            deadline = time.monotonic() + patience(10)
            while "IO method" not in self._said:
                if time.monotonic() > deadline or self._process.poll() is not None:
                    raise AssertionError(f"coturn does not listen:\n{self._said}")
        except BaseException:
            self.close()
            raise

    def _read(self) -> None:
        for line in self._process.stdout:
            self._said += line

    @property
    def said(self) -> str:
        return self._said

    def close(self) -> None:
        """The link comes back first: it would end with the namespace."""
        inside = ["nsenter", "-n", "-t", str(self._process.pid), "ip", "link", "set", "router", "netns", str(os.getpid())]
        subprocess.run(inside, check=False, capture_output=True)
        subprocess.run(["ip", "link", "set", "router", "up"], check=False, capture_output=True)
        self._process.kill()
        self._process.wait()
        for stream in (self._process.stdin, self._process.stdout):
            stream.close()
