"""No name server answers: whoever calls another domain is told so, and nobody else notices."""

import socket

from clients import network
from fault import FaultTest
from support.limits import patience

DOMAINS = 20


def setUpModule() -> None:
    network.enter(answer_names=False)


class NoNames(FaultTest):
    config = {"limits": FaultTest.config["limits"], "routes": [{"name": "everybody", "kind": "peer", "match": ["*"]}]}

    def test_name_server_is_dead(self):
        """Each query is asked twice and given up; 20 at a time block nothing, and leave nothing behind."""
        silence = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)   # takes what is asked, and says nothing
        silence.bind(("127.0.0.1", 53))
        self.addCleanup(silence.close)
        with self.memory_comes_back(), self.good_clients_are_served():
            alice, bob, carol = self.registered("alice", "bob", "carol")
            for number in range(DOMAINS):
                alice.sends("INVITE", to=f"sip:someone@domain{number}.example")
                alice.receives(100)
            self.call(bob, carol)
            self.hang_up(carol, bob)
            silence.settimeout(patience(10))
            self.assertIn(b"\7domain", silence.recv(512), "nobody was asked")
            for _ in range(DOMAINS):
                alice.receives(503, timeout=patience(30))
            self.daemon.logged("route-unreachable")
            for phone in (alice, bob, carol):
                phone.connection.close()
            self.eventually("transactions end", lambda: self.counts("client_transactions") == 0, 45)
            self.eventually("transactions end", lambda: self.counts("server_transactions") == 0, 45)
