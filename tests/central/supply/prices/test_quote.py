"""One price for the same facts: never below the floor, never negative, and every step told."""

from __future__ import annotations

import dataclasses
import random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from central.supply.catalogue.model import CategoryId, SkuId
from central.supply.prices.model import (
    QUANTITY_MAX,
    UNIT_MINOR_MAX,
    Base,
    Direction,
    Entry,
    Facts,
    Floor,
    MarkUp,
    Mode,
    NoPrice,
    Off,
    Promotion,
    Quote,
    QuoteRefused,
    Rounding,
    Step,
    StepKind,
    Tier,
)
from central.supply.prices.quote import quote
from central.supply.prices.snapshot import from_snapshot, seen, to_snapshot
from edge.contract.money import MINOR_MAX, Money
from tests.central.supply.prices.builders import (
    NOW,
    ROUND_90,
    SKU,
    a_book,
    a_floor,
    a_mark_up,
    a_promotion,
    an_entry,
    marked_up,
    quoted,
    refused,
    some_facts,
    yuan,
)
from tests.central.supply.product_types.builders import both


def told(found: Quote) -> list[tuple[str, str, int]]:
    return [(str(step.kind), step.source, step.unit_minor) for step in found.steps]


# --- books and ladders ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("quantity", "unit"), [(1, 5_000), (9, 5_000), (10, 4_500), (99, 4_500), (100, 4_000)]
)
def test_the_ladder_says_what_so_many_cost(quantity: int, unit: int) -> None:
    found = quoted(quantity=quantity)
    assert (found.unit, found.total) == (yuan(unit), yuan(unit * quantity))
    assert told(found) == [("ladder", "retail", unit)]


def test_the_narrowest_book_counts() -> None:
    widths: list[dict[str, str]] = [
        {"agent": "C1", "channel": "shop"}, {"agent": "C1"}, {"level": "city", "channel": "shop"},
        {"level": "city"}, {"channel": "shop"}, {},
    ]  # fmt: skip
    entries = [
        an_entry(Tier(1, 100 + n), book=a_book(f"b{n}", **width)) for n, width in enumerate(widths)
    ]
    for first in range(len(entries)):
        some = entries[first:]
        random.Random(first).shuffle(some)
        assert quoted(entries=tuple(some)).unit_minor == 100 + first


def test_a_book_that_says_wider_is_passed_and_one_that_is_closed_ends_it() -> None:
    city = a_book("city", level="city")
    wider = an_entry(book=city, mode=Mode.WIDER, tiers=())
    assert quoted(entries=(wider, an_entry())).unit_minor == 5_000
    closed = dataclasses.replace(wider, mode=Mode.CLOSED)
    assert refused(entries=(closed, an_entry())).reason is NoPrice.CLOSED


@pytest.mark.parametrize(
    ("bent", "reason"),
    [
        ({"quantity": 0}, NoPrice.QUANTITY),
        ({"quantity": -1}, NoPrice.QUANTITY),
        ({"quantity": QUANTITY_MAX + 1}, NoPrice.QUANTITY),
        ({"quantity": 10**30}, NoPrice.QUANTITY),
        ({"quantity": True}, NoPrice.QUANTITY),
        ({"quantity": 1.0}, NoPrice.QUANTITY),
        ({"entries": ()}, NoPrice.NOT_PRICED),
        ({"entries": (an_entry(Tier(5, 100)),)}, NoPrice.UNDER_MINIMUM),
        ({"currency": "USD"}, NoPrice.CURRENCY),
        ({"floor": a_floor(100, "USD")}, NoPrice.CURRENCY),
        ({"entries": (marked_up(a_mark_up()),)}, NoPrice.COST_UNKNOWN),
        ({"entries": (marked_up(a_mark_up(Base.FACE)),)}, NoPrice.FACE_UNKNOWN),
        ({"entries": (marked_up(a_mark_up(Base.WIDER)),)}, NoPrice.NOT_PRICED),
        ({"entries": (marked_up(a_mark_up()),), "cost": yuan(1, "USD")}, NoPrice.CURRENCY),
        ({"entries": (marked_up(a_mark_up(currency="USD")),), "cost": yuan(1)}, NoPrice.CURRENCY),
        ({"promotions": (a_promotion(kind=Off.AMOUNT, minor=5_000),)}, NoPrice.NOTHING_LEFT),
        (
            {"entries": (marked_up(a_mark_up(ppm=100_000_000)),), "cost": yuan(UNIT_MINOR_MAX)},
            NoPrice.TOO_MUCH,
        ),
    ],
    ids=str,
)  # fmt: skip
def test_without_a_price_the_reason_is_told(bent: dict[str, Any], reason: NoPrice) -> None:
    assert refused(**bent).reason is reason


