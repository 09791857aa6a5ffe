"""Where one ESC/POS command ends and the next begins, and which character a byte is. Pure.

Lengths are known from the commands alone, so bytes that look like a command inside an image are
image. Whatever is not in the table comes out as ``UNKNOWN``; nothing is skipped.

Source: Epson's "ESC/POS Command Reference"; the Chinese commands (FS) as GBK printers have them.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection
from typing import NamedTuple

IMAGE_BYTES_MAX = 1 << 20
"""14 m of 80 mm paper. A longer image is a length that was garbled on its way."""

TEXT = "text"
UNKNOWN = "unknown"

NOT_A_COMMAND = "this is no command that the printer has"
OUT_OF_RANGE = "a number is outside the range of the command"
CUT_SHORT = "the command ends before it is complete"
TOO_LONG = "the image would be longer than any receipt"


class Command(NamedTuple):
    """One command, or characters between commands.

    Args:
        offset: Where it begins, counted from the first byte fed.
        raw: All of its bytes.
        name: As in the reference ("ESC a"), or TEXT, or UNKNOWN.
        operands: What follows the name; for TEXT the characters.
        why: For UNKNOWN, the reason.
    """

    offset: int
    raw: bytes
    name: str
    operands: bytes = b""
    why: str = ""

    @property
    def is_real_time(self) -> bool:
        """Whether a printer obeys it on arrival, before what is waiting to be printed."""
        return self.name in {"DLE EOT", "DLE ENQ", "DLE DC4"}


class _Form(NamedTuple):
    """How a command looks after its name.

    Args:
        operands: How many bytes follow at least; they tell how many there are in all.
        first: The values that the first operand may have; None for any.
        total: From these bytes to the number of operands in all; None if that is all.
    """

    name: str
    operands: int = 0
    first: Collection[int] | None = None
    total: Callable[[bytes], int] | None = None


def _u16(low_high: bytes) -> int:
    return int.from_bytes(low_high, "little")


def _raster(header: bytes) -> int:
    return 5 + _u16(header[1:3]) * _u16(header[3:5])


def _column(header: bytes) -> int:
    return 3 + _u16(header[1:3]) * (3 if header[0] in {32, 33} else 1)


def _barcode(header: bytes) -> int:
    # m = 65 and above tell their length; the older form ends with NUL and is not supported.
    return 2 + header[1] if header[0] >= 65 else 2


_TWO = (0, 1, 48, 49)
_THREE = (0, 1, 2, 48, 49, 50)
_SIZES = [width << 4 | height for width in range(8) for height in range(8)]
_PRINT_MODES = [n for n in range(256) if not n & 0b0100_0110]
_HANZI_MODES = [n for n in range(256) if not n & 0b0111_0011]

_FORMS: dict[bytes, _Form] = {
    b"\x00": _Form("NUL"),
    b"\t": _Form("HT"),
    b"\n": _Form("LF"),
    b"\x0c": _Form("FF"),
    b"\r": _Form("CR"),
    b"\x18": _Form("CAN"),
    b"\x10\x04": _Form("DLE EOT", 1, (1, 2, 3, 4)),
    b"\x10\x05": _Form("DLE ENQ", 1, (0, 1, 2)),
    b"\x10\x14": _Form("DLE DC4", 1, (1, 8), lambda h: {1: 3, 2: 3, 8: 8}.get(h[0], 1)),
    b"\x1b!": _Form("ESC !", 1, _PRINT_MODES),
    b"\x1b*": _Form("ESC *", 3, (0, 1, 32, 33), _column),
    b"\x1b-": _Form("ESC -", 1, _THREE),
    b"\x1b2": _Form("ESC 2"),
    b"\x1b3": _Form("ESC 3", 1),
    b"\x1b@": _Form("ESC @"),
    b"\x1bE": _Form("ESC E", 1),
    b"\x1bG": _Form("ESC G", 1),
    b"\x1bJ": _Form("ESC J", 1),
    b"\x1bM": _Form("ESC M", 1, _TWO),
    b"\x1bR": _Form("ESC R", 1, range(16)),
    b"\x1ba": _Form("ESC a", 1, _THREE),
    b"\x1bd": _Form("ESC d", 1),
    b"\x1bi": _Form("ESC i"),
    b"\x1bm": _Form("ESC m"),
    b"\x1bp": _Form("ESC p", 3, _TWO),
    b"\x1bt": _Form("ESC t", 1, (0, 2, 16, 17, 19, 255)),
    b"\x1c!": _Form("FS !", 1, _HANZI_MODES),
    b"\x1c&": _Form("FS &"),
    b"\x1c.": _Form("FS ."),
    b"\x1cW": _Form("FS W", 1),
    b"\x1d!": _Form("GS !", 1, _SIZES),
    b"\x1d(": _Form("GS (", 3, b"k", lambda h: 3 + _u16(h[1:3])),
    b"\x1dB": _Form("GS B", 1),
    b"\x1dH": _Form("GS H", 1, (0, 1, 2, 3, 48, 49, 50, 51)),
    b"\x1dV": _Form("GS V", 1, (0, 1, 48, 49, 65, 66), lambda h: 2 if h[0] in {65, 66} else 1),
    b"\x1da": _Form("GS a", 1),
    b"\x1df": _Form("GS f", 1, _TWO),
    b"\x1dh": _Form("GS h", 1, range(1, 256)),
    b"\x1dk": _Form("GS k", 2, (73,), _barcode),
    b"\x1dr": _Form("GS r", 1, (1, 2, 49, 50)),
    b"\x1dv0": _Form("GS v 0", 5, (0, 1, 2, 3, 48, 49, 50, 51), _raster),
    b"\x1dw": _Form("GS w", 1, range(2, 7)),
}

_BEGINNINGS = {name[:i] for name in _FORMS for i in range(1, len(name))}
_LEAD_INS = b"\x10\x1b\x1c\x1d"
_CHARACTERS = re.compile(rb"[\x20-\x7e\x80-\xff]+")


class Commands:
    """Cuts a stream into commands, whatever pieces it arrives in.

    Characters may come in more than one TEXT; everything else is the same for any pieces.
    """

    def __init__(self) -> None:
        self._waiting = bytearray()
        self._offset = 0

    @property
    def begun_at_once(self) -> int:
        """How many bytes have arrived of a real-time command that is not complete."""
        return len(self._waiting) if self._waiting.startswith(b"\x10") else 0

    def feed(self, data: bytes) -> list[Command]:
        """Take the next bytes and return every command that is complete now."""
        self._waiting += data
        commands: list[Command] = []
        at = 0
        while at < len(self._waiting) and (command := self._next(at)) is not None:
            commands.append(command)
            at += len(command.raw)
        del self._waiting[:at]
        self._offset += at
        return commands

    def end(self) -> Command | None:
        """Forget a command whose end has not arrived, and return it as UNKNOWN."""
        raw = bytes(self._waiting)
        begun = Command(self._offset, raw, UNKNOWN, why=CUT_SHORT) if raw else None
        self._waiting.clear()
        self._offset += len(raw)
        return begun

    def _next(self, at: int) -> Command | None:
        characters = _CHARACTERS.match(self._waiting, at)
        if characters:
            raw = characters.group()
            return Command(self._offset + at, raw, TEXT, raw)
        length = 1
        while (name := bytes(self._waiting[at : at + length])) in _BEGINNINGS:
            if len(name) < length:
                return None
            length += 1
        if name in _FORMS:
            return self._with_operands(at, name, _FORMS[name])
        # A command cut short by the next one: the next one is none the worse for it.
        if len(name) > 1 and name[-1] in _LEAD_INS:
            name = name[:-1]
        return Command(self._offset + at, name, UNKNOWN, why=NOT_A_COMMAND)

    def _with_operands(self, at: int, name: bytes, form: _Form) -> Command | None:
        begin = at + len(name)
        header = bytes(self._waiting[begin : begin + form.operands])
        if len(header) < form.operands:
            return None
        total = form.total(header) if form.total else form.operands
        if total > IMAGE_BYTES_MAX:
            return Command(self._offset + at, name + header, UNKNOWN, why=TOO_LONG)
        if len(self._waiting) < begin + total:
            return None
        operands = bytes(self._waiting[begin : begin + total])
        if form.first is not None and operands[0] not in form.first:
            return Command(self._offset + at, name + operands, UNKNOWN, why=OUT_OF_RANGE)
        return Command(self._offset + at, name + operands, form.name, operands)


_CODE_PAGES = {0: "cp437", 2: "cp850", 16: "cp1252", 17: "cp866", 19: "cp858"}
# What stands at these twelve codes in the character sets 0 to 15 of ESC R.
_NATIONAL_CODES = "#$@[\\]^`{|}~"
_NATIONAL_SETS = (
    "#$@[\\]^`{|}~", "#$à°ç§^`éùè¨", "#$§ÄÖÜ^`äöüß", "£$@[\\]^`{|}~",
    "#$@ÆØÅ^`æøå~", "#¤ÉÄÖÅÜéäöåü", "#$@°\\é^ùàòèì", "₧$@¡Ñ¿^`¨ñ}~",
    "#$@[¥]^`{|}~", "#¤ÉÆØÅÜéæøåü", "#$ÉÆØÅÜéæøåü", "#$á¡Ñ¿é`íñóú",
    "#$á¡Ñ¿éüíñóú", "#$@[₩]^`{|}~", "#$ŽŠĐĆČžšđćč", "#¥@[\\]^`{|}~",
)  # fmt: skip


def one_byte_character(byte: int, code_page: int, national_set: int) -> str | None:
    """Return the character of one byte from 0x20 up, or None if the code page has none there.

    Args:
        code_page: n of ESC t: 0, 2, 16, 17 or 19.
        national_set: n of ESC R: 0 to 15.
    """
    try:
        char = bytes([byte]).decode(_CODE_PAGES[code_page])
    except UnicodeDecodeError:
        return None
    place = _NATIONAL_CODES.find(char)
    return char if place < 0 else _NATIONAL_SETS[national_set][place]


def is_gbk_trail(byte: int) -> bool:
    """Say whether a byte can be the second of a GBK character: never a control byte."""
    return 0x40 <= byte <= 0xFE and byte != 0x7F


def gbk_character(lead: int, trail: int) -> str | None:
    """Return the character of two bytes, or None if GBK has none there."""
    try:
        return bytes([lead, trail]).decode("gbk")
    except UnicodeDecodeError:
        return None
