"""The papers owed. A job is committed together with its entry and ends exactly once.

::

    queued ── taken ──> sending ── confirmed ─────> printed
       ^                   │ ├──── no answer to hope for -> sent
       │                   │ ├──── refused ───────> queued       nothing was written
       │                   │ └──── no answer ─────> uncertain    written, not confirmed
       │                   ├ the unit was killed ─> uncertain
       │                   └ nothing can be made ─> needs-operator
       ├──── a further COPY, instead of the ──────── uncertain ──> superseded
       │       copies enough, or a key paper ─────── uncertain ──> needs-operator
       ├──── a further COPY, instead of the ──── needs-operator ─> superseded
       │         nobody wants it any more ────── needs-operator ─> given-up
       └──────── nobody wants it any more ────── queued ─────────> given-up

``sending`` is committed before the first byte, so a crash is never mistaken for "not printed":
what may have come out is printed again only as a marked copy. A key paper bears a card key, and
whoever has a second one has it too: it is never repeated but by a person, and what it says is
wiped once it is out. An entry's receipt is its paper 0 and is made from the journal each time.
"""

from __future__ import annotations

from collections.abc import Callable
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
    NEEDS_OPERATOR = "needs-operator"
    """It may have come out, and a person has to say whether another one is to be printed."""
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
    HELD = "held"
    ABANDONED = "abandoned"


TRANSITIONS: dict[tuple[JobState, Event], JobState] = {
    (JobState.QUEUED, Event.TAKEN): JobState.SENDING,
    (JobState.SENDING, Event.CONFIRMED): JobState.PRINTED,
    (JobState.SENDING, Event.WRITTEN): JobState.SENT,
    (JobState.SENDING, Event.NOTHING_WRITTEN): JobState.QUEUED,
    (JobState.SENDING, Event.NO_ANSWER): JobState.UNCERTAIN,
    (JobState.SENDING, Event.KILLED): JobState.UNCERTAIN,
    (JobState.UNCERTAIN, Event.COPIED): JobState.SUPERSEDED,
    (JobState.SENDING, Event.HELD): JobState.NEEDS_OPERATOR,
    (JobState.UNCERTAIN, Event.HELD): JobState.NEEDS_OPERATOR,
    (JobState.NEEDS_OPERATOR, Event.COPIED): JobState.SUPERSEDED,
    (JobState.NEEDS_OPERATOR, Event.ABANDONED): JobState.GIVEN_UP,
    (JobState.QUEUED, Event.ABANDONED): JobState.GIVEN_UP,
}
ENDS = frozenset({JobState.PRINTED, JobState.SENT, JobState.SUPERSEDED, JobState.GIVEN_UP})
"""Nothing happens to a paper any more; what a key paper said is wiped."""

COPIES_MAX = 5
"""Further copies made by itself of one receipt; then a person has to say what to do."""


class Job(NamedTuple):
    """One paper.

    Args:
        key_paper: 0 for the receipt of the entry; from 1 on its key papers.
        copy: 0 for the original; n for the n-th copy, which says so.
    """

    id: int
    epoch: Epoch
    seq: Seq
    key_paper: int
    copy: int
    state: JobState
    attempts: int
    error: str


