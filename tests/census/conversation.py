"""All that a callee can get to see of a caller in a call: every request that a phone sends, and its answers to every request.
Whatever the caller's phone sends bears its habits and its count of things."""

import re
import itertools
import secrets

from support.phone import Phone
from support.sdp import Media, fingerprint

MEDIA_ADDRESS, RELAY = "192.0.2.33", "198.51.100.9"
FINGERPRINT = fingerprint()

# What a phone of one make says of itself in each call.
HABITS = {"Allow": "X-PHONE, UPDATE,PRACK , INVITE, ACK, BYE", "Supported": "x-phone, timer, 100rel ,replaces",
          "Accept": "application/x-phone, application/sdp;level=1", "Session-Expires": "1800;refresher=uac;x-phone=1", "Min-SE": "0090",
          "Content-Disposition": "session;handling=required", "User-Agent": "Phone 7", "X-Phone": "7", "Organization": "Phone",
          "P-Access-Network-Info": "phone"}

# A phone of another make that can do the same.
OTHER_HABITS = {"Allow": "ACK,BYE,CARRIER-PIGEON,INVITE,PRACK,UPDATE", "Supported": "replaces,100rel,timer,y-phone",
                "Accept": "application/sdp, application/y-phone", "Session-Expires": "01800;y-phone;refresher=UAC", "Min-SE": "90",
                "Content-Disposition": "SESSION", "User-Agent": "Y", "Call-Info": "<sip:y>", "Priority": "normal"}


PORTS = itertools.count(20000, 2)


class PhoneMedia(Media):
    """A phone with ICE: a certificate, ports and credentials of its own for each call, its habits always the same."""

    def __init__(self, address: str = MEDIA_ADDRESS) -> None:
        super().__init__(next(PORTS), address)   # no two calls have one
        self.ufrag, self.pwd, self.tls_id = secrets.token_hex(4), secrets.token_hex(12), secrets.token_hex(20)

    def describe(self, setup: str = "actpass", direction: str = "sendrecv") -> bytes:
        self.version += 1
        return ("".join(line + "\r\n" for line in (
            "v=0", f"o=phone {self.session} {self.version} IN IP4 {self.address}", "s=phone call", "i=a phone", "t=1 2",
            f"c=IN IP4 {self.address}", "a=tool:phone", "a=group:BUNDLE 0 1", f"a=fingerprint:sha-256 {self.fingerprint}",
            f"a=setup:{setup}", f"a=tls-id:{self.tls_id}",
            f"m=audio {self.port} UDP/TLS/RTP/SAVPF 96 0 8 99", "b=AS:77", "a=mid:0", "a=msid:phone phone",
            "a=rtpmap:99 X-PHONE/8000", "a=rtpmap:8 pcma/8000", "a=rtpmap:0 pcmu/8000", "a=rtpmap:96 OPUS/48000/2",
            "a=fmtp:96 x-phone=7; useinbandfec=1; minptime=010",
            "a=extmap:7 urn:phone:extension", "a=extmap:1 urn:ietf:params:rtp-hdrext:ssrc-audio-level vad=phone",
            "a=extmap:2 urn:ietf:params:rtp-hdrext:sdes:mid", "a=rtcp-fb:96 x-phone", f"a={direction}", *self.of_section(),
            f"m=video {self.port} UDP/TLS/RTP/SAVPF 97", "a=mid:1", "a=rtpmap:97 vp8/90000",
            "a=extmap:3 urn:ietf:params:rtp-hdrext:sdes:rtp-stream-id", "a=extmap:2 urn:ietf:params:rtp-hdrext:sdes:mid",
            "a=rid:hi send pt=97;x-phone=7;max-width=01280", "a=simulcast:send hi", f"a={direction}", *self.of_section()))).encode()

    def of_section(self) -> tuple:
        return (f"a=ice-ufrag:{self.ufrag}", f"a=ice-pwd:{self.pwd}",
                f"a=candidate:H1 1 udp 2113937151 {self.address} {self.port} typ host network-id 1",
                f"a=candidate:R1 1 udp 33562367 {RELAY} {self.port + 1} typ relay raddr {self.address} rport {self.port}",
                "a=rtcp-mux", f"a=ssrc:{secrets.randbelow(2**31)} cname:phone@192.0.2.33")

    def trickled(self) -> bytes:
        """RFC 8840 9.2."""
        return "".join(line + "\r\n" for line in (
            "a=group:BUNDLE 0 1", "a=tool:phone", f"m=audio {self.port} RTP/AVP 0", "a=mid:0", *self.of_section()[:4],
            "a=end-of-candidates")).encode()


