"""The threads of a served hub: its jobs, its messages, and its machines.

A machine has rows of its own with leases and times in them: payments, payouts, purchases. It is
asked every second to do what is due, or as soon as the bell rings, and writes nothing if nothing
is. What one machine has done may be another's to go on with: it rings, too.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor

from central.foundation.db.engine import HUB, is_sqlite
from central.foundation.jobs.bell import BELL
from central.foundation.jobs.outbox import Courier
from central.foundation.jobs.schedule import Claim, Schedule

log = logging.getLogger(__name__)

LOOK_S = 1.0
"""How often it is looked for something that is due."""
GAP_S = 0.05
"""At least so long between two looks of a machine, however often the bell rings."""
RENEW_EVERY = 30
"""Looks between two renewals of a lease, which lasts four times as long."""
AT_ONCE = 4
"""Jobs that run beside one another."""


class Worker:
    """Works until it is told to end, beside the requests.

    A failure of the database ends a round, never the worker.

    Args:
        machines: By name, what does all that is due and returns how much it was.
    """

    def __init__(
        self, schedule: Schedule, courier: Courier,
        machines: Mapping[str, Callable[[], int]] | None = None,
    ) -> None:  # fmt: skip
        self._schedule = schedule
        self._ended = threading.Event()
        self._pool = ThreadPoolExecutor(AT_ONCE, thread_name_prefix="job")
        self._runs: dict[Future[None], Claim] = {}
        # Daemons: what they had no time for when the process ends is done by the next one.
        self._threads = [
            threading.Thread(target=self._work, name="jobs", daemon=True),
            *(
                threading.Thread(target=self._drive, args=(work,), name=name, daemon=True)
                for name, work in {"courier": courier.run_due, **(machines or {})}.items()
            ),
        ]

    def start(self) -> None:
        """Begin."""
        for thread in self._threads:
            thread.start()

    def end(self) -> None:
        """Take nothing new, and wait until what was begun is done."""
        self._ended.set()
        BELL.ring()
        for thread in self._threads:
            thread.join()
        self._pool.shutdown()

    def _work(self) -> None:
        is_registered, looks = False, 0
        while not self._ended.wait(LOOK_S):
            looks += 1
            is_registered = is_registered or self._guarded(self._register)
            self._runs = {run: claim for run, claim in self._runs.items() if not run.done()}
            if looks % RENEW_EVERY == 0:
                for claim in self._runs.values():
                    self._guarded(lambda claim=claim: self._schedule.renew(claim))  # type: ignore[misc]
            while len(self._runs) < AT_ONCE and self._guarded(self._begin):
                pass

    def _register(self) -> bool:
        self._schedule.register()
        return True

    def _begin(self) -> bool:
        claim = self._schedule.claim()
        if claim is not None:
            self._runs[self._pool.submit(self._run, claim)] = claim
        return claim is not None

    def _run(self, claim: Claim) -> None:
        self._guarded(lambda: self._schedule.carry_out(claim))

    def _drive(self, work: Callable[[], int]) -> None:
        heard = BELL.rung
        while not self._ended.wait(GAP_S):
            heard = BELL.wait(heard, LOOK_S - GAP_S)
            if not self._ended.is_set() and self._guarded(work):
                BELL.ring()

    @staticmethod
    def _guarded(work: Callable[[], object]) -> bool:
        """Do it; say whether it was done and came to something."""
        try:
            HUB.connect(reuse_if_open=True)
            return bool(work())
        except Exception:  # a worker's loop: a database that is away comes back
            log.exception("the worker goes on")
            return False
        finally:
            # A file's stays open: closing the last one would copy the WAL back each time.
            if not is_sqlite(HUB.obj) and not HUB.is_closed():
                HUB.close()
