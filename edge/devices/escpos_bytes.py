"""Rows -> ESC/POS bytes, as a profile's printer wants them. Pure.

Text is ours: python-escpos sends ``¥`` in Chinese text as four bytes of GB18030 whose middle
reads as digits, so that ``¥88.00`` prints as another amount, and single-byte code pages for a
line of full-width punctuation. QR codes are python-escpos's.
"""

from __future__ import annotations

import importlib
import sys
import tempfile
from collections.abc import Sequence
from typing import Any

from edge.devices.paper import Row, Style, printable
from edge.devices.profiles import PrinterProfile

INITIALISE = b"\x1b@"
CHINESE_ON = b"\x1c&"
CHINESE_OFF = b"\x1c."
SIZE_NORMAL = b"\x1d!\x00"
SIZE_DOUBLE = b"\x1d!\x11"
CENTRE, LEFT = b"\x1ba\x01", b"\x1ba\x00"
CUT_AFTER_FEED = b"\x1dVB\x00"
FEED_3 = b"\x1bd\x03"


def escpos_bytes(rows: Sequence[Row], profile: PrinterProfile) -> bytes:
    """Return the bytes that put these rows on paper."""
    out = bytearray(INITIALISE)
    for row in rows:
        if row.style is Style.CUT:
            out += CUT_AFTER_FEED if profile.cut else FEED_3
        elif row.style is Style.QR:
            out += CENTRE + _qr(row.text, profile) + LEFT
        else:
            large = row.style is Style.LARGE
            out += SIZE_DOUBLE if large else b""
            out += CHINESE_ON + encode_text(row.text, profile.encoding) + CHINESE_OFF + b"\n"
            out += SIZE_NORMAL if large else b""
    return bytes(out)


def encode_text(text: str, encoding: str) -> bytes:
    """Encode a line for a printer in Chinese mode; a character it has not becomes ``?``."""
    return printable(text).encode(encoding, "replace")


def _qr(data: str, profile: PrinterProfile) -> bytes:
    if not profile.qr:
        return encode_text(data, profile.encoding) + b"\n"
    dummy = _dummy_printer()
    dummy.qr(data, size=4, native=True)
    return bytes(dummy.output)


def _dummy_printer() -> Any:
    """Import python-escpos when it is first needed: it costs 10 MB and a quarter of a second.

    On import it makes a temporary directory that it never removes, so it is given one of ours.
    """
    if "escpos.printer" not in sys.modules:
        before = tempfile.tempdir
        with tempfile.TemporaryDirectory() as private:
            tempfile.tempdir = private
            try:
                importlib.import_module("escpos.printer")
            finally:
                tempfile.tempdir = before
    return sys.modules["escpos.printer"].Dummy()
