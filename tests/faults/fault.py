"""The base of the fault tests: while something bad happens, a good client is served within a second; afterwards the
daemon holds as little as before."""

import contextlib
import json
import re
import resource
import socket
import threading
import time
from pathlib import Path

from support.daemon import DOMAIN
from support.flow_test import FlowTest
from support.limits import patience

SOURCE = "127.0.0.9"        # where the good clients come from
MIB = 1 << 20
# What the product has, where the other tests have no limit.
PRODUCT = {"connections_per_source": 64, "handshakes_per_second": 500, "auth_failures_per_minute": 10}


def options(number: int, method: str = "OPTIONS", headers: str = "", body: bytes = b"", length: int | None = None) -> bytes:
    """A request that the daemon answers itself."""
    text = (f"{method} sip:{DOMAIN} SIP/2.0\r\nVia: SIP/2.0/TLS x.invalid;branch=z9hG4bKfault{number}\r\n"
            f"Max-Forwards: 70\r\nFrom: <sip:a@{DOMAIN}>;tag={number}\r\nTo: <sip:{DOMAIN}>\r\nCall-ID: fault{number}\r\n"
            f"CSeq: {number + 1} {method}\r\n{headers}Content-Length: {len(body) if length is None else length}\r\n\r\n")
    return text.encode() + body


class Witness:
    """Asks all the time, over a connection that it has and over new ones, and keeps how long it waited."""

    def __init__(self, connect, fresh: bool) -> None:
        self._connect, self._fresh = connect, fresh
        self._stop = threading.Event()
        self.old: list = []     # seconds for an answer over the connection from before
        self.new: list = []     # for handshake and answer
        self.fault: BaseException | None = None
        self._connection = connect()
        self._thread = threading.Thread(target=self._watch, daemon=True)
        self._thread.start()

    def _ask(self, connection, number: int) -> None:
        connection.send(options(number))
        answer = connection.next(patience(5))
        if getattr(answer, "status", None) != 200:
            raise AssertionError(f"the good client got {answer}")

    def _watch(self) -> None:
        number = 0
        try:
            while not self._stop.wait(0.02) or not self.old or (self._fresh and not self.new):
                number += 1
                begun = time.monotonic()
                self._ask(self._connection, number)
                self.old.append(time.monotonic() - begun)
                if self._fresh and number % 5 == 1:
                    begun = time.monotonic()
                    with contextlib.closing(self._connect()) as connection:
                        self._ask(connection, number)
                        self.new.append(time.monotonic() - begun)
        except BaseException as fault:
            self.fault = fault

    def end(self) -> None:
        self._stop.set()
        self._thread.join(patience(20))
        self._connection.close()


class FaultTest(FlowTest):
    config = {"limits": PRODUCT}
    spare_memory = 8 * MIB   # what allocator and tables may keep after the first time

    def setUp(self) -> None:
        super().setUp()
        soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))

    def good_connection(self):
        return self.daemon.connect(source=SOURCE)

    @contextlib.contextmanager
    def good_clients_are_served(self, fresh: bool = True):
        """Within a second, each time; `fresh`: new connections too."""
        witness = Witness(self.good_connection, fresh)
        try:
            yield witness
        finally:
            witness.end()
        if witness.fault:
            raise witness.fault
        self.assertTrue(witness.old and (witness.new or not fresh), "the good client was not even asked")
        self.assertLess(max(witness.old), patience(1), "over the connection from before")
        if fresh:
            self.assertLess(max(witness.new), patience(1), "over a new connection")

    # -- what the daemon says and holds ------------------------------------------------------------------------
    def status(self) -> dict:
        return json.loads(self.daemon.sotto("--json", "status").stdout)

    def counts(self, name: str) -> int:
        status = self.status()
        return {**status["connections"], **status["sip"]}[name]

    def eventually(self, what: str, holds, timeout: float = 15) -> None:
        deadline = time.monotonic() + patience(timeout)
        while not holds():
            if time.monotonic() > deadline:
                raise AssertionError(f"{what}: not within {timeout} s\n{json.dumps(self.status())}\n{self.daemon.log[-3000:]}")
            time.sleep(0.05)

    def memory(self) -> int:
        """Bytes of its own that it has in memory."""
        text = Path(f"/proc/{self.daemon.pid}/smaps_rollup").read_text()
        return sum(int(n) for n in re.findall(r"^Private_(?:Clean|Dirty): +(\d+) kB", text, re.M)) * 1024

    @contextlib.contextmanager
    def memory_comes_back(self):
        """And with it connections and transactions."""
        before, open_before = self.memory(), self.counts("open")
        yield
        self.eventually("connections end", lambda: self.counts("open") <= open_before)
        self.eventually("memory comes back", lambda: self.memory() - before < self.spare_memory)
        self.assertEqual(self.counts("internal_errors"), 0)

    # -- attackers ---------------------------------------------------------------------------------------------
    def raw(self, source: str = "127.0.0.1") -> socket.socket:
        """A TCP connection, and no TLS."""
        connection = socket.create_connection(("127.0.0.1", self.daemon.tls_port), patience(10), (source, 0))
        self.addCleanup(connection.close)
        return connection

    def attacker(self, source: str = "127.0.0.1", **options_):
        """A TLS connection of somebody without an account."""
        connection = self.daemon.connect(source=source, **options_)
        self.addCleanup(connection.close)
        return connection

    def is_closed(self, connection: socket.socket, timeout: float = 15) -> bool:
        """The daemon has ended it, whatever it has said before."""
        connection.settimeout(patience(timeout))
        try:
            while connection.recv(65536):
                pass
        except TimeoutError:
            return False
        except OSError:
            pass
        return True

    def statuses(self, connection, count: int, timeout: float = 10) -> list:
        """Status codes of the next messages; "closed" when the connection ends before."""
        found: list = []
        deadline = time.monotonic() + patience(timeout)
        while len(found) < count:
            item = connection.next(deadline - time.monotonic())
            if item is None:
                raise AssertionError(f"only {found} after {timeout} s")
            found.append(getattr(item, "status", item))
            if item == "closed":
                break
        return found
