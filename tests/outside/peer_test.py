"""Other domains: a second Sotto, real DNS, and servers that prove too little."""

import json
import shutil
import ssl
import tempfile
import unittest
from pathlib import Path

from clients import network
from outside.far_end import FarEnd
from outside.name_server import LyingNameServer, NameServer, located
from support.calls import Calls
from support.daemon import PASSWORD, Daemon, Port
from support.ladder import Ladder
from support.log_scan import found_in
from support.phone import Phone
from support.pki import Authority


def setUpModule() -> None:
    network.enter(answer_names=False)


def peers(authority: Authority, port: int, routes: list) -> dict:
    return {"listen": {"peers": [f"127.0.0.1:{port}"]}, "peers": {"authorities": str(authority.certificate)},
            "routes": routes, "drain_timeout": "1s"}


class Outside(Calls, unittest.TestCase):
    @classmethod
    def keep(cls, made, end: str = "stop"):
        cls.addClassCleanup(getattr(made, end))
        return made

    @classmethod
    def setUpClass(cls) -> None:
        cls.folder = Path(tempfile.mkdtemp(prefix="sotto-outside-"))
        cls.addClassCleanup(shutil.rmtree, cls.folder, True)
        cls.authority = Authority(cls.folder / "tls")
        cls.port = Port()
        cls.addClassCleanup(cls.port.release)

    def setUp(self) -> None:
        self.ladder = Ladder()
        self.daemons: list = []   # that phones of this test used
        self.addCleanup(self._logs_name_nobody)

    def _logs_name_nobody(self) -> None:
        """P8, between domains as within one."""
        hosts = {host for daemon in self.daemons for host in daemon.own_hosts}
        for daemon in self.daemons:
            named = found_in(daemon.log, self.ladder.messages, hosts)
            named |= {address for address in self.ladder.subscribers() if address in daemon.log}
            self.assertEqual(named, set(), f"the log holds what identifies somebody:\n{daemon.log}")

    def phone(self, daemon: Daemon, name: str) -> Phone:
        if daemon not in self.daemons:
            self.daemons.append(daemon)
        phone = Phone(name, self.ladder, daemon.connect, name, daemon.domain, PASSWORD, daemon.own_hosts)
        self.addCleanup(lambda: phone.connection.close())
        phone.registers()
        return phone


class TwoSottos(Outside):
    threads = 1
    more_users: tuple = ()   # in both domains

    @classmethod
    def setUpClass(cls) -> None:
        super().setUpClass()
        other = cls.keep(Port(), "release")
        cls.keep(NameServer({"example.org": located(cls.port.number), "example.net": located(other.number)}))
        cls.org = cls.keep(Daemon(("alice", "carol", *cls.more_users), peers(cls.authority, cls.port.number, [
            {"name": "friends", "kind": "peer", "match": ["example.net"]}]), cls.threads,
            authority=cls.authority), "destroy")
        cls.net = cls.keep(Daemon(("bob", "dave", *cls.more_users), peers(cls.authority, other.number, [
            {"name": "all", "kind": "peer", "match": ["*"]}]), cls.threads,
            domain="example.net", authority=cls.authority), "destroy")

    def test_calls_in_both_directions_ended_by_either_side(self):
        alice, bob = self.phone(self.org, "alice"), self.phone(self.net, "bob")
        for caller, callee in ((alice, bob), (bob, alice)):
            for ender in (0, 1):
                self.call(caller, callee)
                self.hang_up(*((caller, callee) if ender == 0 else (callee, caller)))

    def test_what_the_other_side_learns(self):
        alice, bob = self.phone(self.org, "alice"), self.phone(self.net, "bob")
        alice.sends("INVITE", to=bob)
        invite = bob.receives("INVITE")
        self.assertEqual(invite.from_.uri, alice.aor)
        self.assertFalse(invite.has("P-Asserted-Identity"))
        bob.sends(486)
        alice.receives(486)
        bob.receives("ACK")
        alice.sends("INVITE", to=bob, headers={"Privacy": "id"})
        invite = bob.receives("INVITE")
        self.assertEqual(invite.from_.uri, "sip:anonymous@anonymous.invalid")
        self.assertNotIn("alice", str(invite))
        bob.sends(486)
        alice.receives(486)
        bob.receives("ACK")

    def test_hold_cancel_and_message(self):
        alice, bob = self.phone(self.org, "alice"), self.phone(self.net, "bob")
        self.call(alice, bob)
        self.offer_again(bob, alice)
        self.hang_up(bob, alice)
        self.call_and_give_up(alice, bob)
        alice.sends("MESSAGE", to=bob, body=b"hello", content_type="text/plain", sdp=False)
        self.assertEqual(bob.receives("MESSAGE").body, b"hello")
        bob.sends(200)
        alice.receives(200)

    def test_the_values_of_one_are_opaque_to_the_other_and_nothing_grows(self):
        """As long and as many as in a call inside one of them, however often they are sealed again."""
        alice, bob, dave = self.phone(self.org, "alice"), self.phone(self.net, "bob"), self.phone(self.net, "dave")

        def shape(request) -> dict:
            return {"names": request.names, "Call-ID": len(request.call_id), "Via": len(request.get("Via")),
                    "Contact": len(request.get("Contact")), "tag": len(request.from_.tag)}

        def invited_by(caller):
            sent = caller.sends("INVITE", to=bob, sdp=True).request
            invite = bob.receives("INVITE")
            for value in (sent.call_id, sent.from_.tag, caller.contact, sent.get("Via").split("branch=")[1]):
                self.assertNotIn(value, str(invite))
            return invite

        inside = shape(invited_by(dave))
        bob.sends(486)
        dave.receives(486)
        bob.receives("ACK")
        self.assertEqual(shape(invited_by(alice)), inside)
        bob.sends(200)
        alice.receives(200)
        alice.sends("ACK")
        bob.receives("ACK")
        again = []
        for _ in range(4):
            alice.sends("INVITE", sdp=True)
            request = bob.receives("INVITE")
            again.append((shape(request), len(request.request_uri), len(request.to.tag)))
            bob.sends(200)
            alice.receives(200)
            alice.sends("ACK")
            bob.receives("ACK")
        self.assertEqual(again, again[:1] * 4)
        self.hang_up(bob, alice)

    def test_no_loop_across_both_ends(self):
        """Each strips what would show the other that it has seen a call before; so neither sends on what came from outside."""
        alice, carol = self.phone(self.org, "alice"), self.phone(self.org, "carol")
        bob = self.phone(self.net, "bob")
        alice.sends("INVITE", to=bob)
        bob.receives("INVITE")
        bob.sends(302, headers={"Contact": f"<{carol.aor}>"})
        bob.receives("ACK")
        alice.receives(480)
        carol.has_received_nothing_else()

    def test_who_is_not_there_looks_alike_from_outside(self):
        alice = self.phone(self.org, "alice")
        for nobody in ("sip:nobody@example.net", "sip:dave@example.net"):
            alice.sends("INVITE", to=nobody)
            alice.receives(480)


