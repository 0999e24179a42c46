"""Prometheus itself, with the alarms that are shipped, looking at one daemon."""

import datetime
import json
import shutil
import subprocess
import tempfile
import threading
import time
import urllib.error
import urllib.parse
import urllib.request
from pathlib import Path

from .daemon import Port
from .limits import patience

RULES = Path(__file__).resolve().parents[2] / "packaging" / "prometheus" / "sotto.rules.yml"


class Prometheus:
    """Asks the daemon and looks at the rules each second."""

    def __init__(self, metrics_port: int) -> None:
        self._folder = tempfile.mkdtemp(prefix="sotto-prometheus-")
        self._port = Port()
        configuration = Path(self._folder) / "prometheus.yml"
        configuration.write_text(json.dumps({   # JSON is YAML
            "global": {"scrape_interval": "1s", "scrape_timeout": "1s", "evaluation_interval": "1s"}, "rule_files": [str(RULES)],
            "scrape_configs": [{"job_name": "sotto", "static_configs": [{"targets": [f"127.0.0.1:{metrics_port}"]}]}]}))
        self._process = subprocess.Popen(
            ["prometheus", f"--config.file={configuration}", f"--storage.tsdb.path={self._folder}/data", "--log.level=error",
             f"--web.listen-address=127.0.0.1:{self._port.number}"],
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, cwd=self._folder)

    def stop(self) -> None:
        self._process.terminate()
        self._process.communicate(timeout=patience(20))
        self._port.release()
        shutil.rmtree(self._folder, ignore_errors=True)

    def silent(self, name: str) -> None:
        """The alarm does not ring, of figures that the daemon has told it."""
        self._wait_for(f"what is asked for {name}", lambda: self._query(self._rule(name)["query"].split(" > ")[0]))
        known = time.time()
        self._wait_for(f"a look at {name}", lambda: self._time(self._rule(name)["lastEvaluation"]) > known)
        rule = self._rule(name)
        if (rule["health"], rule["state"]) != ("ok", "inactive"):
            raise AssertionError(f"{name} rings: {rule}")

    def rings(self, name: str) -> dict:
        """The alarm, once it rings."""
        return self._wait_for(name, lambda: [alert for alert in self._rule(name)["alerts"] if alert["state"] == "firing"])[0]

    def falls_silent(self, name: str) -> None:
        self._wait_for(f"the end of {name}", lambda: self._rule(name)["state"] == "inactive")

    def _wait_for(self, what: str, look):
        deadline = time.monotonic() + patience(30)
        while True:
            try:
                if found := look():
                    return found
            except (ConnectionError, urllib.error.URLError, StopIteration):   # it is still starting
                pass
            if self._process.poll() is not None:
                raise AssertionError(f"prometheus has ended: {self._process.stderr.read().decode()}")
            if time.monotonic() > deadline:
                raise AssertionError(f"prometheus did not show {what}: {self._get('/api/v1/rules')}")
            threading.Event().wait(0.1)   # its pages are what there is to wait for

    def _rule(self, name: str) -> dict:
        rules = [rule for group in self._get("/api/v1/rules")["groups"] for rule in group["rules"]]
        return next(rule for rule in rules if rule["name"] == name)

    def _query(self, expression: str) -> list:
        return self._get(f"/api/v1/query?query={urllib.parse.quote(expression)}")["result"]

    def _get(self, path: str) -> dict:
        with urllib.request.urlopen(f"http://127.0.0.1:{self._port.number}{path}", timeout=patience(10)) as answer:
            return json.load(answer)["data"]

    @staticmethod
    def _time(text: str) -> float:
        return datetime.datetime.fromisoformat(text[:19] + "+00:00").timestamp()   # whole seconds do
