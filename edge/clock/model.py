"""A moment as a unit knows it, and what was learnt about time."""

from __future__ import annotations

from enum import StrEnum
from typing import NamedTuple


class Source(StrEnum):
    """Where the time comes from, best first."""

    HUB = "hub"
    """The hub signed it: a pull, or a grant that a customer's phone has fetched."""
    PEERS = "peers"
    """The median of the other units of the store."""
    SYSTEM = "system"
    CODES = "codes"
    """The rotating codes on the phones of several customers agree on it."""
    FLOOR = "floor"

    @property
    def rank(self) -> int:
        """0 for the best."""
        return list(Source).index(self)


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


class PeerTime(NamedTuple):
    """What another unit of the store believes right now: Unix seconds, and how far it is off."""

    at_s: float
    uncertainty_s: float


class Anchor(NamedTuple):
    """A moment and the reading of the steady counter that belongs to it."""

    at_s: float
    steady_s: float
    uncertainty_s: float
    source: Source

    def after(self, steady_s: float, drift_ppm: float) -> Anchor:
        """Return the same knowledge at another reading of the counter."""
        elapsed = steady_s - self.steady_s
        grown = 0 if self.source is Source.FLOOR else abs(elapsed) * drift_ppm / 1e6
        return Anchor(self.at_s + elapsed, steady_s, self.uncertainty_s + grown, self.source)

    @property
    def low_s(self) -> float:
        """The earliest that it can be."""
        return self.at_s - self.uncertainty_s

    @property
    def high_s(self) -> float:
        """The latest that it can be."""
        return self.at_s + self.uncertainty_s

    def narrowed_to(self, low_s: float, high_s: float) -> Anchor:
        """Return this anchor with other bounds; its guess is in their middle."""
        half = max(1.0, (high_s - low_s) / 2)
        return self._replace(at_s=(low_s + high_s) / 2, uncertainty_s=half)


class Kept(NamedTuple):
    """What a unit wrote down of its time, for its next start.

    Args:
        boot: Names the start of the machine that ``anchor.steady_s`` counts from.
        wall_s: What the system clock said at that moment.
    """

    boot: str
    anchor: Anchor
    wall_s: float
