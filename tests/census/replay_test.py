"""A token of one dialog, put into every field of every method, and of every answer, elsewhere: by the party that holds it, by the
other party, and by a stranger to whom it was given (docs/SEALING.md, property 3). It comes out sealed or the request is refused;
what it stands for shows to nobody, and the dialog that it belongs to goes on."""

import re
import secrets
import time
import unittest
from urllib.parse import quote, unquote

from support.daemon import DOMAIN, PASSWORD
from support.flow_test import FlowTest
from support.limits import patience
from support.phone import Phone
from support.sip import Message, Uri

# What each party of the first dialog holds of the other: name -> how it reads it off its dialog.
TOKENS = {
    "target_held_by_the_caller": lambda caller, callee: Uri.parse(caller.target).user,
    "tag_held_by_the_caller": lambda caller, callee: caller.remote_tag,
    "call_id_held_by_the_callee": lambda caller, callee: callee.call_id,
    "tag_held_by_the_callee": lambda caller, callee: callee.remote_tag,
    "target_held_by_the_callee": lambda caller, callee: Uri.parse(callee.target).user,
}
ATTACKERS = ("caller", "callee", "stranger")
OUTSIDE = ("INVITE", "MESSAGE", "REFER", "OPTIONS", "SUBSCRIBE", "PUBLISH", "NOTIFY", "REGISTER", "ACK", "CANCEL", "BYE",
           "INFO", "UPDATE", "PRACK")
INSIDE = ("INFO", "MESSAGE", "OPTIONS", "UPDATE", "REFER", "SUBSCRIBE", "NOTIFY", "PUBLISH", "PRACK", "ACK", "CANCEL", "INVITE",
          "BYE")
# What is answered, and how: outside of a dialog and in one.
ANSWERED_OUTSIDE = (("INVITE", 180), ("INVITE", 183), ("INVITE", 200), ("INVITE", 302), ("INVITE", 486), ("MESSAGE", 200),
                    ("MESSAGE", 486))
ANSWERED_INSIDE = (("INFO", 200), ("MESSAGE", 202), ("OPTIONS", 200), ("UPDATE", 200), ("PRACK", 200), ("REFER", 202), ("NOTIFY", 200),
                   ("INVITE", 200), ("INVITE", 488), ("BYE", 200))
HEADERS_OF = {"PRACK": {"RAck": "1 1 INVITE"}, "REFER": {"Refer-To": f"<sip:erin@{DOMAIN}>"},
              "NOTIFY": {"Event": "refer", "Subscription-State": "active"}}


def _set_tag(name: str):
    def change(request: Message, token: str) -> None:
        request.set(name, f"{request.get(name).split(';tag=')[0]};tag={token}")
    return change


def _set(name: str, template: str):
    return lambda request, token: request.set(name, template.replace("{t}", token))


def _set_uri(request: Message, token: str) -> None:
    request.start = f"{request.method} sip:{token}@{DOMAIN};transport=tls SIP/2.0"


def _set_branch(request: Message, token: str) -> None:
    request.set("Via", request.get("Via").split("branch=")[0] + f"branch=z9hG4bK{token}")


