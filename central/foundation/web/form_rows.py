"""How many rows a form's table offers, where somebody may fill in as many as he needs."""

from __future__ import annotations

from collections.abc import Sequence

LEAST, SPARE = 3, 2


def rows_offered(*columns: Sequence[str], most: int) -> int:
    """Return how many rows to show: what is filled in, and some to go on with.

    Args:
        columns: What each column holds, from the top.
        most: More are never offered.
    """
    filled = [n for column in columns for n, text in enumerate(column, 1) if text.strip()]
    return min(most, max(LEAST, max(filled, default=0) + SPARE))
