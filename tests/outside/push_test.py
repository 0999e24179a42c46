"""A push gateway that is found by its name, and one whose name no name server tells."""

import socket
import time
import unittest

from clients import network
from outside.name_server import LyingNameServer, NameServer
from outside.peer_test import Outside
from support.daemon import Daemon
from support.limits import patience

CALLERS, SLEEPERS = ("alice", "carol", "erin"), ("bob", "dave", "frank")


def setUpModule() -> None:
    network.enter(answer_names=False)


class Gateway(Outside):
    """At port `at` of push.example."""
    at = 443

    def setUp(self) -> None:
        super().setUp()
        self.daemon = Daemon(CALLERS + SLEEPERS, {"push": {"gateway": f"push.example:{self.at}", "wait": "25s"},
                                                  "drain_timeout": "1s"}, authority=self.authority)
        self.addCleanup(self.daemon.destroy)

    def calls(self, count: int) -> list:
        """So many callers of phones that sleep."""
        sleepers = [self.phone(self.daemon, name) for name in SLEEPERS[:count]]
        for phone in sleepers:
            phone.registers(contact=f'<{phone.contact};pn-provider=fcm;pn-prid=t>;+sip.instance="<{phone.instance}>"')
            phone.loses_connection()
            self.daemon.wait_for_bindings(phone.user, 0)
        callers = [self.phone(self.daemon, name) for name in CALLERS[:count]]
        for caller, sleeper in zip(callers, sleepers):
            caller.sends("INVITE", to=sleeper)
        return callers


class Found(Gateway):
    @classmethod
    def setUpClass(cls) -> None:
        super().setUpClass()
        cls.keep(NameServer({"example": ["push A 127.0.0.1"]}))
        cls.gateway = cls.keep(socket.create_server(("127.0.0.1", 0)), "close")
        cls.gateway.settimeout(patience(5))
        cls.at = cls.gateway.getsockname()[1]

    def test_it_is_connected_to(self):
        self.calls(1)
        connection, _ = self.gateway.accept()
        connection.close()   # it proves nothing


class SilentNameServer(Gateway):
    def setUp(self) -> None:
        self.names = LyingNameServer()
        self.addCleanup(self.names.stop)
        super().setUp()

    def test_end_of_the_daemon_does_not_wait_for_it(self):
        self.calls(1)
        self.assertTrue(self.names.first.wait(patience(5)), "nobody looks for the gateway")
        self.daemon.stop(within=4)

    def test_nobody_waits_behind_another_one(self):
        began = time.monotonic()
        for caller in self.calls(3):
            caller.receives(480, timeout=25)
        self.assertLess(time.monotonic() - began, patience(8), "the push gateway's time is up after 5 s")


if __name__ == "__main__":
    unittest.main()
