"""Unique values for every field that a client can fill, and the search for them in whatever form they come back."""

import base64
import hashlib
import secrets
import subprocess
import tempfile
from dataclasses import dataclass
from itertools import chain

from support.daemon import binary

LETTERS = "abcdefghijkmnopqrstuvwxyz"   # in lower case: a server that changes case leaves them as they are
FORMS = ("plain", "hex", "base64", "hash")


@dataclass(frozen=True)
class Token:
    text: str
    owner: str    # who filled it in
    field: str    # where: "INVITE: Subject"
    needed: bool  # the other side cannot do without it
    part: str     # of the test in which it was made


class Tokens:
    """All tokens of one run. They begin with a mark of the run, so that a person sees in a trace what is one."""

    def __init__(self) -> None:
        self._word_mark = "z" + "".join(secrets.choice(LETTERS) for _ in range(5))
        self._number_mark = str(secrets.randbelow(9000) + 1000)
        self._network = f"10.{secrets.randbelow(150) + 100}"
        self._issued: dict = {}     # text -> Token
        self.part = ""

    def __iter__(self):
        return iter(self._issued.values())

    def word(self, owner: str, field: str, needed: bool = False) -> str:
        return self.adopt(self._word_mark + "".join(secrets.choice(LETTERS) for _ in range(10)), owner, field, needed)

    def number(self, owner: str, field: str, needed: bool = False) -> str:
        return self.adopt(f"{self._number_mark}{secrets.randbelow(10**10):010}", owner, field, needed)

    def address(self, owner: str, field: str, needed: bool = False) -> str:
        """An IPv4 address."""
        while True:
            text = f"{self._network}.{secrets.randbelow(155) + 100}.{secrets.randbelow(155) + 100}"
            if text not in self._issued:
                return self.adopt(text, owner, field, needed)

    def adopt(self, text: str, owner: str, field: str, needed: bool = False) -> str:
        """A value that had to be made elsewhere."""
        self._issued[text] = Token(text, owner, field, needed, self.part)
        return text

    def finder(self, part: str | None = None) -> "Finder":
        """Of all tokens, or of those made in one part of the test."""
        return Finder(token for token in self if part in (None, token.part))


class Finder:
    """Finds tokens in bytes: plain, hexadecimal, base64 at any alignment, and as an unsalted hash in each of these."""
    HASHES = (hashlib.md5, hashlib.sha1, hashlib.sha256)

    def __init__(self, tokens) -> None:
        meanings: dict = {}   # spelling -> (token, form)
        for token in tokens:
            text = token.text.encode()
            meanings.update((spelling, (token, form)) for form, spelling in spellings(text))
            for algorithm in self.HASHES:
                meanings.update((spelling, (token, "hash")) for _, spelling in spellings(algorithm(text).digest()))
        self._meanings = list(meanings.values())
        with tempfile.NamedTemporaryFile(suffix=".spellings") as spelled:
            spelled.write(b"".join(bytes([len(spelling)]) + spelling for spelling in meanings))
            spelled.flush()
            self._search = subprocess.Popen([binary("find_spellings"), spelled.name], stdin=subprocess.PIPE,
                                            stdout=subprocess.PIPE)
            self.found(b"")   # by its answer it has read the list

    def close(self) -> None:
        self._search.communicate()

    def found(self, data: bytes) -> set:
        """(token, form) of everything in `data`."""
        return self.found_in([data])

    def found_in(self, pieces) -> set:
        """The same, of what comes piece by piece; nothing is looked for across them."""
        for piece in chain(filter(None, pieces), [b""]):
            self._search.stdin.write(len(piece).to_bytes(8, "little") + piece)
        self._search.stdin.flush()
        return {self._meanings[int(number)] for number in self._search.stdout.readline().split()}


def spellings(text: bytes) -> list:
    """(form, bytes). Of base64, in both of its alphabets, the characters that do not depend on what stands beside."""
    out = [("plain", text), ("hex", text.hex().encode()), ("hex", text.hex().upper().encode())]
    for offset in range(3):
        first = -(-offset * 8 // 6)                   # the first character made of the text alone
        last = (offset + len(text)) * 8 // 6          # one behind the last such
        spelling = base64.b64encode(b"\0" * offset + text + b"\0" * 3)[first:last]
        out.append(("base64", spelling))
        if b"+" in spelling or b"/" in spelling:
            out.append(("base64", spelling.replace(b"+", b"-").replace(b"/", b"_")))
    return out
