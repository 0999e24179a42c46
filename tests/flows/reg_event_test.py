"""A phone that watches its own registration (RFC 3680)."""

import xml.etree.ElementTree as xml

from support.flow_test import FlowTest

SPACE = "{urn:ietf:params:xml:ns:reginfo}"


class RegEvent(FlowTest):
    threads = 2

    def subscribes(self, phone):
        phone.sends("SUBSCRIBE", to=phone, headers={"Event": "reg", "Expires": 600})
        phone.receives(200)
        return self.told(phone)

    def told(self, phone):
        """What the next NOTIFY says: state of the registration, and the contacts with their states."""
        notify = phone.receives("NOTIFY")
        phone.sends(200)
        self.assertEqual(notify.get("Content-Type"), "application/reginfo+xml")
        registration = xml.fromstring(notify.body).find(f"{SPACE}registration")
        self.assertEqual(registration.get("aor"), phone.aor)
        return registration.get("state"), [contact.find(f"{SPACE}uri").text for contact in registration]

    def test_operator_who_removes_a_device_shows(self):
        bob, desk = self.registered("bob", "bob.desk")
        self.assertEqual(self.subscribes(bob), ("active", [bob.contact]))
        self.assertEqual(self.subscribes(desk), ("active", [desk.contact]))
        for binding in self.daemon.bindings(bob.user):
            self.daemon.sotto("binding", "remove", f"{bob.user}@{bob.domain}", binding["binding"], "--yes")
        self.assertEqual(self.told(bob), ("terminated", []))
        self.assertEqual(self.told(desk), ("terminated", []))
        bob.registers()
        self.assertEqual(self.told(bob), ("active", [bob.contact]))
        desk.has_received_nothing_else()

    def test_nobody_watches_another(self):
        alice, bob = self.registered("alice", "bob")
        answers = set()
        for address in (bob.aor, f"sip:nobody@{bob.domain}"):
            alice.sends("SUBSCRIBE", to=address, headers={"Event": "reg", "Expires": 600})
            answers.add(alice.receives(403).start)
        self.assertEqual(len(answers), 1)
        bob.has_received_nothing_else()
