"""What has begun and not ended: accounts that only let money through, and have not let it all."""

from __future__ import annotations

from typing import NamedTuple

from central.foundation.db.engine import rows
from central.money.ledger.chart import heading_of
from central.money.ledger.statement import AccountTotals, trial_balance


class Pending(NamedTuple):
    """A clearing account that is not at zero.

    Args:
        since: The business day since which it has not been; something is at least that old.
    """

    account: AccountTotals
    since: int


def pending() -> list[Pending]:
    """Return every clearing account that is not at zero, the oldest first."""
    found = [
        Pending(account, _since(account.code))
        for account in trial_balance()
        if account.balance and heading_of(account.code).clears
    ]
    return sorted(found, key=lambda one: one.since)


def _since(code: str) -> int:
    """Return the first day of those at whose end the account was never at zero, until now."""
    days = rows(
        "SELECT effective, sum(side * amount) FROM entry"
        " JOIN account ON account.id = account_id JOIN journal ON journal.id = journal_id"
        " WHERE code = ? AND layer = 1 GROUP BY effective ORDER BY effective",
        (code,),
    )
    balance, since = 0, 0
    for day, change in days:
        if balance == 0:
            since = int(day)
        balance += int(change)
    return since
