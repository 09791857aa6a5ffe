"""Jobs by the clock: each by one runner, again after a crash, and told when they fail."""

from __future__ import annotations

from collections.abc import Callable
from zoneinfo import ZoneInfo

import pytest

from central.errors import Conflict, NotFound, PostingRefused
from central.foundation.db.engine import change, rows
from central.foundation.jobs import schedule
from central.foundation.jobs.alerts import alerts
from central.foundation.jobs.schedule import Job, Report, Schedule, pause, views
from central.foundation.jobs.when import Every
from tests.builders import NOW_S
from tests.central.builders import Database, at_once

ZONE = ZoneInfo("Asia/Shanghai")


class Clock:
    """A clock that stands until it is put forward."""

    def __init__(self) -> None:
        self.now = NOW_S

    def __call__(self) -> int:
        return self.now


@pytest.fixture(name="clock")
def _clock() -> Clock:
    return Clock()


def a_schedule(clock: Clock, run: Callable[[int], Report], name: str = "sweep") -> Schedule:
    made = Schedule([Job(name, "Sweep", Every(60), run)], clock, ZONE)
    made.register()
    return made


def counting(ran: list[int], said: str = "") -> Callable[[int], Report]:
    """Return work that notes when it was done."""

    def run(at_s: int) -> Report:
        ran.append(at_s)
        return Report(said)

    return run


def run_due(made: Schedule) -> int:
    done = 0
    while (claim := made.claim()) is not None:
        made.carry_out(claim)
        done += 1
    return done


def test_a_job_runs_when_it_is_due_and_not_before(hub_database: Database, clock: Clock) -> None:
    ran: list[int] = []
    made = a_schedule(clock, counting(ran, "swept"))
    assert run_due(made) == 0
    clock.now += 60
    assert run_due(made) == 1
    assert ran == [clock.now]
    [view] = views()
    assert (view.outcome, view.said, view.next_at_s) == ("done", "swept", clock.now + 60)


def test_a_new_start_of_the_hub_does_not_put_a_job_off(
    hub_database: Database, clock: Clock
) -> None:
    a_schedule(clock, lambda _: Report(""))
    clock.now += 59
    made = a_schedule(clock, lambda _: Report(""))
    clock.now += 1
    assert run_due(made) == 1


def test_of_eight_runners_one_runs_it(hub_database: Database, clock: Clock) -> None:
    ran: list[int] = []
    made = a_schedule(clock, counting(ran))
    clock.now += 60

    def work(_: int) -> None:
        claim = made.claim()
        if claim is not None:
            made.carry_out(claim)

    at_once(8, work)
    assert ran == [clock.now]


def test_a_runner_that_dies_is_followed_by_another(hub_database: Database, clock: Clock) -> None:
    ran: list[int] = []
    made = a_schedule(clock, counting(ran))
    clock.now += 60
    assert made.claim() is not None  # and it is never heard of again
    clock.now += schedule.LEASE_S - 1
    assert made.claim() is None
    clock.now += 1
    assert run_due(made) == 1
    found = rows("SELECT outcome FROM job_run ORDER BY id")
    assert found == [("lost",), ("done",)]


def test_a_runner_that_was_given_up_changes_nothing_any_more(
    hub_database: Database, clock: Clock
) -> None:
    made = a_schedule(clock, lambda _: Report("late"))
    clock.now += 60
    slow = made.claim()
    assert slow is not None
    clock.now += schedule.LEASE_S
    quick = made.claim()
    assert quick is not None
    made.carry_out(slow)
    assert views()[0].outcome == "running"
    made.carry_out(quick)
    assert [outcome for (outcome,) in rows("SELECT outcome FROM job_run ORDER BY id")] == [
        "lost", "done",
    ]  # fmt: skip


def test_a_long_run_keeps_its_lease(hub_database: Database, clock: Clock) -> None:
    made = a_schedule(clock, lambda _: Report("done"))
    clock.now += 60
    claim = made.claim()
    assert claim is not None
    clock.now += schedule.LEASE_S - 1
    made.renew(claim)
    clock.now += schedule.LEASE_S - 1
    assert made.claim() is None


@pytest.fixture(params=["problem", "defect", "finding"], name="trouble")
def _trouble(request: pytest.FixtureRequest) -> Callable[[int], Report]:
    def fail(_: int) -> Report:
        if request.param == "problem":
            raise PostingRefused("the day is closed")
        if request.param == "defect":
            raise ZeroDivisionError("a secret")
        return Report("the books are 1.00 apart", is_good=False)

    return fail


def test_a_failure_is_told_until_a_run_is_good(
    hub_database: Database, clock: Clock, trouble: Callable[[int], Report]
) -> None:
    is_mended = False
    made = a_schedule(clock, lambda at_s: Report("fine") if is_mended else trouble(at_s))
    for _ in range(2):
        clock.now += 60
        assert run_due(made) == 1
    [alert] = alerts()
    assert (alert.kind, alert.subject) == ("job-failed", "sweep")
    assert "secret" not in alert.said
    assert alert.told_at_s > alert.opened_at_s
    is_mended = True
    clock.now += 60
    run_due(made)
    assert alerts() == []
    assert len(alerts(all_of_them=True)) == 1


def test_one_job_that_breaks_off_stops_no_other(hub_database: Database, clock: Clock) -> None:
    def broken(_: int) -> Report:
        raise RuntimeError("broken")

    jobs = [Job(n, n, Every(60), r) for n, r in (("a", broken), ("b", lambda _: Report("ok")))]
    made = Schedule(jobs, clock, ZONE)
    made.register()
    clock.now += 60
    assert run_due(made) == 2
    assert {view.name: view.outcome for view in views()} == {"a": "failed", "b": "done"}


def test_a_paused_job_rests_and_may_still_be_run_by_hand(
    hub_database: Database, clock: Clock
) -> None:
    made = a_schedule(clock, lambda _: Report("swept"))
    pause("sweep", is_paused=True)
    clock.now += 600
    assert run_due(made) == 0
    assert made.run_now("sweep", "alice").said == "swept"
    pause("sweep", is_paused=False)
    clock.now += 600
    assert run_due(made) == 1


def test_what_runs_is_not_run_twice_by_hand(hub_database: Database, clock: Clock) -> None:
    made = a_schedule(clock, lambda _: Report(""))
    clock.now += 60
    assert made.claim() is not None
    with pytest.raises(Conflict, match="runs at this moment"):
        made.run_now("sweep", "alice")


def test_a_job_that_does_not_exist_is_said_to_not_exist(
    hub_database: Database, clock: Clock
) -> None:
    made = a_schedule(clock, lambda _: Report(""))
    with pytest.raises(NotFound, match="there are sweep"):
        made.run_now("swep", "alice")
    with pytest.raises(NotFound, match="There is no job swep"):
        pause("swep", is_paused=True)


def test_old_runs_make_room(hub_database: Database, clock: Clock) -> None:
    made = a_schedule(clock, lambda _: Report(""))
    for _ in range(schedule.RUNS_KEPT + 50):
        change(
            "INSERT INTO job_run (job, began_at_s, ended_at_s, asked_by, outcome, said)"
            " VALUES ('sweep', 1, 2, 'clock', 'done', '')"
        )
    clock.now += 60
    run_due(made)
    assert rows("SELECT count(*) FROM job_run") == [(schedule.RUNS_KEPT,)]
    assert views()[0].ended_at_s == clock.now
