"""Reads a bank's or a supplier's CSV and proves it against itself. Pure.

Whatever is wrong names its line, and nothing of the file is taken. People open such files in
spreadsheets: ``="0012"`` is unwrapped, and a text that a spreadsheet would calculate is refused,
because nobody can say what stood there before.
"""

from __future__ import annotations

import csv
import datetime as dt
import io
import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import NamedTuple

from central.errors import RequestInvalid
from central.foundation.language.said import Saying, sentence_of
from central.money.reconciliation.files.layouts import BankLayout, SupplierLayout
from central.money.reconciliation.model import ToldLine
from edge.contract.money import Money, parse_decimal

BYTES_MAX = 16 << 20
LINES_MAX = 100_000
HEADING_WITHIN = 30
"""Lines that may stand above the heading: the bank's name, the account, the period."""
TEXT_MAX = 200
_BOM = b"\xef\xbb\xbf"
_FORMULA = ("=", "+", "-", "@", "\t", "＝", "＋", "－", "＠")
_CALCULATED = ("=", "@", "＝", "＠")
"""With what a remark never begins that nobody has tampered with; a dash is one."""
_AMOUNT = re.compile(r"([-+]?)([0-9]{1,3}(?:,[0-9]{3})+|[0-9]+)(\.[0-9]+)?", re.ASCII)
_SEPARATORS = ",\t;"


class Row(NamedTuple):
    """One line of a file.

    Args:
        place: The line of the file, from 1.
        day: yyyymmdd.
        balance: After it, minor units; None if the file has none.
    """

    place: int
    day: int
    line: ToldLine
    balance: int | None


def read(raw: bytes, layout: BankLayout | SupplierLayout) -> list[Row]:
    """Read a file, oldest first.

    Raises:
        RequestInvalid: with the line and what is wrong with it: not as the layout says, cut off,
            another currency, a balance that does not follow, sums that are not those of the rows.
    """
    if len(raw) > BYTES_MAX:
        raise RequestInvalid(Saying("file-too-large", mib=BYTES_MAX >> 20))
    table = _Table(_decoded(raw, layout.encoding), layout)
    rows: list[Row] = []
    for place, cells in table.rows():
        with _at(place):
            row = _bank(cells, layout) if isinstance(layout, BankLayout) else _supplier(
                cells, layout
            )  # fmt: skip
        if row is not None:
            rows.append(row._replace(place=place))
    if isinstance(layout, BankLayout):
        rows = _in_order(rows)
        table.check_sums([row.line.amount.minor for row in rows], layout)
    else:
        rows.sort(key=lambda row: row.day)
    _once(rows, layout)
    return rows


# --- the table -----------------------------------------------------------------------------------


class _Table:
    """The heading, the rows under it, and the row of sums at the end."""

    def __init__(self, text: str, layout: BankLayout | SupplierLayout) -> None:
        self._end_word = layout.end_word
        self._end: tuple[int, dict[str, str]] | None = None
        wanted = [name for name in _columns(layout) if name]
        separator = next((s for s in _SEPARATORS if s in _heading_line(text, wanted[0])), ",")
        self._reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=True)
        self._names = self._heading(wanted)

    def rows(self) -> Iterator[tuple[int, dict[str, str]]]:
        """Give each row by the heading's names, with its line of the file."""
        count = 0
        for values in self._lines():
            place = self._reader.line_num
            if not any(value.strip() for value in values):
                continue
            with _at(place):
                if self._end is not None:
                    raise _Wrong(Saying("row-after-end", end=self._end_word))
                if self._end_word and values[0].strip().startswith(self._end_word):
                    self._end = (place, dict(zip(self._names, map(_cell, values), strict=False)))
                    continue
                if len(values) != len(self._names):
                    raise _Wrong(Saying("row-fields"))
                count += 1
                if count > LINES_MAX:
                    raise _Wrong(Saying("row-too-many", most=LINES_MAX))
            yield place, dict(zip(self._names, map(_cell, values), strict=True))
        if self._end_word and self._end is None:
            with _at(self._reader.line_num):
                raise _Wrong(Saying("row-end-missing", end=self._end_word))

    def check_sums(self, amounts: list[int], layout: BankLayout) -> None:
        """Compare the row of sums with what the rows make, where it has some."""
        if self._end is None:
            return
        place, cells = self._end
        for name, total in (
            (layout.amount, sum(amounts)),
            (layout.income, sum(a for a in amounts if a > 0)),
            (layout.outgo, -sum(a for a in amounts if a < 0)),
        ):
            if name and cells.get(name):
                with _at(place):
                    if abs(_minor(cells[name], layout.currency)) != abs(total):
                        raise _Wrong(Saying("row-sum", column=name))

    def _heading(self, wanted: list[str]) -> list[str]:
        for values in self._lines():
            cells = [_cell(value) for value in values]
            if set(wanted) <= set(cells):
                return cells
            if self._reader.line_num >= HEADING_WITHIN:
                break
        raise RequestInvalid(Saying("file-no-heading", columns=", ".join(wanted)))

    def _lines(self) -> Iterator[list[str]]:
        try:
            yield from self._reader
        except csv.Error as exc:
            broken = Saying("csv-broken", why=str(exc))
            raise RequestInvalid(Saying("line", line=self._reader.line_num, what=broken)) from exc


