"""What a printer has no characters or codes for, drawn as dots. Pillow when it is first needed."""

from __future__ import annotations

import unicodedata
from typing import TYPE_CHECKING

from edge.devices.paper import Bitmap, column_width
from edge.devices.printers.fonts import find_font, font_of

if TYPE_CHECKING:
    from PIL.Image import Image as Picture

HALF_CELL_DOTS, CELL_DOTS = 12, 24
"""Font A of nearly every receipt printer, and its hanzi: 12 or 24 dots wide, 24 high."""
_BASELINE, _INK_MIN = 0.83, 84
_BARS_DOTS = 72


def draw_text(
    text: str, width_dots: int, *, large: bool = False, leading_dots: int = 0
) -> Bitmap | None:
    """Return a line of text as the printer's own characters would stand; None if it cannot be.

    Each character takes the columns that it takes in the layout, so that a drawn line aligns
    with the printed ones above and below. One that no font has is an empty box.

    Args:
        width_dots: Of the paper; what would stand beyond is left out.
        leading_dots: Blank rows below a line of normal size.
    """
    try:
        from PIL import Image  # noqa: PLC0415
    except ImportError:
        return None
    if find_font() is None:
        return None
    times = 2 if large else 1
    height = CELL_DOTS * times + (0 if large else leading_dots)
    canvas = Image.new("1", (width_dots, height), 0)
    x = 0
    for char in text:
        width = column_width(char) * HALF_CELL_DOTS * times
        if char != " " and width:
            canvas.paste(_glyph(char, width, CELL_DOTS * times), (x, 0))
        x += width
    return _bitmap(canvas)


def draw_qr(data: str, module_dots: int, width_dots: int) -> Bitmap | None:
    """Return a QR code without its quiet zone; None if it is too wide or cannot be drawn."""
    try:
        from qrcode.constants import ERROR_CORRECT_L  # type: ignore[import-untyped] # noqa: PLC0415
        from qrcode.main import QRCode  # type: ignore[import-untyped] # noqa: PLC0415
    except ImportError:
        return None
    symbol = QRCode(error_correction=ERROR_CORRECT_L, border=0)
    try:
        symbol.add_data(data)
        matrix: list[list[bool]] = symbol.get_matrix()
    except ValueError:  # more than the largest symbol holds
        return None
    return _modules(matrix, module_dots, module_dots, width_dots)


def draw_code128(data: str, module_dots: int, width_dots: int) -> Bitmap | None:
    """Return a Code 128 symbol; None if it is too wide or cannot be drawn."""
    try:
        from barcode.codex import Code128  # type: ignore[import-untyped] # noqa: PLC0415
    except ImportError:
        return None
    [bars] = Code128(data).build()
    return _modules([[bar == "1" for bar in bars]], module_dots, _BARS_DOTS, width_dots)


def _modules(matrix: list[list[bool]], wide: int, high: int, width_dots: int) -> Bitmap | None:
    width = len(matrix[0]) * wide
    if width > width_dots:
        return None
    padded = -width % 8
    rows = (
        "".join(("1" if black else "0") * wide for black in row) + "0" * padded for row in matrix
    )
    row_bytes = (width + padded) // 8
    bits = b"".join(int(row, 2).to_bytes(row_bytes) * high for row in rows)
    return Bitmap(width + padded, len(matrix) * high, bits)


def _glyph(char: str, width: int, height: int) -> Picture:
    from PIL import Image, ImageDraw  # noqa: PLC0415

    if unicodedata.bidirectional(char) == "B":  # the end of a paragraph: raqm lays out no such text
        return Image.new("1", (width, height), 0)
    font = font_of(char, round(height * 0.92))
    if font is None:
        box = Image.new("1", (width, height), 0)
        ImageDraw.Draw(box).rectangle((2, 2, width - 3, height - 3), outline=1)
        return box
    # A character wider than its cell is narrowed: nothing may touch the next one.
    drawn = max(width, round(font.getlength(char)))
    grey = Image.new("L", (drawn, height))
    ImageDraw.Draw(grey).text(
        (drawn / 2, round(height * _BASELINE)), char, fill=255, font=font, anchor="ms"
    )
    grey = grey.resize((width, height), Image.Resampling.LANCZOS)
    # Pillow blends edges; a thermal head cannot.
    return grey.point(lambda ink: 255 if ink >= _INK_MIN else 0).convert("1")


def _bitmap(picture: Picture) -> Bitmap:
    return Bitmap(picture.width, picture.height, picture.tobytes())
