"""What a receipt says, in one language after the other. Pure.

A document is a list of parts; ``layout`` makes rows of them and a printer makes dots of the rows.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping
from typing import NamedTuple
from zoneinfo import ZoneInfo

from edge.contract.bundle import Product
from edge.contract.journal_entry import EntryKind, JournalEntry
from edge.contract.money import decimal_text
from edge.contract.policy import Mode
from edge.contract.receipt_template import Logo, ReceiptLine, ReceiptTemplate, holder_link
from edge.contract.voucher_token import VoucherKind


class Title(NamedTuple):
    """One large, centred line."""

    text: str


class Line(NamedTuple):
    """Text, wrapped where it must be."""

    text: str
    centred: bool = False


class Pair(NamedTuple):
    """A label at the left and a value at the right."""

    label: str
    value: str
    large: bool = False


class Rule(NamedTuple):
    """A line across the paper."""


class Code(NamedTuple):
    """A QR code."""

    data: str


class Picture(NamedTuple):
    """Black dots on white, in the middle."""

    logo: Logo


class Bars(NamedTuple):
    """A bar code (Code 128), with its content below."""

    data: str


class OpenDrawer(NamedTuple):
    """The cash drawer opens; nothing is printed."""


class Cut(NamedTuple):
    """The end of the paper."""


Part = Title | Line | Pair | Rule | Code | Bars | Picture | OpenDrawer | Cut
Document = tuple[Part, ...]
Translate = Callable[[str, str], str]
"""Takes a locale and an English text, returns the text in that language."""

CURRENCY_SIGNS = {"CNY": "¥", "JPY": "¥", "USD": "$", "EUR": "€", "GBP": "£", "HKD": "HK$"}


class Stub(NamedTuple):
    """What was torn off: an entry of the journal, and what this unit noted beside it.

    Args:
        product: None if the catalogue does not know it.
        remaining: Left on the voucher afterwards, in its own measure, as far as known.
        is_part: Only a part of an acceptance was taken back.
    """

    entry: JournalEntry
    hash: bytes
    product: Product | None
    worth_minor: int | None
    remaining: int | None
    is_part: bool = False


class Shop(NamedTuple):
    """Where the receipt is printed."""

    store_name: str
    currency: str
    timezone: str


def receipt(
    stub: Stub,
    shop: Shop,
    template: ReceiptTemplate,
    translate: Translate,
    *,
    copy: int = 0,
) -> Document:
    """Return the receipt of one journal entry, as its template has it.

    That it is a copy, or a void, is said whatever the template says: above the first line that
    tells of the voucher.

    Args:
        copy: 0 for the original; from 1 on the paper says which copy it is.
    """
    bill = _Bill(stub, shop, template, translate)
    marks = bill.marks(copy)
    parts: list[Part] = []
    for line in template.lines:
        if marks and line not in _ABOVE_MARKS:
            parts += marks
            marks = []
        # A hub that is newer than this unit may have lines that it does not know.
        parts += _LINES[line](bill) if line in _LINES else []
    return (*parts, *marks, Cut())


_ABOVE_MARKS = {ReceiptLine.LOGO, ReceiptLine.STORE, ReceiptLine.HEADER}


class _Bill(NamedTuple):
    """What the lines of one receipt are made of."""

    stub: Stub
    shop: Shop
    template: ReceiptTemplate
    translate: Translate

    def label(self, text: str) -> str:
        """Return a word in each language of the template, side by side."""
        both = (self.translate(locale, text) for locale in self.template.locales)
        return " ".join(dict.fromkeys(both))

    def marks(self, copy: int) -> list[Part]:
        """Return what a paper must not be without."""
        marks: list[Part] = [Title(f"{self.label('COPY')} {copy}")] if copy else []
        if self.stub.entry.kind is EntryKind.VOID:
            marks.append(Title(self.label("REFUND" if self.stub.is_part else "VOID")))
        return marks

    def texts(self, by_locale: Mapping[str, tuple[str, ...]]) -> list[Part]:
        """Return the lines above or below, one language after the other."""
        return [
            Line(text, centred=True)
            for locale in self.template.locales
            for text in by_locale.get(locale, ())
        ]

    def worth(self, text: str, *, large: bool) -> list[Part]:
        """Return what the voucher was worth; nothing if it is not known."""
        worth_minor = self.stub.worth_minor
        if not worth_minor:
            return []
        return [Pair(self.label(text), money(worth_minor, self.shop.currency), large)]

    def products(self) -> list[Part]:
        """Return the product's name in each language, once if they are the same."""
        product = self.stub.product
        names = (product.name(locale) for locale in self.template.locales) if product else ()
        return [Line(name) for name in dict.fromkeys(names)]

    def clerk(self) -> list[Part]:
        """Return who redeemed it, if anybody did."""
        clerk = self.stub.entry.clerk
        return [Pair(self.label("Clerk"), clerk)] if clerk else []

    def checked(self) -> list[Part]:
        """Return what stood behind it."""
        mode = self.stub.entry.mode
        return [] if mode is None else [Pair(self.label("Checked"), self.label(checked_how(mode)))]

    def holder_code(self) -> list[Part]:
        """Return the code that its holder may scan, if the template has one."""
        if not self.template.holder_link:
            return []
        stub = self.stub
        values = {
            "unit": str(stub.entry.unit),
            "entry": str(stub.entry.ref),
            "receipt": str(stub.entry.receipt or ""),
            "voucher": _voucher_tail(stub),
            "product": str(stub.product.product) if stub.product else "",
        }
        link = holder_link(self.template.holder_link, values)
        return [Code(link)] if link else []


