"""What the house pays for one piece of a SKU: what it has paid for what it would sell next."""

from __future__ import annotations

from central.foundation.db.engine import rows
from central.supply.catalogue.model import SkuId
from central.supply.suppliers.model import total
from edge.contract.money import Money


def cost_of(sku: SkuId, currency: str, at_s: int) -> Money | None:
    """Return what one piece costs: of the batch that expires soonest, else of the cheapest offer.

    None if there are neither keys nor an offer in this currency.
    """
    batch = rows(
        "SELECT unit_cost FROM card_batch WHERE sku = ? AND currency = ? AND state = 'stocked'"
        " AND kind = 'stock' AND (expires_at_s IS NULL OR expires_at_s > ?)"
        " AND EXISTS (SELECT 1 FROM card_key k WHERE k.batch_id = card_batch.id"
        " AND k.state = 'available') ORDER BY coalesce(expires_at_s, ?), id LIMIT 1",
        (sku, currency, at_s, 1 << 40),
    )
    if batch:
        return Money(int(batch[0][0]), currency)
    offer = rows(
        "SELECT min(o.cost_e4) FROM supplier_offer o JOIN supplier_account a ON a.id = o.account"
        " WHERE o.sku = ? AND a.currency = ? AND o.is_enabled",
        (sku, currency),
    )
    return None if offer[0][0] is None else total(int(offer[0][0]), currency)
