"""Bills from before 0010_reconciliation_sources.py are kept on, with what they proved."""

from __future__ import annotations

import importlib.util
from typing import Any

from central.foundation.db.engine import HUB, MIGRATIONS, change, is_sqlite, money_transaction, rows
from central.money.reconciliation.match import Kind
from central.money.reconciliation.resolve import Decision, differences, resolve
from central.money.reconciliation.unproven import unproven
from tests.central.builders import Database
from tests.central.money.reconciliation.bills import (
    BY,
    TODAY,
    assert_all_proofs_come_to_their_lines,
    pay,
)

NEW = ("supplier_statement", "settled", "proof", "difference", "bill_line", "bill", "bill_file")


def migration(name: str) -> Any:
    spec = importlib.util.spec_from_file_location(name, MIGRATIONS / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def go_back() -> None:
    """Leave the database as 0009 had it."""
    for table in NEW:
        change(f"DROP TABLE {table}")
    if not is_sqlite(HUB.obj):
        change("DROP FUNCTION reconciliation_refuses()")
    migration("0009_reconciliation").up(None, HUB.obj)


def old_bills() -> None:
    """A bill of two days with the same bytes: a line that proves, one that differs."""
    for bill_id, day in ((3, TODAY), (5, TODAY + 1)):
        change(
            "INSERT INTO bill (id, source, day, account, sha256, raw, taken_at_s, taken_by)"
            " VALUES (?, 'web', ?, '1010.web', ?, ?, 1, 'li')",
            (bill_id, day, b"x" * 32, b"as it came"),
        )
    for n, number, minor, proves in ((1, "P1", 8800, "number"), (2, "P2", 500, None)):
        change(
            "INSERT INTO bill_line (bill_id, n, number, channel_number, refund_number, amount,"
            " currency, proves) VALUES (3, ?, ?, '', '', ?, 'CNY', ?)",
            (n, number, minor, proves),
        )
    [(entry,)] = rows("SELECT e.id FROM entry e JOIN account a ON a.id = account_id"
                      " WHERE code = '1010.web'")  # fmt: skip
    change("INSERT INTO proof (entry_id, bill_id, n) VALUES (?, 3, 1)", (entry,))
    change(
        "INSERT INTO difference (id, bill_id, n, kind, amount, state, opened_at_s)"
        " VALUES (9, 3, 2, 'not-in-books', 500, 'open', 1)"
    )


def test_what_was_proven_stays_proven_and_what_was_open_can_be_resolved(
    hub_database: Database,
) -> None:
    pay("P1", "88.00")
    with HUB.atomic():
        go_back()
        old_bills()
        migration("0010_reconciliation_sources").up(None, HUB.obj)
    assert rows("SELECT id, kind, part, parts FROM bill ORDER BY id") == [
        (3, "trade", "", 1), (5, "trade", "", 1),
    ]  # fmt: skip
    assert [bytes(raw) for (raw,) in rows("SELECT raw FROM bill_file")] == [b"as it came"]
    assert unproven() == []
    [one] = differences()
    assert (one.id, one.kind, one.number) == (9, Kind.NOT_IN_BOOKS, "P2")
    assert resolve(9, Decision("2010", "paid"), BY).state == "resolved"
    assert_all_proofs_come_to_their_lines()
    [(new,)] = money_transaction(
        lambda: rows(
            "INSERT INTO bill (source, kind, part, parts, day, account, sha256, file_id,"
            " taken_at_s, taken_by) SELECT source, kind, part, parts, 20260420, account, sha256,"
            " file_id, 1, 'li' FROM bill WHERE id = 3 RETURNING id"
        )
    )
    assert new == 6
