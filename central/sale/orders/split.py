"""By what the price of a bundle is split over its parts: what each costs alone, to this buyer."""

from __future__ import annotations

from collections.abc import Callable

from central.sale.orders.model import Wanted
from central.sale.orders.office import Office
from central.supply.catalogue import shelf
from central.supply.catalogue.model import Offered, Part
from central.supply.prices.ask import Asked, gather
from central.supply.prices.model import QUANTITY_MAX, Quote, Split, SplitBy, Weight
from central.supply.prices.quote import quote


def split_over_parts(wanted: Wanted, offered: Offered, office: Office, at_s: int) -> Split | None:
    """Return what each part of a bundle weighs in its price; None of what is no bundle.

    By prices if every part has one, else by face values if every part has one, else evenly: a mix
    of them would weigh parts against one another that cannot be compared.
    """
    parts = offered.sku.parts
    if not parts:
        return None

    def weighed(by: SplitBy, unit_of: Callable[[Part], int | None]) -> Split | None:
        units = [unit_of(part) for part in parts]
        weights = tuple(
            Weight(part.sku, part.quantity, unit)
            for part, unit in zip(parts, units, strict=True)
            if unit is not None
        )
        return Split(by, weights) if len(weights) == len(parts) else None

    def priced(part: Part) -> int | None:
        pieces = min(part.quantity * wanted.quantity, QUANTITY_MAX)
        asked = Asked(
            part.sku, pieces, office.currency, at_s, wanted.channel, agent=wanted.buyer
        )  # fmt: skip
        found = quote(gather(asked, office.outside, office.cost_of))
        return found.unit_minor if isinstance(found, Quote) else None

    def faced(part: Part) -> int | None:
        face = shelf.sku_of(part.sku).face
        return face.minor if face and face.currency == office.currency else None

    return (
        weighed(SplitBy.PRICE, priced) or weighed(SplitBy.FACE, faced)
        or weighed(SplitBy.EVEN, lambda _: 1)
    )  # fmt: skip
