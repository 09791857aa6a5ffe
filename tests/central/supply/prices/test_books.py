"""Books, floors, mark-ups and promotions are kept by version, and no version is ever touched."""

from __future__ import annotations

import dataclasses
from typing import Any

import peewee
import pytest

from central.errors import Conflict, NotFound, RequestInvalid
from central.foundation.db.engine import change, money_transaction
from central.supply.catalogue.model import SkuId
from central.supply.prices import books, mark_ups, promotions
from central.supply.prices import wanted as wanted_rules
from central.supply.prices.ask import Asked, ask
from central.supply.prices.books import PriceVersion
from central.supply.prices.model import (
    Base,
    Mode,
    NoPrice,
    Off,
    Quote,
    QuoteRefused,
    Rounding,
    Tier,
)
from central.supply.prices.wanted import Change, Wanted
from edge.contract.money import Money
from tests import builders as b
from tests.central.builders import Database, at_once, furnish
from tests.central.money.sharing.outside import OUTSIDE
from tests.central.network.agents.builders import a_tree
from tests.central.supply.catalogue.builders import KEY, KEY_2, fill_shelf
from tests.central.supply.prices.builders import LADDER, a_book, a_mark_up, a_promotion, yuan

NOW = b.NOW_S


@pytest.fixture
def hub(hub_database: Database) -> None:
    furnish_prices()


@pytest.fixture
def quick(sqlite_database: Database) -> None:
    """For what is refused before any database is asked, or by the same SQL."""
    furnish_prices()


def furnish_prices() -> None:
    """Agents, a shelf, and the book for everybody."""
    furnish()

    def fill() -> None:
        a_tree(NOW - 10)
        fill_shelf()
        books.add_book(a_book(), by="amy", at_s=NOW)

    money_transaction(fill)  # a commit waits for the disk


def a_ladder(*tiers: Tier, **bent: Any) -> Wanted:
    return Wanted(Mode.LADDER, tiers or LADDER, **bent)


def put(
    wanted: Wanted, book: str = "retail", sku: str = KEY, *, now_s: int = NOW,
    from_s: int | None = None,
) -> PriceVersion:  # fmt: skip
    return books.set_price(Change(book, sku, wanted), from_s, by="amy", now_s=now_s)


def asked(**bent: Any) -> Quote | QuoteRefused:
    values: dict[str, Any] = {"sku": KEY, "quantity": 1, "currency": "CNY", "at_s": NOW}
    return ask(Asked(**{**values, **bent}), OUTSIDE, lambda *_: Money(4_000, "CNY"))


def unit(**bent: Any) -> int:
    found = asked(**bent)
    assert isinstance(found, Quote), found
    return found.unit_minor


# --- what was quoted was quoted ------------------------------------------------------------------


@pytest.mark.usefixtures("hub")
def test_a_price_counts_from_its_moment_until_the_next_one_begins() -> None:
    put(a_ladder(Tier(1, 5_000)))
    put(a_ladder(Tier(1, 4_800)), from_s=NOW + 100)
    put(a_ladder(Tier(1, 4_900)), now_s=NOW + 50)
    assert [unit(at_s=NOW + s) for s in (0, 49, 50, 99, 100)] == [5_000, 5_000, 4_900, 4_900, 4_800]
    found = books.versions("retail", KEY)
    assert [one.version for one in found] == [2, 3, 1]
    assert books.in_force(found, NOW + 60)[KEY].version == 3


@pytest.mark.usefixtures("hub")
def test_a_price_that_has_not_begun_is_replaced_by_one_of_the_same_moment() -> None:
    put(a_ladder(Tier(1, 5_000)))
    put(a_ladder(Tier(1, 1)), from_s=NOW + 100)
    put(a_ladder(Tier(1, 4_800)), from_s=NOW + 100)
    assert unit(at_s=NOW + 100) == 4_800


