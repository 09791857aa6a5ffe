"""What the ledger says about one account, and about all."""

from __future__ import annotations

import itertools

import pytest

from central.foundation.db.engine import money_transaction
from central.money.ledger import store
from central.money.ledger.posting import Posting, credit, debit
from central.money.ledger.statement import AccountTotals, statement, trial_balance
from tests.builders import NOW_S
from tests.central.builders import Database

STORE = "2310.S0412"


def post(idem: str, day: int, account: str, other: str, minor: int) -> int:
    legs = (debit(account, minor), credit(other, minor))
    posting = Posting(idem, "test", "ref", "CNY", legs, day, "test", f"memo {idem}")
    return money_transaction(lambda: store.post(posting, NOW_S)).id


@pytest.fixture
def three_days(hub_database: Database) -> Database:
    """A store earns 10, 20 and 30 on three days, told out of order; 5 are taken back."""
    post("in", 20260401, "1010.web", "2010", 100)
    post("sold", 20260401, "2010", "2020.7", 100)
    post("c", 20260412, "2020.7", STORE, 30)
    post("a", 20260410, "2020.7", STORE, 10)
    post("b", 20260411, "2020.7", STORE, 20)
    post("back", 20260412, STORE, "2020.7", 5)
    return hub_database


@pytest.mark.parametrize(
    ("first", "last", "opening", "changes", "closing"),
    [
        (20260401, 20260430, 0, [10, 20, 30, -5], 55),
        (20260411, 20260411, 10, [20], 30),
        (20260412, 20260430, 30, [30, -5], 55),
        (20260413, 20260430, 55, [], 55),
        (20250101, 20251231, 0, [], 0),
        (20260430, 20260401, 55, [], 55),
    ],
    ids=["month", "middle-day", "last-day", "after", "before", "backwards"],
)
def test_a_statement_leads_from_opening_to_closing(
    three_days: Database, first: int, last: int, opening: int, changes: list[int], closing: int
) -> None:
    found = statement(STORE, first, last)
    assert found is not None
    assert (found.opening, [line.change for line in found.lines], found.closing) == (
        opening, changes, closing,
    )  # fmt: skip


def test_a_line_says_what_it_is_about(three_days: Database) -> None:
    found = statement(STORE, 20260410, 20260410)
    assert found is not None
    [line] = found.lines
    assert (line.effective, line.at_s, line.kind, line.ref, line.memo) == (
        20260410, NOW_S, "test", "ref", "memo a",
    )  # fmt: skip
    assert found.currency == "CNY"


def test_the_holders_debt_grows_by_credits(three_days: Database) -> None:
    found = statement("2020.7", 20260401, 20260430)
    assert found is not None
    assert [line.change for line in found.lines] == [100, -10, -20, -30, 5]


def test_days_that_join_have_the_same_balance_between_them(three_days: Database) -> None:
    days = [statement(STORE, day, day) for day in range(20260409, 20260414)]
    for before, after in itertools.pairwise(days):
        assert before is not None
        assert after is not None
        assert before.closing == after.opening


def test_an_account_that_was_never_opened_has_no_statement(three_days: Database) -> None:
    assert statement("2310.NOBODY", 20260101, 20261231) is None


def test_the_trial_balance_names_every_account_and_adds_up_to_nothing(three_days: Database) -> None:
    accounts = trial_balance()
    assert [a.code for a in accounts] == ["1010.web", "2010", "2020.7", STORE]
    assert accounts[-1] == AccountTotals(STORE, "Store payable", "应付门店核销款", "CNY", 5, 60)
    assert sum(a.balance for a in accounts) == 0


def test_an_empty_ledger_has_no_accounts(hub_database: Database) -> None:
    assert trial_balance() == []
