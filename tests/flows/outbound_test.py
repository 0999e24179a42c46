"""One device over several connections (RFC 5626): it rings once, over whichever connection lives."""

import threading

from support.flow_test import FlowTest


class TwoFlows(FlowTest):
    def setUp(self):
        super().setUp()
        [self.alice] = self.registered("alice")
        self.flows = []
        for number in (1, 2):
            phone = self.phone(f"bob.flow{number}")
            if self.flows:
                phone.instance = self.flows[0].instance
                self.ladder.initiate(self.flows[0], phone)   # they are one device
                self.ladder.initiate(phone, self.flows[0])
            phone.registers(contact=f'<{phone.contact}>;reg-id={number};+sip.instance="<{phone.instance}>"',
                            headers={"Supported": "outbound, path"})
            self.flows.append(phone)

    def ringing(self):
        """The flow that the call came over, and the other."""
        self.alice.sends("INVITE", to=self.flows[0])
        self.alice.receives(100)
        for phone, other in (self.flows, self.flows[::-1]):
            if phone.has_unread("INVITE"):
                return phone, other
        self.fail(f"neither rings\n{self.ladder}")

    def test_device_rings_once(self):
        rings, other = self.ringing()
        rings.receives("INVITE")
        other.has_received_nothing_else()
        rings.sends(486)
        self.alice.receives(486)

    def test_call_takes_the_flow_that_is_left(self):
        rings, other = self.ringing()
        rings.receives("INVITE")
        rings.sends(486)
        self.alice.receives(486)
        rings.loses_connection()
        self.alice.sends("INVITE", to=other)
        other.receives("INVITE")
        other.sends(200)
        self.alice.receives(200)
        self.alice.sends("ACK")
        other.receives("ACK")
        self.hang_up(self.alice, other)


class CutDuringACall(FlowTest):
    threads = 2

    def test_call_ends_by_bye_over_the_flow_that_follows(self):
        """The connection is cut at TCP level; the phone comes back and hangs up, or is hung up on."""
        for hangs_up, other in ((0, 1), (1, 0)):
            phones = alice, bob = self.registered("alice", "bob")
            self.call(alice, bob)
            for cut in phones:
                cut.loses_connection()
                self.daemon.wait_for_bindings(cut.user, 0)
                cut.connects()
                cut.registers()
            self.hang_up(phones[hangs_up], phones[other])
            phones[hangs_up].sends("BYE")   # the dialog is over for good
            phones[hangs_up].receives(481)
            for phone in phones:
                phone.unregisters()


class AcrossWorkers(FlowTest):
    """The caller's worker is not the one whose connection dies."""
    threads = 3

    def device(self, *numbers):
        flows = []
        for number in numbers:
            phone = self.phone(f"bob.flow{number}")
            if flows:
                phone.instance = flows[0].instance
                self.ladder.initiate(flows[0], phone)   # they are one device
                self.ladder.initiate(phone, flows[0])
            self.over_flow(phone, number)
            flows.append(phone)
        return flows

    def over_flow(self, phone, number, expires=600):
        phone.registers(expires, f'<{phone.contact}>;reg-id={number};+sip.instance="<{phone.instance}>"',
                        {"Supported": "outbound, path"})

    def test_flow_that_dies_unheard_is_replaced_at_once(self):
        """RFC 5626 7. The kernel spreads connections over the workers: with eight callers some are elsewhere."""
        for number in range(8):
            caller = self.phone("alice")
            caller.registers()
            flows = self.device(1, 2)
            caller.sends("INVITE", to=flows[0])
            caller.receives(100)
            rings, other = flows if flows[0].has_unread("INVITE") else flows[::-1]
            rings.receives("INVITE")
            rings.loses_connection()
            other.receives("INVITE", timeout=3)   # long before any timer
            other.sends(486)
            caller.receives(486)
            other.receives("ACK")
            self.over_flow(other, flows.index(other) + 1, expires=0)   # without its reg-id it would be another binding
            caller.hangs_up_tls()

    def ringing(self) -> tuple:
        caller, phone = self.registered("alice", "bob")
        caller.sends("INVITE", to=phone)
        phone.receives("INVITE")
        phone.sends(180)
        caller.receives(180)
        return caller, phone

    def is_cancelled(self, phone) -> None:
        cancel = phone.receives("CANCEL", timeout=3)
        phone.sends(200, answering=cancel)
        phone.sends(487)
        phone.receives("ACK")

    def test_phone_that_moves_while_it_rings_is_cancelled_where_it_is(self):
        """RFC 3261 9.1. Its old connection has ended, or hangs in the air."""
        for number in range(8):
            caller, phone = self.ringing()
            before = phone.connection
            if number % 2:
                phone.loses_connection()
                self.daemon.wait_for_bindings(phone.user, 0)
            phone.connects()
            phone.registers()
            caller.sends("CANCEL")
            caller.receives(200)
            self.is_cancelled(phone)
            caller.receives(487, timeout=3)
            before.close()
            phone.unregisters()
            phone.hangs_up_tls()
            caller.hangs_up_tls()

    def test_phone_that_comes_back_after_its_caller_has_given_up_rings_no_longer(self):
        for _ in range(8):
            caller, phone = self.ringing()
            phone.loses_connection()
            self.daemon.wait_for_bindings(phone.user, 0)
            caller.sends("CANCEL")
            caller.receives(200)
            caller.receives(487, timeout=3)   # nobody is there to wait for
            phone.connects()
            phone.registers()
            self.is_cancelled(phone)
            phone.unregisters()
            phone.hangs_up_tls()
            caller.hangs_up_tls()


class FlowTimer(FlowTest):
    config = {"registrar": {"flow_timer": "5s"}}

    def test_flow_without_a_sign_of_life_is_given_up(self):
        """RFC 5626 5.4: after more than Flow-Timer. Whoever pings lives on."""
        silent, pings = self.phone("bob.silent"), self.phone("bob.pings")
        for phone in (silent, pings):
            ok = phone.registers(contact=f'<{phone.contact}>;reg-id=1;+sip.instance="<{phone.instance}>"',
                                 headers={"Supported": "outbound, path"})
            self.assertEqual((ok.get("Require"), ok.get("Flow-Timer")), ("outbound", "5"))
        ended = threading.Event()
        waiting = threading.Thread(target=lambda: (silent.is_disconnected(20), ended.set()))
        waiting.start()
        while not ended.wait(2):
            pings.pings()
        waiting.join()
        pings.pings()
        self.daemon.wait_for_bindings(pings.user, 1)
