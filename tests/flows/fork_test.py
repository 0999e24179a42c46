"""Forking (RFC 3261 16.5 to 16.7): one address, several phones."""

import threading
import time

from support.flow_test import FlowTest
from support.limits import patience


def tag_of(response) -> str:
    return response.to.tag


class ParallelFork(FlowTest):
    def setUp(self):
        super().setUp()
        self.alice, self.desk, self.mobile = self.registered("alice", "bob.desk", "bob.mobile")
        self.alice.sends("INVITE", to=self.desk)
        self.desk.receives("INVITE")
        self.mobile.receives("INVITE")

    def ring_both(self):
        tags = set()
        for phone in (self.desk, self.mobile):
            phone.sends(180)
            tags.add(tag_of(self.alice.receives(180)))
        self.assertEqual(len(tags), 2, "two early dialogs")

    def cancelled(self, phone):
        cancel = phone.receives("CANCEL")
        phone.sends(200)
        phone.sends(487)
        phone.receives("ACK")
        return cancel

    def test_one_answers(self):
        """The other is cancelled, and the call is with the one that answered."""
        self.ring_both()
        self.mobile.sends(200)
        self.alice.receives(200)
        self.alice.sends("ACK")
        self.mobile.receives("ACK")
        cancel = self.cancelled(self.desk)
        self.assertEqual(cancel.get("Reason"), 'SIP;cause=200;text="Call completed elsewhere"')   # RFC 3326
        self.hang_up(self.mobile, self.alice)
        self.desk.has_received_nothing_else()
        self.alice.has_received_nothing_else()

    def test_forks_look_unrelated(self):
        """Each fork has its own identifiers: two callees who compare them learn nothing (P3)."""
        one = next(iter(self.desk._server.values())).request
        other = next(iter(self.mobile._server.values())).request
        for what in ("Call-ID", "Via", "Contact"):
            self.assertNotEqual(one.get(what), other.get(what), what)
        self.assertNotEqual(one.from_.tag, other.from_.tag)

    def test_busy_on_one_does_not_end_the_other(self):
        self.ring_both()
        self.desk.sends(486)
        self.desk.receives("ACK")
        self.mobile.sends(200)
        self.alice.receives(200)
        self.alice.sends("ACK")
        self.mobile.receives("ACK")
        self.hang_up(self.alice, self.mobile)

    def test_both_busy(self):
        for phone in (self.desk, self.mobile):
            phone.sends(486)
            phone.receives("ACK")
        self.alice.receives(486)

    def test_best_response(self):
        """RFC 3261 16.7 step 6: the lowest class; a 503 never stands for the callee's own word."""
        self.desk.sends(503)
        self.mobile.sends(404)
        self.alice.receives(480)   # whoever is not there is 480

    def test_global_failure_ends_the_others(self):
        """RFC 3261 16.7 step 5."""
        self.ring_both()
        self.desk.sends(603)
        self.desk.receives("ACK")
        self.cancelled(self.mobile)
        self.alice.receives(603)

    def test_cancel_reaches_every_phone(self):
        self.ring_both()
        self.alice.sends("CANCEL")
        self.alice.receives(200)
        self.cancelled(self.desk)
        self.cancelled(self.mobile)
        self.alice.receives(487)

    def test_both_answer(self):
        """Two 200s that cross: both reach the caller (RFC 3261 16.7 step 5), who ends one of the two calls."""
        self.ring_both()
        self.desk.sends(200)
        self.mobile.sends(200)
        dialogs = {}
        for _ in range(2):
            answer = self.alice.receives(200)
            phone = next(p for p in (self.desk, self.mobile) if p.media.fingerprint in answer.body.decode())
            dialogs[phone] = self.alice.dialog
        self.assertEqual(len(dialogs), 2)
        for phone, dialog in dialogs.items():
            self.alice.sends("ACK", dialog=dialog)
            if phone.receives_one_of(("ACK", "CANCEL")).method == "CANCEL":   # it crossed the 200
                phone.sends(200)
                phone.receives("ACK")
        for phone, dialog in dialogs.items():
            self.alice.dialog = dialog
            self.hang_up(self.alice, phone)


class Breadth(FlowTest):
    def test_what_may_not_ring_at_once_rings_one_after_the_other(self):
        """RFC 5393 5.3.3."""
        alice, desk, mobile = self.registered("alice", "bob.desk", "bob.mobile")
        alice.sends("INVITE", to=desk, headers={"Max-Breadth": "1"})
        first = self.whoever_rings(desk, mobile)
        second = mobile if first is desk else desk
        first.receives("INVITE")
        second.has_received_nothing_else()
        first.sends(486)
        first.receives("ACK")
        self.assertEqual(second.receives("INVITE").get("Max-Breadth"), "1")
        second.sends(486)
        second.receives("ACK")
        alice.receives(486)

    @staticmethod
    def whoever_rings(*phones):
        deadline = time.monotonic() + patience(10)
        while time.monotonic() < deadline:
            for phone in phones:
                if not phone.connection.inbox.empty():
                    return phone
            threading.Event().wait(0.01)   # either may be the one that is asked first
        raise AssertionError("nobody rings")


class SerialFork(FlowTest):
    """RFC 3261 16.6: by q, the highest first."""

    def setUp(self):
        super().setUp()
        self.alice, self.desk, self.mobile = self.phone("alice"), self.phone("bob.desk"), self.phone("bob.mobile")
        self.alice.registers()
        self.desk.registers(contact=f"<{self.desk.contact}>;q=0.9")
        self.mobile.registers(contact=f"<{self.mobile.contact}>;q=0.2")

    def test_second_phone_rings_after_the_first_refused(self):
        self.alice.sends("INVITE", to=self.desk)
        self.desk.receives("INVITE")
        self.mobile.has_received_nothing_else()
        self.desk.sends(486)
        self.desk.receives("ACK")
        self.mobile.receives("INVITE")
        self.mobile.sends(200)
        self.alice.receives(200)
        self.alice.sends("ACK")
        self.mobile.receives("ACK")
        self.hang_up(self.alice, self.mobile)

    def test_second_phone_stays_silent_when_the_first_answers(self):
        self.call(self.alice, self.desk)
        self.mobile.has_received_nothing_else()
        self.hang_up(self.desk, self.alice)

    def test_cancel_ends_the_search(self):
        self.alice.sends("INVITE", to=self.desk)
        self.desk.receives("INVITE")
        self.desk.sends(180)
        self.alice.receives(180)
        self.alice.sends("CANCEL")
        self.alice.receives(200)
        self.desk.receives("CANCEL")
        self.desk.sends(200)
        self.desk.sends(487)
        self.alice.receives(487)
        self.mobile.has_received_nothing_else()


class ForkAcrossWorkers(ParallelFork):
    threads = 2
