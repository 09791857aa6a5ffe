"""Categories, items and SKUs: what was offered once stays what it is."""

from __future__ import annotations

from typing import Any

import pytest

from central.errors import Conflict, NotFound, RequestInvalid
from central.supply.catalogue import shelf
from central.supply.catalogue.model import CategoryId, Part, SkuId, SkuState
from central.supply.product_types import store as product_types
from edge.contract.money import Money
from tests import builders as b
from tests.central.builders import Database, at_once, furnish
from tests.central.supply.catalogue.builders import (
    KEY,
    KEY_2,
    LUNCH,
    SET,
    a_category,
    a_sku,
    an_item,
    fill_shelf,
    put,
)
from tests.central.supply.product_types.builders import a_body, both


@pytest.fixture(autouse=True)
def hub(hub_database: Database) -> None:
    furnish()
    fill_shelf()


def test_an_order_is_told_all_of_a_sku() -> None:
    found = shelf.offered(KEY)
    assert (found.sku.state, found.sku.face) == (SkuState.LIVE, Money(5_000, "CNY"))
    assert (found.item.id, found.fulfilment, found.type.version) == ("key", "local_key", 1)
    assert found.categories == ("steam", "games")
    product_types.revise("game-key", both("卡", "K"), a_body(delivery="{key}"), by="bo", at_s=9)
    assert (shelf.offered(KEY).type.version, shelf.offered(KEY, 1).type.version) == (2, 1)
    with pytest.raises(NotFound):
        shelf.offered(KEY, 3)


def test_the_tree_is_read_from_the_top() -> None:
    assert [(depth, one.id) for depth, one in shelf.categories()] == [
        (0, "food"), (0, "games"), (1, "steam")
    ]  # fmt: skip
    shelf.rename_category("games", both("游戏", "Games"), place=-1)
    assert [one.id for _, one in shelf.categories()] == ["games", "steam", "food"]


NO_CATEGORIES: list[Any] = [
    (a_category("Games!"), RequestInvalid),
    (a_category("games"), Conflict),
    (a_category("a", "nowhere"), NotFound),
]


def test_a_category_that_cannot_be_is_refused() -> None:
    for category, error in NO_CATEGORIES:
        with pytest.raises(error):
            shelf.add_category(category)
        assert len(shelf.categories()) == 3


def test_categories_lie_eight_deep_and_no_deeper() -> None:
    for depth in range(6):
        shelf.add_category(a_category(f"d{depth}", f"d{depth - 1}" if depth else "steam"))
    assert len(shelf.path_of("d5")) == 8
    with pytest.raises(RequestInvalid, match="eight deep"):
        shelf.add_category(a_category("d6", "d5"))


def test_an_item_changes_but_never_its_type() -> None:
    shelf.put_item(an_item(names=both("新", "New"), media="https://x.example/a.png"))
    found = shelf.item_of("key")
    assert (found.names["en"], found.media, found.category) == (
        "New", "https://x.example/a.png", "games"
    )  # fmt: skip
    with pytest.raises(Conflict):
        shelf.put_item(an_item(kind="set"))


NO_ITEMS: list[Any] = [
    ({"item": "Key"}, RequestInvalid),
    ({"names": {"en": "x"}}, RequestInvalid),
    ({"descriptions": both("x" * 4001, "")}, RequestInvalid),
    ({"descriptions": both("a\ud800", "")}, RequestInvalid),
    ({"media": "javascript:alert(1)"}, RequestInvalid),
    ({"media": "/etc/passwd"}, RequestInvalid),
    ({"category": CategoryId("nowhere")}, NotFound),
    ({"item": "new", "kind": "nothing"}, NotFound),
]


def test_an_item_that_cannot_be_is_refused() -> None:
    for bent, error in NO_ITEMS:
        with pytest.raises(error):
            shelf.put_item(an_item(**bent))
        assert len(shelf.items()) == 3


