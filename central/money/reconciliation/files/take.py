"""Takes a bank's or a supplier's file in: one bill for each of its days."""

from __future__ import annotations

import datetime as dt
import hashlib
import json

from central.errors import RequestInvalid
from central.foundation.db.engine import money_transaction
from central.foundation.language.said import Saying
from central.money.reconciliation.files.layouts import BankLayout, Layouts, SupplierLayout
from central.money.reconciliation.files.read import Row, read
from central.money.reconciliation.model import BillKind, By, Told, ToldLine
from central.money.reconciliation.take import Taken, keep_here

DAYS_MAX = 366


def take_file(layouts: Layouts, source: str, raw: bytes, by: By) -> list[Taken]:
    """Keep a file as it is, and match each of its days. All of it or nothing.

    A file may tell of days that another one has told of, if it tells the same.

    Args:
        source: A section of ``statements.toml``: ``bank.main``, ``supplier.kasushou``.

    Raises:
        NotFound: no section describes it.
        RequestInvalid: it cannot be read, or tells of a day that is not over.
        Conflict: it tells of a day otherwise than it was told before, or the balance does not go
            on where it ended.
    """
    layout = layouts.get(source)
    told = days(source, layout, raw, by.day)
    return money_transaction(lambda: [keep_here(one, by) for one in told])


def days(source: str, layout: BankLayout | SupplierLayout, raw: bytes, today: int) -> list[Told]:
    """Return what a file says of each day from its first to its last, also of those without lines.

    Raises:
        RequestInvalid: as ``take_file``.
    """
    found = read(raw, layout)
    if not found:
        raise RequestInvalid(Saying("file-no-line"))
    first, last = found[0].day, found[-1].day
    if last >= today:
        place = next(row.place for row in found if row.day >= today)
        raise RequestInvalid(Saying("line", line=place, what=Saying("row-not-over")))
    by_day: dict[int, list[Row]] = {day: [] for day in _from_to(first, last)}
    for row in found:
        by_day[row.day].append(row)
    name = source.partition(".")[2]
    is_bank = isinstance(layout, BankLayout)
    account = f"1030.{name}" if is_bank else f"{layout.account}.{name}"  # type: ignore[union-attr]
    kind = BillKind.BANK if is_bank else BillKind.SUPPLIER
    file_sha256 = hashlib.sha256(raw).digest()
    told = []
    for day, rows in by_day.items():
        lines = tuple(row.line for row in rows)
        opening = closing = None
        if rows and rows[0].balance is not None:
            opening, closing = rows[0].balance - lines[0].amount.minor, rows[-1].balance
        told.append(
            Told(
                name, kind, account, day, digest_of(lines, opening), file_sha256, raw, lines,
                opening=opening, closing=closing,
            )
        )  # fmt: skip
    return told


def digest_of(lines: tuple[ToldLine, ...], opening: int | None) -> bytes:
    """Return what a day is told by: its own lines, in whatever file and order they stand.

    The order of a supplier's lines does not matter; that of a bank's follows from the balance.
    """
    text = [
        [line.number, line.channel_number, line.amount.minor, line.amount.currency]
        for line in lines
    ]
    if opening is None:
        text.sort(key=str)
    return hashlib.sha256(json.dumps([text, opening]).encode()).digest()


def _from_to(first: int, last: int) -> list[int]:
    day, end = (dt.date(d // 10000, d // 100 % 100, d % 100) for d in (first, last))
    count = (end - day).days + 1
    if count > DAYS_MAX:
        raise RequestInvalid(Saying("file-too-many-days", most=DAYS_MAX, count=count))
    return [int((day + dt.timedelta(days=n)).strftime("%Y%m%d")) for n in range(count)]