# Every place that a dialog's value can stand in. The first ones name a dialog, the others quote one.
FIELDS = {
    "Request-URI": _set_uri,
    "Call-ID": _set("Call-ID", "{t}"),
    "From tag": _set_tag("From"),
    "To tag": _set_tag("To"),
    "From": lambda request, token: request.set("From", f"<sip:{token}@{DOMAIN}>;tag={request.from_.tag}"),
    "To": lambda request, token: request.set("To", request.get("To").replace(request.to.uri, f"sip:{token}@{DOMAIN}")),
    "Via": _set_branch,
    "Contact": _set("Contact", f"<sip:{{t}}@{DOMAIN};transport=tls>"),
    "Route": _set("Route", f"<sip:{{t}}@{DOMAIN};lr>"),
    "Record-Route": _set("Record-Route", f"<sip:{{t}}@{DOMAIN};lr>"),
    "Refer-To": _set("Refer-To", f"<sip:{{t}}@{DOMAIN};transport=tls>"),
    "Replaces in Refer-To": _set("Refer-To", "<sip:{third}?Replaces={t}%3Bto-tag%3D{t}%3Bfrom-tag%3D{t}>"),
    "Replaces": _set("Replaces", "{t};to-tag={t};from-tag={t}"),
    "to-tag of Replaces": _set("Replaces", "{call_id};to-tag={t};from-tag={from_tag}"),
    "Join": _set("Join", "{call_id};to-tag={t};from-tag={from_tag}"),
    "Target-Dialog": _set("Target-Dialog", "{call_id};local-tag={t};remote-tag={from_tag}"),
    "In-Reply-To": _set("In-Reply-To", "{t}"),
    "Referred-By": _set("Referred-By", f"<sip:{{t}}@{DOMAIN}>"),
    "P-Preferred-Identity": _set("P-Preferred-Identity", f"<sip:{{t}}@{DOMAIN}>"),
    "Event id": _set("Event", "refer;id={t}"),
}
# What Sotto reads in a response, one at a time; the rest at once: none of it is anything to a response.
READ_IN_RESPONSES = {name: (FIELDS[name],) for name in ("Call-ID", "From tag", "To tag", "From", "To", "Via", "Contact", "Record-Route")} | {
    "Contact with tags": (_set("Contact", f'"{{t}}" <sip:{{t}}@{DOMAIN};tag={{t}}>;tag={{t}}'),),
    "reason phrase": (lambda response, token: setattr(response, "start", f"SIP/2.0 {response.status} {token}"),),
    "others": (*(change for name, change in FIELDS.items() if name in (
                   "Route", "Refer-To", "Replaces", "Join", "Target-Dialog", "In-Reply-To", "Referred-By",
                   "P-Preferred-Identity", "Event id")),
               _set("P-Asserted-Identity", f"<sip:{{t}}@{DOMAIN}>"), _set("Warning", f'399 {DOMAIN} "{{t}}"'),
               _set("Session-ID", "{t};remote={t}"), _set("Reason", 'SIP;cause=200;text="{t}"'), _set("Reply-To", f"<sip:{{t}}@{DOMAIN}>")),
}
# An address is an address: whoever writes a token there tells it himself, and it opens nothing.
TOLD_BY_THE_SENDER = ("Refer-To", "Replaces in Refer-To")


class Player(Phone):
    """A phone that sends what it likes, and one that looks at whatever comes and declines it."""

    def tries(self, request: Message, *others: "Player") -> int:
        """Sends `request`, with credentials when they are asked for; the final status. Meanwhile `others` decline what they get.
        All of them refuse what shows a value of somebody else (support/ladder.py)."""
        if request.method == "ACK":   # nothing answers it
            self._write(request)
            self.pings()
            for other in others:
                other.pings_past_requests()
            return 0
        transaction = self.transmits(request)
        deadline = time.monotonic() + patience(5)
        while transaction.final is None or transaction.final.status == 407 and not transaction.answered_challenge:
            if transaction.final is not None:
                transaction = self.authenticates(transaction.final)
            item = self.connection.next(0.001)
            if isinstance(item, Message):
                self._take(item)
            elif item is not None:
                self._fail(f"{item} after\n{request}")
            for other in others:
                other.declines_everything()
            if time.monotonic() > deadline:
                self._fail(f"no answer to\n{request}")
        for other in others:
            other.declines_everything()
        return transaction.final.status

    def declines_everything(self) -> None:
        """As a phone does that knows nothing of a dialog: it is not its business whether the request fits one."""
        while not self.connection.inbox.empty():
            item = self.connection.next(0)
            if not isinstance(item, Message):
                self._fail(f"{item}")
            self.ladder.check_nothing_leaks(self, str(item))
            if item.is_request and item.method != "ACK":
                answer = Message("SIP/2.0 603 Decline").add("Via", item.get("Via")).add("From", item.get("From"))
                answer.add("To", item.get("To") + ("" if item.to.tag else f";tag={self._secret('tag', secrets.token_hex(6))}"))
                self._write(answer.add("Call-ID", item.call_id).add("CSeq", item.get("CSeq")))

    def answer_to(self, request: Message, status: int) -> Message:
        """As a phone writes it."""
        response = Message(f"SIP/2.0 {status} Spoken By The Phone").add("Via", request.get("Via")).add("From", request.get("From"))
        response.add("To", request.get("To") + ("" if request.to.tag else f";tag={self._secret('tag', secrets.token_hex(6))}"))
        response.add("Call-ID", request.call_id).add("CSeq", request.get("CSeq"))
        if status < 400:
            response.add("Contact", f"<{self.contact}>")
        return response

    def gets_answer(self, transaction) -> Message:
        """The final one."""
        while transaction.final is None:
            item = self._unread.pop() if self._unread else self.connection.next(patience(5))
            if not isinstance(item, Message):
                self._fail(f"{item} instead of an answer to\n{transaction.request}")
            self._take(item)
        return transaction.final

    def takes_what_came(self) -> None:
        """All that was sent to it until now."""
        self.has_unread("")
        while self._unread:
            self._take(self._unread.pop(0))

    def request_that_came(self, method: str) -> Message:
        """The next one of that method; others are no concern of who answers this one."""
        while True:
            item = self.connection.next(patience(5))
            if not isinstance(item, Message):
                self._fail(f"{item} instead of {method}")
            self.ladder.check_nothing_leaks(self, str(item))
            if item.is_request and item.method == method:
                return item

    def pings_past_requests(self) -> None:
        """What was sent to it until now has come."""
        self.connection.send(b"\r\n\r\n")
        while (item := self.connection.next(patience(5))) != "pong":
            if not isinstance(item, Message):
                self._fail(f"{item}")
            self.ladder.check_nothing_leaks(self, str(item))

    def forgets_what_came(self) -> None:
        self.connection.send(b"\r\n\r\n")
        while (item := self.connection.next(patience(5))) != "pong":
            if item is None:
                self._fail("no pong")