def _heading_line(text: str, name: str) -> str:
    lines = text.split("\n", HEADING_WITHIN)[:HEADING_WITHIN]
    return next((line for line in lines if name in line), "")


def _columns(layout: BankLayout | SupplierLayout) -> tuple[str, ...]:
    if isinstance(layout, BankLayout):
        return (
            layout.date, layout.number, layout.balance, layout.amount, layout.income,
            layout.outgo, layout.reference, layout.currency_column,
        )  # fmt: skip
    return (
        layout.date, layout.our_number, layout.their_number, layout.amount, layout.state,
        layout.currency_column,
    )  # fmt: skip


# --- one row -------------------------------------------------------------------------------------


def _bank(cells: dict[str, str], layout: BankLayout) -> Row:
    _check_currency(cells, layout)
    if layout.amount:
        minor = _minor(cells[layout.amount], layout.currency)
    else:
        came, went = (
            _minor(cells[name] or "0", layout.currency) for name in (layout.income, layout.outgo)
        )
        if came and went:
            raise _Wrong(Saying("row-both", income=layout.income, outgo=layout.outgo))
        minor = came - abs(went)
    remark = _plain(cells.get(layout.reference, ""))
    if remark.startswith(_CALCULATED):
        raise _Wrong(Saying("row-formula", column=layout.reference))
    if layout.reference_pattern:
        found = re.search(layout.reference_pattern, remark)
        remark = found[0] if found else ""
    line = ToldLine(
        remark[:TEXT_MAX].strip(), _number(cells, layout.number), Money(minor, layout.currency)
    )
    balance = _minor(cells[layout.balance], layout.currency)
    return Row(0, _day(cells[layout.date], layout.date_format), line, balance)


def _supplier(cells: dict[str, str], layout: SupplierLayout) -> Row | None:
    _check_currency(cells, layout)
    minor = _minor(cells[layout.amount], layout.currency)
    state = cells[layout.state]
    if minor < 0:
        raise _Wrong(Saying("row-negative"))
    if state in layout.charged:
        minor = -minor
    elif state in layout.ignored:
        minor = 0
    elif state not in layout.given:
        raise _Wrong(Saying("row-state", state=repr(state[:20])))
    our_number, their_number = (
        _number(cells, name) for name in (layout.our_number, layout.their_number)
    )
    if not (our_number or their_number):
        raise _Wrong(Saying("row-no-number"))
    day = _day(cells[layout.date], layout.date_format)
    if not minor:
        return None
    return Row(0, day, ToldLine(our_number, their_number, Money(minor, layout.currency)), None)


def _check_currency(cells: dict[str, str], layout: BankLayout | SupplierLayout) -> None:
    if layout.currency_column:
        word = cells[layout.currency_column]
        if word not in {layout.currency, *layout.currency_words}:
            raise _Wrong(Saying("row-currency", there=repr(word[:10]), wanted=layout.currency))


