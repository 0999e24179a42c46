"""The credentials that the daemon hands out, at a coturn: good while they last, and for nobody else."""

import json
import shutil
import subprocess
import tempfile
import unittest
from pathlib import Path

from clients import network
from support import digest
from support.daemon import DOMAIN, PASSWORD, Daemon
from support.limits import patience
from turn_server import ADDRESS, TurnServer

SECRET = "north-wind-and-sun"
TARGET = f"/?service=turn&username=alice%40{DOMAIN}"


def setUpModule() -> None:
    network.enter()


FAKETIME = "/usr/lib/x86_64-linux-gnu/faketime/libfaketime.so.1"
LIFETIME = 60   # seconds


class Calendar:
    """That of one process, which a test sets while it runs."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self.is_right()
        self.variables = {"LD_PRELOAD": FAKETIME, "FAKETIME_TIMESTAMP_FILE": str(file), "FAKETIME_NO_CACHE": "1",
                          "FAKETIME_DONT_FAKE_MONOTONIC": "1"}

    def is_ahead_by(self, seconds: int) -> None:
        self._file.write_text(f"+{seconds}")

    def is_right(self) -> None:
        self._file.write_text("+0")


class Credentials(unittest.TestCase):
    @classmethod
    def setUpClass(cls) -> None:
        cls.folder = Path(tempfile.mkdtemp(prefix="sotto-turn-"))
        cls.addClassCleanup(shutil.rmtree, cls.folder, True)
        cls.folder.chmod(0o755)
        secret = cls.folder / "secret"
        secret.touch(mode=0o600)
        secret.write_text(SECRET + "\n")
        cls.calendar, cls.relays_calendar = Calendar(cls.folder / "calendar"), Calendar(cls.folder / "relays-calendar")
        cls.daemon = Daemon(("alice",), {"drain_timeout": "1s", "turn": {
            "uris": [f"turn:{ADDRESS}:3478?transport=udp"], "secret": str(secret), "lifetime": f"{LIFETIME}s"}})
        cls.addClassCleanup(cls.daemon.destroy)
        cls.daemon.stop()
        cls.daemon.environment = cls.calendar.variables
        cls.daemon.start()
        cls.relay = TurnServer(cls.folder / "turn", SECRET, cls.relays_calendar.variables)
        cls.addClassCleanup(cls.relay.close)

    def setUp(self) -> None:
        self.addCleanup(self.calendar.is_right)
        self.addCleanup(self.relays_calendar.is_right)

    def given(self) -> dict:
        with self.daemon.connect_web(upgrades=False) as page:
            challenge = digest.parse_challenge(page.ask("GET", TARGET).fields["www-authenticate"])
            response = page.ask("GET", TARGET, {"Authorization": digest.answer(challenge, "alice", PASSWORD, "GET", TARGET)})
            self.assertEqual(response.status, 200)
            return json.loads(response.body)

    def relays(self, username: str, password: str) -> bool:
        """coturn's own client sends itself a packet through the relay, and fails where it gets no allocation."""
        done = subprocess.run(["turnutils_uclient", "-y", "-c", "-n", "1", "-u", username, "-w", password, ADDRESS],
                              capture_output=True, text=True, timeout=patience(60))
        self.assertEqual("Cannot complete Allocation" in done.stdout, done.returncode != 0, done.stdout)
        return done.returncode == 0

    def test_they_are_good_until_their_time_is_over(self) -> None:
        given = self.given()
        self.assertTrue(self.relays(given["username"], given["password"]), self.relay.said)
        self.relays_calendar.is_ahead_by(LIFETIME + 1)
        self.assertFalse(self.relays(given["username"], given["password"]), self.relay.said)

    def test_the_relay_knows_nobody_the_next_day(self) -> None:
        """What it sees of an account is another name then, and has never been the account's."""
        names = []
        for days in (0, 1):
            self.calendar.is_ahead_by(days * 86400)
            self.relays_calendar.is_ahead_by(days * 86400)
            given = self.given()
            self.assertTrue(self.relays(given["username"], given["password"]), self.relay.said)
            names.append(given["username"].partition(":")[2])
            self.assertIn(names[-1], self.relay.said)
        self.assertNotEqual(*names)
        self.assertNotIn("alice", self.relay.said)

    def test_they_are_good_for_their_own_time_and_name_alone(self) -> None:
        given = self.given()
        ends, _, who = given["username"].partition(":")
        for forged in (f"{int(ends) + 86400}:{who}", f"{ends}:{who[::-1]}", who):
            self.assertFalse(self.relays(forged, given["password"]), self.relay.said)


if __name__ == "__main__":
    unittest.main()
