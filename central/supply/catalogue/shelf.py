"""Puts categories, items and SKUs on the shelf, and finds them.

What was offered once stays what it is; the schema keeps that (migration 0011).
"""

from __future__ import annotations

import re
from typing import Any

from central.errors import Conflict, NotFound, RequestInvalid
from central.foundation.db.engine import change, money_transaction, rows
from central.foundation.language.words import N_
from central.supply.catalogue.model import (
    Category,
    CategoryId,
    Item,
    ItemId,
    Offered,
    Part,
    Sku,
    SkuId,
    SkuState,
)
from central.supply.product_types import store as product_types
from central.supply.product_types.model import Fulfilment, Names
from central.supply.product_types.store import checked_names, checked_slug
from edge.contract.money import MINOR_MAX, Money

SKU_PATTERN = r"[A-Z0-9][A-Z0-9-]{0,31}"
DEPTH_MAX = 8
"""Steps up the tree of categories that are walked; deeper nobody may build."""
PARTS_MAX = 50
QUANTITY_MAX = 1_000
_DESCRIPTION_MAX = 4_000
_MEDIA = re.compile(r"(?:https://|/media/)[A-Za-z0-9._~:/?&=%-]{1,480}", re.ASCII)
_SKU = re.compile(SKU_PATTERN, re.ASCII)
_SKUS = (
    "SELECT id, item, name_zh, name_en, face_minor, currency, product, state, fulfilment FROM sku"
)


# --- categories ----------------------------------------------------------------------------------


def add_category(category: Category) -> Category:
    """Add a category below another one, or on top.

    Raises:
        RequestInvalid: its id or its names cannot be, or it would lie too deep.
        NotFound: there is no such parent.
        Conflict: there is one of this id.
    """
    checked_slug(category.id)
    zh, en = checked_names(category.names)

    def write() -> Category:
        if category.parent is not None:
            above = path_of(category.parent)
            if not above:
                raise NotFound(N_("There is no such category."))
            if len(above) >= DEPTH_MAX:
                raise RequestInvalid(N_("Categories lie at most eight deep."))
        if rows("SELECT 1 FROM category WHERE id = ?", (category.id,)):
            raise Conflict(N_("There is a category of this id already."))
        change(
            "INSERT INTO category (id, parent, name_zh, name_en, place) VALUES (?, ?, ?, ?, ?)",
            (category.id, category.parent, zh, en, category.place),
        )
        return category

    return money_transaction(write)


def rename_category(category: str, names: Names, place: int = 0) -> None:
    """Give a category other names, or another place among its neighbours; NotFound if none."""
    zh, en = checked_names(names)
    sql = "UPDATE category SET name_zh = ?, name_en = ?, place = ? WHERE id = ? RETURNING id"

    def write() -> None:
        if not rows(sql, (zh, en, place, category)):
            raise NotFound(N_("There is no such category."))

    money_transaction(write)


def categories() -> list[tuple[int, Category]]:
    """Return the tree as it is read: each below its parent, with its depth."""
    found = rows("SELECT id, name_zh, name_en, parent, place FROM category ORDER BY place, id")
    below: dict[str | None, list[Category]] = {}
    for id_, zh, en, parent, place in found:
        one = Category(CategoryId(id_), {"zh-CN": zh, "en": en}, parent, place)
        below.setdefault(parent, []).append(one)
    order: list[tuple[int, Category]] = []
    todo = [(0, one) for one in reversed(below.get(None, []))]
    while todo:
        depth, one = todo.pop()
        order.append((depth, one))
        todo += [(depth + 1, child) for child in reversed(below.get(one.id, []))]
    return order


def path_of(category: str) -> tuple[CategoryId, ...]:
    """Return a category and all above it; empty if there is none of this id."""
    found = rows(
        "WITH RECURSIVE up (id, parent, depth) AS ("
        " SELECT id, parent, 1 FROM category WHERE id = ?"
        " UNION ALL SELECT c.id, c.parent, depth + 1 FROM category c JOIN up ON c.id = up.parent"
        "  WHERE depth < ?) SELECT id FROM up ORDER BY depth",
        (category, DEPTH_MAX),
    )
    return tuple(CategoryId(id_) for (id_,) in found)


def category_of_product(product: int) -> str:
    """Return the category of what a voucher's product is sold as; empty if it has none."""
    found = rows(
        "SELECT i.category FROM sku s JOIN item i ON i.id = s.item"
        " WHERE s.product = ? AND i.category IS NOT NULL ORDER BY s.state, s.id LIMIT 1",
        (product,),
    )
    return str(found[0][0]) if found else ""


# --- items ---------------------------------------------------------------------------------------


