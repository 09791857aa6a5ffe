"""Prices on pages: books, promotions, floors, tables, and why a price is what it is."""

from __future__ import annotations

from typing import Any

import pytest

from central.foundation.db.engine import money_transaction
from central.supply.prices import books, mark_ups, promotions
from central.supply.prices.model import Base, Mode, Tier
from central.supply.prices.wanted import Change, Wanted
from tests import builders as b
from tests.central.builders import Database, an_app, as_person, fill_in
from tests.central.network.agents.builders import a_tree
from tests.central.stores.test_pages import read
from tests.central.supply.catalogue.builders import KEY, KEY_2, fill_shelf
from tests.central.supply.prices.builders import a_book, a_mark_up, a_promotion

NOW = b.NOW_S


@pytest.fixture
def app(hub_database: Database) -> Any:
    return furnished(hub_database)


@pytest.fixture
def quick(sqlite_database: Database) -> Any:
    return furnished(sqlite_database)


def furnished(database: Database) -> Any:
    app = an_app(database)
    money_transaction(lambda: a_tree(NOW - 10))
    fill_shelf()
    books.add_book(a_book(), by="amy", at_s=NOW)
    return app


def set_price(minor: int, book: str = "retail", **bent: Any) -> None:
    wanted = Wanted(Mode.LADDER, (Tier(1, minor),), **bent)
    books.set_price(Change(book, KEY, wanted), by="amy", now_s=NOW)


def test_a_price_is_set_and_it_is_told_why_it_is_so(app: Any) -> None:
    client = as_person(app)
    fill_in(client, "/prices", id="city", zh="市代价", en="City prices", whose="level:city")
    fill_in(client, "/prices/books/retail", sku=KEY, mode="ladder", ladder="1: 50.00, 10: 45,00")
    fill_in(client, "/prices/costs/markup", id="less", zh="减", en="Ten less", base="wider",
            percent="-10", ending="100/90", direction="down")  # fmt: skip
    fill_in(client, "/prices/books/city", sku=KEY, mode="mark_up", mark_up="less")
    fill_in(client, "/prices/costs/floor", sku=KEY, floor="39.50")
    fill_in(client, "/prices/promotions", id="spring", zh="春", en="Spring", kind="percent",
            value="50", **{"from": "2020-01-01T00:00", "until": "2030-01-01T00:00"})  # fmt: skip
    text = read(client, "/prices/why?sku=KEY-50&quantity=10&whose=agent:C1")
    for words in (
        "Price book “Retail”, version 1, from 10 pieces on: 45.00",
        "Mark-up “Ten less”, version 1 (book city, version 1): −10 % and 0.00, rounded to 39.90",
        "Promotion “Spring”, version 1, 50 % off: 19.95",
        "Not below the floor, version 1: 39.50", "395.00",
    ):  # fmt: skip
        assert words in text
    chinese = read(as_person(app, locale="zh-CN"), "/prices/why?sku=KEY-50&quantity=1")
    assert "价目表“零售”第 1 版，1 件起：50.00" in chinese
    fill_in(client, "/prices/promotions/spring/end")
    assert "– has ended" in read(client, "/prices/promotions")


@pytest.mark.parametrize("sort", ["cost", "promotion"])
def test_who_does_not_see_cost_reads_no_cost_and_no_floor(quick: Any, sort: str) -> None:
    if sort == "cost":
        mark_ups.put(a_mark_up(Base.FACE, ppm=-310_000), NOW, by="amy", now_s=NOW)
        wanted = Wanted(Mode.MARK_UP, mark_up="plus", note="bought at 31.11")
        books.set_price(Change("retail", KEY, wanted), by="amy", now_s=NOW)
    else:
        set_price(6_000, note="bought at 31.11")
        promotions.put(a_promotion(until_s=NOW + 9, ppm=900_000), by="amy", now_s=NOW)
    books.set_floor(KEY, "CNY", 4_444, by="amy", now_s=NOW)
    viewer = as_person(quick, "viewer")
    assert viewer.get("/prices/costs").status_code == 403
    asked = "/prices/why?sku=KEY-50&cost=1.00"
    pages = [viewer.get(path).text for path in ("/prices", "/prices/books/retail", asked)]
    assert "44.44" in pages[2]  # the price itself
    for page in pages:
        assert all(word not in page for word in ("31.11", "plus", "loor", "Mark-up", "34.50"))
    assert "6.00" not in pages[2]
    whole = as_person(quick).get(asked).text
    assert "Not below the floor" in whole


@pytest.mark.parametrize("locale", ["en", "zh-CN"])
def test_every_page_stands_without_any_data(sqlite_database: Database, locale: str) -> None:
    client = as_person(an_app(sqlite_database, furnished=False), locale=locale)
    for path in ("", "/promotions", "/costs", "/why", "/table"):
        assert read(client, f"/prices{path}")
        assert path == "/table" or "empty-state" in client.get(f"/prices{path}").text


