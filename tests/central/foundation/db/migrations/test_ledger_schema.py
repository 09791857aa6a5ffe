"""What 0002_ledger.py promises: the database itself refuses, whoever asks and in what language.

No function of ours stands between these statements and the database.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import peewee
import pytest

from central.foundation.db.engine import HUB, change, rows
from tests.central.builders import Database

TILL, CUSTOMERS, HOLDERS, ABROAD = 1, 2, 3, 4
DEBIT, CREDIT = 1, -1
PAID = ((TILL, DEBIT, 100), (HOLDERS, CREDIT, 100))
"""Money comes in: the legs that most tests bend."""


@pytest.fixture
def ledger(hub_database: Database) -> Database:
    """Four accounts: what is in the till, two debts with a floor of 0, and one in dollars."""
    for number, code, kind, currency, sign, floor in (
        (TILL, "1010.till", "A", "CNY", 1, None),
        (CUSTOMERS, "2010", "L", "CNY", -1, 0),
        (HOLDERS, "2020.7", "L", "CNY", -1, 0),
        (ABROAD, "1010.abroad", "A", "USD", 1, None),
    ):
        change(
            "INSERT INTO account (id, code, type, currency, sign, floor) VALUES (?, ?, ?, ?, ?, ?)",
            (number, code, kind, currency, sign, floor),
        )
    return hub_database


def add_entry(journal: int, account: int, side: int, amount: Any, layer: int = 1) -> None:
    change(
        "INSERT INTO entry (journal_id, account_id, layer, side, amount) VALUES (?, ?, ?, ?, ?)",
        (journal, account, layer, side, amount),
    )


def add_journal(number: int, **bent: Any) -> None:
    values: dict[str, Any] = {
        "id": number, "idem": f"j{number}", "req_hash": b"", "kind": "test", "ref": "",
        "phase": "posted", "pending_id": None, "reverses_id": None, "effective": 20260411,
        "at_s": 0, "actor": "test", **bent,
    }  # fmt: skip
    marks = ", ".join("?" for _ in values)
    change(f"INSERT INTO journal ({', '.join(values)}) VALUES ({marks})", tuple(values.values()))


def write(number: int, *legs: tuple[int, int, Any], layer: int = 1, **bent: Any) -> None:
    """Entries first, their journal last, in one transaction."""
    with HUB.atomic():
        for account, side, amount in legs:
            add_entry(number, account, side, amount, layer)
        add_journal(number, **bent)


def hold(number: int, amount: int) -> None:
    legs = ((HOLDERS, DEBIT, amount), (CUSTOMERS, CREDIT, amount))
    write(number, *legs, layer=2, phase="pending")


def resolve(number: int, of: int, amount: int, phase: str = "void") -> None:
    legs = ((HOLDERS, CREDIT, amount), (CUSTOMERS, DEBIT, amount))
    write(number, *legs, layer=2, phase=phase, pending_id=of)


@contextmanager
def refused(why: str) -> Iterator[None]:
    before = state()
    with pytest.raises(peewee.DatabaseError, match=why):
        yield
    assert state() == before


def state() -> list[Any]:
    return [
        rows("SELECT id, idem, phase, effective FROM journal ORDER BY id"),
        rows("SELECT journal_id, account_id, layer, side, amount FROM entry ORDER BY id"),
        rows("SELECT code, type, currency, sign, d, c, pd, pc FROM account ORDER BY id"),
        rows("SELECT day FROM closed_through"),
    ]


def held(account: int) -> tuple[Any, ...]:
    return rows("SELECT d, c, pd, pc FROM account WHERE id = ?", (account,))[0]


def test_a_balanced_journal_moves_the_totals(ledger: Database) -> None:
    write(1, *PAID)
    assert held(TILL) == (100, 0, 0, 0)
    assert held(HOLDERS) == (0, 100, 0, 0)


@pytest.mark.parametrize(
    ("legs", "why"),
    [
        (((TILL, DEBIT, 100), (HOLDERS, CREDIT, 99)), "debits and credits differ"),
        (((TILL, DEBIT, 100), (HOLDERS, DEBIT, 100)), "debits and credits differ"),
        (((ABROAD, DEBIT, 100), (HOLDERS, CREDIT, 100)), "debits and credits differ"),
        (((TILL, DEBIT, 100),), "two entries at least"),
        ((), "two entries at least"),
        (((HOLDERS, DEBIT, 1), (TILL, CREDIT, 1)), "account_floor"),
        (((TILL, DEBIT, 0), (HOLDERS, CREDIT, 0)), "(?i)check"),
        (((TILL, DEBIT, -5), (HOLDERS, CREDIT, -5)), "(?i)check"),
        (((TILL, 2, 5), (HOLDERS, -2, 5)), "(?i)check"),
        (((99, DEBIT, 5), (HOLDERS, CREDIT, 5)), "(?i)foreign key|there is no such account"),
    ],
    ids=["unbalanced", "one-sided", "mixed-currency", "one-leg", "no-leg", "overdraw", "zero",
         "negative", "no-side", "no-account"],
)  # fmt: skip
def test_a_journal_that_breaks_a_rule_is_refused(
    ledger: Database, legs: tuple[tuple[int, int, int], ...], why: str
) -> None:
    with refused(why):
        write(1, *legs)


def test_currencies_balance_each_for_itself(ledger: Database) -> None:
    """Both sums are zero over all entries, and neither is over its currency's."""
    with refused("debits and credits differ"):
        write(1, (TILL, DEBIT, 5), (ABROAD, DEBIT, 5), (HOLDERS, CREDIT, 10))


