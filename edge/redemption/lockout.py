"""How many wrong codes are too many. Pure."""

from __future__ import annotations

from collections.abc import Sequence

FREE_MISSES = 5
"""Wrong codes that cost nothing; people mistype."""
FIRST_WAIT_S = 30
LONGEST_WAIT_S = 3600
LOOKED_BACK_S = 86400
"""Misses older than a day are forgotten."""


def locked_until(misses: Sequence[int]) -> int | None:
    """Return when the next try is allowed, Unix seconds; None if it is allowed now or always was.

    The fifth miss costs half a minute, every further one twice as long, up to an hour. Called
    with the misses of one voucher and with those of the whole unit; the caller takes the later.

    Args:
        misses: Times of wrong codes of the last day, ascending, Unix seconds.
    """
    if len(misses) < FREE_MISSES:
        return None
    wait_s = min(FIRST_WAIT_S << min(len(misses) - FREE_MISSES, 20), LONGEST_WAIT_S)
    return misses[-1] + wait_s
