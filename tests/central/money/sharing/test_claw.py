"""What everybody gives back: never more than he keeps, and all of it with the last part."""

from __future__ import annotations

import random
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from central.money.sharing.claw import claw
from central.money.sharing.split import Ratio, Rest, allocate


@pytest.mark.parametrize(
    ("kept", "add", "total", "back"),
    [
        ([499, 300, 200, 100], 9999, 9999, [499, 300, 200, 100]),
        ([499, 300, 200, 100], 0, 9999, [0, 0, 0, 0]),
        ([500, 200], 5000, 10_000, [250, 100]),
        ([500, 200], 1, 10_000, [0, 0]),
        ([1, 1, 1], 1, 3, [1, 0, 0]),
        ([1, 1, 1], 2, 3, [1, 1, 0]),
        ([0, 7], 3, 10, [0, 2]),
        ([], 5, 10, []),
        ([0], 0, 0, [0]),
    ],
)
def test_what_is_given_back_is_what_the_table_says(
    kept: list[int], add: int, total: int, back: list[int]
) -> None:
    assert claw(kept, add, total) == back


@pytest.mark.parametrize(
    ("kept", "add", "total", "why"),
    [
        ([5], -1, 10, "cannot be undone"),
        ([5], 11, 10, "cannot be undone"),
        ([11], 1, 10, "more is kept"),
        ([6, 6], 1, 10, "more is kept"),
        ([-1], 1, 10, "more is kept"),
    ],
)
def test_what_cannot_be_undone_is_told(kept: list[int], add: int, total: int, why: str) -> None:
    with pytest.raises(ValueError, match=why):
        claw(kept, add, total)


@st.composite
def a_refund(draw: st.DrawFn) -> tuple[list[int], int, int]:
    kept = draw(st.lists(st.integers(0, 10**9), max_size=6))
    total = sum(kept) + draw(st.integers(0, 10**12))
    return kept, draw(st.integers(0, total)), total


@given(refund=a_refund())
def test_nobody_gives_more_than_he_keeps_and_each_is_within_one_unit(
    refund: tuple[list[int], int, int],
) -> None:
    kept, add, total = refund
    back = claw(kept, add, total)
    assert all(0 <= part <= had for part, had in zip(back, kept, strict=True))
    assert sum(back) <= add
    assert add - sum(back) <= total - sum(kept), "what is left of it the house has"
    for part, had in zip(back, kept, strict=True):
        assert abs(part - Fraction(had * add, total or 1)) < 1


@given(
    minor=st.integers(1, 10**9),
    rates=st.lists(st.integers(0, 100_000), min_size=1, max_size=5),
    steps=st.lists(st.integers(1, 10**9), max_size=20),
)
def test_a_chain_of_refunds_ends_at_zero(minor: int, rates: list[int], steps: list[int]) -> None:
    chain = [min(step, minor) for step in steps]
    follow(minor, rates, chain)


def follow(minor: int, rates: list[int], steps: list[int]) -> Fraction:
    """Refund a sale in steps and the rest of it at last; return the largest drift of a share."""
    first = allocate(minor, [*map(Ratio, rates), Rest()])[:-1]
    kept, left, drift = list(first), minor, Fraction(0)
    for step in [*steps, minor]:
        add = min(step, left)
        back = claw(kept, add, left)
        assert all(0 <= part <= had for part, had in zip(back, kept, strict=True))
        kept = [had - part for had, part in zip(kept, back, strict=True)]
        left -= add
        for had, share in zip(kept, first, strict=True):
            drift = max(drift, abs(had - Fraction(share * left, minor)))
    assert (left, kept) == (0, [0] * len(rates))
    return drift


def test_a_hundred_thousand_refunds_never_pay_anybody() -> None:
    """Some large refunds of a sale, or up to forty small ones. A step rounds by less than a unit
    and the next ones make up for it: nobody is ever seven units away from the exact share."""
    chance = random.Random(20260411)
    refunds, drift = 0, Fraction(0)
    while refunds < 100_000:
        minor = chance.choice(
            (chance.randint(1, 300), chance.randint(1, 10**5), chance.randint(1, 10**8))
        )
        parties = chance.randint(1, 5)
        rates = [chance.randrange(300_000 // parties) for _ in range(parties)]
        largest = chance.choice((minor, max(1, minor // 10), max(1, minor // 40)))
        steps = [chance.randint(1, largest) for _ in range(chance.randint(0, 40))]
        drift = max(drift, follow(minor, rates, steps))
        refunds += len(steps) + 1
    assert drift < 7


def test_cumulative_rounding_would_pay_somebody_on_a_refund() -> None:
    """Why a step looks at what is kept: rounding the original shares anew is not monotone."""
    rates = [Ratio(166_000), Ratio(127_000), Ratio(119_000)]
    worst = 0
    for minor in range(1, 60):
        before = allocate(minor, [*rates, Rest()])
        for left in range(minor - 1, -1, -1):
            now = allocate(left, [*rates, Rest()])
            worst = min(worst, *(b - n for b, n in zip(before[:-1], now[:-1], strict=True)))
            before = now
    assert worst < 0
