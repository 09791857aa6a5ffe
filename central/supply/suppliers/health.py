"""When an account is left alone for a while, and when it is tried again. Pure.

A window of the last minute: five failures that are at least half of all calls open the breaker.
After a pause one purchase tries; it closes the breaker or opens it again for twice as long. The
shape is that of larger systems with hundreds of calls a minute; a shop has five.
"""

from __future__ import annotations

from typing import NamedTuple

from central.supply.suppliers.model import Breaker

WINDOW_S = 60
FAILURES_MIN = 5
FAILED_BP_MIN = 5_000
PAUSE_S = 30
PAUSE_S_MAX = 600
KEPT = 40
"""Calls that are remembered: for the window, and for how fast and how good an account is."""


class Call(NamedTuple):
    """One call's end. ``ok`` is about the account, not about the order: sold out is ok."""

    at_s: int
    ok: bool
    ms: int


class Health(NamedTuple):
    """What is known of an account.

    Args:
        opened_at_s: When the breaker was opened; None while it is closed.
        pause_s: How long it stays open then.
        probe_until_s: Until when one purchase is trying; 0 if none is.
        calls: The last ones, oldest first.
    """

    opened_at_s: int | None = None
    pause_s: int = PAUSE_S
    probe_until_s: int = 0
    calls: tuple[Call, ...] = ()

    @property
    def success_bp(self) -> int:
        """How many of 10,000 calls are expected to end well; nobody knows a new one's faults."""
        good = sum(call.ok for call in self.calls)
        return 10_000 * (good + 1) // (len(self.calls) + 1)

    @property
    def good_bp(self) -> int:
        """How many of 10,000 of the calls that are remembered ended well."""
        return 10_000 * sum(call.ok for call in self.calls) // max(1, len(self.calls))

    @property
    def p95_ms(self) -> int:
        """How long 19 of 20 calls take at most; 0 if there was none."""
        if not self.calls:
            return 0
        times = sorted(call.ms for call in self.calls)
        return times[min(len(times) - 1, len(times) * 95 // 100)]


def breaker(health: Health, now_s: int) -> Breaker:
    """Return whether the account may be bought from now."""
    if health.opened_at_s is None:
        return Breaker.CLOSED
    if now_s < health.opened_at_s + health.pause_s:
        return Breaker.OPEN
    return Breaker.PROBING if now_s < health.probe_until_s else Breaker.HALF_OPEN


def probing(health: Health, now_s: int, within_s: int) -> Health:
    """Return the health with one purchase trying, for as long as a call may take."""
    if breaker(health, now_s) is not Breaker.HALF_OPEN:
        return health
    return health._replace(probe_until_s=now_s + within_s)


def after(health: Health, call: Call) -> Health:
    """Return the health after a call has ended."""
    health = health._replace(calls=(*health.calls, call)[-KEPT:])
    if health.opened_at_s is not None:
        if breaker(health, call.at_s) is Breaker.OPEN:
            return health  # a call from before; its end says nothing of the pause
        if call.ok:
            return Health(calls=health.calls)
        pause_s = min(health.pause_s * 2, PAUSE_S_MAX)
        return Health(call.at_s, pause_s, 0, health.calls)
    recent = [c for c in health.calls if c.at_s > call.at_s - WINDOW_S]
    failed = sum(not c.ok for c in recent)
    if failed >= FAILURES_MIN and failed * 10_000 >= FAILED_BP_MIN * len(recent):
        return Health(call.at_s, PAUSE_S, 0, health.calls)
    return health
