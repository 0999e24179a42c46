"""Floods of calls. What they leave behind ends by timers of half a minute, which these tests wait for."""

from fault import FaultTest
from support.daemon import DOMAIN


class Storms(FaultTest):
    config = {"limits": {**FaultTest.config["limits"], "transactions_per_connection": 50}}

    def test_calls_that_nobody_acknowledges(self):
        """INVITEs that are refused, and no ACK. Each waits for one 32 seconds (timer H); one connection has 50 of
        them at most, then 503."""
        with self.memory_comes_back():
            with self.good_clients_are_served():
                alice, bob = self.registered("alice", "bob")
                alice._acknowledge_refusal = lambda *_: None
                seen: list = []
                for _ in range(120):
                    call = alice.sends("INVITE", to=f"sip:nobody@{DOMAIN}")
                    seen.append(alice.receives_one_of((480, 503)).status)
                self.assertIn(480, seen)
                self.assertEqual(set(seen[60:]), {503})
                bob.sends("OPTIONS", to=f"sip:{DOMAIN}")
                bob.receives(200)
            alice.connection.close()
            bob.connection.close()
            self.eventually("transactions end", lambda: self.counts("server_transactions") == 0, 45)

    def test_storm_of_forks(self):
        """Ten callers ring the sixteen devices of one account at once, and give up. Nothing of it stays."""
        with self.memory_comes_back():
            with self.good_clients_are_served():
                devices = [self.phone(f"bob.{i}") for i in range(16)]
                for device in devices:
                    device.registers()
                callers = [self.phone(f"alice.{i}") for i in range(10)]
                for caller in callers:
                    caller.sends("INVITE", to=devices[0])
                    caller.receives(100)
                rung = 0
                for device in devices:
                    while device.has_unread("INVITE"):
                        device.receives("INVITE")
                        rung += 1
                self.assertEqual(rung, 160)
                for caller in callers:
                    caller.loses_connection()
                for device in devices:
                    device.loses_connection()
            self.eventually("transactions end", lambda: self.counts("client_transactions") == 0, 45)
            self.eventually("transactions end", lambda: self.counts("server_transactions") == 0, 45)