TYPED_WRONG: list[Any] = [
    ("/prices", {"id": "Retail", "zh": "x", "en": "x"}, "An id is"),
    ("/prices", {"id": "two", "zh": "x", "en": "x"}, "for the same buyers"),
    ("/prices/books/retail", {"sku": KEY, "ladder": "ten"}, "An amount is a number"),
    ("/prices/books/retail", {"sku": KEY, "ladder": "x: 5.00"}, "A ladder is written"),
    ("/prices/books/retail", {"sku": KEY, "ladder": "1: 5.00, 2: 6.00"}, "cheaper"),
    ("/prices/books/retail", {"sku": "GONE", "ladder": "5.00"}, "no such SKU"),
    ("/prices/books/retail", {"sku": KEY, "mode": "magic"}, "cannot be read"),
    ("/prices/books/retail", {"sku": KEY, "ladder": "5", "from": "soon"}, "A moment is"),
    (
        "/prices/books/retail",
        {"sku": KEY, "ladder": "5", "from": "2020-01-01T00:00"},
        "now or later",
    ),
    ("/prices/costs/floor", {"sku": KEY, "floor": "-1"}, "An amount is a number"),
    (
        "/prices/costs/markup",
        {"id": "m", "zh": "x", "en": "x", "base": "cost", "percent": "lots"},
        "A percentage is a number",
    ),
    (
        "/prices/costs/markup",
        {"id": "m", "zh": "x", "en": "x", "base": "cost", "ending": "7/3"},
        "Prices end below",
    ),
    ("/prices/promotions", {"id": "p", "kind": "percent", "value": "10"}, "A moment is"),
    ("/prices/promotions", {"id": "p", "kind": "?", "value": "10"}, "cannot be read"),
]


def test_what_was_typed_wrong_is_told(quick: Any) -> None:
    for path, fields, told in TYPED_WRONG:
        response = fill_in(as_person(quick), path, **fields)
        assert response.status_code in {400, 404, 409}
        assert told in response.text
        assert 'role="alert"' in response.text
        assert books.versions("retail") == []


WITHOUT_A_PRICE: list[Any] = [
    ("sku=KEY-50", "There is no price. No price book"),
    ("sku=KEY-50&quantity=0", "A quantity is 1 to 100000."),
    ("sku=KEY-50&quantity=999999999", "A quantity is 1 to 100000."),
]


def test_without_a_price_the_reason_is_told(quick: Any) -> None:
    for query, told in WITHOUT_A_PRICE:
        assert told in read(as_person(quick), f"/prices/why?{query}")


NO_QUESTIONS: list[Any] = [
    ("sku=GONE", 404),
    ("sku=KEY-50&quantity=-1", 400),
    ("sku=KEY-50&whose=agent:NO", 404),
    ("sku=KEY-50&at=x", 400),
    ("sku=KEY-50&cost=x", 400),
]


def test_a_question_that_cannot_be_answered_is_told(quick: Any) -> None:
    for query, status in NO_QUESTIONS:
        assert as_person(quick).get(f"/prices/why?{query}").status_code == status


TABLE = "book,sku,min_qty,price,member_price\nretail,KEY-50,1,50.00,48.00\nretail,KEY-50,10,45,\n"


def test_a_table_of_prices_is_shown_first_and_then_taken(app: Any) -> None:
    client = as_person(app)
    page = fill_in(client, "/prices/table", table=TABLE).text
    assert "1: 50.00, 10: 45.00" in page
    assert books.versions("retail") == []
    fill_in(client, "/prices/table", table=TABLE, confirmed="yes")
    [found] = books.versions("retail")
    assert (found.wanted.tiers, found.wanted.member_minor) == (
        (Tier(1, 5_000), Tier(10, 4_500)), 4_800
    )  # fmt: skip


def test_every_faulty_line_of_a_table_is_told_and_nothing_is_taken(quick: Any) -> None:
    bad = TABLE + (
        "gone,KEY-50,1,5,\nretail,GONE,1,5,\nretail,KEY-100,x,5,\nretail,KEY-100,1,five,\n"
        "retail,KEY-100,1,5,,9\nretail,LUNCH-1,1,5,\nretail,LUNCH-1,2,6,\n"
    )
    page = fill_in(as_person(quick), "/prices/table", table=bad, confirmed="yes").text
    assert "Lines to put right: 6" in page
    for told in ("no such price book", "no such SKU", "1 to 100000", "An amount is",
                 "more columns", "Each step of a ladder"):  # fmt: skip
        assert told in page
    assert books.versions("retail") == []


def test_a_later_price_is_shown_and_a_note_for_those_who_see_cost(quick: Any) -> None:
    client = as_person(quick)
    fill_in(client, "/prices/books/retail", sku=KEY_2, mode="ladder", ladder="99.00",
            member="95.00", member_stacks="yes", note="Autumn",
            **{"from": "2027-01-01T00:00"})  # fmt: skip
    text = read(client, "/prices/books/retail")
    for words in ("Begins later", "1: 99.00", "members 95.00", "Autumn", "2027-01-01 00:00:00"):
        assert words in text
