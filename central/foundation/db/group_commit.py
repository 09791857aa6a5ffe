"""One thread writes for many callers: whatever waits goes into one transaction and one flush.

A flush takes milliseconds and serves a hundred changes as well as one. While the writer commits,
others queue up behind it and are the next group, so nobody waits for a group to fill, and a caller
who is alone pays nothing. First come, first served: nobody starves, as one does in SQLite's busy
handler (docs/decisions/0011).
"""

from __future__ import annotations

import logging
import queue
import threading
from collections.abc import Callable
from typing import Any, Generic, TypeVar

import peewee

from central.foundation.db.engine import HUB, is_sqlite, money_transaction, worth_retrying

log = logging.getLogger(__name__)

GROUP_MAX = 64
"""Changes of one transaction; more would make the first of them wait for the last."""
WAITING_MAX = 4096
"""Changes that may wait; who comes then waits outside until there is room."""

T = TypeVar("T")


class _Item(Generic[T]):
    """A caller's work, and what came of it."""

    def __init__(self, work: Callable[[], T]) -> None:
        self.work = work
        self.done = threading.Event()
        self.result: T | None = None
        self.error: BaseException | None = None
        self.is_apart = False
        """Somebody is in its way, or the group could not be written: it is tried alone."""

    def run(self) -> None:
        """Do the work inside of the group's transaction, so that it alone can be taken back."""
        self.result, self.error, self.is_apart = None, None, False
        try:
            with HUB.atomic():
                self.result = self.work()
        except (peewee.OperationalError, peewee.IntegrityError) as exc:
            self.is_apart = worth_retrying(exc)
            self.error = exc
        except BaseException as exc:  # noqa: BLE001 - it is raised again where it belongs
            self.error = exc


class GroupWriter:
    """Runs work of many threads in the transactions of one.

    Args:
        group_max: How much goes into one transaction at most.
    """

    def __init__(self, group_max: int = GROUP_MAX) -> None:
        self._group_max = group_max
        self._waiting: queue.Queue[_Item[Any] | None] = queue.Queue(WAITING_MAX)
        self._thread: threading.Thread | None = None
        self._lock = threading.Lock()
        self.groups = 0
        """Transactions so far."""

    def start(self) -> None:
        """Begin to write for others."""
        with self._lock:
            self._thread = threading.Thread(target=self._write, name="group writer", daemon=True)
            self._thread.start()

    def stop(self) -> None:
        """Write what waits, and end."""
        with self._lock:
            thread, self._thread = self._thread, None
        if thread is not None:
            self._waiting.put(None)
            thread.join()

    def waiting(self) -> int:
        """Return how many wait at this moment for those before them."""
        return self._waiting.qsize()

    def run(self, work: Callable[[], T]) -> T:
        """Do what ``money_transaction`` does, and promise the same.

        What it returns is committed. What ``work`` raises is raised here, and nobody else's work
        is touched by it. ``work`` may run several times, in another thread, and must therefore do
        nothing but read and write the database. Without a running writer it is run right here.

        Raises:
            peewee.OperationalError: as ``money_transaction``.
        """
        item = _Item(work)
        with self._lock:
            is_taken = self._thread is not None
            if is_taken:
                # Under the lock, so that nothing is queued up behind the end.
                self._waiting.put(item)
        if not is_taken:
            return money_transaction(work)
        item.done.wait()
        if item.is_apart:
            return money_transaction(work)
        if item.error is not None:
            raise item.error
        return item.result  # type: ignore[return-value]

    def _write(self) -> None:
        if is_sqlite(HUB.obj):
            HUB.connect(
                reuse_if_open=True
            )  # and keep it: to open a file takes longer than to write
        try:
            is_going_on = True
            while is_going_on:
                group, is_going_on = self._next_group()
                self._write_group(group)
        finally:
            if not HUB.is_closed():
                HUB.close()

    def _next_group(self) -> tuple[list[_Item[Any]], bool]:
        """Wait for somebody; return him and whoever else waits, and whether to go on."""
        group: list[_Item[Any]] = []
        item = self._waiting.get()
        while item is not None:
            group.append(item)
            if len(group) == self._group_max:
                return group, True
            try:
                item = self._waiting.get_nowait()
            except queue.Empty:
                return group, True
        return group, False

    def _write_group(self, group: list[_Item[Any]]) -> None:
        if not group:
            return

        def work() -> None:
            for item in group:
                item.run()

        try:
            money_transaction(work)
            self.groups += 1
        except Exception:
            # Not one of them is committed; each finds out for itself why.
            log.exception("a group of %d could not be written", len(group))
            for item in group:
                item.is_apart = True
        for item in group:
            item.done.set()
