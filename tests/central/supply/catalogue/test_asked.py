"""What a buyer is asked for: a bundle asks for what its parts need, each by its own name."""

from __future__ import annotations

from typing import Any

import pytest

from central.supply.catalogue import shelf
from central.supply.catalogue.asked import asked_for, check_asked, told_to, versions_of
from central.supply.catalogue.model import Offered, Part, SkuId
from central.supply.product_types import store as product_types
from tests import builders as b
from tests.central.builders import Database, furnish
from tests.central.supply.catalogue.builders import (
    KEY,
    LUNCH,
    SET,
    a_sku,
    a_type,
    an_item,
    fill_shelf,
    put,
)
from tests.central.supply.product_types.builders import a_body, a_field, both

COIN = SkuId("COIN-1")
NAME = f"{COIN}.phone"


@pytest.fixture(autouse=True)
def hub(sqlite_database: Database) -> None:
    """A shelf, and coins that are topped up by a phone number."""
    del sqlite_database
    furnish()
    fill_shelf()
    a_type("coin", "direct_topup", "{phone}", a_field("phone", "phone", pii=True))
    shelf.put_item(an_item("coin", "coin", names=both("点券", "Coins")))
    put(a_sku(COIN, "coin", face=None, names=both("一百", "Hundred")))
    shelf.offer(COIN, b.NOW_S)


BOTH = (Part(COIN, 2), Part(LUNCH, 1))


def a_set(*fields: dict[str, Any], parts: tuple[Part, ...] = BOTH) -> Offered:
    """A bundle whose own type asks for these."""
    a_type("pack", "bundle", "{parts}", *fields)
    shelf.put_item(an_item("pack", "pack", category=None))
    put(a_sku("PACK-1", "pack", face=None, parts=parts))
    return shelf.offered("PACK-1")


def asked(offered: Offered) -> list[tuple[str, bool, bool]]:
    fields = asked_for(offered, versions_of(offered))
    return [(one.id, one.is_required, one.is_pii) for one in fields]


def test_what_is_no_bundle_asks_for_the_fields_of_its_type() -> None:
    offered = shelf.offered(KEY)
    assert asked_for(offered, versions_of(offered)) == offered.type.body.fields


def test_a_bundle_asks_for_each_part_labelled_by_it_and_once_for_all_its_pieces() -> None:
    offered = a_set(a_field("note", required=False))
    assert asked(offered) == [("note", False, False), (NAME, True, True)]
    label = asked_for(offered, versions_of(offered))[1].labels
    assert label == both("点券 · 一百：账号", "Coins · Hundred: Account")


def test_two_parts_may_ask_for_the_same() -> None:
    offered = a_set(parts=(Part(COIN, 1), Part(KEY, 1)))
    assert [name for name, *_ in asked(offered)] == [NAME, f"{KEY}.account"]
    checked = check_asked(
        offered, {NAME: "138 0000 0000", f"{KEY}.account": "li"}, versions_of(offered)
    )  # fmt: skip
    assert checked.values == {NAME: "13800000000", f"{KEY}.account": "li"}
    assert told_to(COIN, {str(k): str(v) for k, v in checked.values.items()}) == {
        "phone": "13800000000"
    }


def test_each_part_is_checked_by_its_own_type() -> None:
    offered = a_set()
    values = {NAME: "no phone"}
    assert set(check_asked(offered, values, versions_of(offered)).faults) == {NAME}
    assert set(check_asked(offered, {}, versions_of(offered)).faults) == {NAME}
    assert set(check_asked(offered, {"phone": "13800000000"}, versions_of(offered)).faults) == {
        NAME, "phone",
    }  # fmt: skip


def test_what_the_bundle_asks_for_itself_is_asked_once_and_suits_the_part() -> None:
    offered = a_set(
        a_field("account", required=False), parts=(Part(COIN, 1), Part(KEY, 1))
    )  # fmt: skip
    assert asked(offered) == [("account", True, False), (NAME, True, True)]
    versions = versions_of(offered)
    body = a_body(a_field("account", max=3), delivery="{key}")
    product_types.revise("game-key", both("类型", "Key"), body, by="amy", at_s=b.NOW_S)
    typed = {"account": "xiaoming", NAME: "13800000000"}
    assert not check_asked(offered, typed, versions).faults, "as it was sold"
    assert set(check_asked(offered, typed, versions_of(offered)).faults) == {"account"}
    assert told_to(KEY, {"account": "li", NAME: "1"}) == {"account": "li"}


def test_a_field_of_another_kind_is_not_the_part_s() -> None:
    assert [name for name, *_ in asked(a_set(a_field("phone")))] == ["phone", NAME]


def test_a_part_that_an_old_order_has_no_version_of_asks_for_nothing() -> None:
    offered = a_set(a_field("note", required=False))
    assert [one.id for one in asked_for(offered, {})] == ["note"]


def test_a_part_s_own_word_comes_before_the_bundle_s() -> None:
    told = {"phone": "1", NAME: "2", f"{SET}.phone": "3"}
    assert told_to(COIN, told) == {"phone": "2"}
    assert told_to(LUNCH, told) == {"phone": "1"}
