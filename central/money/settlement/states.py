"""How a statement goes on: a table. Pure."""

from __future__ import annotations

from enum import StrEnum

from central.money.settlement.model import State


class Event(StrEnum):
    """What may happen to a statement."""

    ISSUE = "issue"
    CONFIRM = "confirm"
    SILENCE = "silence"
    """The days for an answer have passed."""
    DISPUTE = "dispute"
    RELEASE = "release"
    """Everything on it is final."""
    PAY = "pay"


TRANSITIONS: dict[tuple[State, Event], State] = {
    (State.DRAFT, Event.ISSUE): State.ISSUED,
    (State.ISSUED, Event.CONFIRM): State.CONFIRMED,
    (State.ISSUED, Event.SILENCE): State.CONFIRMED,
    (State.ISSUED, Event.DISPUTE): State.DISPUTED,
    (State.CONFIRMED, Event.RELEASE): State.PAYABLE,
    # What is disputed stays behind; the rest is paid.
    (State.DISPUTED, Event.RELEASE): State.PAYABLE,
    (State.PAYABLE, Event.PAY): State.PAID,
}


def after(state: State, event: Event) -> State | None:
    """Return the state after an event; None if it cannot happen in this one."""
    return TRANSITIONS.get((state, event))


def before(event: Event) -> frozenset[State]:
    """Return the states in which an event may happen."""
    return frozenset(state for state, what in TRANSITIONS if what is event)
