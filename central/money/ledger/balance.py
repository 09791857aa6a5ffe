"""What an account holds: posted, set aside, and left; now, or at the end of any business day.

What happened before a closed day is read from that day's snapshot, and only what came later from
the entries; so neither grows with the age of the books.
"""

from __future__ import annotations

from typing import NamedTuple

from central.foundation.db.engine import rows
from central.money.ledger.chart import heading_of

ENTRY_MAX = 2**63 - 1

# What was posted to a hot account since it was last rolled up.
_TAIL = (
    "(SELECT coalesce(sum(CASE WHEN side = {side} THEN amount END), 0) FROM entry"
    " WHERE hot AND entry.account_id = account.id AND entry.id > account.rolled AND layer = 1)"
)
TOTALS = f"d + {_TAIL.format(side=1)}, c + {_TAIL.format(side=-1)}"
"""Debits and credits of an account until now, for a SELECT of ``account``."""


class Balance(NamedTuple):
    """What an account holds, minor units in its normal direction.

    Args:
        posted: What has moved.
        held: What is set aside of it.
    """

    posted: int
    held: int

    @property
    def available(self) -> int:
        """What may still be taken."""
        return self.posted - self.held


class Snapshot(NamedTuple):
    """What had moved on an account through a closed day.

    Args:
        first_after: Its entries of later days have numbers from here on.
    """

    day: int
    d: int
    c: int
    first_after: int


def balance(code: str, at_effective: int | None = None) -> Balance:
    """Return what an account holds; nothing if nothing was ever posted to it.

    Args:
        at_effective: At the end of this business day, yyyymmdd, by all that is known now.

    Raises:
        ValueError: the chart of accounts has no such account.
    """
    found = rows(f"SELECT id, sign, {TOTALS}, pd, pc FROM account WHERE code = ?", (code,))
    if not found:
        heading_of(code)
        return Balance(0, 0)
    [(account_id, sign, d, c, pd, pc)] = found
    if at_effective is not None:
        d, c = moved_through(account_id, at_effective)
        pd, pc = _held_through(account_id, at_effective)
    return Balance(int(sign * (d - c)), int(pc if sign == 1 else pd))


def moved_through(account_id: int, day: int) -> tuple[int, int]:
    """Return debits and credits of an account of all days until this one."""
    snap = snapshot_before(account_id, day + 1)
    [(d, c)] = rows(
        "SELECT coalesce(sum(CASE WHEN side = 1 THEN amount END), 0),"
        " coalesce(sum(CASE WHEN side = -1 THEN amount END), 0)"
        " FROM entry JOIN journal ON journal.id = journal_id"
        " WHERE account_id = ? AND layer = 1 AND entry.id BETWEEN ? AND ?"
        " AND effective > ? AND effective <= ?",
        (account_id, snap.first_after, last_within(account_id, day), snap.day, day),
    )
    return snap.d + int(d), snap.c + int(c)


def snapshot_before(account_id: int, day: int) -> Snapshot:
    """Return the newest snapshot of an account of a day before this one."""
    found = rows(
        "SELECT day, d, c, first_after FROM balance_snap WHERE account_id = ? AND day < ?"
        " ORDER BY day DESC LIMIT 1",
        (account_id, day),
    )
    return Snapshot(*map(int, found[0])) if found else Snapshot(0, 0, 0, 0)


def last_within(account_id: int, day: int) -> int:
    """Return a number behind which an account has no entry of this day or of one before it."""
    found = rows(
        "SELECT last_within FROM balance_snap WHERE account_id = ? AND day >= ?"
        " ORDER BY day LIMIT 1",
        (account_id, day),
    )
    return int(found[0][0]) if found else ENTRY_MAX


def _held_through(account_id: int, day: int) -> tuple[int, int]:
    """Return what was held on either side at the end of a day."""
    [(pd, pc)] = rows(
        # A resolution bears the mirrored entries of its hold.
        "SELECT coalesce(sum(CASE WHEN phase = 'pending' AND side = 1 THEN amount"
        " WHEN phase <> 'pending' AND side = -1 THEN -amount END), 0),"
        " coalesce(sum(CASE WHEN phase = 'pending' AND side = -1 THEN amount"
        " WHEN phase <> 'pending' AND side = 1 THEN -amount END), 0)"
        " FROM entry JOIN journal ON journal.id = journal_id"
        " WHERE account_id = ? AND layer = 2 AND effective <= ?",
        (account_id, day),
    )
    return int(pd), int(pc)
