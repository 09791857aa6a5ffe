"""What our books say and no bill has: by age, because a bill may still come."""

from __future__ import annotations

from typing import NamedTuple

from central.foundation.db.engine import rows
from central.money.ledger.days import day_after
from central.money.reconciliation.model import PROVEN_BY
from edge.contract.money import Money

CLEARING = "1010."
"""What the accounts begin with that channels' bills of payments and refunds speak of."""
BALANCE = "1020."
"""And those that their bills of movements speak of."""

_HEADINGS = ", ".join(f"'{number}'" for number in PROVEN_BY)
_KIND = " ".join(f"WHEN '{number}' THEN '{kind}'" for number, kind in PROVEN_BY.items())
_IS_BACK = "EXISTS (SELECT 1 FROM journal back WHERE back.reverses_id = {})"
_FIND = (
    "SELECT e.id, j.id, code, j.kind, ref, idem, effective, side * e.amount, currency"  # noqa: S608
    " FROM entry e JOIN account a ON a.id = e.account_id JOIN journal j ON j.id = e.journal_id"
    " LEFT JOIN proof p ON p.entry_id = e.id"
    f" AND p.kind = CASE substr(code, 1, 4) {_KIND} END"
    f" WHERE substr(code, 1, 4) IN ({_HEADINGS}) AND code = coalesce(?, code) AND layer = 1"
    " AND p.entry_id IS NULL AND effective BETWEEN ? AND ?"
    # What a bill settles as a whole (rule 2) is on no line of it.
    " AND NOT (substr(code, 1, 4) = '1010' AND j.kind = 'channel-settled')"
    # And neither is what a person has moved from there because a movement showed it.
    " AND NOT (substr(code, 1, 4) = '1010' AND j.kind = 'difference-explained'"
    " AND j.memo = substr(code, 6))"
    f" AND NOT {_IS_BACK.format('j.id')}"
    " AND (j.reverses_id IS NULL OR EXISTS (SELECT 1 FROM entry o JOIN proof"
    " ON proof.entry_id = o.id WHERE o.journal_id = j.reverses_id"
    " AND o.account_id = e.account_id))"
    # What stands against an entry that was missing ends together with it.
    " AND NOT EXISTS (SELECT 1 FROM difference d JOIN entry o ON o.id = d.entry_id"
    f" WHERE d.found_id = j.id AND d.state = 'resolved' AND NOT {_IS_BACK.format('o.journal_id')})"
)
_WAITS = (
    # Whose bills nobody takes has nothing to wait for, and neither has what lies before the first.
    " AND (substr(code, 1, 4) = '1010'"  # noqa: S608 - our own words
    " OR effective >= (SELECT min(day) FROM bill WHERE bill.account = code))"
    # What a supplier gets is proven by the bank it leaves; few statements repeat it.
    " AND NOT (substr(code, 1, 4) IN ('1040', '2210')"
    " AND j.kind IN ('supplier-prefunded', 'supplier-paid'))"
    " AND NOT EXISTS (SELECT 1 FROM difference d WHERE d.entry_id = e.id AND d.state = 'resolved'"
    f" AND NOT {_IS_BACK.format('d.found_id')})"
)


class Unproven(NamedTuple):
    """An entry that no line of a bill has proven.

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
    account: str | None = None, *, first: int = 0, last: int = 99991231, limit: int = 10**9,
    to_match: bool = False,
) -> list[Unproven]:  # fmt: skip
    """Return unproven entries of accounts that others send bills of, the oldest first.

    A journal that was taken back and the one that takes it back end one another, unless a bill
    has proven the first.

    Args:
        account: Of this one only, ``1010.wechat-pay``.
        first, last: Business days, both included.
        to_match: All that a bill may prove: also what was missing and somebody has posted
            elsewhere, for it may still come.
    """
    found = rows(
        f"{_FIND}{'' if to_match else _WAITS} ORDER BY effective, e.id LIMIT ?",
        (account, first, last, limit),
    )
    whole = set(
        rows(
            "SELECT account, day FROM bill WHERE day >= ? GROUP BY account, day"
            " HAVING count(*) >= max(parts)",
            (first,),
        )
    )
    return [
        Unproven(
            entry, journal, code, kind, ref, idem, day, Money(minor, currency),
            {(code, day), (code, day_after(day))} <= whole,
        )
        for entry, journal, code, kind, ref, idem, day, minor, currency in found
    ]  # fmt: skip
