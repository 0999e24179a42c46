"""Calls of every kind at every level of the log: at each of them, what was written names nobody (P8)."""

import re

from .calls import Calls
from .daemon import LEVELS, Daemon
from .log_scan import found_in
from .phone import Phone

ALWAYS = {"audit-head", "audit-checkpoint"}   # docs/events.md: written at every level


class EveryLevel(Calls):
    """Runs each `flow_...` of a test case at each level. Phones that a flow leaves in `here` unregister at its end."""
    level: str
    here: list

    def servers(self) -> tuple:
        """Those that are started anew at each level, so that what they say at the start is at that level too."""
        raise NotImplementedError

    def heard(self) -> list:
        """The text of all messages of all flows until now."""
        raise NotImplementedError

    def named(self, daemon: Daemon, log: str) -> set:
        """What of the messages, secrets and commands of the flows stands in the log."""
        own = {host for one in self.servers() for host in one.own_hosts} | {"127.0.0.1"}
        addresses = {phone.connection.local_address for phone in self.ladder.phones} | self.ladder.subscribers()
        return found_in(log, self.heard(), own) | {value for value in addresses | daemon.secrets | self.typed if value in log}

    #: What operators and strangers wrote that stands in no message.
    typed: set = set()

    def test_at_every_level_nobody_is_named(self) -> None:
        flows = [getattr(self, name) for name in dir(self) if name.startswith("flow_")]
        for self.level in LEVELS:
            begun = {daemon: self.starts_at_the_level(daemon) for daemon in self.servers()}
            for flow in flows:
                with self.subTest(level=self.level, flow=flow.__name__):
                    self.here = []
                    flow()
                    self.leave(*self.here)
            for daemon, at in begun.items():
                self.says_nothing_more(daemon, at)

    def starts_at_the_level(self, daemon: Daemon) -> int:
        """Returns where its log at this level begins."""
        daemon.stop()   # only then is all that it had to say there
        at = len(daemon.log)
        daemon.config["log"]["level"] = self.level
        daemon.write_config()
        daemon.start()
        return at

    def says_nothing_more(self, daemon: Daemon, at: int = 0) -> None:
        """Ends it, and looks through what it has said."""
        daemon.stop()
        log = daemon.log[at:]
        self.assertEqual(self.named(daemon, log), set(), log)
        said = {match[2]: match[1] for match in re.finditer(r"^\S+Z (\w+) ([\w-]+)", log, re.M)}
        self.assertTrue(said, "nothing was looked through")
        below = {event for event, level in said.items() if LEVELS.index(level) < LEVELS.index(self.level)}
        self.assertLessEqual(below, ALWAYS, "it was at another level")

    def leave(self, *phones: Phone) -> None:
        for phone in phones:
            phone.unregisters()
            phone.connection.close()

    def refused(self, caller: Phone, callee: Phone, status: int, **options) -> None:
        caller.sends("INVITE", to=callee, **options)
        callee.receives("INVITE")
        callee.sends(status)
        callee.receives("ACK")
        caller.receives(status)
