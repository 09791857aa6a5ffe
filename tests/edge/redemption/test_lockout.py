"""How long wrong codes lock: a table, and what holds for any misses."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.redemption.lockout import FREE_MISSES, LONGEST_WAIT_S, locked_until

MISSES = st.lists(st.integers(0, 2**40), max_size=60).map(sorted)


@pytest.mark.parametrize(
    ("misses", "wait_s"),
    [(0, None), (1, None), (4, None), (5, 30), (6, 60), (7, 120), (8, 240), (9, 480), (10, 960),
     (11, 1920), (12, 3600), (13, 3600), (50, 3600), (5000, 3600)],
)  # fmt: skip
def test_every_miss_after_the_free_ones_doubles_the_wait(misses: int, wait_s: int | None) -> None:
    times = list(range(1000, 1000 + misses))
    assert locked_until(times) == (None if wait_s is None else times[-1] + wait_s)


@given(MISSES)
def test_a_lock_is_never_in_the_past_of_the_last_miss_nor_longer_than_an_hour(
    misses: list[int],
) -> None:
    until = locked_until(misses)
    if len(misses) < FREE_MISSES:
        assert until is None
    else:
        assert until is not None
        assert 0 < until - misses[-1] <= LONGEST_WAIT_S


@given(MISSES, st.integers(0, 10**6))
def test_one_more_miss_never_ends_a_lock_earlier(misses: list[int], later_s: int) -> None:
    more = [*misses, (misses[-1] if misses else 0) + later_s]
    assert (locked_until(more) or 0) >= (locked_until(misses) or 0)
