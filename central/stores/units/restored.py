"""After a restore from a backup: every unit takes anew what this hub says.

The numbers of changes that a restored hub gives out were given before, to other changes; a unit
that has heard those would miss these, and would go on refusing what this hub never revoked. So the
numbers jump, and the upper part of each tells in which minute its life of the hub began: the same
backup may be put back more than once.
"""

from __future__ import annotations

from central.foundation.db.engine import change, money_transaction, rows
from central.foundation.feed import LIFE_BITS, next_change
from central.stores.keys.trust import IssuerKeyRow
from central.stores.units import receipt_template, steer
from central.stores.vouchers.status import repeat
from central.stores.vouchers.tables import Shard
from central.supply.catalogue.tables import ProductRow
from edge.contract.voucher_token import DAY_ZERO_S


def life_at(at_s: int, now: int) -> int:
    """Return the first number of a life that begins at a moment, after a newest number."""
    minutes = (at_s - DAY_ZERO_S) // 60
    return max(minutes, (now >> LIFE_BITS) + 1) << LIFE_BITS


def begin_new_life(at_s: int) -> int:
    """Let the numbers jump, and everything the hub says bear a new one; return the newest."""

    def work() -> int:
        [(now,)] = rows("SELECT n FROM feed WHERE id = 1")
        change("UPDATE feed SET n = ? WHERE id = 1", (life_at(at_s, int(now)),))
        for shard in Shard.select().order_by(Shard.id):
            repeat(shard.id)
        steer.renew(at_s)
        receipt_template.renew(at_s)
        number = next_change()
        IssuerKeyRow.update(changed_n=number).execute()
        ProductRow.update(changed_n=number).execute()
        return number

    return money_transaction(work)
