"""WebSocket (RFC 6455) as another author's client speaks and checks it."""

import json
import subprocess
from pathlib import Path

from support.daemon import DOMAIN
from support.flow_test import FlowTest
from support.limits import patience

SYSTEMS_PYTHON = "/usr/bin/python3"   # whose package python3-websockets is


class AnotherClient(FlowTest):
    config = {"web": {"origins": [f"https://{DOMAIN}"]}}

    def test_what_it_sends_and_accepts(self):
        client = subprocess.run([SYSTEMS_PYTHON, Path(__file__).with_name("websockets_client.py"),
                                 str(self.daemon.web_port), self.daemon.authority.certificate, DOMAIN, str(patience(5))],
                                capture_output=True, text=True, timeout=patience(60))
        self.assertEqual(client.returncode, 0, client.stderr)
        seen = json.loads(client.stdout)
        answered = "str SIP/2.0 200 OK"
        self.assertEqual(seen["exchanges"], {
            "subprotocol": "sip", "extensions": 0, "text": answered, "binary": answered, "fragments": answered,
            "fragments and pings": answered, "close": 4000})
        self.assertEqual([seen[end] for end in ("too big", "too big in fragments", "not SIP", "no UTF-8")],
                         [1009, 1009, 1007, 1007])
        self.assertEqual((seen["without sip"], seen["from elsewhere"]), (400, 403))
