"""baresip without sound card or screen, driven through its control socket (module ctrl_tcp)."""

import json
import os
import re
import socket
import subprocess
import threading
import time
from pathlib import Path

from network import NAME_SERVER
from support.limits import patience

MODULES = ("account", "g711", "aufile", "aubridge", "dtls_srtp", "srtp", "uuid", "sndfile", "menu", "contact", "ctrl_tcp",
           "debug_cmd", "rtcpsummary")
APPLICATIONS = ("account", "menu", "contact", "ctrl_tcp", "debug_cmd", "rtcpsummary")
METER = re.compile(r"\[\d+:\d\d:\d\d\] audio=\d+/\d+ \(bit/s\) *\r?")   # drawn over and over during a call


def config(authority: Path, control_port: int, rtp_port: int, tone: Path) -> str:
    folder = next(p for p in (Path("/usr/lib/baresip/modules"), Path("/usr/lib/x86_64-linux-gnu/baresip/modules"),
                              Path("/usr/lib/aarch64-linux-gnu/baresip/modules")) if p.exists())
    lines = ["sip_listen 127.0.0.1:0", f"sip_cafile {authority}", "sip_verify_server yes", f"audio_source aufile,{tone}",
             "audio_player aubridge,nil", "audio_alert aubridge,nil", "rtp_stats yes", "call_local_timeout 120",
             f"dns_server {NAME_SERVER}",
             f"rtp_ports {rtp_port}-{rtp_port + 20}", f"ctrl_tcp_listen 127.0.0.1:{control_port}",
             f"module_path {folder}"]
    lines += [f"{'module_app' if m in APPLICATIONS else 'module'} {m}.so" for m in MODULES]
    return "\n".join(lines) + "\n"


class Baresip:
    def __init__(self, folder: Path, user: str, password: str, domain: str, port: int, authority: Path, rtp_port: int,
                 tone: Path, answers: bool = False, partner: str = "", interval: int = 60, traces: bool = False) -> None:
        """`partner`: whom its messages go to. `interval`: seconds between its registrations. `traces`: prints all SIP messages."""
        self.user, self._events, self._changed, self._output = user, [], threading.Condition(), ""
        folder.mkdir(parents=True)
        control_port = rtp_port + 50
        (folder / "config").write_text(config(authority, control_port, rtp_port, tone))
        (folder / "contacts").write_text(f'"{partner}" <sip:{partner}@{domain}>\n' if partner else "")
        if partner:
            (folder / "current_contact").write_text(f"sip:{partner}@{domain}\n")
        (folder / "accounts").write_text(
            f'<sip:{user}@{domain};transport=tls>;auth_user={user};auth_pass={password};mediaenc=dtls_srtp;regint={interval};'
            f'outbound="sip:127.0.0.1:{port};transport=tls";answermode={"auto" if answers else "manual"}\n')
        self._process = subprocess.Popen(["baresip", "-4", "-v", "-f", str(folder), *(["-s"] if traces else [])], stdin=subprocess.DEVNULL,
                                         stdout=subprocess.PIPE, stderr=subprocess.STDOUT, cwd=folder,
                                         env={**os.environ, "HOME": str(folder)})
        threading.Thread(target=self._read_output, daemon=True).start()
        self.prints(r"ctrl_tcp: TCP socket listening|baresip is ready")
        self._control = socket.create_connection(("127.0.0.1", control_port), timeout=patience(5))
        self._control.settimeout(None)
        threading.Thread(target=self._read_events, daemon=True).start()

    # -- what it says ----------------------------------------------------------------------------------------
    def _read_output(self) -> None:
        for chunk in iter(lambda: self._process.stdout.read1(65536), b""):
            with self._changed:
                self._output += METER.sub("", chunk.decode("utf-8", "replace"))
                self._changed.notify_all()

    def _read_events(self) -> None:
        """Netstrings of JSON: `12:{"event":...},`."""
        buffer = b""
        try:
            while data := self._control.recv(65536):
                buffer += data
                while match := re.match(rb"(\d+):", buffer):
                    end = match.end() + int(match[1])
                    if len(buffer) < end + 1:
                        break
                    with self._changed:
                        self._events.append(json.loads(buffer[match.end():end]))
                        self._changed.notify_all()
                    buffer = buffer[end + 1:]
        except OSError:
            pass

    @property
    def output(self) -> str:
        return self._output

    def _wait(self, found, what: str, timeout: float):
        deadline = time.monotonic() + patience(timeout)
        with self._changed:
            while (result := found()) is None:
                left = deadline - time.monotonic()
                if left <= 0 or not self._changed.wait(left):
                    raise AssertionError(f"{self.user}: no {what}; events {self._events}\n{self._output}")
            return result

    def prints(self, pattern: str, timeout: float = 20) -> re.Match:
        return self._wait(lambda: re.search(pattern, self._output), pattern, timeout)

    def is_registered(self) -> None:
        """By what it prints: it may have registered before anybody could listen to its events."""
        self.prints(r"200 OK \(.*\) \[\d+ bindings?\]")

    def event(self, kind: str, timeout: float = 20, where=lambda event: True) -> dict:
        """Waits for the event and takes it off the list, with all before it."""
        def found():
            for i, event in enumerate(self._events):
                if event.get("type") == kind and where(event):
                    del self._events[:i + 1]
                    return event
            return None
        return self._wait(found, kind, timeout)

    def media_flow(self) -> tuple:
        """Waits until RTCP reports packets both ways; returns (sent, received)."""
        def counts(event):
            return event["rtcp_stats"]["tx"]["sent"], event["rtcp_stats"]["rx"]["sent"]

        return counts(self.event("CALL_RTCP", where=lambda event: min(counts(event)) > 0))

    # -- what it is told -------------------------------------------------------------------------------------
    def command(self, name: str, parameters: str = "") -> None:
        text = json.dumps({"command": name, "params": parameters, "token": "1"}).encode()
        self._control.sendall(f"{len(text)}:".encode() + text + b",")

    def quit(self) -> None:
        """Unregisters and ends."""
        if self._process.poll() is None:
            self.command("quit")
            try:
                self._process.wait(patience(15))
            except subprocess.TimeoutExpired:
                self.kill()
                raise

    def kill(self) -> None:
        if self._process.poll() is None:
            self._process.kill()
        self._process.wait()
        self._control.close()
        self._process.stdout.close()
