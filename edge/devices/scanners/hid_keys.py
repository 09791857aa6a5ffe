"""What a keyboard wedge has typed: from the kernel's key events to codes. Pure.

The scanner must be set to the layout of a US keyboard, for it sends keys and not characters.

Source: Linux ``input-event-codes.h``; ``struct input_event`` of the machine's own word size.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from typing import NamedTuple

from edge.devices.scanners.frame import RAW_BYTES_MAX, TOO_LONG

EVENT = struct.Struct("llHHi")
"""Seconds, microseconds, type, code, value."""
EV_SYN, EV_KEY = 0, 1
SYN_REPORT, SYN_DROPPED = 0, 3
UP, DOWN, HELD = 0, 1, 2

_ENTER = {28, 96}
_SHIFT, _CTRL, _ALT = {42, 54}, {29, 97}, {56, 100}
_CAPS_LOCK = 58
_KEYS: dict[int, str] = {
    **dict(zip(range(2, 14), ("1!", "2@", "3#", "4$", "5%", "6^", "7&", "8*", "9(", "0)", "-_",
                              "=+"), strict=True)),
    **dict(zip(range(16, 28), ("qQ", "wW", "eE", "rR", "tT", "yY", "uU", "iI", "oO", "pP", "[{",
                               "]}"), strict=True)),
    **dict(zip(range(30, 42), ("aA", "sS", "dD", "fF", "gG", "hH", "jJ", "kK", "lL", ";:", "'\"",
                               "`~"), strict=True)),
    **dict(zip(range(43, 54), ("\\|", "zZ", "xX", "cC", "vV", "bB", "nN", "mM", ",<", ".>", "/?"),
               strict=True)),
    15: "\t\t",
    57: "  ",
    86: "\\|",
}  # fmt: skip
"""A key, as it is and with Shift."""
_KEYPAD: dict[int, str] = {
    71: "7", 72: "8", 73: "9", 75: "4", 76: "5", 77: "6", 79: "1", 80: "2", 81: "3", 82: "0",
    55: "*", 74: "-", 78: "+", 83: ".", 98: "/",
}  # fmt: skip


class KeyEvent(NamedTuple):
    """One event as the kernel delivers it."""

    type: int
    code: int
    value: int


def events(held: bytearray) -> Iterator[KeyEvent]:
    """Take whole events off the beginning of what was read."""
    while len(held) >= EVENT.size:
        _, _, kind, code, value = EVENT.unpack_from(held)
        del held[: EVENT.size]
        yield KeyEvent(kind, code, value)


class KeyReader:
    """Types along with one scanner. Holds at most one code."""

    def __init__(self) -> None:
        self._typed = bytearray()
        self._down: set[int] = set()
        self._caps = False
        self._alt_digits = ""
        self._lost = False
        self._is_spoilt = False

    @property
    def is_waiting(self) -> bool:
        """Whether part of a code was typed."""
        return bool(self._typed) or self._is_spoilt

    def feed(self, event: KeyEvent) -> list[bytes]:
        """Return the code that this event completes, if any."""
        if event.type == EV_SYN:
            self._synchronise(event.code)
            return []
        if event.type != EV_KEY or self._lost:
            return []
        if event.value == UP:
            self._down.discard(event.code)
            if event.code in _ALT:
                self._end_of_alt()
            return []
        if event.value == DOWN:
            self._down.add(event.code)
            if event.code in _ENTER:
                return self.silence()
            self._press(event.code)
        return []  # a key that is held down repeats what the scanner never meant

    def silence(self) -> list[bytes]:
        """Return what was typed: nothing more comes."""
        typed, spoilt = bytes(self._typed), self._is_spoilt
        self._typed.clear()
        self._is_spoilt = False
        return [typed] if typed and not spoilt else []

    def _synchronise(self, code: int) -> None:
        if code == SYN_DROPPED:
            # Keys were lost, and nobody knows which: a part of a code must not pass for one.
            self._lost = self._is_spoilt = True
            self._typed.clear()
            self._down.clear()
            self._alt_digits = ""
        elif code == SYN_REPORT:
            self._lost = False

    def _press(self, code: int) -> None:
        if code == _CAPS_LOCK:
            self._caps = not self._caps
        elif self._down & _ALT and code in _KEYPAD:
            self._alt_digits += _KEYPAD[code]
        elif code in _KEYPAD:
            self._type(_KEYPAD[code])
        elif code in _KEYS:
            plain, shifted = _KEYS[code][0], _KEYS[code][1]
            wants_shift = bool(self._down & _SHIFT) != (self._caps and plain.isalpha())
            character = shifted if wants_shift else plain
            if self._down & _CTRL:  # how a wedge types GS and its like
                character = chr(ord(character.upper()) & 0x1F)
            self._type(character)

    def _end_of_alt(self) -> None:
        """A wedge may type any character as Alt and its number on the keypad."""
        digits, self._alt_digits = self._alt_digits, ""
        if digits.isdecimal() and int(digits[:4]) < 256:
            self._type(chr(int(digits[:4])))

    def _type(self, character: str) -> None:
        self._typed += character.encode("latin-1")
        if len(self._typed) > RAW_BYTES_MAX:
            self._typed = bytearray(TOO_LONG)
