"""What a redemption costs its store, to the fen."""

from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from central.money.settlement.fees.charge import (
    NO_FEE,
    PPM,
    fault_in,
    fee_of,
    model_for,
    parts_of,
)
from central.money.settlement.model import FeeModel, Tier


def a_model(
    *tiers: tuple[int, int], fixed: int = 0, version: int = 1, first: int = 20260401
) -> FeeModel:
    return FeeModel(version, first, "CNY", fixed, tuple(Tier(*tier) for tier in tiers))


PERCENT = a_model((0, 6000))
TIERED = a_model((0, 10_000), (100_000, 6000), (500_000, 0))


@pytest.mark.parametrize(
    ("model", "gross", "volume", "fee"),
    [
        (NO_FEE, 8800, 0, 0),
        (PERCENT, 8800, 0, 53),  # 0.6 % of 88.00 is 52.8 fen
        (PERCENT, 75, 0, 0),  # 0.45 fen
        (PERCENT, 84, 0, 1),  # 0.504 fen
        (a_model((0, 500_000)), 1, 0, 1),  # half a fen goes up
        (a_model((0, PPM)), 8800, 0, 8800),
        (a_model(fixed=100), 8800, 0, 100),
        (a_model(fixed=100), 60, 0, 60),  # never more than was redeemed
        (a_model((0, 6000), fixed=10), 8800, 0, 63),
        (TIERED, 8800, 0, 88),
        (TIERED, 8800, 100_000, 53),
        (TIERED, 10_000, 95_000, 80),  # 50.00 at 1 %, 50.00 at 0.6 %
        (TIERED, 1_000_000, 0, 1000 + 2400),  # through all three
        (TIERED, 8800, 500_000, 0),
        (TIERED, 8800, -5000, 88),  # a month that began with corrections
    ],
)
def test_a_fee_is(model: FeeModel, gross: int, volume: int, fee: int) -> None:
    assert fee_of(model, gross, volume) == fee


def test_the_parts_say_what_was_charged_at_which_rate() -> None:
    assert parts_of(TIERED, 10_000, 95_000) == [
        (Tier(0, 10_000), 5000),
        (Tier(100_000, 6000), 5000),
    ]
    assert parts_of(NO_FEE, 10_000, 0) == []


amounts = st.integers(1, 5_000_000)
volumes = st.integers(-1_000_000, 50_000_000)
rates = st.integers(0, PPM)


@st.composite
def models(draw: st.DrawFn) -> FeeModel:
    begins = sorted(draw(st.sets(st.integers(1, 20_000_000), max_size=5)))
    tiers = tuple(Tier(start, draw(rates)) for start in (0, *begins)) if draw(st.booleans()) else ()
    return FeeModel(1, 20260401, "CNY", draw(st.integers(0, 10_000)), tiers)


@given(models(), amounts, volumes)
def test_a_fee_is_never_below_nothing_and_never_more_than_the_redemption(
    model: FeeModel, gross: int, volume: int
) -> None:
    assert fault_in(model) is None
    assert 0 <= fee_of(model, gross, volume) <= gross


@given(models(), amounts, volumes)
def test_the_parts_are_all_of_it_and_none_of_it_twice(
    model: FeeModel, gross: int, volume: int
) -> None:
    found = parts_of(model, gross, max(0, volume))
    assert sum(part for _, part in found) == (gross if model.tiers else 0)
    assert len({tier for tier, _ in found}) == len(found)


@given(models(), amounts, amounts, volumes)
def test_more_is_never_charged_less(model: FeeModel, gross: int, more: int, volume: int) -> None:
    assert fee_of(model, gross, volume) <= fee_of(model, gross + more, volume)


@given(models(), st.lists(amounts, min_size=1, max_size=30), st.integers(0, 30_000_000))
def test_the_fees_of_many_differ_from_the_exact_sum_by_half_a_fen_each_at_most(
    model: FeeModel, gross: list[int], start: int
) -> None:
    """Rounding never adds up to more, whatever tiers the redemptions run through."""
    plain = model._replace(fixed_minor=0)
    volume, charged = start, 0
    for amount in gross:
        charged += fee_of(plain, amount, volume)
        volume += amount
    exact = sum(Fraction(part * tier.ppm, PPM) for tier, part in parts_of(plain, sum(gross), start))
    assert -len(gross) <= 2 * (charged - exact) <= len(gross)


@given(models(), amounts, st.integers(0, 30_000_000), st.integers(1, 4_999_999))
def test_a_redemption_in_two_parts_costs_the_same_but_for_rounding(
    model: FeeModel, gross: int, volume: int, cut: int
) -> None:
    plain, first = model._replace(fixed_minor=0), min(cut, gross)
    parts = fee_of(plain, first, volume)
    if gross > first:
        parts += fee_of(plain, gross - first, volume + first)
    assert abs(parts - fee_of(plain, gross, volume)) <= 1


# --- which model ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("day", "version"),
    [(20260331, 0), (20260401, 1), (20260430, 1), (20260501, 3), (20260601, 3), (20260701, 4)],
)
def test_of_the_models_that_have_begun_the_one_that_began_last_counts(
    day: int, version: int
) -> None:
    """Version 3 corrects version 2, which was to begin on the same day."""
    begun = [20260401, 20260501, 20260501, 20260701]
    known = [a_model(version=n, first=first) for n, first in enumerate(begun, start=1)]
    assert model_for(known, day).version == version


@pytest.mark.parametrize(
    ("model", "fault"),
    [
        (PERCENT, None), (a_model(), None), (a_model((0, 0)), None), (a_model((0, PPM)), None),
        (a_model((0, PPM + 1)), "between 0 % and 100 %"),
        (a_model((0, -1)), "between 0 % and 100 %"),
        (a_model(fixed=-1), "not less than nothing"),
        (a_model((1, 0)), "begin at 0"),
        (a_model((0, 1), (5, 1), (5, 1)), "go up"),
        (a_model((0, 1), (5, 1), (4, 1)), "go up"),
        (a_model(*((n, 0) for n in range(21))), "at most 20"),
    ],
)  # fmt: skip
def test_a_model_that_cannot_be_is_told(model: FeeModel, fault: str | None) -> None:
    found = fault_in(model)
    assert (found is None) if fault is None else (found is not None and fault in found)
