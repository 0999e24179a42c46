"""Digest authentication, the client's side (RFC 7616, RFC 8760)."""

import hashlib
import re
import secrets

from .sip import SipError

HASH = {"SHA-256": hashlib.sha256, "MD5": hashlib.md5}


def parse_challenge(value: str) -> dict:
    """The parameters of a WWW- or Proxy-Authenticate value. Anything but Digest with qop=auth is an error."""
    if not value.startswith("Digest "):
        raise SipError(f"not a Digest challenge: {value!r}")
    found = re.findall(r'(\w+)=(?:"([^"]*)"|([^,\s"]+))(?:,\s*|$)', value[len("Digest "):])
    challenge = {name.lower(): quoted or token for name, quoted, token in found}
    for name in ("realm", "nonce", "algorithm", "qop"):
        if not challenge.get(name):
            raise SipError(f"challenge without {name}: {value!r}")
    if challenge["algorithm"] not in HASH:
        raise SipError(f"unknown algorithm in {value!r}")
    if "auth" not in re.split(r"\s*,\s*", challenge["qop"]):
        raise SipError(f"no qop=auth in {value!r}")
    return challenge


def answer(challenge: dict, user: str, password: str, method: str, uri: str, nc: int = 1) -> str:
    """The value of an Authorization header field (RFC 7616 3.4)."""
    def h(text: str) -> str:
        return HASH[challenge["algorithm"]](text.encode()).hexdigest()

    cnonce, count = secrets.token_hex(8), f"{nc:08x}"
    secret = h(f"{user}:{challenge['realm']}:{password}")
    response = h(f"{secret}:{challenge['nonce']}:{count}:{cnonce}:auth:{h(f'{method}:{uri}')}")
    value = (f'Digest username="{user}", realm="{challenge["realm"]}", nonce="{challenge["nonce"]}", uri="{uri}", '
             f'response="{response}", algorithm={challenge["algorithm"]}, cnonce="{cnonce}", qop=auth, nc={count}')
    if "opaque" in challenge:
        value += f', opaque="{challenge["opaque"]}"'
    return value
