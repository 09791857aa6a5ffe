"""Whether anything of a SKU can be delivered just now: keys of ours, or a supplier who has it."""

from __future__ import annotations

from central.foundation.db.engine import rows
from central.supply.catalogue import shelf
from central.supply.catalogue.model import Offered
from central.supply.catalogue.selling import min_days_left
from central.supply.product_types.model import Fulfilment

DAY_S = 86_400
_BOUGHT = frozenset({Fulfilment.SUPPLIER_KEY, Fulfilment.DIRECT_TOPUP})


def is_left(offered: Offered, quantity: int, at_s: int) -> bool:
    """Say whether so many can be delivered, as far as anybody knows.

    Of a supplier it is what he said last; what a person or an issue delivers never runs out.
    """
    if offered.fulfilment is Fulfilment.BUNDLE:
        return all(
            is_left(shelf.offered(part.sku), quantity * part.quantity, at_s)
            for part in offered.sku.parts
        )
    if offered.fulfilment is Fulfilment.LOCAL_KEY:
        return _has_keys(offered.sku.id, quantity, at_s)
    return offered.fulfilment not in _BOUGHT or _is_offered(offered.sku.id)


def _has_keys(sku: str, quantity: int, at_s: int) -> bool:
    good_until_s = at_s + min_days_left(sku) * DAY_S
    # No more than are wanted are counted: a shelf asks for many SKUs at once.
    found = rows(
        "SELECT 1 FROM card_batch b JOIN card_key k ON k.batch_id = b.id WHERE b.sku = ?"
        " AND b.state = 'stocked' AND b.kind = 'stock'"
        " AND (b.expires_at_s IS NULL OR b.expires_at_s > ?)"
        " AND k.state IN ('available', 'reserved') AND k.reserved_until_s <= ? LIMIT ?",
        (sku, good_until_s, at_s, quantity),
    )
    return len(found) >= quantity


def _is_offered(sku: str) -> bool:
    return bool(rows(
        "SELECT 1 FROM supplier_offer o JOIN supplier_account a ON a.id = o.account"
        " JOIN supplier s ON s.id = a.supplier WHERE o.sku = ? AND o.is_enabled"
        " AND a.state = 'active' AND s.state = 'active' AND (o.stock IS NULL OR o.stock > 0)"
        " LIMIT 1",
        (sku,),
    ))  # fmt: skip
