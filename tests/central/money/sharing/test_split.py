"""An amount is split so that every minor unit goes to exactly one line."""

from __future__ import annotations

import random
from fractions import Fraction
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from central.money.sharing.split import (
    PPM,
    Fixed,
    Line,
    Ratio,
    Rest,
    SharesExceed,
    allocate,
    apportion,
)

REST = Rest()


def percents(*of_a_hundred: float) -> list[Line]:
    return [Ratio(round(p * 10_000)) for p in of_a_hundred]


@pytest.mark.parametrize(
    ("total", "lines", "amounts"),
    [
        (9999, [*percents(5, 3, 2, 1), REST], [499, 300, 200, 100, 8900]),
        (10_000, [*percents(5, 3, 2, 1), REST], [500, 300, 200, 100, 8900]),
        (100, [*percents(50, 50)], [50, 50]),
        (101, [*percents(50, 50)], [51, 50]),
        (1, [*percents(25, 25, 25, 25)], [1, 0, 0, 0]),
        (3, [*percents(25, 25, 25, 25)], [1, 1, 1, 0]),
        (10_000, [Fixed(200), *percents(10), REST], [200, 1000, 8800]),
        (10_000, [*percents(10), REST, Fixed(200)], [1000, 8800, 200]),
        (10_000, [Ratio(50_000, cap_minor=300), REST], [300, 9700]),
        (10_000, [Ratio(50_000, cap_minor=500), REST], [500, 9500]),
        (10_000, [REST], [10_000]),
        (0, [*percents(5), REST], [0, 0]),
        (500, [Fixed(500), REST], [500, 0]),
        (1, [*percents(5), REST], [0, 1]),
        (2**62, [*percents(99.9999), REST], [2**62 - 2**62 // PPM - 1, 2**62 // PPM + 1]),
    ],
)
def test_a_split_is_what_the_table_says(total: int, lines: list[Line], amounts: list[int]) -> None:
    assert allocate(total, lines) == amounts


def test_a_ratio_is_of_the_whole_base_and_not_of_what_a_fixed_amount_leaves() -> None:
    assert allocate(1000, [Fixed(500), Ratio(500_000)]) == [500, 500]


@pytest.mark.parametrize(
    ("total", "lines", "at_most", "why"),
    [
        (100, [Fixed(101), REST], None, "there are 100 to share"),
        (100, [Fixed(60), Ratio(500_000), REST], None, "the shares are 110"),
        (100, [*percents(60, 60), REST], None, "the shares are 120"),
        (100, [Fixed(31), REST], 30, "may be 30 together"),
        (0, [Fixed(1), REST], None, "there are 0"),
    ],
)
def test_shares_never_exceed_what_there_is(
    total: int, lines: list[Line], at_most: int | None, why: str
) -> None:
    with pytest.raises(SharesExceed, match=why):
        allocate(total, lines, at_most)


@pytest.mark.parametrize(
    ("total", "lines", "why"),
    [
        (-1, [REST], "not negative"),
        (100, [Fixed(-1), REST], "not negative"),
        (100, [Ratio(-1), REST], "not negative"),
        (100, [Ratio(1, -1), REST], "not negative"),
        (100, [REST, REST], "one line at most"),
        (100, [Fixed(99)], "nobody takes what is left"),
        (100, [], "nobody takes what is left"),
    ],
)
def test_what_is_no_split_is_told(total: int, lines: list[Line], why: str) -> None:
    with pytest.raises(ValueError, match=why):
        allocate(total, lines)


# --- properties ----------------------------------------------------------------------------------

amounts = st.integers(0, 10**15)
line = st.one_of(
    st.builds(Fixed, st.integers(0, 10**6)),
    st.builds(Ratio, st.integers(0, 200_000), st.none() | st.integers(0, 10**6)),
)


@given(total=amounts, lines=st.lists(line, max_size=12))
def test_the_amounts_sum_exactly_and_each_is_within_one_unit(total: int, lines: list[Line]) -> None:
    try:
        found = allocate(total, [*lines, REST])
    except SharesExceed:
        asked = sum(least(total, one) for one in lines)
        assert asked > total - len(lines)
        return
    assert sum(found) == total
    assert min(found) >= 0
    for one, amount in zip(lines, found, strict=False):
        assert abs(amount - exact(total, one)) < 1


def exact(total: int, one: Line) -> Fraction:
    """What a line asks for, without rounding."""
    if isinstance(one, Fixed):
        return Fraction(one.minor)
    assert isinstance(one, Ratio)
    asked = Fraction(total * one.ppm, PPM)
    return asked if one.cap_minor is None else min(asked, Fraction(one.cap_minor))


def least(total: int, one: Line) -> int:
    return int(exact(total, one))


@given(total=amounts, weights=st.lists(st.integers(0, 1000), min_size=1, max_size=9))
def test_equal_remainders_are_rounded_up_in_declared_order(total: int, weights: list[int]) -> None:
    whole = sum(weights) or 1
    found = apportion(total, weights, whole)
    assert sum(found) == (total if sum(weights) else 0)
    for (weight, amount), (next_weight, next_amount) in pairwise(zip(weights, found, strict=True)):
        if weight == next_weight:
            assert 0 <= amount - next_amount <= 1


def test_a_hundred_thousand_splits_sum_exactly() -> None:
    """The same cases in every run; Hypothesis looks elsewhere each time."""
    chance = random.Random(20260411)
    for _ in range(100_000):
        total = chance.choice(
            (chance.randrange(100), chance.randrange(10**5), chance.randrange(10**12))
        )
        rates = [chance.randrange(1_000_000 // n) for n in [chance.randint(1, 6)] for _ in range(n)]
        fixed = [chance.randrange(3)] if chance.random() < 0.3 else []
        lines: list[Line] = [*map(Fixed, fixed), *map(Ratio, rates), REST]
        try:
            found = allocate(total, lines)
        except SharesExceed:
            assert sum(fixed) + total * sum(rates) // PPM > total
            continue
        assert sum(found) == total
        assert found[-1] >= 0
        for rate, amount in zip(rates, found[len(fixed) :], strict=False):
            assert -PPM < amount * PPM - total * rate < PPM
