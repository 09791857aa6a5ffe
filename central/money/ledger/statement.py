"""Reads the ledger: trial balance, statements of accounts and parties, one journal."""

from __future__ import annotations

from typing import Any, NamedTuple

from central.foundation.db.engine import rows
from central.money.ledger.balance import (
    ENTRY_MAX,
    TOTALS,
    last_within,
    moved_through,
    snapshot_before,
)
from central.money.ledger.chart import heading_of
from central.money.ledger.closes import close_from, close_through
from central.money.ledger.rules import day_after, first_moment_s


class AccountTotals(NamedTuple):
    """One account in the trial balance, minor units. ``debit`` and ``credit`` are totals."""

    code: str
    name_en: str
    name_zh: str
    currency: str
    debit: int
    credit: int

    @property
    def balance(self) -> int:
        """Debits less credits."""
        return self.debit - self.credit


class Line(NamedTuple):
    """One entry of an account's statement. ``change`` is in the account's normal direction."""

    effective: int
    at_s: int
    kind: str
    ref: str
    memo: str
    change: int
    journal_id: int


class Statement(NamedTuple):
    """What happened to one account over some days."""

    code: str
    currency: str
    opening: int
    lines: tuple[Line, ...]
    closing: int


class JournalLeg(NamedTuple):
    """One entry of a journal. ``held``: it sets aside, or releases, and moves nothing."""

    code: str
    name_en: str
    name_zh: str
    currency: str
    held: bool
    debit: int
    credit: int


class Journal(NamedTuple):
    """One journal with its entries, and the journals it belongs together with.

    Args:
        resolves: The hold that it resolves.
        resolved_by: What resolved it, if it is a hold.
        prev: Seal of the journal before it; None while it waits to be sealed.
    """

    id: int
    idem: str
    kind: str
    ref: str
    phase: str
    effective: int
    at_s: int
    actor: str
    memo: str
    reverses: int | None
    reversed_by: int | None
    resolves: int | None
    resolved_by: int | None
    prev: bytes | None
    hash: bytes | None
    legs: tuple[JournalLeg, ...]


def trial_balance(day: int | None = None) -> list[AccountTotals]:
    """Return every account; over each currency debits and credits are the same.

    Args:
        day: At the end of this business day, yyyymmdd, by all that is known now; without it, now.
    """
    found = (
        rows(f"SELECT code, currency, {TOTALS} FROM account ORDER BY code")
        if day is None
        else _totals_through(day)
    )
    return [
        AccountTotals(
            code, heading_of(code).en, heading_of(code).zh, currency, int(debit), int(credit)
        )
        for code, currency, debit, credit in found
    ]


def statement(
    code: str, first_day: int, last_day: int, *, booked_in: str | None = None
) -> Statement | None:
    """Return the statement of an account over days (yyyymmdd, both included).

    None if the account has not been opened.

    Args:
        booked_in: Count an entry on the day on which it was written, in this time zone, and not
            on the business day that it belongs to: what was known when.
    """
    account = rows("SELECT id, currency, sign FROM account WHERE code = ?", (code,))
    if not account:
        return None
    [(account_id, currency, sign)] = account
    if booked_in is None:
        opening, found = _effective(account_id, first_day, last_day)
    else:
        opening, found = _booked(account_id, first_day, last_day, booked_in)
    lines = tuple(
        Line(effective, at_s, kind, ref, memo, sign * change, journal_id)
        for effective, at_s, kind, ref, memo, change, journal_id in found
    )
    start = sign * opening
    return Statement(code, currency, start, lines, start + sum(line.change for line in lines))


def party_statement(
    kind: str, party: str, first_day: int, last_day: int, *, booked_in: str | None = None
) -> list[Statement]:
    """Return the statement of every account that was opened for an agent, a store, a supplier …"""
    codes = rows(
        "SELECT code FROM account WHERE owner_kind = ? AND owner_id = ? ORDER BY code",
        (kind, party),
    )
    found = (statement(code, first_day, last_day, booked_in=booked_in) for (code,) in codes)
    return [one for one in found if one is not None]


