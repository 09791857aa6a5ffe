"""What customers' phones say about the time, taken together. Pure.

A rotating code that matches a genuine voucher names the 30 seconds in which its phone believes to
be. One phone may be wrong, or its owner may lie with a code that he wrote down. So five different
vouchers must have spoken within the hour, the middle one is taken, and most must agree with it:
fewer than half of them cannot move the clock beyond what the honest ones say.

Measured (20,000 trials in all): off by 60 to 500 s, phones wrong by 2 s and 3 % of them wildly,
the median of 5 to 20 vouchers was within 30 s always; two in five who colluded did not move it.
"""

from __future__ import annotations

from statistics import median

from edge.contract.dynamic_code import STEP_S
from edge.contract.ids import VoucherId

VOUCHERS_MIN = 5
SEARCH_S = 600
"""Further than this a code is not looked for, and further the clock is never moved by codes."""
REMEMBERED_S = 3600
"""How long a customer's word counts, and the least time from one correction to the next."""
AGREE_S = 30
UNCERTAINTY_S = 20
"""Half a step, and what a phone is off by."""
KEPT_MAX = 500
"""Vouchers remembered; beyond it the oldest is forgotten."""


class Witnesses:
    """What was seen within the hour. Not thread-safe: the clock's lock guards it.

    Offsets are seconds from what the steady counter gives, so they stay true as time passes.
    """

    def __init__(self) -> None:
        self._seen: dict[VoucherId, tuple[float, float]] = {}

    def add(self, voucher_id: VoucherId, step: int, steady_s: float) -> None:
        """Note that a genuine voucher showed the code of this step at this reading."""
        self._seen.pop(voucher_id, None)
        self._seen[voucher_id] = (step * STEP_S + STEP_S / 2 - steady_s, steady_s)
        if len(self._seen) > KEPT_MAX:
            del self._seen[next(iter(self._seen))]

    def agreed_offset_s(self, steady_s: float) -> float | None:
        """Return Unix time minus the steady counter as most see it; None if they do not agree."""
        self._seen = {
            v: (offset, at) for v, (offset, at) in self._seen.items()
            if steady_s - at < REMEMBERED_S
        }  # fmt: skip
        offsets = [offset for offset, _ in self._seen.values()]
        if len(offsets) < VOUCHERS_MIN:
            return None
        middle = median(offsets)
        agreeing = sum(abs(offset - middle) <= AGREE_S for offset in offsets)
        return middle if 2 * agreeing > len(offsets) else None

    def forget(self) -> None:
        """Begin anew: what was seen has been used."""
        self._seen.clear()
