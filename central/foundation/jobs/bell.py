"""Wakes the machines of this process as soon as there may be something for them.

They look every second by themselves, and so do those of other processes: the bell spares a buyer
the seconds between a callback, his payment, his purchase and his key.
"""

from __future__ import annotations

import threading


class Bell:
    """Rung by whoever has changed something; heard by all who wait."""

    def __init__(self) -> None:
        self._condition = threading.Condition()
        self._rung = 0

    @property
    def rung(self) -> int:
        """How often it was rung."""
        return self._rung

    def ring(self) -> None:
        """Wake all who wait. Ring it when what was changed is committed."""
        with self._condition:
            self._rung += 1
            self._condition.notify_all()

    def wait(self, heard: int, timeout_s: float) -> int:
        """Wait until it was rung more often than ``heard``, or for so long; return how often."""
        with self._condition:
            self._condition.wait_for(lambda: self._rung > heard, timeout_s)
            return self._rung


BELL = Bell()
"""The one of this process."""
