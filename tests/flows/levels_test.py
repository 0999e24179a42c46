"""What is logged of every kind of call within a domain, at every level of the log: nothing by which anybody could be
recognised (P8). The other tests of calls look through their logs too, at the one level of their build."""

import re
import secrets
import signal
from urllib.parse import quote, unquote

from flows.push_test import Gateway
from support.daemon import DOMAIN, PASSWORD, Daemon
from support.flow_test import FlowTest
from support.levels import EveryLevel
from support.phone import Phone
from support.supervisor import SupervisedDaemon

PLAIN = b"v=0\r\no=- 4711 1 IN IP4 192.0.2.77\r\ns=-\r\nc=IN IP4 192.0.2.77\r\nt=0 0\r\nm=audio 4000 RTP/AVP 0\r\n"
SDES = (PLAIN.replace(b"RTP/AVP", b"RTP/SAVP") +
        b"a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:d0RmdmcmVCspeEc3QGZiNWpVLFJhQX1cfHAwJSoj\r\n")
DIGIT = {"body": b"Signal=5\r\n", "content_type": "application/dtmf-relay"}
REASON = "letter of the subscriber about her neighbour"
NONSENSE = "nonsense-of-a-stranger"
SOMEBODY = "somebody@elsewhere.example"


class EveryCall(EveryLevel, FlowTest):
    daemon_type = SupervisedDaemon
    threads = 2
    hosts = "127.0.0.1", "::1"
    web_phones = ("dave.page",)
    typed = {REASON, NONSENSE, SOMEBODY}

    @classmethod
    def setUpClass(cls) -> None:
        cls.push = Gateway.of(cls)
        cls.config = {"drain_timeout": "0", "weaken": {"public_gruus": True}, "push": cls.push.configuration(wait="20s")}
        super().setUpClass()

    def servers(self) -> tuple:
        return (self.daemon,)

    def heard(self) -> list:
        return self.ladder.messages

    # -- phones ----------------------------------------------------------------------------------------------
    def registered(self, *names: str) -> list:
        phones = super().registered(*names)
        self.here += phones
        return phones

    def answers(self, callee: Phone, caller: Phone, **options) -> None:
        """The INVITE that has arrived."""
        callee.sends(200, **options)
        caller.receives(200)
        caller.sends("ACK")
        callee.receives("ACK")

    def exchange(self, one: Phone, other: Phone, method: str, **options) -> None:
        one.sends(method, **options)
        other.receives(method)
        other.sends(200, sdp=method == "UPDATE")
        one.receives(200)

    # -- two phones ------------------------------------------------------------------------------------------
    def flow_answered_held_and_ended(self) -> None:
        alice, bob = self.registered("alice", "bob")
        self.call(alice, bob)
        self.offer_again(bob, alice)
        self.hang_up(bob, alice)

    def flow_cancelled_busy_and_withheld(self) -> None:
        alice, bob = self.registered("alice", "bob")
        self.call_and_give_up(alice, bob)
        for headers in ({}, {"Privacy": "id"}):
            self.refused(alice, bob, 486, headers=headers)
        bob.sends("INVITE", to=f"sip:*60%23@{DOMAIN}")   # blocks the last one who withheld itself
        bob.receives(603)
        alice.sends("INVITE", to=bob, headers={"Privacy": "id"})
        alice.receives(480)
        self.daemon.sotto("account", "unblock", f"{bob.user}@{DOMAIN}", "--yes", "--reason", REASON)

    def flow_refused_by_the_server(self) -> None:
        alice, bob = self.registered("alice", "bob")
        for body in (PLAIN, SDES):
            alice.sends("INVITE", to=bob, body=body)
            alice.receives(488)
        alice.sends("INVITE", to="sip:nobody-of-this-name@example.org")
        alice.receives(480)
        alice.sends("INVITE", to=f"sip:{SOMEBODY}")
        alice.receives_one_of((403, 404, 480))

    def flow_within_the_call(self) -> None:
        alice, bob = self.registered("alice", "bob")
        self.call(alice, bob)
        for one, other in ((alice, bob), (bob, alice)):
            self.exchange(one, other, "INFO", **DIGIT)
            self.exchange(one, other, "UPDATE", sdp=True)
            self.exchange(one, other, "OPTIONS")
            self.exchange(one, other, "MESSAGE", body=b"the meeting is at nine", content_type="text/plain")
        self.hang_up(alice, bob)

    def flow_acknowledged_before_the_answer(self) -> None:
        """PRACK (RFC 3262)."""
        alice, bob = self.registered("alice", "bob")
        alice.sends("INVITE", to=bob, headers={"Supported": "100rel"})
        invite = bob.receives("INVITE")
        bob.sends(183, sdp=True, headers={"Require": "100rel", "RSeq": 7001})
        early = alice.receives(183)
        alice.acknowledges(early)
        prack = bob.receives("PRACK")
        bob.sends(200, answering=prack)
        alice.receives(200)
        self.answers(bob, alice, answering=invite, sdp=False)
        self.hang_up(alice, bob)

    def flow_described_late(self) -> None:
        """An INVITE without a description: in the answer comes a good one, and one that may not pass."""
        alice, bob = self.registered("alice", "bob")
        alice.sends("INVITE", to=bob, sdp=False)
        bob.receives("INVITE")
        bob.sends(200)
        alice.receives(200)
        alice.sends("ACK", body=alice.media.describe("active"))
        bob.receives("ACK")
        self.hang_up(bob, alice)
        alice.sends("INVITE", to=bob, sdp=False)
        bob.receives("INVITE")
        bob.sends(200, body=SDES)
        alice.receives(488)
        bob.receives("ACK")
        bob.receives("BYE")
        bob.sends(200)

    def flow_a_message(self) -> None:
        alice, bob = self.registered("alice", "bob")
        for headers in ({}, {"Privacy": "id"}):
            alice.sends("MESSAGE", to=bob, body=b"the meeting is at nine", content_type="text/plain", headers=headers)
            bob.receives("MESSAGE")
            bob.sends(200)
            alice.receives(200)

    def flow_between_address_families(self) -> None:
        six, four = self.phone("alice", host="::1"), self.phone("bob", host="127.0.0.1")
        for phone in (six, four):
            phone.registers()
            self.here.append(phone)
        for caller, callee in ((six, four), (four, six)):
            self.call(caller, callee)
            self.hang_up(callee, caller)

    def flow_of_a_page(self) -> None:
        page, alice = self.registered("dave.page", "alice")
        for caller, callee in ((page, alice), (alice, page)):
            self.call(caller, callee)
            self.hang_up(alice, page)

    # -- several ---------------------------------------------------------------------------------------------
    def flow_forked(self) -> None:
        alice, desk, mobile = self.registered("alice", "bob.desk", "bob.mobile")
        alice.sends("INVITE", to=desk)
        for phone in (desk, mobile):
            phone.receives("INVITE")
            phone.sends(180)
            alice.receives(180)
        self.answers(mobile, alice)
        desk.receives("CANCEL")
        desk.sends(200)
        desk.sends(487)
        desk.receives("ACK")
        self.hang_up(mobile, alice)

    def flow_redirected(self) -> None:
        alice, bob, carol = self.registered("alice", "bob", "carol")
        alice.sends("INVITE", to=bob)
        bob.receives("INVITE")
        bob.sends(302, headers={"Contact": f"<{carol.aor}>"})
        bob.receives("ACK")
        carol.receives("INVITE")
        self.answers(carol, alice)
        self.hang_up(carol, alice)

    def flow_transferred(self) -> None:
        """Alice speaks to Bob and to Carol, and joins the two (RFC 5589 7)."""
        alice, bob, carol = self.registered("alice", "bob", "carol")
        self.call(alice, bob)
        with_bob, at_bob = alice.dialog, bob.dialog
        self.call(alice, carol)
        with_carol, at_carol = alice.dialog, carol.dialog
        replaces = f"{with_carol.call_id};to-tag={with_carol.remote_tag};from-tag={with_carol.local_tag}"
        alice.sends("REFER", dialog=with_bob, headers={"Refer-To": f"<{with_carol.target}?Replaces={quote(replaces, safe='')}>",
                                                       "Referred-By": f"<{alice.aor}>"})
        refer = bob.receives("REFER")
        bob.sends(202)
        alice.receives(202)
        uri, _, value = re.match(r"<([^>]*)>", refer.get("Refer-To"))[1].partition("?Replaces=")
        bob.sends("INVITE", to=uri, headers={"Replaces": unquote(value), "Referred-By": refer.get("Referred-By")})
        carol.receives("INVITE")
        self.answers(carol, bob)
        bob.sends("NOTIFY", dialog=at_bob, body=b"SIP/2.0 200 OK\r\n", content_type="message/sipfrag",
                  headers={"Event": "refer", "Subscription-State": "terminated;reason=noresource"})
        alice.receives("NOTIFY")
        alice.sends(200)
        bob.receives(200)
        alice.dialog, carol.dialog, at_last = with_carol, at_carol, carol.dialog
        self.hang_up(carol, alice)
        alice.dialog, carol.dialog = with_bob, at_last
        self.hang_up(bob, carol)

    # -- phones that come and go -----------------------------------------------------------------------------
    def flow_of_one_device(self) -> None:
        """A GRUU (RFC 5627), two connections (RFC 5626), its own registration (RFC 3680)."""
        alice = self.phone("alice")
        ok = alice.registers(contact=f'<{alice.contact}>;reg-id=1;+sip.instance="<{alice.instance}>"',
                             headers={"Supported": "gruu, outbound, path"})
        self.here.append(alice)
        [bob] = self.registered("bob")
        bob.sends("INVITE", to=alice)
        alice.receives("INVITE")
        self.answers(alice, bob, headers={"Contact": f"<{ok.contact.params['pub-gruu'].strip(chr(34))}>"})
        self.hang_up(bob, alice)
        bob.sends("SUBSCRIBE", to=bob, headers={"Event": "reg", "Expires": 600})
        bob.receives(200)
        bob.receives("NOTIFY")
        bob.sends(200)
        bob.sends("SUBSCRIBE", headers={"Event": "reg", "Expires": 0})
        bob.receives(200)
        bob.receives("NOTIFY")
        bob.sends(200)

    def flow_over_a_new_connection(self) -> None:
        alice, bob = self.registered("alice", "bob")
        self.call(alice, bob)
        bob.loses_connection()
        bob.connects()
        bob.registers()
        self.hang_up(bob, alice)

    def flow_over_a_restart(self) -> None:
        alice, bob = self.registered("alice", "bob")
        self.call(alice, bob)
        for number in (signal.SIGTERM, signal.SIGKILL):
            self.daemon.signal(number)
            for phone in (alice, bob):
                phone.is_disconnected()
                phone.hangs_up_tls()
            self.daemon.has_ended()
            self.daemon.start()
            for phone in (alice, bob):
                phone.connects()
                phone.registers()
            self.exchange(alice, bob, "INFO", **DIGIT)
        self.hang_up(bob, alice)

    def flow_to_a_phone_that_sleeps(self) -> None:
        [alice], token = self.registered("alice"), f"token-of-the-device-{secrets.token_hex(8)}"
        carol = self.phone("carol")
        contact = f'<{carol.contact};pn-provider=apns;pn-param=ORG.example.app;pn-prid={token}>;+sip.instance="<{carol.instance}>"'
        for self.push.status in (200, 503):
            carol.registers(contact=contact)
            carol.loses_connection()
            self.daemon.wait_for_bindings(carol.user, 0)
            alice.sends("INVITE", to=carol)
            self.assertIn(token, self.push.next()[2].decode())
            carol.connects()
            if self.push.status == 503:
                alice.receives(480)
                continue
            carol.registers(contact=contact)
            carol.receives("INVITE")
            carol.sends(486)
            carol.receives("ACK")
            alice.receives(486)
        carol.registers(contact=contact)
        self.here.append(carol)

    # -- what no friend would do -----------------------------------------------------------------------------
    def flow_guessed_at(self) -> None:
        strict = Daemon(("guessed",), {"limits": {"auth_failures_per_minute": 1}, "log": {"level": self.level}, "drain_timeout": "0"},
                        authority=self.daemon.authority)
        self.addCleanup(strict.destroy)
        guesser = Phone("guesser", self.ladder, strict.connect, "guessed", DOMAIN, "wrong-" + PASSWORD, strict.own_hosts)
        self.addCleanup(lambda: guesser.connection.close())
        for status in (401, 503):
            guesser.transmits(guesser.register_request())
            guesser.authenticates(guesser.receives(401))
            guesser.receives(status)
        if strict.writes("warning"):
            strict.logged("guessing")
        guesser.connection.close()
        self.says_nothing_more(strict)

    def flow_not_understood(self) -> None:
        for said in (f"INVITE sip:alice@{DOMAIN} SIP/2.0\r\nVia: {NONSENSE}\r\nContent-Length: 0\r\n\r\n".encode() +
                     f"no message at all, {NONSENSE}, and no end of it \0".encode() + b"\xff\r\n\r\n",
                     f"GET /{NONSENSE} HTTP/1.1\r\nHost: {DOMAIN}\r\n\r\n".encode()):
            stranger = self.daemon.connect()
            self.addCleanup(stranger.close)
            stranger.send(said)
            stranger.wait_closed()

    # -- operators -------------------------------------------------------------------------------------------
    def flow_of_operators(self) -> None:
        [alice] = self.registered("alice")
        address = f"{alice.user}@{DOMAIN}"
        self.daemon.sotto("account", "show", address, "--reason", REASON)
        self.daemon.sotto("subject", "export", address, "--output", str(self.daemon.folder / f"{self.level}.tar"), "--reason", REASON)
        self.daemon.sotto("trace", "start", "--account", address, "--for", "10m", "--reason", REASON, "--yes")
        bob = self.registered("bob")[0]
        self.refused(alice, bob, 486)
        self.assertIn("INVITE", self.daemon.sotto("trace", "stop", "--reason", REASON).stdout)

    def flow_of_a_configuration_with_addresses_where_none_belong(self) -> None:
        good = dict(self.daemon.config)
        for wrong in ({"proxy": {SOMEBODY: "20s"}}, {"proxy": {"ring_timeout": SOMEBODY}}, {SOMEBODY: 1},
                      {"routes": [{"name": "carrier", "kind": "gateway", "match": [SOMEBODY], "target": ["far.example"]}]}):
            refused = self.daemon.log.count(" reload-refused: ")
            self.daemon.config.update(wrong)
            self.daemon.write_config()
            self.daemon.signal(signal.SIGHUP)
            self.daemon.logged("reload-refused", refused + 1)
            self.daemon.config.clear()
            self.daemon.config.update(good)
        self.daemon.write_config()
