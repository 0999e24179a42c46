"""A SIP phone over TLS that refuses every deviation: it compares what comes back with what it sent, to the letter.

A test drives it with two verbs, so that it reads like a ladder of RFC 3665:

    alice.sends("INVITE", to=bob)
    bob.receives("INVITE")
    bob.sends(180)
    alice.receives(180)

`sends` of a number answers the last request that waits for an answer; of a method it sends a request, inside the
phone's current dialog where there is one. `receives` waits for the very next message. The phone itself does what the
transaction layer does (RFC 3261 17): it acknowledges final responses other than 2xx, it skips a 100 that the test does
not name, and it answers the challenge that a request outside of a dialog meets, unless the test wants to see it
(`authenticates=False`)."""

import secrets
import time

from . import digest
from .dialog import DIALOG_FORMING, TARGET_REFRESH, ClientTransaction, Dialog, ServerTransaction, without_tag
from .ladder import Ladder
from .limits import patience
from .sdp import Media
from .sip import Message, SipError
from .strict import Strictness
from .tls import CLOSED, Connection


class Phone(Strictness):
    def __init__(self, name: str, ladder: Ladder, connect, user: str, domain: str, password: str,
                 own_hosts: tuple) -> None:
        """`connect` opens a connection to the daemon; `own_hosts` are the names that the daemon may put into URIs."""
        self.name, self.user, self.domain, self.password = name, user, domain, password
        self.ladder, self._connect, self._own_hosts = ladder, connect, own_hosts
        self._recorded: set = set()   # Record-Route of its own, which its dialogs may come back along
        ladder.phones.append(self)
        self.host = self._secret("host", f"{secrets.token_hex(6)}.invalid")
        self.contact_user = self._secret("Contact user", f"{user}-{secrets.token_hex(5)}")
        self.agent = self._secret("User-Agent", f"Telephone/{secrets.token_hex(5)}")
        self.instance = self._secret("instance", f"urn:uuid:{secrets.token_hex(4)}-0000-4000-8000-{secrets.token_hex(6)}")
        self.register_call_id = self._secret("Call-ID", f"{secrets.token_hex(10)}@{self.host}")
        self.contact_params = ""                  # further ones, each with its ";"
        self.register_cseq = 0
        self.media = Media()
        self.connection: Connection = connect()
        self.dialog: Dialog | None = None
        self.dialogs: dict = {}
        self.challenges = 0                       # how often this phone was asked for its credentials
        self._client: dict = {}                   # (branch, method) -> ClientTransaction
        self._server: dict = {}                   # (branch, method) -> ServerTransaction
        self._waiting: list = []                  # server transactions without a final response
        self._last_client: ClientTransaction | None = None
        self._unread: list = []                   # arrived, looked at, and put back
        self._last_challenge: Message | None = None

    # -- who this phone is -----------------------------------------------------------------------------------
    @property
    def aor(self) -> str:
        return f"sip:{self.user}@{self.domain}"

    @property
    def contact(self) -> str:
        return f"sip:{self.contact_user}@{self.host}:5071;transport={self.connection.uri_transport}{self.contact_params}"

    def _secret(self, what: str, value: str) -> str:
        return self.ladder.is_secret(self, what, value)

    def _fail(self, text: str) -> None:
        raise SipError(f"{self.name}: {text}\n--- ladder ---\n{self.ladder}")

    # -- connection ------------------------------------------------------------------------------------------
    def reconnects(self) -> None:
        """A new connection, as after a change of network; dialogs go on."""
        self.connection.close()
        self.connection = self._connect()

    def loses_connection(self) -> None:
        self.connection.cut()
        self.ladder.note(self.name, "xx", "connection cut")

    def connects(self) -> None:
        self.connection = self._connect()

    def hangs_up_tls(self) -> None:
        self.connection.close()

    def pings(self) -> None:
        """RFC 5626 3.5.1: the pong must be the next thing that arrives."""
        self.connection.send(b"\r\n\r\n")
        self._expect_pong()

    def _expect_pong(self) -> None:
        if self._unread:
            self._fail(f"a pong was expected, but there is {self._unread[0]}")
        item = self.connection.next(patience(5))
        if item != "pong":
            self._fail(f"a pong was expected, but there is {item if item is not None else 'nothing'}")

    def has_unread(self, start: str) -> bool:
        """Whether a message that begins so has arrived before the answer to a ping; it stays to be received."""
        self.connection.send(b"\r\n\r\n")
        while (item := self.connection.next(patience(5))) != "pong":
            if item is None or isinstance(item, BaseException) or item == CLOSED:
                self._fail(f"a pong was expected, but there is {item if item is not None else 'nothing'}")
            self._unread.append(item)
        return any(item.start.startswith(start) for item in self._unread)

    def has_received_nothing_else(self) -> None:
        """What was sent to this phone before now has arrived before the answer to a ping. The second ping leaves
        time for what is on its way from another worker."""
        self.pings()
        self.pings()

    # -- sending ---------------------------------------------------------------------------------------------
    def sends(self, what, **options):
        return self._respond(what, **options) if isinstance(what, int) else self._request(what, **options)

    def acknowledges(self, provisional: Message, headers: dict | None = None, **options):
        """A reliable provisional response, by PRACK (RFC 3262 4)."""
        rack = f"{provisional.get('RSeq')} {provisional.cseq[0]} INVITE"
        return self.sends("PRACK", headers={**(headers or {}), "RAck": rack}, **options)

    def new_request(self, method: str, uri: str, to: str, *, from_: str | None = None, call_id: str | None = None,
                    cseq: int | None = None, contact: str | None = None) -> Message:
        """A request outside a dialog (RFC 3261 8.1.1), ready to be changed by the test before `transmits`."""
        tag = self._secret("tag", secrets.token_hex(6))
        request = Message(f"{method} {uri} SIP/2.0")
        request.add("Via", f"SIP/2.0/{self.connection.via_transport} {self.host}:5071;branch={self._new_branch()}")
        request.add("Max-Forwards", 70)
        request.add("From", f"{from_ or f'<{self.aor}>'};tag={tag}")
        request.add("To", to)
        request.add("Call-ID", call_id or self._secret("Call-ID", f"{secrets.token_hex(10)}@{self.host}"))
        request.add("CSeq", f"{cseq if cseq is not None else secrets.randbelow(2**20) + 1} {method}")
        if method in DIALOG_FORMING:
            request.add("Contact", contact or f"<{self.contact}>")
        request.add("User-Agent", self.agent)
        return request

    def _new_branch(self) -> str:
        return "z9hG4bK" + self._secret("branch", secrets.token_hex(8))

    def _request(self, method: str, *, to=None, headers: dict | None = None, body: bytes | None = None,
                 content_type: str = "application/sdp", from_: str | None = None, dialog: Dialog | None = None,
                 sdp: bool | None = None, uri: str | None = None, authenticates: bool = True) -> ClientTransaction:
        if method == "ACK":
            return self._acknowledge(dialog, headers, body)
        if method == "CANCEL":
            return self._cancel(headers)
        dialog = dialog or (self.dialog if to is None else None)
        if dialog is None:
            if to is None:
                self._fail(f"{method} to whom?")
            address = to if isinstance(to, str) else to.aor
            request = self.new_request(method, uri or address, f"<{address}>", from_=from_)
        else:
            dialog.local_cseq += 1
            request = self._in_dialog(method, dialog, dialog.local_cseq)
            if uri:
                request.start = f"{method} {uri} SIP/2.0"
        if sdp is None:
            sdp = method == "INVITE"
        if body is None and sdp:
            body = self.media.describe()
        if body is not None:
            request.add("Content-Type", content_type)
            request.body = body
        for name, value in (headers or {}).items():
            if value is None:
                request.without(name)
            else:
                request.set(name, value)
        transaction = self.transmits(request, dialog)
        return self.gets_past_the_challenge(transaction) if dialog is None and authenticates else transaction

    def gets_past_the_challenge(self, transaction: ClientTransaction) -> ClientTransaction:
        """The proxy asks for credentials first (RFC 3261 22.3). Returns the transaction that goes on."""
        item = self.connection.next(patience(5))
        if getattr(item, "status", 0) not in (401, 407):
            self._unread.append(item)
            return transaction
        self._take(item)
        return self.authenticates(item)

    def transmits(self, request: Message, dialog: Dialog | None = None) -> ClientTransaction:
        """Sends a request as it is and remembers its transaction."""
        transaction = ClientTransaction(request, dialog)
        self._client[(transaction.branch, request.method)] = transaction
        self._last_client = transaction
        self._write(request)
        return transaction

    def _write(self, message: Message) -> None:
        self.ladder.note(self.name, "->", message.start)
        self.ladder.messages.append(message.bytes().decode("utf-8", "replace"))
        self._recorded.update(message.elements("Record-Route"))
        self.connection.send(message.bytes())

    def _in_dialog(self, method: str, dialog: Dialog, cseq: int) -> Message:
        request = Message(f"{method} {dialog.target} SIP/2.0")
        request.add("Via", f"SIP/2.0/{self.connection.via_transport} {self.host}:5071;branch={self._new_branch()}")
        request.add("Max-Forwards", 70)
        for route in dialog.route_set:
            request.add("Route", route)
        request.add("From", f"{dialog.local};tag={dialog.local_tag}")
        request.add("To", f"{dialog.remote};tag={dialog.remote_tag}")
        request.add("Call-ID", dialog.call_id)
        request.add("CSeq", f"{cseq} {method}")
        if method in TARGET_REFRESH:
            request.add("Contact", f"<{self.contact}>")
        request.add("User-Agent", self.agent)
        return request

    def _acknowledge(self, dialog: Dialog | None, headers: dict | None, body: bytes | None) -> ClientTransaction:
        """ACK for a 2xx: its own transaction, the CSeq number of the INVITE (RFC 3261 13.2.2.4)."""
        dialog = dialog or self.dialog
        invites = [t for t in self._client.values() if t.request.method == "INVITE" and t.final is not None
                   and t.final.call_id == dialog.call_id]
        request = self._in_dialog("ACK", dialog, invites[-1].request.cseq[0])
        if body is not None:
            request.add("Content-Type", "application/sdp")
            request.body = body
        for name, value in (headers or {}).items():
            request.set(name, value)
        self._write(request)
        return ClientTransaction(request, dialog)

    def _cancel(self, headers: dict | None) -> ClientTransaction:
        """RFC 3261 9.1: all but the method as in the INVITE."""
        invite = [t for t in self._client.values() if t.request.method == "INVITE" and t.final is None][-1].request
        request = Message(f"CANCEL {invite.request_uri} SIP/2.0")
        request.add("Via", invite.get("Via")).add("Max-Forwards", 70)
        for route in invite.all("Route"):
            request.add("Route", route)
        request.add("From", invite.get("From")).add("To", invite.get("To")).add("Call-ID", invite.call_id)
        request.add("CSeq", f"{invite.cseq[0]} CANCEL")
        for name, value in (headers or {}).items():
            request.set(name, value)
        return self.transmits(request)

    # -- credentials -----------------------------------------------------------------------------------------
    def authenticates(self, challenge: Message | None = None, password: str | None = None,
                      nc: int = 1) -> ClientTransaction:
        """Sends the challenged request again, with credentials (RFC 3261 22.2, 22.3)."""
        challenge = challenge or self._last_challenge
        before = next(t for t in self._client.values() if t.final is challenge)
        request = self.with_credentials(before.request, challenge, password, nc)
        again = self.transmits(request, before.dialog)
        again.answered_challenge = True
        return again

    def with_credentials(self, request: Message, challenge: Message, password: str | None = None, nc: int = 1,
                         user: str | None = None) -> Message:
        asked, given = (("WWW-Authenticate", "Authorization") if challenge.status == 401
                        else ("Proxy-Authenticate", "Proxy-Authorization"))
        parsed = digest.parse_challenge(challenge.get(asked))
        if parsed["realm"] != self.domain:
            self._fail(f"realm {parsed['realm']!r}")
        number = request.cseq[0] + 1
        again = Message(request.start, list(request.fields), request.body)
        again.set("CSeq", f"{number} {request.method}")
        top = next(i for i, (name, _) in enumerate(again.fields) if name == "Via")
        again.fields[top] = ("Via", f"SIP/2.0/{self.connection.via_transport} {self.host}:5071;branch={self._new_branch()}")
        again.set(given, digest.answer(parsed, user or self.user, password or self.password, request.method,
                                       request.request_uri, nc))
        if request.method == "REGISTER":
            self.register_cseq = max(self.register_cseq, number)
        for dialog in self.dialogs.values():
            if dialog.call_id == request.call_id:
                dialog.local_cseq = max(dialog.local_cseq, number)
        return again

    # -- registration ----------------------------------------------------------------------------------------
    def register_request(self, contact: str | None = None, headers: dict | None = None) -> Message:
        """A REGISTER; `contact` None: this phone's own, "" : none at all."""
        self.register_cseq += 1
        request = self.new_request("REGISTER", f"sip:{self.domain}", f"<{self.aor}>", call_id=self.register_call_id,
                                   cseq=self.register_cseq)
        if contact is None:
            contact = f'<{self.contact}>;+sip.instance="<{self.instance}>"'
        if contact:
            request.add("Contact", contact)
        for name, value in (headers or {}).items():
            request.set(name, value)
        return request

    def registers(self, expires: int | None = 600, contact: str | None = None, headers: dict | None = None) -> Message:
        """Registers, with whatever challenge comes, and returns the 200."""
        asked = {"Expires": expires} if expires is not None else {}
        request = self.register_request(contact, {**asked, **(headers or {})})
        self.transmits(request)
        return self.receives(200)

    def unregisters(self) -> Message:
        return self.registers(expires=0)

    # -- answering -------------------------------------------------------------------------------------------
    def _respond(self, status: int, *, answering: Message | None = None, headers: dict | None = None,
                 body: bytes | None = None, sdp: bool | None = None, reason: str = "Spoken By The Phone",
                 content_type: str = "application/sdp") -> Message:
        if answering is not None:
            transaction = self._server[(answering.vias[0].branch, answering.method)]
        elif self._waiting:
            transaction = self._waiting[-1]
        else:
            self._fail(f"no request waits for a {status}")
        request = transaction.request
        response = Message(f"SIP/2.0 {status} {reason}")
        for via in request.all("Via"):
            response.add("Via", via)
        for route in request.all("Record-Route"):
            response.add("Record-Route", route)
        response.add("From", request.get("From"))
        to = request.get("To")
        if request.to.tag is None and status > 100:
            if not transaction.tag:
                transaction.tag = self._secret("tag", secrets.token_hex(6))
            to += f";tag={transaction.tag}"
        response.add("To", to)
        response.add("Call-ID", request.call_id).add("CSeq", request.get("CSeq"))
        if request.method in TARGET_REFRESH and (100 < status < 300):
            response.add("Contact", f"<{self.contact}>")
        response.add("Server", self.agent)
        if sdp is None:
            sdp = request.method == "INVITE" and 200 <= status < 300
        if body is None and sdp:
            body = self.media.describe("active" if request.body else "actpass")
        if body is not None:
            response.add("Content-Type", content_type)
            response.body = body
        for name, value in (headers or {}).items():
            response.set(name, value)
        if request.method in DIALOG_FORMING and 100 < status < 300 and request.to.tag is None:
            self._begin_dialog_as_callee(request, transaction, status)
        if status >= 200:
            transaction.final = response
            self._waiting = [t for t in self._waiting if t is not transaction]
        self._write(response)
        return response

    def _begin_dialog_as_callee(self, request: Message, transaction: ServerTransaction, status: int) -> None:
        if transaction.dialog is None:
            dialog = Dialog(request.call_id, request.get("To"), without_tag(request.get("From")), transaction.tag,
                            request.from_.tag)
            dialog.target, dialog.route_set = request.contact.uri, request.elements("Record-Route")
            dialog.remote_cseq, dialog.local_cseq = request.cseq[0], secrets.randbelow(2**16)
            self.dialogs[dialog.key] = transaction.dialog = dialog
        self.dialog = transaction.dialog
        self.dialog.confirmed = self.dialog.confirmed or status >= 200

    # -- receiving -------------------------------------------------------------------------------------------
    def receives(self, what, *, timeout: float = 5) -> Message:
        """The next message must be this request or this status."""
        return self.receives_one_of((what,), timeout=timeout)

    def receives_one_of(self, whats: tuple, *, timeout: float = 5) -> Message:
        """The next message must be one of these."""
        deadline = time.monotonic() + patience(timeout)
        wanted = " or ".join(str(w) for w in whats)
        while True:
            item = self._unread.pop(0) if self._unread else self.connection.next(deadline - time.monotonic())
            if item is None:
                self._fail(f"waited {timeout} s for {wanted}")
            if item == CLOSED:
                self._fail(f"connection closed while waiting for {wanted}")
            if isinstance(item, BaseException):
                self._fail(f"while waiting for {wanted}: {item}")
            if not isinstance(item, Message):
                self._fail(f"{item} while waiting for {wanted}")
            self._take(item)
            got = item.method if item.is_request else item.status
            if got in whats:
                return item
            if got == 100 or self._answers_challenge(item):
                continue
            self._fail(f"{wanted} expected, but there is\n{item}")

    def _take(self, message: Message) -> None:
        self.ladder.note(self.name, "<-", message.start)
        self.ladder.messages.append(str(message))
        try:
            self._check(message)
        except SipError as fault:
            self._fail(f"{fault}\n--- the whole message ---\n{message}")

    def is_disconnected(self, timeout: float = 5) -> None:
        left = self.connection.wait_closed(timeout)
        if left:
            self._fail(f"before the connection was closed there came {left}")

    def _answers_challenge(self, response: Message) -> bool:
        if response.is_request or response.status not in (401, 407):
            return False
        transaction = self._client[(response.vias[0].branch, response.method)]
        if transaction.answered_challenge:
            return False
        self.authenticates(response)
        return True
