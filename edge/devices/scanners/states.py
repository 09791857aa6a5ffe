"""The life of a scanner as its supervisor sees it: a table, and how long to wait. Pure.

No state is the last one: whatever happens to a device, it is looked for again.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum

FIRST_WAIT_S = 0.5
WAIT_S_MAX = 30.0
STEADY_S = 30.0
"""A scanner that has worked for this long begins anew: its next failure is its first."""
JITTER = 0.2
"""So much shorter or longer, for two devices on one hub must not come back in step for ever."""


class State(StrEnum):
    """How a scanner is."""

    ABSENT = "absent"
    """Nothing is attached where it should be."""
    OPENING = "opening"
    READY = "ready"
    BACKOFF = "backing-off"
    """It is attached, and it failed; it is tried again after a while."""


class Event(StrEnum):
    """What has happened to a scanner."""

    FOUND = "found"
    """A piece of hardware is attached that was not there before."""
    GONE = "gone"
    OPENED = "opened"
    FAILED = "failed"
    WAITED = "waited"


NEXT: Mapping[tuple[State, Event], State] = {
    (State.ABSENT, Event.FOUND): State.OPENING,
    (State.OPENING, Event.OPENED): State.READY,
    (State.OPENING, Event.FAILED): State.BACKOFF,
    (State.OPENING, Event.GONE): State.ABSENT,
    (State.READY, Event.FAILED): State.BACKOFF,
    (State.READY, Event.GONE): State.ABSENT,
    (State.READY, Event.FOUND): State.OPENING,  # swapped while nobody looked
    (State.BACKOFF, Event.WAITED): State.OPENING,
    (State.BACKOFF, Event.GONE): State.ABSENT,
    (State.BACKOFF, Event.FOUND): State.OPENING,
}
"""Which event leads where; any other pair is a defect of the supervisor and raises KeyError."""


def wait_s(failures: int, chance: float) -> float:
    """Return how long to wait after so many failures in a row.

    Args:
        failures: At least 1.
        chance: From 0 to 1, drawn by the caller.
    """
    wait = min(FIRST_WAIT_S * 2.0 ** min(failures - 1, 10), WAIT_S_MAX)
    return min(wait * (1 + JITTER * (2 * chance - 1)), WAIT_S_MAX)
