"""The audit believes nobody: it is held against books that somebody has altered."""

from __future__ import annotations

import pytest

from central.foundation.db.engine import HUB, change, money_transaction, rows
from central.money.ledger import store
from central.money.ledger.audit import audit, size
from central.money.ledger.posting import Posting, credit, debit
from tests.builders import NOW_S
from tests.central.builders import Database


@pytest.fixture
def books(hub_database: Database) -> Database:
    """Two journals: money comes in, part of it goes out."""
    for number, (account, other, minor) in enumerate(
        [("1010.counter", "2010", 100), ("2010", "2020.7", 60)]
    ):
        legs = (debit(account, minor), credit(other, minor))
        posting = Posting(f"k{number}", "test", "", "CNY", legs, 20260411, "test")
        money_transaction(lambda posting=posting: store.post(posting, NOW_S))  # type: ignore[misc]
    return hub_database


def tamper(statement: str) -> None:
    """Do what the schema forbids, as somebody with the database's own password can."""
    if HUB.param == "?":
        for (name,) in rows("SELECT name FROM sqlite_master WHERE type = 'trigger'"):
            change(f"DROP TRIGGER {name}")
        change("PRAGMA foreign_keys = off")
    else:
        change("SET session_replication_role = replica")  # no trigger, no foreign key
    change(statement)


def test_untouched_books_are_sound(books: Database) -> None:
    assert audit() == []
    assert size() == (2, 4)


@pytest.mark.parametrize(
    ("statement", "findings"),
    [
        (
            "UPDATE entry SET amount = 999 WHERE amount = 60 AND side = 1",
            ["journal 2 does not balance in CNY on layer 1: 939",
             "account 2010 says 60/100, its entries say 999/100"],
        ),
        (
            "DELETE FROM entry WHERE amount = 60 AND side = -1",
            ["journal 2 does not balance in CNY on layer 1: 60",
             "account 2020.7 says 0/60, its entries say 0/0"],
        ),
        (
            "UPDATE account SET c = 61 WHERE code = '2020.7'",
            ["account 2020.7 says 0/61, its entries say 0/60"],
        ),
        (
            "UPDATE account SET pd = 5 WHERE code = '2020.7'",
            ["account 2020.7 holds 5/0, its open holds say 0/0"],
        ),
        (
            "DELETE FROM journal WHERE id = 2",
            ["entry 3 belongs to no journal", "entry 4 belongs to no journal"],
        ),
    ],
    ids=["amount", "entry-gone", "total", "held", "journal-gone"],
)  # fmt: skip
def test_what_was_altered_is_named(books: Database, statement: str, findings: list[str]) -> None:
    tamper(statement)
    assert sorted(audit()) == sorted(findings)


def test_money_out_of_nowhere_is_found(books: Database) -> None:
    tamper(
        "INSERT INTO entry (journal_id, account_id, layer, side, amount)"
        " SELECT 77, id, 1, -1, 1000000 FROM account WHERE code = '2020.7'"
    )
    found = "\n".join(audit())
    assert "journal 77 does not balance" in found
    assert "belongs to no journal" in found
    assert "account 2020.7 says 0/60, its entries say 0/1000060" in found


def test_open_holds_are_counted(books: Database) -> None:
    """A hold, and after it one that was given back: only the first is still held."""
    for number, phase, side, pending in ((11, "pending", 1, None), (12, "pending", 1, None),
                                         (13, "void", -1, 12)):  # fmt: skip
        with HUB.atomic():
            for code, way in (("2020.7", side), ("2010", -side)):
                change(
                    "INSERT INTO entry (journal_id, account_id, layer, side, amount)"
                    " SELECT ?, id, 2, ?, 20 FROM account WHERE code = ?",
                    (number, way, code),
                )
            change(
                "INSERT INTO journal (id, idem, req_hash, kind, ref, phase, pending_id, effective,"
                " at_s, actor) VALUES (?, ?, ?, 'hold', '', ?, ?, 20260411, 0, 'test')",
                (number, f"h{number}", b"", phase, pending),
            )
    assert audit() == []
    assert rows("SELECT pd, pc FROM account WHERE code = '2020.7'") == [(20, 0)]