def journal(journal_id: int) -> Journal | None:
    """Return one journal; None if there is no such number."""
    found = rows(
        "SELECT j.id, j.idem, j.kind, j.ref, j.phase, j.effective, j.at_s, j.actor, j.memo,"
        " j.reverses_id, (SELECT id FROM journal WHERE reverses_id = j.id),"
        " j.pending_id, (SELECT id FROM journal WHERE pending_id = j.id), prev, hash"
        " FROM journal j LEFT JOIN seal ON seal.journal_id = j.id WHERE j.id = ?",
        (journal_id,),
    )
    if not found:
        return None
    legs = rows(
        "SELECT code, currency, layer, side, amount FROM entry"
        " JOIN account ON account.id = account_id WHERE journal_id = ? ORDER BY entry.id",
        (journal_id,),
    )
    [told] = found
    one = Journal._make((*told, tuple(_leg(*leg) for leg in legs)))
    if one.prev is None or one.hash is None:
        return one
    return one._replace(prev=bytes(one.prev), hash=bytes(one.hash))


def _leg(code: str, currency: str, layer: int, side: int, amount: int) -> JournalLeg:
    heading = heading_of(code)
    debit, credit = (amount, 0) if side == 1 else (0, amount)
    return JournalLeg(code, heading.en, heading.zh, currency, layer == 2, debit, credit)


def _effective(account_id: int, first_day: int, last_day: int) -> tuple[int, list[tuple[Any, ...]]]:
    debit, credit = moved_through(account_id, first_day - 1)
    found = rows(
        f"SELECT {_LINE} FROM entry JOIN journal ON journal.id = journal_id"
        " WHERE account_id = ? AND layer = 1 AND entry.id BETWEEN ? AND ?"
        " AND effective BETWEEN ? AND ? ORDER BY effective, journal.id, entry.id",
        (account_id, snapshot_before(account_id, first_day).first_after,
         last_within(account_id, last_day), first_day, last_day),
    )  # fmt: skip
    return debit - credit, found


def _booked(
    account_id: int, first_day: int, last_day: int, timezone: str
) -> tuple[int, list[tuple[Any, ...]]]:
    first_s = first_moment_s(first_day, timezone)
    end_s = first_moment_s(day_after(last_day), timezone)
    [(opening,)] = rows(
        "SELECT coalesce(sum(side * amount), 0) FROM entry JOIN journal ON journal.id = journal_id"
        " WHERE account_id = ? AND layer = 1 AND at_s < ?",
        (account_id, first_s),
    )
    found = rows(
        f"SELECT {_LINE} FROM entry JOIN journal ON journal.id = journal_id"
        " WHERE account_id = ? AND layer = 1 AND at_s >= ? AND at_s < ?"
        " ORDER BY at_s, journal.id, entry.id",
        (account_id, first_s, end_s),
    )
    return int(opening), found


_LINE = "effective, at_s, kind, ref, memo, side * amount, journal.id"


def _totals_through(day: int) -> list[tuple[Any, ...]]:
    """Add every account up: its newest snapshot of a closed day, and what came after it."""
    before, after = close_through(day), close_from(day)
    return rows(
        "SELECT code, currency, coalesce(snap.d, 0) + coalesce(tail.d, 0),"
        " coalesce(snap.c, 0) + coalesce(tail.c, 0) FROM account"
        " LEFT JOIN balance_snap AS snap ON snap.account_id = account.id AND snap.day ="
        " (SELECT max(day) FROM balance_snap WHERE account_id = account.id AND day <= ?)"
        " LEFT JOIN (SELECT account_id,"
        " sum(CASE WHEN side = 1 THEN amount ELSE 0 END) AS d,"
        " sum(CASE WHEN side = -1 THEN amount ELSE 0 END) AS c"
        " FROM entry JOIN journal ON journal.id = journal_id"
        " WHERE entry.id BETWEEN ? AND ? AND layer = 1 AND effective > ? AND effective <= ?"
        " GROUP BY account_id) AS tail ON tail.account_id = account.id"
        " ORDER BY code",
        (before.day, before.first_after, after.last_within if after else ENTRY_MAX, before.day,
         day),
    )  # fmt: skip
