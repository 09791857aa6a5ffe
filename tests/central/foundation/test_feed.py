"""The counter behind every cursor: numbers commit in their own order."""

from __future__ import annotations

import pytest

from central.foundation.db.engine import change, money_transaction, rows
from central.foundation.feed import newest_change, next_change
from tests.central.builders import Database, at_once


def test_every_change_has_the_next_number(hub_database: Database) -> None:
    assert newest_change() == 0
    assert [money_transaction(next_change) for _ in range(3)] == [1, 2, 3]
    assert newest_change() == 3


def test_a_change_that_does_not_happen_leaves_no_hole(hub_database: Database) -> None:
    def work() -> None:
        next_change()
        raise RuntimeError("not this time")

    with pytest.raises(RuntimeError):
        money_transaction(work)
    assert money_transaction(next_change) == 1


def test_numbers_are_given_once_and_seen_in_their_order(hub_database: Database) -> None:
    """Whoever sees a number sees every change below it: nothing commits behind a cursor."""
    change("CREATE TABLE made (n BIGINT PRIMARY KEY)")

    def work(worker: int) -> list[tuple[int, int]]:
        if worker:
            for _ in range(8):
                money_transaction(lambda: change("INSERT INTO made VALUES (?)", (next_change(),)))
            return []
        return [rows("SELECT (SELECT n FROM feed), count(*) FROM made")[0] for _ in range(200)]

    told = at_once(9, work)
    assert isinstance(told[0], list)
    assert all(newest == count for newest, count in told[0])
    assert newest_change() == 64
