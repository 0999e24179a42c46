"""A strict phone (support/phone.py) that fills every field of everything it sends with tokens."""

import re
import secrets

from support import sip
from support.phone import Phone
from support.sdp import fingerprint

import fields

OUTSIDE_DIALOG = ("INVITE", "MESSAGE", "SUBSCRIBE", "OPTIONS", "PUBLISH", "REFER", "REGISTER", "NOTIFY")
SHOWN = ("INVITE", "MESSAGE")   # whose From display name is shown to somebody


class Filler:
    """Writes tokens of one owner into templates."""

    def __init__(self, tokens, owner: str) -> None:
        self.tokens, self.owner = tokens, owner

    def fill(self, template: str, field: str, needed: bool = False, **known: str) -> str:
        make = {"w": self.tokens.word, "n": self.tokens.number, "a": self.tokens.address}

        def value(match: re.Match) -> str:
            name = match[1]
            return make[name](self.owner, field, needed) if name in make else known[name]
        return re.sub(r"\{(\w+)\}", value, template)


class CensusMedia:
    """Session descriptions of one phone, full of tokens. `describe` as support.sdp.Media has it."""

    def __init__(self, filler: Filler) -> None:
        self._filler, tokens, owner = filler, filler.tokens, filler.owner
        self.fingerprint = tokens.adopt(fingerprint(), owner, "SDP a=fingerprint", needed=True)
        self.ssrc = str(secrets.randbelow(2**31) + 2**31)
        self.host, self.reflexive, self.relay = (tokens.address(owner, f"SDP {kind} candidate", needed=True)
                                                 for kind in ("host", "srflx", "relay"))
        self.ufrag = tokens.word(owner, "SDP a=ice-ufrag", needed=True)
        self.pwd = tokens.word(owner, "SDP a=ice-pwd", needed=True) + "x" * 10
        self._session = tokens.number(owner, "SDP o= session id")
        self._version = int(tokens.number(owner, "SDP o= version"))

    def describe(self, setup: str = "actpass", direction: str = "sendrecv") -> bytes:
        self._version += 1
        version = self._filler.tokens.adopt(str(self._version), self._filler.owner, "SDP o= version")
        known = {name: getattr(self, name) for name in ("ssrc", "host", "reflexive", "relay", "fingerprint", "ufrag", "pwd")}
        known.update(setup=setup, direction=direction)

        def lines(templates: list, needed: bool) -> list:
            return [self._filler.fill(t, f"SDP {re.match(r'a=[A-Za-z][a-z-]*|.=', t)[0]}" if t[:4] != "a={w" else "SDP a=?",
                                      needed, **known) for t in templates]
        origin = self._filler.fill("o={w} ", "SDP o= user") + f"{self._session} {version} IN IP4 " + \
            self._filler.fill("{a}", "SDP o= address")
        out = ["v=0", origin, self._filler.fill("s={w}", "SDP s="), *lines(fields.SDP_SESSION[:4], False),
               f"c=IN IP4 {self.reflexive}", *lines(fields.SDP_SESSION[4:], False), "a=group:BUNDLE audio",
               "m=audio 40101 UDP/TLS/RTP/SAVPF 96 8 101 97", *lines(fields.SDP_MEDIA[:3], False),
               *lines(fields.SDP_NEEDED, True), *lines(fields.SDP_MEDIA[3:], False)]
        return ("\r\n".join(out) + "\r\n").encode()