class TwoSottosOfSeveralWorkers(TwoSottos):
    """The connection between the domains belongs to one worker of each, the phones to others."""
    threads = 3
    more_users = tuple(f"user{i}" for i in range(6))

    def test_many_phones_over_one_connection(self):
        pairs = [(self.phone(self.org, name), self.phone(self.net, name)) for name in self.more_users]
        for caller, callee in pairs:
            self.call(caller, callee)
        for caller, callee in pairs:
            self.hang_up(callee, caller)


class TwoDomainsOfOneServer(Outside):
    """Subscribers of both speak with others, each on behalf of its own domain and whoever began (RFC 5922, 5923)."""
    certificates = {"example.org": ("example.org", "sip.example.org", "localhost"), "second.example": ("second.example",)}

    @classmethod
    def setUpClass(cls) -> None:
        super().setUpClass()
        other = cls.keep(Port(), "release")
        cls.far = cls.keep(FarEnd("far.example", cls.authority.issue("far.example", ("far.example",)), cls.authority))
        cls.keep(NameServer({name: located(cls.port.number) for name in ("example.org", "second.example")}
                            | {"example.net": located(other.number), "far.example": located(cls.far.port)}))
        cls.ours = cls.keep(Daemon(("alice",), peers(cls.authority, cls.port.number, [
            {"name": "friends", "kind": "peer", "match": ["example.net", "far.example"]}]), threads=2,
            authority=cls.authority), "destroy")
        cls.told_of_others = cls.serves({"second.example": ("elsewhere.example",)}).stdout
        cls.told = cls.serves(cls.certificates).stdout
        cls.ours.own_hosts += ("second.example",)
        cls.ours.stop()
        cls.ours.start()
        (cls.folder / "carol.csv").write_text(f"carol@second.example,{PASSWORD}\n")
        cls.ours.sotto("account", "import", "--csv", str(cls.folder / "carol.csv"))
        cls.theirs = cls.keep(Daemon(("bob",), peers(cls.authority, other.number, [
            {"name": "all", "kind": "peer", "match": ["*"]}]), domain="example.net", authority=cls.authority), "destroy")

    @classmethod
    def serves(cls, certificates: dict):
        domains = {domain["name"]: domain for domain in cls.ours.config["domains"]}
        for name, names in certificates.items():
            chain, key = map(str, cls.authority.issue("-".join(names), names))
            domains[name] = domains.get(name, {"name": name}) | {"certificate": chain, "private_key": key}
        cls.ours.config["domains"] = list(domains.values())
        cls.ours.write_config()
        return cls.ours.check_config()

    def of_second(self, name: str) -> Phone:
        phone = Phone(name, self.ladder, lambda: self.ours.connect("second.example"), name, "second.example", PASSWORD,
                      self.ours.own_hosts)
        self.addCleanup(lambda: phone.connection.close())
        phone.registers()
        return phone

    def test_calls_of_both_over_whichever_connection_there_is(self):
        alice, bob, carol = self.phone(self.ours, "alice"), self.phone(self.theirs, "bob"), self.of_second("carol")
        for caller, callee in ((bob, carol), (alice, bob), (carol, bob), (bob, alice), (alice, bob)):
            with self.subTest(caller=caller.name, callee=callee.name):
                caller.sends("INVITE", to=callee)
                self.assertEqual(callee.receives("INVITE").from_.uri, caller.aor)
                callee.sends(486)
                caller.receives(486)
                callee.receives("ACK")

    def called_by(self, caller: Phone, **options) -> tuple:
        """The far end's connection, and whom our certificate on it names."""
        caller.sends("INVITE", to="sip:x@far.example", **options)
        connection, invite = self.far.receives("INVITE")
        self.far.answers(connection, invite, 486)
        self.far.receives("ACK")
        caller.receives(486)
        return connection, connection.peer_names

    def test_each_is_proven_by_a_certificate_that_names_it_and_none_when_withheld(self):
        alice, carol = self.phone(self.ours, "alice"), self.of_second("carol")
        ways = {}
        for _ in range(2):
            for caller in (alice, carol):
                connection, names = self.called_by(caller)
                self.assertIn(caller.domain, names)
                self.assertIs(ways.setdefault(caller.name, connection), connection, "another connection was made")
        for caller in (alice, carol):
            connection, _ = self.called_by(caller, headers={"Privacy": "id"})
            self.assertIs(connection, ways["alice"], "the caller's domain shows by its connection")
        self.assertEqual(len(set(map(id, ways.values()))), len(self.certificates))

    def test_an_offered_connection_carries_calls_of_the_domain_that_was_proven_on_it(self):
        """RFC 5923 5."""
        carol = self.of_second("carol")
        way = self.far.connect(self.port.number, "second.example")
        way.send(self.far.request("INVITE", carol.aor, "<sip:x@far.example>;tag=1", f"<{carol.aor}>", sdp=True,
                                  via="SIP/2.0/TLS far.example;alias;branch=z9hG4bKoffered").bytes())
        carol.receives("INVITE")
        carol.sends(486)
        carol.receives("ACK")
        self.far.receives(486)
        self.assertIs(self.called_by(carol)[0], way)
        self.assertEqual(self.called_by(self.phone(self.ours, "alice"))[0] is way, len(self.certificates) == 1)

    def test_a_domain_that_no_certificate_proves_is_told(self):
        sentence = "does not prove second.example to other domains"
        self.assertIn(sentence, self.told_of_others)
        self.assertNotIn(sentence, self.told)


