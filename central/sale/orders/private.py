"""What a buyer has told, unsealed for as long as it is needed; masked for whoever only looks."""

from __future__ import annotations

from typing import NamedTuple

from central.errors import RequestInvalid
from central.foundation.db.engine import money_transaction, rows
from central.foundation.language.words import N_
from central.foundation.masked import masked
from central.sale.orders import store
from central.sale.orders.model import Order, OrderId
from central.sale.orders.office import Office
from central.supply.catalogue import shelf
from central.supply.catalogue.asked import asked_for
from central.supply.product_types.model import Field, FieldKind

REASON_CHARS = 80


class Private(NamedTuple):
    """What a buyer has told: how he is reached, and the fields by their ids."""

    contact: str
    fields: dict[str, str]

    def __repr__(self) -> str:
        """Leave out all of it."""
        return "Private()"


def fields_of(order: Order) -> tuple[Field, ...]:
    """Return the fields that the buyer of an order was asked for, also those of parts."""
    offered = shelf.offered(order.sku, order.type_version)
    return asked_for(offered, store.type_versions(order))


def masked_of(order: Order, office: Office) -> Private:
    """Return what a buyer has told, masked; what he has chosen from a list is not."""
    told = _private_of(order.id, office)
    contact = told.pop("", "")
    open_ = {one.id for one in fields_of(order) if one.kind is FieldKind.CHOICE and not one.is_pii}
    return Private(
        masked(contact), {name: text if name in open_ else masked(text)
                          for name, text in told.items()}
    )  # fmt: skip


def without_private(text: str, order: Order, office: Office) -> str:
    """Return a buyer's words in which what he has told of himself besides is masked."""
    told = _private_of(order.id, office)
    secret = [told.pop("", ""), *(told.get(one.id, "") for one in fields_of(order) if one.is_pii)]
    for one in sorted(secret, key=len, reverse=True):
        if len(one) > 1:
            text = text.replace(one, masked(one))
    return text


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


def told_by(order: Order, office: Office) -> dict[str, str]:
    """Return what the buyer has typed; ``asked.told_to`` says what of it is for which unit."""
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
