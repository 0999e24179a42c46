"""The base of the call-flow tests: one daemon for each class, fresh phones for each test."""

import unittest

from .calls import Calls
from .daemon import DOMAIN, PASSWORD, Daemon, merge
from .ladder import Ladder
from .log_scan import found_in
from .phone import Phone


USERS = ("alice", "bob", "carol", "dave")
#: For the configuration of a test that waits for an event, at whatever level the others run.
EVENTS = {"log": {"level": "debug"}}


class FlowTest(Calls, unittest.TestCase):
    """Each test has users of its own behind the usual names, so that nothing of one test rings in the next."""
    config: dict = {}
    aliases: tuple = ()   # further names of the domain
    threads = 1
    hosts: tuple = ("127.0.0.1",)   # where the daemon listens
    daemon_type = Daemon
    web_phones: tuple = ()   # names of the phones that live in a browser
    daemon: Daemon

    @classmethod
    def setUpClass(cls) -> None:
        cls._tests = unittest.TestLoader().getTestCaseNames(cls)
        accounts = [cls._user(name, test) for test in cls._tests for name in USERS]
        cls.daemon = cls.daemon_type(accounts, merge({"drain_timeout": "1s"}, cls.config), cls.threads,
                                     cls.aliases, cls.hosts)
        cls.addClassCleanup(cls.daemon.destroy)

    @classmethod
    def _user(cls, name: str, test: str) -> str:
        return f"{name}{cls._tests.index(test)}"

    def setUp(self) -> None:
        if not self.daemon.alive:   # the test before has said so
            self.daemon.start()
        self.ladder = Ladder()
        self.addCleanup(self._daemon_still_lives)
        self.addCleanup(self._log_names_nobody)

    def _daemon_still_lives(self) -> None:
        self.assertIsNone(self.daemon.exit_status, f"the daemon has ended:\n{self.daemon.log}")

    def _log_names_nobody(self) -> None:
        """P8, at whatever level the daemon runs (SOTTO_LOG_LEVEL; debug unless the test says otherwise)."""
        phones = {phone.connection.local_address for phone in self.ladder.phones}
        named = found_in(self.daemon.log, self.ladder.messages, {*self.daemon.own_hosts, *self.hosts})
        named |= {address for address in phones | self.ladder.subscribers() if address in self.daemon.log}
        named |= {secret for secret in self.daemon.secrets if secret in self.daemon.log}
        self.assertEqual(named, set(), f"the log holds what identifies somebody:\n{self.daemon.log}")

    def phone(self, name: str, password: str = PASSWORD, host: str = "") -> Phone:
        """A phone with a connection to one of `hosts` (""; the first), not yet registered. `bob.desk` is bob's phone
        called desk."""
        name = str(name)
        user = name.split(".")[0]
        if user in USERS:
            user = self._user(user, self._testMethodName)

        def connect():
            in_page = name in self.web_phones
            return self.daemon.connect_web() if in_page else self.daemon.connect(host=host or self.hosts[0])

        phone = Phone(name, self.ladder, connect, user, DOMAIN, password, self.daemon.own_hosts)
        self.addCleanup(lambda: phone.connection.close())
        return phone

    def registered(self, *names: str) -> list:
        phones = [self.phone(name) for name in names]
        for phone in phones:
            phone.registers()
        return phones

    def assert_call_works(self) -> None:
        """Whatever happened before: the daemon serves two users."""
        carol, dave = self.registered("carol", "dave")
        self.call(carol, dave)
        self.hang_up(dave, carol)
