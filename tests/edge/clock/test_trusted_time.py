"""Time: one look at the wall clock, a steady counter, and an honest uncertainty."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.clock.model import Source
from edge.clock.trusted_time import DRIFT_PPM, SYSTEM_UNCERTAINTY_S, UNKNOWN_S, TrustedClock
from edge.contract.voucher_token import DAY_S
from tests import builders as b
from tests.edge.builders import Clock

FLOOR_S = b.NOW_S - 1000


def a_trusted_clock(clock: Clock, floor_s: int = FLOOR_S) -> TrustedClock:
    return TrustedClock(clock.wall_s, clock.steady_s, floor_s)


def test_the_system_clock_counts_if_it_is_not_below_the_floor() -> None:
    now = a_trusted_clock(Clock()).now()
    assert (now.at_s, now.uncertainty_s, now.source) == (b.NOW_S, 5, Source.SYSTEM)
    assert (now.earliest_s, now.latest_s, now.is_known) == (b.NOW_S - 5, b.NOW_S + 5, True)


@pytest.mark.parametrize("wall_s", [0, -1, FLOOR_S - 1])
def test_a_clock_below_the_floor_says_that_only_the_floor_is_certain(wall_s: int) -> None:
    """A unit without a battery for its clock starts in 1970."""
    now = a_trusted_clock(Clock(wall_s)).now()
    assert (now.at_s, now.earliest_s, now.source) == (FLOOR_S, FLOOR_S, Source.FLOOR)
    assert now.latest_s == FLOOR_S + UNKNOWN_S
    assert not now.is_known


def test_the_earliest_is_never_below_the_floor() -> None:
    assert a_trusted_clock(Clock(FLOOR_S + 2)).now().earliest_s == FLOOR_S


@pytest.mark.parametrize("step_s", [-(10**9), -3600, 3600, 10**9])
def test_steps_of_the_wall_clock_change_nothing(step_s: int) -> None:
    clock = Clock()
    trusted = a_trusted_clock(clock)
    clock.step_wall_s(step_s)
    assert trusted.now().at_s == b.NOW_S
    clock.pass_s(60)
    assert trusted.now().at_s == b.NOW_S + 60


def test_the_uncertainty_grows_with_the_drift_of_the_hardware() -> None:
    clock = Clock()
    trusted = a_trusted_clock(clock)
    clock.pass_s(10 * DAY_S)
    grown = 10 * DAY_S * DRIFT_PPM / 1e6
    assert trusted.now().uncertainty_s == pytest.approx(SYSTEM_UNCERTAINTY_S + grown, abs=1)


def test_the_hubs_time_counts_more_than_the_systems() -> None:
    clock = Clock()
    trusted = a_trusted_clock(clock)
    trusted.learn_from_hub(b.NOW_S + 3600, trusted.steady_s())
    now = trusted.now()
    assert (now.at_s, now.uncertainty_s, now.source) == (b.NOW_S + 3600, 1, Source.HUB)


@pytest.mark.parametrize("round_trip_s", [0.2, 3, 30])
def test_half_of_the_round_trip_is_uncertain(round_trip_s: float) -> None:
    clock = Clock(0)  # nothing else is known
    trusted = a_trusted_clock(clock)
    asked_at_s = trusted.steady_s()
    clock.pass_s(round_trip_s)
    trusted.learn_from_hub(b.NOW_S, asked_at_s)
    now = trusted.now()
    assert now.earliest_s <= b.NOW_S <= now.latest_s
    assert now.earliest_s <= b.NOW_S + round_trip_s <= now.latest_s
    assert now.uncertainty_s <= 2 + round_trip_s / 2


def test_only_the_hub_may_say_that_it_is_earlier() -> None:
    """A unit whose clock once stood in 2040 has entries from there."""
    clock = Clock(b.NOW_S + 14 * 365 * DAY_S)
    trusted = a_trusted_clock(clock)
    trusted.raise_floor(int(clock.wall_s()))
    trusted.learn_from_hub(b.NOW_S, trusted.steady_s())
    assert trusted.now().at_s == b.NOW_S


def test_the_floor_only_rises() -> None:
    trusted = a_trusted_clock(Clock(0))
    trusted.raise_floor(b.NOW_S)
    trusted.raise_floor(FLOOR_S)
    assert trusted.now().at_s == b.NOW_S


STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("pass"), st.floats(0, 10**6)),
        st.tuples(st.just("step"), st.floats(-(10**9), 10**9)),
        st.tuples(st.just("floor"), st.integers(0, b.NOW_S)),
    ),
    max_size=20,
)


@given(wall_s=st.integers(0, 2**33), steps=STEPS)
def test_without_the_hub_time_never_goes_back(wall_s: int, steps: list[tuple[str, float]]) -> None:
    clock = Clock(wall_s)
    trusted = a_trusted_clock(clock)
    before = trusted.now()
    for what, value in steps:
        if what == "pass":
            clock.pass_s(value)
        elif what == "step":
            clock.step_wall_s(value)
        else:
            trusted.raise_floor(int(value))
        now = trusted.now()
        assert now.at_s >= before.at_s
        assert now.earliest_s <= now.at_s <= now.latest_s
        assert now.uncertainty_s >= before.uncertainty_s
        before = now


def test_the_steady_counter_is_told_in_milliseconds() -> None:
    clock = Clock()
    clock.pass_s(0.25)
    assert a_trusted_clock(clock).steady_ms() == 1_000_250
