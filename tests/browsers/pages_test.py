"""Phones in pages (JsSIP in Chromium) call each other and linphone through Sotto, with media. JsSIP knows MD5 only."""

import subprocess
import tempfile
import unittest
from pathlib import Path

from browser import Browser, Page, PageServer
from clients import network, tone
from clients.linphone import Linphone
from proxy import Path as NetworkPath
from support.addresses import addresses_in
from support.daemon import DOMAIN, PASSWORD, Daemon
from turn_server import ADDRESS as RELAY, PORT as RELAY_PORT, TurnServer

SECRET = "north-wind-and-sun"
IPV6 = "2001:db8::10"   # beside network.ADDRESS


def setUpModule() -> None:
    network.enter()


class PagesTest(unittest.TestCase):
    """One daemon, one Chromium, and a page for each phone."""
    privacy: dict = {}
    tls12 = False

    @classmethod
    def setUpClass(cls) -> None:
        folder = tempfile.TemporaryDirectory(prefix="sotto-browser-")
        cls.addClassCleanup(folder.cleanup)
        cls.folder = Path(folder.name)
        secret = cls.folder / "turn.secret"
        secret.touch(mode=0o600)
        secret.write_text(SECRET)
        cls.daemon = Daemon(("alice", "bob", "carol"), {
            "weaken": {"digest_md5": [f"alice@{DOMAIN}", f"bob@{DOMAIN}"], "tls12": cls.tls12}, "drain_timeout": "1s",
            "privacy": cls.privacy,
            "turn": {"uris": [f"turn:{RELAY}:{RELAY_PORT}?transport=udp"], "secret": str(secret)}}, threads=2)
        cls.addClassCleanup(cls.daemon.destroy)
        cls.server = PageServer(cls.daemon.authority, cls.daemon.reserve_port())
        cls.addClassCleanup(cls.server.close)
        cls.daemon.config["web"] = {"origins": [cls.server.origin]}
        cls.daemon.write_config()
        cls.daemon.sotto("reload")
        cls.browser = Browser(cls.folder / "home", cls.daemon.authority.certificate)
        cls.addClassCleanup(cls.browser.close)

    def page(self, user: str, answers: bool = False, port: int | None = None) -> Page:
        page = Page(self.browser, user, self.server.origin + "/")
        page.does("register", {"server": f"wss://localhost:{port or self.daemon.web_port}", "user": user,
                               "domain": DOMAIN, "password": PASSWORD, "answers": answers})
        self.addCleanup(page.does, "unregister")
        return page

    def call(self, caller: Page, callee: Page) -> None:
        caller.does("call", f"sip:{callee.name}@{DOMAIN}")
        callee.waits("confirmed")


class PageToPage(PagesTest):
    def test_call_with_media_hold_and_clean_end(self) -> None:
        alice, bob = self.page("alice"), self.page("bob", answers=True)
        self.call(alice, bob)
        self.assertEqual(bob.waits("incoming"), f"sip:alice@{DOMAIN}")
        for page in (alice, bob):
            self.assertEqual(page.does("hears")["dtls"], "connected")
        alice.does("hold")
        bob.waits("hold")
        self.assertIn("a=sendonly", bob.descriptions[-1])
        self.assertIn("a=recvonly", alice.descriptions[-1])
        alice.does("unhold")
        bob.waits("unhold")
        for page in (alice, bob):
            page.does("hears")
        bob.does("hangUp")
        alice.waits("ended")
        for page in (alice, bob):
            self.assertFalse([d for d in page.descriptions if "JsSIP" in d or ".local" in d])

    def test_message(self) -> None:
        alice, bob = self.page("alice"), self.page("bob")
        alice.does("sendMessage", f"sip:bob@{DOMAIN}", "Grüße aus der Seite ☎")
        self.assertEqual(bob.waits("message"), {"from": f"sip:alice@{DOMAIN}", "text": "Grüße aus der Seite ☎"})

    def test_callee_declines(self) -> None:
        alice, bob = self.page("alice"), self.page("bob")
        alice.does("rings", f"sip:bob@{DOMAIN}")
        bob.waits("incoming")
        bob.does("declines")
        self.assertEqual(alice.waits("failed"), "Busy")

    def test_caller_gives_up(self) -> None:
        alice, bob = self.page("alice"), self.page("bob")
        alice.does("rings", f"sip:bob@{DOMAIN}")
        bob.waits("incoming")
        alice.does("givesUp")
        self.assertEqual(bob.waits("failed"), "Canceled")

    def test_change_of_network_in_a_call(self) -> None:
        """The page's connections break and its address changes; it registers again and the call goes on."""
        way = NetworkPath(port := self.daemon.reserve_port(), self.daemon.web_port)
        self.addCleanup(way.close)
        alice, bob = self.page("alice", port=port), self.page("bob", answers=True)
        self.call(alice, bob)
        bob.does("hears")
        new = "192.0.2.77"
        network.moves(network.ADDRESS, new)
        self.addCleanup(network.moves, new, network.ADDRESS)
        way.breaks()
        alice.waits("disconnected")
        alice.waits("registered")
        alice.does("hasAddress", new)
        alice.does("restartIce")
        for page in (alice, bob):
            page.does("hears")
        self.assertIn(new, bob.descriptions[-1])
        self.assertNotIn(network.ADDRESS, bob.descriptions[-1])
        alice.does("hangUp")
        bob.waits("ended")

    def test_page_of_a_foreign_origin_stays_outside(self) -> None:
        stranger = PageServer(self.daemon.authority, self.daemon.reserve_port())
        self.addCleanup(stranger.close)
        page = Page(self.browser, "mallory", stranger.origin + "/")
        self.assertEqual(page.does("opens", f"wss://localhost:{self.daemon.web_port}"), "refused")
        self.assertEqual(page.does("fetches", f"https://localhost:{self.daemon.web_port}/?service=turn&username="
                                              f"alice%40{DOMAIN}"), "refused")