def test_an_amount_beyond_64_bits_is_refused(ledger: Database) -> None:
    with pytest.raises((peewee.DatabaseError, OverflowError)):
        write(1, (TILL, DEBIT, 2**63), (HOLDERS, CREDIT, 2**63))
    with refused("entry_whole|out of range"):
        change(
            "INSERT INTO entry (journal_id, account_id, layer, side, amount)"
            " VALUES (1, 1, 1, 1, 9223372036854775808)"
        )


def test_a_total_beyond_64_bits_is_refused(ledger: Database) -> None:
    """SQLite alone would go on with a floating-point number and lose the last digits."""
    most = 2**63 - 1
    write(1, (TILL, DEBIT, most), (HOLDERS, CREDIT, most))
    with refused("account_whole|out of range"):
        write(2, (TILL, DEBIT, most), (HOLDERS, CREDIT, most))


def test_sqlite_keeps_no_fraction_of_a_minor_unit(sqlite_database: Database) -> None:
    change("INSERT INTO account (id, code, type, currency, sign) VALUES (1, 'x', 'A', 'CNY', 1)")
    with refused("entry_whole"):
        add_entry(1, 1, DEBIT, 1.5)


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE entry SET amount = amount + 1",
        "UPDATE entry SET journal_id = 7",
        "UPDATE entry SET account_id = 2 WHERE account_id = 1",
        "DELETE FROM entry",
        "UPDATE journal SET effective = 20260101",
        "UPDATE journal SET idem = 'another'",
        "DELETE FROM journal",
        "DELETE FROM account",
        "UPDATE account SET code = 'another' WHERE id = 1",
        "UPDATE account SET type = 'E'",
        "UPDATE account SET currency = 'USD'",
        "UPDATE account SET sign = -sign",
        "DELETE FROM closed_through",
    ],
)
def test_what_is_written_stays(ledger: Database, statement: str) -> None:
    write(1, *PAID)
    with refused("ledger: .*(never|stays)"):
        change(statement)


@pytest.mark.parametrize("table", ["entry", "journal", "account", "closed_through"])
@pytest.mark.postgres
def test_nothing_is_truncated(postgres_database: Database, table: str) -> None:
    with pytest.raises(peewee.IntegrityError, match="nothing is ever truncated"):
        change(f"TRUNCATE {table} CASCADE")


@pytest.mark.parametrize(
    "statement",
    [
        "INSERT OR REPLACE INTO entry (id, journal_id, account_id, layer, side, amount)"
        " SELECT id, journal_id, account_id, layer, side, 1 FROM entry",
        "UPDATE OR REPLACE entry SET amount = 1",
        "INSERT OR REPLACE INTO journal SELECT * FROM journal",
        "INSERT OR REPLACE INTO account (id, code, type, currency, sign)"
        " VALUES (1, '1010.till', 'A', 'CNY', 1)",
        "INSERT OR REPLACE INTO closed_through (id, day) VALUES (1, 0)",
    ],
)
def test_sqlite_replaces_nothing(sqlite_database: Database, statement: str) -> None:
    """REPLACE deletes without asking the DELETE triggers, unless recursive_triggers is on."""
    for number, code in ((TILL, "1010.till"), (HOLDERS, "2020.7")):
        change(
            "INSERT INTO account (id, code, type, currency, sign) VALUES (?, ?, 'A', 'CNY', 1)",
            (number, code),
        )
    write(1, *PAID)
    with refused("ledger: "):
        change(statement)


def test_an_entry_is_not_added_to_a_sealed_journal(ledger: Database) -> None:
    write(1, *PAID)
    with refused("the journal is sealed"):
        add_entry(1, TILL, DEBIT, 5)


def test_an_entry_without_a_journal_cannot_be_committed(ledger: Database) -> None:
    with refused("(?i)foreign key"), HUB.atomic():
        add_entry(1, TILL, DEBIT, 5)
        add_entry(1, HOLDERS, CREDIT, 5)


def test_a_closed_day_takes_nothing_more(ledger: Database) -> None:
    change("UPDATE closed_through SET day = 20260410")
    write(1, *PAID, effective=20260411)
    with refused("the day is closed"):
        write(2, *PAID, effective=20260410)


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE closed_through SET day = 20260409",
        "UPDATE closed_through SET day = 0",
        "INSERT INTO closed_through (id, day) VALUES (2, 0)",
    ],
)
def test_a_closed_day_is_not_opened_again(ledger: Database, statement: str) -> None:
    change("UPDATE closed_through SET day = 20260410")
    with refused("a closed day stays closed|(?i:check)"):
        change(statement)


