"""What an account holds: posted, set aside, and left; now, or at the end of any business day."""

from __future__ import annotations

from typing import NamedTuple

from central.foundation.db.engine import rows
from central.money.ledger.chart import heading_of


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


def balance(code: str, at_effective: int | None = None) -> Balance:
    """Return what an account holds; nothing if nothing was ever posted to it.

    Args:
        at_effective: At the end of this business day, yyyymmdd, by all that is known now.

    Raises:
        ValueError: the chart of accounts has no such account.
    """
    found = rows("SELECT id, sign, d, c, pd, pc FROM account WHERE code = ?", (code,))
    if not found:
        heading_of(code)
        return Balance(0, 0)
    [(account_id, sign, d, c, pd, pc)] = found
    if at_effective is not None:
        d, c, pd, pc = _through(account_id, at_effective)
    return Balance(sign * (d - c), pc if sign == 1 else pd)


def _through(account_id: int, day: int) -> tuple[int, int, int, int]:
    """Add an account up from its entries of all days until this one."""
    [(d, c, pd, pc)] = rows(
        "SELECT"
        " coalesce(sum(CASE WHEN layer = 1 AND side = 1 THEN amount END), 0),"
        " coalesce(sum(CASE WHEN layer = 1 AND side = -1 THEN amount END), 0),"
        # A resolution bears the mirrored entries of its hold.
        " coalesce(sum(CASE WHEN layer = 2 AND phase = 'pending' AND side = 1 THEN amount"
        " WHEN layer = 2 AND phase <> 'pending' AND side = -1 THEN -amount END), 0),"
        " coalesce(sum(CASE WHEN layer = 2 AND phase = 'pending' AND side = -1 THEN amount"
        " WHEN layer = 2 AND phase <> 'pending' AND side = 1 THEN -amount END), 0)"
        " FROM entry JOIN journal ON journal.id = journal_id"
        " WHERE account_id = ? AND effective <= ?",
        (account_id, day),
    )
    return int(d), int(c), int(pd), int(pc)
