"""Whoever writes takes along what waits, and each gets what he would have got alone."""

from __future__ import annotations

import contextvars
import logging
import threading
from collections.abc import Callable
from typing import Any

import apsw
import peewee
import pytest

from central.foundation.db.engine import HUB, change, money_transaction, reading, rows, savepoint
from central.foundation.db.group_commit import GroupCommit
from tests.central.builders import Database, at_once


def feed() -> int:
    return int(rows("SELECT n FROM feed")[0][0])


def count_up() -> int:
    following = feed() + 1
    change("UPDATE feed SET n = ?", (following,))
    return following


class Writer:
    """The hub's way to write, with a group of its own and its transactions counted."""

    def __init__(self, group_max: int = 64) -> None:
        self.group = GroupCommit(group_max)

    def run(self, work: Callable[[], Any]) -> Any:
        return self.group.run(work, self.transaction, savepoint)

    def transaction(self, work: Callable[[], Any]) -> Any:
        HUB.connect(reuse_if_open=True)
        with HUB.atomic("IMMEDIATE"):
            return work()

    @property
    def sizes(self) -> list[int]:
        return list(self.group.sizes)


@pytest.fixture
def writer(sqlite_database: Database) -> Writer:
    return Writer()


class Gate:
    """Work that keeps the writer busy until it is told to go on, so that others queue up."""

    def __init__(self) -> None:
        self.entered, self.may_go = threading.Event(), threading.Event()

    def work(self) -> str:
        self.entered.set()
        assert self.may_go.wait(30)
        return "gate"


def behind_a_gate(
    writer: Writer,
    count: int,
    work: Callable[[int], Any],
    before: Callable[[int], object] = lambda number: number,
) -> list[Any]:
    """Let ``count`` callers queue up, in order, behind one who writes; return their answers."""
    gate, moment = Gate(), threading.Event()
    first = threading.Thread(target=writer.run, args=(gate.work,))
    first.start()
    assert gate.entered.wait(30)

    def caller(number: int) -> Any:
        while writer.group.waiting() < number:
            moment.wait(0.001)
        if number == count:
            gate.may_go.set()
            return None
        before(number)
        try:
            return writer.run(lambda: work(number))
        except KeyboardInterrupt as exc:
            return exc

    answers = at_once(count + 1, caller)
    first.join(30)
    return list(answers[:count])


def test_what_is_returned_is_committed(writer: Writer) -> None:
    assert writer.run(count_up) == 1
    assert feed() == 1


def test_whoever_waits_goes_into_one_transaction_in_the_order_of_coming(writer: Writer) -> None:
    assert behind_a_gate(writer, 8, lambda _: count_up()) == list(range(1, 9))
    assert writer.sizes == [1, 8]
    assert feed() == 8


def test_a_group_has_a_bound(sqlite_database: Database) -> None:
    writer = Writer(group_max=3)
    behind_a_gate(writer, 8, lambda _: count_up())
    assert writer.sizes == [1, 3, 3, 2]
    assert feed() == 8


def test_one_that_fails_takes_nothing_but_itself_back(writer: Writer) -> None:
    """They are in one group: what does not fail is committed, the rest is not."""

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
    assert writer.sizes == [1, 6]


def test_what_the_database_refuses_is_raised_where_it_was_asked_for(writer: Writer) -> None:
    def work(number: int) -> int:
        if number == 1:
            change("INSERT INTO feed (id, n) VALUES (2, 0)")  # only row 1 may exist
        return count_up()

    answers = behind_a_gate(writer, 3, work)
    assert isinstance(answers[1], peewee.IntegrityError)
    assert feed() == 2


def test_each_sees_its_own_context_in_whatever_thread_it_runs(writer: Writer) -> None:
    """A request's language and person are context variables."""
    who: contextvars.ContextVar[int] = contextvars.ContextVar("who")

    answers = behind_a_gate(writer, 6, lambda number: (number, who.get()), before=who.set)
    assert answers == [(n, n) for n in range(6)]
    assert writer.sizes == [1, 6]


def test_a_group_that_is_broken_for_all_is_tried_by_each(
    writer: Writer, caplog: pytest.LogCaptureFixture
) -> None:
    """As a full disk takes the whole transaction back, and the one that is too large fails."""

    def work(number: int) -> int:
        if number == 1:
            change("ROLLBACK")
            raise RuntimeError("too large")
        return count_up()

    answers = behind_a_gate(writer, 3, work)
    assert sorted((answers[0], answers[2])) == [1, 2]
    assert isinstance(answers[1], Exception)
    assert feed() == 2
    assert "a group of 3 could not be written" in caplog.text
    assert caplog.records[-1].levelno == logging.ERROR


def test_who_leads_and_is_interrupted_leaves_nobody_waiting(writer: Writer) -> None:
    calls: list[int] = []

    def work(number: int) -> int:
        calls.append(number)
        if number == 0:
            raise KeyboardInterrupt
        return count_up()

    answers = behind_a_gate(writer, 4, work)
    assert isinstance(answers[0], KeyboardInterrupt)
    assert sorted(answers[1:]) == [1, 2, 3]
    assert feed() == 3


def test_what_writes_within_a_transaction_is_part_of_it(sqlite_database: Database) -> None:
    def outer() -> int:
        money_transaction(count_up)
        raise RuntimeError("all of it")

    with pytest.raises(RuntimeError, match="all of it"):
        money_transaction(outer)
    assert feed() == 0


def test_many_count_without_a_gap(sqlite_database: Database) -> None:
    told = at_once(8, lambda _: [money_transaction(count_up) for _ in range(10)])
    counted = sorted(n for some in told if isinstance(some, list) for n in some)
    assert counted == list(range(1, 81)), told


def test_a_group_stands_beside_other_processes(sqlite_database: Database) -> None:
    """Somebody with a connection of his own writes meanwhile, as another process does."""
    done = threading.Event()

    def other() -> int:
        somebody = apsw.Connection(str(sqlite_database.sqlite_file))
        somebody.set_busy_timeout(30_000)
        times = 0
        while not done.wait(0.002):
            somebody.execute("UPDATE closed_through SET day = day + 1")
            times += 1
        somebody.close()
        return times

    def client(number: int) -> Any:
        if number == 0:
            return other()
        try:
            return [money_transaction(count_up) for _ in range(10)]
        finally:
            if number == 1:
                done.set()

    told = at_once(5, client)
    counted = sorted(n for some in told if isinstance(some, list) for n in some)
    assert counted == list(range(1, 41)), told
    assert reading(lambda: rows("SELECT day FROM closed_through")) == [(told[0],)]