def test_a_closed_account_takes_nothing_more(ledger: Database) -> None:
    change("UPDATE account SET closed = ? WHERE id = ?", (True, TILL))
    with refused("the account is closed"):
        write(1, *PAID)


def test_a_key_is_used_once(ledger: Database) -> None:
    write(1, *PAID, idem="oc:1")
    with refused("(?i)unique"):
        write(2, *PAID, idem="oc:1")


@pytest.mark.parametrize(
    "bent",
    [
        {"phase": "wishful"},
        {"phase": "post"},
        {"phase": "void"},
        {"phase": "posted", "pending_id": 1},
        {"effective": 20260411000},
        {"effective": 11},
    ],
    ids=str,
)
def test_a_journal_that_says_nonsense_is_refused(ledger: Database, bent: dict[str, Any]) -> None:
    write(1, *PAID)
    with refused("(?i)check|out of range"):
        write(2, *PAID, **bent)


def test_a_hold_lowers_what_is_left_and_moves_no_money(ledger: Database) -> None:
    write(1, *PAID)
    hold(2, 60)
    assert held(HOLDERS) == (0, 100, 60, 0)
    with refused("account_floor"):
        hold(3, 41)
    with refused("account_floor"):
        write(4, (HOLDERS, DEBIT, 41), (TILL, CREDIT, 41))
    write(5, (HOLDERS, DEBIT, 40), (TILL, CREDIT, 40))


def test_a_void_gives_back_what_was_held(ledger: Database) -> None:
    write(1, *PAID)
    hold(2, 60)
    resolve(3, of=2, amount=60)
    assert held(HOLDERS) == (0, 100, 0, 0)


def test_a_hold_becomes_a_posting_in_one_journal(ledger: Database) -> None:
    write(1, *PAID)
    hold(2, 60)
    with HUB.atomic():
        for account, side in ((HOLDERS, DEBIT), (CUSTOMERS, CREDIT)):
            add_entry(3, account, side, 60)
            add_entry(3, account, -side, 60, layer=2)
        add_journal(3, phase="post", pending_id=2)
    assert held(HOLDERS) == (60, 100, 0, 0)
    assert held(CUSTOMERS) == (0, 60, 0, 0)


def test_a_hold_is_resolved_once(ledger: Database) -> None:
    write(1, *PAID)
    hold(2, 60)
    resolve(3, of=2, amount=60)
    with refused("(?i)unique|account_"):
        resolve(4, of=2, amount=60)


def test_a_hold_is_resolved_once_even_while_another_one_stands(ledger: Database) -> None:
    """Without the unique index the second void would free what the other hold has taken."""
    write(1, *PAID)
    hold(2, 30)
    hold(3, 30)
    resolve(4, of=2, amount=30)
    with refused("(?i)unique"):
        resolve(5, of=2, amount=30)


def test_only_a_hold_can_be_resolved(ledger: Database) -> None:
    write(1, *PAID)
    hold(2, 60)
    with refused("only a hold can be resolved"):
        resolve(3, of=1, amount=60)
    with refused("(?i)foreign key|releases exactly"):
        resolve(3, of=77, amount=60)


def test_a_resolution_mirrors_its_hold(ledger: Database) -> None:
    write(1, *PAID)
    hold(2, 60)
    for amount in (59, 61):
        with refused("releases exactly what was held|check"):
            resolve(3, of=2, amount=amount)
    with refused("releases exactly what was held"):
        write(3, (HOLDERS, CREDIT, 60), (TILL, DEBIT, 60), layer=2, phase="void", pending_id=2)


@pytest.mark.parametrize(
    ("layer", "phase"), [(2, "posted"), (1, "pending")], ids=["held-as-posted", "posted-as-held"]
)
def test_money_and_holds_are_not_confused(ledger: Database, layer: int, phase: str) -> None:
    with refused("entries are on the wrong layer"):
        write(1, *PAID, layer=layer, phase=phase)


def mirror(number: int, of: int, amount: int = 100) -> None:
    write(number, (TILL, CREDIT, amount), (HOLDERS, DEBIT, amount), reverses_id=of)


def test_a_journal_is_reversed_once(ledger: Database) -> None:
    write(1, *PAID)
    write(2, *PAID)
    mirror(3, of=1)
    with refused("(?i)unique"):
        mirror(4, of=1)


def test_a_reversal_mirrors_its_journal(ledger: Database) -> None:
    write(1, *PAID)
    with refused("a reversal mirrors its journal"):
        mirror(2, of=1, amount=99)
    with refused("a reversal mirrors its journal"):
        write(2, *PAID, reverses_id=1)


def test_a_hold_is_not_reversed(ledger: Database) -> None:
    write(1, *PAID)
    hold(2, 60)
    with refused("only what was posted can be reversed"):
        write(3, (HOLDERS, CREDIT, 60), (CUSTOMERS, DEBIT, 60), reverses_id=2)
