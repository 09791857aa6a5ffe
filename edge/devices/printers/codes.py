"""QR codes and Code 128: by the printer itself where the profile says so, drawn elsewhere."""

from __future__ import annotations

import importlib
import sys
import tempfile
from typing import Any

from edge.devices.paper import Bitmap
from edge.devices.printers.drawn import draw_code128, draw_qr
from edge.devices.profiles import PrinterProfile

BAR_MODULE_DOTS = 2
"""The narrowest that a scanner reads well and that all printers have."""
_BARS_HIGH = b"\x1dh\x48"  # GS h: 72 dots
_NO_LEGEND = b"\x1dH\x00"  # GS H 0: the text below is ours, so that it is never missing
_DATA_BYTES_MAX = 250
"""Of a Code 128 symbol: its command has one byte for the length."""


def qr(data: str, profile: PrinterProfile) -> bytes | Bitmap | None:
    """Return the commands for a QR code, or its dots; None if it cannot be on this paper."""
    module = profile.codes.module_dots
    if profile.codes.qr == "native":
        return _epson_qr(data, module)
    if profile.codes.qr == "star":
        return _star_qr(data.encode("utf-8"), module)
    if profile.codes.qr == "raster":
        return draw_qr(data, module, profile.media.width_dots)
    return None


def code128(data: str, profile: PrinterProfile) -> bytes | Bitmap | None:
    """Return the commands for a Code 128 symbol, or its dots; None if it cannot be on this paper.

    Args:
        data: ASCII; digits in pairs take half the width.
    """
    if not data.isascii() or not data.isprintable() or not data:
        return None
    if profile.codes.code128 == "raster":
        return draw_code128(data, BAR_MODULE_DOTS, profile.media.width_dots)
    sets = _code_sets(data)
    wide = code128_modules(data) * BAR_MODULE_DOTS
    too_large = len(sets) > _DATA_BYTES_MAX or wide > profile.media.width_dots
    if profile.codes.code128 == "none" or too_large:
        return None
    module = b"\x1dw" + bytes([BAR_MODULE_DOTS])
    return _BARS_HIGH + module + _NO_LEGEND + b"\x1dk\x49" + bytes([len(sets)]) + sets


def code128_modules(data: str) -> int:
    """Return how many modules wide a symbol is: start, characters, check, stop."""
    digits = data.isdigit() and len(data) % 2 == 0
    characters = len(data) // 2 if digits else len(data)
    return 11 * (characters + 2) + 13


def _code_sets(data: str) -> bytes:
    if data.isdigit() and len(data) % 2 == 0:
        return b"{C" + bytes(int(data[at : at + 2]) for at in range(0, len(data), 2))
    return b"{B" + data.encode("ascii").replace(b"{", b"{{")


def _epson_qr(data: str, module_dots: int) -> bytes:
    """GS ( k, by python-escpos."""
    dummy = _dummy_printer()
    dummy.qr(data, size=module_dots, native=True)
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


def _star_qr(content: bytes, module_dots: int) -> bytes:
    """ESC GS y of Star's "Line Mode Command Specifications"."""
    start = b"\x1b\x1dy"
    return (
        start + b"S0\x02" + start + b"S1\x00" + start + b"S2" + bytes([module_dots])
        + start + b"D1\x00" + len(content).to_bytes(2, "little") + content + start + b"P"
    )  # fmt: skip