class OneMake(Media):
    """It trickles nothing, unless `mid` names its section."""
    mid = None

    def describe(self, setup: str = "actpass", direction: str = "sendrecv") -> bytes:
        self.version += 1
        return ("".join(line + "\r\n" for line in (
            "v=0", f"o=- {self.session} {self.version} IN IP4 {self.address}", "s=-", f"c=IN IP4 {self.address}", "t=0 0",
            f"a={direction}", f"a=fingerprint:sha-256 {FINGERPRINT}", f"a=setup:{setup}",
            "m=audio 40000 UDP/TLS/RTP/SAVP 0 8 96", "a=rtpmap:96 telephone-event/8000", "a=fmtp:96 0-15", "a=ptime:20",
            "a=rtcp-mux", *((f"a=mid:{self.mid}", "a=ice-options:trickle") if self.mid else ())))).encode()

    def trickled(self) -> bytes | None:
        return self.mid and (
            f"a=ice-ufrag:F7gI\r\na=ice-pwd:x9cml/YzichV2+XlhiMu8g\r\nm=audio 40000 RTP/AVP 0\r\na=mid:{self.mid}\r\n"
            "a=candidate:1 1 UDP 2130706431 192.0.2.33 40000 typ host\r\na=end-of-candidates\r\n").encode()


class OtherMake(Media):
    """It names its layers where nothing refers to them, and its sections too unless it trickles."""
    mid, trickles = "audio", False

    def describe(self, setup: str = "actpass", direction: str = "sendrecv") -> bytes:
        self.version += 1
        return ("".join(line + "\r\n" for line in (
            "v=0", f"o=y {self.session} {self.version} IN IP6 2001:db8::1", "s=Y", "i=y", "t=77 0", "a=tool:y", f"a=group:FID {self.mid}",
            *(("a=ice-options:y trickle",) if self.trickles else ()),
            "m=audio 40000 UDP/TLS/RTP/SAVP 0 8 96 97", f"c=IN IP4 {self.address}", "b=AS:80", f"a=mid:{self.mid}", "a=rtcp-mux", "a=ptime:20",
            "a=rtpmap:97 Y/8000", "a=fmtp:96 0-15", "a=rtpmap:96 TELEPHONE-EVENT/8000", "a=rtpmap:8 PCMA/8000/1", "a=rtpmap:0 pcmu/8000",
            "a=label:y", f"a=setup:{setup}", "a=rid:y send", "a=simulcast:send y", "a=lang:de", *(() if direction == "sendrecv" else (f"a={direction}",)),
            f"a=fingerprint:SHA-256 {FINGERPRINT.lower()}", "a=y"))).encode()

    def trickled(self) -> bytes | None:
        return (
            f"m=audio 9 UDP/TLS/RTP/SAVP 0 8\r\na=mid:{self.mid}\r\na=ice-pwd:x9cml/YzichV2+XlhiMu8g\r\na=ice-ufrag:F7gI\r\n"
            "a=candidate:Y7 1 udp 2122260223 192.0.2.33 40000 typ host generation 0 network-id 3\r\n"
            "a=end-of-candidates\r\n").encode() if self.trickles else None


# RFC 8840 4.1: what is to be trickled goes by the section's name, which both makes number from 0.
class OneMakeTrickling(OneMake):
    mid = "0"


class OtherMakeTrickling(OtherMake):
    mid, trickles = "0", True