_LINES: Mapping[str, Callable[[_Bill], list[Part]]] = {
    ReceiptLine.LOGO: lambda b: [Picture(b.template.logo)] if b.template.logo else [],
    ReceiptLine.STORE: lambda b: [Title(b.shop.store_name)],
    ReceiptLine.HEADER: lambda b: b.texts(b.template.header),
    ReceiptLine.RULE: lambda _: [Rule()],
    ReceiptLine.PRODUCT: _Bill.products,
    ReceiptLine.AMOUNT: lambda b: b.worth(
        "Amount", large=ReceiptLine.TOTAL not in b.template.lines
    ),
    ReceiptLine.REMAINING: lambda b: _quantities(b.stub, b.shop, b.label),
    ReceiptLine.TOTAL: lambda b: b.worth("Total", large=True),
    ReceiptLine.RECEIPT: lambda b: [Pair(b.label("Receipt"), f"{b.stub.entry.receipt}")],
    ReceiptLine.TIME: lambda b: [
        Pair(b.label("Time"), local_time(b.stub.entry.wall_s, b.shop.timezone))
    ],
    ReceiptLine.VOUCHER: lambda b: [Pair(b.label("Voucher"), _voucher_tail(b.stub))],
    ReceiptLine.CLERK: _Bill.clerk,
    ReceiptLine.CHECKED: _Bill.checked,
    # The paper is a witness: number and hash say which entry was in the journal at this moment.
    ReceiptLine.ENTRY: lambda b: [
        Pair(b.label("Entry"), f"{b.stub.entry.ref} {b.stub.hash[:4].hex()}")
    ],
    ReceiptLine.FOOTER: lambda b: b.texts(b.template.footer),
    ReceiptLine.HOLDER_CODE: _Bill.holder_code,
    ReceiptLine.ENTRY_CODE: lambda b: [Code(f"{b.stub.entry.ref} {b.stub.hash.hex()}")],
}


def _voucher_tail(stub: Stub) -> str:
    return f"{stub.entry.voucher_id or 0:012x}"[-6:]


def _quantities(stub: Stub, shop: Shop, label: Callable[[str], str]) -> list[Part]:
    kind = stub.product.kind if stub.product else None
    if kind is VoucherKind.MULTI:
        return [
            Pair(label("Uses"), f"{stub.entry.amount}"),
            Pair(label("Uses left"), f"{stub.remaining}"),
        ]
    if kind is VoucherKind.STORED_VALUE and stub.remaining is not None:
        return [Pair(label("Balance"), money(stub.remaining, shop.currency))]
    return []


def money(minor: int, currency: str) -> str:
    """Return an amount as a customer reads it: ``¥88.00``."""
    sign = CURRENCY_SIGNS.get(currency)
    text = decimal_text(minor, currency)
    return f"{sign}{text}" if sign else f"{currency} {text}"


CHECKED = {
    Mode.ONLINE: "online",
    Mode.GRANT: "by the customer's phone",
    Mode.LEASE: "offline, on lent value",
    Mode.LAN: "offline, by the store's tills",
    Mode.DEGRADED: "offline",
    Mode.SOLO: "offline",
}


def checked_how(mode: Mode | None) -> str:
    """Return what stands behind an acceptance, in words; a journal from before modes says none."""
    return "" if mode is None else CHECKED[mode]


def local_time(at_s: int, timezone: str) -> str:
    """Return a moment as the clock on the shop's wall shows it; in UTC if nobody knows its zone."""
    try:
        zone = ZoneInfo(timezone)
    except (KeyError, ValueError, OSError):
        return dt.datetime.fromtimestamp(at_s, dt.UTC).strftime("%Y-%m-%d %H:%M:%SZ")
    return dt.datetime.fromtimestamp(at_s, zone).strftime("%Y-%m-%d %H:%M:%S")


def _triangle(width_dots: int) -> Logo:
    """Return a right-angled triangle: whether it is mirrored or upside down is seen at once."""
    rows = (((1 << 2 * y + 2) - 1) << width_dots - 2 * y - 2 for y in range(width_dots // 2))
    row_bytes = width_dots // 8
    return Logo(width_dots, width_dots // 2, b"".join(row.to_bytes(row_bytes) for row in rows))


TEST_LOGO = _triangle(96)


def self_test(profile: str, columns: int, translate: Translate, locale: str) -> Document:
    """Return the page that ``print-test`` prints: everything a paper may hold."""
    return (
        Title("Tearoff"),
        Line(translate(locale, "Printer test"), centred=True),
        Rule(),
        Pair("profile", profile),
        Pair("columns", str(columns)),
        Pair("金额", money(8800, "CNY"), large=True),
        Line("金额：¥88.00（人民币）"),
        Line("（），：；——“”"),
        Line("ABCDEFGHIJKLMNOPQRSTUVWXYZ 0123456789"),
        Line("0123456789" * (columns // 10 + 1)),
        Line("这一行很长，用来检查换行是否按显示宽度进行，每个汉字占两列。"),
        Pair("1 2 3 一二三 ABC", "￥1,234.50"),
        # Not one of GBK: this line is drawn where a printer has no more than that.
        Line("한국어 😀 ½ ✓"),
        Rule(),
        Picture(TEST_LOGO),
        Line(""),
        Code("https://tearoff.example/printer-test"),
        Line(""),
        Bars("0412000057"),
        OpenDrawer(),
        Cut(),
    )
