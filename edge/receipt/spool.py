"""The papers owed. A job is committed together with its entry and ends exactly once.

::

    queued ── taken ──> sending ── confirmed ─────> printed
       ^                   │ ├──── no answer to hope for -> sent
       │                   │ ├──── refused ───────> queued       nothing was written
       │                   │ └──── no answer ─────> uncertain    written, not confirmed
       │                   └ the unit was killed ─> uncertain
       └──── a further COPY, instead of the ──────── uncertain ──> superseded
    queued ── an operator gives it up ──> given-up
    uncertain ── there were copies enough ──> given-up

``sending`` is committed before the first byte, so a crash is never mistaken for "not printed":
what may have come out is printed again only as a marked copy.
"""

from __future__ import annotations

from enum import StrEnum
from typing import NamedTuple

from edge.contract.ids import Epoch, Seq
from edge.db import Store


class JobState(StrEnum):
    """Where a paper is."""

    QUEUED = "queued"
    SENDING = "sending"
    UNCERTAIN = "uncertain"
    PRINTED = "printed"
    SENT = "sent"
    """Written to a printer that cannot confirm."""
    SUPERSEDED = "superseded"
    """It may have come out; a marked copy is owed in its place."""
    GIVEN_UP = "given-up"


class Event(StrEnum):
    """What happens to a paper."""

    TAKEN = "taken"
    CONFIRMED = "confirmed"
    WRITTEN = "written"
    NOTHING_WRITTEN = "nothing-written"
    NO_ANSWER = "no-answer"
    KILLED = "killed"
    COPIED = "copied"
    ABANDONED = "abandoned"


TRANSITIONS: dict[tuple[JobState, Event], JobState] = {
    (JobState.QUEUED, Event.TAKEN): JobState.SENDING,
    (JobState.SENDING, Event.CONFIRMED): JobState.PRINTED,
    (JobState.SENDING, Event.WRITTEN): JobState.SENT,
    (JobState.SENDING, Event.NOTHING_WRITTEN): JobState.QUEUED,
    (JobState.SENDING, Event.NO_ANSWER): JobState.UNCERTAIN,
    (JobState.SENDING, Event.KILLED): JobState.UNCERTAIN,
    (JobState.UNCERTAIN, Event.COPIED): JobState.SUPERSEDED,
    (JobState.QUEUED, Event.ABANDONED): JobState.GIVEN_UP,
    (JobState.UNCERTAIN, Event.ABANDONED): JobState.GIVEN_UP,
}

COPIES_MAX = 5
"""Further copies made by itself of one receipt; then a person has to ask for one."""


class Job(NamedTuple):
    """One paper.

    Args:
        copy: 0 for the original; n for the n-th copy, which says so.
    """

    id: int
    epoch: Epoch
    seq: Seq
    copy: int
    state: JobState
    attempts: int
    error: str


_COLUMNS = "id, epoch, seq, copy, state, attempts, error"


class Spool:
    """The print jobs of one unit. Whoever writes holds a transaction of the store."""

    def __init__(self, store: Store, boot: bytes) -> None:
        self._store = store
        self._boot = boot

    def add(self, epoch: Epoch, seq: Seq) -> None:
        """Owe the original of an entry's receipt; call it in the entry's own transaction."""
        self._store.execute(
            "INSERT INTO print_job (epoch, seq, state) VALUES (?, ?, 'queued')", (epoch, seq)
        )

    def add_copy(self, epoch: Epoch, seq: Seq) -> int:
        """Owe a further copy; return its number."""
        with self._store.transaction():
            return self._add_copy(epoch, seq)

    def recover(self) -> int:
        """Call what was being sent uncertain; call it while nothing is. Returns how many.

        After a start it is what an earlier one was sending; after an error of the database, what
        this one could not note the end of.
        """
        with self._store.transaction():
            rows = self._store.rows(
                f"SELECT {_COLUMNS} FROM print_job WHERE state = 'sending'"  # noqa: S608
            )
            for row in rows:
                self._happen(_job(row), Event.KILLED, "nobody saw how printing ended")
            return len(rows)

    def take(self) -> Job | None:
        """Return the next paper to send, marked as being sent; None if nothing is owed."""
        with self._store.transaction():
            self._requeue_uncertain()
            rows = self._store.rows(
                f"SELECT {_COLUMNS} FROM print_job WHERE state = 'queued' ORDER BY id LIMIT 1"  # noqa: S608
            )
            if not rows:
                return None
            return self._happen(_job(rows[0]), Event.TAKEN)

    def report(self, job: Job, event: Event, error: str = "") -> Job:
        """Note how sending a paper ended."""
        with self._store.transaction():
            return self._happen(job, event, error)

    def owed(self) -> int:
        """Return how many papers are not out yet."""
        return self._count("state IN ('queued', 'sending', 'uncertain')")

    def of(self, epoch: Epoch, seq: Seq) -> list[Job]:
        """Return the papers of one entry, the original first."""
        with self._store.reading():
            rows = self._store.rows(
                f"SELECT {_COLUMNS} FROM print_job WHERE epoch = ? AND seq = ? ORDER BY copy",  # noqa: S608
                (epoch, seq),
            )
            return [_job(row) for row in rows]

    def newest(self, count: int) -> list[Job]:
        """Return the newest papers, newest first."""
        with self._store.reading():
            rows = self._store.rows(
                f"SELECT {_COLUMNS} FROM print_job ORDER BY id DESC LIMIT ?",  # noqa: S608
                (count,),
            )
            return [_job(row) for row in rows]

    def _requeue_uncertain(self) -> None:
        rows = self._store.rows(
            f"SELECT {_COLUMNS} FROM print_job WHERE state = 'uncertain'"  # noqa: S608
        )
        for job in map(_job, rows):
            if job.copy < COPIES_MAX:
                self._happen(job, Event.COPIED, job.error)
                self._add_copy(job.epoch, job.seq)
            else:
                self._happen(job, Event.ABANDONED, job.error)

    def _add_copy(self, epoch: Epoch, seq: Seq) -> int:
        [[newest]] = self._store.rows(
            "SELECT coalesce(max(copy), -1) FROM print_job WHERE epoch = ? AND seq = ?",
            (epoch, seq),
        )
        self._store.execute(
            "INSERT INTO print_job (epoch, seq, copy, state) VALUES (?, ?, ?, 'queued')",
            (epoch, seq, newest + 1),
        )
        return int(newest) + 1

    def _happen(self, job: Job, event: Event, error: str = "") -> Job:
        after = TRANSITIONS[job.state, event]
        attempts = job.attempts + (event is Event.TAKEN)
        self._store.execute(
            "UPDATE print_job SET state = ?, attempts = ?, error = ?, boot = ? WHERE id = ?"
            " AND state = ?",
            (str(after), attempts, error, self._boot, job.id, str(job.state)),
        )
        assert self._store.connection.changes() == 1, "a paper changes state under the lock"
        return job._replace(state=after, attempts=attempts, error=error)

    def _count(self, where: str) -> int:
        with self._store.reading():
            [[count]] = self._store.rows(f"SELECT count(*) FROM print_job WHERE {where}")  # noqa: S608
            return int(count)


def _job(row: tuple[int, int, int, int, str, int, str]) -> Job:
    id_, epoch, seq, copy, state, attempts, error = row
    return Job(id_, Epoch(epoch), Seq(seq), copy, JobState(state), attempts, error)
