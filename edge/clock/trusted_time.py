"""Time as an anchor and a steady counter, with an explicit uncertainty.

``now = anchor + (steady counter since the anchor)``, and the uncertainty grows with the drift of
the hardware. The wall clock is looked at once, at the start: whoever sets it later changes
nothing. Nothing ever goes below the floor, the newest moment that is certain to have passed.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import NamedTuple

from edge.clock.model import Source, TrustedTime

DRIFT_PPM = 100
"""What a cheap quartz may drift; 100 ppm are 8.6 seconds a day."""
SYSTEM_UNCERTAINTY_S = 5
"""How far a system clock kept by NTP may be off, generously."""
UNKNOWN_S = 2**31
"""An uncertainty that says: no idea, only the floor is certain."""


class _Anchor(NamedTuple):
    at_s: float
    steady_s: float
    uncertainty_s: float
    source: Source


class TrustedClock:
    """Gives the time; learns from the hub; may be asked from any thread.

    Args:
        wall_s: Reads the system clock, Unix seconds. Called once.
        steady_s: Reads a counter of seconds that never steps and runs through suspend.
        floor_s: A moment that has certainly passed: the build, the last entry, the newest bundle.
    """

    def __init__(
        self, wall_s: Callable[[], float], steady_s: Callable[[], float], floor_s: int
    ) -> None:
        self._steady_s = steady_s
        self._floor_s = floor_s
        self._lock = threading.Lock()
        wall, steady = wall_s(), steady_s()
        if wall >= floor_s:
            self._anchor = _Anchor(wall, steady, SYSTEM_UNCERTAINTY_S, Source.SYSTEM)
        else:
            self._anchor = _Anchor(floor_s, steady, UNKNOWN_S, Source.FLOOR)

    def now(self) -> TrustedTime:
        """Return the time now."""
        with self._lock:
            anchor, floor_s = self._anchor, self._floor_s
            elapsed = self._steady_s() - anchor.steady_s
            uncertainty = int(anchor.uncertainty_s + elapsed * DRIFT_PPM / 1e6 + 0.999)
            at_s = max(int(anchor.at_s + elapsed), floor_s)
            earliest = at_s if anchor.source is Source.FLOOR else max(at_s - uncertainty, floor_s)
            return TrustedTime(at_s, uncertainty, earliest, at_s + uncertainty, anchor.source)

    def steady_ms(self) -> int:
        """Return the steady counter in milliseconds."""
        return int(self._steady_s() * 1000)

    def learn_from_hub(self, hub_time_s: int, asked_at_steady_s: float) -> None:
        """Take the hub's signed time, which the hub wrote between our question and now.

        Only this may lower the floor: a unit whose clock once stood in the future has entries
        from there, and would otherwise call every voucher expired for ever.

        Args:
            asked_at_steady_s: The steady counter when the request was sent.
        """
        with self._lock:
            steady = self._steady_s()
            round_trip = max(0.0, steady - asked_at_steady_s)
            # The hub rounds down to a second, so its true time is on average half of one later.
            at_s = hub_time_s + 0.5 + round_trip / 2
            self._anchor = _Anchor(at_s, steady, 1 + round_trip / 2, Source.HUB)
            self._floor_s = hub_time_s

    def steady_s(self) -> float:
        """Return the steady counter in seconds."""
        return self._steady_s()

    def raise_floor(self, passed_s: int) -> None:
        """Note a moment that has certainly passed."""
        with self._lock:
            self._floor_s = max(self._floor_s, passed_s)
