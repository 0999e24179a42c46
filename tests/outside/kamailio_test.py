"""A Kamailio as the foreign domain: its own DNS look-ups, certificate checks and Record-Route."""

import socket
import subprocess
import unittest

from clients import network
from outside.far_end import FarEnd
from outside.name_server import NameServer, located
from outside.peer_test import Outside, peers
from support.daemon import Daemon, Port
from support.limits import patience
from support.listening import wait_until_listening
from support.sip import Message, parse_loosely


def setUpModule() -> None:
    network.enter(answer_names=False)


CONFIG = """#!KAMAILIO
debug=0
log_stderror=yes
fork=yes
children=1
tcp_children=1
auto_aliases=no
alias=kam.example
listen=tls:127.0.0.1:{port}
listen=udp:127.0.0.1:{port}
enable_tls=yes
tcp_accept_no_cl=no
dns_try_naptr=yes
dns_sctp_pref=-1
dns_udp_pref=-1
dns_tcp_pref=-1
dns_tls_pref=10
loadmodule "tls.so"
loadmodule "tm.so"
loadmodule "sl.so"
loadmodule "rr.so"
loadmodule "pv.so"
loadmodule "textops.so"
loadmodule "siputils.so"
modparam("tls", "config", "{folder}/tls.cfg")
request_route {{
    if (is_method("CANCEL")) {{ if (t_check_trans()) t_relay(); exit; }}
    if (has_totag()) {{
        if (loose_route()) t_relay();
        else if (is_method("ACK") && t_check_trans()) t_relay();
        exit;
    }}
    if (is_method("OPTIONS")) {{ sl_send_reply("200", "OK"); exit; }}
    record_route();
    if ($rd == "kam.example" && $rU == "plain") $du = "sip:127.0.0.1:{plain};transport=udp";
    else if ($rd == "kam.example") $du = "sip:ua.kam.example:{phone};transport=tls";
    t_relay();
}}
"""

PROFILE = """method = TLSv1.2+
verify_certificate = yes
require_certificate = yes
private_key = {key}
certificate = {chain}
ca_list = {authority}
"""


