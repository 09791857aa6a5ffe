"""What is withheld from commissions: the schedule's arithmetic, and what a month comes to."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import peewee
import pytest
from hypothesis import given
from hypothesis import strategies as st

from central.errors import PayoutRefused, RequestInvalid
from central.foundation.db.engine import change
from central.money.ledger.balance import balance
from central.money.payouts import store
from central.money.payouts.model import Limits, State
from central.money.payouts.tax import withhold
from central.money.payouts.tax.schedule import LABOUR_2019, read, tax_of, withheld_now
from tests.builders import NOW_S
from tests.central.books import assert_sound
from tests.central.builders import Database
from tests.central.money.payouts.builders import AGENT, TODAY, an_agent, an_office, ask_for, cny

SCHEDULE = read(json.dumps(LABOUR_2019))
OTHER = "2110.B8"


def put_in_force(**bent: Any) -> None:
    withhold.set_schedule(20260101, json.dumps(LABOUR_2019 | bent), "finance", NOW_S)
    withhold.set_profile(AGENT, is_person=True, by="finance", at_s=NOW_S)


def allow_large() -> None:
    store.set_limits(Limits(two_person_above=10**9, payee_per_day=10**9), NOW_S, "admin")


@pytest.mark.parametrize(
    ("income", "due"),
    [
        (800_00, 0),
        (800_01, 0),  # a fifth of a fen is rounded down
        (1_000_00, 40_00),
        (4_000_00, 640_00),
        (4_000_01, 640_00),
        (10_000_00, 1_600_00),
        (25_000_00, 4_000_00),
        (30_000_00, 5_200_00),
        (100_000_00, 25_000_00),
    ],
)
def test_remuneration_for_labour_is_taxed_as_the_table_says(income: int, due: int) -> None:
    """Worked out by hand: income less 800 or a fifth, times the rate, less the quick deduction."""
    assert tax_of(SCHEDULE, income) == due


@given(st.integers(0, 10**11), st.integers(0, 10**11))
def test_more_income_is_never_taxed_less_and_never_whole(income: int, more: int) -> None:
    low, high = tax_of(SCHEDULE, income), tax_of(SCHEDULE, income + more)
    assert 0 <= low <= high <= income + more


@given(st.lists(st.integers(1, 3_000_000), min_size=1, max_size=12))
def test_a_month_in_pieces_is_taxed_as_a_month(amounts: list[int]) -> None:
    before = withheld = 0
    for amount in amounts:
        taken = withheld_now(SCHEDULE, before, withheld, amount)
        assert 0 <= taken < amount
        before, withheld = before + amount, withheld + taken
    assert withheld <= tax_of(SCHEDULE, before)


@pytest.mark.parametrize(
    ("bent", "why"),
    [
        ({"brackets": []}, "brackets is a list"),
        ({"brackets": [{"up_to": 1, "ppm": 1, "quick": 0}]}, "has no up_to"),
        ({"brackets": [{"up_to": None, "ppm": 2_000_000, "quick": 0}]}, "ppm is a whole number"),
        ({"brackets": [{"up_to": None, "ppm": 1}]}, "has up_to, ppm and quick"),
        (
            {"brackets": [{"up_to": 100, "ppm": 100_000, "quick": 0},
                          {"up_to": None, "ppm": 500_000, "quick": 0}]},
            "the tax jumps at 100",
        ),
        ({"period": "week"}, "period is month or year"),
        ({"free": -1}, "free is a whole number"),
        ({"free": 800.0}, "free is a whole number"),
        ({"flat": 900_00}, "flat is at most free"),
        ({"rate": 1}, r"unknown: \['rate'\]"),
        ({"name": ""}, "name is a text"),
    ],
)  # fmt: skip
def test_a_schedule_that_cannot_be_is_refused(bent: dict[str, Any], why: str) -> None:
    with pytest.raises(ValueError, match=why):
        read(json.dumps(LABOUR_2019 | bent))


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"name": 1'])
def test_what_is_no_schedule_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"not JSON|is an object|missing"):
        read(text)


def test_a_company_and_a_stranger_are_paid_in_full(hub_database: Database) -> None:
    an_agent()
    assert ask_for(10_000, key="before").tax == 0
    put_in_force()
    withhold.set_profile(AGENT, is_person=False, by="finance", at_s=NOW_S)
    assert ask_for(10_000, key="company").tax == 0


def test_a_persons_commissions_of_a_month_are_taxed_together(hub_database: Database) -> None:
    an_agent(minor=1_000_000)
    allow_large()
    put_in_force()
    assert ask_for(80_000, key="a").tax == 0
    assert ask_for(20_000, key="b").tax == 40_00
    assert ask_for(300_000, key="c").tax == 600_00
    assert withhold.tax_now(AGENT, cny(10_000), TODAY + 100) == 0  # another month


def test_a_year_is_added_up_if_the_schedule_says_so(hub_database: Database) -> None:
    an_agent(minor=1_000_000)
    allow_large()
    put_in_force(period="year")
    ask_for(80_000, key="a")
    assert withhold.tax_now(AGENT, cny(20_000), TODAY + 100) == 40_00
    assert withhold.tax_now(AGENT, cny(20_000), TODAY + 10_000) == 0


def test_asking_again_withholds_the_same(hub_database: Database) -> None:
    an_agent(minor=1_000_000)
    allow_large()
    put_in_force()
    first = ask_for(300_000)
    assert ask_for(300_000) == first
    assert first.tax == 440_00


def test_a_payout_that_failed_is_not_counted(hub_database: Database, tmp_path: Path) -> None:
    an_agent(minor=1_000_000)
    allow_large()
    put_in_force()
    ask_for(300_000, key="a")
    an_office(tmp_path, faults=lambda: "refuse").work()
    assert store.newest(1)[0].state is State.FAILED
    assert withhold.tax_now(AGENT, cny(80_000), TODAY) == 0


def test_what_is_withheld_stands_in_the_books_and_on_the_list(
    hub_database: Database, tmp_path: Path
) -> None:
    an_agent(minor=1_000_000)
    an_agent(OTHER)
    allow_large()
    put_in_force()
    ask_for(300_000, key="a")
    ask_for(50_000, OTHER)
    an_office(tmp_path).work()
    found = withhold.month_of_tax(202604)
    assert [(line.account, line.gross, line.tax) for line in found.lines] == [
        (AGENT, 300_000, 44_000)
    ]
    assert found.total == found.in_books == balance("2510").posted == 44_000
    assert balance("1020.bank").posted == 1_000_000 + 50_000 - 256_000 - 50_000
    assert withhold.as_csv(found).decode("utf-8-sig").splitlines() == [
        "account,name,payouts,gross,tax,net,currency",
        "2110.A7,张三,1,3000.00,440.00,2560.00,CNY",
    ]
    assert_sound()


def test_a_name_is_never_a_formula() -> None:
    line = withhold.TaxLine(AGENT, "=HYPERLINK(1)", 1, 100, 1, "CNY")
    text = withhold.as_csv(withhold.MonthOfTax(202604, [line], 1)).decode("utf-8-sig")
    assert "\r\n2110.A7,'=HYPERLINK(1),1," in text


def test_a_month_without_tax_is_an_empty_list(hub_database: Database) -> None:
    assert withhold.month_of_tax(202604) == withhold.MonthOfTax(202604, [], 0)
    with pytest.raises(RequestInvalid):
        withhold.month_of_tax(202613)


def test_a_person_may_set_the_tax_himself_within_the_amount(hub_database: Database) -> None:
    an_agent()
    put_in_force()
    assert ask_for(10_000, tax=1).tax == 1
    with pytest.raises(PayoutRefused):
        ask_for(10_000, key="all", tax=10_000)


@pytest.mark.parametrize(
    "sql", ["DELETE FROM tax_schedule", "UPDATE tax_profile SET account = 'x'"]
)
def test_what_was_in_force_stays(hub_database: Database, sql: str) -> None:
    put_in_force()
    with pytest.raises(peewee.DatabaseError, match="withholding"):
        change(sql)


def test_the_newest_schedule_that_has_begun_is_in_force(hub_database: Database) -> None:
    for first, name in ((20260101, "old"), (20260501, "new")):
        body = json.dumps(LABOUR_2019 | {"name": name})
        withhold.set_schedule(first, body, "finance", NOW_S)
    days = (20251231, 20260101, 20260430, 20260501)
    names = [found and found.name for found in map(withhold.schedule_on, days)]
    assert names == [None, "old", "old", "new"]
