"""Whoever writes takes along what waits behind him: one transaction and one flush for all.

A flush takes milliseconds and serves a hundred changes as well as one, and SQLite lets in one
writer at a time anyway. The first who comes writes; meanwhile others queue up. When he has
committed, the first of them writes for everybody who waits, each in a savepoint of his own. So
nobody waits for a group to fill, a caller who is alone pays nothing, and nobody starves, as
somebody does in SQLite's busy handler (docs/decisions/0011).
"""

from __future__ import annotations

import contextvars
import logging
import threading
from collections import deque
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any, Generic, TypeVar

log = logging.getLogger(__name__)

GROUP_MAX = 64
"""Changes of one transaction; more would make the first of them wait for the last."""

T = TypeVar("T")
Transaction = Callable[[Callable[[], Any]], Any]
"""Runs what it is given in one transaction, commits, and returns its result; may try again."""
Savepoint = Callable[[], AbstractContextManager[Any]]
"""Opens a savepoint; raises GroupBroken if the transaction around it is gone."""


class GroupBroken(Exception):
    """The transaction was taken back as a whole, as SQLite does when the disk is full."""


class _Item(Generic[T]):
    """A caller's work, and what came of it."""

    def __init__(self, work: Callable[[], T]) -> None:
        self.turn: threading.Event | None = None
        """Set once the work is done or this caller has to lead; None for who leads at once."""
        self.is_done = False
        self.is_apart = False
        """The group could not be written; this caller tries alone."""
        self._error: Exception | None = None
        self._work = work
        self._context = contextvars.copy_context()
        self._result: T | None = None

    def run(self, savepoint: Savepoint) -> None:
        """Do the work within the group's transaction, so that it alone can be taken back."""
        self._result, self._error = None, None
        try:
            with savepoint():
                self._result = self._context.run(self._work)
        except GroupBroken:
            raise
        except Exception as exc:  # noqa: BLE001 - it is raised again where it belongs
            self._error = exc

    def outcome(self) -> T:
        """Return or raise what came of the work."""
        if self._error is not None:
            raise self._error
        return self._result  # type: ignore[return-value]


class GroupCommit:
    """Runs work of many threads in the transaction of the one whose turn it is.

    Args:
        group_max: How much goes into one transaction at most.
    """

    def __init__(self, group_max: int = GROUP_MAX) -> None:
        self._group_max = group_max
        self.forget()

    def forget(self) -> None:
        """Begin anew, as in a forked process, where those who waited are not."""
        self._lock = threading.Lock()
        self._waiting: deque[_Item[Any]] = deque()
        self._is_led = False
        self.sizes: deque[int] = deque(maxlen=1024)
        """How much went into each of the newest transactions."""

    def waiting(self) -> int:
        """Return how many wait at this moment for those before them."""
        return len(self._waiting)

    def run(self, work: Callable[[], T], transaction: Transaction, savepoint: Savepoint) -> T:
        """Run ``work`` in a transaction, perhaps together with others'; return what it returns.

        What it returns is committed. What ``work`` raises is raised here, and nobody else's work
        is touched by it. ``work`` may run several times, and in another thread (with this one's
        context variables); it must therefore do nothing but read and write the database.
        """
        item = _Item(work)
        with self._lock:
            self._waiting.append(item)
            if self._is_led:
                item.turn = threading.Event()
            self._is_led = True
        if item.turn is not None:
            item.turn.wait()
        if item.is_apart:
            result: T = transaction(work)
            return result
        if not item.is_done:
            return self._lead(item, work, transaction, savepoint)
        return item.outcome()

    def _lead(
        self, item: _Item[T], work: Callable[[], T], transaction: Transaction, savepoint: Savepoint
    ) -> T:
        with self._lock:
            count = min(len(self._waiting), self._group_max)
            group = [self._waiting.popleft() for _ in range(count)]
        assert group[0] is item, "the turn is that of whoever has waited longest"
        self.sizes.append(count)
        try:
            if count > 1:
                _write(group, transaction, savepoint)
            if not item.is_done:
                result: T = transaction(work)
                return result
        finally:
            self._hand_over(group[1:])
        return item.outcome()

    def _hand_over(self, followers: list[_Item[Any]]) -> None:
        """Let go who was written for, or has to try alone, and let the next one lead."""
        with self._lock:
            following = self._waiting[0] if self._waiting else None
            self._is_led = following is not None
        for one in followers:
            one.is_apart = not one.is_done
        for one in [*followers, *([following] if following else [])]:
            assert one.turn is not None, "whoever waits has something to wait for"
            one.turn.set()


def _write(group: list[_Item[Any]], transaction: Transaction, savepoint: Savepoint) -> None:
    """Write them in one transaction; if that fails, nothing of it is committed nor done."""

    def work() -> None:
        for one in group:
            one.run(savepoint)

    try:
        transaction(work)
    except Exception:
        # One of them may have broken it for all: each finds out for himself.
        log.exception("a group of %d could not be written", len(group))
        return
    for one in group:
        one.is_done = True