class TwoDomainsOfOneCertificate(TwoDomainsOfOneServer):
    """It speaks for both: then one connection carries the calls of both."""
    certificates = {"example.org": ("example.org", "sip.example.org", "localhost", "second.example")}

    @classmethod
    def serves(cls, certificates: dict):
        if "elsewhere.example" not in str(certificates):
            certificates = dict.fromkeys(("example.org", "second.example"), cls.certificates["example.org"])
        return super().serves(certificates)


class Liars(Outside):
    """Names that lead to something else than what they promise."""

    CERTIFICATES = {
        "wrong": {"dns": ("elsewhere.example",)},
        "expired": {"dns": ("expired.example",), "days": -1},
        "wildcard": {"dns": ("*.example",)},
        "cn-only": {"dns": (), "addresses": ()},
        "uri": {"dns": ("uri.example",), "uris": ("sip:other.example",)},
        "host": {"dns": ("sip.host.example",)},   # where its names lead; RFC 5922 4 asks for the domain
        "parent": {"dns": ("example",)},
        "person": {"dns": (), "addresses": (), "uris": ("sip:bob@person.example",)},
        "partial": {"dns": ("part*.example",)},
        # these prove what they are called
        "named": {"dns": ("elsewhere.example",), "uris": ("sip:named.example",)},
        "upper": {"dns": ("UPPER.Example",)},
        "several": {"dns": ("first.example", "several.example")},
    }
    UNPROVEN = ("wrong", "expired", "wildcard", "cn-only", "uri", "host", "parent", "person", "partial", "foreign")

    @classmethod
    def setUpClass(cls) -> None:
        super().setUpClass()
        foreign = Authority(cls.folder / "foreign")
        lines = []
        cls.ends = {}
        for name, names in cls.CERTIFICATES.items():
            certificate = cls.authority.issue(f"{name}.example", **names)
            cls.ends[name] = cls.keep(FarEnd(f"{name}.example", certificate, cls.authority))
        cls.ends["foreign"] = cls.keep(
            FarEnd("foreign.example", foreign.issue("foreign.example", ("foreign.example",)), cls.authority))
        cls.ends["good"] = cls.keep(
            FarEnd("good.example", cls.authority.issue("good.example", ("good.example",)), cls.authority))
        for name, end in cls.ends.items():
            lines += located(end.port, at=name)
        cls.ends["half"] = cls.keep(
            FarEnd("half.example", cls.authority.issue("half.example", ("half.example",)), cls.authority))
        # whose names have to be read in their order: "later" is where a call for "ranked" must not go
        for name, domain in (("moved", "moved"), ("ranked", "ranked"), ("later", "ranked")):
            certificate = cls.authority.issue(f"{name}-of", (f"{domain}.example",))
            cls.ends[name] = cls.keep(FarEnd(f"{domain}.example", certificate, cls.authority))
        silent = cls.keep(Port(), "release")
        lines += [*located(silent.number, at="dead"),
                  'udp NAPTR 10 50 "s" "SIP+D2U" "" _sip._udp.udp', f"_sip._udp.udp SRV 1 1 {cls.ends['good'].port} sip.good",
                  "_sips._tcp.none SRV 0 0 0 .",
                  # the first address of this one is dead, the other is not
                  f"_sips._tcp.half SRV 2 1 {cls.ends['half'].port} sip.half", f"_sips._tcp.half SRV 1 1 {silent.number} sip.half",
                  "sip.half A 127.0.0.1",
                  'moved NAPTR 20 20 "s" "SIPS+D2T" "" _sips._tcp.dead', 'moved NAPTR 20 10 "s" "SIPS+D2T" "" _calls.moved',
                  'moved NAPTR 10 1 "s" "SIP+D2U" "" _sip._udp.udp',
                  f"_calls.moved SRV 1 1 {cls.ends['moved'].port} sip.half",
                  f"_sips._tcp.ranked SRV 20 100 {cls.ends['later'].port} sip.half",
                  f"_sips._tcp.ranked SRV 10 1 {cls.ends['ranked'].port} sip.half",
                  # whatever is asked for below it is an alias: of no service, but of a host (RFC 3263 4.2)
                  "*.wild CNAME wild", "wild A 127.0.0.5"]
        cls.keep(NameServer({"example": lines}))
        cls.daemon = cls.keep(Daemon(("alice",), peers(cls.authority, cls.port.number, [
            {"name": "everybody", "kind": "peer", "match": ["*"]}]), authority=cls.authority), "destroy")

    failures = 0   # that the log of the daemon has told of until now

    def failure_told(self) -> str:
        Liars.failures += 1
        lines = self.daemon.logged("route-unreachable", Liars.failures)
        self.assertEqual(len(lines), Liars.failures)
        return lines[-1]

    def refused(self, domain: str, reason: str) -> None:
        alice = self.phone(self.daemon, "alice")
        alice.sends("INVITE", to=f"sip:bob@{domain}")
        alice.receives(503)
        line = self.failure_told()
        self.assertIn(reason, line)
        self.assertIn("everybody", line)
        self.assertNotIn(domain, line, "the log names whom somebody called")

    def test_records_lead_in_their_order(self):
        """NAPTR by order and preference to another name, SRV by priority (RFC 3263 4.1, 4.2; RFC 2782)."""
        alice = self.phone(self.daemon, "alice")
        for name in ("moved", "ranked"):
            self.ends[name].takes_a_call(alice, f"sip:bob@{name}.example")
        self.assertEqual(self.ends["later"].accepted, 0)

    def test_certificates_that_prove_another_name(self):
        for name in ("wrong", "wildcard", "cn-only", "uri", "host", "parent", "person", "partial"):
            with self.subTest(name):
                self.refused(f"{name}.example", "certificate does not prove its name")

    def test_certificates_that_prove_the_name(self):
        """By a SIP URI, in capitals, among others (RFC 5922 7.1, 7.2); in both directions."""
        alice = self.phone(self.daemon, "alice")
        for name in ("named", "upper", "several"):
            with self.subTest(name):
                end = self.ends[name]
                alice.sends("INVITE", to=f"sip:bob@{name}.example")
                connection, invite = end.receives("INVITE")
                end.answers(connection, invite, 486)
                end.receives("ACK")
                alice.receives(486)
                way = end.connect(self.port.number)
                way.send(end.request("INVITE", alice.aor, f"<sip:bob@{name}.example>;tag=1", f"<{alice.aor}>", sdp=True).bytes())
                self.assertEqual(alice.receives("INVITE").from_.uri, f"sip:bob@{name}.example")
                alice.sends(486)
                alice.receives("ACK")
                end.receives(486)

    def test_the_host_that_the_names_lead_to_speaks_for_no_domain(self):
        alice, host = self.phone(self.daemon, "alice"), self.keep(FarEnd("host.example", self.ends["host"]._certificate,
                                                                         self.authority))
        way = host.connect(self.port.number)
        way.send(host.request("INVITE", alice.aor, "<sip:bob@host.example>;tag=1", f"<{alice.aor}>", sdp=True).bytes())
        host.receives(403)
        alice.has_received_nothing_else()

    def test_an_expired_certificate_and_one_of_nobody_we_trust(self):
        for name in ("expired", "foreign"):
            with self.subTest(name):
                self.refused(f"{name}.example", "certificate does not prove its name")

    def test_dead_and_lying_names(self):
        self.refused("dead.example", "nobody answers")
        self.refused("udp.example", "not reached over TLS")
        self.refused("none.example", "not reached over TLS")
        self.refused("nowhere.example", "its name leads nowhere")
        self.refused("served.by.nobody", "its name leads nowhere")
        self.refused("wild.example", "nobody answers")   # at 5061 of its address: it was looked for there

    def test_nothing_was_sent_to_whoever_proved_nothing(self):
        alice = self.phone(self.daemon, "alice")
        for name in self.UNPROVEN:
            alice.sends("INVITE", to=f"sip:bob@{name}.example")
            alice.receives(503)
            self.failure_told()
            self.assertEqual(self.ends[name].heard(), [])

    def test_the_next_address_is_tried(self):
        """RFC 3263 4.3: in the order of RFC 2782, and on where nobody listens."""
        alice, half = self.phone(self.daemon, "alice"), self.ends["half"]
        alice.sends("INVITE", to="sip:bob@half.example")
        connection, invite = half.receives("INVITE")
        half.answers(connection, invite, 486)
        half.receives("ACK")
        alice.receives(486)

    def test_the_right_one_is_reached_and_its_connection_used_again(self):
        alice = self.phone(self.daemon, "alice")
        good = self.ends["good"]
        for _ in range(3):
            alice.sends("INVITE", to="sip:bob@good.example")
            connection, invite = good.receives("INVITE")
            good.answers(connection, invite, 486)
            good.receives("ACK")
            alice.receives(486)
        self.assertEqual(good.accepted, 1)

    def test_a_domain_speaks_for_itself_only(self):
        good, alice = self.ends["good"], self.phone(self.daemon, "alice")
        way = good.connect(self.port.number)
        for from_, status in (("<sip:alice@example.org>;tag=1", 403), ("<sip:bob@elsewhere.example>;tag=2", 403)):
            way.send(good.request("INVITE", alice.aor, from_, f"<{alice.aor}>", sdp=True).bytes())
            connection, response = good.receives(status)
            connection.send(good.request("ACK", alice.aor, from_, response.get("To"), call_id=response.call_id,
                                            via=response.get("Via")).bytes())
        way.send(good.request("INVITE", alice.aor, "<sip:bob@good.example>;tag=3", f"<{alice.aor}>", sdp=True,
                                 headers=(("P-Asserted-Identity", "<sip:king@elsewhere.example>"),)).bytes())
        invite = alice.receives("INVITE")
        self.assertEqual(invite.from_.uri, "sip:bob@good.example")
        self.assertFalse(invite.has("P-Asserted-Identity"))
        alice.sends(486)
        alice.receives("ACK")
        good.receives(486)

    def test_what_comes_from_outside_goes_to_own_subscribers_only(self):
        good = self.ends["good"]
        way = good.connect(self.port.number)
        way.send(good.request("INVITE", "sip:bob@uri.example", "<sip:eve@good.example>;tag=1", "<sip:bob@uri.example>",
                                 sdp=True).bytes())
        good.receives(403)
        self.assertEqual(self.ends["uri"].heard(), [])

    def test_whoever_comes_in_is_what_its_certificate_says_and_nothing_else(self):
        posing, alice = self.keep(FarEnd("posing.example", self.authority.issue("posing.example", ("honest.example",)),
                                         self.authority)), self.phone(self.daemon, "alice")
        way = posing.connect(self.port.number)
        way.send(posing.request("INVITE", alice.aor, "<sip:bob@posing.example>;tag=1", f"<{alice.aor}>", sdp=True).bytes())
        posing.receives(403)
        way.send(posing.request("INVITE", alice.aor, "<sip:bob@honest.example>;tag=2", f"<{alice.aor}>", sdp=True).bytes())
        self.assertEqual(alice.receives("INVITE").from_.uri, "sip:bob@honest.example")
        alice.sends(486)
        alice.receives("ACK")
        posing.receives(486)

    def test_whoever_comes_in_must_prove_who_he_is(self):
        good = self.ends["good"]
        strangers = {"none": (), **{name: self.ends[name]._certificate for name in ("foreign", "expired", "wildcard", "cn-only", "person", "partial")}}
        for name, certificate in strangers.items():
            with self.subTest(name):
                try:
                    good.connect(self.port.number, certificate=certificate)
                except (ssl.SSLError, OSError):
                    continue
                good.waits_for_close()   # TLS 1.3: the alert comes after the client's own handshake is over


