"""A picture that somebody has sent -> one of ours: decoded, turned upright, drawn anew, small.

Nothing of the file itself is kept. What was hidden in it, or hung on behind it, is in no picture of
ours: no place and no camera, no script, no second file.
"""

from __future__ import annotations

import io
import threading
from typing import TYPE_CHECKING, NamedTuple

from central.errors import PictureRefused
from central.foundation.language.words import N_

if TYPE_CHECKING:
    from PIL.Image import Image as Drawn

FILE_BYTES_MAX = 8 << 20
BODY_BYTES_MAX = FILE_BYTES_MAX + (64 << 10)
"""Of a request that brings one: with the rest of its form."""
PIXELS_MAX = 50_000_000
"""As the file's head says it, before anything is unpacked: some 200 MB in memory."""
SIDE_MAX = 16_383
"""WebP has no longer one."""
MIME = "image/webp"
KINDS = ("image/png", "image/jpeg", "image/webp")
_FORMATS = ("PNG", "JPEG", "WEBP")
_QUALITY = 82
_ONE_AT_A_TIME = threading.Lock()
"""Several at once would need several times as much memory."""


class Picture(NamedTuple):
    """A WebP of ours: ``width`` × ``height`` pixels."""

    width: int
    height: int
    content: bytes

    def __repr__(self) -> str:
        """Leave out what it shows."""
        return f"Picture({self.width} × {self.height}, {len(self.content)} bytes)"


def redrawn(data: bytes, *sides: int) -> list[Picture]:
    """Return a picture file drawn anew, once for each longest side; it is never made larger.

    Args:
        data: PNG, JPEG or WebP, whatever its name or its sender says.
        sides: Pixels, the largest first.

    Raises:
        PictureRefused: it is none, is damaged, moves, or is too large; ``fault`` says which.
    """
    if len(data) > FILE_BYTES_MAX:
        raise PictureRefused(N_("A picture's file has 8 MB at most."), fault="too-many-bytes")
    with _ONE_AT_A_TIME:
        upright = _read(data, sides[0])
        return [_written(upright, side) for side in sides]


def _read(data: bytes, side: int) -> Drawn:
    from PIL import Image, ImageOps  # noqa: PLC0415 - only whoever sends a picture pays for it

    none = N_("This is no picture that can be read: PNG, JPEG or WebP.")
    try:
        sent = Image.open(io.BytesIO(data), formats=_FORMATS)
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as exc:
        raise _too_many_pixels() from exc
    except (OSError, ValueError, SyntaxError) as exc:
        raise PictureRefused(none, fault="not-a-picture") from exc
    with sent:
        if sent.width * sent.height > PIXELS_MAX or max(sent.size) > SIDE_MAX:
            raise _too_many_pixels()
        # A phone's JPEG may hold a preview or a depth map besides (MPO): that is no film.
        if sent.format in {"PNG", "WEBP"} and getattr(sent, "is_animated", False):
            raise PictureRefused(N_("A picture that moves is not taken."), fault="animated")
        try:
            sent.draft("RGB", (side, side))  # a JPEG is unpacked no larger than it has to be
            sent.load()
            drawn = ImageOps.exif_transpose(sent)
        except (OSError, ValueError, SyntaxError, EOFError, IndexError, OverflowError) as exc:
            raise PictureRefused(N_("The picture is damaged."), fault="damaged") from exc
    return _in_colour(drawn)


def _in_colour(drawn: Drawn) -> Drawn:
    """Return it in eight bits a channel, with transparency only if it has any."""
    if drawn.mode.startswith("I"):  # sixteen bits of grey; "convert" would cut them off
        drawn = drawn.point(lambda level: level / 257).convert("L")
    return drawn.convert("RGBA" if drawn.has_transparency_data else "RGB")


def _written(drawn: Drawn, side: int) -> Picture:
    small = drawn.copy()
    small.thumbnail((side, side))
    small.info.clear()  # whether the library would write what it has read of the file, or not
    out = io.BytesIO()
    small.save(out, "WEBP", quality=_QUALITY, method=4)
    return Picture(small.width, small.height, out.getvalue())


def _too_many_pixels() -> PictureRefused:
    return PictureRefused(N_("The picture has more than 50 million pixels, or is too long."),
                          fault="too-many-pixels")  # fmt: skip
