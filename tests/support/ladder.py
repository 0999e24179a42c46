"""The ladder diagram of one test as it happened, shown when the test fails, and the watch over what must not arrive."""

import threading
import time

from .sip import SipError


class Ladder:
    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._start = time.monotonic()
        self._rungs: list = []
        self._secrets: dict = {}   # value -> (owner, what it is)
        self._initiated: set = set()   # (owner, who knows its secrets)
        self.phones: list = []
        self.messages: list = []   # the text of all that was sent and received

    def note(self, phone: str, arrow: str, text: str) -> None:
        with self._lock:
            self._rungs.append(f"{time.monotonic() - self._start:7.3f}  {phone:>8} {arrow} {text}")

    def is_secret(self, owner, what: str, value: str) -> str:
        """`value` was chosen by `owner` and must never arrive at anybody else. Returns it."""
        with self._lock:
            self._secrets[value] = (owner, what)
        return value

    def initiate(self, owner, other) -> None:
        """The test itself has told `other` what `owner` chose."""
        self._initiated.add((owner, other))

    def check_nothing_leaks(self, receiver, text: str) -> None:
        with self._lock:
            secrets = list(self._secrets.items())
        for value, (owner, what) in secrets:
            if owner is not receiver and (owner, receiver) not in self._initiated and value in text:
                raise SipError(f"the {what} of {owner.name} arrived at {receiver.name}: {value!r} in\n{text}")

    def subscribers(self) -> set:
        """The addresses of record of the phones, whole: user names of three letters are words of the log as well."""
        return {f"{phone.user}@{phone.domain}" for phone in self.phones}

    def __str__(self) -> str:
        """All that happened; at the end what has arrived and nobody has asked for."""
        with self._lock:
            rungs = list(self._rungs)
        for phone in self.phones:
            while (item := phone.connection.next(0)) is not None:
                rungs.append(f"unasked  {phone.name:>8} <- {getattr(item, 'start', item)}")
        return "\n".join(rungs)
