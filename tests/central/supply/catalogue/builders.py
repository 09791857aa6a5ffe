"""A small shelf: a key, a voucher and a bundle of both."""

from __future__ import annotations

from typing import Any

from central.foundation.db.engine import money_transaction
from central.supply.catalogue import shelf
from central.supply.catalogue.model import Category, CategoryId, Item, ItemId, Part, Sku, SkuId
from central.supply.product_types import store as product_types
from edge.contract.money import Money
from tests import builders as b
from tests.central.supply.product_types.builders import a_body, a_field, both

KEY, KEY_2, LUNCH, SET = map(SkuId, ("KEY-50", "KEY-100", "LUNCH-1", "SET-1"))


def a_category(name: str, parent: str | None = None) -> Category:
    above = CategoryId(parent) if parent else None
    return Category(CategoryId(name), both(f"类{name}", f"Category {name}"), above)


def a_sku(sku: str = KEY, item: str = "key", **bent: Any) -> Sku:
    values: dict[str, Any] = {"names": both("五十元", "Fifty"), "face": Money(5_000, "CNY")}
    return Sku(SkuId(sku), ItemId(item), **{**values, **bent})


def an_item(item: str = "key", kind: str = "game-key", **bent: Any) -> Item:
    values: dict[str, Any] = {"names": both("卡密", "Game key"), "category": CategoryId("games")}
    return Item(ItemId(item), kind, **{**values, **bent})


def put(sku: Sku) -> Sku:
    return shelf.put_sku(sku, by="amy", at_s=b.NOW_S)


def a_type(name: str, fulfilment: str, delivery: str, *fields: dict[str, Any]) -> None:
    body = a_body(*fields, delivery=delivery)
    product_types.add(name, both("类型", name.title()), fulfilment, body, by="amy", at_s=b.NOW_S)


def fill_shelf() -> None:
    """Fill the shelf in one transaction: a commit waits for the disk."""
    money_transaction(_fill_shelf)


def _fill_shelf() -> None:
    """Keys of 50.00 and 100.00 live, a lunch voucher live, a bundle as a draft. Needs product 7."""
    a_type("game-key", "local_key", "{key}", a_field("account"))
    a_type("voucher", "own_voucher", "{voucher}")
    a_type("set", "bundle", "{parts}")
    shelf.add_category(a_category("games"))
    shelf.add_category(a_category("steam", "games"))
    shelf.add_category(a_category("food"))
    shelf.put_item(an_item(category=CategoryId("steam")))
    shelf.put_item(an_item("lunch", "voucher", category=CategoryId("food")))
    shelf.put_item(an_item("set", "set", category=None))
    put(a_sku())
    put(a_sku(KEY_2, face=Money(10_000, "CNY"), names=both("一百元", "Hundred")))
    put(a_sku(LUNCH, "lunch", face=None, product=7))
    put(a_sku(SET, "set", face=None, parts=(Part(KEY, 2), Part(LUNCH, 1))))
    for sku in (KEY, KEY_2, LUNCH):
        shelf.offer(sku, b.NOW_S)
