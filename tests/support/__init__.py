"""What the tests outside the C++ tree stand on: a strict SIP phone, the daemon as a fixture, a demo PKI."""
