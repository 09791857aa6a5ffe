"""What our books say and no bill has: by age, because a bill may still come."""

from __future__ import annotations

from typing import NamedTuple

from central.foundation.db.engine import rows
from central.money.reconciliation.take import SETTLED
from edge.contract.money import Money


class Unproven(NamedTuple):
    """An entry of a clearing account that no line of a bill has proven.

    Args:
        has_bill: Whether the bill of its day and that of the next were taken: then it is missing
            there (短款), and not just early.
    """

    entry: int
    journal_id: int
    account: str
    kind: str
    ref: str
    day: int
    amount: Money
    has_bill: bool


def unproven(*, before: int = 99991231) -> list[Unproven]:
    """Return the unproven entries of the channels' clearing accounts, the oldest first.

    A journal that was taken back, and the one that takes it back, prove one another.

    Args:
        before: Business day; later entries are not looked at.
    """
    found = rows(
        "SELECT entry.id, journal.id, code, kind, ref, effective, side * amount, currency,"
        " (SELECT count(*) FROM bill WHERE bill.account = code AND bill.day = effective),"
        " (SELECT count(*) FROM bill WHERE bill.account = code AND bill.day > effective)"
        " FROM entry JOIN account ON account.id = account_id JOIN journal ON journal.id ="
        " journal_id LEFT JOIN proof ON proof.entry_id = entry.id"
        " WHERE substr(code, 1, 5) = '1010.' AND layer = 1 AND proof.entry_id IS NULL"
        " AND kind NOT IN (?, ?) AND effective < ?"
        " AND reverses_id IS NULL AND NOT EXISTS (SELECT 1 FROM journal back"
        " WHERE back.reverses_id = journal.id) ORDER BY effective, entry.id",
        (*SETTLED, before),
    )
    return [
        Unproven(
            int(entry), int(journal), code, kind, ref, int(day), Money(int(minor), currency),
            bool(same and later),
        )
        for entry, journal, code, kind, ref, day, minor, currency, same, later in found
    ]  # fmt: skip
