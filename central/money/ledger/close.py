"""Closes days and months: from then on nothing is posted there, and what they came to is noted."""

from __future__ import annotations

from collections.abc import Callable

from central.errors import PostingRefused
from central.foundation.db.engine import change, lone_transaction, rows
from central.foundation.language.said import Saying
from central.money.ledger.chart import heading_of
from central.money.ledger.closes import Close, close_through, closed_through
from central.money.ledger.rules import Result, is_day, last_day_of, month_closed
from central.money.ledger.seal import newest_seal, seal_through, settle_writers
from central.money.ledger.statement import trial_balance
from central.money.ledger.store import post

Guard = Callable[[int], None]
"""Raises what speaks against closing a day, in the transaction that closes it."""


def close_day(
    day: int, at_s: int, *, today: int, actor: str, guard: Guard = lambda _day: None
) -> Close:
    """Close a day and all before it; return what was noted.

    Call it outside of a transaction. People and jobs close by ``closing``, which knows of bills.

    Args:
        today: The business day that is going on; it cannot be closed yet.

    Raises:
        PostingRefused: the day is not over, or closed already; or a month ends in between, which
            is closed as a month.
    """

    def work() -> Close:
        settle_writers()
        _check(day, today)
        if day == last_day_of(day // 100):
            raise PostingRefused(Saying("day-ends-month", day=day))
        month = _month_before(day)
        if _results(last_day_of(month)):
            raise PostingRefused(Saying("month-open", month=month))
        guard(day)
        return _close(day, at_s, actor)

    return lone_transaction(work)


def close_month(
    month: int, at_s: int, *, today: int, actor: str, guard: Guard = lambda _day: None
) -> Close:
    """Close a month: revenue and expense are carried to what is retained, then its last day ends.

    Call it outside of a transaction.

    Args:
        month: yyyymm.

    Raises:
        PostingRefused: the month is not over, or closed already.
    """

    def work() -> Close:
        settle_writers()
        if not is_day(month * 100 + 1):
            raise PostingRefused(Saying("no-month", month=month))
        day = last_day_of(month)
        _check(day, today)
        guard(day)
        for currency, results in _results(day).items():
            post(month_closed(month, currency, tuple(results), actor), at_s)
        return _close(day, at_s, actor)

    return lone_transaction(work)


def _check(day: int, today: int) -> None:
    if not is_day(day):
        raise PostingRefused(Saying("no-day", day=day))
    if day >= today:
        raise PostingRefused(Saying("day-not-over", day=day))
    if day <= closed_through():
        raise PostingRefused(Saying("day-closed-already", day=day))


def _month_before(day: int) -> int:
    year, month = day // 10000, day // 100 % 100
    return year * 100 + month - 1 if month > 1 else (year - 1) * 100 + 12


def _results(day: int) -> dict[str, list[Result]]:
    """Return the revenue and expense accounts that are not at zero after a day, by currency."""
    found: dict[str, list[Result]] = {}
    for account in trial_balance(day):
        if account.balance and heading_of(account.code).type.is_closed_by_month:
            found.setdefault(account.currency, []).append(Result(account.code, account.balance))
    return found


def _close(day: int, at_s: int, actor: str) -> Close:
    settled = settle_writers()
    seal_through(settled.journal_id)
    before = close_through(day)
    # All that was posted since the last close, and perhaps something before it of a later day.
    bounds = (before.first_after, before.day, day)
    unbalanced = rows(
        "SELECT currency, sum(side * amount) FROM entry JOIN journal ON journal.id = journal_id"
        " JOIN account ON account.id = account_id WHERE layer = 1 AND entry.id >= ?"
        " AND effective > ? AND effective <= ? GROUP BY currency HAVING sum(side * amount) <> 0",
        bounds,
    )
    if unbalanced:
        raise PostingRefused(Saying("books-unbalanced", day=day))
    [(first, last)] = rows(
        "SELECT min(CASE WHEN effective > ? THEN entry.id END),"
        " max(CASE WHEN effective <= ? THEN entry.id END)"
        " FROM entry JOIN journal ON journal.id = journal_id WHERE entry.id >= ?",
        (day, day, before.first_after),
    )
    first_after = settled.entry_id + 1 if first is None else int(first)
    sealed = newest_seal()
    close = Close(
        day, at_s, actor, sealed.journal_id, sealed.hash, first_after,
        max(before.last_within, int(last or 0)),
    )  # fmt: skip
    change("UPDATE closed_through SET day = ? WHERE day < ?", (day, day))
    change(
        "INSERT INTO day_close (day, closed_at_s, actor, sealed_id, sealed_hash, first_after,"
        " last_within) VALUES (?, ?, ?, ?, ?, ?, ?)",
        tuple(close),
    )
    _take_snapshots(day, settled.entry_id, bounds)
    return close


def _take_snapshots(day: int, newest_entry: int, bounds: tuple[int, int, int]) -> None:
    """Note what had moved on each account on which something has since its last snapshot."""
    first_entry, day_before, _ = bounds
    change(
        "INSERT INTO balance_snap (account_id, day, d, c, first_after, last_within)"
        " SELECT moved.account_id, ?, coalesce(snap.d, 0) + moved.d, coalesce(snap.c, 0) + moved.c,"
        " coalesce(later.first, ?),"
        " CASE WHEN snap.last_within > moved.last THEN snap.last_within ELSE moved.last END"
        " FROM (SELECT account_id, max(entry.id) AS last,"
        " sum(CASE WHEN side = 1 THEN amount ELSE 0 END) AS d,"
        " sum(CASE WHEN side = -1 THEN amount ELSE 0 END) AS c"
        " FROM entry JOIN journal ON journal.id = journal_id WHERE layer = 1 AND entry.id >= ?"
        " AND effective > ? AND effective <= ? GROUP BY account_id) AS moved"
        " LEFT JOIN balance_snap AS snap ON snap.account_id = moved.account_id AND snap.day ="
        " (SELECT max(day) FROM balance_snap WHERE account_id = moved.account_id)"
        " LEFT JOIN (SELECT account_id, min(entry.id) AS first"
        " FROM entry JOIN journal ON journal.id = journal_id WHERE layer = 1 AND entry.id >= ?"
        " AND effective > ? GROUP BY account_id) AS later ON later.account_id = moved.account_id",
        (day, newest_entry + 1, first_entry, day_before, day, first_entry, day),
    )
