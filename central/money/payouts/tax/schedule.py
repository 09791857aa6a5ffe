"""How much tax is withheld from commissions, as a schedule says it. Pure.

Which law applies to whom is not decided here: a schedule is data that somebody has put in force,
and a party without a profile is taxed by nobody here.
"""

from __future__ import annotations

import json
from itertools import pairwise
from typing import Any, NamedTuple

from central.foundation.language.said import Saying

PPM = 1_000_000
PERIODS = ("month", "year")
BRACKETS_MAX = 20


class Bracket(NamedTuple):
    """A rate of the part up to an amount.

    Args:
        up_to: Taxable income of the period, minor units; None: all above.
        ppm: Rate, parts per million.
        quick: Quick deduction (速算扣除数), minor units: what the rate takes too much of the
            brackets below.
    """

    up_to: int | None
    ppm: int
    quick: int


class Schedule(NamedTuple):
    """How a period's income is taxed.

    Args:
        period: What is added up: ``month`` or ``year``; commissions of one count as one income.
        free: Income that is not taxed at all, minor units.
        flat_up_to: Up to this income ``flat`` is deducted, above it ``deducted_ppm`` of it.
    """

    name: str
    period: str
    free: int
    flat_up_to: int
    flat: int
    deducted_ppm: int
    brackets: tuple[Bracket, ...]


LABOUR_2019 = {
    "name": "劳务报酬所得预扣预缴",
    "period": "month",
    "free": 800_00,
    "flat_up_to": 4_000_00,
    "flat": 800_00,
    "deducted_ppm": 200_000,
    "brackets": [
        {"up_to": 20_000_00, "ppm": 200_000, "quick": 0},
        {"up_to": 50_000_00, "ppm": 300_000, "quick": 2_000_00},
        {"up_to": None, "ppm": 400_000, "quick": 7_000_00},
    ],
}
"""Withholding from a resident person's remuneration for labour, as a file to start from.

Source: State Taxation Administration, announcement 61 of 2018, art. 8 and table 2, from memory;
whoever puts it in force checks that it is the law that applies to him.
"""


def read(text: str) -> Schedule:
    """Return the schedule that a JSON text says.

    Raises:
        ValueError: with a sentence that names what is wrong with it.
    """
    try:
        body = json.loads(text)
    except ValueError as exc:
        raise ValueError(Saying("tax-not-json", why=str(exc))) from exc
    return of_body(body)


def of_body(body: Any) -> Schedule:
    """Return the schedule that a JSON value says.

    Raises:
        ValueError: with a sentence that names what is wrong with it.
    """
    if not isinstance(body, dict):
        raise ValueError(Saying("tax-no-object"))  # noqa: TRY004 - what was sent is wrong, not us
    unknown = sorted({*body} - {*Schedule._fields})
    missing = [name for name in Schedule._fields if name not in body]
    if unknown or missing:
        raise ValueError(Saying("tax-fields", unknown=str(unknown), missing=str(missing)))
    if not isinstance(body["name"], str) or not 1 <= len(body["name"]) <= 100:
        raise ValueError(Saying("tax-name"))
    if body["period"] not in PERIODS:
        raise ValueError(Saying("tax-period"))
    figures = {name: _figure(body, name) for name in ("free", "flat_up_to", "flat")}
    if figures["flat"] > figures["free"]:
        raise ValueError(Saying("tax-flat"))
    return Schedule(
        body["name"], body["period"], figures["free"], figures["flat_up_to"], figures["flat"],
        _figure(body, "deducted_ppm", PPM), _brackets(body["brackets"]),
    )  # fmt: skip


def tax_of(schedule: Schedule, income: int) -> int:
    """Return the tax of a period's income, both in minor units, rounded down."""
    if income <= schedule.free:
        return 0
    deducted = (
        schedule.flat
        if income <= schedule.flat_up_to
        else -(-income * schedule.deducted_ppm // PPM)
    )
    taxable = income - deducted
    bracket = next(b for b in schedule.brackets if b.up_to is None or taxable <= b.up_to)
    return max(0, taxable * bracket.ppm // PPM - bracket.quick)


def withheld_now(schedule: Schedule, before: int, withheld: int, amount: int) -> int:
    """Return what is withheld from one more payment of a period.

    Args:
        before: What was paid in the period before, less what came back.
        withheld: What was withheld from that.
        amount: What is paid now.
    """
    due = tax_of(schedule, before + amount) - withheld
    return max(0, min(due, amount - 1))


def _figure(body: dict[str, Any], name: str, most: int = 10**14) -> int:
    value = body[name]
    if type(value) is not int or not 0 <= value <= most:
        raise ValueError(Saying("tax-figure", name=name, most=most))
    return value


def _brackets(found: Any) -> tuple[Bracket, ...]:
    if not isinstance(found, list) or not 1 <= len(found) <= BRACKETS_MAX:
        raise ValueError(Saying("tax-brackets", most=BRACKETS_MAX))
    made: list[Bracket] = []
    for n, one in enumerate(found, 1):
        if not isinstance(one, dict) or {*one} != {"up_to", "ppm", "quick"}:
            raise ValueError(Saying("tax-bracket", n=n))
        is_last = n == len(found)
        if (one["up_to"] is None) != is_last:
            raise ValueError(Saying("tax-last-bracket"))
        up_to = None if is_last else _figure(one, "up_to")
        if made and up_to is not None and up_to <= (made[-1].up_to or 0):
            raise ValueError(Saying("tax-bracket-order", n=n))
        made.append(Bracket(up_to, _figure(one, "ppm", PPM), _figure(one, "quick")))
    for low, high in pairwise(made):
        assert low.up_to is not None, "only the last has none"
        ends, begins = (low.up_to * b.ppm // PPM - b.quick for b in (low, high))
        if abs(ends - begins) > 1:
            raise ValueError(Saying("tax-jumps", at=low.up_to, below=ends, above=begins))
    return tuple(made)
