"""The credentials that the daemon hands out, at a coturn: good while they last, and for nobody else."""

import base64
import hashlib
import hmac
import json
import shutil
import subprocess
import tempfile
import time
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


class Credentials(unittest.TestCase):
    @classmethod
    def setUpClass(cls) -> None:
        cls.folder = Path(tempfile.mkdtemp(prefix="sotto-turn-"))
        cls.addClassCleanup(shutil.rmtree, cls.folder, True)
        secret = cls.folder / "secret"
        secret.touch(mode=0o600)
        secret.write_text(SECRET + "\n")
        cls.daemon = Daemon(("alice",), {"drain_timeout": "1s", "turn": {
            "uris": [f"turn:{ADDRESS}:3478?transport=udp"], "secret": str(secret), "lifetime": "60s"}})
        cls.addClassCleanup(cls.daemon.destroy)
        cls.relay = TurnServer(cls.folder / "turn", SECRET)
        cls.addClassCleanup(cls.relay.close)

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
        ends, _, who = given["username"].partition(":")
        for late in (f"{int(time.time()) - 1}:{who}", f"{int(ends) - 86400}:{who}"):   # as they are once it is
            password = base64.b64encode(hmac.new(SECRET.encode(), late.encode(), hashlib.sha1).digest()).decode()
            self.assertFalse(self.relays(late, password), self.relay.said)

    def test_they_are_good_for_their_own_time_and_name_alone(self) -> None:
        given = self.given()
        ends, _, who = given["username"].partition(":")
        for forged in (f"{int(ends) + 86400}:{who}", f"{ends}:{who[::-1]}", who):
            self.assertFalse(self.relays(forged, given["password"]), self.relay.said)


if __name__ == "__main__":
    unittest.main()
