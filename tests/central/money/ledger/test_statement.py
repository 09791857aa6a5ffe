"""What the ledger says about one account, and about all."""

from __future__ import annotations

import itertools

import pytest

from central.foundation.db.engine import money_transaction
from central.money.ledger import rules, store
from central.money.ledger.clearing import pending
from central.money.ledger.posting import Posting, credit, debit
from central.money.ledger.statement import (
    AccountTotals,
    journal,
    party_statement,
    statement,
    trial_balance,
)
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


# --- by the day of booking -----------------------------------------------------------------------


def booked(idem: str, day: int, at_s: int, minor: int) -> None:
    legs = (debit("1150", minor), credit(STORE, minor))
    posting = Posting(idem, "test", "", "CNY", legs, day, "test")
    money_transaction(lambda: store.post(posting, at_s))


@pytest.fixture
def told_late(hub_database: Database) -> Database:
    """Three days' entries, of which the first was told last; all around midnight in Shanghai."""
    midnight = rules.first_moment_s(20260411, "Asia/Shanghai")
    booked("b", 20260410, midnight - 1, 20)
    booked("c", 20260411, midnight, 30)
    booked("a", 20260409, midnight + 86399, 10)
    return hub_database


@pytest.mark.parametrize(
    ("days", "zone", "told"),
    [
        ((20260410, 20260410), "Asia/Shanghai", (0, [20], 20)),
        ((20260411, 20260411), "Asia/Shanghai", (20, [30, 10], 60)),
        ((20260412, 20260412), "Asia/Shanghai", (60, [], 60)),
        ((20260409, 20260409), "Asia/Shanghai", (0, [], 0)),
        ((20260410, 20260410), "UTC", (0, [20, 30], 50)),
        ((20260411, 20260411), "UTC", (50, [10], 60)),
    ],
)
def test_a_statement_by_the_day_of_booking_says_what_was_known_when(
    told_late: Database, days: tuple[int, int], zone: str, told: tuple[int, list[int], int]
) -> None:
    found = statement(STORE, *days, booked_in=zone)
    assert found is not None
    assert (found.opening, [line.change for line in found.lines], found.closing) == told


def test_by_business_day_it_was_always_there(told_late: Database) -> None:
    found = statement(STORE, 20260409, 20260409)
    assert found is not None
    assert found.closing == 10


# --- parties and days ----------------------------------------------------------------------------


def test_a_party_has_a_statement_of_each_account(hub_database: Database) -> None:
    post("a", 20260410, "5020", "2111.A7", 10)
    post("b", 20260411, "2111.A7", "2110.A7", 4)
    post("c", 20260411, "5020", "2111.A8", 99)
    found = party_statement("agent", "A7", 20260411, 20260411)
    assert [(one.code, one.opening, one.closing) for one in found] == [
        ("2110.A7", 0, 4), ("2111.A7", 10, 6),
    ]  # fmt: skip
    assert party_statement("agent", "NOBODY", 20260411, 20260411) == []
    assert party_statement("store", "A7", 20260411, 20260411) == []


def test_a_trial_balance_at_a_day_knows_nothing_of_later_ones(three_days: Database) -> None:
    owed = {day: {a.code: -a.balance for a in trial_balance(day)}.get(STORE, 0)
            for day in (20260331, 20260409, 20260410, 20260411, 20260412, 20301231)}  # fmt: skip
    assert owed == {
        20260331: 0, 20260409: 0, 20260410: 10, 20260411: 30, 20260412: 55, 20301231: 55,
    }  # fmt: skip
    for day in owed:
        assert sum(a.balance for a in trial_balance(day)) == 0
    assert trial_balance(20301231) == trial_balance()


# --- what is pending -----------------------------------------------------------------------------


def test_what_passes_through_is_pending_since_it_was_last_at_zero(hub_database: Database) -> None:
    post("a", 20260401, "1920", "1020.web", 5)
    post("b", 20260403, "1020.web", "1920", 5)
    post("c", 20260407, "1920", "1020.web", 7)
    post("d", 20260409, "1920", "1020.web", 1)
    post("e", 20260405, "1150", STORE, 9)
    assert [(one.account.code, one.account.balance, one.since) for one in pending()] == [
        ("1150", 9, 20260405), (STORE, -9, 20260405), ("1920", 8, 20260407),
    ]  # fmt: skip


def test_nothing_is_pending_when_all_has_passed_through(hub_database: Database) -> None:
    post("a", 20260401, "1920", "1020.web", 5)
    post("b", 20260401, "1020.web", "1920", 5)
    assert pending() == []


# --- one journal ---------------------------------------------------------------------------------


def test_a_journal_is_shown_with_what_it_belongs_to(hub_database: Database) -> None:
    number = post("a", 20260401, "1920", "1020.web", 5)
    back = money_transaction(
        lambda: store.reverse("rv:a", number, NOW_S, day=20260402, actor="li")
    ).id
    one, other = journal(number), journal(back)
    assert one is not None
    assert other is not None
    assert (one.reverses, one.reversed_by, one.resolves, one.resolved_by) == (
        None, back, None, None,
    )  # fmt: skip
    assert (other.reverses, other.actor, other.effective) == (number, "li", 20260402)
    assert [(leg.code, leg.debit, leg.credit, leg.held) for leg in one.legs] == [
        ("1920", 5, 0, False), ("1020.web", 0, 5, False),
    ]  # fmt: skip
    assert journal(77) is None