def test_who_asks_for_too_few_is_told_how_many() -> None:
    assert refused(quantity=4, entries=(an_entry(Tier(5, 100)),)).limit == 5


def test_the_most_of_the_dearest_still_fits_into_the_ledger() -> None:
    found = quoted(quantity=QUANTITY_MAX, entries=(an_entry(Tier(1, UNIT_MINOR_MAX)),))
    assert found.total.minor <= MINOR_MAX


# --- mark-ups ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("mark_up", "cost", "unit"),
    [
        (a_mark_up(ppm=200_000), 4_000, 4_800),
        (a_mark_up(fixed_minor=150), 4_000, 4_150),
        (a_mark_up(ppm=50_000), 333, 350),
        (a_mark_up(ppm=200_000, rounding=ROUND_90), 4_000, 4_790),
        (a_mark_up(ppm=200_000, rounding=Rounding(100, 90, Direction.UP)), 4_000, 4_890),
        (a_mark_up(ppm=200_000, rounding=Rounding(100, 99, Direction.UP)), 4_083, 4_899 + 100),
        (a_mark_up(ppm=200_000, rounding=Rounding(100, 0, Direction.DOWN)), 4_083, 4_800),
        (a_mark_up(rounding=Rounding(100, 0, Direction.NEAREST)), 4_050, 4_100),
        (a_mark_up(rounding=Rounding(10_000, 9_800, Direction.DOWN)), 50, 9_800),
        (a_mark_up(rounding=Rounding(100, 90, Direction.UP)), 90, 90),
        (a_mark_up(rounding=Rounding(100, 90, Direction.UP)), 91, 190),
    ],
    ids=lambda value: str(value) if isinstance(value, int) else "",
)
def test_a_mark_up_is_rounded_as_declared(mark_up: MarkUp, cost: int, unit: int) -> None:
    found = quoted(entries=(marked_up(mark_up),), cost=yuan(cost))
    assert told(found) == [("cost", "", cost), ("mark_up", "plus", unit)]


def test_a_level_pays_so_much_less_than_everybody_at_the_same_quantity() -> None:
    city = a_book("city", level="city")
    less = marked_up(a_mark_up(Base.WIDER, ppm=-100_000), book=city)
    found = quoted(quantity=10, entries=(an_entry(), less))
    assert told(found) == [("ladder", "retail", 4_500), ("mark_up", "plus", 4_050)]


def test_the_face_value_may_be_the_base() -> None:
    found = quoted(entries=(marked_up(a_mark_up(Base.FACE, ppm=-20_000)),), face=yuan(5_000))
    assert told(found)[-1] == ("mark_up", "plus", 4_900)


# --- what makes it cheaper -----------------------------------------------------------------------


def test_of_two_promotions_the_cheaper_one_applies_alone() -> None:
    ten = a_promotion("ten", ppm=100_000)
    six = a_promotion("six", Off.AMOUNT, minor=600)
    found = quoted(promotions=(ten, six))
    assert told(found) == [
        ("ladder", "retail", 5_000), ("promotion", "six", 4_400), ("passed", "ten", 4_400)
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("first", "second", "unit"),
    [(False, False, 4_500), (True, False, 4_500), (False, True, 4_500), (True, True, 4_275)],
)
def test_two_apply_only_if_both_say_so(*, first: bool, second: bool, unit: int) -> None:
    ten = a_promotion("ten", ppm=100_000, stacks=first)
    five = a_promotion("five", ppm=50_000, stacks=second)
    assert quoted(promotions=(ten, five)).unit_minor == unit


def test_what_stacks_is_taken_in_its_order() -> None:
    found = quoted(
        promotions=(
            a_promotion("z-amount", Off.AMOUNT, minor=100, stacks=True),
            a_promotion("y-percent", ppm=500_000, stacks=True),
            a_promotion("x-price", Off.PRICE, minor=4_000, stacks=True),
        )
    )
    assert told(found)[1:] == [
        ("promotion", "x-price", 4_000), ("promotion", "y-percent", 2_000),
        ("promotion", "z-amount", 1_900),
    ]  # fmt: skip


def test_one_alone_that_is_cheaper_than_all_that_stack_is_taken() -> None:
    half = a_promotion("half", ppm=500_000)
    some = [a_promotion(name, ppm=10_000, stacks=True) for name in ("a", "b")]
    found = quoted(promotions=(*some, half))
    assert told(found)[1] == ("promotion", "half", 2_500)
    assert [kind for kind, _, _ in told(found)[2:]] == ["passed", "passed"]


