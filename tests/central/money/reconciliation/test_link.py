"""A line without our number is said to be an entry by hand, once, and nothing is posted."""

from __future__ import annotations

from pathlib import Path

import pytest

from central.errors import Conflict, NotFound, RequestInvalid
from central.foundation.db.engine import rows
from central.money.ledger import rules
from central.money.ledger.audit import audit
from central.money.reconciliation.files.take import take_file
from central.money.reconciliation.link import candidates, link
from central.money.reconciliation.match import Kind
from central.money.reconciliation.model import By
from central.money.reconciliation.resolve import Decision, DifferenceView, differences, resolve
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
from tests.central.money.reconciliation.files.statements import BANK, layouts

BY = By(b.NOW_S, 20260414, "li")


@pytest.fixture
def line(hub_database: Database, tmp_path: Path) -> DifferenceView:
    """What the bank calls T2: 91.79 from the channel, which our books have under their number."""
    booked(
        rules.transferred("W1", "1020.web", "1030.main", yuan("91.79"), TODAY, "test"),
        rules.transferred("W2", "1020.web", "1030.main", yuan("0.21"), TODAY + 3, "test"),
    )
    take_file(layouts(tmp_path), "bank.main", BANK.encode(), BY)
    [found] = [one for one in differences() if one.number == "T2"]
    return found


def entry_of(ref: str) -> int:
    [(entry,)] = rows(
        "SELECT e.id FROM entry e JOIN account a ON a.id = account_id"
        " JOIN journal j ON j.id = journal_id WHERE ref = ? AND code = '1030.main'",
        (ref,),
    )
    return int(entry)


def test_a_line_that_is_an_entry_proves_it(line: DifferenceView) -> None:
    before = balances()
    [candidate] = candidates([line])[line.id]
    assert (candidate.ref, candidate.day) == ("W1", TODAY)
    assert link(line.id, candidate.entry, "the channel's money", BY).state == "proven"
    assert balances() == before
    assert "W1" not in {one.ref for one in unproven()}
    assert not any(one.kind is Kind.MISSING and one.number == "W1" for one in differences())
    assert_all_proofs_come_to_their_lines()
    with pytest.raises(Conflict, match="is proven"):
        link(line.id, candidate.entry, "again", BY)
    assert audit() == []


def test_many_who_say_it_say_it_once(line: DifferenceView) -> None:
    told = at_once(4, lambda _: link(line.id, entry_of("W1"), "the same", BY))
    assert sum(isinstance(answer, DifferenceView) for answer in told) == 1, told
    assert_all_proofs_come_to_their_lines()


def test_what_was_missing_and_posted_elsewhere_is_taken_back_from_there(
    line: DifferenceView,
) -> None:
    [missing] = [one for one in differences() if one.kind is Kind.MISSING]
    assert (missing.number, missing.amount) == ("W1", yuan("-91.79"))
    resolve(missing.id, Decision("1130.north", "it never came"), BY)
    link(line.id, entry_of("W1"), "it has come after all", BY)
    assert balances()["1030.main"] == 9179 + 21
    assert "1130.north" not in balances()
    assert_all_proofs_come_to_their_lines()


def test_what_is_not_the_same_is_refused(line: DifferenceView) -> None:
    with pytest.raises(Conflict, match="of this account and amount"):
        link(line.id, entry_of("W2"), "so", BY)
    with pytest.raises(Conflict, match="of this account and amount"):
        link(line.id, 999, "so", BY)
    with pytest.raises(RequestInvalid, match="why"):
        link(line.id, entry_of("W1"), " ", BY)
    [missing] = [one for one in differences() if one.kind is Kind.MISSING]
    with pytest.raises(RequestInvalid, match="Only a line"):
        link(missing.id, entry_of("W1"), "so", BY)
    with pytest.raises(NotFound):
        link(99, entry_of("W1"), "so", BY)
    assert candidates([missing]) == {}
