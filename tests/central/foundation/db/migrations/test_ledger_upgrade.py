"""Books from before 0003_ledger_proofs.py are kept on, and can be proven like new ones."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import peewee
import psycopg
import pytest
from playhouse.migrations import Runner

from central.errors import PostingRefused
from central.foundation.db.engine import (
    HUB,
    MIGRATIONS,
    change,
    is_sqlite,
    money_transaction,
    open_database,
    rows,
)
from central.money.ledger import store
from central.money.ledger.audit import prove
from central.money.ledger.balance import Balance
from central.money.ledger.close import close_day
from central.money.ledger.posting import Posting, credit, debit
from central.money.ledger.seal import newest_seal, seal_new
from tests.central.builders import Database, close_hub
from tests.central.postgres import PostgresServer

ACCOUNTS = (("1010.web", "A", 1, None), ("2010", "L", -1, 0), ("2310.S0412", "L", -1, None))
LEGS = ((1, "1010.web", "2010", 100), (2, "1010.web", "2010", 60), (3, "2010", "2310.S0412", 45))


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def old_books(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Database]:
    """A hub of before with three journals, made by the two migrations that there were."""
    file, dsn, name = tmp_path / "hub.db", "", ""
    if request.param == "postgres":
        server: PostgresServer = request.getfixturevalue("postgres_server")
        name = server.create()
        dsn = server.dsn(name)
    write_old(dsn, file)
    yield Database(dsn, file)
    close_hub()
    if name:
        server.drop(name)


def write_old(dsn: str, file: Path) -> None:
    from playhouse.apsw_ext import APSWDatabase  # noqa: PLC0415
    from playhouse.pool import PooledPostgresqlDatabase  # noqa: PLC0415

    database: peewee.Database = (
        PooledPostgresqlDatabase(dsn, prefer_psycopg3=True)
        if dsn
        else APSWDatabase(str(file), pragmas=[("foreign_keys", "on")])
    )
    HUB.initialize(database)
    HUB.connect()
    if not dsn:
        HUB.connection().convert_binding = lambda _cursor, _number, value: str(value)
    Runner(database, str(MIGRATIONS)).up("0002_ledger")
    for code, kind, sign, floor in ACCOUNTS:
        change(
            "INSERT INTO account (code, type, currency, sign, floor) VALUES (?, ?, 'CNY', ?, ?)",
            (code, kind, sign, floor),
        )
    for number, from_, to, minor in LEGS:
        with HUB.atomic():
            for code, side in ((from_, 1), (to, -1)):
                change(
                    "INSERT INTO entry (journal_id, account_id, layer, side, amount)"
                    " SELECT ?, id, 1, ?, ? FROM account WHERE code = ?",
                    (number, side, minor, code),
                )
            change(
                "INSERT INTO journal (id, idem, req_hash, kind, ref, phase, effective, at_s, actor)"
                " VALUES (?, ?, ?, 'old', '', 'posted', 20260410, 0, 'test')",
                (number, f"old:{number}", b"x" * 32),
            )
    if dsn:
        rows("SELECT setval('journal_number', 3)")
    close_hub()


def test_what_was_there_is_sealed_and_sound(old_books: Database) -> None:
    open_database(old_books.dsn, old_books.sqlite_file)
    assert newest_seal().journal_id == 3
    proof = prove()
    assert (proof.findings, proof.journals, proof.unsealed) == ([], 3, 0)


def test_balances_are_what_they_were(old_books: Database) -> None:
    open_database(old_books.dsn, old_books.sqlite_file)
    for code, posted in (("1010.web", 160), ("2010", 115), ("2310.S0412", 45)):
        assert store.balance(code) == Balance(posted, 0)
        assert store.balance(code, 20260410) == Balance(posted, 0)


def test_it_goes_on(old_books: Database) -> None:
    open_database(old_books.dsn, old_books.sqlite_file)

    def pay(idem: str, minor: int, day: int) -> int:
        legs = (debit("1010.web", minor), credit("2010", minor))
        posting = Posting(idem, "paid", "", "CNY", legs, day, "test")
        return money_transaction(lambda: store.post(posting, 0)).id

    assert pay("new", 5, 20260411) == 4
    seal_new()
    close_day(20260410, 0, today=20260411, actor="test")
    with pytest.raises(PostingRefused, match="closed"):
        pay("late", 5, 20260410)
    assert store.balance("1010.web") == Balance(165, 0)
    assert prove().findings == []


def test_accounts_become_hot_on_postgresql_only(old_books: Database) -> None:
    open_database(old_books.dsn, old_books.sqlite_file)
    found = {code: (bool(hot), floor, rolled) for code, hot, floor, rolled in rows(
        "SELECT code, hot, floor, rolled FROM account"
    )}  # fmt: skip
    if is_sqlite(HUB.obj):
        assert found == {
            "1010.web": (False, None, 0), "2010": (False, 0, 0), "2310.S0412": (False, None, 0),
        }  # fmt: skip
    else:
        assert found == {
            "1010.web": (True, None, 6), "2010": (True, None, 6), "2310.S0412": (False, None, 0),
        }  # fmt: skip
        with psycopg.connect(old_books.dsn) as connection:
            keys = connection.execute(
                "SELECT conname FROM pg_constraint WHERE conrelid = 'entry'::regclass"
                " AND contype = 'f'"
            ).fetchall()
        assert keys == [("entry_journal_id_fkey",)]
