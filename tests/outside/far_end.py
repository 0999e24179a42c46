"""A server of another domain, by script: takes TLS connections with mutual authentication, and makes them."""

import queue
import secrets
import socket
import ssl
import threading

from support.daemon import Port
from support.limits import patience
from support.sdp import Media
from support.sip import Deframer, Message, parse_loosely
from support.tls import Stream


class FarEnd:
    """What arrives on any of its connections is in one line, in order, as (connection, message)."""

    def __init__(self, name: str, certificate: tuple, authority, minimum=ssl.TLSVersion.TLSv1_3,
                 address: str = "127.0.0.1") -> None:
        self.name, self._certificate, self._authority = name, certificate, authority
        self.media = Media()
        self._mark = Port()
        self.port = self._mark.number
        self.accepted = 0
        self.messages: list = []   # the text of all that was received and sent
        self._inbox: queue.SimpleQueue = queue.SimpleQueue()
        self._connections: list = []
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.minimum_version = minimum
        context.load_cert_chain(*map(str, certificate))
        context.load_verify_locations(str(authority.certificate))
        context.verify_mode = ssl.CERT_REQUIRED
        self._context = context
        family = socket.AF_INET6 if ":" in address else socket.AF_INET
        self._listener = socket.create_server((address, self.port), family=family)
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self) -> None:
        while True:
            try:
                plain, _ = self._listener.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(plain,), daemon=True).start()

    def _serve(self, plain: socket.socket) -> None:
        try:
            connection = Stream(plain, self._context, server_side=True)
        except OSError:   # also what ssl raises
            return
        self.accepted += 1
        shown = connection.peer_certificate_fields.get("subjectAltName", ())
        connection.peer_names = [name for kind, name in shown if kind == "DNS"]
        self._read(connection)

    def connect(self, port: int, server_name: str = "example.org", certificate: tuple | None = None,
                address: str = "127.0.0.1") -> Stream:
        """To the daemon, with our certificate; `certificate` () shows none."""
        context = ssl.create_default_context(cafile=str(self._authority.certificate))
        shown = self._certificate if certificate is None else certificate
        if shown:
            context.load_cert_chain(*map(str, shown))
        connection = Stream(socket.create_connection((address, port), patience(5)), context, server_name)
        connection.peer_names = [name for kind, name in connection.peer_certificate_fields["subjectAltName"] if kind == "DNS"]
        threading.Thread(target=self._read, args=(connection,), daemon=True).start()
        return connection

    def _read(self, connection: Stream) -> None:
        self._connections.append(connection)
        deframer = Deframer(parse_loosely)
        try:
            while data := connection.receive():
                for item in deframer.feed(data):
                    self.messages.append(str(item))
                    self.arrived(connection, item)
        except OSError:
            pass
        self.arrived(connection, "closed")

    def arrived(self, connection, item) -> None:
        self._inbox.put((connection, item))

    def receives(self, what, within: float = 10) -> tuple:
        """The next message: a method or a status. Probes of the connection's health are answered and skipped."""
        return self.receives_one_of((what,), within)

    def receives_one_of(self, whats: tuple, within: float = 10) -> tuple:
        wanted = " or ".join(str(what) for what in whats)
        while True:
            try:
                connection, message = self._inbox.get(timeout=patience(within))
            except queue.Empty:
                raise AssertionError(f"{self.name}: waited {within} s for {wanted}") from None
            if not isinstance(message, Message):
                raise AssertionError(f"{self.name}: {wanted} was expected, but there is {message}")
            found = message.method if message.is_request else message.status
            if found in whats:
                return connection, message
            if found == "OPTIONS":
                self.answers(connection, message, 200)
            elif found != 100:
                raise AssertionError(f"{self.name}: {wanted} was expected, but there is\n{message}")

    def waits_for_close(self) -> None:
        while self._inbox.get(timeout=patience(15))[1] != "closed":
            pass

    def heard(self) -> list:
        """Every message that has arrived until now."""
        messages = []
        while not self._inbox.empty():
            item = self._inbox.get()[1]
            if item != "closed":
                messages.append(item)
        return messages

    def answers(self, connection, request: Message, status: int, *, sdp: bool = False, headers: tuple = (),
                tag: str = "far") -> Message:
        response = Message(f"SIP/2.0 {status} Far")
        for via in request.all("Via"):
            response.add("Via", via)
        response.add("From", request.get("From"))
        to = request.get("To")
        response.add("To", to if request.to.tag or status == 100 else f"{to};tag={tag}")
        response.add("Call-ID", request.call_id).add("CSeq", request.get("CSeq"))
        if request.method == "INVITE" and status < 300:
            response.add("Contact", f"<sip:far@{self.name}:{self.port};transport=tls>")
        for name, value in headers:
            response.add(name, value)
        if sdp:
            response.add("Content-Type", "application/sdp")
            response.body = self.media.describe()
        self.messages.append(str(response))
        connection.send(response.bytes())
        return response

    def takes_a_call(self, phone, uri: str, **options) -> Message:
        """From `phone`, which ends it again. Returns the INVITE."""
        phone.sends("INVITE", to=uri, **options)
        connection, invite = self.receives("INVITE")
        self.answers(connection, invite, 200, sdp=True)
        phone.receives(200)
        phone.sends("ACK")
        self.receives("ACK")
        phone.sends("BYE")
        connection, bye = self.receives("BYE")
        self.answers(connection, bye, 200)
        phone.receives(200)
        return invite

    def request(self, method: str, uri: str, from_: str, to: str, *, cseq: int = 1, call_id: str = "", headers: tuple = (),
                sdp: bool = False, via: str = "") -> Message:
        request = Message(f"{method} {uri} SIP/2.0")
        request.add("Via", via or f"SIP/2.0/TLS {self.name};branch=z9hG4bK{secrets.token_hex(8)}")
        request.add("Max-Forwards", 60).add("From", from_).add("To", to)
        request.add("Call-ID", call_id or secrets.token_hex(8)).add("CSeq", f"{cseq} {method}")
        if method == "INVITE":
            request.add("Contact", f"<sip:far@{self.name}:{self.port};transport=tls>")
        for name, value in headers:
            request.add(name, value)
        if sdp:
            request.add("Content-Type", "application/sdp")
            request.body = self.media.describe()
        self.messages.append(str(request))
        return request

    def stop(self) -> None:
        self._listener.close()
        for connection in self._connections:
            connection.end()
        self._mark.release()
