"""SIP over secure WebSocket (RFC 7118) as a browser speaks it, with the handshake and the frames written by hand
(RFC 6455), so that a test can break each rule of them."""

import base64
import hashlib
import secrets
from dataclasses import dataclass, field

from . import sip
from .limits import patience
from .tls import Connection

TEXT, BINARY, CONTINUATION, CLOSE, PING, PONG = 1, 2, 0, 8, 9, 10
GUID = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
ORIGIN = "https://example.org"


@dataclass
class HttpResponse:
    status: int
    fields: dict = field(default_factory=dict)   # names in lower case
    body: bytes = b""


@dataclass
class Control:
    """A control frame that arrived."""
    opcode: int
    payload: bytes

    @property
    def code(self) -> int:
        """Of a Close (RFC 6455 7.4)."""
        return int.from_bytes(self.payload[:2], "big")


def frame(payload: bytes, opcode: int = TEXT, last: bool = True, masked: bool = True, reserved: int = 0,
          length: int | None = None, mask: bytes = b"") -> bytes:
    """One frame of a client (RFC 6455 5.2). `length`: what it declares instead of the truth; `mask`: drawn by chance
    unless given."""
    size = len(payload) if length is None else length
    out = bytes([(0x80 if last else 0) | reserved << 4 | opcode])
    mark = 0x80 if masked else 0
    if size < 126:
        out += bytes([mark | size])
    elif size < 65536:
        out += bytes([mark | 126]) + size.to_bytes(2, "big")
    else:
        out += bytes([mark | 127]) + size.to_bytes(8, "big")
    if not masked:
        return out + payload
    mask = mask or secrets.token_bytes(4)
    return out + mask + bytes(b ^ mask[i % 4] for i, b in enumerate(payload))


class WebDeframer:
    """Cuts what the daemon sends into HTTP responses and, after a 101, WebSocket messages."""

    def __init__(self, read) -> None:
        self._buffer, self._read, self._upgraded = b"", read, False
        self.binary = 0   # messages that came in binary frames

    def feed(self, data: bytes) -> list:
        self._buffer += data
        out: list = []
        while (item := self._frame() if self._upgraded else self._response()) is not None:
            out.append(item)
        return out

    def _response(self) -> HttpResponse | None:
        head, blank, rest = self._buffer.partition(b"\r\n\r\n")
        if not blank:
            return None
        start, *lines = head.decode("ascii").split("\r\n")
        version, status, _ = start.split(" ", 2)
        fields = {name.lower(): value for name, value in (line.split(": ", 1) for line in lines)}
        size = int(fields.get("content-length", 0))
        if version != "HTTP/1.1" or len(fields) != len(lines):
            raise sip.SipError(f"not a response of HTTP/1.1: {head!r}")
        if len(rest) < size:
            return None
        self._buffer, self._upgraded = rest[size:], status == "101"
        return HttpResponse(int(status), fields, rest[:size])

    def _frame(self):
        if len(self._buffer) < 2:
            return None
        first, second = self._buffer[:2]
        opcode, size, head = first & 15, second, 2
        if not first & 0x80 or first & 0x70 or second & 0x80:
            raise sip.SipError(f"a fragment, a reserved bit or a mask from the server: {self._buffer[:2].hex()}")
        if second in (126, 127):
            head = 4 if second == 126 else 10
            size = int.from_bytes(self._buffer[2:head], "big")
        if len(self._buffer) < head + size:
            return None
        payload, self._buffer = self._buffer[head:head + size], self._buffer[head + size:]
        if opcode not in (TEXT, BINARY):
            return Control(opcode, payload)
        if opcode == TEXT:
            payload.decode("utf-8")   # RFC 6455 8.1: a browser would fail the connection
        else:
            self.binary += 1
        if payload == b"\r\n":
            return "pong"
        head_, blank, body = payload.partition(b"\r\n\r\n")
        message = self._read(head_, body)
        if not blank or f"Content-Length: {len(body)}".encode() not in head_.split(b"\r\n"):
            raise sip.SipError(f"not one whole message in a frame: {payload!r}")
        return message


class WebConnection(Connection):
    """A TLS connection to listen.wss; unless `upgrades` is False, already upgraded. `send` sends one SIP message."""
    via_transport, uri_transport, default_port = "WSS", "ws", 443

    def __init__(self, *arguments, upgrades: bool = True, fields: dict | None = None, **options) -> None:
        self.opcode, self._speaks_sip = TEXT, False
        self.fragment = 0   # bytes of each fragment of a message; 0: it goes whole
        self.mask = b""     # of all frames; empty: another one for each, as a browser does
        super().__init__(*arguments, **options)
        if upgrades:
            response = self.upgrade(fields)
            if response.status != 101:
                self.close()
                raise ConnectionRefusedError(f"no upgrade but {response.status}")

    def _new_deframer(self, read) -> WebDeframer:
        return WebDeframer(read)

    @property
    def binary_messages(self) -> int:
        """How many of the messages came in binary frames."""
        return self._deframer.binary

    def ask(self, method: str, target: str, fields: dict | None = None) -> HttpResponse:
        """One HTTP request; a field whose value is None is left out."""
        lines = {"Host": "example.org", "Origin": ORIGIN, **(fields or {})}
        text = f"{method} {target} HTTP/1.1\r\n" + "".join(f"{n}: {v}\r\n" for n, v in lines.items() if v is not None)
        self.send_bytes(text.encode() + b"\r\n")
        response = self.next(patience(5))
        if not isinstance(response, HttpResponse):
            raise AssertionError(f"no response but {response}")
        return response

    def upgrade(self, fields: dict | None = None) -> HttpResponse:
        """RFC 6455 4.1, RFC 7118 4.1."""
        key = base64.b64encode(secrets.token_bytes(16)).decode()
        response = self.ask("GET", "/", {"Upgrade": "websocket", "Connection": "Upgrade", "Sec-WebSocket-Key": key,
                                         "Sec-WebSocket-Version": "13", "Sec-WebSocket-Protocol": "sip",
                                         **(fields or {})})
        if response.status == 101:
            expected = base64.b64encode(hashlib.sha1((key + GUID).encode()).digest()).decode()
            accepted = {name: response.fields.get(name) for name in ("sec-websocket-accept", "sec-websocket-protocol")}
            if accepted != {"sec-websocket-accept": expected, "sec-websocket-protocol": "sip"}:
                raise AssertionError(f"not the answer to this handshake: {response.fields}")
            self._speaks_sip = True
        return response

    def send_bytes(self, data: bytes) -> None:
        super().send(data)

    def send(self, data: bytes) -> None:
        if not self._speaks_sip:
            return self.send_bytes(data)
        size = self.fragment or len(data)
        starts = range(0, len(data), size)
        self.send_bytes(b"".join(frame(data[at:at + size], CONTINUATION if at else self.opcode, last=at == starts[-1],
                                       mask=self.mask)
                                 for at in starts))

    def close(self) -> None:
        if self._speaks_sip:
            self._speaks_sip = False
            try:
                self.send_bytes(frame((1000).to_bytes(2, "big"), CLOSE))
            except OSError:
                pass
        super().close()
