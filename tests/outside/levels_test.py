"""What is logged of every kind of call that leaves the domain or enters it, and of records of billed calls, at every level of
the log: nothing by which anybody could be recognised (P8). flows/levels_test.py does so for calls within a domain."""

import signal
import unittest

from clients import network
from outside.far_end import FarEnd
from outside.name_server import NameServer, located
from outside.peer_test import Outside, peers
from support.billing import this_month
from support.daemon import Daemon, Port
from support.levels import EveryLevel
from support.phone import Phone

NUMBER, ALICES = "+442079460000", "+49301111111"
DEAD, UNANNOUNCED = "+339460001", "+338460002"
MASTER = "5a" * 32
REASON = "letter of the subscriber about her neighbour"
PLACE = b'<presence xmlns="urn:ietf:params:xml:ns:pidf" entity="pres:somebody@place.example"/>'


def setUpModule() -> None:
    network.enter(answer_names=False)


class LastingFarEnd(FarEnd):
    """The daemon ends often here: that its connections do so, too, is nothing that a flow waits for."""

    def arrived(self, connection, item) -> None:
        if item != "closed":
            super().arrived(connection, item)


class EveryCall(EveryLevel, Outside):
    typed = {MASTER, NUMBER, ALICES, DEAD, UNANNOUNCED, REASON, PLACE.decode()}

    @classmethod
    def setUpClass(cls) -> None:
        super().setUpClass()
        theirs, silent = cls.keep(Port(), "release"), cls.keep(Port(), "release")
        cls.far = cls.keep(LastingFarEnd("far.example", cls.authority.issue("far.example", ("far.example",)), cls.authority))
        cls.keep(NameServer({"example.org": located(cls.port.number), "example.net": located(theirs.number),
                             "example": located(cls.far.port, at="far") + located(silent.number, at="dead")}))
        master = cls.folder / "master.key"
        master.write_text(MASTER + "\n")
        master.chmod(0o600)
        gateway = {"kind": "gateway", "target": ["far.example"]}
        cls.org = cls.keep(Daemon(("alice", "bob", "carol"), peers(cls.authority, cls.port.number, [
            {"name": "friends", "kind": "peer", "match": ["example.net"]},
            {**gateway, "name": "dead", "match": ["+339"], "target": ["dead.example"]},
            {**gateway, "name": "mute", "match": ["+338"], "protection": "announce", "announcement": "carol@example.org"},
            {**gateway, "name": "carrier", "match": ["+"], "tariff": "abroad"},
            {**gateway, "name": "help", "kind": "emergency", "match": ["112", "urn:service:sos"]}])
            | {"billing": {"routes": [{"name": "carrier"}]}, "weaken": {"master_key_file": str(master)}},
            authority=cls.authority, numbering={"country_code": "49", "area_code": "30"}), "destroy")
        cls.org.sotto("account", "set", "alice@example.org", "--number", ALICES)
        cls.net = cls.keep(Daemon(("erin",), peers(cls.authority, theirs.number, [
            {"name": "all", "kind": "peer", "match": ["*"]}]), domain="example.net", authority=cls.authority), "destroy")

    def servers(self) -> tuple:
        return self.org, self.net

    def heard(self) -> list:
        return self.ladder.messages + self.far.messages

    # -- phones ----------------------------------------------------------------------------------------------
    def at_home(self, *names: str) -> list:
        phones = [self.phone(self.net if name == "erin" else self.org, name) for name in names]
        self.here += phones
        return phones

    def dials(self, phone: Phone, number: str = NUMBER, **options) -> tuple:
        phone.sends("INVITE", to=f"sip:{number}@example.org", **options)
        return self.far.receives("INVITE")

    def is_refused(self, phone: Phone, invited: tuple, status: int, heard: tuple, **options) -> None:
        self.far.answers(*invited, status, **options)
        self.far.receives("ACK")
        phone.receives_one_of(heard)

    # -- other domains ---------------------------------------------------------------------------------------
    def flow_to_another_domain_and_back(self) -> None:
        alice, erin = self.at_home("alice", "erin")
        for caller, callee in ((alice, erin), (erin, alice)):
            self.call(caller, callee)
            self.offer_again(callee, caller)
            self.hang_up(caller, callee)
            self.call_and_give_up(caller, callee)
            self.refused(caller, callee, 486, headers={"Privacy": "id"})
            caller.sends("MESSAGE", to=callee, body=b"the meeting is at nine", content_type="text/plain", sdp=False)
            callee.receives("MESSAGE")
            callee.sends(200)
            caller.receives(200)
        alice.sends("INVITE", to="sip:nobody-there@example.net")
        alice.receives(480)

    # -- the telephone network, whose calls are billed -------------------------------------------------------
    def flow_to_the_telephone_network(self) -> None:
        [alice] = self.at_home("alice")
        for headers in ({}, {"Privacy": "id"}):
            self.far.takes_a_call(alice, f"sip:{NUMBER}@example.org", headers=headers)
        self.is_refused(alice, self.dials(alice), 486, (486,))
        self.is_refused(alice, self.dials(alice), 302, (302, 480), headers=(("Contact", f"<sip:{DEAD}@far.example>"),))

    def flow_to_the_telephone_network_given_up(self) -> None:
        [alice] = self.at_home("alice")
        connection, invite = self.dials(alice)
        self.far.answers(connection, invite, 180)
        alice.receives(180)
        alice.sends("CANCEL")
        alice.receives(200)
        connection, cancel = self.far.receives("CANCEL")
        self.far.answers(connection, cancel, 200)
        self.is_refused(alice, (connection, invite), 487, (487,))

    def flow_to_the_telephone_network_by_a_transfer(self) -> None:
        """Alice, who pays, sends Bob there."""
        alice, bob = self.at_home("alice", "bob")
        self.call(alice, bob)
        with_alice = bob.dialog
        alice.sends("REFER", headers={"Refer-To": f"<sip:{NUMBER}@example.org>", "Referred-By": f"<{alice.aor}>"})
        refer = bob.receives("REFER")
        bob.sends(202)
        alice.receives(202)
        self.far.takes_a_call(bob, refer.get("Refer-To").strip("<>"), headers={"Referred-By": refer.get("Referred-By")})
        bob.dialog = with_alice
        self.hang_up(alice, bob)

    def flow_from_the_telephone_network(self) -> None:
        [alice] = self.at_home("alice")
        way = self.far.connect(self.port.number)
        way.send(self.far.request("INVITE", f"sip:{ALICES}@example.org", f"<sip:{NUMBER}@far.example>;tag=1",
                                  f"<sip:{ALICES}@example.org>", sdp=True).bytes())
        alice.receives("INVITE")
        alice.sends(486)
        alice.receives("ACK")
        self.far.receives(486)

    def flow_over_a_crash(self) -> None:
        [alice] = self.at_home("alice")
        self.far.answers(*self.dials(alice), 200, sdp=True)
        alice.receives(200)
        self.org.signal(signal.SIGKILL)
        self.org.reap()
        alice.hangs_up_tls()
        self.org.start()
        if self.org.writes("warning"):
            self.org.logged("records-ended")
        alice.connects()
        alice.registers()

    def flow_to_where_no_way_leads(self) -> None:
        [alice] = self.at_home("alice")
        alice.sends("INVITE", to=f"sip:{DEAD}@example.org")
        alice.receives(503)
        if self.org.writes("warning"):
            self.org.logged("route-unreachable")

    def flow_to_where_nobody_announces(self) -> None:
        [alice] = self.at_home("alice")
        self.is_refused(alice, self.dials(alice, UNANNOUNCED), 486, (486,))
        if self.org.writes("warning"):
            self.org.logged("route-unannounced")

    def flow_with_records_as_operators_see_them(self) -> None:
        exported = self.org.sotto("--json", "billing", "export", "--period", this_month(), "--reason", REASON).stdout
        self.assertIn(NUMBER, exported)
        self.org.sotto("retention", "plan")
        self.org.sotto("retention", "run", "--reason", REASON)
        self.org.sotto("subject", "export", "alice@example.org", "--output", str(self.folder / f"{self.level}.tar"), "--reason", REASON)

    # -- help ------------------------------------------------------------------------------------------------
    def flow_for_help(self) -> None:
        [alice] = self.at_home("alice")
        for to in ("urn:service:sos", "sip:112@example.org"):
            self.far.takes_a_call(alice, to, headers={"Privacy": "id"})
        body = (b"--b\r\nContent-Type: application/sdp\r\n\r\n" + alice.media.describe() +
                b"\r\n--b\r\nContent-Type: application/pidf+xml\r\nContent-ID: <place@phone>\r\n\r\n" + PLACE + b"\r\n--b--\r\n")
        alice.sends("INVITE", to="urn:service:sos", body=body, content_type="multipart/mixed;boundary=b",
                    headers={"Geolocation": "<cid:place@phone>"})
        self.is_refused(alice, self.far.receives("INVITE"), 486, (486,))
        if self.org.writes("info"):
            self.org.logged("emergency-call")


if __name__ == "__main__":
    unittest.main()
