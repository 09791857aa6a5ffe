"""Reads the ledger: trial balance, and the statement of one account."""

from __future__ import annotations

from typing import NamedTuple

from central.foundation.db.engine import rows
from central.money.ledger.chart import heading_of


class Balance(NamedTuple):
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


def trial_balance() -> list[Balance]:
    """Return every account; over each currency debits and credits are the same."""
    return [
        Balance(code, heading_of(code).en, heading_of(code).zh, currency, d, c)
        for code, currency, d, c in rows("SELECT code, currency, d, c FROM account ORDER BY code")
    ]


def statement(code: str, first_day: int, last_day: int) -> Statement | None:
    """Return the statement of an account over days (yyyymmdd, both included).

    None if the account has not been opened.
    """
    account = rows("SELECT id, currency, sign FROM account WHERE code = ?", (code,))
    if not account:
        return None
    [(account_id, currency, sign)] = account
    [(opening,)] = rows(
        "SELECT coalesce(sum(side * amount), 0) FROM entry JOIN journal ON journal.id = journal_id"
        " WHERE account_id = ? AND layer = 1 AND effective < ?",
        (account_id, first_day),
    )
    found = rows(
        "SELECT effective, at_s, kind, ref, memo, side * amount, journal.id FROM entry"
        " JOIN journal ON journal.id = journal_id"
        " WHERE account_id = ? AND layer = 1 AND effective BETWEEN ? AND ?"
        " ORDER BY effective, journal.id",
        (account_id, first_day, last_day),
    )
    lines = tuple(
        Line(effective, at_s, kind, ref, memo, sign * change, journal_id)
        for effective, at_s, kind, ref, memo, change, journal_id in found
    )
    start = sign * int(opening)
    return Statement(code, currency, start, lines, start + sum(line.change for line in lines))
