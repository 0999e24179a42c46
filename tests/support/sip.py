"""SIP messages as a strict receiver sees them (RFC 3261 7). Whatever the daemon sends must be in one shape: long
canonical names, no folding, one space after the colon, Content-Length present and true."""

import re
from dataclasses import dataclass, field


class SipError(AssertionError):
    """Something on the wire is not what the RFC, or the test, says it must be."""


# RFC 3261 7.3.3: what the compact forms stand for (a test may send them; Sotto must never).
COMPACT = {"v": "Via", "f": "From", "t": "To", "i": "Call-ID", "m": "Contact", "l": "Content-Length",
           "c": "Content-Type", "s": "Subject", "k": "Supported", "e": "Content-Encoding", "r": "Refer-To",
           "b": "Referred-By", "o": "Event", "u": "Allow-Events", "x": "Session-Expires"}

TOKEN = r"[A-Za-z0-9\-.!%*_+`'~]+"
_START_RESPONSE = re.compile(r"SIP/2\.0 ([1-6][0-9][0-9]) (.*)$")
_START_REQUEST = re.compile(rf"({TOKEN}) (\S+) SIP/2\.0$")
_HEADER = re.compile(r"([A-Z][A-Za-z0-9\-]*): (\S(?:.*\S)?)$")


@dataclass
class Uri:
    scheme: str
    user: str
    host: str
    port: int | None
    params: dict
    text: str

    @staticmethod
    def parse(text: str) -> "Uri":
        host = r"(\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9.\-]+)"
        match = re.fullmatch(rf"(sips?):(?:([^@]*)@)?{host}(?::(\d+))?((?:;[^?]*)?)(?:\?.*)?", text)
        if not match:
            raise SipError(f"not a SIP URI: {text!r}")
        scheme, user, host, port, params = match.groups()
        return Uri(scheme, user or "", host, int(port) if port else None, parse_params(params), text)


def parse_params(text: str) -> dict:
    """`;a=1;b;c="x;y"` as a dictionary; a flag has the value None. A repeated name is an error."""
    out: dict = {}
    for piece in split_outside_quotes(text, ";"):
        if not piece.strip():
            continue
        name, equals, value = piece.strip().partition("=")
        if not re.fullmatch(r"[^\s=;\"<>]+", name):
            raise SipError(f"bad parameter name {name!r} in {text!r}")
        if name.lower() in out:
            raise SipError(f"parameter {name!r} twice in {text!r}")
        out[name.lower()] = value if equals else None
    return out


def split_outside_quotes(text: str, separator: str) -> list:
    """Splits where `separator` stands outside of quotes and angle brackets."""
    pieces, current, quoted, angled, escaped = [], "", False, False, False
    for c in text:
        if escaped:
            escaped = False
        elif quoted and c == "\\":
            escaped = True
        elif c == '"':
            quoted = not quoted
        elif not quoted and c in "<>":
            angled = c == "<"
        elif c == separator and not quoted and not angled:
            pieces.append(current)
            current = ""
            continue
        current += c
    return pieces + [current]


@dataclass
class NameAddr:
    display: str
    uri: str
    params: dict
    text: str

    @property
    def tag(self) -> str | None:
        return self.params.get("tag")

    @property
    def parsed(self) -> Uri:
        return Uri.parse(self.uri)

    @staticmethod
    def parse(text: str) -> "NameAddr":
        match = re.fullmatch(r'((?:"(?:[^"\\]|\\.)*"|[^<"]*?)\s*)<([^<>\s]+)>(.*)', text)
        if match:
            display, uri, params = match.groups()
            return NameAddr(display.strip(), uri, parse_params(params), text)
        uri, _, params = text.partition(";")   # addr-spec: parameters belong to the header (RFC 3261 20.10)
        return NameAddr("", uri, parse_params(params), text)


@dataclass
class Via:
    transport: str
    sent_by: str
    params: dict
    text: str

    @property
    def branch(self) -> str:
        return self.params.get("branch") or ""

    @staticmethod
    def parse(text: str) -> "Via":
        match = re.fullmatch(r"SIP/2\.0/([A-Z]+) ([^\s;]+)((?:;.*)?)", text)
        if not match:
            raise SipError(f"bad Via: {text!r}")
        return Via(match[1], match[2], parse_params(match[3]), text)