class Friends(Outside):
    """A server with a list of domains that it speaks with; one of them inside its trust domain, one with IPv6 only."""

    @classmethod
    def setUpClass(cls) -> None:
        super().setUpClass()
        cls.ends = {name: cls.keep(FarEnd(f"{name}.example", cls.authority.issue(f"{name}.example", (f"{name}.example",)),
                                          cls.authority, address="::1" if name == "six" else "127.0.0.1"))
                    for name in ("friend", "trusted", "told", "six", "back", "busy", "strict", "stranger")}
        cls.keep(NameServer({"example": [line for name, end in cls.ends.items() for line in located(
            end.port, at=name, address="::1" if name == "six" else "127.0.0.1")]}))
        config = peers(cls.authority, cls.port.number, [
            {"name": "trusted", "kind": "peer", "match": ["trusted.example"], "trusted": True},
            {"name": "told", "kind": "peer", "match": ["told.example"], "trusted": True, "withheld_inside": True},
            {"name": "strict", "kind": "peer", "match": ["strict.example"], "protection": "refuse"},
            {"name": "friends", "kind": "peer", "match": ["friend.example", "six.example", "back.example", "busy.example"]}])
        config["listen"]["peers"].append(f"[::1]:{cls.port.number}")
        config["peers"]["calls_per_minute"] = 5
        cls.daemon = cls.keep(Daemon(("alice", "bob"), config, threads=2, authority=cls.authority), "destroy")

    def refused(self, phone: Phone, end: FarEnd, uri: str, **options):
        phone.sends("INVITE", to=uri, **options)
        connection, invite = end.receives("INVITE")
        end.answers(connection, invite, 486)
        end.receives("ACK")
        phone.receives(486)
        return invite

    def test_lengths_tell_no_more_than_they_do_toward_a_phone(self):
        """Who watches the way between two domains sees whole cells, whatever is said and to whom (privacy.padding)."""
        alice, friend = self.phone(self.daemon, "alice"), self.ends["friend"]
        alice.sends("INVITE", to="sip:far@friend.example")
        connection, invite = friend.receives("INVITE")
        friend.answers(connection, invite, 486)
        friend.receives("ACK")
        alice.receives(486)
        before = len(connection.record_sizes)   # the handshake is over
        for user in ("f", "far", "f" * 60):
            friend.takes_a_call(alice, f"sip:{user}@friend.example")
        for length in (1, 2000):
            alice.sends("MESSAGE", to="sip:far@friend.example", body=b"x" * length, content_type="text/plain", sdp=False)
            friend.answers(*friend.receives("MESSAGE"), 200)
            alice.receives(200)
        alice.sends("INVITE", to="sip:far@friend.example")
        connection, invite = friend.receives("INVITE")
        friend.answers(connection, invite, 180)
        alice.receives(180)
        alice.sends("CANCEL")
        friend.receives("CANCEL")
        sizes = connection.record_sizes[before:]
        self.assertGreaterEqual(len(sizes), 3 * 3 + 2 + 2)
        self.assertEqual(set(sizes), {4096 + 16}, "one cell, and its tag")

    def arrives(self, phone: Phone, end: FarEnd, way, from_: str, **options):
        way.send(end.request("INVITE", phone.aor, from_, f"<{phone.aor}>", sdp=True, **options).bytes())
        invite = phone.receives("INVITE")
        phone.sends(486)
        phone.receives("ACK")
        end.receives(486)
        return invite

    def test_whoever_is_on_no_list(self):
        alice, stranger = self.phone(self.daemon, "alice"), self.ends["stranger"]
        alice.sends("INVITE", to="sip:bob@stranger.example")
        alice.receives(404)
        way = stranger.connect(self.port.number)
        way.send(stranger.request("INVITE", alice.aor, "<sip:bob@stranger.example>;tag=1", f"<{alice.aor}>", sdp=True).bytes())
        stranger.receives(403)
        self.assertEqual(stranger.accepted, 0)
        alice.has_received_nothing_else()

    def test_too_many_calls_of_one_domain(self):
        friend = self.ends["friend"]
        way = friend.connect(self.port.number)
        seen = []
        for i in range(6):
            way.send(friend.request("INVITE", "sip:nobody@example.org", f"<sip:bob@friend.example>;tag={i}",
                                    "<sip:nobody@example.org>", sdp=True).bytes())
            seen.append(friend.receives_one_of((480, 503))[1].status)
        self.assertEqual(seen, [480] * 5 + [503])

    def test_too_many_calls_of_one_domain_over_many_connections(self):
        """They are spread over the workers, and counted together."""
        busy = self.ends["busy"]
        seen = []
        for i in range(16):
            busy.connect(self.port.number).send(busy.request(
                "INVITE", "sip:nobody@example.org", f"<sip:bob@busy.example>;tag={i}", "<sip:nobody@example.org>",
                sdp=True).bytes())
            seen.append(busy.receives_one_of((480, 503))[1].status)
        self.assertEqual(seen, [480] * 5 + [503] * 11)

    def test_over_ipv6_alone(self):
        alice, six = self.phone(self.daemon, "alice"), self.ends["six"]
        self.assertNotIn("::1", str(self.refused(alice, six, "sip:bob@six.example")))
        self.arrives(alice, six, six.connect(self.port.number, address="::1"), "<sip:bob@six.example>;tag=1")

    def test_a_connection_that_came_in_is_used_for_what_goes_out(self):
        """RFC 5923: the other side has offered it by `alias`."""
        alice, back = self.phone(self.daemon, "alice"), self.ends["back"]
        way = back.connect(self.port.number)
        self.arrives(alice, back, way, "<sip:bob@back.example>;tag=1", via="SIP/2.0/TLS back.example;alias;branch=z9hG4bKalias")
        for _ in range(3):
            self.refused(alice, back, "sip:bob@back.example")
        self.assertEqual(back.accepted, 0, "a second connection was made")

    def test_who_calls_is_asserted_inside_the_trust_domain_alone(self):
        """RFC 3325, in both directions."""
        alice = self.phone(self.daemon, "alice")
        for name, shown, withheld in (("trusted", True, False), ("told", True, True), ("friend", False, False)):
            end = self.ends[name]
            with self.subTest(end.name):
                invite = self.refused(alice, end, f"sip:bob@{end.name}")
                self.assertEqual(invite.all("P-Asserted-Identity"), [f"<{alice.aor}>"] if shown else [])
                self.assertFalse(invite.has("Privacy"))
                invite = self.refused(alice, end, f"sip:bob@{end.name}", headers={"Privacy": "id"})
                self.assertEqual(invite.from_.uri, "sip:anonymous@anonymous.invalid")
                self.assertEqual(invite.all("P-Asserted-Identity"), [f"<{alice.aor}>"] if withheld else [])
                self.assertEqual(invite.all("Privacy"), ["id"] if withheld else [])
                said = json.loads(self.daemon.sotto("--json", "route", "test", "alice@example.org",
                                                    f"sip:bob@{end.name}").stdout)
                self.assertEqual((said["kind"], said["targets"], said["request_uri"], said.get("p_asserted_identity", [])),
                                 ("peer", [end.name], f"sip:bob@{end.name}", [f"<{alice.aor}>"] if shown else []))
        bob, trusted = self.phone(self.daemon, "bob"), self.ends["trusted"]
        way = trusted.connect(self.port.number)
        for asserted, shown in (("robert@trusted.example", "robert@trusted.example"), ("king@other.example", "rob@trusted.example")):
            invite = self.arrives(bob, trusted, way, "<sip:rob@trusted.example>;tag=2",
                                  headers=(("P-Asserted-Identity", f"<sip:{asserted}>"),))
            self.assertEqual(invite.from_.uri, f"sip:{shown}")
            self.assertFalse(invite.has("P-Asserted-Identity"))

    def test_who_was_called_before_is_told_inside_the_trust_domain_alone(self):
        """RFC 7044: after a redirection."""
        alice = self.phone(self.daemon, "alice")
        for end, before in ((self.ends["trusted"], "sip:bob@trusted.example"),
                            (self.ends["friend"], "sip:anonymous@anonymous.invalid")):
            with self.subTest(end.name):
                alice.sends("INVITE", to=f"sip:bob@{end.name}")
                connection, invite = end.receives("INVITE")
                self.assertFalse(invite.has("History-Info"))
                end.answers(connection, invite, 302, headers=(("Contact", f"<sip:desk@{end.name}>"),))
                end.receives("ACK")
                connection, moved = end.receives("INVITE")
                self.assertEqual(moved.get("History-Info"),
                                 f"<{before}>;index=1, <sip:desk@{end.name}>;index=1.1;mp=1")
                end.answers(connection, moved, 486, headers=(("History-Info", moved.get("History-Info")),))
                end.receives("ACK")
                self.assertFalse(alice.receives(486).has("History-Info"))

    def test_who_was_called_before_is_told_to_nobody_when_either_side_says_so(self):
        alice = self.phone(self.daemon, "alice")
        for end in (self.ends["trusted"], self.ends["friend"]):
            for asked, answered in (({"Privacy": "history"}, ()), ({}, (("Privacy", "history"),))):
                with self.subTest(end.name, asked=asked):
                    alice.sends("INVITE", to=f"sip:bob@{end.name}", headers=asked)
                    connection, invite = end.receives("INVITE")
                    end.answers(connection, invite, 302, headers=(("Contact", f"<sip:desk@{end.name}>"), *answered))
                    end.receives("ACK")
                    connection, moved = end.receives("INVITE")
                    self.assertEqual(moved.request_uri, f"sip:desk@{end.name}")
                    self.assertFalse(moved.has("History-Info"))
                    end.answers(connection, moved, 486)
                    end.receives("ACK")
                    alice.receives(486)

    def test_the_place_of_a_caller_goes_to_no_other_domain(self):
        alice = self.phone(self.daemon, "alice")
        for end in (self.ends["trusted"], self.ends["friend"]):
            invite = self.refused(alice, end, f"sip:bob@{end.name}", headers={"Geolocation": "<cid:place@phone>"})
            self.assertFalse(invite.has("Geolocation"))

    def test_a_hop_in_the_clear_is_told(self):
        alice, trusted = self.phone(self.daemon, "alice"), self.ends["trusted"]
        way = trusted.connect(self.port.number)
        way.send(trusted.request("INVITE", alice.aor, "<sip:rob@trusted.example>;tag=3", f"<{alice.aor}>", sdp=True, headers=(
            ("Via", "SIP/2.0/UDP phone.trusted.example;branch=z9hG4bKclear"),)).bytes())
        self.assertEqual(alice.receives("INVITE").get("Call-Protection"), "hop;hops=2")
        alice.sends(486)
        alice.receives("ACK")
        trusted.receives(486)

    def test_an_answer_from_beyond_a_hop_in_the_clear_is_told(self):
        alice, friend = self.phone(self.daemon, "alice"), self.ends["friend"]
        clear = (("Record-Route", "<sip:192.0.2.7;r2=on;lr>, <sip:friend.example;transport=tls;r2=on;lr>"),)
        for headers, label in ((clear, "hop;hops=3"), (clear[1:], "")):
            alice.sends("INVITE", to="sip:bob@friend.example", headers={"Accept-Language": "de-AT"})
            connection, invite = friend.receives("INVITE")
            friend.answers(connection, invite, 180, headers=headers)
            ringing = alice.receives(180)
            self.assertEqual(ringing.all("Call-Protection"), [label] if label else [])
            self.assertEqual("unverschluesselt" in str(ringing.all("Warning")), bool(label))
            friend.answers(connection, invite, 486)
            friend.receives("ACK")
            alice.receives(486)

    def test_a_hop_in_the_clear_is_refused_in_both_directions(self):
        alice, strict = self.phone(self.daemon, "alice"), self.ends["strict"]
        way = strict.connect(self.port.number)
        way.send(strict.request("INVITE", alice.aor, "<sip:rob@strict.example>;tag=3", f"<{alice.aor}>", sdp=True, headers=(
            ("Via", "SIP/2.0/TCP phone.strict.example;branch=z9hG4bKclear"),)).bytes())
        self.assertIn("This call is refused", strict.receives(403)[1].get("Warning"))
        alice.has_received_nothing_else()
        self.refused(alice, strict, "sip:bob@strict.example")   # it is called; what counts is how it answers
        clear = (("Record-Route", "<sip:192.0.2.7;transport=udp;lr>"),)
        alice.sends("INVITE", to="sip:bob@strict.example")
        connection, invite = strict.receives("INVITE")
        strict.answers(connection, invite, 180, headers=clear)
        connection, cancel = strict.receives("CANCEL")
        strict.answers(connection, cancel, 200)
        strict.answers(connection, invite, 487)
        strict.receives("ACK")
        self.assertIn("This call is refused", alice.receives(403).get("Warning"))
        alice.sends("INVITE", to="sip:bob@strict.example")
        connection, invite = strict.receives("INVITE")
        strict.answers(connection, invite, 200, sdp=True, headers=clear)
        self.assertIn("This call is refused", alice.receives(403).get("Warning"))
        strict.receives("ACK")
        connection, bye = strict.receives("BYE")
        strict.answers(connection, bye, 200)


class DeadNames(Outside):
    """Name servers that answer nothing, or nonsense: the caller is told in bounded time."""

    def refused_with(self, lie) -> None:
        names = LyingNameServer(lie)
        self.addCleanup(names.stop)
        daemon = Daemon(("alice",), peers(self.authority, self.port.number, [
            {"name": "everybody", "kind": "peer", "match": ["*"]}]), authority=self.authority)
        self.addCleanup(daemon.destroy)
        alice = self.phone(daemon, "alice")
        alice.sends("INVITE", to="sip:bob@far.example")
        alice.receives(503, timeout=20)
        self.assertIn("its name leads nowhere", daemon.logged("route-unreachable")[0])
        self.assertGreater(names.asked, 0)

    def test_a_silent_one(self):
        self.refused_with(None)

    def test_one_that_answers_nonsense(self):
        self.refused_with(lambda query: query[:2] + b"\x81\x80\0\1\xff\xff\0\0\0\0" + query[12:] + b"\xc0\x0c\xff")


if __name__ == "__main__":
    unittest.main()
