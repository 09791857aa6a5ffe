"""When to talk to the hub next, and when to stop waiting for it. Pure."""

from __future__ import annotations

from collections import deque

FIRST_WAIT_S = 1.0
LONGEST_WAIT_S = 30.0
"""A hub that comes back is noticed within this, also by a clerk who waits for it."""
RETRY_AFTER_S_MAX = 3600.0
"""Whoever answers in the hub's place may ask for any wait; it is asked again after this one."""

WINDOW = 5
ERRORS_TO_OPEN = 2
CLEAN_TO_CLOSE = 2


def wait_s(
    failures: int, every_s: float, jitter: float, retry_after_s: float | None = None
) -> float:
    """Return how long to wait before the next round.

    Args:
        failures: Rounds that have failed one after the other; 0 after a good one.
        every_s: The wait after a good round.
        jitter: From 0 to 1; spreads a thousand units that lost the hub at the same moment.
        retry_after_s: What the hub asked for, honoured if it is longer, up to an hour.
    """
    if failures == 0:
        return every_s * (0.8 + 0.4 * jitter)
    backoff = min(FIRST_WAIT_S * 2.0 ** min(failures - 1, 10), LONGEST_WAIT_S / 1.5)
    return max(backoff * (0.5 + jitter), min(retry_after_s or 0.0, RETRY_AFTER_S_MAX))


class Breaker:
    """Says whether a customer should be made to wait for the hub.

    Off line after two errors among the last five answers, on line again after two clean ones in
    a row; while it is open, only the background pull finds out whether the hub is back. Not
    thread-safe by itself: a stale reading costs one needless wait.
    """

    def __init__(self) -> None:
        self._answers: deque[bool] = deque(maxlen=WINDOW)
        self._clean_in_a_row = 0
        self.is_open = False
        """Whether the hub is left alone."""

    def note(self, *, clean: bool) -> None:
        """Note how an exchange with the hub ended."""
        self._answers.append(clean)
        self._clean_in_a_row = self._clean_in_a_row + 1 if clean else 0
        if self.is_open:
            if self._clean_in_a_row >= CLEAN_TO_CLOSE:
                self.is_open = False
                self._answers.clear()
        elif self._answers.count(False) >= ERRORS_TO_OPEN:
            self.is_open = True