@dataclass
class Message:
    """A request or response: start line, headers in order, body."""
    start: str
    fields: list = field(default_factory=list)
    body: bytes = b""

    # -- reading ---------------------------------------------------------------------------------------------
    @property
    def is_request(self) -> bool:
        return not self.start.startswith("SIP/2.0 ")

    @property
    def method(self) -> str:
        """Of the request line; of a response: of its CSeq."""
        return self.start.split(" ")[0] if self.is_request else self.cseq[1]

    @property
    def request_uri(self) -> str:
        return self.start.split(" ")[1]

    @property
    def status(self) -> int:
        return 0 if self.is_request else int(self.start.split(" ")[1])

    @property
    def reason(self) -> str:
        return "" if self.is_request else self.start.split(" ", 2)[2]

    def all(self, name: str) -> list:
        return [value for n, value in self.fields if n.lower() == name.lower()]

    def has(self, name: str) -> bool:
        return bool(self.all(name))

    def get(self, name: str) -> str:
        values = self.all(name)
        if len(values) != 1:
            raise SipError(f"{len(values)} {name} header fields instead of one in\n{self}")
        return values[0]

    def elements(self, name: str) -> list:
        """All values of a comma-separated header, in order."""
        return [v.strip() for line in self.all(name) for v in split_outside_quotes(line, ",") if v.strip()]

    @property
    def names(self) -> list:
        return [name for name, _ in self.fields]

    @property
    def call_id(self) -> str:
        return self.get("Call-ID")

    @property
    def cseq(self) -> tuple:
        match = re.fullmatch(rf"(\d{{1,10}}) ({TOKEN})", self.get("CSeq"))
        if not match or int(match[1]) >= 2**31:
            raise SipError(f"bad CSeq in\n{self}")
        return int(match[1]), match[2]

    @property
    def from_(self) -> NameAddr:
        return NameAddr.parse(self.get("From"))

    @property
    def to(self) -> NameAddr:
        return NameAddr.parse(self.get("To"))

    @property
    def vias(self) -> list:
        return [Via.parse(v) for v in self.elements("Via")]

    @property
    def contacts(self) -> list:
        return [NameAddr.parse(v) for v in self.elements("Contact")]

    @property
    def contact(self) -> NameAddr:
        contacts = self.contacts
        if len(contacts) != 1:
            raise SipError(f"{len(contacts)} contacts instead of one in\n{self}")
        return contacts[0]

    @property
    def sdp(self) -> list:
        """The lines of an SDP body."""
        if self.get("Content-Type").lower() != "application/sdp":
            raise SipError(f"no SDP in\n{self}")
        return self.body.decode().split("\r\n")[:-1]

    # -- writing ---------------------------------------------------------------------------------------------
    def add(self, name: str, value) -> "Message":
        self.fields.append((name, str(value)))
        return self

    def set(self, name: str, value) -> "Message":
        self.fields = [(n, v) for n, v in self.fields if n.lower() != name.lower()]
        return self.add(name, value)

    def without(self, name: str) -> "Message":
        self.fields = [(n, v) for n, v in self.fields if n.lower() != name.lower()]
        return self

    def bytes(self) -> bytes:
        fields = self.fields
        if not self.has("Content-Length"):
            fields = fields + [("Content-Length", str(len(self.body)))]
        head = "\r\n".join([self.start] + [f"{n}: {v}" for n, v in fields])
        return head.encode("utf-8", "surrogateescape") + b"\r\n\r\n" + self.body

    def __str__(self) -> str:
        return self.bytes().decode("utf-8", "replace").replace("\r\n", "\n")


def parse(head: bytes, body: bytes) -> Message:
    """Strict: what the daemon writes. `head` without the empty line."""
    text = head.decode("utf-8", "strict")
    lines = text.split("\r\n")
    if "\n" in text.replace("\r\n", "") or "\r" in text.replace("\r\n", ""):
        raise SipError(f"bare CR or LF in {text!r}")
    if not _START_RESPONSE.match(lines[0]) and not _START_REQUEST.match(lines[0]):
        raise SipError(f"bad start line {lines[0]!r}")
    message = Message(lines[0], [], body)
    for line in lines[1:]:
        match = _HEADER.match(line)
        if not match:
            raise SipError(f"header line not in the one shape: {line!r} in\n{text}")
        message.add(match[1], match[2])
    if int(message.get("Content-Length")) != len(body):
        raise SipError(f"Content-Length {message.get('Content-Length')} but {len(body)} bytes of body")
    check_form(message)
    return message


# RFC 3261 table 2: at most one value each.
SINGLE = ("Call-ID", "CSeq", "From", "To", "Max-Forwards", "Content-Length", "Content-Type", "Expires", "Min-Expires",
          "RSeq", "RAck", "Refer-To", "Referred-By", "Event", "Subscription-State", "Privacy", "Retry-After",
          "Max-Breadth")


def check_form(message: Message) -> None:
    """What every message must have, whatever it is (RFC 3261 8.1.1)."""
    for name in ("Call-ID", "CSeq", "From", "To"):
        message.get(name)
    for name in SINGLE:
        if len(message.all(name)) > 1:
            raise SipError(f"{name} repeated in\n{message}")
    if not message.vias:
        raise SipError(f"no Via in\n{message}")
    if not message.from_.tag:
        raise SipError(f"no From tag in\n{message}")
    if message.body and not message.has("Content-Type"):
        raise SipError(f"body without Content-Type in\n{message}")
    if message.is_request:
        if message.cseq[1] != message.method:
            raise SipError(f"CSeq method differs in\n{message}")
        if not message.vias[0].branch.startswith("z9hG4bK"):
            raise SipError(f"no magic cookie in\n{message}")
        if not 0 <= int(message.get("Max-Forwards")) <= 70:
            raise SipError(f"bad Max-Forwards in\n{message}")


def parse_loosely(head: bytes, body: bytes) -> Message:
    """For answers to messages that break the rules themselves: what is echoed is not judged."""
    lines = head.decode("utf-8", "replace").split("\r\n")
    fields = (line.partition(":") for line in lines[1:])
    return Message(lines[0], [(name, value.strip()) for name, _, value in fields], body)


class Deframer:
    """Cuts the byte stream of one connection into messages (RFC 3261 18.3) and keep-alive pongs."""

    def __init__(self, read=parse) -> None:
        self._buffer = b""
        self._read = read

    def feed(self, data: bytes) -> list:
        """Whole messages, and "pong" for each lone CRLF (RFC 5626 3.5.1)."""
        self._buffer += data
        out: list = []
        while self._buffer:
            if self._buffer.startswith(b"\r\n"):
                self._buffer = self._buffer[2:]
                out.append("pong")
                continue
            head, blank, rest = self._buffer.partition(b"\r\n\r\n")
            if not blank:
                break
            length = re.search(rb"\r\nContent-Length: (\d+)(?:\r\n|$)", head)
            if not length:
                raise SipError(f"no Content-Length in {head!r}")
            size = int(length[1])
            if len(rest) < size:
                break
            self._buffer = rest[size:]
            out.append(self._read(head, rest[:size]))
        return out
