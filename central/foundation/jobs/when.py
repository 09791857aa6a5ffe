"""When a job runs next, and how long a message waits after each try. Pure."""

from __future__ import annotations

import datetime as dt
from typing import NamedTuple
from zoneinfo import ZoneInfo

LADDER_S = (15, 30, 180, 600, 1200, 1800, 3600, 3 * 3600, 6 * 3600)
"""Waits after each try that came to nothing. The ladder of the trade's own callbacks: fast while
the other side restarts, patient while somebody repairs it; eleven hours in all."""


class Every(NamedTuple):
    """A job of every so many seconds."""

    interval_s: int


class Daily(NamedTuple):
    """A job of every day at a time of the hub's business zone."""

    hour: int
    minute: int


When = Every | Daily


def next_at_s(when: When, after_s: int, zone: ZoneInfo) -> int:
    """Return the first moment after ``after_s`` at which a job is due, Unix seconds.

    Runs that were missed are not made up for one by one: a job does all that is due.
    """
    if isinstance(when, Every):
        return after_s + when.interval_s
    day = dt.datetime.fromtimestamp(after_s, zone).date()
    while True:
        # An hour that clocks leave out in spring is read as the one before; none is skipped.
        at = dt.datetime.combine(day, dt.time(when.hour, when.minute), zone)
        if at.timestamp() > after_s:
            return int(at.timestamp())
        day += dt.timedelta(days=1)


def wait_s(attempts: int) -> int | None:
    """Return how long to wait after so many tries; None if there have been enough."""
    assert attempts >= 1, "it waits after a try"
    return LADDER_S[attempts - 1] if attempts <= len(LADDER_S) else None
