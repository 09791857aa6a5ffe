"""Time as an anchor and a steady counter, with an explicit uncertainty.

``now = anchor + (steady counter since the anchor)``, and the uncertainty grows with the drift of
the hardware. The wall clock is looked at once, at the start: whoever sets it later changes
nothing. Nothing ever goes below the floor, the newest moment that is certain to have passed.

Whoever is trusted less may only make the bounds narrower that a better source has set, never
leave them. There is one exception: five customers may disprove a system clock, because a clock
that nobody has set for months is a worse witness than the phones of five people
(docs/decisions/0027).
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Sequence

from edge.clock.customers import REMEMBERED_S, SEARCH_S, UNCERTAINTY_S, Witnesses
from edge.clock.model import Anchor, Kept, PeerTime, Source, TrustedTime
from edge.contract.ids import VoucherId

log = logging.getLogger(__name__)

DRIFT_PPM = 100
"""What a cheap quartz may drift; 100 ppm are 8.6 seconds a day."""
SYSTEM_UNCERTAINTY_S = 5
"""How far a system clock kept by NTP may be off, generously."""
UNKNOWN_S = 2**31
"""An uncertainty that says: no idea, only the floor is certain."""
NO_CLOCK_S = 86400
"""A system clock that is slow by this much says nothing at all."""
SAME_WALL_S = 2.0
"""A system clock that was let run differs by less from what it said before."""


class TrustedClock:
    """Gives the time; learns from the hub and others; may be asked from any thread.

    Args:
        wall_s: Reads the system clock, Unix seconds. Called at the start and when it is kept.
        steady_s: Reads a counter of seconds that never steps and runs through suspend.
        floor_s: A moment that has certainly passed: the build, the last entry, the newest bundle.
        drift_ppm: How fast the steady counter may go wrong, in millionths.
        has_battery: Whether the system clock runs on while the machine is switched off. Without
            it the system clock is a guess of whoever set it at the start, and is not looked at.
    """

    def __init__(
        self, wall_s: Callable[[], float], steady_s: Callable[[], float], floor_s: int, *,
        drift_ppm: float = DRIFT_PPM, has_battery: bool = True,
    ) -> None:  # fmt: skip
        self._wall_s = wall_s
        self._steady_s = steady_s
        self._floor_s = floor_s
        self._drift_ppm = drift_ppm
        self._has_battery = has_battery
        self._lock = threading.Lock()
        self._witnesses = Witnesses()
        self._corrected_at_s: float | None = None
        wall, steady = wall_s(), steady_s()
        if has_battery and wall >= floor_s:
            self._anchor = Anchor(wall, steady, SYSTEM_UNCERTAINTY_S, Source.SYSTEM)
        else:
            self._anchor = Anchor(floor_s, steady, UNKNOWN_S, Source.FLOOR)
        self._before_codes = self._anchor
        """The newest anchor that no customer had a hand in."""

    def now(self) -> TrustedTime:
        """Return the time now."""
        with self._lock:
            anchor, floor_s = self._anchor.after(self._steady_s(), self._drift_ppm), self._floor_s
            uncertainty = int(anchor.uncertainty_s + 0.999)
            at_s = max(int(anchor.at_s), floor_s)
            earliest = at_s if anchor.source is Source.FLOOR else max(at_s - uncertainty, floor_s)
            return TrustedTime(at_s, uncertainty, earliest, at_s + uncertainty, anchor.source)

    def steady_ms(self) -> int:
        """Return the steady counter in milliseconds."""
        return int(self._steady_s() * 1000)

    def steady_s(self) -> float:
        """Return the steady counter in seconds."""
        return self._steady_s()

    # --- learning --------------------------------------------------------------------------------

    def learn_from_hub(self, hub_time_s: int, asked_at_steady_s: float) -> None:
        """Take the hub's signed time, which the hub wrote between our question and now.

        A pull's answer and a grant are the same to it: the question is the request that was sent,
        or the nonce that was shown for the customer's phone.

        Only this may lower the floor: a unit whose clock once stood in the future has entries
        from there, and would otherwise call every voucher expired for ever.

        Args:
            asked_at_steady_s: The steady counter when the question was asked.
        """
        with self._lock:
            steady = self._steady_s()
            round_trip = max(0.0, steady - asked_at_steady_s)
            # The hub rounds down to a second, so its true time is on average half of one later.
            at_s = hub_time_s + 0.5 + round_trip / 2
            told = Anchor(at_s, steady, 1 + round_trip / 2, Source.HUB)
            contradicts = told.high_s < self._floor_s
            self._floor_s = hub_time_s if contradicts else max(self._floor_s, hub_time_s)
            self._take(told)

    def learn_from_peers(self, times: Sequence[PeerTime]) -> bool:
        """Take the median of what the other units of the store believe; say whether it helped.

        Args:
            times: One a peer, all read now, only of peers that know more than their floor. As
                long as more than half of them are right within what they say, so is the median.
        """
        if not times:
            return False
        lows = sorted(t.at_s - t.uncertainty_s for t in times)
        highs = sorted(t.at_s + t.uncertainty_s for t in times)
        low, high = lows[(len(times) - 1) // 2], highs[len(times) // 2]
        with self._lock:
            middle, half = (low + high) / 2, max(1.0, (high - low) / 2)
            return self._take(Anchor(middle, self._steady_s(), half, Source.PEERS))

    def learn_from_code(self, voucher_id: VoucherId, step: int) -> bool:
        """Note the step whose code a genuine voucher showed just now; say if the clock was moved.

        The caller has verified the voucher's signature, and found the code within ten minutes of
        what this clock says.
        """
        with self._lock:
            steady = self._steady_s()
            self._witnesses.add(voucher_id, step, steady)
            corrected_at_s = self._corrected_at_s
            if corrected_at_s is not None and steady - corrected_at_s < REMEMBERED_S:
                return False
            offset = self._witnesses.agreed_offset_s(steady)
            if offset is None:
                return False
            told = Anchor(steady + offset, steady, UNCERTAINTY_S, Source.CODES)
            # However often they correct it: from what others have set it is never led away.
            before = self._before_codes.after(steady, self._drift_ppm)
            is_floor = before.source is Source.FLOOR
            own_s = 0.0 if is_floor else min(before.uncertainty_s, SEARCH_S)
            if abs(told.at_s - max(before.at_s, self._floor_s)) > SEARCH_S + own_s:
                return False
            if told.high_s < self._floor_s or not self._take(told):
                return False
            self._before_codes = before
            self._corrected_at_s = steady
            self._witnesses.forget()
            return True

    def raise_floor(self, passed_s: int) -> None:
        """Note a moment that has certainly passed. Whoever said that it is earlier was wrong."""
        with self._lock:
            self._floor_s = max(self._floor_s, passed_s)
            now = self._anchor.after(self._steady_s(), self._drift_ppm)
            if now.source is Source.FLOOR and now.at_s < self._floor_s:
                self._only_the_floor_is_certain(now.steady_s)
            elif now.source.rank >= Source.SYSTEM.rank and now.high_s < self._floor_s:
                self._was_slow(now)

    # --- from one start to the next --------------------------------------------------------------

    def to_keep(self, boot: str) -> Kept:
        """Return what the next start should know.

        Args:
            boot: Names this start of the machine.
        """
        with self._lock:
            now = self._anchor.after(self._steady_s(), self._drift_ppm)
            at_s = max(now.at_s, self._floor_s)
            return Kept(boot, now._replace(at_s=at_s), self._wall_s())

    def recall(self, kept: Kept | None, boot: str, reaches_s: int | None = None) -> None:
        """Go on from what was kept, as far as that is honest; call it once, at the start.

        Args:
            boot: Names this start of the machine.
            reaches_s: How far the hub's word reaches, Unix seconds. A system clock that stands
                later is not believed by itself: either this unit slept for months, and can do
                nothing without the hub's word anyway, or the clock was set wrongly.
        """
        with self._lock:
            steady = self._steady_s()
            if kept is not None:
                same_boot = bool(boot) and kept.boot == boot and kept.anchor.steady_s <= steady
                (self._go_on if same_boot else self._begin_after)(kept, steady)
            now = self._anchor
            late = reaches_s is not None and now.at_s > reaches_s
            if late and now.source.rank >= Source.SYSTEM.rank:
                self._only_the_floor_is_certain(steady)
            self._before_codes = self._anchor

    def _go_on(self, kept: Kept, steady: float) -> None:
        """The program was started again, and the steady counter ran on."""
        anchor = kept.anchor.after(steady, self._drift_ppm)
        if anchor.source is Source.FLOOR:
            self._floor_s = max(self._floor_s, int(anchor.at_s))
            return
        was_set = abs(self._wall_s() - kept.wall_s - (steady - kept.anchor.steady_s)) > SAME_WALL_S
        if anchor.source.rank < Source.SYSTEM.rank or not was_set:
            # Nobody has set the clock meanwhile, so what was learnt about it still holds.
            self._anchor = kept.anchor

    def _begin_after(self, kept: Kept, steady: float) -> None:
        """The machine was started again: how long it was off only a battery's clock can say."""
        if kept.anchor.source is Source.FLOOR:
            self._floor_s = max(self._floor_s, int(kept.anchor.at_s))
        else:
            self._floor_s = max(self._floor_s, int(kept.anchor.low_s))
        wall = self._wall_s()
        if self._anchor.source is not Source.SYSTEM or kept.anchor.source is Source.FLOOR:
            if self._anchor.high_s < self._floor_s or self._anchor.source is Source.FLOOR:
                self._only_the_floor_is_certain(steady)
            return
        if wall + SYSTEM_UNCERTAINTY_S < self._floor_s:
            self._was_slow(self._anchor)
            return
        # How wrong it was then it is now, unless somebody has set it right: both are possible.
        wrong_s = kept.anchor.at_s - kept.wall_s
        off_s = max(0.0, wall - kept.wall_s) * self._drift_ppm / 1e6
        own_s = SYSTEM_UNCERTAINTY_S + off_s
        if abs(wrong_s) <= kept.anchor.uncertainty_s + SYSTEM_UNCERTAINTY_S:
            self._anchor = Anchor(wall, steady, own_s, Source.SYSTEM)
            return
        low, high = min(wall, wall + wrong_s), max(wall, wall + wrong_s)
        half = (high - low) / 2 + own_s + kept.anchor.uncertainty_s
        self._anchor = Anchor((low + high) / 2, steady, half, Source.SYSTEM)

    # --- one anchor ------------------------------------------------------------------------------

    def _take(self, told: Anchor) -> bool:
        """Take an anchor as far as its source is trusted; say whether anything has changed."""
        now = self._anchor.after(told.steady_s, self._drift_ppm)
        low, high = max(now.low_s, told.low_s), min(now.high_s, told.high_s)
        agree = low <= high
        better = told.source.rank < now.source.rank
        if now.source is Source.FLOOR or (better and not agree):
            self._set(told)
        elif agree:
            if high - low >= 2 * now.uncertainty_s and not better:
                return False
            best = min(told.source, now.source, key=lambda s: s.rank)
            self._set(told._replace(source=best).narrowed_to(low, high))
        elif told.source is now.source or (told.source, now.source) == _DISPROVES:
            self._set(told)
        else:
            if told.source is not Source.CODES:  # that would be said with every scan
                log.warning("the time of %s contradicts that of %s", told.source, now.source)
            return False
        return True

    def _set(self, anchor: Anchor) -> None:
        self._anchor = self._before_codes = anchor

    def _was_slow(self, now: Anchor) -> None:
        """A clock stands before what has certainly passed.

        By a day or more it is no clock. By less it still says which day it is, and customers'
        codes find the rest; without this a unit whose battery clock is a minute slow could do
        nothing from the moment that somebody brings it news.
        """
        slow_s = self._floor_s - now.at_s
        if slow_s >= NO_CLOCK_S:
            self._only_the_floor_is_certain(now.steady_s)
            return
        unsure_s = max(now.uncertainty_s, slow_s + SEARCH_S)
        self._set(Anchor(self._floor_s, now.steady_s, unsure_s, Source.SYSTEM))

    def _only_the_floor_is_certain(self, steady_s: float) -> None:
        self._set(Anchor(self._floor_s, steady_s, UNKNOWN_S, Source.FLOOR))


_DISPROVES = (Source.CODES, Source.SYSTEM)
