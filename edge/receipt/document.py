"""What a receipt says, in one language after the other. Pure.

A document is a list of parts; ``layout`` makes rows of them and a printer makes dots of the rows.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import NamedTuple
from zoneinfo import ZoneInfo

from edge.contract.bundle import Product, ReceiptTemplate
from edge.contract.journal_entry import EntryKind, JournalEntry
from edge.contract.money import decimal_text
from edge.contract.policy import EXACT, Mode
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


class Cut(NamedTuple):
    """The end of the paper."""


Part = Title | Line | Pair | Rule | Code | Cut
Document = tuple[Part, ...]
Translate = Callable[[str, str], str]
"""Takes a locale and an English text, returns the text in that language."""

CURRENCY_SIGNS = {"CNY": "¥", "JPY": "¥", "USD": "$", "EUR": "€", "GBP": "£", "HKD": "HK$"}


class Stub(NamedTuple):
    """What was torn off: an entry of the journal, and what this unit noted beside it.

    Args:
        product: None if the catalogue does not know it.
        remaining: Left on the voucher afterwards, in its own measure, as far as known.
    """

    entry: JournalEntry
    hash: bytes
    product: Product | None
    worth_minor: int | None
    remaining: int | None


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
    """Return the receipt of one journal entry.

    Args:
        copy: 0 for the original; from 1 on the paper says which copy it is.
    """
    entry, product = stub.entry, stub.product
    both = template.locales

    def label(text: str) -> str:
        return " ".join(dict.fromkeys(translate(locale, text) for locale in both))

    parts: list[Part] = [Title(shop.store_name)]
    for locale in both:
        parts += [Line(line, centred=True) for line in template.header.get(locale, ())]
    if copy:
        parts.append(Title(f"{label('COPY')} {copy}"))
    if entry.kind is EntryKind.VOID:
        parts.append(Title(label("VOID")))
    parts.append(Rule())
    for name in dict.fromkeys(product.name(locale) for locale in both) if product else ():
        parts.append(Line(name))
    if stub.worth_minor:
        parts.append(Pair(label("Amount"), money(stub.worth_minor, shop.currency), large=True))
    parts += _quantities(stub, shop, label)
    parts.append(Rule())
    parts += [
        Pair(label("Receipt"), f"{entry.receipt}"),
        Pair(label("Time"), local_time(entry.wall_s, shop.timezone)),
        Pair(label("Voucher"), f"…{entry.voucher_id or 0:012x}"[-6:]),
    ]
    if entry.clerk:
        parts.append(Pair(label("Clerk"), entry.clerk))
    if entry.mode is not None:
        parts.append(Pair(label("Checked"), label(_how_checked(entry.mode))))
    # The paper is a witness: number and hash say which entry was in the journal at this moment.
    parts.append(Pair(label("Entry"), f"{entry.ref} {stub.hash[:4].hex()}"))
    for locale in both:
        parts += [Line(line, centred=True) for line in template.footer.get(locale, ())]
    return (*parts, Code(f"{entry.ref} {stub.hash.hex()}"), Cut())


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


def _how_checked(mode: Mode) -> str:
    return "online" if mode in EXACT else "offline"


def money(minor: int, currency: str) -> str:
    """Return an amount as a customer reads it: ``¥88.00``."""
    sign = CURRENCY_SIGNS.get(currency)
    text = decimal_text(minor, currency)
    return f"{sign}{text}" if sign else f"{currency} {text}"


def local_time(at_s: int, timezone: str) -> str:
    """Return a moment as the clock on the shop's wall shows it; in UTC if nobody knows its zone."""
    try:
        zone = ZoneInfo(timezone)
    except (KeyError, ValueError, OSError):
        return dt.datetime.fromtimestamp(at_s, dt.UTC).strftime("%Y-%m-%d %H:%M:%SZ")
    return dt.datetime.fromtimestamp(at_s, zone).strftime("%Y-%m-%d %H:%M:%S")


def test_page(profile: str, columns: int, translate: Translate, locale: str) -> Document:
    """Return the page that ``print-test`` prints: everything a receipt may hold."""
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
        Rule(),
        Code("https://tearoff.example/printer-test"),
        Cut(),
    )