@pytest.mark.usefixtures("hub")
def test_the_agent_s_level_of_that_moment_and_the_channel_choose_the_book() -> None:
    for book in (a_book("city", level="city"), a_book("shop", channel="shop"),
                 a_book("c1", agent="C1"), a_book("usd", currency="USD")):  # fmt: skip
        books.add_book(book, by="amy", at_s=NOW)
    for name, minor in (("retail", 5_000), ("city", 4_000), ("shop", 4_900), ("c1", 3_900)):
        put(a_ladder(Tier(1, minor)), name)
    put(a_ladder(Tier(1, 700)), "usd")
    assert unit() == 5_000
    assert unit(channel="shop") == 4_900
    assert unit(level="city", channel="shop") == 4_000
    assert unit(agent="C1") == 3_900
    assert unit(agent="P1") == 5_000
    assert unit(currency="USD") == 700
    found = asked(agent="C1")
    assert isinstance(found, Quote)
    assert found.level == "city"
    with pytest.raises(NotFound):
        asked(agent="NOBODY")
    with pytest.raises(NotFound):
        asked(sku="GONE")


@pytest.mark.usefixtures("hub")
def test_a_mark_up_of_cost_face_and_the_wider_book() -> None:
    books.add_book(a_book("city", level="city"), by="amy", at_s=NOW)
    for name, base, ppm in (("on-cost", Base.COST, 200_000), ("off-face", Base.FACE, -20_000),
                            ("off-retail", Base.WIDER, -100_000)):  # fmt: skip
        mark_ups.put(a_mark_up(base, id=name, ppm=ppm), NOW, by="amy", now_s=NOW)
    put(Wanted(Mode.MARK_UP, mark_up="on-cost"))
    put(Wanted(Mode.MARK_UP, mark_up="off-retail"), "city")
    assert (unit(), unit(level="city"), unit(cost=yuan(1_000))) == (4_800, 4_320, 1_200)
    put(Wanted(Mode.MARK_UP, mark_up="off-face"), now_s=NOW + 1)
    assert unit(at_s=NOW + 1) == 4_900
    mark_ups.put(a_mark_up(Base.FACE, id="off-face", ppm=-40_000), NOW + 9, by="bo", now_s=NOW + 2)
    assert (unit(at_s=NOW + 8), unit(at_s=NOW + 9)) == (4_900, 4_800)
    assert [(one.id, one.version) for one in mark_ups.everything(NOW + 9)] == [
        ("off-face", 2),
        ("off-retail", 1),
        ("on-cost", 1),
    ]


@pytest.mark.usefixtures("hub")
def test_a_floor_holds_from_its_moment_until_it_is_lifted() -> None:
    put(a_ladder(Tier(1, 5_000)))
    assert books.set_floor(KEY, "CNY", 5_500, by="amy", now_s=NOW) == 1
    assert books.set_floor(KEY, "CNY", None, NOW + 10, by="amy", now_s=NOW) == 2
    assert (unit(), unit(at_s=NOW + 10)) == (5_500, 5_000)
    assert (set(books.floors("CNY", NOW)), books.floors("CNY", NOW + 10)) == ({KEY}, {})


@pytest.mark.usefixtures("hub")
def test_a_promotion_runs_is_changed_and_is_ended_and_the_past_stays() -> None:
    put(a_ladder(Tier(1, 5_000)))
    spring = a_promotion(from_s=NOW + 10, until_s=NOW + 100, skus=frozenset({KEY, KEY_2}))
    assert promotions.put(spring, by="amy", now_s=NOW) == spring
    assert [unit(at_s=NOW + s) for s in (0, 10, 99, 100)] == [5_000, 4_500, 4_500, 5_000]
    half = dataclasses.replace(spring, ppm=500_000, skus=frozenset())
    assert promotions.put(half, by="bo", now_s=NOW + 20).version == 2
    assert (unit(at_s=NOW + 19), unit(at_s=NOW + 20)) == (4_500, 2_500)
    promotions.end("spring", by="bo", now_s=NOW + 30)
    assert (unit(at_s=NOW + 29), unit(at_s=NOW + 30)) == (2_500, 5_000)
    with pytest.raises(Conflict):
        promotions.end("spring", by="bo", now_s=NOW + 30)


@pytest.mark.usefixtures("hub")
def test_without_any_entry_there_is_no_price() -> None:
    found = asked()
    assert isinstance(found, QuoteRefused)
    assert found.reason is NoPrice.NOT_PRICED


