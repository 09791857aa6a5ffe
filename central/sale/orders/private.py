"""What a buyer has told, unsealed for as long as it is needed; masked for whoever only looks."""

from __future__ import annotations

from typing import NamedTuple

from central.errors import RequestInvalid
from central.foundation.db.engine import money_transaction, rows
from central.foundation.language.words import N_
from central.sale.orders import store
from central.sale.orders.model import Order, OrderId
from central.sale.orders.office import Office
from central.supply.product_types.model import Field, FieldKind

REASON_CHARS = 80


class Private(NamedTuple):
    """What a buyer has told: how he is reached, and the fields by their ids."""

    contact: str
    fields: dict[str, str]

    def __repr__(self) -> str:
        """Leave out all of it."""
        return "Private()"


def masked_of(order: Order, fields: tuple[Field, ...], office: Office) -> Private:
    """Return what a buyer has told, masked; what he has chosen from a list is not."""
    told = _private_of(order.id, office)
    contact = told.pop("", "")
    open_ = {one.id for one in fields if one.kind is FieldKind.CHOICE and not one.is_pii}
    return Private(
        masked(contact), {name: text if name in open_ else masked(text)
                          for name, text in told.items()}
    )  # fmt: skip


def unmask(order_id: str, reason: str, who: str, office: Office) -> Private:
    """Return what a buyer has told, after it was written down who wants to read it, and why.

    Raises:
        RequestInvalid: no reason. NotFound: there is no such order.
    """
    why = reason.strip()
    if not 1 <= len(why) <= REASON_CHARS or not why.isprintable():
        raise RequestInvalid(N_("Say why, in 1 to 80 characters."))
    order, at_s = store.get(order_id), office.now_s()
    money_transaction(
        lambda: store.note(order.id, "", at_s, who, "private-seen", str(order.state), why)
    )
    told = _private_of(order.id, office)
    return Private(told.pop("", ""), told)


def masked(text: str) -> str:
    """Return a text of which only whoever knows it recognizes what is left."""
    name, at, host = text.partition("@")
    if at:
        return f"{name[:1]}***@{host}"
    return f"{text[:3]}****{text[-2:]}" if len(text) > 8 else "***" if text else ""


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
