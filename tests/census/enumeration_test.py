"""Who exists, who is there and who refuses cannot be asked (docs/DESIGN.md P10): the answers for unknown, offline,
suspended and declining users are the same in status, headers, order, size and time."""

import random
import time
import unittest
from itertools import combinations

from support.daemon import DOMAIN, PASSWORD, Daemon
from support.ladder import Ladder
from support.limits import patience
from support.phone import Phone

from statistics_of_times import mann_whitney

TRIES = 200
# Names of one length, so that sizes can be compared.
CALLER, ONLINE, OFFLINE, SUSPENDED, UNKNOWN = "ada", "onl", "off", "sus", "unk"
ABSENT = (UNKNOWN, OFFLINE, SUSPENDED)
EVERYBODY = (UNKNOWN, OFFLINE, SUSPENDED, ONLINE)
WITH_BODY = {"INVITE": {}, "MESSAGE": {"body": b"Hello?", "content_type": "text/plain"}}
PLAIN_RTP = b"v=0\r\no=- 1 1 IN IP4 192.0.2.1\r\ns=-\r\nc=IN IP4 192.0.2.1\r\nt=0 0\r\nm=audio 9000 RTP/AVP 0\r\n"


class Enumeration(unittest.TestCase):
    @classmethod
    def setUpClass(cls) -> None:
        cls.daemon = Daemon((CALLER, ONLINE, OFFLINE, SUSPENDED),
                            {"drain_timeout": "1s", "proxy": {"ring_timeout": "2s"}})
        cls.addClassCleanup(cls.daemon.destroy)
        cls.daemon.sotto("account", "set", f"{SUSPENDED}@{DOMAIN}", "--status", "suspended")

    def setUp(self) -> None:
        self.ladder = Ladder()
        self.caller, self.online = self.phone(CALLER), self.phone(ONLINE)
        self.caller.registers()
        self.online.registers()

    def phone(self, user: str) -> Phone:
        phone = Phone(user, self.ladder, self.daemon.connect, user, DOMAIN, PASSWORD, self.daemon.own_hosts)
        self.addCleanup(lambda: phone.connection.close())
        return phone

    # -- form ------------------------------------------------------------------------------------------------
    def assert_alike(self, answers: dict) -> None:
        forms = {who: self.form(answer) for who, answer in answers.items()}
        for one, other in combinations(forms, 2):
            self.assertEqual(forms[one], forms[other], f"{one} and {other}")

    @staticmethod
    def form(answer) -> tuple:
        """Status, phrase, names and order of headers, length of each value, size."""
        own = ("Via", "From", "To", "Call-ID", "CSeq")   # echoes of the request, but for the To tag
        fields = [(name, len(value) if name in (*own, "WWW-Authenticate", "Proxy-Authenticate") and name != "CSeq" else
                   "" if name == "CSeq" else value) for name, value in answer.fields]
        return answer.start, fields, answer.body

    def ask(self, phone, method: str, user: str, final: tuple, **options):
        phone.sends(method, to=f"sip:{user}@{DOMAIN}", **options)
        return phone.receives_one_of(final)

    def test_form_of_a_call_and_of_a_message_to_somebody_who_is_not_there(self):
        for method, options in WITH_BODY.items():
            answers = {user: self.ask(self.caller, method, user, (480,), **options) for user in ABSENT}
            self.assert_alike(answers)
            for status in (404, 410, 430, 480, 604):   # what a phone says when its user is not to be found
                with self.subTest(method=method, status=status):
                    self.caller.sends(method, to=self.online, **options)
                    self.online.receives(method)
                    self.online.sends(status, headers={"Retry-After": "7", "Warning": '304 a "b"'})
                    if method == "INVITE":
                        self.online.receives("ACK")
                    self.assert_alike({**answers, ONLINE: self.caller.receives(480)})
                    if status == 430:   # RFC 5626: its flow has failed, and its registration with it
                        self.online.registers()

    def test_withheld_call_to_somebody_who_is_not_there(self):
        self.assert_alike({user: self.ask(self.caller, "INVITE", user, (480,), headers={"Privacy": "id"}) for user in ABSENT})

    def test_nobody_is_felt_for_with_what_cannot_be_delivered(self):
        """A request that no phone would ever get tells nothing about who has a phone there."""
        probes = {
            "plain RTP": ("INVITE", PLAIN_RTP, "application/sdp", {}),
            "unreadable description": ("INVITE", b"nonsense", "application/sdp", {}),
            "type that is not carried": ("MESSAGE", b"<p>Hello</p>", "text/html", {}),
            "coding that is not carried": ("MESSAGE", b"Hello", "text/plain", {"Content-Encoding": "gzip"}),
            "several parts, none whole": ("INVITE", b"--x\r\n", "multipart/mixed;boundary=x", {}),
            "no relay": ("INVITE", None, "", {"Privacy": "session"}),
            "extension that is not carried": ("INVITE", None, "", {"Require": "x-unknown"}),
            "somebody else's dialog": ("INVITE", None, "", {"Replaces": "abc;to-tag=1;from-tag=2"}),
            "no hop left": ("INVITE", None, "", {"Max-Forwards": "0"}),
            "no breadth left": ("MESSAGE", b"Hello", "text/plain", {"Max-Breadth": "0"}),
        }
        for name, (method, body, content_type, headers) in probes.items():
            with self.subTest(probe=name):
                answers = {user: self.ask(self.caller, method, user, (400, 415, 420, 440, 480, 481, 483, 488), body=body,
                                          content_type=content_type or "application/sdp", headers=headers) for user in EVERYBODY}
                self.assert_alike(answers)
                self.online.has_received_nothing_else()

    def test_questions_about_somebody_are_answered_alike(self):
        asked = {"OPTIONS": {}, "SUBSCRIBE": {"Event": "presence"}, "PUBLISH": {"Event": "presence"}, "NOTIFY": {"Event": "refer"},
                 "BYE": {}, "INFO": {}, "UPDATE": {}, "PRACK": {"RAck": "1 1 INVITE"}}
        for method, headers in asked.items():
            with self.subTest(method=method):
                self.assert_alike({user: self.ask(self.caller, method, user, tuple(range(200, 700)), headers=headers)
                                   for user in EVERYBODY})
                self.online.has_received_nothing_else()

    def test_nobody_registers_for_somebody_else(self):
        """And the answer is the same for every address."""
        answers = {}
        for user in EVERYBODY:
            request = self.caller.new_request("REGISTER", f"sip:{DOMAIN}", f"<sip:{user}@{DOMAIN}>")
            request.add("Contact", f"<{self.caller.contact}>")
            self.caller.transmits(request)
            answers[user] = self.caller.receives(403)
        self.assert_alike(answers)

    def test_without_an_account_nothing_can_be_asked(self):
        """Whoever is asked for, and whoever asks: a challenge of one form, and nothing rings."""
        stranger = self.phone("stranger")
        for method in ("INVITE", "MESSAGE", "OPTIONS", "SUBSCRIBE", "REFER", "PUBLISH", "REGISTER"):
            with self.subTest(method=method):
                answers = {}
                for user in EVERYBODY:
                    for role in ("asked for", "asks"):
                        who, whom = (user, "xyz") if role == "asks" else ("xyz", user)
                        uri = f"sip:{DOMAIN}" if method == "REGISTER" else f"sip:{whom}@{DOMAIN}"
                        to = who if method == "REGISTER" else whom
                        request = stranger.new_request(method, uri, f"<sip:{to}@{DOMAIN}>", from_=f"<sip:{who}@{DOMAIN}>")
                        stranger.transmits(request)
                        answers[user, role] = stranger.receives(401 if method == "REGISTER" else 407)
                self.assert_alike(answers)
                self.online.has_received_nothing_else()

    def test_wrong_passwords_are_answered_alike(self):
        stranger = self.phone("stranger")
        answers = {}
        for user in EVERYBODY:
            stranger.transmits(stranger.new_request("REGISTER", f"sip:{DOMAIN}", f"<sip:{user}@{DOMAIN}>",
                                                    from_=f"<sip:{user}@{DOMAIN}>"))
            challenge = stranger.connection.next(patience(5))
            stranger._take(challenge)
            before = next(t for t in stranger._client.values() if t.final is challenge)
            stranger.transmits(stranger.with_credentials(before.request, challenge, "wrong", user=user)).answered_challenge = True
            answers[user] = stranger.receives(401)
        self.assert_alike(answers)

    # -- time ------------------------------------------------------------------------------------------------
    def test_time(self):
        for method in ("INVITE", "MESSAGE"):
            with self.subTest(method=method):
                first = self.told_apart(self.times(method))
                if first:   # load of the machine may do that once
                    second = self.told_apart(self.times(method))
                    self.assertEqual(set(first) & set(second), set(), f"{first} {second}")

    def told_apart(self, times: dict) -> dict:
        out = {}
        for one, other in combinations(times, 2):
            p, area = mann_whitney(times[one], times[other])
            if p < 0.001 and abs(area - 0.5) > 0.1:
                out[one, other] = f"p={p:.2g} AUC={area:.2f}"
        return out

    def times(self, method: str) -> dict:
        """Seconds from the request that has credentials to the answer, the users in random order."""
        out: dict = {user: [] for user in ABSENT}
        for _ in range(TRIES):
            for user in random.sample(ABSENT, len(ABSENT)):
                self.caller.sends(method, to=f"sip:{user}@{DOMAIN}", authenticates=False, **WITH_BODY[method])
                challenge = self.caller.receives(407)
                before = time.perf_counter()
                self.caller.authenticates(challenge)
                self.caller.receives(480)
                out[user].append(time.perf_counter() - before)
        return out


if __name__ == "__main__":
    unittest.main()
