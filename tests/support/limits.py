"""How long a test waits. Every wait ends with the event it waits for; these are only the limits."""

import os


def patience(seconds: float) -> float:
    """`seconds` on the machine that the tests were written for; SOTTO_PATIENCE stretches it (sanitizers, slow CI)."""
    return seconds * float(os.environ.get("SOTTO_PATIENCE", "1"))
