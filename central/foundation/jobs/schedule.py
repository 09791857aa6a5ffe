"""Runs jobs by the clock, each by one runner at a time, however many hubs share a database.

A job is claimed by a lease in its row, so there is no leader to elect: whoever claims it runs it,
and renews the lease meanwhile. A runner that died leaves its lease to run out; what it had begun
is noted as lost and is begun anew. So a job must be one that may be run again.
"""

from __future__ import annotations

import logging
import secrets
from collections.abc import Callable, Iterable, Mapping
from typing import NamedTuple
from zoneinfo import ZoneInfo

from central.errors import Conflict, HubError, NotFound
from central.foundation.db.engine import change, money_transaction, rows
from central.foundation.jobs import alerts
from central.foundation.jobs.when import When, next_at_s
from central.foundation.language.said import Saying, kept, of_kept, why

log = logging.getLogger(__name__)

LEASE_S = 120
RUNS_KEPT = 200
"""Of each job; a job of every minute would fill the table otherwise."""
FAILED = "job-failed"
CLOCK = "clock"
FAR_S = 2**62
"""A moment before which every job is due."""


class Report(NamedTuple):
    """What a run came to.

    Args:
        said: One line for a person: a ``Saying``, so that everybody reads it in his language.
        is_good: False raises an alert, which the next good run clears.
    """

    said: str
    is_good: bool = True


class Job(NamedTuple):
    """Work of the clock.

    Args:
        name: Stable slug.
        title: For people; a msgid of the catalogues.
        run: Does all that is due at a moment, and may be run again at any time.
    """

    name: str
    title: str
    when: When
    run: Callable[[int], Report]


class Claim(NamedTuple):
    """A job that is ours for a while."""

    job: Job
    run_id: int
    lease: str


class JobView(NamedTuple):
    """A job as it stands.

    Args:
        outcome: Of its newest run; empty if it never ran.
    """

    name: str
    next_at_s: int
    is_paused: bool
    outcome: str
    began_at_s: int | None
    ended_at_s: int | None
    said: str


