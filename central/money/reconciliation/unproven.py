"""What our books say and no bill has: by age, because a bill may still come."""

from __future__ import annotations

from typing import NamedTuple

from central.foundation.db.engine import rows
from central.money.ledger.days import day_after
from edge.contract.money import Money

CLEARING = "1010."
"""What the accounts begin with that channels' bills of payments and refunds speak of."""


class Unproven(NamedTuple):
    """An entry of a clearing account that no line of a bill has proven.

    Args:
        has_bill: Whether the bills of its day and of the next were taken: then it is missing
            there (短款), and not just early.
    """

    entry: int
    journal_id: int
    account: str
    kind: str
    ref: str
    idem: str
    day: int
    amount: Money
    has_bill: bool


def unproven(
    account: str | None = None, *, first: int = 0, last: int = 99991231, limit: int = 10**9
) -> list[Unproven]:
    """Return unproven entries of the channels' clearing accounts, the oldest first.

    A journal that was taken back and the one that takes it back end one another, unless a bill
    has proven the first. What a bill settles as a whole (rule 2) is on no line of it.

    Args:
        account: Of this one only, ``1010.wechat-pay``.
        first, last: Business days, both included.
    """
    found = rows(
        "SELECT e.id, j.id, code, kind, ref, idem, effective, side * amount, currency"
        " FROM entry e JOIN account a ON a.id = e.account_id JOIN journal j ON j.id = journal_id"
        " LEFT JOIN proof p ON p.entry_id = e.id"
        " WHERE substr(code, 1, 5) = ? AND code = coalesce(?, code) AND layer = 1"
        " AND p.entry_id IS NULL AND kind <> 'channel-settled' AND effective BETWEEN ? AND ?"
        " AND NOT EXISTS (SELECT 1 FROM journal back WHERE back.reverses_id = j.id)"
        " AND (j.reverses_id IS NULL OR EXISTS (SELECT 1 FROM entry o JOIN proof"
        " ON proof.entry_id = o.id WHERE o.journal_id = j.reverses_id"
        " AND o.account_id = e.account_id)) ORDER BY effective, e.id LIMIT ?",
        (CLEARING, account, first, last, limit),
    )
    bills = set(rows("SELECT account, day FROM bill WHERE day >= ?", (first,)))
    return [
        Unproven(
            entry, journal, code, kind, ref, idem, day, Money(minor, currency),
            {(code, day), (code, day_after(day))} <= bills,
        )
        for entry, journal, code, kind, ref, idem, day, minor, currency in found
    ]  # fmt: skip
