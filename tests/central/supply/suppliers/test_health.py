"""An account that fails is left alone, tried by one, and trusted again."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from central.supply.suppliers.health import (
    KEPT,
    PAUSE_S,
    PAUSE_S_MAX,
    Call,
    Health,
    after,
    breaker,
    probing,
)
from central.supply.suppliers.model import Breaker
from tests.builders import NOW_S


def calls(health: Health, *ends: bool, at_s: int = NOW_S, every_s: int = 1) -> Health:
    for n, ok in enumerate(ends):
        health = after(health, Call(at_s + n * every_s, ok, 100))
    return health


def test_five_failures_within_a_minute_open_it() -> None:
    four = calls(Health(), *[False] * 4)
    assert breaker(four, NOW_S + 4) is Breaker.CLOSED
    five = calls(four, False, at_s=NOW_S + 4)
    assert breaker(five, NOW_S + 4) is Breaker.OPEN


def test_five_failures_in_five_minutes_or_among_many_good_calls_do_not() -> None:
    assert breaker(calls(Health(), *[False] * 5, every_s=60), NOW_S + 300) is Breaker.CLOSED
    busy = calls(Health(), *[True, True, False] * 6)
    assert breaker(busy, NOW_S + 18) is Breaker.CLOSED


def test_after_the_pause_one_may_try_and_nobody_beside_him() -> None:
    opened = calls(Health(), *[False] * 5, every_s=0)
    assert breaker(opened, NOW_S + PAUSE_S - 1) is Breaker.OPEN
    assert breaker(opened, NOW_S + PAUSE_S) is Breaker.HALF_OPEN
    trying = probing(opened, NOW_S + PAUSE_S, 20)
    assert breaker(trying, NOW_S + PAUSE_S + 19) is Breaker.PROBING
    # He never came back; somebody else may.
    assert breaker(trying, NOW_S + PAUSE_S + 20) is Breaker.HALF_OPEN


def test_a_good_try_closes_it_and_a_bad_one_doubles_the_pause() -> None:
    opened = calls(Health(), *[False] * 5, every_s=0)
    trying = probing(opened, NOW_S + PAUSE_S, 20)
    good = after(trying, Call(NOW_S + PAUSE_S + 1, ok=True, ms=5))
    assert breaker(good, NOW_S + PAUSE_S + 1) is Breaker.CLOSED
    bad = after(trying, Call(NOW_S + PAUSE_S + 1, ok=False, ms=5))
    assert breaker(bad, NOW_S + PAUSE_S + 1 + 2 * PAUSE_S - 1) is Breaker.OPEN
    assert breaker(bad, NOW_S + PAUSE_S + 1 + 2 * PAUSE_S) is Breaker.HALF_OPEN


def test_a_late_end_of_an_earlier_call_does_not_shorten_the_pause() -> None:
    opened = calls(Health(), *[False] * 5, every_s=0)
    still = after(opened, Call(NOW_S + 5, ok=True, ms=5))
    assert breaker(still, NOW_S + PAUSE_S - 1) is Breaker.OPEN


def test_speed_and_success_are_of_the_calls_that_are_remembered() -> None:
    assert (Health().p95_ms, Health().success_bp) == (0, 10_000)
    health = Health()
    for n in range(20):
        health = after(health, Call(NOW_S + n * 100, n % 2 == 0, 10 * n))
    assert health.p95_ms == 190
    assert health.success_bp == 10_000 * 11 // 21


@given(st.lists(st.tuples(st.integers(0, 90), st.booleans()), max_size=80))
def test_it_never_stays_open_longer_than_the_longest_pause(
    gaps: list[tuple[int, bool]],
) -> None:
    health, at_s = Health(), NOW_S
    for gap_s, ok in gaps:
        at_s += gap_s
        health = after(health, Call(at_s, ok, 1))
        assert len(health.calls) <= KEPT
        assert breaker(health, at_s + PAUSE_S_MAX) in {Breaker.CLOSED, Breaker.HALF_OPEN}
