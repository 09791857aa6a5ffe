"""Draws a paper as the printer would: every character in its cell, every code readable again.

Pillow and qrcode are imported when something is drawn, so that a unit without them can import
this module.
"""

from __future__ import annotations

import io
from pathlib import Path
from typing import TYPE_CHECKING

from edge.devices.printers import fonts
from edge.devices.simulated.code128 import modules
from edge.devices.simulated.escpos_paper import (
    HANZI_CELL_DOTS,
    Barcode,
    Cut,
    Feed,
    Image,
    Line,
    Paper,
    QrCode,
    Strip,
    TextRun,
    TextStyle,
)

if TYPE_CHECKING:
    from PIL.Image import Image as Picture
    from PIL.ImageFont import FreeTypeFont

find_font = fonts.find_font
MARGIN_DOTS = 24
HEIGHT_DOTS_MAX = 20_000
"""2.5 m of paper. What lies below is not drawn, so that a runaway feed costs no memory."""

_WHITE, _BLACK = 255, 0
_QR_LEVELS = {"L": 1, "M": 0, "Q": 3, "H": 2}  # the bits of ISO/IEC 18004, table 12
# Pillow blends edges; a thermal head cannot. Of 80, 100, 120, 140 and 160 this one keeps the
# strokes of a 24-dot hanzi whole without letting them run together (seen with wqy-microhei).
_INK_MIN = 120
# Where characters stand in a cell of height 1. The hanzi font fills its square, so it is made a
# little smaller than the cell: on paper, too, two hanzi do not touch.
_BASELINE = 0.79
_HANZI_BASELINE = 0.83
_HANZI_SIZE = 0.96
_FACES_MAX = 16


def draw_paper(paper: Paper, font: Path | None = None) -> bytes:
    """Return the picture of a paper as PNG: 1 bit a pixel, as wide as its printable dots.

    Above and below the print are MARGIN_DOTS of white; a dashed line is where it was cut.

    Args:
        font: A TrueType file with Chinese characters, see ``find_font``. Without one hanzi are
            outlined boxes and everything else is in Pillow's own font.

    Raises:
        ImportError: Pillow or qrcode is not installed.
        OSError: ``font`` cannot be read.
    """
    pen = _Pen(font)
    pictures: list[Picture] = []
    height = 0
    for strip in paper.strips:
        if height >= HEIGHT_DOTS_MAX:
            break
        pictures.append(pen.strip(strip, paper.width_dots, HEIGHT_DOTS_MAX - height))
        height += pictures[-1].height
    is_cut = any(isinstance(event, Cut) for event in paper.events)
    canvas = _blank(paper.width_dots, height + (3 if is_cut else 2) * MARGIN_DOTS)
    y = MARGIN_DOTS
    for picture in pictures:
        canvas.paste(picture, (0, y))
        y += picture.height
    if is_cut:
        for x in range(0, paper.width_dots, 16):
            canvas.paste(_BLACK, (x, y + MARGIN_DOTS, x + 8, y + MARGIN_DOTS + 2))
    png = io.BytesIO()
    canvas.save(png, "PNG")
    return png.getvalue()


