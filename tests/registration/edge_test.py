"""RFC 5626 section 9 with two real edges in front of the daemon: Kamailio with its modules `outbound` and `path`. Bob's
phone has a flow through each; Alice is connected to the daemon itself."""

import re
import shutil
import subprocess
import tempfile
import unittest
from pathlib import Path

from support.daemon import Port
from support.flow_test import FlowTest
from support.listening import wait_until_listening
from support.tls import Connection

CONFIG = """#!KAMAILIO
debug=0
log_stderror=yes
fork=yes
children=1
tcp_children=1
auto_aliases=no
listen=tls:127.0.0.1:{port}
enable_tls=yes
tcp_accept_no_cl=no
tcp_connection_lifetime=3600
loadmodule "tls.so"
loadmodule "tm.so"
loadmodule "sl.so"
loadmodule "rr.so"
loadmodule "pv.so"
loadmodule "path.so"
loadmodule "stun.so"
loadmodule "outbound.so"
loadmodule "textops.so"
loadmodule "siputils.so"
modparam("tm", "auto_inv_100", 0)
modparam("tls", "config", "{folder}/tls.cfg")
request_route {{
    if (is_method("CANCEL")) {{ if (t_check_trans()) t_relay(); exit; }}
    if ($sp == {registrar}) {{   # toward a phone: over the flow of its token, or not at all (5.3.1)
        if (!loose_route()) {{ sl_send_reply("403", "Forbidden"); exit; }}
        if (is_method("INVITE") && !has_totag()) record_route();
        set_forward_no_connect();
        t_on_failure("FLOW");
        if (!t_relay()) sl_send_reply("430", "Flow Failed");
        exit;
    }}
    loose_route();
    if (is_method("ACK") && t_check_trans()) {{ t_relay(); exit; }}
    if (is_method("REGISTER")) add_path();
    else if (!has_totag()) record_route();
    $du = "sip:127.0.0.1:{registrar};transport=tls";
    t_relay();
}}
failure_route[FLOW] {{
    if (t_branch_timeout() || !t_branch_replied()) t_reply("430", "Flow Failed");
}}
"""

PROFILE = """[server:default]
method = TLSv1.2+
private_key = {key}
certificate = {chain}
[client:default]
method = TLSv1.2+
verify_certificate = yes
require_certificate = yes
ca_list = {authority}
"""


class Edge:
    """One Kamailio between phones and the daemon."""

    def __init__(self, daemon, name: str) -> None:
        self.name, self._daemon, self._port = name, daemon, Port()
        self.folder = Path(tempfile.mkdtemp(prefix="sotto-edge-"))
        chain, key = daemon.authority.issue(name, (name,))
        (self.folder / "tls.cfg").write_text(
            PROFILE.format(chain=chain, key=key, authority=daemon.authority.certificate))
        (self.folder / "kamailio.cfg").write_text(
            CONFIG.format(port=self._port.number, folder=self.folder, registrar=daemon.tls_port))
        with open(self.folder / "log", "w") as log:
            self._process = subprocess.Popen(
                ["kamailio", "-DD", "-E", "-f", str(self.folder / "kamailio.cfg"), "-Y", str(self.folder)],
                stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=log)
        wait_until_listening(self._port.number, self._process, (self.folder / "log").read_text)

    @property
    def address(self) -> str:
        return f"127.0.0.1:{self._port.number}"

    def connect(self) -> Connection:
        return Connection(("127.0.0.1", self._port.number), self._daemon.authority.certificate, self.name)

    def stop(self) -> None:
        self._process.terminate()
        self._process.wait()
        self._port.release()
        shutil.rmtree(self.folder, ignore_errors=True)


