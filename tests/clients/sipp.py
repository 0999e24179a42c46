"""sipp (3.6.1, without TLS of its own) behind a stunnel, its scenarios as ladders: each step becomes an XML element."""

import subprocess
from pathlib import Path
from xml.sax.saxutils import quoteattr

from support.daemon import PASSWORD, Port
from support.limits import patience
from support.listening import wait_until_listening

SDP = """v=0
o=- 1234567 1 IN IP4 192.0.2.10
s=-
c=IN IP4 192.0.2.10
t=0 0
m=audio 7000 UDP/TLS/RTP/SAVP 0
a=rtpmap:0 PCMU/8000
a=fingerprint:sha-256 """ + ":".join(f"{n:02X}" for n in range(32)) + """
a=setup:%s
"""


def _send(text: str) -> str:
    return f"<send><![CDATA[\n{text}\n\n]]></send>"


CONTACT = "Contact: <sip:[service]@[local_ip]:[local_port];transport=tls>"


def request(method: str, *, to: str = "[field0]", cseq: int, dialog: bool = False, headers: tuple = (),
            call_id: str = "[call_id]", sdp: str | None = None, text: str | None = None, tag: str = "call", branch: str = "[branch]",
            uri: str | None = None) -> str:
    """A request of the caller; inside a dialog it goes to the remote target that the last answer named."""
    lines = [f"{method} {uri or ('[next_url]' if dialog else f'sip:{to}@example.org')} SIP/2.0",
             f"Via: SIP/2.0/TLS [local_ip]:[local_port];branch={branch}", "Max-Forwards: 70",
             f"From: <sip:[service]@example.org>;tag={tag}[call_number]",
             f"To: <sip:{to}@example.org>{'[peer_tag_param]' if dialog else ''}",
             f"Call-ID: {call_id}", f"CSeq: {cseq} {method}", CONTACT, *headers, "User-Agent: sipp"]
    if sdp:
        lines += ["Content-Type: application/sdp", "Content-Length: [len]", "", *(SDP % sdp).strip().split("\n")]
    elif text:
        lines += ["Content-Type: text/plain", "Content-Length: [len]", "", text]
    else:
        lines += ["Content-Length: 0"]
    return _send("\n".join(lines))


def response(status: int, *, sdp: str | None = None, headers: tuple = (), tag: bool = True,
             cseq: str = "[last_CSeq:]") -> str:
    """An answer of the callee to the last request."""
    lines = [f"SIP/2.0 {status} As Sipp Says", "[last_Via:]", "[last_From:]",
             f"[last_To:]{';tag=answer[call_number]' if tag else ''}", "[last_Call-ID:]", cseq,
             CONTACT, *headers]
    if sdp:
        lines += ["Content-Type: application/sdp", "Content-Length: [len]", "", *(SDP % sdp).strip().split("\n")]
    else:
        lines += ["Content-Length: 0"]
    return _send("\n".join(lines))


def cancelled() -> list:
    """CANCEL, its 200, and the 487 of the INVITE, which differs in the CSeq only."""
    return [receive("CANCEL"), response(200), response(487, cseq="CSeq: [last_cseq_number] INVITE"), receive("ACK")]


def receive(what, *, optional: bool = False, auth: bool = False, keep: bool = False) -> str:
    """A status or a method; `auth`: a challenge to be answered by the next request; `keep`: remember dialog and target."""
    kind = "response" if isinstance(what, int) else "request"
    flags = (' optional="true"' if optional else "") + (' auth="true"' if auth else "") + (' rrs="true"' if keep else "")
    return f"<recv {kind}={quoteattr(str(what))}{flags} timeout=\"{int(patience(20) * 1000)}\"/>"


WAIT = '<pause milliseconds="3600000"/>'   # until the test ends the program
CREDENTIALS = "[authentication]"