@pytest.mark.parametrize(
    ("is_member", "stacks", "unit"),
    [(False, True, 4_500), (True, False, 4_400), (True, True, 3_960)],
)
def test_the_member_price_is_one_of_what_makes_it_cheaper(
    *, is_member: bool, stacks: bool, unit: int
) -> None:
    entry = an_entry(member_minor=4_400, member_stacks=stacks)
    found = quoted(entries=(entry,), is_member=is_member, promotions=(a_promotion(stacks=True),))
    assert found.unit_minor == unit


def test_a_member_never_pays_more_than_others() -> None:
    found = quoted(quantity=100, entries=(an_entry(member_minor=4_400),), is_member=True)
    assert found.unit_minor == 4_000


@pytest.mark.parametrize(
    "bent",
    [
        {"skus": frozenset({SkuId("OTHER")})}, {"category": "food"}, {"channel": "shop"},
        {"level": "city"}, {"is_for_members": True}, {"min_qty": 2}, {"from_s": NOW + 1},
        {"until_s": NOW}, {"currency": "USD"},
    ],
    ids=str,
)  # fmt: skip
def test_a_promotion_for_others_does_not_apply(bent: dict[str, Any]) -> None:
    found = quoted(promotions=(a_promotion(**bent),), categories=(CategoryId("games"),))
    assert told(found) == [("ladder", "retail", 5_000)]


def test_a_promotion_of_a_category_is_for_what_lies_below_it() -> None:
    found = quoted(
        promotions=(a_promotion(category="games"),),
        categories=(CategoryId("steam"), CategoryId("games")),
    )
    assert found.unit_minor == 4_500


# --- the floor -----------------------------------------------------------------------------------


def test_nothing_goes_below_the_floor_and_it_is_told() -> None:
    found = quoted(promotions=(a_promotion(ppm=900_000),), floor=a_floor(3_000))
    assert told(found)[-2:] == [("promotion", "spring", 500), ("floor", "", 3_000)]
    assert quoted(floor=a_floor(5_000)).steps[-1].kind is StepKind.LADDER


# --- for all facts -------------------------------------------------------------------------------

_MINOR = st.integers(1, 1_000_000)
_MAYBE = st.none() | st.builds(yuan, _MINOR)


@st.composite
def ladders(draw: st.DrawFn) -> tuple[Tier, ...]:
    size = draw(st.integers(1, 4))
    steps = sorted(draw(st.sets(st.integers(2, 60), min_size=size - 1, max_size=size - 1)))
    prices = sorted(draw(st.sets(_MINOR, min_size=size, max_size=size)), reverse=True)
    return tuple(Tier(q, p) for q, p in zip([1, *steps], prices, strict=True))


_ROUNDINGS = st.sampled_from(
    [Rounding(), ROUND_90, Rounding(100, 99, Direction.UP), Rounding(1_000, 0, Direction.DOWN)]
)
_MARK_UPS = st.builds(
    a_mark_up, st.sampled_from(Base), ppm=st.integers(-999_999, 2_000_000),
    fixed_minor=st.integers(-5_000, 5_000), rounding=_ROUNDINGS,
)  # fmt: skip


@st.composite
def entries(draw: st.DrawFn) -> tuple[Entry, ...]:
    books = [a_book("c1", agent="C1"), a_book("city", level="city"), a_book()]
    found = []
    for book in draw(st.lists(st.sampled_from(books), unique_by=lambda b: b.id, min_size=1)):
        member = draw(st.none() | _MINOR)
        if draw(st.booleans()):
            found.append(an_entry(*draw(ladders()), book=book, member_minor=member,
                                  member_stacks=draw(st.booleans())))  # fmt: skip
        else:
            found.append(marked_up(draw(_MARK_UPS), book=book, member_minor=member))
    return tuple(found)


@st.composite
def promotions(draw: st.DrawFn) -> tuple[Promotion, ...]:
    found = []
    for name in draw(st.lists(st.sampled_from("abcd"), unique=True)):
        kind = draw(st.sampled_from(Off))
        rate = {"ppm": draw(st.integers(1, 999_999))} if kind is Off.PERCENT else {
            "minor": draw(_MINOR)}  # fmt: skip
        found.append(a_promotion(name, kind, stacks=draw(st.booleans()),
                                 min_qty=draw(st.integers(1, 40)), **rate))  # fmt: skip
    return tuple(found)


_FACTS = st.builds(
    some_facts, quantity=st.integers(1, 80), entries=entries(), promotions=promotions(),
    floor=st.none() | st.builds(a_floor, _MINOR), cost=_MAYBE, face=_MAYBE,
    is_member=st.booleans(),
)  # fmt: skip


