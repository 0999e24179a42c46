"""linphonec, the command-line phone of linphone, without sound card or screen."""

import os
import re
import subprocess
import threading
import time
from pathlib import Path

from support.limits import patience

CONFIG = """[sip]
sip_tls_port=-1
root_ca={authority}
verify_server_certs=1
verify_server_cn=1
media_encryption=dtls
media_encryption_mandatory=1
default_proxy=0
register_only_when_network_is_up=0
use_ipv6=0
contact="{name}" <sip:{user}@{domain}>

[net]
dns_srv_enabled=0
mtu=1300
{nat_policy}

[rtp]
audio_rtp_port={rtp_port}
audio_jitt_comp=60
rtcp_mux={webrtc:d}

[sound]
playback_dev_id=ANULL: Null Filter
ringer_dev_id=ANULL: Null Filter
capture_dev_id=ANULL: Null Filter
echocancellation=0
remote_ring=
local_ring=

[video]
enabled=0
display=0
capture=0

[misc]
auto_net_state_mon=1
store_friends=0

[proxy_0]
reg_proxy=<sip:{domain}:{port};transport=tls>
reg_route=<sip:{domain}:{port};transport=tls;lr>
reg_identity="{name}" <sip:{user}@{domain}>
reg_expires={expires}
reg_sendregister=1
publish=0
dial_escape_plus=0
{nat_policy}

[auth_info_0]
username={user}
userid={user}
passwd={password}
realm={domain}
domain={domain}
algorithm=SHA-256
"""
WITH_ICE = """
[nat_policy_0]
ref=ice
protocols=ice
"""


class Linphone:
    """One linphonec with a HOME of its own; what it says and logs is read as it comes."""

    def __init__(self, folder: Path, user: str, password: str, domain: str, port: int, authority: Path, rtp_port: int,
                 answers: bool = False, name: str | None = None, webrtc: bool = False, expires: int = 600) -> None:
        """`webrtc`: with ICE and rtcp-mux, without which browsers (RFC 8829) make no call. `expires`: seconds that its
        registration is to last."""
        self.user, self.domain, self.folder = user, domain, folder
        folder.mkdir(parents=True)
        rc = folder / "linphonerc"
        rc.write_text(CONFIG.format(user=user, name=name or user.capitalize(), password=password, domain=domain,
                                    port=port, authority=authority, rtp_port=rtp_port, expires=expires,
                                    webrtc=webrtc, nat_policy="nat_policy_ref=ice" if webrtc else "") +
                      (WITH_ICE if webrtc else ""))
        (folder / ".local/share/linphone").mkdir(parents=True)
        environment = {k: v for k, v in os.environ.items() if not k.startswith("XDG_")} | {"HOME": str(folder)}
        self._output = ""
        self._changed = threading.Condition()
        self._process = subprocess.Popen(["linphonec", "-c", str(rc), "-d", "6", *(["-a"] if answers else [])],
                                         stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                                         env=environment, cwd=folder)
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self) -> None:
        for chunk in iter(lambda: self._process.stdout.read1(65536), b""):
            with self._changed:
                self._output += chunk.decode("utf-8", "replace")
                self._changed.notify_all()
        with self._changed:
            self._output += "\n[ended]\n"
            self._changed.notify_all()

    @property
    def output(self) -> str:
        return self._output

    def says(self, pattern: str, timeout: float = 20, after: int = 0) -> int:
        """Waits until its output holds `pattern`; returns where the match ends."""
        deadline = time.monotonic() + patience(timeout)
        with self._changed:
            while not (match := re.compile(pattern).search(self._output, after)):
                left = deadline - time.monotonic()
                if left <= 0 or "[ended]" in self._output or not self._changed.wait(left):
                    raise AssertionError(f"{self.user} did not say {pattern!r} but\n{self._output[-8000:]}")
            return match.end()

    def command(self, line: str) -> int:
        """Types a command; returns where its answer begins."""
        with self._changed:
            position = len(self._output)
        self._process.stdin.write(line.encode() + b"\n")
        self._process.stdin.flush()
        return position

    # -- what linphone's log says in passing -------------------------------------------------------------------
    def is_registered(self) -> None:
        self.says(r"to \[LinphoneRegistrationOk\]")

    def media_flow(self, after: int = 0) -> None:
        """Keys are exchanged, and packets have gone both ways for a while."""
        self.says(r"All streams are encrypted, key exchanged using DTLS", after=after)
        self.says(r"local statistics available", after=after)

    def packets(self) -> tuple:
        """RTP packets (sent, received) in its last call, as it counted them."""
        found = re.findall(r"-(sent|received) +(\d+) packets", self.output.rpartition("RTP STATISTICS")[2])
        counted = dict(reversed(found))   # the first of each kind: later lines count RTCP
        return int(counted.get("sent", 0)), int(counted.get("received", 0))

    def messages(self) -> list:
        """(sent, text) of every SIP message in its log, in order. What came in one read it logs as one text."""
        pattern = re.compile(r"(?:message (sent) to|(received) \[\d+\] new bytes from) \[[^\]]*\][^\n]*\n(.*?)\n"
                             r"(?=[^\n]{0,12}20\d\d-\d\d-\d\d )", re.S)
        begins = re.compile(r"\n(?=(?:SIP/2\.0 \d{3} [^\n]*|[A-Z]+ \S+ SIP/2\.0)\nVia)")
        return [(bool(m[1]), text.strip("\n")) for m in pattern.finditer(self.output)
                for text in begins.split(m[3].replace("\r", ""))]

    def quit(self) -> None:
        """Unregisters and ends."""
        if self._process.poll() is None:
            self.command("quit")
            try:
                self._process.wait(patience(20))
            except subprocess.TimeoutExpired:
                self.kill()
                raise

    def kill(self) -> None:
        if self._process.poll() is None:
            self._process.kill()
        self._process.wait()
        for stream in (self._process.stdin, self._process.stdout):
            stream.close()
