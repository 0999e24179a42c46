"""One device over several connections (RFC 5626): it rings once, over whichever connection lives."""

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
