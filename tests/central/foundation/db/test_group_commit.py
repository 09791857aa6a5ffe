"""One thread writes for many, and each gets what it would have got alone."""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterator

import peewee
import psycopg
import pytest

from central.foundation.db.engine import HUB, change, money_transaction, rows
from central.foundation.db.group_commit import GroupWriter
from tests.central.builders import Database, at_once


def feed() -> int:
    return int(rows("SELECT n FROM feed")[0][0])


def count_up() -> int:
    following = feed() + 1
    change("UPDATE feed SET n = ?", (following,))
    return following


@pytest.fixture
def writer(hub_database: Database) -> Iterator[GroupWriter]:
    running = GroupWriter()
    running.start()
    yield running
    running.stop()


class Gate:
    """Work that keeps the writer busy until it is told to go on, so that others queue up."""

    def __init__(self) -> None:
        self.entered, self.may_go = threading.Event(), threading.Event()

    def work(self) -> str:
        self.entered.set()
        assert self.may_go.wait(30)
        return "gate"


def behind_a_gate(writer: GroupWriter, count: int, work: object) -> list[object]:
    """Let ``count`` callers queue up behind one that holds the writer; return their answers."""
    gate = Gate()
    first = threading.Thread(target=writer.run, args=(gate.work,))
    first.start()
    assert gate.entered.wait(30)

    def caller(number: int) -> object:
        if number == count:
            while writer.waiting() < count:
                pass
            gate.may_go.set()
            return None
        return writer.run(lambda: work(number))  # type: ignore[operator]

    answers = at_once(count + 1, caller)
    first.join(30)
    return list(answers[:count])


def test_what_is_returned_is_committed(writer: GroupWriter) -> None:
    assert writer.run(count_up) == 1
    assert feed() == 1


def test_whoever_waits_goes_into_one_transaction(writer: GroupWriter) -> None:
    answers = behind_a_gate(writer, 8, lambda _: count_up())
    assert sorted(map(str, answers)) == [str(n) for n in range(1, 9)]
    assert writer.groups == 2
    assert feed() == 8


def test_a_group_has_a_bound(hub_database: Database) -> None:
    writer = GroupWriter(group_max=3)
    writer.start()
    behind_a_gate(writer, 8, lambda _: count_up())
    writer.stop()
    assert writer.groups == 1 + 3
    assert feed() == 8


def test_one_that_fails_takes_nothing_but_itself_back(writer: GroupWriter) -> None:
    """The three are in one group: the first and the last are committed, the middle one is not."""

    def work(number: int) -> int:
        count_up()
        if number % 2:
            raise RuntimeError(f"number {number}")
        return number

    answers = behind_a_gate(writer, 6, work)
    assert answers[0::2] == [0, 2, 4]
    assert [str(a) for a in answers[1::2]] == ["number 1", "number 3", "number 5"]
    assert all(isinstance(a, RuntimeError) for a in answers[1::2])
    assert feed() == 3
    assert writer.groups == 2


def test_what_the_database_refuses_is_raised_where_it_was_asked_for(writer: GroupWriter) -> None:
    def work(number: int) -> int:
        if number == 1:
            change("INSERT INTO feed (id, n) VALUES (2, 0)")  # only row 1 may exist
        return count_up()

    answers = behind_a_gate(writer, 3, work)
    assert isinstance(answers[1], peewee.IntegrityError)
    assert feed() == 2


def test_without_a_running_writer_work_is_done_at_once(hub_database: Database) -> None:
    writer = GroupWriter()
    assert writer.run(count_up) == 1
    writer.start()
    assert writer.run(count_up) == 2
    writer.stop()
    assert writer.run(count_up) == 3
    assert writer.groups == 1


def test_what_waits_is_written_before_the_end(hub_database: Database) -> None:
    writer = GroupWriter()
    writer.start()
    gate = Gate()
    threads = [threading.Thread(target=writer.run, args=(gate.work,))]
    threads += [threading.Thread(target=writer.run, args=(count_up,)) for _ in range(5)]
    threads[0].start()
    assert gate.entered.wait(30)
    for thread in threads[1:]:
        thread.start()
    while writer.waiting() < 5:
        pass
    gate.may_go.set()
    writer.stop()
    for thread in threads:
        thread.join(30)
    assert feed() == 5


def test_many_count_without_a_gap(writer: GroupWriter) -> None:
    told = at_once(8, lambda _: [writer.run(count_up) for _ in range(10)])
    counted = sorted(n for some in told if isinstance(some, list) for n in some)
    assert counted == list(range(1, 81)), told
    assert writer.groups <= 80


def test_a_group_stands_beside_writers_who_commit_alone(writer: GroupWriter) -> None:
    def work(worker: int) -> list[int]:
        transaction = writer.run if worker % 2 else money_transaction
        return [transaction(count_up) for _ in range(5)]

    told = at_once(6, work)
    counted = sorted(n for some in told if isinstance(some, list) for n in some)
    assert counted == list(range(1, 31)), told


@pytest.mark.postgres
def test_one_that_was_overtaken_is_tried_alone(postgres_database: Database) -> None:
    """Somebody who does not queue up changes the row under it; its neighbours are not delayed."""
    writer = GroupWriter()
    writer.start()
    add_day = "UPDATE closed_through SET day = day + 1"
    tries: list[int] = []

    def overtaken() -> int:
        tries.append(int(rows("SELECT day FROM closed_through")[0][0]))
        if len(tries) == 1:
            with psycopg.connect(postgres_database.dsn, autocommit=True) as somebody:
                somebody.execute(add_day)
        change(add_day)
        return tries[-1]

    answers = behind_a_gate(writer, 3, lambda number: overtaken() if number == 1 else count_up())
    writer.stop()
    assert answers[1] == 1
    assert feed() == 2
    assert rows("SELECT day FROM closed_through") == [(2,)]


@pytest.mark.postgres
def test_a_group_whose_connection_breaks_is_told_by_each_for_itself(
    postgres_database: Database, caplog: pytest.LogCaptureFixture
) -> None:
    """The one that breaks it finds out alone; the others are written after all."""
    writer = GroupWriter()
    writer.start()

    def work(number: int) -> int:
        if number == 1 and threading.current_thread().name == "group writer":
            rows("SELECT pg_terminate_backend(pg_backend_pid())")
        return count_up()

    answers = behind_a_gate(writer, 3, work)
    writer.stop()
    assert sorted(map(str, answers)) == ["1", "2", "3"]
    assert feed() == 3
    assert "a group of 3 could not be written" in caplog.text
    assert caplog.records[-1].levelno == logging.ERROR


def test_the_writer_gives_its_connection_back(writer: GroupWriter) -> None:
    writer.run(count_up)
    writer.stop()
    HUB.connect(reuse_if_open=True)
    assert feed() == 1
