"""A picture somebody has -> the black dots that a receipt printer can print."""

from __future__ import annotations

import io

from flask_babel import gettext

from central.errors import RequestInvalid
from edge.contract.receipt_template import LOGO_HEIGHT_DOTS_MAX, LOGO_WIDTH_DOTS_MAX, Logo

FILE_BYTES_MAX = 400 * 1024
PIXELS_MAX = 16_000_000
"""Of the picture as it was sent; read from its head, before any of it is unpacked."""
FORMATS = ("PNG", "JPEG", "GIF", "BMP")
_INK_BELOW = 128


def logo_from(data: bytes) -> Logo:
    """Return the logo of a picture file, made smaller if it is larger than may be.

    What is transparent is paper; grey becomes black or white, whichever is nearer. A picture with
    shades is drawn in dots of different density (Floyd and Steinberg).

    Raises:
        RequestInvalid: too large, no picture, or nothing on it.
    """
    if len(data) > FILE_BYTES_MAX:
        raise RequestInvalid(
            gettext("The logo's file is larger than %(n)d kB.", n=FILE_BYTES_MAX // 1024)
        )
    from PIL import Image  # noqa: PLC0415 - only whoever sends a logo pays for it

    try:
        with Image.open(io.BytesIO(data), formats=FORMATS) as sent:
            if sent.width * sent.height > PIXELS_MAX:
                raise RequestInvalid(gettext("The logo has more than 16 million pixels."))
            picture = sent.convert("RGBA")
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError) as exc:
        raise RequestInvalid(
            gettext("The logo is not a picture that can be read: PNG, JPEG, GIF or BMP.")
        ) from exc
    paper = Image.new("RGBA", picture.size, "white")
    paper.alpha_composite(picture)
    grey = paper.convert("L")
    grey.thumbnail((LOGO_WIDTH_DOTS_MAX, LOGO_HEIGHT_DOTS_MAX))
    # Lines and letters have few greys; dithering would only fray their edges.
    counts = grey.histogram()
    shades = sum(counts[48:208])
    if shades * 4 < grey.width * grey.height:
        dots = grey.point([0 if level < _INK_BELOW else 255 for level in range(256)])
    else:
        dots = grey
    width = -(-dots.width // 8) * 8
    canvas = Image.new("L", (width, dots.height), 255)
    canvas.paste(dots, ((width - dots.width) // 2, 0))
    # In mode "1" a set bit is white.
    bits = bytes(byte ^ 0xFF for byte in canvas.convert("1").tobytes())
    if not any(bits):
        raise RequestInvalid(
            gettext("Nothing of the logo would be seen on paper: it is all white.")
        )
    logo = Logo(width, dots.height, bits)
    logo.check()
    return logo
