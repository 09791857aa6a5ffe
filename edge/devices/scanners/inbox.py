"""Scans on their way from the scanners to a screen.

A screen looks at the next scan, and takes it with the request that redeems it: so a page that was
just reloaded, or that nobody looks at any more, swallows nothing. A scan that no screen takes
within ``FRESH_S`` is dropped, and that is said: it must not be redeemed when somebody logs in a
minute later.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import StrEnum
from typing import NamedTuple

from edge.devices.ports import Scan
from edge.devices.scanners.admit import Fault, Lately, Pace, read_text

WAITING_MAX = 8
"""Scans of one scanner that may wait for a screen. More are refused: the person is too fast."""
FRESH_S = 10.0
NEAR_S = 3.0
"""A screen at the unit that has not looked for so long has been closed."""
WATCHED_S = 5.0
LOOKERS_MAX = 4
"""Screens that may wait at once, each holding a thread; any more get their answer at once."""
SOURCES_MAX = 32
OTHERS = "others"
TAKEN_REMEMBERED = 256

log = logging.getLogger(__name__)


class Verdict(StrEnum):
    """What became of something that a scanner delivered."""

    WAITS = "waits"
    """A screen will take it."""
    UNREADABLE = "unreadable"
    """A screen will say that it is no voucher, and it is recorded as such."""
    REPEATED = "repeated"
    NOISE = "noise"
    TOO_FAST = "too-fast"
    FULL = "full"


@dataclass(slots=True)
class Tally:
    """What one source has delivered since the unit started.

    Args:
        taken: By a screen.
        missed: No screen took it in time.
        refused: There were too many at once.
        last_steady_s: When the newest scan came; None before the first.
    """

    scans: int = 0
    taken: int = 0
    repeated: int = 0
    unreadable: int = 0
    noise: int = 0
    refused: int = 0
    missed: int = 0
    last_steady_s: float | None = None
    last_trouble_s: float | None = None
    pace: Pace = field(default_factory=Pace)


class Waiting(NamedTuple):
    """A scan that waits for a screen.

    Args:
        number: Names it as long as this process runs.
        scan: Its text is empty if ``fault`` says why it has none.
    """

    number: int
    scan: Scan
    fault: Fault | None = None


class Inbox:
    """Holds the scans of all scanners. Safe to call from many threads; none is kept waiting long.

    Args:
        steady_s: Reads a steady counter of seconds.
    """

    def __init__(self, steady_s: Callable[[], float]) -> None:
        self._steady_s = steady_s
        self._changed = threading.Condition()
        self._lately = Lately()
        self._waiting: dict[int, Waiting] = {}
        self._taken: dict[int, tuple[str, Waiting]] = {}
        self._number = 0
        self._lookers: dict[str, int] = {}
        self._turn = 0
        self._looked_s = self._near_s = -1e9
        self._closed = False
        self.tallies: dict[str, Tally] = {}

    def offer(self, source: str, generation: int, raw: bytes) -> Verdict:
        """Take what a scanner has delivered."""
        with self._changed:
            now_s = self._steady_s()
            self._drop_stale(now_s)
            tally = self._tally(source)
            verdict, text, fault = self._judge(tally, raw, now_s)
            if verdict in {Verdict.WAITS, Verdict.UNREADABLE}:
                waiting = sum(w.scan.source == source for w in self._waiting.values())
                if waiting >= WAITING_MAX:
                    verdict = Verdict.FULL
            _count(tally, verdict, now_s)
            if verdict in {Verdict.WAITS, Verdict.UNREADABLE}:
                self._number += 1
                scan = Scan(text, source, generation, now_s)
                self._waiting[self._number] = Waiting(self._number, scan, fault)
                self._changed.notify_all()
            return verdict

    def next(self, looker: str, wait_s: float, *, is_near: bool = True) -> Waiting | None:
        """Return the oldest scan that waits, or None if none came in time.

        Args:
            looker: Names the screen; of two calls for the same one the older returns None.
            is_near: Whether the screen stands where the scanners are. While such a screen looks,
                no other is shown anything.
        """
        with self._changed:
            until_s = self._steady_s() + wait_s
            self._turn += 1
            turn = self._turn
            if looker in self._lookers or len(self._lookers) < LOOKERS_MAX:
                self._lookers[looker] = turn
                self._changed.notify_all()  # whoever waits for the same screen lets go
            try:
                while True:
                    now_s = self._steady_s()
                    self._drop_stale(now_s)
                    if is_near:
                        self._near_s = now_s
                    self._looked_s = now_s
                    if self._waiting and (is_near or now_s - self._near_s > NEAR_S):
                        return next(iter(self._waiting.values()))
                    replaced = self._lookers.get(looker) != turn
                    if self._closed or replaced or now_s >= until_s:
                        return None
                    self._changed.wait(min(until_s - now_s, 1.0))
            finally:
                if self._lookers.get(looker) == turn:
                    del self._lookers[looker]

    def take(self, number: int, by: str) -> Waiting | None:
        """Take a scan for good; None if it is gone, or another screen has it.

        Args:
            by: Names the request that takes it; the same request gets it again.
        """
        with self._changed:
            self._drop_stale(self._steady_s())
            taken_by, waiting = self._taken.get(number, ("", None))
            if waiting is None:
                waiting = self._waiting.pop(number, None)
                if waiting is None:
                    return None
                self._taken[number] = (by, waiting)
                self._tally(waiting.scan.source).taken += 1
                while len(self._taken) > TAKEN_REMEMBERED:
                    del self._taken[next(iter(self._taken))]
                return waiting
            return waiting if taken_by == by else None

    def is_watched(self) -> bool:
        """Say whether any screen would take a scan that came now."""
        with self._changed:
            return self._steady_s() - self._looked_s <= WATCHED_S

    def close(self) -> None:
        """Let everybody go who waits."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()

    def tally(self, source: str) -> Tally:
        """Return what a source has delivered so far."""
        with self._changed:
            return self._tally(source)

    def _judge(self, tally: Tally, raw: bytes, now_s: float) -> tuple[Verdict, str, Fault | None]:
        read = read_text(raw)
        if read is Fault.TOO_SHORT:
            return Verdict.NOISE, "", read
        if self._lately.has(raw, now_s):
            return Verdict.REPEATED, "", None
        if tally.pace.is_too_fast(now_s):
            return Verdict.TOO_FAST, "", None
        self._lately.note(raw, now_s)
        if isinstance(read, Fault):
            return Verdict.UNREADABLE, "", read
        return Verdict.WAITS, read, None

    def _tally(self, source: str) -> Tally:
        if source not in self.tallies and len(self.tallies) >= SOURCES_MAX:
            source = OTHERS
        return self.tallies.setdefault(source, Tally())

    def _drop_stale(self, now_s: float) -> None:
        for number, waiting in list(self._waiting.items()):
            if now_s - waiting.scan.steady_s <= FRESH_S:
                break
            del self._waiting[number]
            tally = self._tally(waiting.scan.source)
            tally.missed += 1
            tally.last_trouble_s = now_s
            log.warning(
                "a scan of %s was dropped: no screen has taken it for %d s",
                waiting.scan.source, FRESH_S,
            )  # fmt: skip


def _count(tally: Tally, verdict: Verdict, now_s: float) -> None:
    tally.last_steady_s = now_s
    if verdict is Verdict.REPEATED:
        tally.repeated += 1
    elif verdict is Verdict.NOISE:
        tally.noise += 1
    elif verdict in {Verdict.TOO_FAST, Verdict.FULL}:
        tally.refused += 1
        tally.last_trouble_s = now_s
        if tally.refused == 1:
            log.warning("a scanner delivers faster than anybody can look: %s", verdict)
    else:
        tally.scans += verdict is Verdict.WAITS
        tally.unreadable += verdict is Verdict.UNREADABLE
