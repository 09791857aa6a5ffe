"""Where stores lie: what is held against the region that a voucher is meant for."""

from __future__ import annotations

from typing import NamedTuple

from central.errors import NotFound
from central.foundation.db.engine import change, money_transaction, rows
from central.foundation.language.words import N_
from central.supply.catalogue.regions import region_in

_SELECT = (
    "SELECT s.id, s.name, s.store_group, s.timezone, coalesce((SELECT r.region FROM store_region r"
    " WHERE r.store_id = s.id ORDER BY r.id DESC LIMIT 1), '') FROM store s"
)


class Shop(NamedTuple):
    """A store as a list shows it; its region is empty if nobody has said where it lies."""

    id: str
    name: str
    store_group: int
    timezone: str
    region: str


def shops() -> list[Shop]:
    """Return every store, by its id."""
    return [Shop(*row) for row in rows(f"{_SELECT} ORDER BY s.id")]


def region_of(store: str) -> str:
    """Return where a store lies; empty if nobody has said so."""
    found = rows(f"{_SELECT} WHERE s.id = ?", (store,))
    return Shop(*found[0]).region if found else ""


def set_region(store: str, region: str, *, by: str, at_s: int) -> Shop:
    """Say where a store lies, from now on; what was redeemed before is not looked at again.

    Raises:
        NotFound: there is no such store. RequestInvalid: it is no code of a region.
    """
    code = region_in(region)

    def work() -> Shop:
        found = {shop.id: shop for shop in shops()}
        if store not in found:
            raise NotFound(N_("There is no such store."))
        if found[store].region != code:
            change(
                "INSERT INTO store_region (store_id, region, at_s, who) VALUES (?, ?, ?, ?)",
                (store, code, at_s, by),
            )
        return found[store]._replace(region=code)

    shop: Shop = money_transaction(work)
    return shop
