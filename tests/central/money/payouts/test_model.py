"""The table of a payout's life, and the limits. Pure."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from central.money.payouts.model import (
    BACKOFF_S,
    FINAL,
    IN_FLIGHT,
    TRANSITIONS,
    Event,
    Limits,
    State,
    pause_s,
)
from edge.contract.money import Money


def test_nothing_happens_to_what_has_ended() -> None:
    # But for what the bank had paid, and then sends back.
    assert [key for key in TRANSITIONS if key[0] in FINAL] == [(State.PAID, Event.CAME_BACK)]


def test_every_state_can_be_reached_and_left_for_an_end() -> None:
    reached, todo = set(), [State.WAITING]
    while todo:
        state = todo.pop()
        if state not in reached:
            reached.add(state)
            todo += [after for (before, _), after in TRANSITIONS.items() if before is state]
    assert reached == set(State)


def test_once_sent_only_the_channel_ends_a_payout() -> None:
    words_of_the_channel = {Event.PAID, Event.FAILED, Event.CANCELLED}
    ends = {event for (before, event), after in TRANSITIONS.items()
            if before in IN_FLIGHT and after in FINAL}  # fmt: skip
    assert ends == words_of_the_channel


def test_a_parked_payout_is_asked_for_again_or_given_back_by_a_person() -> None:
    """Given back only if no channel was ever asked; ``release`` sees to that."""
    after = {event: end for (before, event), end in TRANSITIONS.items() if before is State.PARKED}
    assert after == {Event.RESUMED: State.SENT, Event.REFUSED: State.FAILED}


@pytest.mark.parametrize(
    ("limits", "amount", "today", "why"),
    [
        (Limits(), 9, 0, "at least"),
        (Limits(), 10, 0, ""),
        (Limits(payee_per_day=100), 60, 40, ""),
        (Limits(payee_per_day=100), 61, 40, "today"),
        (Limits(per_hour=50), 51, 0, "within an hour"),
        (Limits(is_stopped=True), 10, 0, "stopped"),
    ],
)
def test_limits_say_why_not(limits: Limits, amount: int, today: int, why: str) -> None:
    said = limits.why_not(Money(amount, "CNY"), today)
    assert why in said
    assert bool(said) == bool(why)


@pytest.mark.parametrize(("minor", "state"), [(100, State.READY), (101, State.WAITING)])
def test_more_than_one_person_may_release_waits_for_a_second(minor: int, state: State) -> None:
    assert Limits(two_person_above=100).first_state(Money(minor, "CNY"), 0) is state
    assert Limits(two_person_above=300).first_state(Money(minor, "CNY"), 200) is state


def test_nothing_has_room_while_payouts_are_stopped() -> None:
    assert Limits(is_stopped=True).room_this_hour(0) == 0
    assert Limits(per_hour=100).room_this_hour(130) == 0
    assert Limits(per_hour=100).room_this_hour(30) == 70


@given(st.integers(0, 10_000), st.floats(0, 1))
def test_pauses_stay_within_their_bounds(attempts: int, jitter: float) -> None:
    assert 0.75 * BACKOFF_S[0] <= pause_s(attempts, jitter) <= 1.25 * BACKOFF_S[-1]
