"""What the hub says of a receipt: its lines and their order, a logo, a code for the holder.

A template that says nothing of these (fields 5 to 7, newer than the others) prints as templates
always have: ``USUAL_LINES``, no logo, no code for the holder.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, NamedTuple
from urllib.parse import quote

from edge.contract.bundle import LOCALES
from edge.contract.read import Fields

LOGO_WIDTH_DOTS_MAX = 384
"""The printable dots of 58 mm paper at 203 dpi: a logo fits every printer."""
LOGO_HEIGHT_DOTS_MAX = 240
"""3 cm of paper."""
LINES_MAX = 32
TEXT_CHARS_MAX = 128
"""Characters of one line above or below; what is longer was always cut off."""
LINK_CHARS_MAX = 200
"""With its places filled it still is a QR code that a 58 mm printer draws."""


class ReceiptLine(StrEnum):
    """One thing that a receipt may say. Values are on the wire: never renamed, never reused."""

    LOGO = "logo"
    STORE = "store"
    HEADER = "header"
    RULE = "rule"
    PRODUCT = "product"
    AMOUNT = "amount"
    REMAINING = "remaining"
    """Uses and uses left, or the balance, of a voucher that has such."""
    TOTAL = "total"
    """The amount as the end of the bill; the line ``amount`` is then of normal size."""
    RECEIPT = "receipt"
    TIME = "time"
    VOUCHER = "voucher"
    """The last six of its twelve hex digits."""
    CLERK = "clerk"
    CHECKED = "checked"
    ENTRY = "entry"
    """Number and hash of the journal entry: what makes the paper a witness."""
    FOOTER = "footer"
    HOLDER_CODE = "holder-code"
    ENTRY_CODE = "entry-code"


USUAL_LINES = (
    ReceiptLine.STORE, ReceiptLine.HEADER, ReceiptLine.RULE, ReceiptLine.PRODUCT,
    ReceiptLine.AMOUNT, ReceiptLine.REMAINING, ReceiptLine.RULE, ReceiptLine.RECEIPT,
    ReceiptLine.TIME, ReceiptLine.VOUCHER, ReceiptLine.CLERK, ReceiptLine.CHECKED,
    ReceiptLine.ENTRY, ReceiptLine.FOOTER, ReceiptLine.ENTRY_CODE,
)  # fmt: skip


class Logo(NamedTuple):
    """A picture of black dots on white paper.

    Args:
        width_dots: A multiple of 8.
        bits: Row after row, eight dots a byte, the leftmost in the highest bit; 1 is black.
    """

    width_dots: int
    height_dots: int
    bits: bytes

    def check(self) -> None:
        """Raise ValueError if it is no such picture, or larger than may be."""
        width, height = self.width_dots, self.height_dots
        if not 8 <= width <= LOGO_WIDTH_DOTS_MAX or width % 8:
            raise ValueError(f"a logo is 8 to {LOGO_WIDTH_DOTS_MAX} dots wide, a multiple of 8")
        if not 1 <= height <= LOGO_HEIGHT_DOTS_MAX:
            raise ValueError(f"a logo is 1 to {LOGO_HEIGHT_DOTS_MAX} dots high")
        if len(self.bits) != width // 8 * height:
            raise ValueError("a logo has as many dots as width and height say")


LINK_PLACES = ("unit", "entry", "receipt", "voucher", "product")
"""What a holder's link may name. Nothing secret is among it: all of it is on the paper anyway."""
_PLACE = re.compile(r"\{([^{}]*)\}")


def check_link(pattern: str) -> None:
    """Raise ValueError if no unit could make a code of this link.

    The error's second argument is the unknown place, if that is what is wrong with it.
    """
    if not pattern.isascii() or not pattern.isprintable() or len(pattern) > LINK_CHARS_MAX:
        raise ValueError(f"a link is at most {LINK_CHARS_MAX} printable ASCII characters")
    for place in _PLACE.findall(pattern):
        if place not in LINK_PLACES:
            raise ValueError("a place that no receipt can fill", place)
    if {"{", "}"} & set(_PLACE.sub("", pattern)):
        raise ValueError("a brace without its other half")


def holder_link(pattern: str, values: Mapping[str, str]) -> str:
    """Return the link with each place filled, percent-encoded (RFC 3986 section 2.1).

    Args:
        values: By name of ``LINK_PLACES``.
    """
    return _PLACE.sub(lambda match: quote(values[match[1]], safe=""), pattern)


@dataclass(frozen=True, slots=True)
class ReceiptTemplate:
    """What stands on every receipt of a store group.

    Args:
        locales: The languages printed, in this order.
        header: Lines by locale, above.
        footer: Lines by locale, below.
        lines: What is printed, in this order. A unit leaves out what it does not know.
        logo: Printed where ``lines`` has it.
        holder_link: What the holder's code says, with places like ``{entry}``; empty for none.
    """

    version: int
    locales: tuple[str, ...]
    header: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    footer: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    lines: tuple[str, ...] = USUAL_LINES
    logo: Logo | None = None
    holder_link: str = ""

    def to_body(self) -> dict[int, Any]:
        """Return the body of the signed message; fields 5 to 7 only if they say something."""
        body: dict[int, Any] = {
            1: self.version,
            2: list(self.locales),
            3: {k: list(v) for k, v in self.header.items()},
            4: {k: list(v) for k, v in self.footer.items()},
        }
        if self.lines != USUAL_LINES:
            body[5] = [str(line) for line in self.lines]
        if self.logo is not None:
            body[6] = list(self.logo)
        if self.holder_link:
            body[7] = self.holder_link
        return body

    @classmethod
    def from_body(cls, body: Any) -> ReceiptTemplate:
        """Read the body of a signed message; MessageInvalid if it is another."""
        with Fields(body, "receipt-template") as f:
            locales = tuple(f.texts(2))
            if not locales or any(locale not in LOCALES for locale in locales):
                raise ValueError("a language that nobody translates into")
            link = f.text(7, LINK_CHARS_MAX) if f.has(7) else ""
            check_link(link)
            return cls(
                f.uint(1), locales, _texts(f.map(3)), _texts(f.map(4)),
                _lines(f.texts(5)) if f.has(5) else USUAL_LINES,
                _logo(f.row(6)) if f.has(6) else None,
                link,
            )  # fmt: skip


def _texts(by_locale: dict[Any, Any]) -> dict[str, tuple[str, ...]]:
    if any(type(lines) is not list for lines in by_locale.values()):
        raise ValueError("lines are a list")
    return {str(k): tuple(str(line)[:TEXT_CHARS_MAX] for line in v) for k, v in by_locale.items()}


def _lines(names: list[str]) -> tuple[str, ...]:
    if len(names) > LINES_MAX:
        raise ValueError(f"a receipt has at most {LINES_MAX} lines")
    if ReceiptLine.ENTRY not in names:
        raise ValueError("a receipt without its entry proves nothing")
    return tuple(names)


def _logo(row: Fields) -> Logo:
    logo = Logo(row.uint(0), row.uint(1), row.octets(2))
    logo.check()
    return logo
