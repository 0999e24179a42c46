"""Addresses that a text holds, whatever stands around them."""

import ipaddress
import re


def addresses_in(text: str) -> set:
    """All literals of IPv4 and IPv6."""
    found = set()
    for word in re.findall(r"[0-9A-Fa-f:.]+", text):
        for literal in (word, word.rsplit(":", 1)[0]):   # alone, and with a port
            try:
                found.add(str(ipaddress.ip_address(literal)))
            except ValueError:
                pass
    return found