NO_SKUS: list[Any] = [
    (a_sku("key-50"), RequestInvalid),
    (a_sku("A" * 33), RequestInvalid),
    (a_sku("NEW", face=Money(0, "CNY")), RequestInvalid),
    (a_sku("NEW", names={"en": "x"}), RequestInvalid),
    (a_sku("NEW", product=7), RequestInvalid),
    (a_sku("NEW", "lunch"), RequestInvalid),
    (a_sku("NEW", "lunch", product=99), NotFound),
    (a_sku("NEW", "nothing"), NotFound),
    (a_sku("NEW", "set"), RequestInvalid),
    (a_sku("NEW", parts=(Part(KEY, 1),)), RequestInvalid),
    (a_sku("NEW", "set", parts=(Part(KEY, 0),)), RequestInvalid),
    (a_sku("NEW", "set", parts=(Part(KEY, 1), Part(KEY, 1))), RequestInvalid),
    (a_sku("NEW", "set", parts=(Part(SkuId("NEW"), 1),)), RequestInvalid),
    (a_sku("NEW", "set", parts=(Part(SET, 1),)), RequestInvalid),
    (a_sku("NEW", "set", parts=(Part(SkuId("GONE"), 1),)), NotFound),
    (a_sku(KEY, face=Money(1, "CNY")), Conflict),
]


def test_a_sku_that_cannot_be_is_refused() -> None:
    for sku, error in NO_SKUS:
        before = shelf.skus()
        with pytest.raises(error):
            put(sku)
        assert shelf.skus() == before


def test_a_product_is_sold_as_one_item_so_that_its_category_is_known() -> None:
    put(a_sku("LUNCH-2", "lunch", face=None, product=7))
    shelf.put_item(an_item("other", "voucher"))
    with pytest.raises(RequestInvalid, match="another item"):
        put(a_sku("LUNCH-3", "other", face=None, product=7))
    assert (shelf.category_of_product(7), shelf.category_of_product(8)) == ("food", "")


def test_a_draft_may_change_in_all_and_what_was_offered_in_its_names() -> None:
    put(a_sku(SET, "set", face=None, parts=(Part(KEY_2, 3),)))
    assert shelf.sku_of(SET).parts == (Part(KEY_2, 3),)
    put(a_sku(KEY, names=both("新", "New")))
    assert (shelf.sku_of(KEY).names["en"], shelf.sku_of(KEY).state) == ("New", SkuState.LIVE)


def test_a_bundle_and_its_parts_are_offered_and_retired_in_their_order() -> None:
    shelf.retire(LUNCH, b.NOW_S)
    with pytest.raises(Conflict, match="not offered"):
        shelf.offer(SET, b.NOW_S)
    shelf.offer(LUNCH, b.NOW_S)
    shelf.offer(SET, b.NOW_S)
    with pytest.raises(Conflict, match="retire that first"):
        shelf.retire(LUNCH, b.NOW_S)
    shelf.retire(SET, b.NOW_S)
    assert shelf.retire(LUNCH, b.NOW_S).state is SkuState.RETIRED


def test_what_is_in_a_state_is_not_put_there_again() -> None:
    for work in (shelf.offer, lambda sku, at_s: shelf.retire(SET, at_s)):
        with pytest.raises(Conflict):
            work(KEY, b.NOW_S)
    with pytest.raises(NotFound):
        shelf.offer("GONE", b.NOW_S)


def test_of_two_who_retire_at_once_one_is_told() -> None:
    found = at_once(2, lambda _: shelf.retire(KEY_2, b.NOW_S))
    assert [type(one) for one in found if isinstance(one, Exception)] == [Conflict]


def test_a_part_is_not_retired_while_its_bundle_goes_on_sale() -> None:
    at_once(2, lambda n: shelf.offer(SET, b.NOW_S) if n else shelf.retire(LUNCH, b.NOW_S))
    states = {sku: shelf.sku_of(sku).state for sku in (SET, LUNCH)}
    assert states in [
        {SET: SkuState.LIVE, LUNCH: SkuState.LIVE},
        {SET: SkuState.DRAFT, LUNCH: SkuState.RETIRED},
    ]
