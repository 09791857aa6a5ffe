"""How a SKU is sold, where it is otherwise than usual: how long a key must still be good."""

from __future__ import annotations

from central.errors import RequestInvalid
from central.foundation.db.engine import change, money_transaction, rows
from central.foundation.language.words import N_
from central.supply.catalogue import shelf

MIN_DAYS_LEFT = 1
"""A key that ends within a day is not sold unless somebody has said otherwise."""
DAYS_MAX = 3650


def min_days_left(sku: str) -> int:
    """Return how many days a key of a SKU must still be good to be sold."""
    found = rows("SELECT min_days_left FROM sku_selling WHERE sku = ?", (sku,))
    return int(found[0][0]) if found else MIN_DAYS_LEFT


def set_min_days_left(sku: str, days: int, *, by: str, at_s: int) -> None:
    """Say how many days a key of a SKU must still be good to be sold.

    Raises:
        NotFound: there is no such SKU. RequestInvalid: it is no such number.
    """
    shelf.sku_of(sku)
    if not 0 <= days <= DAYS_MAX:
        raise RequestInvalid(N_("A key must be good for 0 to 3650 more days."))
    money_transaction(
        lambda: change(
            "INSERT INTO sku_selling (sku, min_days_left, set_by, set_at_s) VALUES (?, ?, ?, ?)"
            " ON CONFLICT (sku) DO UPDATE SET min_days_left = excluded.min_days_left,"
            " set_by = excluded.set_by, set_at_s = excluded.set_at_s",
            (sku, days, by, at_s),
        )
    )