class Schedule:
    """The jobs of a hub.

    Args:
        now_s: Reads the clock, Unix seconds.
    """

    def __init__(self, jobs: Iterable[Job], now_s: Callable[[], int], zone: ZoneInfo) -> None:
        self.jobs: Mapping[str, Job] = {job.name: job for job in jobs}
        self._now_s = now_s
        self._zone = zone

    def register(self) -> None:
        """Give each job that is new its row; it is due when its time comes first."""
        at_s = self._now_s()

        def work() -> None:
            for job in self.jobs.values():
                change(
                    "INSERT INTO job (name, next_at_s, is_paused, lease_until_s)"
                    " VALUES (?, ?, ?, 0) ON CONFLICT (name) DO NOTHING",
                    (job.name, next_at_s(job.when, at_s, self._zone), False),
                )

        money_transaction(work)

    def claim(self) -> Claim | None:
        """Take a job that is due; None if none is."""
        at_s = self._now_s()
        due = rows(
            "SELECT name FROM job WHERE next_at_s <= ? AND lease_until_s <= ? AND NOT is_paused"
            " ORDER BY next_at_s, name",
            (at_s, at_s),
        )
        for (name,) in due:
            job = self.jobs.get(name)
            claim = None if job is None else self._claim(job, CLOCK, due_at_s=at_s)
            if claim is not None:
                return claim
        return None

    def run_now(self, name: str, asked_by: str) -> Report:
        """Run a job although it is not due, and return what it came to.

        Raises:
            NotFound: there is no such job. Conflict: it runs already.
        """
        job = self.jobs.get(name)
        if job is None:
            raise NotFound(f"There is no job {name}; there are {', '.join(sorted(self.jobs))}.")
        self.register()
        claim = self._claim(job, asked_by, due_at_s=FAR_S)
        if claim is None:
            raise Conflict(Saying("job-runs", job=name))
        return self.carry_out(claim)

    def carry_out(self, claim: Claim) -> Report:
        """Run what was claimed and note what it came to."""
        try:
            report = claim.job.run(self._now_s())
        except HubError as exc:
            log.warning("job %s: %s", claim.job.name, exc)
            report = Report(why(exc), is_good=False)
        except Exception:  # a worker's loop: noted, told, and tried at its next time
            log.exception("job %s", claim.job.name)
            report = Report(Saying("broke-off"), is_good=False)
        money_transaction(lambda: self._end(claim, report))
        return report

    def renew(self, claim: Claim) -> None:
        """Keep what was claimed for a while longer."""
        money_transaction(
            lambda: change(
                "UPDATE job SET lease_until_s = ? WHERE name = ? AND lease = ?",
                (self._now_s() + LEASE_S, claim.job.name, claim.lease),
            )
        )

    def _claim(self, job: Job, asked_by: str, *, due_at_s: int) -> Claim | None:
        lease, at_s = secrets.token_hex(8), self._now_s()

        def work() -> Claim | None:
            taken = rows(
                "UPDATE job SET lease = ?, lease_until_s = ? WHERE name = ? AND lease_until_s <= ?"
                " AND next_at_s <= ? RETURNING name",
                (lease, at_s + LEASE_S, job.name, at_s, due_at_s),
            )
            if not taken:
                return None
            change(
                "UPDATE job_run SET outcome = 'lost', ended_at_s = ?, said = ?"
                " WHERE job = ? AND outcome = 'running'",
                (at_s, kept(Saying("runner-lost")), job.name),
            )
            [(run_id,)] = rows(
                "INSERT INTO job_run (job, began_at_s, asked_by, outcome, said)"
                " VALUES (?, ?, ?, 'running', '') RETURNING id",
                (job.name, at_s, asked_by),
            )
            change(
                "DELETE FROM job_run WHERE job = ? AND outcome <> 'running' AND id NOT IN"
                " (SELECT id FROM job_run WHERE job = ? ORDER BY id DESC LIMIT ?)",
                (job.name, job.name, RUNS_KEPT),
            )
            return Claim(job, int(run_id), lease)

        return money_transaction(work)

    def _end(self, claim: Claim, report: Report) -> None:
        at_s = self._now_s()
        due = next_at_s(claim.job.when, at_s, self._zone)
        is_ours = rows(
            "UPDATE job SET lease = NULL, lease_until_s = 0, next_at_s = ?"
            " WHERE name = ? AND lease = ? RETURNING name",
            (due, claim.job.name, claim.lease),
        )
        if not is_ours:
            log.warning("job %s took so long that another runner has begun it anew", claim.job.name)
            return
        outcome = "done" if report.is_good else "failed"
        [_] = rows(
            "UPDATE job_run SET outcome = ?, ended_at_s = ?, said = ?"
            " WHERE id = ? AND outcome = 'running' RETURNING id",
            (outcome, at_s, kept(report.said), claim.run_id),
        )
        if report.is_good:
            alerts.clear(FAILED, claim.job.name, at_s)
        else:
            alerts.tell(FAILED, claim.job.name, report.said, at_s)


def pause(name: str, *, is_paused: bool) -> None:
    """Let a job rest until it is let go on; one that runs ends as usual.

    Raises:
        NotFound: there is no such job.
    """
    found = money_transaction(
        lambda: rows(
            "UPDATE job SET is_paused = ? WHERE name = ? RETURNING name", (is_paused, name)
        )
    )
    if not found:
        raise NotFound(Saying("no-job", job=name))


def views() -> list[JobView]:
    """Return every job as it stands, by name."""
    return [
        JobView(name, due, bool(paused), outcome or "", began, ended, of_kept(said))
        for name, due, paused, outcome, began, ended, said in rows(
            "SELECT name, next_at_s, is_paused, outcome, began_at_s, ended_at_s, said FROM job"
            " LEFT JOIN job_run ON job_run.id ="
            " (SELECT max(id) FROM job_run WHERE job_run.job = job.name) ORDER BY name"
        )
    ]