class CensusPhone(Phone):
    def __init__(self, name: str, tokens, *arguments) -> None:
        self.filler = Filler(tokens, name)
        super().__init__(name, *arguments)
        self.media = CensusMedia(self.filler)
        self._contact_params = self.filler.fill(fields.CONTACT_URI, "Contact URI parameter")
        self.shown_names: list = []

    def _caller_dialog(self, transaction, response) -> None:
        """The Record-Route that comes back is the phone's own: there is no edge to go through."""
        super()._caller_dialog(transaction, response)
        self.dialog.route_set = []

    @property
    def contact(self) -> str:
        return super().contact + self._contact_params

    def _secret(self, what: str, value: str) -> str:
        """What the phone makes anew for itself (tags, branches, Call-IDs...) are tokens as well."""
        form = {"Call-ID": "{w}@{host}", "host": "{w}.invalid", "instance": "urn:uuid:{w}", "User-Agent": "Telephone/{w}"}
        return super()._secret(what, self.filler.fill(form.get(what, "{w}"), what, host=getattr(self, "host", "")))

    def _write(self, message: sip.Message) -> None:
        if message.is_request:
            self._fill_request(message)
        else:
            self._fill_response(message)
        super()._write(message)

    def _fill_request(self, message: sip.Message) -> None:
        label = message.method
        if ";alias" not in message.get("Via"):   # a CANCEL, and the ACK to a refusal, have the INVITE's
            self._append(message, "Via", fields.VIA_PARAMS, label)
        if message.to.tag is None and message.method in OUTSIDE_DIALOG and not message.from_.display:
            self._fill_addresses(message, label)
        elif message.to.tag is not None and "anonymous" not in message.from_.uri:
            self._fill_addresses_in_dialog(message, label)
        if message.has("Contact"):
            self._fill_contact(message, label)
        headers = {**fields.COMMON, **fields.REQUEST}
        if message.method == "REGISTER":
            del headers["Path"]   # refused without `Supported: path`; with it, an edge stands in front (RFC 3327 5.3)
        self._fill_headers(message, headers, label)
        self._fill_body_headers(message, label)

    def _fill_response(self, message: sip.Message) -> None:
        label = f"{message.status} {message.method}"
        message.start = f"SIP/2.0 {message.status} {self.filler.fill('{w} {w}', f'{label}: reason phrase')}"
        if message.to.tag is not None:
            self._append(message, "To", fields.TO_PARAMS, label)
        if message.has("Contact"):
            self._fill_contact(message, label)
        self._fill_headers(message, {**fields.COMMON, **fields.RESPONSE}, label)
        self._fill_body_headers(message, label)

    def _append(self, message: sip.Message, name: str, template: str, label: str) -> None:
        message.fields = [(n, v + self.filler.fill(template, f"{label}: {name} parameter") if n == name else v)
                          for n, v in message.fields]

    def _fill_addresses(self, message: sip.Message, label: str) -> None:
        tag = message.from_.tag
        shown = message.method in SHOWN and not message.has("Privacy")
        display = self.filler.fill(fields.FROM_DISPLAY, f"{label}: From display name", needed=shown)
        if shown:
            self.shown_names.append(display.removeprefix("Shown "))
        uri = message.from_.uri + self.filler.fill(fields.FROM_URI, f"{label}: From URI parameter")
        message.fields = [(n, self._from(display, uri, tag, label) if n == "From" else
                           self._to(v, label) if n == "To" else v) for n, v in message.fields]
        message.start = (f"{message.method} {message.request_uri}"
                         f"{self.filler.fill(fields.REQUEST_URI, f'{label}: Request-URI parameter')} SIP/2.0")

    def _fill_addresses_in_dialog(self, message: sip.Message, label: str) -> None:
        """There nobody has to be shown a name any more."""
        display = self.filler.fill("{w}", f"{label}: From display name")
        uri = message.from_.uri + self.filler.fill(fields.FROM_URI, f"{label}: From URI parameter")
        message.fields = [(n, self._from(display, uri, message.from_.tag, label) if n == "From" else
                           self._to(v, label) + f";tag={message.to.tag}" if n == "To" else v) for n, v in message.fields]

    def _from(self, display: str, uri: str, tag: str, label: str) -> str:
        return f'"{display}" <{uri}>{self.filler.fill(fields.FROM_PARAMS, f"{label}: From parameter")};tag={tag}'

    def _to(self, old: str, label: str) -> str:
        uri = sip.NameAddr.parse(old).uri + self.filler.fill(fields.TO_URI, f"{label}: To URI parameter")
        return (f'"{self.filler.fill(fields.TO_DISPLAY, f"{label}: To display name")}" <{uri}>'
                f'{self.filler.fill(fields.TO_PARAMS, f"{label}: To parameter")}')

    def _fill_contact(self, message: sip.Message, label: str) -> None:
        if [c.uri for c in message.contacts] != [self.contact]:
            return   # the test's own
        instance = f';+sip.instance="<{self.instance}>"'
        message.fields = [(n, f'"{self.filler.fill(fields.CONTACT_DISPLAY, f"{label}: Contact display name")}" '
                              f'<{self.contact}>{instance}'
                              f'{self.filler.fill(fields.CONTACT_PARAMS, f"{label}: Contact parameter")}'
                           if n == "Contact" else v) for n, v in message.fields]

    def _fill_headers(self, message: sip.Message, templates: dict, label: str) -> None:
        for name, template in templates.items():
            if template is None:
                continue
            name = self.filler.fill(name, f"{label}: header name")
            if not message.has(name) or name in ("User-Agent", "Server"):
                message.set(name, self.filler.fill(template, f"{label}: {name if not name.startswith('X-z') else 'X-?'}"))

    def _fill_body_headers(self, message: sip.Message, label: str) -> None:
        if not message.body:
            return
        self._append(message, "Content-Type", fields.CONTENT_TYPE_PARAMS, label)
        if not message.has("Content-Disposition"):
            message.add("Content-Disposition", self.filler.fill(fields.CONTENT_DISPOSITION, f"{label}: Content-Disposition"))