def registration() -> list:
    """The first steps of everybody: REGISTER, 401, REGISTER, 200."""
    def register(cseq: int, *headers: str) -> str:
        return request("REGISTER", to="[service]", uri="sip:example.org", cseq=cseq, call_id="register///[call_id]",
                       tag="reg", headers=("Expires: 600", *headers))

    return [register(1), receive(401, auth=True), register(2, CREDENTIALS), receive(200)]


class Stunnel:
    """A plain port on this side, verified TLS on the daemon's."""

    def __init__(self, folder: Path, tls_port: int, authority: Path) -> None:
        self._mark = Port()
        self.port = self._mark.number
        config = folder / "stunnel.conf"
        config.write_text(f"foreground = yes\npid =\n[sip]\nclient = yes\naccept = 127.0.0.1:{self.port}\n"
                          f"connect = 127.0.0.1:{tls_port}\nCAfile = {authority}\nverifyChain = yes\n"
                          "checkHost = example.org\nsni = example.org\nTIMEOUTclose = 0\n"
                          "socket = l:TCP_NODELAY=1\nsocket = r:TCP_NODELAY=1\n")
        self._process = subprocess.Popen(["stunnel4", str(config)], stdin=subprocess.DEVNULL, stderr=subprocess.PIPE,
                                         text=True)
        for line in self._process.stderr:
            if "Configuration successful" in line:
                break
        else:
            raise AssertionError(f"stunnel ended with {self._process.wait()}")

    def stop(self) -> None:
        self._process.terminate()
        self._process.wait()
        self._process.stderr.close()
        self._mark.release()


class Sipp:
    """One sipp with one call; `uninvited` is the scenario for what arrives outside of it."""

    def __init__(self, folder: Path, name: str, user: str, port: int, steps: list, uninvited: list | None = None,
                 callee: str = "nobody", serves: bool = False) -> None:
        """`serves`: sipp waits at that port for a call instead of making one."""
        self.folder, self.name = folder, name
        scenario = self._write(name, steps)
        (folder / f"{name}.csv").write_text(f"SEQUENTIAL\n{callee}\n")
        place = ["-p", str(port)] if serves else [f"127.0.0.1:{port}"]
        command = ["sipp", *place, "-sf", scenario, "-inf", folder / f"{name}.csv", "-i", "127.0.0.1",
                   "-s", user, "-au", user, "-ap", PASSWORD, "-t", "t1", "-m", "1", "-nostdin",
                   "-default_behaviors", "abortunexp", "-timeout", str(int(patience(60))), "-timeout_error",
                   "-trace_err", "-error_file", folder / f"{name}.err",
                   "-trace_msg", "-message_file", folder / f"{name}.msg"]
        if uninvited:
            command += ["-oocsf", self._write(f"{name}-uninvited", uninvited)]
        self._process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                                         stderr=subprocess.PIPE, cwd=folder, text=True)

    def _write(self, name: str, steps: list) -> Path:
        path = self.folder / f"{name}.xml"
        path.write_text('<?xml version="1.0" encoding="ISO-8859-1"?>\n<!DOCTYPE scenario SYSTEM "sipp.dtd">\n'
                        f'<scenario name="{name}">\n' + "\n".join(steps) + "\n</scenario>\n")
        return path

    def is_ready(self, port: int) -> None:
        wait_until_listening(port, self._process, lambda: self.errors)

    @property
    def messages(self) -> str:
        path = self.folder / f"{self.name}.msg"
        return path.read_text("utf-8", "replace") if path.exists() else ""

    @property
    def errors(self) -> str:
        path = self.folder / f"{self.name}.err"
        return path.read_text("utf-8", "replace") if path.exists() else ""

    def succeeds(self) -> None:
        status = self._process.wait(patience(70))
        if status != 0:
            raise AssertionError(f"{self.name} ended with {status}\n{self.errors[-3000:]}\n{self.messages[-6000:]}")

    def stop(self) -> None:
        if self._process.poll() is None:
            self._process.kill()
        self._process.wait()
        self._process.stderr.close()
