"""A tone to play, so that there are media to count."""

import math
import struct
import wave
from pathlib import Path


def write(path: Path, rate: int = 8000, seconds: int = 30) -> Path:
    """440 Hz, mono, 16 bits."""
    with wave.open(str(path), "wb") as out:
        out.setnchannels(1)
        out.setsampwidth(2)
        out.setframerate(rate)
        out.writeframes(b"".join(struct.pack("<h", int(8000 * math.sin(2 * math.pi * 440 * i / rate)))
                                 for i in range(rate * seconds)))
    return path
