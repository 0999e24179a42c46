"""Unique values for every field that a client can fill, and the search for them in whatever form they come back."""

import base64
import hashlib
import re
import secrets
from collections import defaultdict
from dataclasses import dataclass

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
    """All tokens of one run. Each begins with a mark of the run, so that one look at the mark's few spellings finds any
    of them in any amount of data."""

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

    def finder(self) -> "Finder":
        return Finder(self)


class Finder:
    """Finds tokens in bytes: plain, hexadecimal, base64 at any alignment, and as an unsalted hash."""
    HASHES = (hashlib.md5, hashlib.sha1, hashlib.sha256)
    HEAD = 5   # characters by which a spelling is looked for first

    def __init__(self, tokens: Tokens) -> None:
        self._spellings: dict = {}            # bytes -> (token, form)
        self._by_head = defaultdict(set)      # first bytes -> the lengths of spellings that begin so
        self._hashes: dict = {}               # hex digest -> token
        for token in tokens:
            for form, spelling in spellings(token.text.encode()):
                self._spellings[spelling] = (token, form)
                self._by_head[spelling[:self.HEAD]].add(len(spelling))
            for algorithm in self.HASHES:
                self._hashes[algorithm(token.text.encode()).hexdigest()] = token

    def found(self, data: bytes) -> set:
        """(token, form) of everything in `data`."""
        out = set()
        for head, lengths in self._by_head.items():
            at = data.find(head)
            while at >= 0:
                for length in lengths:
                    known = self._spellings.get(bytes(data[at:at + length]))
                    if known:
                        out.add(known)
                at = data.find(head, at + 1)
        for digest in re.findall(rb"[0-9a-fA-F]{32,64}", data):
            token = self._hashes.get(digest.decode().lower())
            if token:
                out.add((token, "hash"))
        return out


def spellings(text: bytes) -> list:
    """(form, bytes). Of base64 the characters that do not depend on what stands beside the token."""
    out = [("plain", text), ("hex", text.hex().encode()), ("hex", text.hex().upper().encode())]
    for offset in range(3):
        whole = base64.b64encode(b"\0" * offset + text + b"\0" * 3)
        first = -(-offset * 8 // 6)                   # the first character made of the token alone
        last = (offset + len(text)) * 8 // 6          # one behind the last such
        out.append(("base64", whole[first:last]))
    return out
