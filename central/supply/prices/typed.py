"""Prices as people type them: ladders, percentages, and tables from a spreadsheet. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from central.errors import RequestInvalid
from central.foundation.language.words import N_
from central.supply.catalogue.sheet import read_table
from central.supply.prices.model import Mode, Tier
from central.supply.prices.wanted import Change, Wanted, check
from edge.contract.money import decimal_text, parse_decimal

COLUMNS = ("book", "sku", "min_qty", "price", "member_price")
_PERCENT = re.compile(r"([+\-−]?)([0-9]{1,5})(?:[.,]([0-9]{1,4}))?\s*%?", re.ASCII)
_QUANTITY = re.compile(r"[0-9]{1,6}", re.ASCII)


def read_ladder(text: str, currency: str) -> tuple[Tier, ...]:
    """Read ``1: 50.00, 10: 45.00``; a single price is for one piece on.

    Raises:
        RequestInvalid: it cannot be read.
    """
    tiers = []
    for part in re.split(r"[;,\n，；]\s*(?=[0-9]+\s*[:：])", text.strip()):
        count, colon, price = re.sub("：", ":", part).rpartition(":")
        if colon and not _QUANTITY.fullmatch(count.strip()):
            raise RequestInvalid(N_("A ladder is written 1: 50.00, 10: 45.00."))
        tiers.append(Tier(int(count) if colon else 1, read_amount(price, currency)))
    return tuple(tiers)


def ladder_text(tiers: Sequence[Tier], currency: str) -> str:
    """Return a ladder as ``read_ladder`` reads it."""
    return ", ".join(f"{t.min_qty}: {decimal_text(t.unit_minor, currency)}" for t in tiers)


def read_amount(text: str, currency: str) -> int:
    """Return minor units; RequestInvalid if it is no amount of this currency."""
    try:
        return parse_decimal(text, currency).minor
    except ValueError as exc:
        raise RequestInvalid(N_("An amount is a number such as 88.00.")) from exc


def read_percent(text: str) -> int:
    """Return parts per million: ``read_percent("-12.5 %") == -125_000``; or RequestInvalid."""
    match = _PERCENT.fullmatch(text.strip())
    if not match:
        raise RequestInvalid(N_("A percentage is a number such as 12.5 or −10."))
    ppm = int(match[2]) * 10_000 + int((match[3] or "").ljust(4, "0"))
    return ppm if match[1] in {"", "+"} else -ppm


# --- tables --------------------------------------------------------------------------------------


@dataclass
class Sheet:
    """What a table would change, and what is wrong with it: line and English sentence."""

    changes: list[Change] = field(default_factory=list)
    faults: list[tuple[int, str]] = field(default_factory=list)


def read_sheet(text: str, currencies: Mapping[str, str], skus: frozenset[str]) -> Sheet:
    """Read prices: lines of the same book and SKU are the steps of one ladder.

    Args:
        currencies: Of the books that there are.
        skus: That there are.

    Raises:
        RequestInvalid: it is no such table at all.
    """
    sheet = Sheet()
    ladders: dict[tuple[str, str], list[tuple[int, Tier, int | None]]] = {}
    for line, row in read_table(text, COLUMNS[:4], COLUMNS):
        try:
            step = _step(row, currencies, skus)
            ladders.setdefault((row["book"], row["sku"]), []).append((line, *step))
        except RequestInvalid as exc:
            sheet.faults.append((line, exc.detail))
    for (book, sku), steps in ladders.items():
        tiers = tuple(tier for _, tier, _ in steps)
        members = {member for _, _, member in steps if member is not None}
        try:
            if len(members) > 1:
                raise RequestInvalid(N_("A SKU has one member price in a book."))
            wanted = Wanted(Mode.LADDER, tiers, member_minor=next(iter(members), None))
            check(wanted)
        except RequestInvalid as exc:
            sheet.faults.append((steps[0][0], exc.detail))
        else:
            sheet.changes.append(Change(book, sku, wanted))
    sheet.faults.sort()
    return sheet


def _step(
    row: Mapping[str, str], currencies: Mapping[str, str], skus: frozenset[str]
) -> tuple[Tier, int | None]:
    if row[""]:
        raise RequestInvalid(N_("This line has more columns than the heading."))
    if row["book"] not in currencies:
        raise RequestInvalid(N_("There is no such price book."))
    if row["sku"] not in skus:
        raise RequestInvalid(N_("There is no such SKU."))
    if not _QUANTITY.fullmatch(row["min_qty"] or "1"):
        raise RequestInvalid(N_("A step begins at 1 to 100000 pieces."))
    currency = currencies[row["book"]]
    member = row.get("member_price")
    tier = Tier(int(row["min_qty"] or "1"), read_amount(row["price"], currency))
    return tier, read_amount(member, currency) if member else None