@unittest.skipUnless(shutil.which("kamailio"), "no Kamailio here")
class BehindEdges(FlowTest):
    config = {"weaken": {"tls12": True},   # what Kamailio of Debian 12 speaks toward a server
              "registrar": {"flow_timer": "5s"}}

    @classmethod
    def setUpClass(cls) -> None:
        super().setUpClass()
        cls.edges = []
        for name in ("ep1.example.org", "ep2.example.org"):
            cls.edges.append(Edge(cls.daemon, name))
            cls.addClassCleanup(cls.edges[-1].stop)

    def setUp(self) -> None:
        super().setUp()
        [self.alice] = self.registered("alice")
        self.bob = []
        for number, edge in enumerate(self.edges):
            flow = self.phone(f"bob.ep{number + 1}")
            flow.hangs_up_tls()
            flow._connect, flow.hops, flow.daemon_port = edge.connect, 2, self.daemon.tls_port
            flow._own_hosts = (*flow._own_hosts, "127.0.0.1")
            flow.contact_params = ";ob"   # 5.3.2: the edge is to help with requests inside dialogs
            flow.connects()
            if self.bob:
                flow.instance = self.bob[0].instance
                self.ladder.initiate(self.bob[0], flow)   # they are one device
                self.ladder.initiate(flow, self.bob[0])
            self.bob.append(flow)
        self.answers = [self.register(0), self.register(1)]

    def register(self, number: int, expires: int = 600):
        flow = self.bob[number]
        return flow.registers(expires, f'<{flow.contact}>;reg-id={number + 1};+sip.instance="<{flow.instance}>"',
                              {"Supported": "path, outbound"})

    def answered(self, caller, callee) -> None:
        callee.receives("INVITE")
        callee.sends(200)
        caller.receives(200)
        caller.sends("ACK")
        callee.receives("ACK")

    def no_trace_of_edges(self, phone) -> None:
        """Toward the other side nothing shows that there is one: neither its address nor its token."""
        said = phone.connection.received.decode()
        for edge, ok in zip(self.edges, self.answers):
            token = re.search(r"sip:([^@]+)@", ok.get("Path"))[1]
            for secret in (token, edge.name, edge.address):
                self.assertNotIn(secret, said)

    def test_configuration_package(self):
        """9.1: phones are configured elsewhere."""
        self.bob[0].sends("SUBSCRIBE", to=self.bob[0], headers={"Event": "ua-profile;profile-type=device", "Expires": "0"})
        self.bob[0].receives(489)

    def test_registration_through_both(self):
        """9.2: Path with a flow token and `ob`, given back; Require: outbound; keep-alive by CRLF."""
        for ok, edge in zip(self.answers, self.edges):
            self.assertEqual(ok.get("Require"), "outbound")
            self.assertEqual(ok.all("Flow-Timer"), [])   # 5.4: the edge's to add
            self.assertIn(edge.address, ok.get("Path"))
            self.assertIn(";ob", ok.get("Path"))
            self.assertEqual(ok.get("Service-Route"), f"<sip:example.org:{self.daemon.tls_port};transport=tls;lr>")
            self.assertEqual(len(ok.contacts), 1)
        self.assertEqual(len({ok.get("Path") for ok in self.answers}), 2)
        self.assertEqual(len(self.daemon.bindings(self.bob[0].user)), 2)
        for flow in self.bob:
            flow.pings()

    def test_quiet_edge(self):
        """5.4: its phones give it their signs of life, and it gives none here. Whoever is silent and connected here has
        been given up meanwhile."""
        silent = self.phone("carol")
        silent.registers(contact=f'<{silent.contact}>;reg-id=1;+sip.instance="<{silent.instance}>"',
                         headers={"Supported": "outbound, path"})
        silent.is_disconnected(20)
        second = self.bob[1]
        self.alice.sends("INVITE", to=second)
        self.answered(self.alice, second)
        self.hang_up(self.alice, second)

    def test_incoming_call_over_the_flow_that_is_left(self):
        """9.3: EP2, which was registered last, has lost the phone and says 430; the call goes through EP1 at once."""
        first, second = self.bob
        second.loses_connection()
        self.alice.sends("INVITE", to=first)
        self.answered(self.alice, first)
        self.hang_up(self.alice, first)   # 31 to 34
        self.no_trace_of_edges(self.alice)

    def test_edge_that_went_away(self):
        """9.3, the other way: the edge itself is gone, and its flows with it."""
        third = Edge(self.daemon, "ep3.example.org")
        try:
            self.bob[1]._connect = third.connect
            self.bob[1].reconnects()
            self.register(1)
        finally:
            third.stop()
        self.alice.sends("INVITE", to=self.bob[0])
        self.answered(self.alice, self.bob[0])
        self.hang_up(self.bob[0], self.alice)

    def test_reregistration_through_the_same_edge(self):
        """9.4: the same reg-id and Call-ID over a new flow replace the old one, with a new token."""
        first, second = self.bob
        first.loses_connection()
        first.connects()
        again = self.register(0)
        self.assertNotEqual(again.get("Path"), self.answers[0].get("Path"))
        self.assertEqual(len(self.daemon.bindings(first.user)), 2)
        self.alice.sends("INVITE", to=first)
        self.answered(self.alice, first)
        second.pings()   # rings once
        self.hang_up(self.alice, first)

    def test_outgoing_call(self):
        """9.5: the edge's Record-Route comes back to Bob, so that all he says in the dialog goes through the edge."""
        first = self.bob[0]
        first.sends("INVITE", to=self.alice)
        self.answered(first, self.alice)
        [route] = first.dialog.route_set
        self.assertIn(self.edges[0].address, route)
        self.hang_up(first, self.alice)
        self.no_trace_of_edges(self.alice)

    def test_outgoing_call_that_the_other_side_ends(self):
        """The edge's Record-Route, with the token of that flow, is the way back to a Contact that says `ob`."""
        first = self.bob[0]
        first.sends("INVITE", to=self.alice)
        self.answered(first, self.alice)
        self.hang_up(self.alice, first)

    def test_last_flow_is_lost_during_a_call(self):
        """The call ends properly over the flow that follows."""
        first, second = self.bob
        self.register(1, expires=0)
        self.alice.sends("INVITE", to=first)
        self.answered(self.alice, first)
        first.loses_connection()
        first.connects()
        self.register(0)
        self.hang_up(self.alice, first)


if __name__ == "__main__":
    unittest.main()