class Replay(FlowTest):
    def phone(self, name: str) -> Player:
        phone = Player(name, self.ladder, self.daemon.connect, self._user(name, self._testMethodName), DOMAIN, PASSWORD,
                       self.daemon.own_hosts)
        self.addCleanup(lambda: phone.connection.close())
        return phone

    def setUp(self) -> None:
        super().setUp()
        self.caller, self.callee, self.accomplice, self.stranger = self.registered("alice", "bob", "carol", "dave")
        self.call(self.caller, self.callee)
        self.dialogs = self.caller.dialog, self.callee.dialog

    def tearDown(self) -> None:
        """Nobody but its two parties has touched the dialog."""
        self.caller.dialog, self.callee.dialog = self.dialogs
        self.callee.declines_everything()
        self.hang_up(self.caller, self.callee)

    def replay(self, token_name: str, attacker: str) -> None:
        token = TOKENS[token_name](*self.dialogs)
        self.view = self.dialogs["held_by_the_callee" in token_name]   # the dialog as the token's holder knows it
        sender = getattr(self, attacker)
        others = [p for p in (self.caller, self.callee, self.accomplice, self.stranger) if p is not sender]
        for method in OUTSIDE:
            for field, change in FIELDS.items():
                request = self.outside(sender, method)
                self.change(request, change, token)
                self.attempt(sender, request, token, field, others)
        for method in INSIDE:
            between = ended = None
            for field, change in FIELDS.items():
                if between is None or ended:
                    between = self.second_dialog(sender)
                between.local_cseq += 1
                request = sender._in_dialog(method, between, between.local_cseq)
                self.change(request, change, token)
                status = self.attempt(sender, request, token, field, others)
                ended = method == "BYE" and status != 481

    def second_dialog(self, sender: Player):
        sender.pings()                         # what the sender has sent is through,
        self.accomplice.forgets_what_came()  # and what it led to is gone
        self.call(sender, self.accomplice)
        return sender.dialog

    def outside(self, sender: Player, method: str) -> Message:
        to = sender.aor if method == "REGISTER" else self.accomplice.aor
        request = sender.new_request(method, f"sip:{DOMAIN}" if method == "REGISTER" else to, f"<{to}>")
        if method in ("SUBSCRIBE", "NOTIFY", "PUBLISH"):
            request.add("Event", "presence").add("Subscription-State", "active")
        if method == "REFER":
            request.add("Refer-To", f"<{self.accomplice.aor}>")
        return request

    def change(self, request: Message, change, token: str) -> None:
        """Beside the token stands what makes the most of it: the rest of the dialog as the token's holder knows it."""
        change(request, token)
        known = {"{third}": self.accomplice.aor.removeprefix("sip:"), "{call_id}": self.view.call_id,
                 "{from_tag}": self.view.local_tag}
        for place, value in known.items():
            request.fields = [(name, text.replace(place, value)) for name, text in request.fields]

    def attempt(self, sender: Player, request: Message, token: str, field: str, others: list) -> int:
        seen = {other: len(other.connection.received) for other in others}
        try:
            status = sender.tries(request, *others)
        except AssertionError as fault:
            fault.add_note(f"--- {field} in ---\n{request}")
            raise
        for other in others:
            new = other.connection.received[seen[other]:].decode()
            if field not in TOLD_BY_THE_SENDER:
                self.assertNotIn(token, new, f"{field}: a value that names a dialog never passes as it is:\n{request}")
        return status

    def replay_in_answers(self, attacker: str) -> None:
        """The accomplice asks, and whoever has the tokens answers with them: in each field of each answer one of them, and in the
        same field of the next answer the next."""
        sender = getattr(self, attacker)
        tokens = [(read(*self.dialogs), self.dialogs["held_by_the_callee" in name]) for name, read in TOKENS.items()]

        def fields(kind: int):
            for number, (field, changes) in enumerate(READ_IN_RESPONSES.items()):
                token, self.view = tokens[(kind + number) % len(tokens)]
                yield field, changes, token

        for kind, (method, status) in enumerate(ANSWERED_OUTSIDE):
            for field, changes, token in fields(kind):
                request = self.accomplice.new_request(method, sender.aor, f"<{sender.aor}>")
                asked = self.accomplice.gets_past_the_challenge(self.accomplice.transmits(request))
                self.answer(sender, asked, status, changes, token, field)
                if asked.final.status == 200 and method == "INVITE":
                    self.accomplice.sends("ACK")
                    self.answer(sender, self.accomplice.sends("BYE"), 200, (), token, f"what follows {field}")
        for kind, (method, status) in enumerate(ANSWERED_INSIDE):
            between = None
            for field, changes, token in fields(kind):
                if between is None or method == "BYE":
                    self.accomplice.pings()   # what it has sent is through, an ACK at last,
                    sender.forgets_what_came()  # and what it led to is gone
                    self.call(self.accomplice, sender)
                    between = self.accomplice.dialog
                asked = self.accomplice.sends(method, dialog=between, sdp=False, headers=HEADERS_OF.get(method, {}))
                self.answer(sender, asked, status, changes, token, field)
                if method == "INVITE" and asked.final.status == 200:
                    self.accomplice.sends("ACK", dialog=between)

    def answer(self, sender: Player, asked, status: int, changes: tuple, token: str, field: str) -> None:
        method = asked.request.method
        seen = len(self.accomplice.connection.received)
        came = sender.request_that_came(method)
        response = sender.answer_to(came, status)
        if status == 183:
            response.add("Require", "100rel").add("RSeq", 1)
        for change in changes:
            self.change(response, change, token)
        try:
            sender._write(response)
            sender.pings_past_requests()
            self.accomplice.takes_what_came()
            # All of it goes on but what belongs to no transaction (RFC 3261 17.1.3); a redirection is followed, to nobody.
            self.assertEqual([r.status for r in asked.responses if r.status > 100],
                             [] if field == "Via" else [480 if status == 302 else status])
            if asked.final is None:
                sender._write(sender.answer_to(came, 486))
                self.accomplice.gets_answer(asked)
        except AssertionError as fault:
            fault.add_note(f"--- {field} in ---\n{response}")
            raise
        self.assertNotIn(token, self.accomplice.connection.received[seen:].decode(), f"{field}:\n{response}")

    def test_all_that_the_caller_sees_in_the_hands_of_a_stranger(self):
        self.steal(self.dialogs[0], self.caller)

    def test_all_that_the_callee_sees_in_the_hands_of_a_stranger(self):
        self.steal(self.dialogs[1], self.callee)

    def test_quote_that_its_carrier_takes_elsewhere(self):
        """Transferred to the callee, the accomplice holds the caller's dialog with the callee sealed as one value; whoever else is
        called with it must not see what is in it, and nobody else can use it."""
        caller = self.dialogs[0]
        dialog = quote(f"{caller.call_id};to-tag={caller.remote_tag};from-tag={caller.local_tag}", safe="")
        self.call(self.caller, self.accomplice)
        self.caller.sends("REFER", headers={"Refer-To": f"<{caller.target}?Replaces={dialog}>"})
        refer = self.accomplice.receives("REFER")
        replaces = unquote(re.search(r"Replaces=([^>&]+)", refer.get("Refer-To"))[1])
        self.accomplice.sends(202)
        self.caller.receives(202)
        for sender, receiver in ((self.accomplice, self.stranger), (self.stranger, self.accomplice), (self.stranger, self.callee),
                                 (self.callee, self.stranger)):
            request = sender.new_request("INVITE", receiver.aor, f"<{receiver.aor}>")
            before = len(receiver.connection.received)  # the accomplice got the quote itself, in the REFER
            sender.tries(request.add("Replaces", replaces), receiver)
            self.assertNotIn(replaces.split(";")[0], receiver.connection.received[before:].decode())

    def steal(self, dialog, owner) -> None:
        self.ladder.initiate(owner, self.stranger)
        for method in INSIDE:
            with self.subTest(method=method):
                dialog.local_cseq += 1
                request = self.stranger._in_dialog(method, dialog, dialog.local_cseq)
                self.assertEqual(self.stranger.tries(request, self.caller, self.callee), 0 if method == "ACK" else 481)
        for phone in (self.caller, self.callee):
            phone.has_received_nothing_else()


def _add_tests() -> None:
    """For each pair of hands, so that each has users and a call of its own; in requests, for each token as well."""
    for attacker in ATTACKERS:
        def in_answers(self, attacker=attacker):
            self.replay_in_answers(attacker)
        setattr(Replay, f"test_answers_of_the_{attacker}", in_answers)
        for token in TOKENS:
            def test(self, token=token, attacker=attacker):
                self.replay(token, attacker)
            setattr(Replay, f"test_{token}_replayed_by_the_{attacker}", test)


_add_tests()

if __name__ == "__main__":
    unittest.main()
