"""Everything that a client can fill in, filled in, and what becomes of it: at the other side, in the daemon's memory, in
its files and in its logs (docs/DESIGN.md P2, P3, P8, P9). Nothing unnecessary may be anywhere; everything necessary
arrives."""

import base64
import hashlib
import re
import secrets
import time
import unittest
from collections import Counter

from support import memory
from support.daemon import DOMAIN, PASSWORD, Daemon, binary
from support.ladder import Ladder
from support.limits import patience

import fields
from census_phone import CensusPhone
from tokens import Tokens

PEOPLE = {"alice": "127.0.0.2", "bob": "127.0.0.3", "carol": "127.0.0.4"}


class Search(unittest.TestCase):
    def test_it_finds_every_form_and_nothing_else(self) -> None:
        tokens = Tokens()
        text = tokens.word("alice", "INVITE: Subject").encode()
        finder = tokens.finder()
        self.addCleanup(finder.close)
        noise = lambda: secrets.token_bytes(100_000)   # noqa: E731
        forms = {"plain": [text], "hex": [text.hex().encode(), text.hex().upper().encode()],
                 "base64": [base64.b64encode(b"x" * offset + text + b"yz") for offset in range(3)]}
        digests = [getattr(hashlib, name)(text).digest() for name in ("md5", "sha1", "sha256")]
        forms["hash"] = [form for digest in digests for form in (
            digest, digest.hex().encode(), digest.hex().upper().encode(), base64.b64encode(b"x" + digest + b"yz"),
            base64.b64encode(digest), base64.urlsafe_b64encode(digest))]
        self.assertEqual(finder.found(noise()), set())
        for name, written in forms.items():
            for one in written:
                self.assertEqual({form for _, form in finder.found(noise() + one + noise())}, {name}, one)


