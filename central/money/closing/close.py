"""Closes a day or a month whose bills are settled; and, by the clock, all that can be."""

from __future__ import annotations

from collections.abc import Collection
from typing import NamedTuple

from central.errors import Conflict
from central.foundation.db.engine import reading
from central.foundation.language.said import Saying
from central.money.closing.days import OpenDay, open_days
from central.money.ledger import close as ledger
from central.money.ledger.closes import Close
from central.money.ledger.days import day_after, last_day_of
from central.money.reconciliation.model import By


class Done(NamedTuple):
    """What a run has closed.

    Args:
        closes: One a month that ended, and one for the newest day.
        waits: The oldest day that could not be closed; None if all are.
    """

    closes: list[Close]
    waits: OpenDay | None


def close_day(day: int, by: By, with_bills: Collection[str]) -> Close:
    """Close a day and all before it, once the bills of all of them are settled or waived.

    Call it outside of a transaction.

    Raises:
        Conflict: bills are missing; it says whose. PostingRefused: as the ledger's ``close_day``.
    """
    guard = _guard(with_bills)
    return ledger.close_day(day, by.at_s, today=by.day, actor=by.actor, guard=guard)


def close_month(month: int, by: By, with_bills: Collection[str]) -> Close:
    """Close a month, yyyymm, on the same condition.

    Raises:
        Conflict, PostingRefused: as ``close_day``.
    """
    guard = _guard(with_bills)
    return ledger.close_month(month, by.at_s, today=by.day, actor=by.actor, guard=guard)


def close_due(by: By, with_bills: Collection[str]) -> Done:
    """Close every day up to yesterday that waits for nothing, months in their turn.

    A day that waits keeps all after it open.
    """
    closes: list[Close] = []
    waits: OpenDay | None = None
    ready: list[int] = []
    for one in reading(lambda: list(open_days(with_bills, by.day))):
        if one.missing:
            waits = one
            break
        ready.append(one.day)
    for day in ready:
        if day == last_day_of(day // 100):
            closes.append(close_month(day // 100, by, with_bills))
        elif day == ready[-1]:
            closes.append(close_day(day, by, with_bills))
    return Done(closes, waits)


def _guard(with_bills: Collection[str]) -> ledger.Guard:
    def guard(day: int) -> None:
        for one in open_days(with_bills, day_after(day)):
            if one.missing:
                raise Conflict(Saying("day-not-closed", day=one.day, what=one.said))

    return guard