_COLUMNS = "id, epoch, seq, key_paper, copy, state, attempts, error"
KEY_PAPERS_MAX = 20
"""Of one entry."""


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
        """Owe a further copy of a receipt; return its number."""
        with self._store.transaction():
            return self._add_copy(epoch, seq, key_paper=0, body=None)

    def add_key_paper(
        self, epoch: Epoch, seq: Seq, request: bytes, seal: Callable[[int], bytes]
    ) -> Job | None:
        """Owe a key paper of an entry and return it; None if the entry has too many.

        Args:
            request: 16 bytes; who asks again with the same gets the key paper of the first
                time, and nothing is printed.
            seal: Returns what it says, sealed, for the number that it gets.
        """
        with self._store.transaction():
            for asked in self._in("request = ?", request):
                return asked
            [[newest]] = self._store.rows(
                "SELECT coalesce(max(key_paper), 0) FROM print_job WHERE epoch = ? AND seq = ?",
                (epoch, seq),
            )
            key_paper = int(newest) + 1
            if key_paper > KEY_PAPERS_MAX:
                return None
            self._store.execute(
                "INSERT INTO print_job (epoch, seq, key_paper, state, body, request)"
                " VALUES (?, ?, ?, 'queued', ?, ?)",
                (epoch, seq, key_paper, seal(key_paper), request),
            )
            return self._in("request = ?", request)[0]

    def newest_of_key_paper(self, key_paper: Job) -> Job:
        """Return the newest paper of a key_paper: itself, or the copy that took its place."""
        with self._store.reading():
            where = "epoch = ? AND seq = ? AND key_paper = ? ORDER BY copy DESC LIMIT 1"
            return self._in(where, key_paper.epoch, key_paper.seq, key_paper.key_paper)[0]

    def body(self, job: Job) -> bytes | None:
        """Return what a key paper says, sealed; None for a receipt and once it was wiped."""
        with self._store.reading():
            [[body]] = self._store.rows("SELECT body FROM print_job WHERE id = ?", (job.id,))
            return None if body is None else bytes(body)

    def held(self) -> list[Job]:
        """Return the papers that a person has to decide about, oldest first."""
        with self._store.reading():
            return self._in("state = 'needs-operator' ORDER BY id")

    def decide(self, job_id: int, event: Event) -> Job | None:
        """Print a held paper once more (COPIED) or not at all (ABANDONED).

        Returns:
            The paper as it was; None if it is not held any more.
        """
        assert event in {Event.COPIED, Event.ABANDONED}, "what a person can say"
        with self._store.transaction():
            for job in self._in("state = 'needs-operator' AND id = ?", job_id):
                self._end_or_copy(job, event)
                return job
        return None

    def recover(self) -> int:
        """Call what was being sent uncertain; call it while nothing is. Returns how many.

        After a start it is what an earlier one was sending; after an error of the database, what
        this one could not note the end of.
        """
        with self._store.transaction():
            jobs = self._in("state = 'sending'")
            for job in jobs:
                self._happen(job, Event.KILLED, "nobody saw how printing ended")
            return len(jobs)

    def take(self) -> Job | None:
        """Return the next paper to send, marked as being sent; None if nothing is owed."""
        with self._store.transaction():
            self._requeue_uncertain()
            for job in self._in("state = 'queued' ORDER BY id LIMIT 1"):
                return self._happen(job, Event.TAKEN)
            return None

    def report(self, job: Job, event: Event, error: str = "") -> Job:
        """Note how sending a paper ended."""
        with self._store.transaction():
            return self._happen(job, event, error)

    def owed(self) -> int:
        """Return how many papers are not out yet."""
        return self._count("state IN ('queued', 'sending', 'uncertain')")

    def of(self, epoch: Epoch, seq: Seq) -> list[Job]:
        """Return the papers of one entry's receipt, the original first."""
        with self._store.reading():
            return self._in("epoch = ? AND seq = ? AND key_paper = 0 ORDER BY copy", epoch, seq)

    def newest(self, count: int) -> list[Job]:
        """Return the newest papers, newest first."""
        with self._store.reading():
            return self._in("true ORDER BY id DESC LIMIT ?", count)

    def _requeue_uncertain(self) -> None:
        for job in self._in("state = 'uncertain'"):
            may_repeat = job.key_paper == 0 and job.copy < COPIES_MAX
            self._end_or_copy(job, Event.COPIED if may_repeat else Event.HELD)

    def _end_or_copy(self, job: Job, event: Event) -> None:
        body = self.body(job)  # before it is wiped
        self._happen(job, event, job.error)
        if event is Event.COPIED:
            self._add_copy(job.epoch, job.seq, job.key_paper, body)

    def _add_copy(self, epoch: Epoch, seq: Seq, key_paper: int, body: bytes | None) -> int:
        [[newest]] = self._store.rows(
            "SELECT coalesce(max(copy), -1) FROM print_job"
            " WHERE epoch = ? AND seq = ? AND key_paper = ?",
            (epoch, seq, key_paper),
        )
        self._store.execute(
            "INSERT INTO print_job (epoch, seq, key_paper, copy, state, body)"
            " VALUES (?, ?, ?, ?, 'queued', ?)",
            (epoch, seq, key_paper, newest + 1, body),
        )
        return int(newest) + 1

    def _happen(self, job: Job, event: Event, error: str = "") -> Job:
        after = TRANSITIONS[job.state, event]
        attempts = job.attempts + (event is Event.TAKEN)
        self._store.execute(
            "UPDATE print_job SET state = ?, attempts = ?, error = ?, boot = ?,"
            " body = CASE WHEN ? THEN NULL ELSE body END WHERE id = ? AND state = ?",
            (str(after), attempts, error, self._boot, after in ENDS, job.id, str(job.state)),
        )
        assert self._store.connection.changes() == 1, "a paper changes state under the lock"
        return job._replace(state=after, attempts=attempts, error=error)

    def _in(self, where: str, *values: int | bytes) -> list[Job]:
        rows = self._store.rows(f"SELECT {_COLUMNS} FROM print_job WHERE {where}", values)  # noqa: S608
        return [_job(row) for row in rows]

    def _count(self, where: str) -> int:
        with self._store.reading():
            [[count]] = self._store.rows(f"SELECT count(*) FROM print_job WHERE {where}")  # noqa: S608
            return int(count)


def _job(row: tuple[int, int, int, int, int, str, int, str]) -> Job:
    id_, epoch, seq, key_paper, copy, state, attempts, error = row
    return Job(id_, Epoch(epoch), Seq(seq), key_paper, copy, JobState(state), attempts, error)
