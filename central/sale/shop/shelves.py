"""What is on offer in the shop, with its price for anybody, by category."""

from __future__ import annotations

from typing import NamedTuple

from central.sale.orders.model import QUANTITY_MAX
from central.sale.orders.office import Office
from central.supply.catalogue import pictures, shelf
from central.supply.catalogue.model import Category, Offered, SkuState
from central.supply.catalogue.pictures import ItemPicture
from central.supply.left import is_left
from central.supply.prices.ask import Asked
from central.supply.prices.ladder import Rung, ladder_of
from edge.contract.money import Money


class OnOffer(NamedTuple):
    """A SKU that can be bought, and pictures of its item, the main first.

    Args:
        ladder: What one piece costs from which quantity on; the first is the least.
        is_left: Whether the least quantity can be delivered just now.
    """

    offered: Offered
    ladder: list[Rung]
    is_left: bool
    pictures: list[ItemPicture]

    @property
    def least(self) -> int:
        """How many are bought at least."""
        return self.ladder[0].least

    @property
    def price(self) -> Money:
        """What one piece costs of the least quantity."""
        return self.ladder[0].unit

    def total(self, quantity: int) -> Money:
        """Return what so many cost; at least the least quantity."""
        unit = [rung.unit for rung in self.ladder if rung.least <= quantity][-1]
        return Money(unit.minor * quantity, unit.currency)


class Shelf(NamedTuple):
    """What is on offer in one category; None for what is in none."""

    category: Category | None
    goods: list[OnOffer]


def shelves(office: Office, channel: str, *, is_member: bool) -> list[Shelf]:
    """Return what has a price just now, in the order of the tree of categories."""
    by_category: dict[str, list[OnOffer]] = {}
    shown = pictures.of_items()
    for sku in (one for one in shelf.skus() if one.state is SkuState.LIVE):
        found = _on_offer(sku.id, office, channel, shown.get(sku.item, []), is_member=is_member)
        if found is not None:
            place = found.offered.categories[0] if found.offered.categories else ""
            by_category.setdefault(place, []).append(found)
    known = [Shelf(one, by_category.pop(one.id)) for _, one in shelf.categories()
             if one.id in by_category]  # fmt: skip
    return known + [Shelf(None, goods) for goods in by_category.values()]


def on_offer(sku: str, office: Office, channel: str, *, is_member: bool) -> OnOffer | None:
    """Return a SKU with its prices for a member or anybody; None if it has none just now."""
    found = shelf.offered(sku)
    if found.sku.state is not SkuState.LIVE:
        return None
    return _on_offer(sku, office, channel, pictures.of_item(found.item.id), is_member=is_member)


def _on_offer(
    sku: str, office: Office, channel: str, shown: list[ItemPicture], *, is_member: bool
) -> OnOffer | None:  # fmt: skip
    at_s = office.now_s()
    asked = Asked(sku, 1, office.currency, at_s, channel, is_member=is_member)
    ladder = ladder_of(asked, QUANTITY_MAX, office.outside, office.cost_of)
    if not ladder:
        return None
    offered = shelf.offered(sku)
    return OnOffer(offered, ladder, is_left(offered, ladder[0].least, at_s), shown)