class KamailioAsPeer(Outside):
    @classmethod
    def setUpClass(cls) -> None:
        super().setUpClass()
        port = cls.keep(Port(), "release")
        port.release()   # its UDP half is Kamailio's, too
        cls.plain = cls.keep(socket.socket(socket.AF_INET, socket.SOCK_DGRAM), "close")
        cls.plain.bind(("127.0.0.1", 0))
        cls.plain.settimeout(patience(10))
        cls.far = cls.keep(FarEnd("ua.kam.example", cls.authority.issue("ua.kam.example", ("ua.kam.example",)),
                                  cls.authority))
        cls.keep(NameServer({"example.org": located(cls.port.number),
                             "example": located(port.number, at="kam") + ["ua.kam A 127.0.0.1"]}))
        chain, key = cls.authority.issue("kam.example", ("kam.example",))
        profile = PROFILE.format(chain=chain, key=key, authority=cls.authority.certificate)
        (cls.folder / "tls.cfg").write_text(f"[server:default]\n{profile}\n[client:default]\n{profile}")
        (cls.folder / "kamailio.cfg").write_text(CONFIG.format(port=port.number, phone=cls.far.port, folder=cls.folder,
                                                                         plain=cls.plain.getsockname()[1]))
        cls.kamailio_port = port.number
        with open(cls.folder / "kamailio.log", "w") as log:
            cls.kamailio = subprocess.Popen(["kamailio", "-DD", "-E", "-f", str(cls.folder / "kamailio.cfg"), "-Y",
                                             str(cls.folder)], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                                            stderr=log)
        cls.addClassCleanup(lambda: (cls.kamailio.terminate(), cls.kamailio.wait()))
        wait_until_listening(port.number, cls.kamailio, (cls.folder / "kamailio.log").read_text)
        cls.daemon = cls.keep(Daemon(("alice",), peers(cls.authority, cls.port.number, [
            {"name": "kam", "kind": "peer", "match": ["kam.example"]}]), authority=cls.authority), "destroy")

    def test_a_call_to_it_and_both_ends_hang_up(self):
        alice = self.phone(self.daemon, "alice")
        for ender in ("alice", "far"):
            with self.subTest(ender):
                alice.sends("INVITE", to="sip:bob@kam.example")
                connection, invite = self.far.receives("INVITE")
                self.assertEqual(invite.from_.uri, "sip:alice@example.org")
                self.far.answers(connection, invite, 200, sdp=True, headers=tuple(
                    ("Record-Route", route) for route in invite.all("Record-Route")))
                alice.receives(200)
                alice.sends("ACK")
                self.far.receives("ACK")
                if ender == "alice":
                    alice.sends("BYE")
                    connection, bye = self.far.receives("BYE")
                    self.far.answers(connection, bye, 200)
                    alice.receives(200)
                else:
                    bye = self.far.request("BYE", invite.contact.uri, f"{invite.get('To')};tag=far", invite.get("From"),
                                           call_id=invite.call_id,
                                           headers=tuple(("Route", r) for r in invite.all("Record-Route")))
                    connection.send(bye.bytes())
                    alice.receives("BYE")
                    alice.sends(200)
                    self.far.receives(200)

    def test_its_phone_without_tls_is_told(self):
        """Kamailio records its route on both sides, and so shows where the protected way ends."""
        alice = self.phone(self.daemon, "alice")
        alice.sends("INVITE", to="sip:plain@kam.example", headers={"Accept-Language": "en"})
        invite = None
        while invite is None or not invite.is_request:   # over UDP an answer of an earlier call may be repeated
            data, kamailio = self.plain.recvfrom(65536)
            invite = parse_loosely(*data.split(b"\r\n\r\n", 1))
        for status in (180, 486):
            response = Message(f"SIP/2.0 {status} Far")
            for name in ("Via", "Record-Route", "From", "To", "Call-ID", "CSeq"):
                for value in invite.all(name):
                    response.add(name, f"{value};tag=plain" if name == "To" else value)
            response.add("Contact", f"<sip:plain@127.0.0.1:{self.plain.getsockname()[1]}>")
            self.plain.sendto(response.bytes(), kamailio)
            if status == 180:
                ringing = alice.receives(180)
                self.assertEqual(ringing.get("Call-Protection"), "hop;hops=3")
                self.assertIn("speaks without encryption", ringing.get("Warning"))
        alice.receives(486)

    def test_a_call_from_its_phone_without_tls_is_told(self):
        alice = self.phone(self.daemon, "alice")
        own = self.plain.getsockname()[1]
        invite = self.far.request("INVITE", alice.aor, "<sip:plain@kam.example>;tag=1", f"<{alice.aor}>", sdp=True,
                                  via=f"SIP/2.0/UDP 127.0.0.1:{own};branch=z9hG4bKplain")
        self.plain.sendto(invite.bytes(), ("127.0.0.1", self.kamailio_port))
        heard = alice.receives("INVITE")
        self.assertEqual(heard.from_.uri, "sip:plain@kam.example")
        self.assertEqual(heard.get("Call-Protection"), "hop;hops=2")
        alice.sends(486)
        alice.receives("ACK")
        status = 0
        while status < 200:   # 100 of Kamailio's own comes first
            status = parse_loosely(*self.plain.recvfrom(65536)[0].split(b"\r\n\r\n", 1)).status
        self.assertEqual(status, 486)

    def test_a_call_from_it(self):
        alice = self.phone(self.daemon, "alice")
        way = self.far.connect(self.kamailio_port, "kam.example")
        request = self.far.request("INVITE", alice.aor, "<sip:bob@kam.example>;tag=1", f"<{alice.aor}>", sdp=True)
        way.send(request.bytes())
        invite = alice.receives("INVITE")
        self.assertEqual(invite.from_.uri, "sip:bob@kam.example")
        self.assertFalse(invite.has("Record-Route"))
        alice.sends(200)
        _, ok = self.far.receives(200)
        self.assertTrue(ok.has("Record-Route"), "the way back through the proxy")
        ack = self.far.request("ACK", ok.contact.uri, request.get("From"), ok.get("To"), call_id=request.call_id,
                               headers=tuple(("Route", r) for r in reversed(ok.elements("Record-Route"))))
        way.send(ack.bytes())
        alice.receives("ACK")
        alice.sends("BYE")
        connection, bye = self.far.receives("BYE")
        self.far.answers(connection, bye, 200)
        alice.receives(200)


if __name__ == "__main__":
    unittest.main()