class Conversation:
    def __init__(self, caller: Phone, callee: Phone, number: int, said: dict, media=PhoneMedia) -> None:
        """`number`: how many there were before, which the caller's phone counts in all that it may choose; `said`: in the headers
        of all that it sends."""
        self.caller, self.callee, self.media = caller, callee, media
        self.said = said
        self.number = number
        self.seen: list = []       # by the callee
        self.mids: set = set()     # of the last description that it was shown
        self.reliable = 0          # RSeq of the callee's response, as the caller sees it

    def _sees(self, what):
        self.seen.append(self.callee.receives(what))
        self._follows_names(self.seen[-1])
        return self.seen[-1]

    def _follows_names(self, message) -> None:
        """RFC 8840 4.4: what is trickled goes to a section by the name that its description has."""
        kind = "".join(message.all("Content-Type")).split(";")[0]
        mids = set(re.findall(rb"^a=mid:(\S+)", message.body, re.MULTILINE))
        if kind == "application/sdp":
            self.mids = mids
        elif kind == "application/trickle-ice-sdpfrag":
            assert mids and mids <= self.mids, (mids, self.mids)

    def asks(self, method: str, status: int = 200, body: bytes | None = None, headers: dict | None = None, **options) -> None:
        """The caller asks; its callee agrees."""
        self.caller.sends(method, body=body, headers={**self.said, **(headers or {})}, **options)
        self._sees(method)
        self.callee.sends(status)
        self.caller.receives(status)
        if method == "INVITE":
            self.caller.sends("ACK", headers=self.said)
            self._sees("ACK")

    def is_asked(self, method: str, status: int = 200, headers: dict | None = None, answer: dict | None = None, **options) -> None:
        """The callee asks, and sees what the caller answers."""
        self.callee.sends(method, headers=headers, **options)
        self.caller.receives(method)
        self.caller.sends(status, headers={**self.said, **(answer or {})}, sdp=options.get("sdp"))
        self._sees(status)
        if method == "INVITE":
            if status < 300:
                self.callee.sends("ACK")
            self.caller.receives("ACK")

    def invites(self) -> None:
        """A phone that counts: its Call-ID, CSeq, session id and version tell how many calls there were."""
        self.caller.media, self.callee.media = self.media(), self.media()
        self.caller.media.session = self.caller.media.version = 1000 + self.number
        self.caller.sends("INVITE", to=self.callee, headers={
            "Call-ID": f"call-{self.number:04}@{self.caller.host}", "CSeq": f"{500 + self.number} INVITE", **self.said})
        self._sees("INVITE")

    def is_answered(self) -> None:
        invite = self.seen[-1]
        self.callee.sends(183, headers={"Require": "100rel", "RSeq": 1})   # a phone that always begins with 1
        progress = self.caller.receives(183)
        self.reliable = int(progress.get("RSeq"))
        self.caller.acknowledges(progress, self.said)
        assert self._sees("PRACK").get("RAck") == f"1 {invite.cseq[0]} INVITE"
        self.callee.sends(200)
        self.caller.receives(200)
        self.callee.sends(200, answering=invite)
        self.caller.receives(200)
        self.caller.sends("ACK", headers=self.said)
        self._sees("ACK")

    def goes_on(self, third: Phone) -> None:
        self.asks("INVITE")
        self.asks("UPDATE", sdp=True)
        self.asks("OPTIONS")
        self.asks("INFO", body=b"Signal= 5\r\nDuration= 0160\r\nX-Phone: 7\r\n", content_type="application/dtmf-relay")
        if (fragment := self.caller.media.trickled()) is not None:
            self.asks("INFO", body=fragment, content_type="application/trickle-ice-sdpfrag",
                      headers={"Info-Package": "trickle-ice;x-phone=7"})
        self.asks("MESSAGE", body=f"It is {self.number}.".encode(), content_type="text/plain;x-phone=7")
        self.asks("REFER", 202, headers={"Refer-To": f'"Phone" <{third.aor};x-phone=7>;x-phone=7',
                                         "Referred-By": f'"Phone" <{self.caller.aor}>;x-phone=7'})
        for method in ("INVITE", "UPDATE"):
            self.is_asked(method, sdp=True)
            self.is_asked(method, 488, sdp=True, answer={"Warning": '305 phone "of a phone"', "Retry-After": "0007 (phone)",
                                                         "Content-Disposition": None, "Error-Info": "<sip:phone@phone>"})
        self.is_asked("OPTIONS")
        self.is_asked("MESSAGE", body=b"yes", content_type="text/plain")
        self.is_asked("INFO", 415, body=b"Signal=1\r\n", content_type="application/dtmf-relay")
        self.is_asked("REFER", 202, headers={"Refer-To": f"<{third.aor}>"})
        self.asks("NOTIFY", body=b"SIP/2.0 200 Of A Phone\r\nServer: Phone 7\r\n", content_type="message/sipfrag;version=2.0;x-phone=7",
                  headers={"Event": f"refer;id={self.caller.dialog.remote_cseq};x-phone=7", "Subscription-State": "active;expires=0060;x-phone=7"})
        self.is_asked("NOTIFY", headers={"Event": f"refer;id={self.callee.dialog.remote_cseq}", "Subscription-State": "active"})

    def hangs_up(self) -> None:
        self.asks("BYE", headers={"Reason": 'SIP;cause=200;text="of a phone", X-PHONE;cause=7'})

    def gives_up(self) -> None:
        """An INVITE that is taken back while it rings."""
        self.callee.sends(180)
        self.caller.receives(180)
        self.caller.sends("CANCEL", headers={**self.said, "Reason": 'SIP;cause=200;text="of a phone"'})
        self.caller.receives(200)
        self._sees("CANCEL")
        self.callee.sends(200)
        self.callee.sends(487)
        self._sees("ACK")
        self.caller.receives(487)

    def writes(self) -> None:
        """Outside of any dialog."""
        self.asks("MESSAGE", to=self.callee, body=f"It is {self.number}.".encode(), content_type="text/plain;x-phone=7")
