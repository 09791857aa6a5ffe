"""Which days are closed. Only reads."""

from __future__ import annotations

from central.foundation.db.engine import rows
from central.money.ledger.rules import day_after


def closed_through() -> int:
    """Return the newest closed day, yyyymmdd; 0 if none is."""
    [(day,)] = rows("SELECT day FROM closed_through")
    return int(day)


def open_day(day: int) -> int:
    """Return the day on which something of this day is posted: itself, or the first open one.

    What is posted on another day than its own must say so in its memo.
    """
    closed = closed_through()
    return day if day > closed else day_after(closed)