class Census(unittest.TestCase):
    @classmethod
    def setUpClass(cls) -> None:
        cls.tokens = Tokens()
        cls.daemon = Daemon(tuple(PEOPLE), {"log": {"level": "debug"}, "drain_timeout": "1s"}, threads=2)
        cls.addClassCleanup(cls.daemon.destroy)

    def phone(self, name: str) -> CensusPhone:
        user = name.split(".")[0]
        phone = CensusPhone(name, self.tokens, self.ladder, lambda: self.daemon.connect(source=PEOPLE[user]), user, DOMAIN,
                            PASSWORD, self.daemon.own_hosts)
        self.phones.append(phone)
        self.tokens.adopt(PEOPLE[user], user, "source address")
        self.addCleanup(phone.connection.close)
        return phone

    def finder(self, *part):
        finder = self.tokens.finder(*part)
        self.addCleanup(finder.close)
        return finder

    def test_census(self) -> None:
        self.ladder, self.phones, self.messages = Ladder(), [], {}
        self.not_looked_at = memory.not_looked_at(binary("sottod"))
        alice, bob, carol = (self.phone(name) for name in PEOPLE)
        for phone in self.phones:
            phone.registers()
        desk = self.phone("alice.desk")   # a second device of the same account learns nothing of the first
        desk.registers()
        desk.unregisters()
        for caller, callee in ((alice, bob), (bob, alice)):
            for part in (self.answered, self.without_offer, self.busy, self.refused, self.cancelled, self.messaged, self.told,
                         self.withheld, self.redirected, self.transferred, self.asked):
                self.tokens.part = part.__name__
                part(caller, callee, carol)
        ended = time.monotonic()

        finder = self.finder()
        remembered = set() if self.not_looked_at else self.still_in_memory(finder, ended)
        arrived = {name: self.arrived(finder, name) for name in ("alice", "bob", "carol")}
        stored = {name: finder.found(data) for name, data in self.files().items()}
        logged = finder.found(self.daemon.log.encode())

        leaks = self.report(arrived, remembered, stored, logged)
        missing = self.missing(alice, bob) + self.missing(bob, alice)
        self.assertFalse(leaks, "not necessary, and yet there:\n" + "\n".join(leaks))
        self.assertFalse(missing, f"necessary, and did not arrive: {missing}")

    # -- what the phones do ----------------------------------------------------------------------------------
    def answered(self, caller, callee, _) -> None:
        """Reliable early answer, hold, and every method that a call can hold, from both sides."""
        caller.sends("INVITE", to=callee)
        invite = callee.receives("INVITE")
        callee.sends(183, sdp=True, headers={"Require": "100rel", "RSeq": 7001})
        progress = caller.receives(183)
        caller.acknowledges(progress)
        prack = callee.receives("PRACK")
        callee.sends(200, answering=prack)
        caller.receives(200)
        callee.sends(180, answering=invite)
        caller.receives(180)
        callee.sends(200, answering=invite)
        caller.receives(200)
        caller.sends("ACK")
        callee.receives("ACK")
        for one, other in ((caller, callee), (callee, caller)):
            one.sends("INVITE", body=one.media.describe(direction="sendonly"))
            other.receives("INVITE")
            other.sends(200)
            one.receives(200)
            one.sends("ACK")
            other.receives("ACK")
            self.exchange(one, other, "UPDATE", answer_sdp=True, sdp=True)
            tone = one.filler.fill("Signal=5\r\nX-{w}: {w}\r\nDuration=160\r\n{w}\r\n", "INFO: body")
            self.exchange(one, other, "INFO", body=tone.encode(), content_type="application/dtmf-relay")
            self.exchange(one, other, "OPTIONS")
            self.exchange(one, other, "MESSAGE", body=self.message_of(one), content_type="text/plain;charset=utf-8")
        self.exchange(caller, callee, "BYE")

    def call(self, caller, callee, body_in_ack: bool = False, **options) -> None:
        caller.sends("INVITE", to=callee, **options)
        callee.receives("INVITE")
        callee.sends(200)
        caller.receives(200)
        caller.sends("ACK", body=caller.media.describe("active") if body_in_ack else None)
        callee.receives("ACK")

    def exchange(self, one, other, method: str, answer_sdp: bool = False, status: int = 200, **options) -> None:
        one.sends(method, **options)
        other.receives(method)
        other.sends(status, sdp=answer_sdp or None)
        one.receives(status)

    def without_offer(self, caller, callee, _) -> None:
        """The offer in the 200, the answer in the ACK; the callee hangs up."""
        self.call(caller, callee, sdp=False, body_in_ack=True)
        self.exchange(callee, caller, "BYE")

    def busy(self, caller, callee, _) -> None:
        """And an offer among other parts, none of which is for the callee."""
        fill = lambda template: caller.filler.fill(template, "multipart")   # noqa: E731
        boundary = fill("{w}")
        part = "--" + boundary + "\r\nContent-Type: {type}\r\nContent-ID: <{w}@{w}>\r\nX-{w}: {w}\r\n\r\n"
        body = (fill("{w}\r\n").encode() + fill(part.replace("{type}", "application/sdp;{w}={w}")).encode()
                + caller.media.describe()
                + fill("\r\n" + part.replace("{type}", "application/vnd.{w}+xml") + "<{w}/>\r\n").encode()
                + fill(part.replace("{type}", "application/pidf+xml") + "<presence entity='pres:{w}'>{w}</presence>\r\n").encode()
                + f"--{boundary}--\r\n".encode() + fill("{w}\r\n").encode())
        caller.sends("INVITE", to=callee, body=body, content_type=f"multipart/mixed;boundary={boundary}")
        offer = callee.receives("INVITE")
        self.assertIn(caller.media.fingerprint.encode(), offer.body)
        callee.sends(486)
        callee.receives("ACK")
        caller.receives(486)

    def refused(self, caller, callee, _) -> None:
        for status in (420, 423, 488, 500, 603):
            caller.sends("INVITE", to=callee)
            callee.receives("INVITE")
            callee.sends(status, headers={"Min-Expires": "90"} if status == 423 else None)
            callee.receives("ACK")
            caller.receives(status)

    def cancelled(self, caller, callee, _) -> None:
        caller.sends("INVITE", to=callee)
        callee.receives("INVITE")
        callee.sends(180)
        caller.receives(180)
        if not self.not_looked_at:
            finder = self.finder(self.tokens.part)
            self.assertTrue(self.in_memory(finder), "a call that rings is in memory, or the search sees nothing")
        caller.sends("CANCEL")
        caller.receives(200)
        callee.receives("CANCEL")
        callee.sends(200)
        callee.sends(487)
        callee.receives("ACK")
        caller.receives(487)

    def redirected(self, caller, callee, third) -> None:
        """The proxy goes on to the third phone; the caller does not learn where it points."""
        elsewhere = callee.filler.fill('"{w}" <sip:{w}@{w}.invalid;{w}={w}?Subject={w}>;q=0.5;{w}={w}', "302: Contact")
        caller.sends("INVITE", to=callee)
        callee.receives("INVITE")
        callee.sends(302, headers={"Contact": f"<{third.aor}>;q=0.9, {elsewhere}"})
        callee.receives("ACK")
        third.receives("INVITE")
        third.sends(486)
        third.receives("ACK")
        caller.receives(486)

    def transferred(self, one, other, third) -> None:
        self.call(one, other)
        refer_to = one.filler.fill(f'"{{w}}" <{third.aor};gr=urn:uuid:{{w}};{{w}}={{w}}?Subject={{w}}&X-{{w}}={{w}}>;{{w}}={{w}}',
                                   "REFER: Refer-To")
        referred_by = one.filler.fill('"{w}" <sip:{w}@{w}.invalid>;cid="{w}@{w}"', "REFER: Referred-By")
        one.sends("REFER", headers={"Refer-To": refer_to, "Referred-By": referred_by})
        other.receives("REFER")
        other.sends(202)
        one.receives(202)
        between = other.dialog
        for line, state in (("SIP/2.0 100 {w}", "active;expires=60;{w}={w}"),
                            ("SIP/2.0 200 {w}", "terminated;reason=noresource;{w}={w}")):
            body = other.filler.fill(line + "\r\nContact: <sip:{w}@{w}.invalid>\r\nServer: {w}\r\n\r\n{w}", "NOTIFY: body")
            other.sends("NOTIFY", dialog=between, body=body.encode(), content_type="message/sipfrag",
                        headers={"Event": other.filler.fill("refer;{w}={w}", "NOTIFY: Event"),
                                 "Subscription-State": other.filler.fill(state, "NOTIFY: Subscription-State")})
            one.receives("NOTIFY")
            one.sends(200)
            other.receives(200)
        self.call(other, third)
        self.exchange(third, other, "BYE")
        self.exchange(one, other, "BYE")

    def messaged(self, one, other, _) -> None:
        self.exchange(one, other, "MESSAGE", to=other, body=self.message_of(one), content_type="text/plain;charset=UTF-8")
        self.exchange(one, other, "MESSAGE", to=other, body=self.message_of(one), content_type="text/plain", status=486)

    def told(self, one, other, _) -> None:
        """Every other type of body that phones send each other."""
        fill = lambda template, **known: one.filler.fill(template, "body", **known).encode()   # noqa: E731
        say = lambda body, kind: self.exchange(one, other, "MESSAGE", to=other, body=body, content_type=kind)   # noqa: E731
        say(fill(fields.CPIM) + self.message_of(one), "message/cpim")
        say(fill(fields.COMPOSING), "application/im-iscomposing+xml")
        boundary = fill("{w}")
        say(fill("{w}\r\n--") + boundary + b"\r\n" + fields.SIGNED_TEXT.encode() + self.message_of(one) + b"\r\n--" + boundary
            + b"\r\n" + fill(fields.SIGNATURE) + b"--" + boundary + b"--\r\n" + fill("{w}"),
            f'multipart/signed;micalg=sha-256;protocol="application/pkcs7-signature";boundary={boundary.decode()}')
        say(bytes.fromhex("3014 0609 2a864886f70d010703 a007 3005 020100 3000"),
            fill("application/pkcs7-mime;name={w}.p7m;smime-type={w}").decode())
        self.call(one, other)
        self.exchange(one, other, "INFO", body=fill(fields.FRAGMENT, host=one.media.host, port="9"),
                      content_type="application/trickle-ice-sdpfrag", headers={"Info-Package": "trickle-ice"})
        self.exchange(one, other, "INFO", body=fill(fields.PICTURE), content_type="application/media_control+xml")
        self.exchange(one, other, "BYE")

    def withheld(self, one, other, third) -> None:
        """A caller who does not want to be known: the display name is no more necessary than the rest."""
        private = {"Privacy": "id;user"}
        self.call(one, other, headers=private)
        self.exchange(one, other, "UPDATE", answer_sdp=True, sdp=True, headers=private)
        referred_by = one.filler.fill('"{w}" <sip:{w}@{w}.invalid>', "REFER: Referred-By")
        self.exchange(one, other, "REFER", status=603, headers={"Refer-To": f"<{third.aor}>", "Referred-By": referred_by, **private})
        self.exchange(other, one, "BYE")
        self.exchange(one, other, "MESSAGE", to=other, body=self.message_of(one), content_type="text/plain", headers=private)
        cpim = one.filler.fill(fields.CPIM, "body").encode() + self.message_of(one)
        self.exchange(one, other, "MESSAGE", to=other, body=cpim, content_type="message/cpim", headers=private)

    def message_of(self, phone) -> bytes:
        self.messages[phone.name] = phone.filler.fill("{w}", "MESSAGE: content", needed=True)
        return self.messages[phone.name].encode()

    def asked(self, one, other, _) -> None:
        """Questions about somebody, which Sotto answers itself."""
        for method, event in (("OPTIONS", None), ("SUBSCRIBE", "presence"), ("PUBLISH", "presence"), ("NOTIFY", "presence")):
            headers = {"Event": one.filler.fill("presence;{w}={w}", f"{method}: Event"), "Subscription-State": "active"}
            one.sends(method, to=other, headers=headers if event else None)
            one.receives_one_of((200, 403, 405, 480, 481, 489, 501))

    # -- where the tokens are --------------------------------------------------------------------------------
    def arrived(self, finder, user: str) -> set:
        """What the phones of `user` hold of other phones' tokens."""
        out = set()
        for phone in self.phones:
            if phone.name.split(".")[0] == user:
                self.assertIsNone(phone.connection.next(0), "something that nobody asked for")
                out |= {(t, form) for t, form in finder.found(phone.connection.received) if t.owner != phone.name}
        return out

    def still_in_memory(self, finder, ended: float) -> set:
        """Looks until nothing is found any more, or five seconds after the last transaction are over."""
        while True:
            late = time.monotonic() > ended + patience(5)
            found = self.in_memory(finder)
            if not found or late:
                return found

    def in_memory(self, finder) -> set:
        return finder.found_in(memory.writable(self.daemon.pid))

    def files(self) -> dict:
        return {str(path.relative_to(self.daemon.folder)): path.read_bytes()
                for path in self.daemon.folder.rglob("*") if path.is_file()}

    def missing(self, sender, receiver) -> list:
        text = receiver.connection.received.decode("utf-8", "replace").replace("\r\n", "\n") + "\n"
        media = sender.media
        known = {"user": sender.user, "fingerprint": media.fingerprint,
                 "ufrag": media.ufrag, "pwd": media.pwd, "host": media.host, "reflexive": media.reflexive,
                 "relay": media.relay, "ssrc": media.ssrc, "message": self.messages[sender.name], "transfer_target": "carol"}
        out = []
        for name, pattern in fields.NEEDED.items():
            for key, value in known.items():
                pattern = pattern.replace("{" + key + "}", re.escape(value))
            pattern = pattern.replace("{display}", "|".join(sender.shown_names))
            if not re.search(pattern, text, re.MULTILINE):
                out.append(f"{name} of {sender.name}: {pattern}")
        return out

    # -- the table -------------------------------------------------------------------------------------------
    def report(self, arrived: dict, remembered: set, stored: dict, logged: set) -> list:
        """Prints one row for each field; returns what is where it must not be."""
        places = {"arrived": {pair for found in arrived.values() for pair in found if not pair[0].needed},
                  "memory": remembered, "files": {pair for found in stored.values() for pair in found}, "logs": logged}
        leaks = sorted({f"{place}: {token.field} of {token.owner} ({token.part}), {form}"
                        for place, found in places.items() for token, form in found})
        sent = {owner: Counter(self.field_of(t) for t in self.tokens if t.owner.split(".")[0] == owner)
                for owner in ("alice", "bob")}
        names = sorted(set(sent["alice"]) | set(sent["bob"]), key=str.lower)
        counts = {place: Counter(self.field_of(t) for t in {t for t, _ in found}) for place, found in places.items()}
        width = max(map(len, names))
        print(f"\n{'field':{width}}  {'alice':>5}  {'bob':>5}  " + "  ".join(f"{place:>7}" for place in places))
        for name in names:
            print(f"{name:{width}}  {sent['alice'][name]:5}  {sent['bob'][name]:5}  "
                  + "  ".join(f"{counts[place][name] or '-':>7}" for place in places))
        unneeded = {owner: len({self.field_of(t) for t in self.tokens if t.owner == owner and not t.needed}) for owner in sent}
        if self.not_looked_at:
            print(f"MEMORY WAS NOT LOOKED AT: {self.not_looked_at}")
        print(f"{len(list(self.tokens))} tokens; unnecessary fields filled: {unneeded}; found: {len(leaks)}")
        for owner, count in unneeded.items():
            self.assertGreaterEqual(count, 120, f"{owner} fills too little")
        return leaks

    @staticmethod
    def field_of(token) -> str:
        """The field without the message it stood in."""
        return token.field.split(": ", 1)[-1]


if __name__ == "__main__":
    unittest.main()
