"""The threads of a served hub: they do what is due, and outlive a database that is away."""

from __future__ import annotations

import threading
import time
from zoneinfo import ZoneInfo

from central.foundation.db.engine import HUB, change, money_transaction
from central.foundation.jobs.outbox import Courier, Message, put
from central.foundation.jobs.schedule import Job, Report, Schedule
from central.foundation.jobs.when import Every
from central.foundation.jobs.worker import Worker
from tests.central.builders import Database

PATIENCE_S = 20


def now_s() -> int:
    return int(time.time())


def test_it_runs_what_is_due_and_delivers_what_waits(hub_database: Database) -> None:
    ran, got = threading.Event(), threading.Event()

    def run(_: int) -> Report:
        ran.set()
        return Report("swept")

    def handle(_: Message) -> None:
        got.set()

    money_transaction(lambda: put("mail", "a", {}, 0))
    schedule = Schedule([Job("sweep", "Sweep", Every(1), run)], now_s, ZoneInfo("UTC"))
    worker = Worker(schedule, Courier({"mail": handle}, now_s))
    worker.start()
    try:
        assert ran.wait(PATIENCE_S)
        assert got.wait(PATIENCE_S)
    finally:
        worker.end()


def test_it_goes_on_after_the_database_was_away(hub_database: Database) -> None:
    ran = threading.Event()

    def run(_: int) -> Report:
        ran.set()
        return Report("swept")

    change("ALTER TABLE job RENAME TO job_away")
    schedule = Schedule([Job("sweep", "Sweep", Every(1), run)], now_s, ZoneInfo("UTC"))
    worker = Worker(schedule, Courier({}, now_s))
    worker.start()
    try:
        assert not ran.wait(2.5)
        change("ALTER TABLE job_away RENAME TO job")
        assert ran.wait(PATIENCE_S)
    finally:
        worker.end()
    assert HUB.obj is not None
