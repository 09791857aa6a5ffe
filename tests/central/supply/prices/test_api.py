"""Prices for programs: set, asked, and never with more than the one who asks may see."""

from __future__ import annotations

from typing import Any

import pytest

from central.foundation.db.engine import money_transaction
from tests import builders as b
from tests.central.builders import Database, an_app
from tests.central.money.sharing.test_api import Caller
from tests.central.network.agents.builders import a_tree
from tests.central.supply.catalogue.builders import KEY, KEY_2, fill_shelf

NOW = b.NOW_S
NAMES = {"zh": "价", "en": "Price"}
LADDER = [{"min_qty": 1, "unit_minor": 5_000}, {"min_qty": 10, "unit_minor": 4_500}]


@pytest.fixture
def caller(hub_database: Database) -> Caller:
    return furnished(hub_database)


@pytest.fixture
def quick(sqlite_database: Database) -> Caller:
    return furnished(sqlite_database)


def furnished(database: Database) -> Caller:
    app = an_app(database)
    money_transaction(lambda: a_tree(NOW - 10))
    fill_shelf()
    caller = Caller(app)
    caller.post("/v1/prices/books", id="retail", names=NAMES, currency="CNY")
    return caller


def a_promotion(**bent: Any) -> dict[str, Any]:
    values = {"id": "spring", "names": NAMES, "currency": "CNY", "kind": "percent",
              "ppm": 100_000, "from_s": NOW, "until_s": NOW + 100}  # fmt: skip
    return {**values, **bent}


def test_a_program_sets_prices_and_asks_for_them(caller: Caller) -> None:
    prices = [{"sku": KEY, "tiers": LADDER, "member_minor": 4_900}, {"sku": KEY_2, "tiers": LADDER}]
    done = caller.post("/v1/prices/books/retail/prices", prices=prices)
    assert [one["version"] for one in done["prices"]] == [1, 1]
    assert len(caller.get("/v1/prices/books/retail/prices")["prices"]) == 2
    assert caller.post("/v1/prices/promotions", **a_promotion(skus=[KEY]))["skus"] == [KEY]
    caller.post("/v1/prices/floors", sku=KEY, currency="CNY", floor_minor=4_600)
    found = caller.post("/v1/prices/quote", sku=KEY, quantity=2)["quote"]
    assert (found["unit_minor"], found["total_minor"], found["at_s"]) == (4_600, 9_200, NOW)
    assert [step["kind"] for step in found["steps"]] == ["ladder", "promotion", "floor"]
    assert found["steps"][2]["text"] == "Not below the floor, version 1: 46.00"
    assert caller.get("/v1/prices/floors")["floors"][0]["floor_minor"] == 4_600
    assert [one["id"] for one in caller.get("/v1/prices/promotions")["promotions"]] == ["spring"]
    assert caller.post("/v1/prices/promotions/spring/end")["until_s"] == NOW
    caller.post("/v1/prices/promotions/spring/end", 409)


def test_a_mark_up_works_prices_out(quick: Caller) -> None:
    quick.post("/v1/prices/mark-ups", id="plus", names=NAMES, currency="CNY", base="cost",
               ppm=200_000, step_minor=100, ending_minor=90, direction="up")  # fmt: skip
    prices = [{"sku": KEY, "mode": "mark_up", "mark_up": "plus"}]
    quick.post("/v1/prices/books/retail/prices", prices=prices)
    assert quick.post("/v1/prices/quote", sku=KEY)["reason"] == "cost-unknown"
    found = quick.post("/v1/prices/quote", sku=KEY, cost_minor=4_000)
    assert (found["quote"]["unit_minor"], found["reason"]) == (4_890, None)
    assert [one["ending_minor"] for one in quick.get("/v1/prices/mark-ups")["mark_ups"]] == [90]


def test_without_a_price_the_reason_is_told(quick: Caller) -> None:
    found = quick.post("/v1/prices/quote", sku=KEY, quantity=0)
    assert found == {
        "quote": None, "reason": "quantity", "text": "A quantity is 1 to 100000."
    }  # fmt: skip
    quick.post("/v1/prices/quote", 404, sku="GONE")
    quick.post("/v1/prices/quote", 404, sku=KEY, agent="NOBODY")


def words(body: Any) -> set[str]:
    """Return every name of a field and every value in a body."""
    if isinstance(body, dict):
        return set(body) | {word for value in body.values() for word in words(value)}
    if isinstance(body, list):
        return {word for value in body for word in words(value)}
    return {str(body)}


def test_a_viewer_s_program_gets_nothing_that_cost_or_floor_follow_from(
    sqlite_database: Database,
) -> None:
    admin = furnished(sqlite_database)
    viewer = Caller(an_app(sqlite_database), "viewer")
    admin.post("/v1/prices/mark-ups", id="plus", names=NAMES, currency="CNY", base="face",
               ppm=-310_000)  # fmt: skip
    prices = [{"sku": KEY, "mode": "mark_up", "mark_up": "plus", "note": "bought at 31.11"}]
    admin.post("/v1/prices/books/retail/prices", prices=prices)
    admin.post("/v1/prices/floors", sku=KEY, currency="CNY", floor_minor=4_444)
    admin.post("/v1/prices/promotions", **a_promotion(ppm=900_000))
    answers = [
        viewer.get("/v1/prices/books"), viewer.get("/v1/prices/books/retail/prices"),
        viewer.post("/v1/prices/quote", sku=KEY),
    ]  # fmt: skip
    found = set().union(*map(words, answers))
    assert not found & {"steps", "floor", "floor_minor", "plus", "mark_ups", "ppm", "figures",
                        "-310000", "3450", "345", "bought at 31.11", "cost"}  # fmt: skip
    assert answers[2]["quote"]["unit_minor"] == 4_444
    for path in ("/v1/prices/floors", "/v1/prices/mark-ups"):
        viewer.get(path, 403)
    viewer.post("/v1/prices/quote", 403, sku=KEY, cost_minor=1)


NOT_KEPT: list[Any] = [
    ("promotions", a_promotion(level="a\x00")),
    ("promotions", a_promotion(skus=["a\x00"])),
    ("quote", {"sku": KEY, "level": "a\x00"}),
    ("quote", {"sku": KEY, "at_s": 2**70}),
    ("books", {"id": "x", "names": NAMES, "currency": "CNY", "level": "\ud800"}),
]


def test_what_no_database_keeps_is_refused_before(quick: Caller) -> None:
    for path, body in NOT_KEPT:
        quick.post(f"/v1/prices/{path}", 422, **body)


BEYOND: list[Any] = [
    ("promotions", a_promotion(from_s=-(2**70))),
    ("promotions", a_promotion(until_s=2**70)),
    ("floors", {"sku": KEY, "currency": "CNY", "from_s": 2**70}),
    (
        "mark-ups",
        {"id": "m", "names": NAMES, "currency": "CNY", "base": "cost", "from_s": 2**70},
    ),
    ("mark-ups", {"id": "m", "names": NAMES, "currency": "CNY", "base": "cost", "ppm": 2**70}),
]


def test_what_lies_beyond_all_bounds_is_a_sentence(quick: Caller) -> None:
    for path, body in BEYOND:
        quick.post(f"/v1/prices/{path}", 400, **body)
