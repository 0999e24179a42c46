"""Who exists, who is there and who refuses cannot be asked (docs/DESIGN.md P10): the answers for unknown, offline, suspended,
declining and blocking users are the same in status, headers, order, size and time; what is not asked of a phone is the same for
those who are there as well."""

import random
import time
import unittest
from itertools import combinations

from support.daemon import DOMAIN, PASSWORD, Daemon
from support.ladder import Ladder
from support.limits import patience
from support.phone import Phone
from support.sip import Message

from statistics_of_times import mann_whitney

TRIES = 200
# Names of one length, so that sizes can be compared.
CALLER, ONLINE, OFFLINE, SUSPENDED, UNKNOWN = "ada", "onl", "off", "sus", "unk"
BLOCKING = "blk"           # there, and has blocked the caller when withheld (ADR 13)
REFUSING = ("ron", "rof")  # refuse anonymous callers: one who is there, one who is not
ABSENT = (UNKNOWN, OFFLINE, SUSPENDED)
NOBODY_FOR_THE_WITHHELD = (*ABSENT, BLOCKING)
WITHHELD = {"Privacy": "id"}
EVERYBODY = (UNKNOWN, OFFLINE, SUSPENDED, ONLINE)
WITH_BODY = {"INVITE": {}, "MESSAGE": {"body": b"Hello?", "content_type": "text/plain"}}
PLAIN_RTP = b"v=0\r\no=- 1 1 IN IP4 192.0.2.1\r\ns=-\r\nc=IN IP4 192.0.2.1\r\nt=0 0\r\nm=audio 9000 RTP/AVP 0\r\n"


