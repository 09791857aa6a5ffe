"""Which days are closed, and what was noted when they were. Only reads; ``close`` closes."""

from __future__ import annotations

from typing import NamedTuple

from central.foundation.db.engine import rows
from central.money.ledger.rules import day_after


class Close(NamedTuple):
    """What was noted when a day was closed.

    Args:
        sealed_id: Number of the newest journal that was sealed then; ``sealed_hash`` is its seal.
        first_after: No entry of a later day has a number below this one.
        last_within: No entry of this day, or of one before it, has a number above this one.
    """

    day: int
    closed_at_s: int
    actor: str
    sealed_id: int
    sealed_hash: bytes
    first_after: int
    last_within: int


NO_CLOSE = Close(0, 0, "", 0, b"", 0, 0)
"""What stands before the first close."""

_COLUMNS = "day, closed_at_s, actor, sealed_id, sealed_hash, first_after, last_within"


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


def closes() -> list[Close]:
    """Return all closes, the oldest first."""
    return [_close(row) for row in rows(f"SELECT {_COLUMNS} FROM day_close ORDER BY day")]


def close_through(day: int) -> Close:
    """Return the newest close of this day or of one before it; ``NO_CLOSE`` if there is none."""
    found = rows(
        f"SELECT {_COLUMNS} FROM day_close WHERE day <= ? ORDER BY day DESC LIMIT 1", (day,)
    )
    return _close(found[0]) if found else NO_CLOSE


def close_from(day: int) -> Close | None:
    """Return the oldest close of this day or of one after it; None if it is still open."""
    found = rows(f"SELECT {_COLUMNS} FROM day_close WHERE day >= ? ORDER BY day LIMIT 1", (day,))
    return _close(found[0]) if found else None


def _close(row: tuple[object, ...]) -> Close:
    close = Close(*row)  # type: ignore[arg-type]
    return close._replace(sealed_hash=bytes(close.sealed_hash))
