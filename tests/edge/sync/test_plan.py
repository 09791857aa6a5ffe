"""When to talk to the hub next, and when to leave it alone."""

from __future__ import annotations

import threading

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.sync.plan import (
    CLEAN_TO_CLOSE,
    ERRORS_TO_OPEN,
    LONGEST_WAIT_S,
    WINDOW,
    Breaker,
    wait_s,
)

JITTERS = st.floats(0, 1)


@pytest.mark.parametrize(
    ("failures", "jitter", "retry_after_s", "expected"),
    [
        (0, 0.0, None, 12.0), (0, 0.5, None, 15.0), (0, 1.0, None, 18.0), (0, 0.5, 600.0, 15.0),
        (1, 0.5, None, 1.0), (2, 0.5, None, 2.0), (3, 0.5, None, 4.0), (5, 0.5, None, 16.0),
        (6, 0.5, None, 20.0), (7, 0.5, None, 20.0), (10**6, 0.5, None, 20.0),
        (1, 0.0, None, 0.5), (1, 1.0, None, 1.5), (7, 0.0, None, 10.0), (7, 1.0, None, 30.0),
        (1, 0.5, 60.0, 60.0), (6, 0.5, 5.0, 20.0), (1, 0.5, 0.0, 1.0),
    ],
)  # fmt: skip
def test_the_wait_doubles_with_each_failure_up_to_half_a_minute(
    failures: int, jitter: float, retry_after_s: float | None, expected: float
) -> None:
    assert wait_s(failures, 15, jitter, retry_after_s) == pytest.approx(expected)


@given(st.integers(0, 10**9), st.floats(0.01, 86400), JITTERS, st.none() | st.floats(0))
def test_any_wait_is_one_that_a_thread_can_wait(
    failures: int, every_s: float, jitter: float, retry_after_s: float | None
) -> None:
    """Retry-After comes from whoever answers, and may be anything."""
    wait = wait_s(failures, every_s, jitter, retry_after_s)
    assert 0 < wait <= max(every_s * 1.2, LONGEST_WAIT_S, 3600)
    assert wait < threading.TIMEOUT_MAX


@given(st.integers(1, 10**9), JITTERS)
def test_a_hub_that_comes_back_is_noticed_within_half_a_minute(
    failures: int, jitter: float
) -> None:
    assert wait_s(failures, 15, jitter) <= LONGEST_WAIT_S == 30


@given(st.integers(1, 50), JITTERS)
def test_more_failures_never_mean_less_patience(failures: int, jitter: float) -> None:
    assert wait_s(failures + 1, 15, jitter) >= wait_s(failures, 15, jitter)


# --- the breaker ---------------------------------------------------------------------------------


def after(answers: str) -> Breaker:
    """A breaker that saw these: "+" a clean answer, "-" an error."""
    breaker = Breaker()
    for answer in answers:
        breaker.note(clean=answer == "+")
    return breaker


@pytest.mark.parametrize(
    ("answers", "is_open"),
    [
        ("", False), ("-", False), ("--", True), ("+-", False), ("-+-", True), ("-+++-", True),
        ("-++++-", False), ("--+", True), ("--++", False), ("--+-+", True), ("--+-++", False),
        ("--++-", False), ("--++--", True), ("--++-+-", True), ("++++++++--", True),
    ],
)  # fmt: skip
def test_the_hub_is_left_alone_after(answers: str, is_open: bool) -> None:
    assert after(answers).is_open == is_open


@given(st.text("+-", max_size=60))
def test_a_breaker_opens_and_closes_only_by_its_rule(answers: str) -> None:
    breaker = Breaker()
    for at, answer in enumerate(answers):
        was_open = breaker.is_open
        breaker.note(clean=answer == "+")
        seen = answers[: at + 1]
        if breaker.is_open and not was_open:
            assert seen[-WINDOW:].count("-") >= ERRORS_TO_OPEN
        if was_open and not breaker.is_open:
            assert seen.endswith("+" * CLEAN_TO_CLOSE)


@given(st.text("+-", max_size=60))
def test_a_hub_that_answers_twice_in_a_row_is_asked_again(answers: str) -> None:
    breaker = after(answers)
    was_open = breaker.is_open
    for _ in range(CLEAN_TO_CLOSE):
        breaker.note(clean=True)
    assert not (was_open and breaker.is_open)
