"""What a call to another domain costs beside one inside, and how many calls one connection carries.

Measures processor time, so that other work on the machine changes little; the dated figure is in docs/capacity.md."""

import unittest
from pathlib import Path

from clients import network
from outside.far_end import FarEnd
from outside.name_server import NameServer, located
from outside.peer_test import Outside, peers
from support.daemon import Daemon
from support.ladder import Ladder

CALLS, ROUND = 1000, 50
CALLERS = tuple(f"caller{i}" for i in range(CALLS // ROUND))   # of those who call at a time


def setUpModule() -> None:
    network.enter(answer_names=False)


class Figures(Outside):
    @classmethod
    def setUpClass(cls) -> None:
        super().setUpClass()
        cls.far = cls.keep(FarEnd("far.example", cls.authority.issue("far.example", ("far.example",)), cls.authority))
        cls.keep(NameServer({"example": located(cls.far.port, at="far")}))
        cls.daemon = cls.keep(Daemon(("alice", "carol", *CALLERS), peers(cls.authority, cls.port.number, [
            {"name": "far", "kind": "peer", "match": ["far.example"]}]) | {"log": {"target": "stderr", "level": "info"}},
            authority=cls.authority), "destroy")

    def processor_time(self) -> float:
        """In seconds, of all threads of the daemon."""
        tasks = Path(f"/proc/{self.daemon.pid}/task").glob("*/schedstat")
        return sum(int(task.read_text().split()[0]) for task in tasks) / 1e9

    def inside(self) -> None:
        self.alice.sends("INVITE", to=self.carol)
        self.carol.receives("INVITE")
        self.carol.sends(200)
        self.alice.receives(200)
        self.alice.sends("ACK")
        self.carol.receives("ACK")
        self.alice.sends("BYE")
        self.carol.receives("BYE")
        self.carol.sends(200)
        self.alice.receives(200)

    def outside(self) -> None:
        self.alice.sends("INVITE", to="sip:bob@far.example")
        connection, invite = self.far.receives("INVITE")
        self.far.answers(connection, invite, 200, sdp=True)
        self.alice.receives(200)
        self.alice.sends("ACK")
        self.far.receives("ACK")
        self.alice.sends("BYE")
        connection, bye = self.far.receives("BYE")
        self.far.answers(connection, bye, 200)
        self.alice.receives(200)

    def cost(self, call, calls: int) -> float:
        before = self.processor_time()
        for _ in range(calls):
            call()
        return self.processor_time() - before

    def test_a_call_to_another_domain_beside_one_inside(self):
        local = foreign = 0.0
        for i in range(CALLS // ROUND):
            self.ladder = Ladder()   # fresh phones: strict ones compare each message with all that they remember
            self.alice, self.carol = self.phone(self.daemon, "alice"), self.phone(self.daemon, "carol")
            if i == 0:
                self.cost(self.inside, 1)
                self.cost(self.outside, 1)   # what is needed once: the name, the connection
            local += self.cost(self.inside, ROUND)
            foreign += self.cost(self.outside, ROUND)
            self.doCleanups()
        print(f"\n{CALLS} calls each: inside {local:.2f} s, to another domain {foreign:.2f} s of processor time, "
              f"{1e6 * local / CALLS:.0f} and {1e6 * foreign / CALLS:.0f} us a call; ratio {foreign / local:.2f}; "
              f"connections to the other domain: {self.far.accepted}")
        self.assertEqual(self.far.accepted, 1)
        self.assertLess(foreign, 1.3 * local)

    def test_as_many_calls_at_a_time_over_one_connection(self):
        calls = []
        for name in CALLERS:
            self.ladder = Ladder()
            phone = self.phone(self.daemon, name)
            for _ in range(ROUND):
                phone.sends("INVITE", to="sip:bob@far.example")
                connection, invite = self.far.receives("INVITE")
                self.far.answers(connection, invite, 200, sdp=True)
                phone.receives(200)
                phone.sends("ACK")
                self.far.receives("ACK")
                calls.append((phone, phone.dialog))
        self.assertEqual(len(calls), CALLS)
        for phone, dialog in calls:
            phone.sends("BYE", dialog=dialog)
            connection, bye = self.far.receives("BYE")
            self.far.answers(connection, bye, 200)
            phone.receives(200)
        self.assertEqual(self.far.accepted, 1)


if __name__ == "__main__":
    unittest.main()
