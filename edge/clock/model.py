"""A moment as a unit knows it."""

from __future__ import annotations

from enum import StrEnum
from typing import NamedTuple


class Source(StrEnum):
    """Where the time comes from, best first."""

    HUB = "hub"
    SYSTEM = "system"
    FLOOR = "floor"


class TrustedTime(NamedTuple):
    """A moment: ``at_s`` is the best guess, the truth lies within the bounds. Unix seconds."""

    at_s: int
    uncertainty_s: int
    earliest_s: int
    latest_s: int
    source: Source

    @property
    def is_known(self) -> bool:
        """Whether there is more to go by than the floor."""
        return self.source is not Source.FLOOR
