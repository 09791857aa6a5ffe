"""A statement on paper: A4 across, in Chinese or English."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from pathlib import Path

from fpdf import FPDF
from fpdf.enums import Align, XPos, YPos

from central.errors import FontMissing
from central.money.settlement.export.content import DUE, GROSS, Content, shown

FONTS = (
    Path("/usr/share/fonts/truetype/wqy/wqy-microhei.ttc"),
    Path("/usr/share/fonts/opentype/noto/NotoSansCJK-Regular.ttc"),
)
"""Fonts with Chinese and Latin characters, where Debian puts them; the first that is there."""
PACKAGE = "fonts-wqy-microhei"

_MARGIN_MM, _ROW_MM, _BOTTOM_MM = 12.0, 5.6, 14.0
_WIDTHS_MM = (9.0, 20.0, 34.0, 56.0, 31.0, 25.0, 22.0, 17.0, 22.0, 22.0, 15.0)
_GREY, _PALE, _BLACK = (90, 90, 90), (240, 242, 240), (0, 0, 0)
_SIZE, _SIZE_MIN = 8, 4
"""Points; a total of 64 bits still fits with the least."""
_FACTS_LEFT = 8
"""So many facts stand in the left of two columns; the hashes go below both."""


def pdf_of(content: Content, at_s: int, fonts: Sequence[Path] = FONTS) -> bytes:
    """Return the paper.

    Args:
        at_s: When the statement was issued; stands in the file as its date.

    Raises:
        FontMissing: none of the fonts is installed.
    """
    paper = _Paper(content, _font(fonts))
    paper.set_creation_date(dt.datetime.fromtimestamp(at_s, dt.UTC))
    paper.write()
    return bytes(paper.output())


def _font(fonts: Sequence[Path]) -> Path:
    found = next((font for font in fonts if font.exists()), None)
    if found is None:
        raise FontMissing(f"Install {PACKAGE}: papers need a font with Chinese characters.")
    return found


class _Paper(FPDF):
    """Sets one statement; the table's head stands on every page."""

    def __init__(self, content: Content, font: Path) -> None:
        super().__init__(orientation="landscape", format="A4")
        self._content = content
        self._in_table = False
        self._widths: dict[tuple[str, float], float] = {}
        self.add_font("text", fname=font)
        self.set_title(content.title)
        self.set_margins(_MARGIN_MM, _MARGIN_MM)
        self.set_auto_page_break(auto=True, margin=_BOTTOM_MM)
        self.alias_nb_pages()

    def header(self) -> None:
        if self._in_table:
            self._head()

    def footer(self) -> None:
        self.set_y(-_BOTTOM_MM + 3)
        self._pen(7, _GREY)
        self.cell(120, 5, f"{self._content.facts[0].value}")
        self.cell(0, 5, f"{self.page_no()} / {{nb}}", align=Align.R)
        self.set_text_color(*_BLACK)

    def write(self) -> None:  # type: ignore[override]
        content = self._content
        self.add_page()
        self._pen(15)
        self.cell(0, 9, content.title, new_x=XPos.LMARGIN, new_y=YPos.NEXT)
        self.ln(1)
        self._facts()
        self._in_table = True
        self._head()
        self._pen(_SIZE)
        for place, row in enumerate(content.rows):
            self._row([shown(cell) for cell in row], is_shaded=place % 2 == 1)
        self._totals()
        if any("(" in str(row[3]) for row in content.rows):
            self._pen(7, _GREY)
            self.ln(2)
            self.cell(0, 4, content.note)

    def _facts(self) -> None:
        short, hashes = self._content.facts[:-2], self._content.facts[-2:]
        top = self.get_y()
        for place, fact in enumerate(short):
            column, row = divmod(place, _FACTS_LEFT)
            self.set_xy(_MARGIN_MM + column * 150, top + row * 5.2)
            self._pen(8, _GREY)
            self.cell(48, 5, fact.label)
            self._pen(9)
            amount = column == 1
            self.cell(40 if amount else 95, 5, shown(fact.value), align="R" if amount else "L")
        self.set_y(top + _FACTS_LEFT * 5.2)
        for fact in hashes:
            self._pen(7, _GREY)
            self.cell(48, 4, fact.label)
            self.cell(0, 4, shown(fact.value), new_x=XPos.LMARGIN, new_y=YPos.NEXT)
        self.ln(3)

    def _head(self) -> None:
        self._pen(8, _GREY)
        for place, (column, width) in enumerate(
            zip(self._content.columns, _WIDTHS_MM, strict=True)
        ):
            self.cell(width, _ROW_MM, column.title, align=_align(place), border="B")
        self.ln(_ROW_MM)
        self._pen(_SIZE)

    def _row(self, texts: Sequence[str], *, is_shaded: bool) -> None:
        # A cell of fpdf2 costs a millisecond; a text at a place, a third of that.
        if self.will_page_break(_ROW_MM):
            self.add_page()
        left, top = _MARGIN_MM, self.get_y()
        if is_shaded:
            self.set_fill_color(*_PALE)
            self.rect(left, top, sum(_WIDTHS_MM), _ROW_MM, style="F")
        for place, (text, width) in enumerate(zip(texts, _WIDTHS_MM, strict=True)):
            if text:
                self._put(text, left, top + _ROW_MM - 1.7, width, place)
            left += width
        self.set_y(top + _ROW_MM)

    def _put(self, text: str, left: float, base: float, width: float, place: int) -> None:
        is_amount = GROSS <= place <= DUE
        room, shown_ = width - 2, text if is_amount else self._shortened(text, width - 2)
        size, long = _SIZE, self._width(shown_)
        while is_amount and long > room and size > _SIZE_MIN:
            size -= 1  # an amount is set smaller, never cut
            self._pen(size)
            long = self._width(shown_)
        start = left + 1 + (room - long if _align(place) is Align.R else 0)
        self.text(start, base, shown_)
        if size != _SIZE:
            self._pen(_SIZE)

    def _totals(self) -> None:
        self._pen(9)
        before = sum(_WIDTHS_MM[:GROSS])
        self.cell(before, _ROW_MM + 1, self._content.total, border="T")
        for amount, width in zip(self._content.totals, _WIDTHS_MM[GROSS : DUE + 1], strict=True):
            self.cell(width, _ROW_MM + 1, shown(amount), align=Align.R, border="T")
        self.cell(_WIDTHS_MM[-1], _ROW_MM + 1, "", border="T")
        self.ln(_ROW_MM + 1)

    def _shortened(self, text: str, room: float) -> str:
        """Return a text that does not run into the next column."""
        if self._width(text) <= room:
            return text
        while text and self._width(text + "…") > room:
            text = text[:-1]
        return text + "…"

    def _width(self, text: str) -> float:
        """Return how long a text is; that of each short one is worked out once."""
        key = (text, self.font_size_pt)
        if key not in self._widths:
            self._widths[key] = self.get_string_width(text)
        return self._widths[key]

    def _pen(self, size: int, colour: tuple[int, int, int] = _BLACK) -> None:
        self.set_font("text", size=size)
        self.set_text_color(*colour)


def _align(place: int) -> Align:
    is_number = place == 0 or GROSS <= place <= DUE or place == len(_WIDTHS_MM) - 1
    return Align.R if is_number else Align.L
