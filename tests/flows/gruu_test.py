"""RFC 5627 section 9: a registration that yields GRUUs, a call whose callee answers from its public GRUU, a subscription
to that very device, and its return after a crash."""

import re
import unittest

from support.flow_test import FlowTest


def gruus(ok) -> tuple:
    """(public, temporary) as the 200 to a REGISTER gives them."""
    return tuple(ok.contact.params[name].strip('"') for name in ("pub-gruu", "temp-gruu"))


class Gruu(FlowTest):
    config = {"weaken": {"public_gruus": True}}   # the RFC's example has one

    def setUp(self):
        super().setUp()
        [self.caller] = self.registered("alice")
        self.callee = self.phone("bob")
        self.ok = self.callee.registers(headers={"Supported": "gruu"})   # (1), (2)

    def call(self):
        """(3) to (8). Sotto puts a target of its own in the place of the GRUU: one that no other dialog shares."""
        public, _ = gruus(self.ok)
        self.caller.sends("INVITE", to=self.callee)
        self.callee.receives("INVITE")
        self.callee.sends(200, headers={"Contact": f"<{public}>"})
        ok = self.caller.receives(200)
        self.assertNotIn(public, str(ok))
        self.assertNotIn("gr=", ok.contact.uri)
        self.caller.sends("ACK")
        self.callee.receives("ACK")   # at its registered contact: the phone looks

    def test_registration(self):
        public, temporary = gruus(self.ok)
        port = self.daemon.tls_port   # not the usual one, so that it must be said
        self.assertTrue(public.startswith(f"{self.callee.aor}:{port};gr="), public)
        self.assertRegex(temporary, rf"^sip:[\w-]{{48}}@example\.org:{port};gr$")
        self.assertNotIn(self.callee.instance, public)   # the RFC's example shows it: whoever is given it knows the phone
        self.assertFalse(self.ok.has("Require") or self.ok.has("Supported"))   # 5.2

    def test_requests_to_the_device_that_answered(self):
        """(9) to (16): what is sent to the target of the dialog reaches that very device. The RFC's example subscribes to its
        dialogs; Sotto carries no subscription that would show other calls: 489, and the dialog goes on."""
        self.call()
        self.caller.sends("SUBSCRIBE", headers={"Event": "dialog", "Expires": "60"})
        self.caller.receives(489)
        for one, other in ((self.caller, self.callee), (self.callee, self.caller)):
            one.sends("INFO", body=b"Signal=5\r\n", content_type="application/dtmf-relay")
            other.receives("INFO")
            other.sends(200)
            one.receives(200)
        self.hang_up(self.caller, self.callee)

    def test_subscription_outside_a_dialog_is_refused_whoever_is_asked_for(self):
        public, temporary = gruus(self.ok)
        self.callee.hangs_up_tls()
        for address in (public, temporary, self.caller.aor, "sip:nobody@example.org"):
            self.caller.sends("SUBSCRIBE", to=address, headers={"Event": "dialog"})
            self.caller.receives(489)

    def test_return_after_a_crash(self):
        """(17), (18): the public GRUU is the same, the temporary ones of before lead nowhere, and it is reached anew."""
        public, temporary = gruus(self.ok)
        self.callee.loses_connection()
        self.callee.connects()
        self.callee.register_call_id = self.ladder.is_secret(self.callee, "Call-ID", "hf8asxzff8s7f@192.0.2.2")
        again, fresh = gruus(self.callee.registers(headers={"Supported": "gruu"}))
        self.assertEqual(again, public)
        self.assertNotEqual(fresh, temporary)
        self.caller.sends("INVITE", to=temporary)
        self.caller.receives(404)
        for address in (public, fresh):
            self.caller.sends("INVITE", to=address)
            self.callee.receives("INVITE")
            self.callee.sends(486)
            self.caller.receives(486)
            self.callee.receives("ACK")

    def test_a_transfer_to_a_temporary_gruu(self):
        """3.2: whoever was given one may refer others to it; they reach that device and no other of its account."""
        _, temporary = gruus(self.ok)
        [carol, desk] = self.registered("carol", "bob.desk")
        FlowTest.call(self, carol, self.caller)
        carol.sends("REFER", headers={"Refer-To": f"<{temporary}>", "Referred-By": f"<{carol.aor}>"})
        target = re.match(r"<([^>]*)>$", self.caller.receives("REFER").get("Refer-To"))[1]
        self.assertRegex(target, r"^sip:[\w-]{48}@example\.org(:\d+)?;gr$")
        self.assertNotIn(self.callee.user, target, "nobody is told whose it is")
        self.caller.sends(202)
        carol.receives(202)
        self.caller.sends("INVITE", to=target)
        self.callee.receives("INVITE")
        self.callee.sends(200)
        self.caller.receives(200)
        self.caller.sends("ACK")
        self.callee.receives("ACK")
        desk.has_received_nothing_else()
        self.hang_up(self.caller, self.callee)

    def test_whoever_was_called_at_a_temporary_gruu_stays_unknown(self):
        """3.1.2: it hides the address, in what the callee asks for later as well."""
        _, temporary = gruus(self.ok)
        self.caller.sends("INVITE", to=temporary)
        self.callee.receives("INVITE")
        self.callee.sends(200)
        self.caller.receives(200)
        self.caller.sends("ACK")
        self.callee.receives("ACK")
        for method in ("UPDATE", "OPTIONS", "BYE"):
            self.callee.sends(method)
            request = self.caller.receives(method)
            self.assertNotIn(self.callee.user, str(request))
            self.caller.sends(200)
            self.callee.receives(200)

    def test_call_from_a_temporary_gruu(self):
        """3.1.2: one's own Contact; the other side sees neither it nor the address behind it."""
        _, temporary = gruus(self.ok)
        self.callee.sends("INVITE", to=self.caller, headers={"Contact": f"<{temporary}>"})
        invite = self.caller.receives("INVITE")
        self.assertNotIn(temporary, str(invite))
        self.caller.sends(200)
        self.callee.receives(200)
        self.callee.sends("ACK")
        self.caller.receives("ACK")
        self.hang_up(self.caller, self.callee)


if __name__ == "__main__":
    unittest.main()