@given(_FACTS)
def test_a_price_is_never_below_the_floor_and_never_nothing(facts: Facts) -> None:
    found = quote(facts)
    if isinstance(found, Quote):
        assert found.unit_minor >= (facts.floor.amount.minor if facts.floor else 1) >= 1
        assert found.steps[-1].unit_minor == found.unit_minor
        assert all(type(step.unit_minor) is int and step.unit_minor >= 0 for step in found.steps)


@given(_FACTS, st.randoms())
def test_the_same_facts_in_any_order_give_the_same_quote(facts: Facts, dice: random.Random) -> None:
    mixed = dataclasses.replace(
        facts, entries=tuple(dice.sample(facts.entries, len(facts.entries))),
        promotions=tuple(dice.sample(facts.promotions, len(facts.promotions))),
    )  # fmt: skip
    assert quote(mixed) == quote(facts)


@given(_FACTS, st.integers(1, 80))
def test_who_takes_more_never_pays_more_for_one(facts: Facts, more: int) -> None:
    some, many = quote(facts), quote(dataclasses.replace(facts, quantity=facts.quantity + more))
    if isinstance(some, Quote) and isinstance(many, Quote):
        assert many.unit_minor <= some.unit_minor


@given(_FACTS)
def test_exactly_one_applies_unless_all_that_do_say_that_they_stack(facts: Facts) -> None:
    found = quote(facts)
    if isinstance(found, QuoteRefused):
        return
    stacking = {p.id for p in facts.promotions if p.stacks}
    stacking |= {f"member:{e.book.id}" for e in facts.entries if e.member_stacks}
    kinds = {StepKind.PROMOTION, StepKind.MEMBER}
    applied = [step.source for step in found.steps if step.kind in kinds]
    assert len(applied) <= 1 or set(applied) <= stacking


@given(_FACTS, st.integers(1, 500_000))
def test_a_promotion_more_never_makes_it_dearer(facts: Facts, minor: int) -> None:
    one = a_promotion("extra", Off.AMOUNT, minor=minor)
    before = quote(facts)
    after = quote(dataclasses.replace(facts, promotions=(*facts.promotions, one)))
    if isinstance(before, Quote) and isinstance(after, Quote):
        assert after.unit_minor <= before.unit_minor


# --- the snapshot --------------------------------------------------------------------------------


@given(_FACTS)
def test_a_snapshot_is_the_quote_and_always_the_same_bytes(facts: Facts) -> None:
    found = quote(facts)
    if isinstance(found, Quote):
        text = to_snapshot(found)
        assert from_snapshot(text) == found
        assert to_snapshot(from_snapshot(text)) == text
        assert "." not in "".join(c for c in text if c in "0123456789.")


@pytest.mark.parametrize("text", ["[]", "{}", '{"v":2}', "nothing"])
def test_what_is_no_snapshot_is_told(text: str) -> None:
    with pytest.raises(ValueError, match=r"snapshot|Expecting"):
        from_snapshot(text)


def test_a_snapshot_with_another_total_is_none() -> None:
    text = to_snapshot(quoted(quantity=2)).replace('"total_minor":10000', '"total_minor":9999')
    with pytest.raises(ValueError, match="total"):
        from_snapshot(text)


def sentence(step: Step) -> str:
    return f"{step.kind} {step.unit_minor}"


def test_who_does_not_see_cost_gets_nothing_that_cost_or_floor_follow_from() -> None:
    """The same answer, byte for byte, whatever the cost is, as long as the price is the same."""
    answers = set()
    for cost, ppm, floor in ((1_000, 2_000_000, 2_000), (2_000, 500_000, 3_000), (600, 0, 3_000)):
        found = quoted(
            entries=(marked_up(a_mark_up(ppm=ppm)),), cost=yuan(cost), floor=a_floor(floor)
        )
        assert found.unit_minor == 3_000
        answers.add(str(seen(found, sentence, sees_cost=False)))
        whole = seen(found, sentence, sees_cost=True)
        assert whole["steps"][0]["text"] == f"cost {cost}"
    assert len(answers) == 1


def test_who_does_not_see_cost_is_told_of_promotions_without_their_figures() -> None:
    found = quoted(promotions=(a_promotion(ppm=900_000),), floor=a_floor(3_000))
    shown = seen(found, sentence, sees_cost=False)
    assert shown["by"] == [{"kind": "promotion", "source": "spring", "names": both("春", "Spring")}]
    assert "steps" not in shown
    assert not any(word in str(shown) for word in ("floor", "ppm", "500", "5000", "cost"))


def test_builders_speak_of_the_same_sku() -> None:
    assert (quoted().sku, Money(5_000, "CNY"), Floor(1, yuan(1))) == (SKU, yuan(5_000), a_floor(1))