def put_item(item: Item) -> Item:
    """Add an item, or change its names, description, category and picture.

    Raises:
        RequestInvalid: something of it cannot be.
        NotFound: there is no such type or category.
        Conflict: it is of another type already.
    """
    checked_slug(item.id)
    zh, en = checked_names(item.names)
    said = item.descriptions or {}
    about = [said.get(locale, "").strip() for locale in ("zh-CN", "en")]
    # Lines may end, and U+3000 is the space between Chinese characters.
    shown = [text.translate({ord(space): " " for space in "\r\n\t\u3000"}) for text in about]
    if not all(len(text) <= _DESCRIPTION_MAX and text.isprintable() for text in shown):
        raise RequestInvalid(N_("A description has at most 4000 printable characters."))
    if item.media and not _MEDIA.fullmatch(item.media):
        raise RequestInvalid(N_("A picture is an address, https://… or /media/…"))

    def write() -> Item:
        how = product_types.get(item.type).fulfilment
        if item.category and not path_of(item.category):
            raise NotFound(N_("There is no such category."))
        values = (item.category or None, zh, en, *about, item.media)
        there = rows("SELECT type FROM item WHERE id = ?", (item.id,))
        if there and there[0][0] != item.type:
            raise Conflict(N_("Of which type an item is stays; make another item."))
        if there:
            change(
                "UPDATE item SET category = ?, name_zh = ?, name_en = ?, description_zh = ?,"
                " description_en = ?, media = ? WHERE id = ?",
                (*values, item.id),
            )
        else:
            change(
                "INSERT INTO item (category, name_zh, name_en, description_zh, description_en,"
                " media, id, type, fulfilment) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
                (*values, item.id, item.type, str(how)),
            )
        return item_of(item.id)

    return money_transaction(write)


def items() -> list[Item]:
    """Return every item, by id."""
    return [_item(row) for row in rows(f"{_ITEMS} ORDER BY id")]


def item_of(item: str) -> Item:
    """Return an item; NotFound if there is none of this id."""
    found = rows(f"{_ITEMS} WHERE id = ?", (item,))
    if not found:
        raise NotFound(N_("There is no such item."))
    return _item(found[0])


_ITEMS = (
    "SELECT id, type, name_zh, name_en, category, description_zh, description_en, media FROM item"
)


def _item(row: tuple[Any, ...]) -> Item:
    id_, type_, zh, en, category, about_zh, about_en, media = row
    return Item(
        ItemId(id_), type_, {"zh-CN": zh, "en": en}, category,
        {"zh-CN": about_zh, "en": about_en}, media,
    )  # fmt: skip


# --- SKUs ----------------------------------------------------------------------------------------


def put_sku(sku: Sku, *, by: str, at_s: int) -> Sku:
    """Add a SKU as a draft, or change one: a draft in all, one that was offered in its names.

    Raises:
        RequestInvalid: something of it cannot be, or does not suit its type.
        NotFound: there is no such item, product or part.
        Conflict: it was offered already, and something else than its names would change.
    """
    _check_sku(sku)
    zh, en = checked_names(sku.names)

    def write() -> Sku:
        item = item_of(sku.item)
        how = product_types.get(item.type).fulfilment
        _check_suits(sku, how)
        face = (sku.face.minor, sku.face.currency) if sku.face else (None, None)
        there = rows(f"{_SKUS} WHERE id = ?", (sku.id,))
        if there and there[0][7] != SkuState.DRAFT:
            _rename(sku, _sku(there[0]), (zh, en), at_s)
            return sku_of(sku.id)
        if there:
            change("DELETE FROM bundle_part WHERE sku = ?", (sku.id,))
            change(
                "UPDATE sku SET item = ?, fulfilment = ?, name_zh = ?, name_en = ?, face_minor = ?,"
                " currency = ?, product = ?, changed_at_s = ? WHERE id = ?",
                (sku.item, str(how), zh, en, *face, sku.product, at_s, sku.id),
            )
        else:
            change(
                "INSERT INTO sku (id, item, fulfilment, name_zh, name_en, face_minor, currency,"
                " product, state, made_by, made_at_s, changed_at_s)"
                " VALUES (?, ?, ?, ?, ?, ?, ?, ?, 'draft', ?, ?, ?)",
                (sku.id, sku.item, str(how), zh, en, *face, sku.product, by, at_s, at_s),
            )
        for part in sku.parts:
            change(
                "INSERT INTO bundle_part VALUES (?, ?, ?, ?, ?)",
                (sku.id, str(how), part.sku, _fulfilment_of(part.sku), part.quantity),
            )
        return sku_of(sku.id)

    return money_transaction(write)


def offer(sku: str, at_s: int) -> Sku:
    """Let a draft, or one that was retired, be ordered.

    Raises:
        NotFound: there is no such SKU.
        Conflict: it is offered already, or a part of the bundle is not.
    """

    def write() -> Sku:
        for part in sku_of(sku).parts:
            if sku_of(part.sku).state is not SkuState.LIVE:
                raise Conflict(N_("A part of this bundle is not offered."))
        return _moved(sku, SkuState.LIVE, ("draft", "retired"), at_s)

    return money_transaction(write)


