"""Cuts what a scanner sends into codes. Pure.

A scanner on a wire sends bytes, not codes: its operator has set it to end each code with CR, LF or
CRLF, or with nothing, and then only silence tells one code from the next. However the bytes are
cut up on their way, the same codes come out.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum

RAW_BYTES_MAX = 4096
"""No code is longer: a QR code holds 2,953 bytes, a voucher has 226 digits."""
TOO_LONG = b"?" * (RAW_BYTES_MAX + 1)
"""Stands for a code that nobody has kept; the intake refuses it for its length."""
_SLACK_BYTES = 256
"""Room for acknowledgements before and after a code."""
_LINE_ENDS = b"\r\n"


class Terminator(StrEnum):
    """What ends a code. A silence ends it too, whichever it is."""

    CR = "cr"
    LF = "lf"
    CRLF = "crlf"
    IDLE = "idle"

    @property
    def mark(self) -> bytes:
        """The bytes; empty for silence alone."""
        return {"cr": b"\r", "lf": b"\n", "crlf": b"\r\n", "idle": b""}[self.value]


@dataclass(frozen=True, slots=True)
class FrameRules:
    """How a scanner separates its codes.

    Args:
        idle_s: A silence of this length ends a code.
        strip: What is no part of a code: answers of the device, the AIM identifier, an ECI. One
            with a control byte is taken out wherever it stands, as no code may hold one; any
            other only where a code begins.
        length_min: Anything shorter is noise and is dropped.
        length_max: Anything longer is ``TOO_LONG``.
    """

    terminator: Terminator = Terminator.CR
    idle_s: float = 0.030
    strip: tuple[bytes, ...] = ()
    length_min: int = 1
    length_max: int = RAW_BYTES_MAX


class Framer:
    """Collects bytes until a code is whole; holds at most a code and a little more.

    A code that is too long is given out once, as ``TOO_LONG``, so that it is refused and seen to
    be; the rest of it is dropped until it ends.
    """

    def __init__(self, rules: FrameRules) -> None:
        self._rules = rules
        self._held = bytearray()
        self._is_too_long = False

    @property
    def is_waiting(self) -> bool:
        """Whether part of a code is held, which a silence would end."""
        return bool(self._held) or self._is_too_long

    def feed(self, chunk: bytes) -> list[bytes]:
        """Return the codes that these bytes complete."""
        mark = self._rules.terminator.mark
        codes: list[bytes] = []
        self._held += chunk
        while mark:
            end = self._held.find(mark)
            if end < 0:
                break
            codes += self._ended(bytes(self._held[:end]))
            del self._held[: end + len(mark)]
        # What may be the first half of a CRLF does not count yet, and has to stay.
        half = max(0, len(mark) - 1)
        if len(self._held) > self._held_max + half:
            del self._held[: len(self._held) - half]
            codes += [] if self._is_too_long else [TOO_LONG]
            self._is_too_long = True
        return codes

    def silence(self) -> list[bytes]:
        """Return what the silence has ended."""
        rest = bytes(self._held)
        self._held.clear()
        return self._ended(rest)

    @property
    def _held_max(self) -> int:
        return self._rules.length_max + _SLACK_BYTES

    def _ended(self, raw: bytes) -> list[bytes]:
        if self._is_too_long:  # that was said already
            self._is_too_long = False
            return []
        code = stripped(raw, self._rules.strip)
        if len(raw) > self._held_max or len(code) > self._rules.length_max:
            return [TOO_LONG]
        return [code] if code and len(code) >= self._rules.length_min else []


def stripped(raw: bytes, strip: tuple[bytes, ...]) -> bytes:
    """Return a code without what a scanner has put around it."""
    for part in strip:
        if re.search(rb"[\x00-\x1f\x7f]", part):
            raw = raw.replace(part, b"")
    raw = raw.strip(_LINE_ENDS)
    again = True
    while again:
        again = False
        for part in strip:
            if part and raw.startswith(part):
                raw, again = raw[len(part) :], True
    return raw.strip(_LINE_ENDS)
