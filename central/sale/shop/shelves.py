"""What is on offer in the shop, with its price for anybody, by category."""

from __future__ import annotations

from typing import NamedTuple

from central.sale.orders.office import Office
from central.supply.catalogue import shelf
from central.supply.catalogue.model import Category, Offered, SkuState
from central.supply.prices.ask import Asked, ask
from central.supply.prices.model import Quote
from edge.contract.money import Money


class OnOffer(NamedTuple):
    """A SKU that can be bought, and what one piece costs."""

    offered: Offered
    price: Money


class Shelf(NamedTuple):
    """What is on offer in one category; None for what is in none."""

    category: Category | None
    goods: list[OnOffer]


def shelves(office: Office, channel: str) -> list[Shelf]:
    """Return what has a price just now, in the order of the tree of categories."""
    by_category: dict[str, list[OnOffer]] = {}
    for sku in (one.id for one in shelf.skus() if one.state is SkuState.LIVE):
        found = on_offer(sku, office, channel)
        if found is not None:
            place = found.offered.categories[0] if found.offered.categories else ""
            by_category.setdefault(place, []).append(found)
    known = [Shelf(one, by_category.pop(one.id)) for _, one in shelf.categories()
             if one.id in by_category]  # fmt: skip
    return known + [Shelf(None, goods) for goods in by_category.values()]


def on_offer(sku: str, office: Office, channel: str) -> OnOffer | None:
    """Return a SKU with its price for anybody; None if it has none just now."""
    quote = ask(Asked(sku, 1, office.currency, office.now_s(), channel), office.outside,
                office.cost_of)  # fmt: skip
    return OnOffer(shelf.offered(sku), quote.unit) if isinstance(quote, Quote) else None
