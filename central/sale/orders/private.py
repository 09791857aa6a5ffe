"""What a buyer has told, unsealed for as long as it is needed."""

from __future__ import annotations

from central.foundation.db.engine import rows
from central.sale.orders.model import Order, OrderId
from central.sale.orders.office import Office


def told_by(order: Order, office: Office) -> dict[str, str]:
    """Return what the buyer has typed into the fields."""
    found = _private_of(order.id, office)
    found.pop("", None)
    return found


def contact_of(order: OrderId, office: Office) -> str:
    """Return how the buyer is reached; empty if he has not told."""
    return _private_of(order, office).get("", "")


def _private_of(order: OrderId, office: Office) -> dict[str, str]:
    # His contact is under the empty name.
    [(sealed,)] = rows("SELECT private FROM sale_order WHERE id = ?", (order,))
    return office.seal.open(bytes(sealed), f"order:{order}")
