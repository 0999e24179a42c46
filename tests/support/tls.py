"""TLS connections of tests. A phone's also notes the sizes of the records that the daemon sends: what an observer on the
network sees."""

import queue
import socket
import ssl
import struct
import threading
import time
from pathlib import Path

from . import sip
from .limits import patience

CLOSED = "closed"   # put into the inbox when the daemon has ended the connection


def client_context(authority: Path) -> ssl.SSLContext:
    context = ssl.create_default_context(cafile=str(authority))
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    return context


class Stream:
    """One end of a TLS connection that a thread may read while others write. TLS runs through memory BIOs and under one
    lock, because the library's object is made for one thread at a time: while the reader takes a session ticket, a write
    would find the handshake unfinished."""

    def __init__(self, plain: socket.socket, context: ssl.SSLContext, server_name: str | None = None,
                 server_side: bool = False) -> None:
        """Returns after the handshake. `plain` belongs to the stream, also when the handshake fails."""
        self._lock = threading.Lock()
        self.record_sizes: list = []   # of application data, in order of arrival; ciphertext, without record header
        self._ciphertext = b""
        self._socket, self._ended = plain, False
        plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._in, self._out = ssl.MemoryBIO(), ssl.MemoryBIO()
        self._tls = context.wrap_bio(self._in, self._out, server_side=server_side, server_hostname=server_name)
        try:
            self._handshake()
        except BaseException:
            self._socket.close()
            raise
        self._socket.settimeout(None)
        self.peer_certificate_fields: dict = self._tls.getpeercert() or {}   # where it was verified

    def _handshake(self) -> None:
        while True:
            try:
                self._tls.do_handshake()
                self._flush()
                return
            except ssl.SSLWantReadError:
                self._flush()
                data = self._socket.recv(65536)
                if not data:
                    raise ConnectionResetError("closed in the handshake") from None
                self._note_records(data)
                self._in.write(data)
            except ssl.SSLError:
                self._flush()
                raise

    def _note_records(self, data: bytes) -> None:
        """Of what has arrived, before it is deciphered."""
        self._ciphertext += data
        while len(self._ciphertext) >= 5:
            size = int.from_bytes(self._ciphertext[3:5], "big")
            if len(self._ciphertext) < 5 + size:
                return
            if self._ciphertext[0] == 23:
                self.record_sizes.append(size)
            self._ciphertext = self._ciphertext[5 + size:]

    def _flush(self) -> None:
        data = self._out.read()
        if data:
            self._socket.sendall(data)

    def receive(self) -> bytes:
        """What arrives next; nothing once the other end has closed. Raises OSError when the connection is lost."""
        while not self._ended:
            if plain := self._decipher():   # first what came with the end of the handshake
                return plain
            if self._ended:
                break
            data = self._socket.recv(65536)
            if not data:
                break
            with self._lock:
                self._note_records(data)
                self._in.write(data)
        return b""

    def _decipher(self) -> bytes:
        plain = b""
        with self._lock:
            while True:
                try:
                    piece = self._tls.read(65536)
                except ssl.SSLWantReadError:
                    break
                except (ssl.SSLZeroReturnError, ssl.SSLEOFError):
                    piece = b""
                if not piece:
                    self._ended = True
                    break
                plain += piece
            self._flush()
        return plain

    def send(self, data: bytes) -> None:
        with self._lock:
            self._tls.write(data)
            self._flush()

    def end(self) -> None:
        """The end of the stream without a word of TLS; wakes whoever reads."""
        try:
            self._socket.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass


class Connection(Stream):
    """As a phone holds it: everything that arrives is in `inbox`, in order: messages, "pong", an exception, at last
    "closed"."""
    via_transport, uri_transport, default_port = "TLS", "tls", 5061

    def __init__(self, address: tuple, authority: Path, server_name: str | None = "example.org",
                 context: ssl.SSLContext | None = None, source: str | None = None, read=sip.parse) -> None:
        self.inbox: queue.SimpleQueue = queue.SimpleQueue()
        self.received = b""            # plaintext
        self.sent: list = []           # plaintext, too
        plain = socket.create_connection(address, patience(5), (source, 0) if source else None)
        self.local_address = "{}:{}".format(*plain.getsockname()[:2])
        self._remote_port = address[1]
        if context is None:
            context = client_context(authority)
        if server_name is None:
            context.check_hostname = False
        super().__init__(plain, context, server_name)
        # Noted now: while the reader takes a session ticket, the library calls the handshake unfinished.
        self.version: str = self._tls.version()
        self.peer_certificate: bytes = self._tls.getpeercert(binary_form=True)
        self._deframer = self._new_deframer(read)
        self._reader = threading.Thread(target=self._read, name="phone reader", daemon=True)
        self._reader.start()

    def _new_deframer(self, read):
        return sip.Deframer(read)

    @property
    def local_port(self) -> int:
        return self._socket.getsockname()[1]

    @property
    def remote_port(self) -> int:
        return self._remote_port

    @property
    def cipher(self) -> tuple:
        return self._tls.cipher()

    def send(self, data: bytes) -> None:
        self.sent.append(data)
        super().send(data)

    def _read(self) -> None:
        try:
            while plain := self.receive():
                self.received += plain
                for item in self._deframer.feed(plain):
                    self.inbox.put(item)
        except OSError:
            pass   # reset, or closed by the test
        except Exception as fault:   # a message that breaks the rules: the test thread must see it
            self.inbox.put(fault)
        self.inbox.put(CLOSED)

    def next(self, timeout: float):
        """The next thing that arrived, or None when `timeout` (already scaled) is over."""
        try:
            return self.inbox.get(timeout=max(timeout, 0.001))
        except queue.Empty:
            return None

    def wait_closed(self, timeout: float = 5) -> list:
        """What arrived until the daemon closed the connection."""
        seen, deadline = [], time.monotonic() + patience(timeout)
        while True:
            item = self.next(deadline - time.monotonic())
            if item is None:
                raise AssertionError(f"still open after {timeout} s; arrived: {seen}")
            if item == CLOSED:
                return seen
            seen.append(item)

    def __enter__(self) -> "Connection":
        return self

    def __exit__(self, *_) -> None:
        self.close()

    def close(self) -> None:
        """Politely: close_notify, then the end of the stream."""
        try:
            with self._lock:
                try:
                    self._tls.unwrap()
                except ssl.SSLError:
                    pass
                self._flush()
        except OSError:
            pass
        self._shut(socket.SHUT_RDWR)

    def cut(self) -> None:
        """As a network does it: a reset, without a word."""
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self._shut(socket.SHUT_RD)   # ends our own reader and sends nothing

    def _shut(self, how: int) -> None:
        try:
            self._socket.shutdown(how)
        except OSError:
            pass
        self._reader.join(patience(5))
        self._socket.close()