class _Pen:
    """Draws strips with one font, and remembers the characters that it has drawn."""

    def __init__(self, font: Path | None) -> None:
        self._font = font
        self._faces = _faces(font) if font else (0, 0)
        self._fonts: dict[tuple[int, bool], FreeTypeFont] = {}
        self._glyphs: dict[tuple[str, int, int, TextStyle], Picture] = {}

    def strip(self, strip: Strip, width: int, height_max: int) -> Picture:
        """Return a strip of paper, no higher than ``height_max`` unless it is a code."""
        match strip:
            case Line():
                return self._line(strip, width, height_max)
            case Feed(height_dots):
                return _blank(width, min(height_dots, height_max))
            case Image():
                picture = _blank(width, min(strip.height_dots, height_max))
                picture.paste(_image(strip), (strip.x, 0))
                return picture
            case QrCode():
                return _qr(strip, width)
            case Barcode():
                return self._barcode(strip, width)

    def _line(self, line: Line, width: int, height_max: int) -> Picture:
        picture = _blank(width, min(line.height_dots, height_max))
        for item in line.items:
            if isinstance(item, TextRun):
                picture.paste(self._run(item), (item.x, line.ascent - item.cell_height))
            else:
                picture.paste(_image(item), (item.x, line.ascent - item.height_dots))
        return picture

    def _run(self, run: TextRun) -> Picture:
        style, height = run.style, run.cell_height
        picture = _blank(run.end - run.x, height)
        for i, char in enumerate(run.text):
            key = (char, run.cell_width, height, style)
            if key not in self._glyphs:
                self._glyphs[key] = self._glyph(*key)
            picture.paste(self._glyphs[key], (i * run.cell_width, 0))
        if style.underline_dots:
            picture.paste(_BLACK, (0, height - style.underline_dots, picture.width, height))
        return _inverted(picture) if style.reverse else picture

    def _glyph(self, char: str, width: int, height: int, style: TextStyle) -> Picture:
        """Draw as high as wanted with the proportions of the font, then fit the width."""
        from PIL import Image as Pil  # noqa: PLC0415
        from PIL import ImageDraw  # noqa: PLC0415

        natural_width = width * style.y_times // style.x_times
        if width == HANZI_CELL_DOTS * style.x_times:
            if self._font is None:
                return _box(width, height)
            font, baseline = (
                self._sized(round(height * _HANZI_SIZE), is_hanzi=True),
                _HANZI_BASELINE,
            )
        else:
            font, baseline = self._half_width(natural_width), _BASELINE
        # A font that is not monospaced has characters wider than the cell: they are narrowed.
        drawn_width = max(natural_width, round(font.getlength(char)))
        grey = Pil.new("L", (drawn_width, height))
        place = (drawn_width / 2, round(height * baseline))
        ImageDraw.Draw(grey).text(place, char, fill=255, font=font, anchor="ms")
        grey = grey.resize((width, height), Pil.Resampling.LANCZOS)
        glyph = grey.point(lambda ink: 0 if ink >= _INK_MIN else 255).convert("1")
        return _bold(glyph, min(style.x_times, style.y_times)) if style.bold else glyph

    def _half_width(self, width: int) -> FreeTypeFont:
        """Return the font in the size in which a digit is as wide as a half-width cell."""
        return self._sized(round(width * 100 / self._sized(100).getlength("0")))

    def _sized(self, size: int, *, is_hanzi: bool = False) -> FreeTypeFont:
        from PIL import ImageFont  # noqa: PLC0415

        key = (size, is_hanzi)
        if key not in self._fonts:
            if self._font is not None:
                face = self._faces[0 if is_hanzi else 1]
                self._fonts[key] = ImageFont.truetype(self._font, size, index=face)
            else:
                font = ImageFont.load_default(size)
                assert isinstance(font, ImageFont.FreeTypeFont), "a font of any size is a FreeType"
                self._fonts[key] = font
        return self._fonts[key]

    def _barcode(self, barcode: Barcode, width: int) -> Picture:
        black = modules(barcode.values)
        bars = _blank(len(black), 1)
        for x, is_black in enumerate(black):
            if is_black:
                bars.putpixel((x, 0), _BLACK)
        bars = bars.resize((len(black) * barcode.module_dots, barcode.bar_dots))
        cell_width, cell_height = barcode.legend_cell
        text = "".join(char if char.isprintable() else " " for char in barcode.content)
        legend = self._run(TextRun(0, text, cell_width, cell_height, TextStyle()))
        stack = [legend] * barcode.legend_above + [bars] + [legend] * barcode.legend_below
        picture, y = _blank(width, sum(part.height for part in stack)), 0
        for part in stack:
            picture.paste(part, (barcode.x + (bars.width - part.width) // 2, y))
            y += part.height
        return picture


def _qr(code: QrCode, width: int) -> Picture:
    """Draw the symbol. One that cannot be encoded, or is wider than the paper, is a crossed box."""
    from qrcode.main import QRCode  # type: ignore[import-untyped]  # noqa: PLC0415

    symbol = QRCode(error_correction=_QR_LEVELS[code.level], border=0)
    try:
        symbol.add_data(code.data, optimize=0)
        matrix: list[list[bool]] = symbol.get_matrix()
    except ValueError:  # more than version 40 can hold
        return _crossed_box(width)
    side = len(matrix) * code.module_dots
    if side > width:
        return _crossed_box(width)
    small = _blank(len(matrix), len(matrix))
    small.putdata([_BLACK if is_black else _WHITE for row in matrix for is_black in row])
    picture = _blank(width, side)
    picture.paste(small.resize((side, side)), (code.align.x(side, width), 0))
    return picture


def _faces(font: Path) -> tuple[int, int]:
    """Return which faces of a collection are for hanzi and for half-width characters."""
    from PIL import ImageFont  # noqa: PLC0415

    names: list[str] = []
    try:
        while len(names) < _FACES_MAX:
            names.append(str(ImageFont.truetype(font, 24, index=len(names)).getname()[0]))
    except OSError:  # there are no more
        if not names:
            raise
    # Noto has a face for each country; the others have one, and a monospaced one after it.
    wide = [i for i, name in enumerate(names) if "Mono" not in name]
    mono = [i for i, name in enumerate(names) if "Mono" in name]
    chinese = [i for i, name in enumerate(names) if "SC" in name.split()]
    first = next((i for i in wide if i in chinese), wide[0] if wide else 0)
    return first, next((i for i in mono if i in chinese), mono[0] if mono else first)


def _blank(width: int, height: int) -> Picture:
    from PIL import Image as Pil  # noqa: PLC0415

    return Pil.new("1", (width, height), _WHITE)


def _image(image: Image) -> Picture:
    from PIL import Image as Pil  # noqa: PLC0415

    # "1;I": in the printer's bytes 1 is black.
    picture = Pil.frombytes("1", (image.width, image.height), image.bits, "raw", "1;I")
    return picture.resize((image.width * image.x_times, image.height_dots))


def _bold(glyph: Picture, dots: int) -> Picture:
    """Print the same once more a little further right, as the printer does."""
    from PIL import ImageChops  # noqa: PLC0415

    shifted = _blank(*glyph.size)
    shifted.paste(glyph, (dots, 0))
    return ImageChops.logical_and(glyph, shifted)


def _inverted(picture: Picture) -> Picture:
    from PIL import ImageChops  # noqa: PLC0415

    return ImageChops.invert(picture)


def _box(width: int, height: int) -> Picture:
    from PIL import ImageDraw  # noqa: PLC0415

    picture = _blank(width, height)
    ImageDraw.Draw(picture).rectangle((2, 2, width - 3, height - 3), outline=_BLACK)
    return picture


def _crossed_box(width: int) -> Picture:
    from PIL import ImageDraw  # noqa: PLC0415

    picture = _box(width, 96)
    ImageDraw.Draw(picture).line((2, 2, width - 3, 93), fill=_BLACK)
    ImageDraw.Draw(picture).line((2, 93, width - 3, 2), fill=_BLACK)
    return picture
