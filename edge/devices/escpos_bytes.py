"""Rows -> the bytes of a profile's printer. Nothing in here waits or talks.

Text is ours: python-escpos sends ``¥`` in Chinese text as four bytes of GB18030 whose middle
reads as digits, so that ``¥88.00`` prints as another amount, and single-byte code pages for a
line of full-width punctuation. A line with a character that the printer has not is drawn, and
only that line: a receipt is 200 bytes in characters and 20 kB in dots.
"""

from __future__ import annotations

from collections.abc import Sequence

from edge.devices.paper import Bitmap, Row, Style, column_width, printable
from edge.devices.printers.codes import code128, qr
from edge.devices.printers.drawn import draw_text
from edge.devices.printers.pictures import picture_bytes
from edge.devices.profiles import PrinterProfile

LEADING_DOTS = 6
"""Between lines of 24 dots at the usual spacing of a sixth of an inch."""


def escpos_bytes(rows: Sequence[Row], profile: PrinterProfile) -> bytes:
    """Return the bytes that put these rows on paper."""
    text = profile.text
    out = bytearray(text.initialise)
    if text.code_page >= 0:
        out += b"\x1bt" + bytes([text.code_page])
    for row in rows:
        out += _row(row, profile)
    return bytes(out)


def _row(row: Row, profile: PrinterProfile) -> bytes:
    match row.style:
        case Style.CUT:
            cut = profile.cut
            return cut.command if cut.auto else b"\n" * cut.feed_lines
        case Style.DRAWER:
            return profile.drawer.pulse
        case Style.PICTURE:
            return _centred(row.picture, profile) if row.picture else b""
        case Style.QR:
            return _centred(qr(row.text, profile), profile) or _line(row, profile)
        case Style.CODE128:
            return _centred(code128(row.text, profile), profile) or _line(row, profile)
        case _:
            return _line(row, profile)


def _centred(what: bytes | Bitmap | None, profile: PrinterProfile) -> bytes:
    content = picture_bytes(what, profile) if isinstance(what, Bitmap) else what
    return profile.text.centre + content + profile.text.left if content else b""


def _line(row: Row, profile: PrinterProfile) -> bytes:
    text, large = profile.text, row.style is Style.LARGE
    sent = native_text(row.text, text.encoding)
    if sent is None:
        # Strips are as high as a character, so that nothing can stand between two of them.
        leading = LEADING_DOTS if profile.image.command == "gs_v0" else 0
        width = profile.media.width_dots
        picture = draw_text(printable(row.text), width, large=large, leading_dots=leading)
        dots = picture_bytes(picture, profile) if picture else b""
        if dots:
            return dots
        # Nothing to draw with: the rest of the line is worth more than none of it.
        sent = encode_text(row.text, text.encoding)
    if text.encoding == "gbk":
        sent = text.hanzi_on + sent + text.hanzi_off
    return (text.large_on if large else b"") + sent + b"\n" + (text.large_off if large else b"")


def native_text(text: str, encoding: str) -> bytes | None:
    """Return a line in the printer's own characters; None if it lacks one of them.

    In a single-byte code page a character that the layout counts as two columns wide would move
    all that stands after it, so it counts as lacking, but for the yen sign, which gets a space.
    """
    shown = printable(text)
    if encoding != "gbk":
        shown = shown.replace("￥", " ¥")
        if any(column_width(char) != 1 for char in shown):
            return None
    try:
        return shown.encode(encoding)
    except UnicodeEncodeError:
        return None


def encode_text(text: str, encoding: str) -> bytes:
    """Encode a line for a printer; a character it has not becomes ``?``."""
    return printable(text).encode(encoding, "replace")