class PageToLinphone(PagesTest):
    tls12 = True   # the TLS library of Debian's linphone ends at version 1.2

    def test_call_both_ways(self) -> None:
        carol = Linphone(self.folder / "carol", "carol", PASSWORD, DOMAIN, self.daemon.tls_port,
                         self.daemon.authority.certificate, 7100, answers=True, webrtc=True)
        self.addCleanup(carol.kill)
        carol.is_registered()
        carol.command("soundcard use files")
        carol.command(f"play {tone.write(self.folder / 'tone.wav')}")
        alice = self.page("alice", answers=True)
        alice.does("call", f"sip:carol@{DOMAIN}")
        self.assertEqual(alice.does("hears")["dtls"], "connected")
        carol.media_flow()
        alice.does("hangUp")
        after = carol.says("to LinphoneCallReleased")
        carol.command(f"call sip:alice@{DOMAIN}")
        alice.waits("incoming")
        alice.does("hears")
        carol.media_flow(after)
        carol.command("terminate")
        alice.waits("ended")


class RelayOnly(PagesTest):
    privacy = {"relay_only": True}

    def test_neither_page_learns_the_others_address(self) -> None:
        relay = TurnServer(self.folder / "turn", SECRET)
        self.addCleanup(relay.close)
        alice, bob = self.page("alice"), self.page("bob", answers=True)
        given = [page.does("fetchRelays") for page in (alice, bob)]
        self.call(alice, bob)
        for page in (alice, bob):
            seen = page.does("hears")
            self.assertEqual([c["candidateType"] for c in (seen["local"], seen["remote"])], ["relay", "relay"])
            self.assertEqual({c["address"] for c in [seen["remote"], *seen["candidates"]]}, {RELAY})
            for description in page.descriptions:
                self.assertIn(f" {RELAY} ", description)
                for address in (network.ADDRESS, "127.0.0.1", ".local"):
                    self.assertNotIn(address, description)
        alice.does("hangUp")
        bob.waits("ended")
        for one in given:
            self.assertIn(one["username"], relay.said)
        for name in ("alice", "bob"):
            self.assertNotIn(name, relay.said)

    def test_what_a_page_offers_beside_its_relay_stays_behind(self) -> None:
        """Pages that gather candidates of every kind, at addresses of both families."""
        own = {network.ADDRESS, IPV6}
        subprocess.run(["ip", "addr", "replace", f"{IPV6}/64", "dev", "phones", "nodad"], check=True)
        relay = TurnServer(self.folder / "turn-of-all", SECRET)
        self.addCleanup(relay.close)
        alice, bob = self.page("alice"), self.page("bob", answers=True)
        for page in (alice, bob):
            page.does("offersAllCandidates")
            page.does("fetchRelays")
        self.call(alice, bob)
        for page in (alice, bob):
            seen = page.does("hears")
            gathered = {c["address"] for c in seen["own"] if c["candidateType"] == "host"}
            self.assertLessEqual(own, gathered, "there is something to hide")
            self.assertEqual({(c["candidateType"], c["address"]) for c in [seen["remote"], *seen["candidates"]]}, {("relay", RELAY)})
            for description in page.descriptions:
                self.assertEqual(addresses_in(description) - {"0.0.0.0", "::"}, {RELAY})
                self.assertNotIn(".local", description)
        alice.does("hangUp")
        bob.waits("ended")

    def test_page_without_relay_makes_no_call(self) -> None:
        alice, bob = self.page("alice"), self.page("bob", answers=True)
        self.assertEqual(alice.does("callFails", f"sip:bob@{DOMAIN}"), "Incompatible SDP")
        self.assertEqual(bob.descriptions, [])
