"""The threads of a served hub: they do what is due, and outlive a database that is away."""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Callable
from zoneinfo import ZoneInfo

from central.foundation.db.engine import HUB, change, money_transaction
from central.foundation.jobs.bell import BELL
from central.foundation.jobs.outbox import Courier, Message, put
from central.foundation.jobs.schedule import Job, Report, Schedule
from central.foundation.jobs.when import Every
from central.foundation.jobs.worker import GAP_S, LOOK_S, Worker
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


def a_worker(**machines: Callable[[], int]) -> Worker:
    schedule = Schedule([], now_s, ZoneInfo("UTC"))
    return Worker(schedule, Courier({}, now_s), machines)


def test_a_bell_wakes_a_machine_and_what_it_does_wakes_the_next(sqlite_database: Database) -> None:
    del sqlite_database
    paid, served = queue.SimpleQueue[float](), queue.SimpleQueue[float]()
    todo: list[float] = []

    def pay() -> int:
        if paid.empty():
            return 0
        todo.append(paid.get())
        return 1

    def serve() -> int:
        done = len(todo)
        while todo:
            served.put(time.monotonic() - todo.pop())
        return done

    worker = a_worker(payments=pay, orders=serve)
    worker.start()
    took: list[float] = []
    try:
        for _ in range(10):
            paid.put(time.monotonic())
            BELL.ring()
            took.append(served.get(timeout=PATIENCE_S))
    finally:
        worker.end()
    assert sorted(took)[5] < LOOK_S / 2, "without the bell: one look each"


def test_a_machine_that_is_always_busy_leaves_room_for_others(sqlite_database: Database) -> None:
    del sqlite_database
    looks = 0

    def busy() -> int:
        nonlocal looks
        looks += 1
        return 1

    worker = a_worker(busy=busy)
    worker.start()
    time.sleep(3)
    worker.end()
    assert 5 <= looks <= 3 / GAP_S + 1


def test_a_machine_looks_by_itself_where_nobody_rings(sqlite_database: Database) -> None:
    del sqlite_database
    looked = threading.Semaphore(0)

    def look() -> int:
        looked.release()
        return 0

    worker = a_worker(quiet=look)
    worker.start()
    began = time.monotonic()
    try:
        for _ in range(3):
            assert looked.acquire(timeout=PATIENCE_S)
    finally:
        worker.end()
    assert time.monotonic() - began >= 2 * (LOOK_S - GAP_S)
