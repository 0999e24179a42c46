"""What a strict phone checks in every message before anybody sees it."""

import re

from .dialog import DIALOG_FORMING, TARGET_REFRESH, ClientTransaction, Dialog, ServerTransaction, without_tag
from .sip import Message, NameAddr, SipError

RECEIVED = re.compile(r";received=[^;]*")


class Strictness:
    """The receiving half of a phone. Refuses by SipError; keeps transactions and dialogs as it goes."""
    hops = 1          # Vias that a request may have: one more where an edge stands in front of the daemon
    daemon_port = 0   # where the daemon is then; 0: at the other end of the connection

    def _check(self, message: Message) -> None:
        self.ladder.check_nothing_leaks(self, str(message))
        if message.is_request:
            self._check_request(message)
        else:
            self._check_response(message)

    def _check_response(self, response: Message) -> None:
        transaction = self._client.get((response.vias[0].branch, response.method))
        if transaction is None:
            raise SipError("response to no request of this phone")
        request = transaction.request
        vias = [RECEIVED.sub("", via) if self.hops > 1 else via for via in response.elements("Via")]   # an edge's note
        if vias != request.elements("Via"):
            raise SipError(f"Via is not as sent: {response.elements('Via')!r} instead of {request.elements('Via')!r}")
        for name in ("From", "Call-ID", "CSeq"):
            if response.get(name) != request.get(name):
                raise SipError(f"{name} is not the one sent: {response.get(name)!r} instead of {request.get(name)!r}")
        if request.to.tag is not None or response.status == 100:
            same = response.get("To") == request.get("To")
        else:
            same = without_tag(response.get("To")) == request.get("To") and bool(response.to.tag)
        if not same:
            raise SipError(f"To is not the one sent: {response.get('To')!r} instead of {request.get('To')!r}")
        if transaction.final is not None and not (request.method == "INVITE" and transaction.final.status < 300
                                                  and 200 <= response.status < 300):
            raise SipError(f"{response.status} after the final {transaction.final.status}")
        transaction.responses.append(response)
        if response.status in (401, 407):
            self.challenges += 1
            self._last_challenge = response
        if response.status >= 200:
            transaction.final = response
        if request.method == "INVITE" and response.status >= 300:
            self._acknowledge_refusal(request, response)
        if request.method in DIALOG_FORMING and 100 < response.status < 300:
            self._caller_dialog(transaction, response)
        elif request.method == "UPDATE" and 200 <= response.status < 300:
            self._check_target(response.contact)
            transaction.dialog.target = response.contact.uri

    def _acknowledge_refusal(self, request: Message, response: Message) -> None:
        """RFC 3261 17.1.1.3."""
        ack = Message(f"ACK {request.request_uri} SIP/2.0")
        ack.add("Via", request.elements("Via")[0]).add("Max-Forwards", 70)
        for route in request.all("Route"):
            ack.add("Route", route)
        ack.add("From", request.get("From")).add("To", response.get("To")).add("Call-ID", request.call_id)
        ack.add("CSeq", f"{request.cseq[0]} ACK")
        self._write(ack)

    def _caller_dialog(self, transaction: ClientTransaction, response: Message) -> None:
        request = transaction.request
        if request.to.tag is None:
            key = (request.call_id, request.from_.tag, response.to.tag)
            dialog = self.dialogs.get(key)
            if dialog is None:
                dialog = Dialog(request.call_id, without_tag(request.get("From")), request.get("To"), request.from_.tag,
                                response.to.tag)
                dialog.local_cseq = request.cseq[0]
                dialog.route_set = list(reversed(response.elements("Record-Route")))
                self.dialogs[key] = dialog
            transaction.dialog = dialog
        dialog = transaction.dialog
        if response.has("Contact") or response.status >= 200 and request.method != "REFER":
            self._check_target(response.contact)
            dialog.target = response.contact.uri
        dialog.confirmed = dialog.confirmed or response.status >= 200
        self.dialog = dialog

    def _check_request(self, request: Message) -> None:
        via = request.vias[0]
        if len(request.vias) > self.hops:
            raise SipError("more than one Via: inner hops show")
        if via.transport != self.connection.via_transport:
            raise SipError(f"Via says {via.transport}")
        host, _, port = via.sent_by.partition(":")
        if host.lower() not in self._own_hosts or int(port or self.connection.default_port) != self.connection.remote_port:
            raise SipError(f"Via names {via.sent_by!r}, where the daemon is not")
        if request.request_uri != self.contact and not request.to.tag:
            raise SipError(f"Request-URI is not this phone's Contact {self.contact!r}")
        if not self._recorded.issuperset(request.elements("Route")):
            raise SipError("a Route that this phone never asked for")
        if request.method in TARGET_REFRESH and request.method != "NOTIFY" or request.has("Contact"):
            self._check_target(request.contact)
        for name in ("Authorization", "Proxy-Authorization", "User-Agent", "Server", "Organization", "Subject", "Date",
                     "Call-Info"):
            if request.has(name) and not (name == "Date" and request.has("Identity")):   # RFC 8224: signed together
                raise SipError(f"{name} arrived")
        dialog = self._check_dialog(request)
        branch = via.branch
        if request.method == "CANCEL":
            if (branch, "INVITE") not in self._server:
                raise SipError("CANCEL for no INVITE of this branch")
            invite = self._server[(branch, "INVITE")].request
            for name in ("Via", "From", "To", "Call-ID"):
                if request.get(name) != invite.get(name):
                    raise SipError(f"{name} of the CANCEL differs from the INVITE's")
            if request.cseq[0] != invite.cseq[0]:
                raise SipError("CSeq of the CANCEL differs from the INVITE's")
        if request.method == "ACK":
            self._check_ack(request)
            return
        if (branch, request.method) in self._server:
            raise SipError("a retransmission over TLS, or a branch used twice")
        self._server[(branch, request.method)] = transaction = ServerTransaction(request, dialog)
        self._waiting.append(transaction)

    def _check_dialog(self, request: Message) -> Dialog | None:
        """RFC 3261 12.2.2: what is inside a dialog must be exactly of that dialog."""
        if request.to.tag is None:
            return None
        if request.method in ("ACK", "CANCEL") and any(
                t.tag == request.to.tag or t.request.to.tag == request.to.tag
                for t in self._server.values() if t.request.vias[0].branch == request.vias[0].branch):
            return None   # belongs to a transaction of a refused INVITE
        dialog = self.dialogs.get((request.call_id, request.to.tag, request.from_.tag))
        if dialog is None:
            raise SipError(f"of no dialog of this phone: {request.call_id!r} {request.to.tag!r} {request.from_.tag!r}; "
                           f"there are {list(self.dialogs)}")
        if request.request_uri != self.contact:
            raise SipError(f"Request-URI is not this phone's Contact {self.contact!r}")
        number = request.cseq[0]
        if request.method == "ACK":
            if number != dialog.remote_cseq and dialog.remote_cseq is not None and number > dialog.remote_cseq:
                raise SipError(f"ACK with CSeq {number}, but the last was {dialog.remote_cseq}")
        elif request.method != "CANCEL":
            if dialog.remote_cseq is not None and number <= dialog.remote_cseq:
                raise SipError(f"CSeq {number} does not rise above {dialog.remote_cseq}")
            dialog.remote_cseq = number
        if request.method in TARGET_REFRESH and request.has("Contact"):
            dialog.target = request.contact.uri
        self.dialog = dialog
        return dialog

    def _check_ack(self, request: Message) -> None:
        invites = [t for t in self._server.values()
                   if t.request.method == "INVITE" and t.final is not None and t.request.call_id == request.call_id
                   and t.request.cseq[0] == request.cseq[0]]
        if not invites:
            raise SipError("ACK for no INVITE that this phone has answered")
        invite = invites[-1]
        refused = invite.final.status >= 300
        if refused != (request.vias[0].branch == invite.request.vias[0].branch):
            raise SipError("ACK in the wrong transaction (RFC 3261 13.2.2.4, 17.1.1.3)")
        if request.to.tag != (invite.final.to.tag):
            raise SipError("ACK with another To tag than the final response's")

    def _check_target(self, contact: NameAddr) -> None:
        """The other side as this phone sees it: a URI of the daemon's that leads back over TLS (SEALING.md, Our URIs)."""
        uri = contact.parsed
        port = self.daemon_port or self.connection.remote_port
        if uri.host.lower() not in self._own_hosts or (uri.port or self.connection.default_port) != port:
            raise SipError(f"Contact {contact.uri!r} names a place where the daemon is not")
        if uri.params.get("transport") != self.connection.uri_transport:
            raise SipError(f"Contact without transport={self.connection.uri_transport}: {contact.uri!r}")
        if not 0 < len(uri.user) < 64:
            raise SipError(f"Contact user part of {len(uri.user)} characters")
