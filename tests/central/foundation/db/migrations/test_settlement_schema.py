"""What 0008_settlement.py promises: an issued statement is never edited, whoever asks."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import peewee
import pytest

from central.foundation.db.engine import change, rows
from tests.central.builders import Database

HASH = b"\x01" * 32


@pytest.fixture
def issued(hub_database: Database) -> Database:
    """An issued statement of one line, and a draft of one."""
    add_statement("S1-20260411", 1, 20260411)
    add_line("S1-20260411", 1)
    go("S1-20260411", "issued", hash=HASH, prev_hash=HASH, issued_at_s=5, answer_until_s=9)
    add_statement("S1-20260412", 2, 20260412)
    add_line("S1-20260412", 1)
    return hub_database


def insert(table: str, **values: Any) -> None:
    marks = ", ".join("?" for _ in values)
    change(f"INSERT INTO {table} ({', '.join(values)}) VALUES ({marks})", tuple(values.values()))


def add_statement(no: str, n: int, day: int, **bent: Any) -> None:
    values = {
        "no": no, "store_id": "S1", "n": n, "day": day, "currency": "CNY", "state": "draft",
        "opening": 0, "gross": 100, "fee": 1, "net": 99, "due": 99, "closing": 99,
        "volume_before": 0, "fee_version": 0, "drawn_up_at_s": 1, **bent,
    }  # fmt: skip
    insert("statement", **values)


def add_line(no: str, n: int, **bent: Any) -> None:
    values = {
        "statement_no": no, "n": n, "store_id": "S1", "kind": "redemption",
        "business_day": 20260411, "is_late": False, "at_s": 1, "gross": 100, "fee": 1, "net": 99,
        "due": 99, "settles": f"{no}/{n}", **bent,
    }  # fmt: skip
    insert("statement_line", **values)


def go(no: str, state: str, **changes: Any) -> None:
    sets = "".join(f", {name} = ?" for name in changes)
    change(f"UPDATE statement SET state = ?{sets} WHERE no = ?", (state, *changes.values(), no))


@contextmanager
def refused(why: str) -> Iterator[None]:
    before = state()
    with pytest.raises(peewee.DatabaseError, match=why):
        yield
    assert state() == before


def state() -> list[Any]:
    return [
        rows("SELECT no, state, opening, closing, hash, payout_no FROM statement ORDER BY no"),
        rows("SELECT statement_no, n, gross, due FROM statement_line ORDER BY statement_no, n"),
    ]


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE statement SET opening = opening + 1, closing = closing + 1",
        "UPDATE statement SET gross = 101, net = 100, closing = 100",
        "UPDATE statement SET due = 1",
        "UPDATE statement SET day = 20260401",
        "UPDATE statement SET currency = 'USD'",
        "UPDATE statement SET store_id = 'S2'",
        "UPDATE statement SET prev_hash = NULL",
        "UPDATE statement SET answer_until_s = 99",
        "UPDATE statement SET fee_journal_id = NULL, volume_before = 7",
        "UPDATE statement SET state = 'draft'",
        "DELETE FROM statement",
    ],
)
def test_an_issued_statement_is_never_edited(issued: Database, statement: str) -> None:
    with refused("settlement: (an issued statement|a statement does not go this way)"):
        change(f"{statement} WHERE no = 'S1-20260411'")


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE statement_line SET gross = 1, net = 0 WHERE statement_no = 'S1-20260411'",
        "UPDATE statement_line SET due = 0 WHERE statement_no = 'S1-20260411'",
        "UPDATE statement_line SET statement_no = 'S1-20260412', n = 2"
        " WHERE statement_no = 'S1-20260411'",
        "UPDATE statement_line SET statement_no = 'S1-20260411', n = 2"
        " WHERE statement_no = 'S1-20260412'",
        "DELETE FROM statement_line WHERE statement_no = 'S1-20260411'",
    ],
)
def test_the_lines_of_an_issued_statement_are_never_edited(
    issued: Database, statement: str
) -> None:
    with refused("settlement: the lines of an issued statement stay"):
        change(statement)


def test_nothing_is_added_to_an_issued_statement(issued: Database) -> None:
    with refused("settlement: the lines of an issued statement stay"):
        add_line("S1-20260411", 2)


def test_a_draft_may_be_drawn_up_anew(issued: Database) -> None:
    change("UPDATE statement_line SET due = 98 WHERE statement_no = 'S1-20260412'")
    change("DELETE FROM statement_line WHERE statement_no = 'S1-20260412'")
    change("DELETE FROM statement WHERE no = 'S1-20260412'")
    assert [row[0] for row in rows("SELECT no FROM statement")] == ["S1-20260411"]


@pytest.mark.parametrize(
    "bent",
    [
        {"state": "issued", "hash": HASH, "prev_hash": HASH, "issued_at_s": 1,
         "answer_until_s": 1},
        {"hash": HASH}, {"payout_no": "P1"}, {"net": 98}, {"closing": 98}, {"state": "lost"},
        {"store_id": "S1", "n": 1}, {"store_id": "S1", "day": 20260411}, {"day": 11},
        {"currency": "RMBY"},
    ],
    ids=str,
)  # fmt: skip
def test_a_statement_that_cannot_be_is_refused(issued: Database, bent: dict[str, Any]) -> None:
    values: dict[str, Any] = {"store_id": "S3", "n": 7, "day": 20260413, **bent}
    with refused("(?i)settlement: |check|unique"):
        add_statement("S3-20260413", values.pop("n"), values.pop("day"), **values)


def test_a_store_has_one_draft(issued: Database) -> None:
    with refused("(?i)unique"):
        add_statement("S1-20260413", 3, 20260413)


@pytest.mark.parametrize(
    ("source", "target"),
    [
        ("issued", "payable"), ("issued", "paid"), ("issued", "draft"), ("confirmed", "issued"),
        ("confirmed", "disputed"), ("confirmed", "paid"), ("disputed", "confirmed"),
        ("payable", "confirmed"), ("paid", "payable"),
    ],
)  # fmt: skip
def test_a_statement_only_goes_the_ways_that_are_listed(
    issued: Database, source: str, target: str
) -> None:
    ways = {
        "issued": [], "confirmed": ["confirmed"], "disputed": ["disputed"],
        "payable": ["confirmed", "payable"], "paid": ["confirmed", "payable", "paid"],
    }  # fmt: skip
    for state_ in ways[source]:
        go("S1-20260411", state_, payout_no="P1" if state_ == "paid" else None)
    with refused("settlement: a statement does not go this way|check"):
        go("S1-20260411", target)


def test_what_was_paid_stays_the_payout_s(issued: Database) -> None:
    for state_, no in (("confirmed", None), ("payable", "P1"), ("paid", "P1")):
        go("S1-20260411", state_, payout_no=no)
    for number in ("P2", None):
        with refused("settlement: a statement that was paid stays so|check"):
            change("UPDATE statement SET payout_no = ? WHERE no = 'S1-20260411'", (number,))


@pytest.mark.parametrize(
    "bent",
    [{"net": 98}, {"settles": ""}, {"settles": "S1-20260411/1"}, {"n": 0}],
    ids=str,
)
def test_a_line_that_cannot_be_is_refused(issued: Database, bent: dict[str, Any]) -> None:
    with refused("(?i)check|unique"):
        add_line("S1-20260412", bent.get("n", 2), **{k: v for k, v in bent.items() if k != "n"})


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE disputed_line SET note = 'another'",
        "UPDATE disputed_line SET due = 1",
        "DELETE FROM disputed_line",
    ],
)
def test_a_settled_dispute_stays(issued: Database, statement: str) -> None:
    insert("disputed_line", statement_no="S1-20260411", n=1, due=99, reason="r", opened_at_s=1,
           opened_by="li", settled_at_s=2, settled_by="li", note="n")  # fmt: skip
    with refused("settlement: a dispute"):
        change(statement)


@pytest.mark.parametrize(
    "table", ["statement", "statement_line", "disputed_line", "fee_model", "conflict_case",
              "policy_version"],
)  # fmt: skip
@pytest.mark.postgres
def test_nothing_is_truncated(postgres_database: Database, table: str) -> None:
    with pytest.raises(peewee.IntegrityError, match="nothing is ever truncated"):
        change(f"TRUNCATE {table} CASCADE")


def test_sqlite_replaces_nothing(sqlite_database: Database) -> None:
    """REPLACE deletes without asking the DELETE triggers, unless recursive_triggers is on."""
    add_statement("S1-20260411", 1, 20260411)
    add_line("S1-20260411", 1)
    go("S1-20260411", "issued", hash=HASH, prev_hash=HASH, issued_at_s=5, answer_until_s=9)
    for statement in (
        "INSERT OR REPLACE INTO statement_line SELECT * FROM statement_line",
        "INSERT OR REPLACE INTO statement SELECT * FROM statement",
    ):
        with refused("settlement: |FOREIGN KEY"):
            change(statement)
