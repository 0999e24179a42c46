"""The part of systemd: keeps the descriptors that the daemon stores (systemd.service(5), FileDescriptorStoreMax=), gives
them to the next process, and hears its watchdog."""

import array
import os
import select
import signal
import socket
import sys
import threading
from pathlib import Path

from .daemon import Daemon, binary
from .limits import patience


class SupervisedDaemon(Daemon):
    """A sottod that can be restarted as `systemctl restart` does it, or as after a crash."""
    watchdog_usec = 0   # 0: no watchdog

    def __init__(self, *arguments, **options) -> None:
        self.stored: dict = {}           # name -> descriptor
        self.said: list = []             # every assignment of every message, in order
        self._heard = threading.Condition()
        self._notify: socket.socket | None = None
        self._stop, self._stopped = os.pipe()
        super().__init__(*arguments, **options)

    def start(self) -> None:
        if self._notify is None:
            self._notify = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
            self._notify.bind(str(self.folder / "notify"))
            self._listener = threading.Thread(target=self._listen, daemon=True)
            self._listener.start()
        environment = {"NOTIFY_SOCKET": str(self.folder / "notify")}
        if self.watchdog_usec:
            environment["WATCHDOG_USEC"] = str(self.watchdog_usec)
        before = len(self.said)
        with self._heard:
            passed = ",".join(f"{name}={descriptor}" for name, descriptor in self.stored.items())
            self._spawn([sys.executable, Path(__file__).with_name("activate.py"), passed, binary("sottod"), "--config",
                         self.config_file], environment, tuple(self.stored.values()))
        if not self.hears("READY=1", before):
            raise AssertionError(f"sottod did not get ready ({self.exit_status}):\n{self.log}")

    def hears(self, what: str, after: int = 0, timeout: float = 20) -> bool:
        """Waits until the daemon says it; `after`: a former length of `said`. False: it did not, or it ended."""
        with self._heard:
            return self._heard.wait_for(lambda: what in self.said[after:] or not self.alive, patience(timeout)) \
                and what in self.said[after:]

    def has_ended(self, within: float = 20) -> int:
        """Waits for the end of the process, and returns its status."""
        status = self._process.wait(patience(within))
        self._drainer.join(patience(5))
        return status

    def destroy(self) -> None:
        try:
            super().destroy()
        finally:
            os.write(self._stopped, b"x")
            if self._notify is not None:
                self._listener.join(patience(5))
                self._notify.close()
            for descriptor in (*self.stored.values(), self._stop, self._stopped):
                os.close(descriptor)

    # -- what the daemon says --------------------------------------------------------------------------------
    def _listen(self) -> None:
        while True:
            ready, _, _ = select.select([self._notify, self._stop], [], [])
            if self._stop in ready:
                return
            message, descriptors = self._receive()
            with self._heard:
                self._act(message, descriptors)
                self._heard.notify_all()

    def _receive(self) -> tuple:
        descriptors = array.array("i")
        message, control, _, _ = self._notify.recvmsg(65536, socket.CMSG_SPACE(64 * descriptors.itemsize))
        for level, kind, data in control:
            if (level, kind) == (socket.SOL_SOCKET, socket.SCM_RIGHTS):
                descriptors.frombytes(data[:len(data) - len(data) % descriptors.itemsize])
        return message.decode(), list(descriptors)

    def _act(self, message: str, descriptors: list) -> None:
        lines = message.splitlines()
        self.said += lines
        said = dict(line.split("=", 1) for line in lines)
        if "FDSTOREREMOVE" in said and said["FDNAME"] in self.stored:
            os.close(self.stored.pop(said["FDNAME"]))
        if "FDSTORE" in said:
            [descriptor] = descriptors
            if said["FDNAME"] in self.stored:
                os.close(self.stored[said["FDNAME"]])
            self.stored[said["FDNAME"]] = descriptor
        elif descriptors:
            for descriptor in descriptors:
                os.close(descriptor)