def _number(cells: dict[str, str], name: str) -> str:
    text = _plain(cells[name])
    if text.startswith(_FORMULA):
        raise _Wrong(Saying("row-formula", column=name))
    if len(text) > TEXT_MAX or not text.isprintable():
        raise _Wrong(Saying("row-bad-number", column=name))
    if re.fullmatch(r"[0-9.]+[Ee]\+?[0-9]+", text):
        raise _Wrong(Saying("row-rounded", column=name))
    return text


def _minor(text: str, currency: str) -> int:
    match = _AMOUNT.fullmatch(text.removeprefix("¥").removeprefix("￥").strip())
    if match is None:
        raise _Wrong(Saying("row-no-amount"))
    sign, whole, decimals = match[1], match[2].replace(",", ""), (match[3] or "").rstrip("0")
    try:
        minor = parse_decimal(whole + (decimals if len(decimals) > 1 else ""), currency).minor
    except ValueError as exc:
        raise _Wrong(Saying("row-amount-long")) from exc
    return -minor if sign == "-" else minor


def _day(text: str, written: str) -> int:
    """Read a day; a time behind it does not matter."""
    length = len(dt.date(2000, 10, 10).strftime(written))
    try:
        found = dt.datetime.strptime(text[:length], written).date()  # noqa: DTZ007 - a day alone
    except ValueError as exc:
        raise _Wrong(Saying("row-day", written=written)) from exc
    if not 2000 <= found.year <= 9999:
        raise _Wrong(Saying("row-no-day"))
    return int(found.strftime("%Y%m%d"))


def _cell(text: str) -> str:
    """Return a cell without what spreadsheets put around numbers: tab, apostrophe, ``="…"``."""
    plain = text.strip().strip("`").strip()
    if plain.startswith('="') and plain.endswith('"'):
        plain = plain[2:-1]
    return plain.lstrip("'").strip()


def _plain(text: str) -> str:
    """Return a text; a dash that stands for nothing is nothing."""
    return "" if set(text) <= {"-", "—"} else text


# --- all rows ------------------------------------------------------------------------------------


def _in_order(rows: list[Row]) -> list[Row]:
    """Return them oldest first, each balance following from the one before."""
    gap = _gap(rows)
    if gap is None:
        return rows
    turned = rows[::-1]  # some banks list the newest first
    if _gap(turned) is not None:
        raise RequestInvalid(Saying("line", line=rows[gap].place, what=Saying("row-gap")))
    return turned


def _gap(rows: list[Row]) -> int | None:
    for place in range(1, len(rows)):
        before, after = rows[place - 1], rows[place]
        if before.balance is None or after.balance is None:
            continue
        if before.balance + after.line.amount.minor != after.balance or after.day < before.day:
            return place
    return None


def _once(rows: list[Row], layout: BankLayout | SupplierLayout) -> None:
    seen: dict[tuple[str, str, int], int] = {}
    for row in rows:
        key = (row.line.number, row.line.channel_number, row.line.amount.minor)
        first = seen.setdefault(key, row.place)
        if first != row.place and isinstance(layout, BankLayout) and row.line.channel_number:
            again = Saying("row-twice", first=first)
            raise RequestInvalid(Saying("line", line=row.place, what=again))


class _Wrong(ValueError):
    """What is wrong with a row."""


@contextmanager
def _at(place: int) -> Iterator[None]:
    try:
        yield
    except _Wrong as exc:
        raise RequestInvalid(Saying("line", line=place, what=sentence_of(exc))) from exc


def _decoded(raw: bytes, encoding: str) -> str:
    if raw.startswith(_BOM):
        encodings = ["utf-8-sig"]
    else:
        encodings = [encoding] if encoding else ["utf-8", "gb18030"]
    for one in encodings:
        try:
            text = raw.decode(one)
        except UnicodeDecodeError:
            continue
        if "\x00" in text:
            raise RequestInvalid(Saying("file-no-text"))
        return text
    raise RequestInvalid(Saying("file-encoding"))
