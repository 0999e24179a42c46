"""IPv4 and IPv6: a phone of either calls a phone of the other, and neither learns which the other one has."""

from support.flow_test import FlowTest


class AddressFamily(FlowTest):
    hosts = "::1", "127.0.0.1"

    def setUp(self):
        super().setUp()
        self.six, self.four = self.phone("alice", host="::1"), self.phone("bob", host="127.0.0.1")
        self.six.registers()
        self.four.registers()

    def test_a_call_from_six_to_four(self):
        self.call(self.six, self.four)
        self.hang_up(self.four, self.six)

    def test_a_call_from_four_to_six(self):
        self.call(self.four, self.six)
        self.hang_up(self.six, self.four)

    def test_the_invitation_names_no_address_of_either(self):
        self.six.sends("INVITE", to=self.four)
        invite = self.four.receives("INVITE")
        for name, value in invite.fields:
            for address in "::1", "127.0.0.1":
                self.assertNotIn(address, value, f"in {name}: outside media, addresses are nobody's business")
        self.four.sends(486)
        self.four.receives("ACK")
        self.six.receives(486)
