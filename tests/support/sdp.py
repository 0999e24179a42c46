"""Session descriptions as phones offer and answer them (RFC 8866, DTLS-SRTP after RFC 5763)."""

import secrets


def fingerprint() -> str:
    return ":".join(f"{b:02X}" for b in secrets.token_bytes(32))


class Media:
    """One phone's media for one call: the same session id throughout, a version that rises with each change."""

    def __init__(self, port: int = 40000, address: str = "192.0.2.33") -> None:
        self.session, self.version = secrets.randbelow(2**40) + 2**41, secrets.randbelow(2**20) + 2**21
        self.fingerprint = fingerprint()
        self.address, self.port = address, port

    def describe(self, setup: str = "actpass", direction: str = "sendrecv") -> bytes:
        self.version += 1
        return "\r\n".join([
            "v=0", f"o=- {self.session} {self.version} IN IP4 {self.address}", "s=-", f"c=IN IP4 {self.address}",
            "t=0 0", f"m=audio {self.port} UDP/TLS/RTP/SAVP 0 8", "a=rtpmap:0 PCMU/8000", "a=rtpmap:8 PCMA/8000",
            f"a={direction}",
            f"a=fingerprint:sha-256 {self.fingerprint}", f"a=setup:{setup}", ""]).encode()
