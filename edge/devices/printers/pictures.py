"""Dots as the commands by which a profile's printer takes pictures. Pure.

A picture goes out in bands: small printers hold little, and one that has no room left for a
picture prints the rest of it as text.
"""

from __future__ import annotations

from edge.devices.paper import Bitmap
from edge.devices.profiles import PrinterProfile

STRIP_DOTS = 24
"""Rows of dots that a print head of ``ESC *`` or ``ESC X`` puts down at once."""
# Strips join only if the line is as high as the strip is.
_ESC_STAR = (b"\x1b3\x18", b"\x1b*\x21", b"\n", b"\x1b2")
# Star Line Mode: 3 mm are 24 dots; ESC z 1 is its own 4 mm again.
_ESC_X = (b"\x1b0", b"\x1bX", b"\n", b"\x1bz\x01")


def picture_bytes(picture: Bitmap, profile: PrinterProfile) -> bytes:
    """Return the commands for a picture; nothing if it is wider than the paper."""
    command = profile.image.command
    if picture.width_dots > profile.media.width_dots or command == "none":
        return b""
    if command == "gs_v0":
        return _raster(picture, profile.image.rows_max)
    before, begin, end, after = _ESC_STAR if command == "esc_star" else _ESC_X
    columns = picture.width_dots.to_bytes(2, "little")
    strips = (begin + columns + strip + end for strip in _strips(picture))
    return before + b"".join(strips) + after


def _raster(picture: Bitmap, rows_max: int) -> bytes:
    row_bytes = picture.width_dots // 8
    out = bytearray()
    for top in range(0, picture.height_dots, rows_max):
        height = min(rows_max, picture.height_dots - top)
        out += b"\x1dv0\x00" + row_bytes.to_bytes(2, "little") + height.to_bytes(2, "little")
        out += picture.bits[top * row_bytes : (top + height) * row_bytes]
    return bytes(out)


def _strips(picture: Bitmap) -> list[bytes]:
    """Return strips of 24 rows, each column by column from the left, three bytes downwards."""
    row_bytes = picture.width_dots // 8
    strips = []
    for top in range(0, picture.height_dots, STRIP_DOTS):
        part = picture.bits[top * row_bytes : (top + STRIP_DOTS) * row_bytes]
        rows = [part[at : at + row_bytes] for at in range(0, len(part), row_bytes)]
        rows += [bytes(row_bytes)] * (STRIP_DOTS - len(rows))
        strip = bytearray()
        for x in range(picture.width_dots):
            byte, shift = x // 8, 7 - x % 8
            column = 0
            for row in rows:
                column = column << 1 | (row[byte] >> shift & 1)
            strip += column.to_bytes(3)
        strips.append(bytes(strip))
    return strips