# --- what cannot be ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("wanted", "told"),
    [
        (Wanted(Mode.LADDER), "ladder has steps"),
        (Wanted(Mode.CLOSED, LADDER), "ladder has steps"),
        (Wanted(Mode.MARK_UP), "which mark-up"),
        (Wanted(Mode.LADDER, LADDER, "on-cost"), "which mark-up"),
        (a_ladder(Tier(1, 0)), "more than nothing"),
        (a_ladder(Tier(1, -5)), "more than nothing"),
        (a_ladder(Tier(1, 10**14)), "more than nothing"),
        (a_ladder(member_minor=0), "more than nothing"),
        (a_ladder(Tier(1, 100), Tier(10, 100)), "cheaper"),
        (a_ladder(Tier(1, 100), Tier(10, 120)), "cheaper"),
        (a_ladder(Tier(10, 100), Tier(1, 90)), "cheaper"),
        (a_ladder(Tier(0, 100)), "1 to 100000"),
        (a_ladder(Tier(1, 100), Tier(100_001, 90)), "1 to 100000"),
        (a_ladder(*[Tier(n + 1, 100 - n) for n in range(21)]), "20 steps"),
        (Wanted(Mode.CLOSED, member_minor=5), "Members have a price"),
        (a_ladder(note="x" * 501), "500 printable"),
        (a_ladder(note="a\x00"), "500 printable"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_price_that_cannot_be_is_refused(wanted: Wanted, told: str) -> None:
    with pytest.raises(RequestInvalid, match=told):
        wanted_rules.check(wanted)


@pytest.mark.usefixtures("quick")
def test_no_price_begins_in_the_past_or_before_its_mark_up() -> None:
    with pytest.raises(RequestInvalid, match="now or later"):
        put(a_ladder(), from_s=NOW - 1)
    with pytest.raises(RequestInvalid, match="millennium"):
        put(a_ladder(), from_s=2**36)
    with pytest.raises(NotFound):
        put(Wanted(Mode.MARK_UP, mark_up="gone"))
    mark_ups.put(a_mark_up(), NOW + 9, by="amy", now_s=NOW)
    with pytest.raises(RequestInvalid, match="begins later"):
        put(Wanted(Mode.MARK_UP, mark_up="plus"))
    mark_ups.put(a_mark_up(id="usd", currency="USD"), NOW, by="amy", now_s=NOW)
    with pytest.raises(RequestInvalid, match="another currency"):
        put(Wanted(Mode.MARK_UP, mark_up="usd"))


@pytest.mark.usefixtures("quick")
def test_of_many_prices_all_are_set_or_none() -> None:
    good = Change("retail", KEY, a_ladder())
    for bad in (Change("retail", "GONE", a_ladder()), Change("gone", KEY, a_ladder())):
        with pytest.raises(NotFound):
            books.set_prices([good, bad], by="amy", now_s=NOW)
    assert books.versions("retail") == []
    both = [good, Change("retail", KEY_2, a_ladder())]
    assert len(books.set_prices(both, by="amy", now_s=NOW)) == 2


NO_BOOKS: list[Any] = [
    ({"name": "Retail"}, RequestInvalid),
    ({"name": "retail"}, Conflict),
    ({"name": "again"}, Conflict),
    ({"agent": "C1", "level": "city"}, RequestInvalid),
    ({"agent": "NOBODY"}, NotFound),
    ({"level": "emperor"}, NotFound),
    ({"channel": "My Shop"}, RequestInvalid),
    ({"currency": "yuan"}, RequestInvalid),
]


@pytest.mark.usefixtures("quick")
def test_a_book_that_cannot_be_is_refused() -> None:
    for bent, error in NO_BOOKS:
        book = a_book(**{"name": "new", **bent})
        with pytest.raises(error):
            books.add_book(book, by="amy", at_s=NOW)
        assert len(books.books()) == 1


NO_PROMOTIONS: list[Any] = [
    ({"id": "Spring!"}, RequestInvalid),
    ({"ppm": 0}, RequestInvalid),
    ({"ppm": 1_000_000}, RequestInvalid),
    ({"kind": Off.AMOUNT, "ppm": 0, "minor": 0}, RequestInvalid),
    ({"until_s": NOW}, RequestInvalid),
    ({"until_s": 2**36}, RequestInvalid),
    ({"from_s": NOW + 100}, RequestInvalid),
    ({"min_qty": 0}, RequestInvalid),
    ({"skus": frozenset({KEY}), "category": "games"}, RequestInvalid),
    ({"skus": frozenset({SkuId("GONE")})}, NotFound),
    ({"category": "gone"}, NotFound),
    ({"level": "gone"}, NotFound),
    ({"channel": "?"}, RequestInvalid),
    ({"names": {"en": "x"}}, RequestInvalid),
]


@pytest.mark.usefixtures("quick")
def test_a_promotion_that_cannot_be_is_refused() -> None:
    for bent, error in NO_PROMOTIONS:
        wanted = dataclasses.replace(a_promotion(until_s=NOW + 100), **bent)
        with pytest.raises(error):
            promotions.put(wanted, by="amy", now_s=NOW)
        assert promotions.everything(NOW) == []


NO_MARK_UPS: list[Any] = [
    {"id": "+"},
    {"ppm": -1_000_000},
    {"ppm": 10**9},
    {"fixed_minor": 10**14},
    {"rounding": Rounding(100, 100)},
    {"names": {"en": "x"}},
]


@pytest.mark.usefixtures("quick")
def test_a_mark_up_that_cannot_be_is_refused() -> None:
    for bent in NO_MARK_UPS:
        with pytest.raises(RequestInvalid):
            mark_ups.put(a_mark_up(**bent), NOW, by="amy", now_s=NOW)
        assert mark_ups.everything(NOW) == []


@pytest.mark.usefixtures("quick")
def test_a_mark_up_and_a_promotion_keep_their_currency() -> None:
    mark_ups.put(a_mark_up(), NOW, by="amy", now_s=NOW)
    with pytest.raises(RequestInvalid, match="another currency"):
        mark_ups.put(a_mark_up(currency="USD"), NOW, by="amy", now_s=NOW)
    spring = a_promotion(until_s=NOW + 9)
    promotions.put(spring, by="amy", now_s=NOW)
    with pytest.raises(Conflict, match="another currency"):
        promotions.put(dataclasses.replace(spring, currency="USD"), by="amy", now_s=NOW)


NO_FLOORS: list[Any] = [0, -1, 10**14]


@pytest.mark.usefixtures("quick")
def test_a_floor_that_cannot_be_is_refused() -> None:
    for floor in NO_FLOORS:
        with pytest.raises(RequestInvalid):
            books.set_floor(KEY, "CNY", floor, by="amy", now_s=NOW)


# --- what the database keeps itself --------------------------------------------------------------


FORBIDDEN: list[Any] = [
    ("UPDATE price SET from_s = from_s + 1", "stays as it is"),
    ("DELETE FROM price_tier", "stays as it is"),
    ("UPDATE price_tier SET unit_minor = 1", "stays as it is"),
    ("INSERT INTO price_tier VALUES ('retail', 'KEY-50', 1, 500, 1)", "steps that it began"),
    ("UPDATE floor_price SET floor_minor = 1", "stays as it is"),
    ("UPDATE promotion_version SET ppm = 1", "stays as it is"),
    ("INSERT INTO promotion_sku VALUES ('spring', 1, 'KEY-100')", "SKUs that it began"),
    ("UPDATE mark_up_version SET ppm = 1", "stays as it is"),
    ("UPDATE price_book SET currency = 'USD'", "for whom a book is stays"),
    ("DELETE FROM price_book", "a book stays"),
    ("INSERT INTO floor_price VALUES ('KEY-50', 'CNY', 9, 5, 1, 'amy', 2)", "(?i)check"),
    (
        (
            "INSERT INTO price VALUES ('retail', 'KEY-50', 9, 'ladder', NULL, 0, NULL, 0, '', 2,"
            " 'amy', 1)"
        ),
        "(?i)check",
    ),
    (
        "INSERT INTO price_book VALUES ('two', 'x', 'x', 'CNY', NULL, NULL, '', 'amy', 1)",
        "(?i)unique",
    ),
]


@pytest.mark.usefixtures("hub")
def test_the_database_refuses() -> None:
    for broken, why in FORBIDDEN:
        put(a_ladder())
        books.set_floor(KEY, "CNY", 100, by="amy", now_s=NOW)
        mark_ups.put(a_mark_up(), NOW, by="amy", now_s=NOW)
        promotions.put(a_promotion(until_s=NOW + 9, skus=frozenset({KEY})), by="amy", now_s=NOW)
        with pytest.raises(peewee.DatabaseError, match=why):
            change(broken)


@pytest.mark.usefixtures("hub")
def test_two_who_set_a_price_at_once_make_two_versions() -> None:
    found = at_once(4, lambda n: put(a_ladder(Tier(1, 100 + n))).version)
    assert sorted(str(one) for one in found) == ["1", "2", "3", "4"]
    assert money_transaction(lambda: len(books.versions("retail", KEY))) == 4
