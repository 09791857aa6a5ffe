"""The threads that follow the plan: one pushes, one pulls, and neither waits for the other."""

from __future__ import annotations

import logging
import secrets
import threading
from collections.abc import Callable, Mapping

from edge.errors import EdgeError
from edge.peers.shelf import PeerShelf
from edge.sync.exchange import Exchange
from edge.sync.plan import Breaker, wait_s
from edge.sync.pull import compare_ack, pull_once
from edge.sync.push import push_once
from edge.sync.relay import relay_once

log = logging.getLogger(__name__)


class _Loop:
    """A thread that runs rounds until it is stopped. The one place with a broad catch."""

    def __init__(self, name: str, every_s: float, work: Callable[[], None]) -> None:
        self._every_s = every_s
        self._work = work
        self._wake = threading.Event()
        self._back = threading.Event()
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)
        self.failures = 0
        self.last_error = ""
        self._retry_after_s: float | None = None

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._stopping.set()
        self._wake.set()
        self._back.set()
        if self._thread.is_alive():
            self._thread.join(timeout=15)

    def wake(self) -> None:
        self._wake.set()

    def hub_is_back(self) -> None:
        self._back.set()

    def round(self) -> bool:
        """Do one round now; False if it failed, for ``last_error``."""
        retry_after_s = None
        try:
            self._work()
        except EdgeError as exc:
            self._failed(str(exc))
            retry_after_s = exc.extra.get("retry_after_s")
        except Exception:
            # A thread that dies silently is worse than any error it could have died of.
            log.exception("unexpected error while talking to the hub")
            self._failed("unexpected error")
        else:
            self.failures, self.last_error = 0, ""
        self._retry_after_s = retry_after_s
        return not self.failures

    def _failed(self, error: str) -> None:
        self.failures += 1
        if error != self.last_error:
            log.warning("%s: %s", self._thread.name, error)
        self.last_error = error

    def _run(self) -> None:
        while True:
            self._wake.clear()
            self._back.clear()
            if self._stopping.is_set():  # after the clearing, or its word could be lost
                return
            self.round()
            jitter = secrets.randbelow(1000) / 1000
            pause = wait_s(self.failures, self._every_s, jitter, self._retry_after_s)
            if self.failures:
                # A new entry does not end the pause after an error; word that the hub is back does.
                self._back.wait(pause)
            else:
                self._wake.wait(pause)


class SyncWorker:
    """Keeps a unit and its hub in step for as long as the unit runs.

    Args:
        health: Returns figures for the operator, sent along with each pull.
        shelf: Entries of the other units of the store, to be brought for them.
    """

    def __init__(
        self,
        exchange: Exchange,
        breaker: Breaker,
        every_s: float,
        health: Callable[[], Mapping[str, str | int]],
        shelf: PeerShelf | None = None,
    ) -> None:
        self._exchange = exchange
        self._breaker = breaker
        self._health = health
        self._shelf = shelf
        self.pushing = _Loop("push", every_s, self._push_all)
        self.pulling = _Loop("pull", every_s, self._pull_all)

    def start(self) -> None:
        """Begin to push and pull."""
        self.pushing.start()
        self.pulling.start()

    def stop(self) -> None:
        """End after the rounds at hand."""
        self.pushing.stop()
        self.pulling.stop()

    def wake(self) -> None:
        """There is a new entry."""
        self.pushing.wake()

    def sync_now(self) -> dict[str, bool]:
        """Do one round each, here and now; say which succeeded."""
        return {"pull": self.pulling.round(), "push": self.pushing.round()}

    def _push_all(self) -> None:
        while push_once(self._exchange):
            self.pulling.hub_is_back()
        while self._shelf and relay_once(self._exchange, self._shelf):
            self.pulling.hub_is_back()

    def _pull_all(self) -> None:
        more = True
        while more:
            known = self._exchange.journal.acked
            try:
                answer = pull_once(self._exchange, self._health())
            except EdgeError:
                self._breaker.note(clean=False)
                raise
            self._breaker.note(clean=True)
            compare_ack(self._exchange.journal, answer.ack, known)
            if self._exchange.journal.acked[:2] < known[:2]:
                self.pushing.wake()  # a restored hub gets again what it has lost
                if self._shelf:
                    self._shelf.forget_acked()  # and what it had of others
            more = answer.more
        self.pushing.hub_is_back()
