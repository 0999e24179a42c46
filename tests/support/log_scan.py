"""What a log must not hold: everything in a call by which somebody, or a device, could be recognised."""

import re

#: What a message says about its sender, receiver or device. Each pattern's group is one value.
_IDENTIFYING = [re.compile(pattern, re.M | re.I) for pattern in (
    r"^(?:Call-ID|i): *(\S+)", r";tag=([^;>,\s]+)", r"branch=([^;,\s]+)", r"\bsips?:([^@>;:\s]+)(?::[^@]*)?@", r"\btel:([+\d]+)",
    r"@([^>;:,\s\"]+)", r"(urn:uuid:[0-9a-f-]+)", r"\b(\d{1,3}(?:\.\d{1,3}){3})\b",
    r"\b(?:nonce|cnonce|response|opaque|username)=\"?([^\",\s]+)", r"^User-Agent: *(.+?)\r?$", r"^Subject: *(.+?)\r?$",
    r"^(?:From|To|Contact|f|t|m): *\"([^\"]+)\"", r"^a=ice-(?:ufrag|pwd):(\S+)", r"^a=fingerprint:\S+ (\S+)", r"^o=\S+ (\d+)",
    r"\binline:([^\s|]+)", r"\bpn-(?:prid|param)=\"?([^;>\s\"]+)", r"[;?]gr=([^;>\s]+)")]
_SHORTEST = 4


def identifying(message: str) -> set:
    return {value for pattern in _IDENTIFYING for value in pattern.findall(message) if len(value) >= _SHORTEST}


def found_in(log: str, messages: list, own: set) -> set:
    """The values of the messages that stand in the log, whole. `own` are the server's names and addresses."""
    values = set().union(*(identifying(message) for message in messages)) - own
    words = set(re.findall(r"[^\s=\"'<>;,()\[\]]+", log))
    parts = words | {part for word in words for part in re.split(r"[@:/]", word)}
    return {value for value in values if value in parts or (len(value) >= 12 and value in log)}
