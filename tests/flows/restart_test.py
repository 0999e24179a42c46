"""The daemon is restarted, or killed, in the middle of calls: what began before goes on. A supervisor plays systemd."""

import fcntl
import os
import re
import signal
import socket
from urllib.parse import quote, unquote

from support.daemon import DOMAIN
from support.flow_test import FlowTest
from support.supervisor import SupervisedDaemon
from support.tls import client_context


SEGMENT = 65536   # of the memory that is handed on: docs/operations.md


class Restart(FlowTest):
    daemon_type = SupervisedDaemon
    threads = 2

    def ends(self, number: int, phones: tuple) -> None:
        """The daemon gets the signal; the phones notice, and close what is closed."""
        self.daemon.signal(number)
        for phone in phones:
            phone.is_disconnected()
            phone.hangs_up_tls()
        self.assertEqual(self.daemon.has_ended(), 0 if number == signal.SIGTERM else -number, self.daemon.log)

    def restart(self, *phones, by: int = signal.SIGTERM) -> None:
        """As `systemctl restart`, or after a crash. The phones come back as phones do: a new connection, and a
        registration over it."""
        self.ends(by, phones)
        self.daemon.start()
        for phone in phones:
            phone.connects()
            phone.registers()

    def crash(self, *phones) -> None:
        """Killed between two instructions."""
        self.restart(*phones, by=signal.SIGKILL)

    def both_ways(self, disturb) -> None:
        alice, bob = self.registered("alice", "bob")
        for one, other in ((alice, bob), (bob, alice)):
            self.call(alice, bob)
            disturb(alice, bob)
            self.hang_up(one, other)
            for phone in (alice, bob):
                phone.has_received_nothing_else()

    def test_bye_from_either_side_after_a_restart(self):
        """The phones themselves check that Call-ID, tags and targets have kept their values."""
        self.both_ways(self.restart)
        if self.daemon.writes("info"):
            self.daemon.logged("taken-up")

    def test_bye_from_either_side_after_a_kill(self):
        self.both_ways(self.crash)

    def test_reinvite_and_update_after_a_restart(self):
        alice, bob = self.registered("alice", "bob")
        self.call(alice, bob)
        self.restart(alice, bob)
        for one, other in ((alice, bob), (bob, alice)):
            one.sends("INVITE", body=one.media.describe(direction="sendonly"))
            self.assertIn("a=sendonly", other.receives("INVITE").sdp)
            other.sends(200)
            one.receives(200)
            one.sends("ACK")
            other.receives("ACK")
        alice.sends("UPDATE", sdp=True)
        bob.receives("UPDATE")
        bob.sends(200, sdp=True)
        alice.receives(200)
        self.hang_up(bob, alice)

    def test_two_restarts_in_one_call(self):
        alice, bob = self.registered("alice", "bob")
        self.call(alice, bob)
        self.restart(alice, bob)
        self.crash(bob, alice)
        self.hang_up(alice, bob)

    def test_a_request_before_the_phone_has_registered_again(self):
        """A new connection proves who it is inside the dialog too; then its tokens open."""
        alice, bob = self.registered("alice", "bob")
        self.call(alice, bob)
        self.ends(signal.SIGTERM, (alice, bob))
        self.daemon.start()
        bob.connects()
        bob.registers()
        alice.connects()
        alice.gets_past_the_challenge(alice.sends("BYE"))
        bob.receives("BYE")
        bob.sends(200)
        alice.receives(200)

    def test_a_call_that_still_rings_when_the_process_ends_rings_no_longer(self):
        alice, bob = self.registered("alice", "bob")
        alice.sends("INVITE", to=bob)
        bob.receives("INVITE")
        bob.sends(180)
        alice.receives(180)
        self.daemon.signal(signal.SIGTERM)
        self.addCleanup(self.daemon.start)
        bob.receives("CANCEL")
        self.assertTrue(alice.receives(503).has("Retry-After"))
        for phone in (alice, bob):
            phone.is_disconnected()
            phone.hangs_up_tls()
        self.assertEqual(self.daemon.has_ended(), 0, self.daemon.log)

    def test_a_withheld_caller_can_be_asked_again_after_a_restart(self):
        """What was on its way to it ended with the process, which says nothing of its phone."""
        alice, bob = self.registered("alice", "bob")
        self.call(alice, bob, headers={"Privacy": "id"})
        bob.sends("INVITE", sdp=True)
        alice.receives("INVITE")
        bob.receives(100)
        self.restart(alice, bob)
        self.offer_again(bob, alice)
        self.hang_up(bob, alice)

    def test_the_other_side_is_not_back_yet(self):
        """481, never a hint whether the other party is online (SEALING.md "Ended dialogs")."""
        alice, bob = self.registered("alice", "bob")
        self.call(alice, bob)
        self.restart(alice)
        alice.sends("INFO", body=b"Signal=5\r\n", content_type="application/dtmf-relay")
        alice.receives(481)

    def test_a_dialog_that_had_ended_stays_ended(self):
        alice, bob = self.registered("alice", "bob")
        self.call(alice, bob)
        old = alice.dialog
        self.hang_up(bob, alice)
        for disturb in (self.restart, self.crash):
            disturb(alice, bob)
            alice.sends("INFO", dialog=old, body=b"Signal=5\r\n", content_type="application/dtmf-relay")
            alice.receives(481)
            bob.has_received_nothing_else()

    def test_a_target_that_is_no_binding(self):
        """A phone that calls from another Contact than it has registered: its target is a handle, which is sealed
        under a key of the process before."""
        alice, bob = self.registered("alice", "bob")
        alice.contact_user = self.ladder.is_secret(alice, "Contact user", "elsewhere-7f3a9c")
        self.call(alice, bob)
        self.restart(alice, bob)
        self.hang_up(bob, alice)

    def test_a_callee_who_withheld_itself_stays_withheld(self):
        """What it asked for in its answer holds to the end of the call, whatever happens to the daemon."""
        for disturb in (self.restart, self.crash):
            with self.subTest(disturb.__name__):
                alice, bob = self.registered("alice", "bob")
                alice.sends("INVITE", to=bob)
                bob.receives("INVITE")
                bob.sends(200, headers={"Privacy": "id"})
                alice.receives(200)
                alice.sends("ACK")
                bob.receives("ACK")
                disturb(alice, bob)
                for method in ("INFO", "BYE"):
                    bob.sends(method)
                    request = alice.receives(method)
                    self.assertEqual(request.from_.uri, "sip:anonymous@anonymous.invalid")
                    self.assertNotIn(bob.user, str(request))
                    alice.sends(200)
                    bob.receives(200)

    def test_a_transfer_that_was_asked_for_before(self):
        """The REFER went out before, and is followed afterwards: by the target that it gave, and once."""
        for disturb in (self.restart, self.crash):
            with self.subTest(disturb.__name__):
                alice, bob, carol = self.registered("alice", "bob", "carol")
                self.call(alice, bob)
                with_bob = alice.dialog
                self.call(alice, carol)
                with_carol, at_carol = alice.dialog, carol.dialog
                replaces = f"{with_carol.call_id};to-tag={with_carol.remote_tag};from-tag={with_carol.local_tag}"
                alice.sends("REFER", dialog=with_bob,
                            headers={"Refer-To": f"<{with_carol.target}?Replaces={quote(replaces, safe='')}>"})
                refer = bob.receives("REFER")
                bob.sends(202)
                alice.receives(202)
                disturb(alice, bob, carol)
                uri, _, value = re.match(r"<([^>]*)>", refer.get("Refer-To"))[1].partition("?Replaces=")
                bob.sends("INVITE", to=uri, headers={"Replaces": unquote(value)})
                self.assertTrue(carol.receives("INVITE").get("Replaces").startswith(at_carol.call_id + ";"))
                carol.sends(200)
                bob.receives(200)
                bob.sends("ACK")
                carol.receives("ACK")
                disturb(alice, bob, carol)
                bob.sends("INVITE", to=uri)
                bob.receives(480)
                carol.has_received_nothing_else()
                self.hang_up(carol, bob)

    def test_what_the_next_process_is_left_is_overwritten_when_it_dies(self):
        """A handle goes with its dialog, in the memory that is handed on too."""
        alice, bob = self.registered("alice", "bob")
        before = self.records()
        alice.contact_user = self.ladder.is_secret(alice, "Contact user", "elsewhere-51d0e7")
        self.call(alice, bob)
        self.assertGreater(self.records(), before)
        self.hang_up(alice, bob)
        self.assertEqual(self.records(), before)

    def test_the_key_of_names_is_handed_on_and_devices_keep_their_ids(self):
        """docs/adr/0025: under the daily key an account is known; tokens of before lead to the same id."""
        [alice] = self.registered("alice")
        [before] = self.daemon.bindings(alice.user)
        keys = self.hash_keys()
        self.assertTrue(keys.startswith(b"sotto epoch keys 1\n"), "there are none")
        for disturb in (self.restart, self.crash):
            disturb(alice)
            [after] = self.daemon.bindings(alice.user)
            self.assertEqual(after["binding"], before["binding"])
            self.assertEqual(self.hash_keys(), keys)

    def hash_keys(self) -> bytes:
        """The item `hash_keys` of the memory that is handed on (app/handover.cpp): which of two copies counts, a length, the
        keys."""
        memory, page, longest, item = self.daemon.stored["handover"], 4096, 32768, 3
        at = page + item * (page + 2 * (page + longest))
        [current] = os.pread(memory, 1, at)
        copy = at + page + (current - 1) * (page + longest)
        return os.pread(memory, int.from_bytes(os.pread(memory, 4, copy), "little"), copy + 4)

    def records(self) -> int:
        """How many handles stand in the memory that is handed on: records of 256 bytes and more in its segments."""
        memory = self.daemon.stored["handover"]
        size, at, count = os.fstat(memory).st_size, 0, 0
        while at < size:
            try:
                at = os.lseek(memory, at, os.SEEK_DATA) // SEGMENT * SEGMENT
            except OSError:
                break
            segment = os.pread(memory, SEGMENT, at)
            if segment.startswith(b"dialogs1") and segment[9] > 0:
                record = 16 << 2 * (segment[9] + 1)
                count += sum(any(segment[i:i + 16]) for i in range(record, SEGMENT, record))
            at += SEGMENT
        return count

    def test_clients_that_connect_between_two_processes_wait_and_are_served(self):
        daemon = self.daemon
        [alice] = self.registered("alice")
        self.ends(signal.SIGTERM, (alice,))
        early = [socket.create_connection(("127.0.0.1", daemon.tls_port)) for _ in range(8)]
        daemon.start()
        context = client_context(daemon.authority.certificate)
        for connection in early:
            with context.wrap_socket(connection, server_hostname=DOMAIN) as tls:
                self.assertEqual(tls.version(), "TLSv1.3")
        alice.connects()
        alice.registers()

    def test_one_listener_for_each_worker_and_one_sealed_memory_are_stored(self):
        listeners = [name for name in self.daemon.stored if name.startswith("listener-")]
        addresses = sum(len(addresses) for addresses in self.daemon.config["listen"].values())
        self.assertEqual(len(listeners), addresses * self.threads)
        memory = self.daemon.stored["handover"]
        self.assertTrue(fcntl.fcntl(memory, fcntl.F_GET_SEALS) & (fcntl.F_SEAL_SHRINK | fcntl.F_SEAL_GROW))
        self.assertEqual(set(self.daemon.stored), {*listeners, "handover"})
