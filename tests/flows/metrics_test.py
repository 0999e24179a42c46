"""The metrics page as Prometheus sees it, and what it tells about people: nothing."""

import json
import re
import socket
import subprocess
import urllib.error
import urllib.request
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from support.daemon import Port
from support.flow_test import FlowTest
from support.limits import patience
from support.threads import OneThread, threads_of

ROOT = Path(__file__).resolve().parents[2]
PACKAGING = ROOT / "packaging" / "prometheus"


class Metrics(FlowTest):
    COMPLETED = 'sotto_handshakes_total{result="completed"}'   # as the page names it
    threads = 2

    @classmethod
    def setUpClass(cls) -> None:
        cls.port = Port()
        cls.addClassCleanup(cls.port.release)
        cls.config = {"metrics": {"listen": f"127.0.0.1:{cls.port.number}"}}
        super().setUpClass()

    def get(self, path: str = "/metrics", method: str = "GET"):
        request = urllib.request.Request(f"http://127.0.0.1:{self.port.number}{path}", method=method)
        return urllib.request.urlopen(request, timeout=patience(10))

    def page(self) -> str:
        with self.get() as answer:
            self.assertEqual(answer.headers["Content-Type"], "text/plain; version=0.0.4; charset=utf-8")
            return answer.read().decode()

    def figures(self) -> dict:
        """By name with labels."""
        lines = (line for line in self.page().splitlines() if not line.startswith("#"))
        return {name: float(value) for name, _, value in (line.rpartition(" ") for line in lines)}

    def test_guessing_shows_and_nobody_by_name(self):
        """How often passwords were wrong, in tens, and neither whose nor where from."""
        counted = 'sotto_auth_failures_total{handling="counted"}'
        before = self.figures()[counted]
        guesser = self.phone("alice", password="wrong")
        for _ in range(20):
            guesser.transmits(guesser.register_request())
            guesser.authenticates(guesser.receives(401))
            guesser.receives(401)
        self.assertGreaterEqual(self.figures()[counted], before + 10)
        for line in self.page().splitlines():
            if line.startswith("sotto_auth_failures_total"):
                self.assertRegex(line, r'^sotto_auth_failures_total\{handling="[a-z ]+"\} \d+$')
            self.assertNotIn(guesser.user, line)

    def test_a_query_does_not_matter(self):
        """Prometheus adds one where a job has `params`."""
        with self.get("/metrics?collect=all") as answer:
            self.assertIn("sotto_workers 2\n", answer.read().decode())

    def test_promtool_accepts_the_page(self):
        checked = subprocess.run(["promtool", "check", "metrics"], input=self.page(), text=True, capture_output=True,
                                 timeout=patience(20))
        self.assertEqual((checked.returncode, checked.stdout, checked.stderr), (0, "", ""))

    def test_promtool_accepts_the_configuration_that_the_page_shows(self):
        [shown] = re.findall(r"^```\n(scrape_configs:.*?)^```", (ROOT / "docs/metrics.md").read_text(), flags=re.S | re.M)
        file = self.daemon.folder / "prometheus.yml"
        file.write_text(shown)
        checked = subprocess.run(["promtool", "check", "config", str(file)], text=True, capture_output=True, timeout=patience(20))
        self.assertEqual(checked.returncode, 0, checked.stdout + checked.stderr)

    def test_promtool_accepts_the_alert_rules(self):
        for arguments in (("check", "rules", "sotto.rules.yml"), ("test", "rules", "sotto.rules.test.yml")):
            checked = subprocess.run(["promtool", *arguments], cwd=PACKAGING, text=True, capture_output=True,
                                     timeout=patience(30))
            self.assertEqual(checked.returncode, 0, checked.stdout + checked.stderr)

    def test_each_alarm_rings_in_a_test_of_the_rules(self):
        alarms = set(re.findall(r"- alert: (\w+)", (PACKAGING / "sotto.rules.yml").read_text()))
        rings = set(re.findall(r"alertname: (\w+)\n +exp_alerts:\n +- exp_labels", (PACKAGING / "sotto.rules.test.yml").read_text()))
        self.assertEqual(alarms, rings)

    def test_rules_and_dashboard_ask_for_what_there_is(self):
        there = {re.split(r"[{ ]", line)[0] for line in self.page().splitlines() if not line.startswith("#")}
        dashboard = json.loads((PACKAGING / "sotto-dashboard.json").read_text())
        asked = [target["expr"] for panel in dashboard["panels"] for target in panel["targets"]]
        asked += re.findall(r"expr:(.*?)\n\s+(?:for|labels):", (PACKAGING / "sotto.rules.yml").read_text(), re.S)
        names = {name for expression in asked for name in re.findall(r"\bsotto_[a-z_]+", expression)}
        self.assertGreater(len(names), 10)
        self.assertEqual(names - there, set())
        for expression in asked:   # and promtool reads each
            expression = expression.strip().removeprefix(">-").replace("$instance", "a")
            checked = subprocess.run(["promtool", "query", "instant", "http://127.0.0.1:1", expression], text=True,
                                     capture_output=True, timeout=patience(20))
            self.assertNotIn("parse error", checked.stderr, expression)

    def test_a_single_call_does_not_show(self):
        """Below ten it is nothing; status, for an operator who is known by name, tells the number."""
        alice, bob = self.registered("alice", "bob")
        before = self.figures()
        self.call(alice, bob)
        during = self.figures()
        for name in ('sotto_calls_total{outcome="answered"}', "sotto_bindings", "sotto_connections",
                     'sotto_transactions{side="server"}', "sotto_dialogs_ended", "sotto_audit_entries_total"):
            self.assertEqual(during[name] % 10, 0, name)
        self.hang_up(alice, bob)
        self.assertEqual(during['sotto_calls_total{outcome="answered"}'], before['sotto_calls_total{outcome="answered"}'])
        for _ in range(2):   # the time of the first is noted before the second begins
            self.daemon.sotto("account", "set", f"{alice.user}@example.org", "--relay-only", "off")
        status = json.loads(self.daemon.sotto("--json", "status").stdout)
        self.assertGreaterEqual(status["sip"]["calls_answered"], 1)
        self.assertGreaterEqual(status["dialogs"]["ended"], 1)
        self.assertEqual(status["silent_workers"], 0)
        for what in ("REGISTER", "INVITE", "BYE", "handshake", "accounts", "burst"):
            self.assertGreater(status["latency"][what]["half"], 0, what)
            self.assertGreaterEqual(status["latency"][what]["most"], status["latency"][what]["half"], what)
        self.assertEqual(status["latency"]["ledger"], {"half": 0, "most": 0})   # nothing is billed

    def test_many_calls_do_show(self):
        alice, bob = self.registered("alice", "bob")

        def a_call():
            self.call(alice, bob)
            self.hang_up(alice, bob)
        for _ in range(11):
            a_call()
        for method in ("INVITE", "BYE"):
            self.counts_in_the_end(f'sotto_answer_seconds_count{{method="{method}"}}', a_call)
        self.counts_in_the_end("sotto_burst_seconds_count", a_call)
        figures = self.figures()
        self.assertGreaterEqual(figures['sotto_calls_total{outcome="answered"}'], 10)
        self.assertGreaterEqual(figures["sotto_burst_seconds_sum"], 0)
        self.assertEqual(figures["sotto_workers"], 2)
        self.assertEqual(figures["sotto_workers_silent"], 0)
        self.assertGreater(figures['sotto_certificate_left_seconds{domain="example.org"}'], 0)

    def test_refusals_headers_registrations_and_handshakes_count(self):
        alice, bob = self.registered("alice", "bob")
        reason = "480 Temporarily Unavailable"
        names = (f'sotto_refusals_total{{reason="{reason}"}}', 'sotto_headers_dropped_total{name="Subject"}',
                 "sotto_registrations_total", 'sotto_handshakes_total{result="completed"}')
        before, refused = self.figures(), self.status()["refusals"].get(reason, 0)
        for _ in range(20):
            alice.sends("INVITE", to="sip:nobody-of-this-name@example.org")
            alice.receives(480)
            alice.sends("INVITE", to=bob, headers={"Subject": "the meeting"})
            bob.receives("INVITE")
            bob.sends(486)
            bob.receives("ACK")
            alice.receives(486)
            alice.registers()
            self.daemon.connect().close()
        after = self.figures()
        for name in names:
            self.assertGreaterEqual(after[name], before.get(name, 0) + 10, name)
            self.assertEqual(after[name] % 10, 0, name)
        self.assertGreaterEqual(self.status()["refusals"][reason], refused + 20)

    def test_transactions_that_run_are_counted(self):
        """An INVITE that rings is one of the server's and one of its own towards the callee; many show on the page, too."""
        alice, bob = self.registered("alice", "bob")
        alice.sends("INVITE", to=bob)
        bob.receives("INVITE")
        bob.sends(180)
        alice.receives(180)
        ringing = self.status()["sip"]
        for side in ("server", "client"):
            self.assertGreaterEqual(ringing[f"{side}_transactions"], 1)
        bob.sends(486)
        bob.receives("ACK")
        alice.receives(486)

    def status(self) -> dict:
        return json.loads(self.daemon.sotto("--json", "status").stdout)

    def test_how_long_is_shown_of_many_only(self):
        """Latencies are buckets in tens; the challenge is no answer, and neither is 100."""
        before = self.figures()
        answered = 'sotto_answer_seconds_count{method="REGISTER"}'
        alice = self.registered("alice")[0]
        after_one = self.figures()
        self.counts_in_the_end(answered, alice.registers)
        self.counts_in_the_end("sotto_handshake_seconds_count", lambda: self.daemon.connect().close())
        store = 'sotto_store_seconds_%s{store="accounts"%s}'
        self.counts_in_the_end(store % ("count", ""), lambda: self.daemon.sotto(
            "account", "set", f"{alice.user}@example.org", "--relay-only", "off"))
        figures = self.figures()
        self.assertEqual([page[answered] % 10 for page in (before, after_one, figures)], [0, 0, 0])
        self.assertLessEqual(after_one[answered], before[answered] + 10)
        for name, value in figures.items():
            if "_seconds_bucket" in name:
                self.assertEqual(value % 10, 0, name)
        self.assertEqual(figures[store % ("bucket", ',le="+Inf"')], figures[store % ("count", "")])

    def counts_in_the_end(self, name: str, act) -> None:
        """Each of the 15 buckets may hide nine."""
        before = self.figures()[name]
        for _ in range(15 * 9 + 10):
            act()
            if self.figures()[name] >= before + 10:
                return
        self.fail(f"{name} does not count")

    def test_nothing_falls_while_a_worker_hangs(self):
        """Whoever collects the figures would take it for a restart, and count all that has been once more."""
        for _ in range(60):
            self.daemon.connect().close()
        before = self.figures()
        self.assertGreaterEqual(before[self.COMPLETED], 60)
        with OneThread(threads_of(self.daemon.pid)["worker-0"]):   # the second's loop may be this one's guest
            during = [self.figures() for _ in range(2)]
        after = self.figures()
        for name in before:
            if re.search(r"_(total|bucket|sum|count)\b", name):
                values = [page[name] for page in (before, *during, after)]
                self.assertEqual(values, sorted(values), name)
        for page in during:
            self.assertGreaterEqual(page["sotto_workers_silent"], 1)
            self.assertGreaterEqual(page["sotto_worker_delay_seconds"], 1)
        self.assertEqual(after["sotto_workers_silent"], 0)

    def test_several_who_ask_while_a_worker_hangs_get_the_same(self):
        for _ in range(20):
            self.daemon.connect().close()
        before = self.figures()
        with OneThread(threads_of(self.daemon.pid)["worker-0"]), ThreadPoolExecutor(4) as pool:
            asked = [pool.submit(ask) for ask in (self.figures, self.figures, self.status, self.status)]
            answers = [one.result() for one in asked]
        for page in answers[:2]:
            self.assertGreaterEqual(page[self.COMPLETED], before[self.COMPLETED])
            self.assertGreaterEqual(page["sotto_workers_silent"], 1)
        for status in answers[2:]:
            self.assertGreaterEqual(status["connections"]["handshakes"], before[self.COMPLETED])
            self.assertGreaterEqual(status["silent_workers"], 1)
            self.assertGreaterEqual(status["delay_ms"], 1000)
        self.assert_call_works()

    def test_nothing_of_a_person_stands_on_the_page(self):
        alice, bob = self.registered("alice", "bob")
        self.call(alice, bob)
        page = self.page()
        for phone in (alice, bob):
            for value in (phone.user, phone.host, phone.contact_user, phone.instance, phone.register_call_id):
                self.assertNotIn(value, page)
        self.assertNotIn("127.0.0.1", page)
        self.hang_up(alice, bob)

    def test_other_requests(self):
        for path, method, status in (("/", "GET", 404), ("/metrics", "POST", 405), ("/metrics", "DELETE", 405)):
            with self.assertRaises(urllib.error.HTTPError) as refused:
                self.get(path, method)
            self.assertEqual(refused.exception.code, status)
        with self.get(method="HEAD") as answer:
            self.assertEqual(answer.read(), b"")

    def test_garbage_and_silence_do_not_stop_it(self):
        silent = [socket.create_connection(("127.0.0.1", self.port.number)) for _ in range(40)]
        try:
            for sent in (b"\0" * 100, b"GET /metrics HTTP/1.1\r\nX: " + b"a" * 20000, b"\r\n\r\n\r\n"):
                with socket.create_connection(("127.0.0.1", self.port.number), timeout=patience(10)) as connection:
                    try:
                        connection.sendall(sent)
                        while connection.recv(4096):
                            pass
                    except ConnectionError:
                        pass
        finally:
            for connection in silent:
                connection.close()
        self.assertIn("sotto_workers", self.page())

    def test_an_address_for_everybody_is_refused(self):
        self.daemon.config["metrics"] = {"listen": "0.0.0.0:9161"}
        self.daemon.write_config()
        try:
            refused = self.daemon.check_config()
        finally:
            self.daemon.config["metrics"] = self.config["metrics"]
            self.daemon.write_config()
        self.assertEqual(refused.returncode, 1)
        self.assertIn("metrics.listen", refused.stderr)
        self.assertIn('write "127.0.0.1:9161"', refused.stderr)
