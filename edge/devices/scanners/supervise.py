"""Looks after one scanner in one thread: finds it, opens it, reads it, and begins again."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from typing import NamedTuple

from edge.devices.ports import Scanner, ScannerLost
from edge.devices.scanners.states import NEXT, STEADY_S, Event, State, wait_s

LOOK_S = 1.0
"""How often it is looked whether the device is still attached."""
RESTARTS_S = 60.0
RESTARTS_MAX = 5
"""More restarts than this within ``RESTARTS_S``: a loose plug, or a device that dies."""

log = logging.getLogger(__name__)


class Condition(NamedTuple):
    """How a scanner is, for the status and the lamps.

    Args:
        since_s: Since when, by the steady counter.
        generation: How many pieces of hardware were attached so far.
        restarts: How often it had to be opened again, in all.
        is_flapping: It comes and goes.
        error: Why it failed last; empty if it works.
    """

    state: State
    since_s: float
    generation: int
    restarts: int
    is_flapping: bool
    error: str


class Supervisor:
    """Keeps one scanner going until ``stop``. Nothing that it does can hold anybody else up.

    Args:
        emit: Takes each code with the generation of the hardware that read it.
        steady_s: Reads a steady counter of seconds.
        chance: Draws a number from 0 to 1.
        stopping: Set when the thread is to end; all waiting is done at it.
    """

    def __init__(
        self, source: str, scanner: Scanner, emit: Callable[[int, bytes], object],
        steady_s: Callable[[], float], chance: Callable[[], float],
        stopping: threading.Event | None = None,
    ) -> None:  # fmt: skip
        self.source = source
        self.scanner = scanner
        self._emit = emit
        self._steady_s = steady_s
        self._chance = chance
        self._state = State.ABSENT
        self._since_s = steady_s()
        self._attached: str | None = None
        self._generation = 0
        self._failures = 0
        self._try_at_s = 0.0
        self._opened_s: list[float] = []
        self._opened = 0
        self._error = ""
        self._stopping = stopping or threading.Event()
        self._thread = threading.Thread(target=self._run, name=f"scanner-{source}", daemon=True)

    def condition(self) -> Condition:
        """Return how the scanner is right now."""
        since = self._steady_s() - RESTARTS_S
        lately = sum(t > since for t in list(self._opened_s))
        return Condition(
            self._state, self._since_s, self._generation, max(0, self._opened - 1),
            lately > RESTARTS_MAX, self._error,
        )  # fmt: skip

    def start(self) -> None:
        """Start the thread."""
        self._thread.start()

    def tell_to_stop(self) -> None:
        """Begin to stop, without waiting for it."""
        self._stopping.set()

    def stop(self, wait_s: float = 5.0) -> None:
        """Let the device go. A thread that hangs in it ends with the process."""
        self.tell_to_stop()
        if self._thread.is_alive():
            self._thread.join(wait_s)

    def _run(self) -> None:
        while not self._stopping.is_set():
            self.step()
        self.scanner.close()

    def step(self) -> None:
        """Do the next thing; returns within about a second, unless the device hangs."""
        try:
            self._look()
            {
                State.ABSENT: self._rest,
                State.OPENING: self._open,
                State.READY: self._read,
                State.BACKOFF: self._back_off,
            }[self._state]()
        except (ScannerLost, OSError) as exc:
            self._fail(getattr(exc, "strerror", None) or str(exc) or type(exc).__name__)
        except Exception as exc:
            # A defect in one device's code must not end its thread: it would never come back.
            log.exception("the scanner %s failed in a way nobody foresaw", self.source)
            self._fail(type(exc).__name__)

    def _look(self) -> None:
        attached = self.scanner.attached()
        if attached == self._attached:
            return
        self._attached = attached
        if self._state is not State.ABSENT:
            self.scanner.close()
        self._failures = 0
        if attached is None:
            self._go(Event.GONE)
        else:
            self._generation += 1
            self._error = ""
            if self._state is State.OPENING:
                return
            self._go(Event.FOUND)

    def _rest(self) -> None:
        self._stopping.wait(LOOK_S)

    def _open(self) -> None:
        self.scanner.open()
        now_s = self._steady_s()
        self._opened += 1
        self._opened_s = [*(t for t in self._opened_s if t > now_s - RESTARTS_S), now_s]
        self._go(Event.OPENED)

    def _read(self) -> None:
        for raw in self.scanner.read(LOOK_S):
            self._emit(self._generation, raw)
        if self._failures and self._steady_s() - self._since_s > STEADY_S:
            self._failures, self._error = 0, ""

    def _back_off(self) -> None:
        left_s = self._try_at_s - self._steady_s()
        if left_s > 0:
            self._stopping.wait(min(left_s, LOOK_S))
        if self._steady_s() >= self._try_at_s:
            self._go(Event.WAITED)

    def _fail(self, why: str) -> None:
        self.scanner.close()
        self._error = why[:200]
        self._failures += 1
        self._try_at_s = self._steady_s() + wait_s(self._failures, self._chance())
        if (self._state, Event.FAILED) in NEXT:
            self._go(Event.FAILED)
        else:  # even looking for it failed
            self._stopping.wait(LOOK_S)

    def _go(self, event: Event) -> None:
        before, self._state = self._state, NEXT[self._state, event]
        self._since_s = self._steady_s()
        if event is Event.WAITED or (before is State.OPENING and event is Event.FAILED):
            level = logging.DEBUG if self._failures > 1 else logging.WARNING
        else:
            level = logging.INFO if self._state is not State.BACKOFF else logging.WARNING
        why = f": {self._error}" if self._error and self._state is State.BACKOFF else ""
        log.log(level, "scanner %s: %s%s", self.source, self._state, why)
