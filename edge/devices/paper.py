"""What a printer can put on paper, row by row, and how wide characters are."""

from __future__ import annotations

import unicodedata
from enum import Enum
from typing import NamedTuple


class Style(Enum):
    """How a row is printed."""

    NORMAL = "normal"
    LARGE = "large"
    """Twice as wide and high: half as many columns."""
    QR = "qr"
    """The text is the content of a QR code, printed in the middle."""
    CODE128 = "code128"
    """The text is the content of a bar code, printed in the middle; ASCII."""
    DRAWER = "drawer"
    """Opens the cash drawer; nothing is printed and the text is empty."""
    PICTURE = "picture"
    """Dots in the middle; the text is empty."""
    CUT = "cut"
    """The paper ends here; the text is empty."""


class Bitmap(NamedTuple):
    """Black dots on white.

    Args:
        width_dots: A multiple of 8.
        bits: Row after row, eight dots a byte, the leftmost in the highest bit; 1 is black.
    """

    width_dots: int
    height_dots: int
    bits: bytes


class Row(NamedTuple):
    """One row of the paper, already no wider than it may be."""

    text: str
    style: Style = Style.NORMAL
    picture: Bitmap | None = None


# Characters that no GBK printer has, and what the reader takes for the same. A yen sign would go
# out as four bytes of GB18030 whose middle reads as digits: ¥88.00 would print as another amount.
_REPLACED = str.maketrans({"¥": "￥", "€": "EUR", "£": "GBP", "–": "-", "\u00a0": " ", "\t": " "})
_WITHOUT_GLYPH = frozenset({"Cc", "Cf", "Cs", "Mn", "Me"})
"""General categories: controls, formats, surrogates, marks."""


def printable(text: str) -> str:
    """Return what of a text a printer may be given, before its width is counted.

    Control characters are taken out: a product's name must not open the cash drawer. So are marks
    that join the character before them: the printer would put a ``?`` of its own for each.
    """
    composed = unicodedata.normalize("NFC", text.translate(_REPLACED))
    return "".join(c for c in composed if unicodedata.category(c) not in _WITHOUT_GLYPH)


def columns_of(text: str) -> int:
    """Return how many columns a text takes (Unicode Standard Annex 11).

    "Ambiguous" characters are wide here: a printer in Chinese mode takes them from its hanzi
    font, where every glyph is two columns.
    """
    return sum(map(column_width, text))


def column_width(char: str) -> int:
    """Return the columns of one character: 0, 1 or 2."""
    if unicodedata.category(char) in _WITHOUT_GLYPH:
        return 0
    return 2 if unicodedata.east_asian_width(char) in "WFA" else 1
