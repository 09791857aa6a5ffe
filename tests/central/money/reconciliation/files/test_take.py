"""A bank's and a supplier's file against the books: the same classes, the same end."""

from __future__ import annotations

from pathlib import Path

import pytest

from central.errors import Conflict
from central.foundation.db.engine import rows
from central.money.ledger import rules
from central.money.ledger.audit import audit
from central.money.reconciliation.files.take import take_file
from central.money.reconciliation.match import Kind
from central.money.reconciliation.model import By
from central.money.reconciliation.resolve import Decision, differences, resolve
from central.money.reconciliation.unproven import unproven
from tests import builders as b
from tests.central.books import balances
from tests.central.builders import Database, at_once
from tests.central.channel import yuan
from tests.central.money.reconciliation.bills import (
    TODAY,
    assert_all_proofs_come_to_their_lines,
    booked,
)
from tests.central.money.reconciliation.files.statements import BANK, SUPPLIER, layouts

BY = By(b.NOW_S, 20260414, "li")


def prefunded(no: str, amount: str) -> None:
    booked(rules.supplier_prefunded("kasushou", no, "1030.main", yuan(amount), TODAY, "test"))


def test_a_bank_s_file_proves_what_left_the_account(hub_database: Database, tmp_path: Path) -> None:
    prefunded("PF7", "1000.00")
    told = take_file(layouts(tmp_path), "bank.main", BANK.encode(), BY)
    assert [(one.lines, one.proven, one.differing) for one in told] == [
        (2, 1, 1), (0, 0, 0), (1, 0, 1),
    ]  # fmt: skip
    assert [(one.account, one.number, one.amount) for one in differences()] == [
        ("1030.main", "T2", yuan("91.79")), ("1030.main", "T3", yuan("0.21")),
    ]  # fmt: skip
    for one, account in zip(differences(), ("1020.web", "4050"), strict=True):
        resolve(one.id, Decision(account, "asked the bank"), BY)
    assert balances()["1030.main"] == -100_000 + 9_179 + 21
    assert (differences(), unproven()) == ([], [])
    assert_all_proofs_come_to_their_lines()
    assert audit() == []


def test_a_file_is_kept_once_and_taken_again_without_harm(
    hub_database: Database, tmp_path: Path
) -> None:
    known = layouts(tmp_path)
    told = at_once(3, lambda _: take_file(known, "bank.main", BANK.encode(), BY))
    assert told == [told[0]] * 3
    assert [bytes(raw) for (raw,) in rows("SELECT raw FROM bill_file")] == [BANK.encode()]
    assert rows("SELECT count(*) FROM bill") == [(3,)]


def test_files_that_overlap_must_tell_the_same(hub_database: Database, tmp_path: Path) -> None:
    take_file(layouts(tmp_path), "bank.main", BANK.encode(), BY)
    wider = BANK.replace(
        "合计,,,92.00,1000.00", "2026-04-13,T4,CNY,8.00,,9100.00,x\n合计,,,100.00,1000.00"
    )
    with pytest.raises(Conflict, match="2026-04-13 is not the one taken before"):
        take_file(layouts(tmp_path), "bank.main", wider.encode(), BY)
    head, *lines, _ = BANK.splitlines()[2:]
    last_day = "\n".join([head, lines[-1], "合计"])
    [again] = take_file(layouts(tmp_path), "bank.main", last_day.encode("gb18030"), BY)
    assert again.bill_id == 3
    assert rows("SELECT count(*) FROM bill_file") == [(1,)]


def test_a_file_that_does_not_go_on_where_the_last_one_ended_is_refused(
    hub_database: Database, tmp_path: Path
) -> None:
    take_file(layouts(tmp_path), "bank.main", BANK.encode(), BY)
    head = BANK.splitlines()[2]
    text = f"{head}\n2026-04-14,T5,CNY,1.00,,9094.00,\n合计"
    with pytest.raises(Conflict, match=r"main of 2026-04-14 begins with 9093\.00"):
        take_file(layouts(tmp_path), "bank.main", text.encode(), BY._replace(day=20260415))
    assert rows("SELECT count(*) FROM bill") == [(3,)]


def test_what_a_supplier_charged_is_proven_and_what_he_did_not_is_missing(
    hub_database: Database, tmp_path: Path
) -> None:
    prefunded("PF7", "1000.00")
    booked(
        rules.stock_bought("O1", "SKU7", "1040.kasushou", yuan("40.00"), TODAY, "test"),
        rules.stock_bought("O2", "SKU7", "1040.kasushou", yuan("30.00"), TODAY, "test"),
    )
    take_file(layouts(tmp_path), "supplier.kasushou", SUPPLIER.encode(), BY)
    found = {(one.kind, one.number, one.amount.minor) for one in differences()}
    assert found == {
        (Kind.NOT_IN_BOOKS, "O1", 4000),  # what he gave back
        (Kind.MISSING, "O2", 3000),  # he says that it failed
    }  # and his statement has no top-ups: the bank's proves them
    by_number = {one.number: one for one in differences() if one.kind is Kind.MISSING}
    resolve(by_number["O2"].id, Decision("1310.SKU7", "never delivered"), BY)
    assert balances()["1310.SKU7"] == 4000
    assert_all_proofs_come_to_their_lines()


def test_a_supplier_without_statements_is_not_waited_for(hub_database: Database) -> None:
    booked(rules.stock_bought("O1", "SKU7", "2210.south", yuan("40.00"), TODAY, "test"))
    assert unproven() == []
