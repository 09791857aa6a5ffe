"""A bundle of which parts ask for something of their own, from the form to the supplier."""

from __future__ import annotations

from pathlib import Path

import peewee
import pytest

from central.errors import KeyReused, RequestInvalid
from central.foundation.db.engine import change, rows
from central.sale.delivery.reveal import reveal
from central.sale.orders import store
from central.sale.orders.model import Order, Wanted
from central.sale.orders.place import place
from central.sale.orders.private import fields_of, masked_of
from central.sale.orders.states import OrderState
from central.supply.catalogue import shelf
from central.supply.catalogue.model import CategoryId, Part, SkuId
from central.supply.prices import books
from central.supply.prices.model import Mode, Tier
from central.supply.prices.wanted import Change
from central.supply.prices.wanted import Wanted as Price
from central.supply.product_types import store as product_types
from tests.central.builders import Database, furnish
from tests.central.sale.builders import CODE, KEY, SET, Shop
from tests.central.sale.orders.test_buy_in import Store, assert_agrees, keys_of, street
from tests.central.supply.catalogue.builders import a_sku, a_type, an_item, put
from tests.central.supply.product_types.builders import a_body, a_field, both
from tests.central.supply.suppliers.market import SKU, TOP_UP, Street, a_market

PHONE = "13800000000"
NAME = f"{TOP_UP}.phone"
__all__ = ["street"]


def a_pack(sells: Store) -> None:
    """A key of a supplier's and two top-ups, sold as one."""
    at_s = sells.market.clock()
    a_type("pack", "bundle", "{parts}")
    shelf.put_item(an_item("pack", "pack", category=CategoryId("games")))
    put(a_sku("PACK-1", "pack", face=None, parts=(Part(SkuId(SKU), 1), Part(SkuId(TOP_UP), 2))))
    shelf.offer("PACK-1", at_s)
    wanted = Price(Mode.LADDER, (Tier(1, 3_600),))
    books.set_price(Change("retail", "PACK-1", wanted), by="amy", now_s=at_s)


def test_each_part_is_bought_with_its_own_fields_and_shown_with_them(
    hub_database: Database, street: Street, tmp_path: Path
) -> None:
    del hub_database
    furnish()
    with a_market(street) as market:
        sells = Store(market, tmp_path)
        a_pack(sells)
        market.open("alpha")
        order = sells.sold("PACK-1", fields={NAME: "138 0000 0000"})
        assert order.state is OrderState.COMPLETED
        given: dict[str, list[dict[str, str]]] = {}
        for unit, sku, inputs in rows("SELECT unit, sku, inputs FROM supplier_purchase"):
            given.setdefault(sku, []).append(
                market.seal.open(bytes(inputs), f"purchase:{unit}")
            )  # fmt: skip
        assert given == {SKU: [{}], TOP_UP: [{"phone": PHONE}] * 2}
        assert [PHONE in text for text in keys_of(sells, order)] == [False, True, True]
        assert_agrees(sells)


def placed(shop: Shop, **fields: object) -> Order:
    wanted = Wanted("k1", SET, 1, fields, CODE, "li@example.com", "192.0.2.1")
    return place(wanted, shop.office).order


def test_nothing_is_placed_before_each_part_has_what_it_asks_for(any_shop: Shop) -> None:
    any_shop.stock(range(3))
    for fields in ({}, {"account": "li"}, {f"{KEY}.account": ""}, {f"{KEY}.account": "x" * 501}):
        with pytest.raises(RequestInvalid) as refused:
            placed(any_shop, **fields)
        assert f"{KEY}.account" in refused.value.extra["errors"]
    assert rows("SELECT id FROM sale_order") == []


def test_units_keep_the_version_that_they_were_sold_in(any_shop: Shop) -> None:
    """A type that asks for more the next day changes nothing of what was ordered."""
    any_shop.stock(range(3))
    order = placed(any_shop, **{f"{KEY}.account": "li"})
    body = a_body(a_field("account"), a_field("server"), delivery="{key} {server}")
    now_s = any_shop.office.now_s()
    product_types.revise("game-key", both("类型", "Key"), body, by="amy", at_s=now_s)
    assert {one.type_version for one in store.units(order.id)} == {1}
    with pytest.raises(peewee.DatabaseError, match="sold in"):
        change("UPDATE order_unit SET type_version = 2")
    assert [one.id for one in fields_of(order)] == [f"{KEY}.account"]
    assert placed(any_shop, **{f"{KEY}.account": "li"}).id == order.id, "the same wish again"
    with pytest.raises(KeyReused):
        placed(any_shop, **{f"{KEY}.account": "zhang"})


def test_what_was_typed_for_a_part_is_masked_and_sealed(any_shop: Shop) -> None:
    any_shop.stock(range(3))
    order = placed(any_shop, **{f"{KEY}.account": "li-xiaoming"})
    assert masked_of(order, any_shop.office).fields == {f"{KEY}.account": "li-****ng"}
    kept = str([rows(f"SELECT * FROM {table}") for table in ("sale_order", "order_unit")])
    assert "li-xiaoming" not in kept


def test_a_part_is_shown_by_the_text_that_it_was_sold_with(any_shop: Shop) -> None:
    """A later text may have a place for something that this buyer was never asked for."""
    any_shop.stock(range(3))
    order = any_shop.bought(SET)
    body = a_body(a_field("account"), a_field("server"), delivery="new: {key} {server}")
    now_s = any_shop.office.now_s()
    product_types.revise("game-key", both("类型", "Key"), body, by="amy", at_s=now_s)
    shown = reveal(order, 1, CODE, "192.0.2.1", any_shop.vault, any_shop.office)
    assert "new" not in shown.text
