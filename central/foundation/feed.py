"""The one counter behind every cursor: changes get numbers in the order in which they commit.

A time, or a sequence, would give a change its number before it commits; a change that commits
late would then lie behind a cursor that has passed, and no unit would ever hear of it.
"""

from __future__ import annotations

from central.foundation.db.engine import rows

LIFE_BITS = 28
"""Bits of a number within its life. If they are used up, every unit takes everything anew once."""


def next_change() -> int:
    """Return the number of a change; call it in the change's own transaction.

    The row stays locked until that transaction ends, so the numbers commit in their order.
    """
    [(number,)] = rows("UPDATE feed SET n = n + 1 WHERE id = 1 RETURNING n")
    return int(number)


def newest_change() -> int:
    """Return the number of the newest change that has committed."""
    [(number,)] = rows("SELECT n FROM feed WHERE id = 1")
    return int(number)


def is_of_this_life(n: int, now: int) -> bool:
    """Say whether a number was given out since the hub was restored last."""
    return n >> LIFE_BITS == now >> LIFE_BITS


def at_least_this_life(n: int) -> int:
    """Return the version of a list whose newest change has this number.

    After a restore it is newer than whatever the lost hub has said, though nothing has changed.
    """
    return max(n, newest_change() >> LIFE_BITS << LIFE_BITS)
