"""What of all that scanners deliver is a scan: size, text, not the same one twice. Pure.

A printed code is written by anybody. Whatever it holds, it becomes a text of a known size without
control characters, or a fault that a person can be told of.
"""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum

from edge.devices.scanners.frame import RAW_BYTES_MAX

RAW_BYTES_MIN = 4
"""Anything shorter is noise on the wire: it is counted, and nobody is bothered with it."""
SAME_S = 1.5
"""The same code again within this is the same code: held up longer, or seen by two scanners."""
RATE_CODES = 30
RATE_S = 10.0
"""More codes than this in such a time come from no hand: the scanner is broken or set wrongly."""
_REMEMBERED = 256
_UNSEEN = frozenset(
    "\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2028\u2029\u2066\u2067\u2068\u2069\ufeff"
)


class Fault(StrEnum):
    """Why what a scanner delivered is no scan."""

    TOO_SHORT = "too-short"
    TOO_LONG = "too-long"
    CONTROL = "control-characters"
    NOT_TEXT = "not-text"
    """It is not UTF-8."""


def read_text(raw: bytes) -> str | Fault:
    """Return the text of a code, or why it has none."""
    if len(raw) < RAW_BYTES_MIN:
        return Fault.TOO_SHORT
    if len(raw) > RAW_BYTES_MAX:
        return Fault.TOO_LONG
    if any(byte < 0x20 or byte == 0x7F for byte in raw):
        return Fault.CONTROL
    try:
        text = raw.decode("utf-8")
    except UnicodeDecodeError:
        return Fault.NOT_TEXT
    # C1 controls, and what turns the direction of a text around on a screen.
    if any(0x80 <= ord(c) < 0xA0 or c in _UNSEEN for c in text):
        return Fault.CONTROL
    return text


class Lately:
    """Remembers which codes came a moment ago. Holds at most ``_REMEMBERED``."""

    def __init__(self) -> None:
        self._seen: dict[bytes, float] = {}

    def has(self, raw: bytes, now_s: float) -> bool:
        """Say whether this code came within ``SAME_S``.

        If so it counts from now: a code that lies before a scanner for a minute is one scan.
        """
        before = self._seen.get(raw)
        if before is None or now_s - before > SAME_S:
            return False
        self.note(raw, now_s)
        return True

    def note(self, raw: bytes, now_s: float) -> None:
        """Note that this code came now."""
        self._seen.pop(raw, None)
        self._seen[raw] = now_s
        for old in list(self._seen):
            if len(self._seen) <= _REMEMBERED and now_s - self._seen[old] <= SAME_S:
                break
            del self._seen[old]


class Pace:
    """Counts how fast one scanner delivers."""

    def __init__(self) -> None:
        self._times: list[float] = []

    def is_too_fast(self, now_s: float) -> bool:
        """Say whether one more is too many, and count it if it is not."""
        self._times = recent(self._times, now_s - RATE_S)
        if len(self._times) >= RATE_CODES:
            return True
        self._times.append(now_s)
        return False


def recent(times: Iterable[float], since_s: float) -> list[float]:
    """Return the times that lie after a moment."""
    return [t for t in times if t > since_s]
