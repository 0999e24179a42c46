"""When a program that tells nobody that it is ready has got so far."""

import threading
import time
from pathlib import Path

from .limits import patience


def wait_until_listening(port: int, process, errors) -> None:
    """Until somebody listens at that port of 127.0.0.1, as the kernel says. `errors` tells what the program wrote."""
    wanted = f":{port:04X} 00000000:0000 0A"
    deadline = time.monotonic() + patience(15)
    while wanted not in Path("/proc/self/net/tcp").read_text():
        if process.poll() is not None or time.monotonic() > deadline:
            raise AssertionError(f"nobody listens at {port}\n{errors()[-2000:]}")
        threading.Event().wait(0.02)