def retire(sku: str, at_s: int) -> Sku:
    """Take a SKU off the shelf; orders that there are stay.

    Raises:
        NotFound: there is no such SKU.
        Conflict: it is not offered, or a bundle that is offered has it as a part.
    """

    def write() -> Sku:
        holding = rows(
            "SELECT p.sku FROM bundle_part p JOIN sku s ON s.id = p.sku"
            " WHERE p.part = ? AND s.state = 'live' LIMIT 1",
            (sku,),
        )
        if holding:
            raise Conflict(N_("A bundle that is offered has this as a part; retire that first."))
        return _moved(sku, SkuState.RETIRED, ("live", "live"), at_s)

    return money_transaction(write)


def sku_of(sku: str) -> Sku:
    """Return a SKU; NotFound if there is none of this id."""
    found = rows(f"{_SKUS} WHERE id = ?", (sku,))
    if not found:
        raise NotFound(N_("There is no such SKU."))
    return _sku(found[0])


def skus(item: str | None = None) -> list[Sku]:
    """Return every SKU, or those of one item, by id."""
    where, values = (" WHERE item = ?", (item,)) if item else ("", ())
    return [_sku(row) for row in rows(f"{_SKUS}{where} ORDER BY id", values)]


def offered(sku: str, type_version: int | None = None) -> Offered:
    """Return a SKU with all that an order has to know of it.

    Args:
        type_version: The version that an order was placed with; the newest if it is a new one.

    Raises:
        NotFound: there is no such SKU, or no such version.
    """
    found = sku_of(sku)
    item = item_of(found.item)
    version = product_types.get(item.type, type_version)
    above = path_of(item.category) if item.category else ()
    return Offered(found, item, version, above)


def _moved(sku: str, to: SkuState, before: tuple[str, str], at_s: int) -> Sku:
    hit = rows(
        "UPDATE sku SET state = ?, changed_at_s = ? WHERE id = ? AND state IN (?, ?) RETURNING id",
        (str(to), at_s, sku, *before),
    )
    if not hit:
        sku_of(sku)
        raise Conflict(N_("This SKU is in that state already, or was never offered."))
    return sku_of(sku)


def _rename(sku: Sku, old: Sku, names: tuple[str, str], at_s: int) -> None:
    def meaning(one: Sku) -> tuple[object, ...]:
        return one.item, one.face, one.product, sorted((p.sku, p.quantity) for p in one.parts)

    if meaning(sku) != meaning(old):
        raise Conflict(N_("This was offered already: only its names can change."))
    change(
        "UPDATE sku SET name_zh = ?, name_en = ?, changed_at_s = ? WHERE id = ?",
        (*names, at_s, sku.id),
    )


def _check_sku(sku: Sku) -> None:
    if not _SKU.fullmatch(sku.id):
        raise RequestInvalid(N_("A SKU is capitals, digits and hyphens, 32 at most."))
    if sku.face and not 1 <= sku.face.minor <= MINOR_MAX:
        raise RequestInvalid(N_("A face value is more than nothing."))
    ids = [part.sku for part in sku.parts]
    if len(ids) > PARTS_MAX or len(set(ids)) < len(ids) or sku.id in ids:
        raise RequestInvalid(N_("A bundle has each part once, and 50 at most."))
    if not all(1 <= part.quantity <= QUANTITY_MAX for part in sku.parts):
        raise RequestInvalid(N_("Of each part a bundle has 1 to 1000."))


def _check_suits(sku: Sku, how: Fulfilment) -> None:
    if (how is Fulfilment.OWN_VOUCHER) != (sku.product is not None):
        raise RequestInvalid(N_("Our own vouchers have the number of a product, and only they."))
    if (how is Fulfilment.BUNDLE) != bool(sku.parts):
        raise RequestInvalid(N_("A bundle has parts, and nothing else has."))
    if sku.product is None:
        return
    if not rows("SELECT 1 FROM product WHERE id = ?", (sku.product,)):
        raise NotFound(N_("There is no such product."))
    elsewhere = rows(
        "SELECT 1 FROM sku WHERE product = ? AND item <> ? LIMIT 1", (sku.product, sku.item)
    )
    if elsewhere:  # else nobody could say of which category its sharing rules are
        raise RequestInvalid(N_("This product is sold as another item already."))


def _fulfilment_of(part: str) -> str:
    found = rows("SELECT fulfilment FROM sku WHERE id = ?", (part,))
    if not found:
        raise NotFound(N_("A part of this bundle is no SKU."))
    if found[0][0] == Fulfilment.BUNDLE:
        raise RequestInvalid(N_("A bundle is in no other bundle."))
    return str(found[0][0])


def _sku(row: tuple[Any, ...]) -> Sku:
    id_, item, zh, en, minor, currency, product, state, how = row
    parts: tuple[Part, ...] = ()
    if how == Fulfilment.BUNDLE:
        listed = rows("SELECT part, quantity FROM bundle_part WHERE sku = ? ORDER BY part", (id_,))
        parts = tuple(Part(SkuId(part), quantity) for part, quantity in listed)
    face = None if minor is None else Money(minor, currency)
    return Sku(
        SkuId(id_), ItemId(item), {"zh-CN": zh, "en": en}, face, product, parts, SkuState(state)
    )