class Enumeration(unittest.TestCase):
    @classmethod
    def setUpClass(cls) -> None:
        cls.daemon = Daemon((CALLER, ONLINE, OFFLINE, SUSPENDED, BLOCKING, *REFUSING),
                            {"drain_timeout": "1s", "proxy": {"ring_timeout": "2s"},
                             "limits": {"auth_failures_per_minute": 0}})   # a stranger's guesses are timed
        cls.addClassCleanup(cls.daemon.destroy)
        cls.daemon.sotto("account", "set", f"{SUSPENDED}@{DOMAIN}", "--status", "suspended")
        for user in REFUSING:
            cls.daemon.sotto("account", "set", f"{user}@{DOMAIN}", "--refuse-anonymous", "on")

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

    def blocks_the_caller(self) -> Phone:
        """A phone whose user has had enough of whoever calls without a name."""
        phone = self.phone(BLOCKING)
        phone.registers()
        self.caller.sends("INVITE", to=phone, headers=WITHHELD)
        phone.receives("INVITE")
        phone.sends(486)
        phone.receives("ACK")
        self.caller.receives(486)
        self.daemon.sotto("account", "block", f"{BLOCKING}@{DOMAIN}")
        self.addCleanup(self.daemon.sotto, "account", "unblock", f"{BLOCKING}@{DOMAIN}", "--yes")
        return phone

    def test_form_of_what_a_withheld_caller_hears(self):
        """Of somebody who is not there, and of somebody who is there and blocks the caller."""
        blocking = self.blocks_the_caller()
        for method, options in WITH_BODY.items():
            with self.subTest(method=method):
                self.assert_alike({user: self.ask(self.caller, method, user, (480,), headers=WITHHELD, **options)
                                   for user in NOBODY_FOR_THE_WITHHELD})
                blocking.has_received_nothing_else()

    def redirected(self, method: str, user: str, **options) -> tuple:
        """What the caller hears of somebody to whom the phone that it called points, and how long after that."""
        self.caller.sends(method, to=self.online, **options)
        self.online.receives(method)
        before = time.perf_counter()
        self.online.sends(302, headers={"Contact": f"<sip:{user}@{DOMAIN}>"})
        if method == "INVITE":
            self.online.receives("ACK")
        answer = self.caller.receives(480)
        return answer, time.perf_counter() - before

    def test_form_and_time_of_whom_a_redirection_leads_to(self):
        """The caller does not learn whether there is somebody where a phone points, and whether that one blocks it."""
        blocking = self.blocks_the_caller()
        for method, options in WITH_BODY.items():
            with self.subTest(method=method):
                self.assert_alike({user: self.redirected(method, user, **options)[0] for user in ABSENT})
                self.assert_alike({user: self.redirected(method, user, headers=WITHHELD, **options)[0]
                                   for user in NOBODY_FOR_THE_WITHHELD})
        self.assert_as_long((UNKNOWN, BLOCKING), lambda user: self.redirected("INVITE", user, headers=WITHHELD)[1])
        blocking.has_received_nothing_else()

    def test_who_refuses_the_anonymous_says_so_whether_there_or_not(self):
        """433 tells that there is such an account, which is its owner's choice (ADR 9), and nothing else."""
        there = self.phone(REFUSING[0])
        there.registers()
        for method, options in WITH_BODY.items():
            with self.subTest(method=method):
                self.assert_alike({user: self.ask(self.caller, method, user, (433,), headers=WITHHELD, **options)
                                   for user in REFUSING})
                there.has_received_nothing_else()

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

    @staticmethod
    def asks_to_register(stranger: Phone, user: str) -> tuple:
        """As that user, without a password: the request and the challenge."""
        request = stranger.new_request("REGISTER", f"sip:{DOMAIN}", f"<sip:{user}@{DOMAIN}>", from_=f"<sip:{user}@{DOMAIN}>")
        asked = stranger.transmits(request)
        challenge = stranger.connection.next(patience(5))
        stranger._take(challenge)
        return asked.request, challenge

    def guesses(self, stranger: Phone, user: str, request: Message, challenge: Message) -> Message:
        stranger.transmits(stranger.with_credentials(request, challenge, "wrong", user=user)).answered_challenge = True
        return stranger.receives(401)

    def test_wrong_passwords_are_answered_alike(self):
        stranger = self.phone("stranger")
        self.assert_alike({user: self.guesses(stranger, user, *self.asks_to_register(stranger, user)) for user in EVERYBODY})

    # -- time ------------------------------------------------------------------------------------------------
    def test_time_until_somebody_is_not_there(self):
        for method, options in WITH_BODY.items():
            with self.subTest(method=method):
                self.assert_as_long(ABSENT, lambda user: self.time_of(method, user, 480, **options))

    def test_time_until_a_withheld_caller_reaches_nobody(self):
        blocking = self.blocks_the_caller()
        for method, options in WITH_BODY.items():
            with self.subTest(method=method):
                self.assert_as_long((UNKNOWN, OFFLINE, BLOCKING),
                                    lambda user: self.time_of(method, user, 480, headers=WITHHELD, **options))
        blocking.has_received_nothing_else()

    def test_time_until_the_anonymous_are_refused(self):
        there = self.phone(REFUSING[0])
        there.registers()
        self.assert_as_long(REFUSING, lambda user: self.time_of("INVITE", user, 433, headers=WITHHELD))

    def test_time_of_what_is_answered_without_a_phone(self):
        """For those who are there as well: questions about them, and REGISTER for them."""
        whoever = (UNKNOWN, OFFLINE, ONLINE)
        for method, (status, options) in {"OPTIONS": (200, {}), "SUBSCRIBE": (489, {"headers": {"Event": "presence"}})}.items():
            with self.subTest(method=method):
                self.assert_as_long(whoever, lambda user: self.time_of(method, user, status, **options))
        with self.subTest("REGISTER"):
            self.assert_as_long(whoever, self.time_of_register)
        self.online.has_received_nothing_else()

    def test_time_until_a_stranger_is_challenged(self):
        stranger = self.phone("stranger")

        def challenged(user: str) -> float:
            before = time.perf_counter()
            self.assertEqual(self.asks_to_register(stranger, user)[1].status, 401)
            return time.perf_counter() - before

        self.assert_as_long((UNKNOWN, OFFLINE, ONLINE), challenged)

    def test_time_until_a_wrong_password_is_refused(self):
        stranger = self.phone("stranger")

        def refused(user: str) -> float:
            asked = self.asks_to_register(stranger, user)
            before = time.perf_counter()
            self.guesses(stranger, user, *asked)
            return time.perf_counter() - before

        self.assert_as_long((UNKNOWN, OFFLINE, ONLINE), refused)

    def assert_as_long(self, users: tuple, ask) -> None:
        first = self.told_apart(self.times(users, ask))
        if first:   # load of the machine may do that once
            second = self.told_apart(self.times(users, ask))
            self.assertEqual(set(first) & set(second), set(), f"{first} {second}")

    def told_apart(self, times: dict) -> dict:
        out = {}
        for one, other in combinations(times, 2):
            p, area = mann_whitney(times[one], times[other])
            if p < 0.001 and abs(area - 0.5) > 0.1:
                out[one, other] = f"p={p:.2g} AUC={area:.2f}"
        return out

    @staticmethod
    def times(users: tuple, ask) -> dict:
        """The users in random order, so that what slows the machine down slows it down for all."""
        out: dict = {user: [] for user in users}
        for _ in range(TRIES):
            for user in random.sample(users, len(users)):
                out[user].append(ask(user))
        return out

    def time_of(self, method: str, user: str, status: int, **options) -> float:
        """Seconds from the request that has credentials to the answer."""
        self.caller.sends(method, to=f"sip:{user}@{DOMAIN}", authenticates=False, **options)
        challenge = self.caller.receives(407)
        before = time.perf_counter()
        self.caller.authenticates(challenge)
        self.caller.receives(status)
        return time.perf_counter() - before

    def time_of_register(self, user: str) -> float:
        request = self.caller.new_request("REGISTER", f"sip:{DOMAIN}", f"<sip:{user}@{DOMAIN}>")
        request.add("Contact", f"<{self.caller.contact}>")
        before = time.perf_counter()
        self.caller.transmits(request)
        self.caller.receives(403)
        return time.perf_counter() - before


if __name__ == "__main__":
    unittest.main()
