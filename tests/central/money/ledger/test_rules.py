"""What each business event posts."""

from __future__ import annotations

import ast
import inspect
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import central
from central.money.ledger import rules
from central.money.ledger.chart import CHART, Type, heading_of, headings_per
from central.money.ledger.posting import Leg, Posting, check, credit, debit
from edge.contract.ids import EntryRef, Epoch, Seq, VoucherId
from edge.contract.money import Money
from edge.contract.voucher_token import DAY_ZERO_S
from tests.builders import UNIT

REF = EntryRef(UNIT, Epoch(1), Seq(17))
PRICE = Money(8800, "CNY")


@pytest.mark.parametrize(
    ("at_s", "zone", "day"),
    [
        (DAY_ZERO_S, "UTC", 20260101),
        (DAY_ZERO_S - 1, "UTC", 20251231),
        (DAY_ZERO_S + 16 * 3600 - 1, "Asia/Shanghai", 20260101),
        (DAY_ZERO_S + 16 * 3600, "Asia/Shanghai", 20260102),
        (DAY_ZERO_S, "America/New_York", 20251231),
    ],
)
def test_a_business_day_begins_at_midnight_where_the_shop_is(
    at_s: int, zone: str, day: int
) -> None:
    assert rules.business_day(at_s, zone) == day


def a_redemption(times: int = 0) -> rules.Redeemed:
    return rules.Redeemed(REF, times, VoucherId(0xA1), 7, "S0412", PRICE)


def test_the_money_for_a_voucher_passes_from_the_channel_to_its_holder() -> None:
    paid = rules.vouchers_paid("B1", "web", PRICE, 20260411, "test")
    sold = rules.vouchers_sold("B1", 7, PRICE, 20260411, "test")
    assert paid.legs == (debit("1010.web", 8800), credit("2010", 8800))
    assert sold.legs == (debit("2010", 8800), credit("2020.7", 8800))
    assert (paid.idem, sold.idem) == ("pay:web:B1", "vi:B1")


def test_a_redemption_turns_the_debt_to_the_holder_into_one_to_the_store() -> None:
    posting = rules.redeemed(a_redemption(), 20260411)
    assert posting.legs == (debit("2020.7", 8800), credit("2310.S0412", 8800))
    assert (posting.ref, posting.memo) == ("0000000000a1", "S0412-K1/1/17")


def test_each_time_an_entry_is_posted_has_a_key_of_its_own() -> None:
    keys = [a_redemption(times).idem for times in range(3)]
    assert keys == ["rd:S0412-K1/1/17", "rd:S0412-K1/1/17:1", "rd:S0412-K1/1/17:2"]


def test_what_is_owed_to_others_never_falls_below_nothing() -> None:
    floored = {h.code for h in CHART.values() if h.floor == 0}
    assert floored == {
        "1040", "2010", "2020", "2021", "2110", "2111", "2120", "2130", "2140", "2320",
    }  # fmt: skip
    assert {h.floor for h in CHART.values()} == {0, None}
    assert {t: t.sign for t in Type} == {
        Type.ASSET: 1, Type.EXPENSE: 1, Type.LIABILITY: -1, Type.EQUITY: -1, Type.REVENUE: -1,
    }  # fmt: skip


def test_the_chart_is_grouped_as_people_read_it() -> None:
    """What we have, what we owe, what is ours, what came in, what it cost."""
    assert list(CHART) == sorted(CHART)
    first = {Type.ASSET: "1", Type.LIABILITY: "2", Type.EQUITY: "3", Type.REVENUE: "4",
             Type.EXPENSE: "5"}  # fmt: skip
    for heading in CHART.values():
        assert heading.code[0] == first[heading.type]
        assert heading.en
        assert re.search("[一-鿿]", heading.zh)
    assert len({h.en for h in CHART.values()}) == len({h.zh for h in CHART.values()}) == len(CHART)


def test_a_party_has_its_accounts() -> None:
    assert [h.code for h in headings_per("agent")] == ["1110", "2110", "2111", "2120", "2130"]
    assert [h.code for h in headings_per("store")] == ["2310"]


def test_an_account_code_names_a_line_and_its_owner() -> None:
    assert heading_of("2310.S0412") is CHART["2310"]
    assert heading_of("2010") is CHART["2010"]


# --- days ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("day", "following"),
    [(20260411, 20260412), (20260430, 20260501), (20261231, 20270101), (20240228, 20240229)],
)
def test_a_day_is_followed_by_the_next(day: int, following: int) -> None:
    assert rules.day_after(day) == following


@pytest.mark.parametrize(
    ("month", "last"), [(202602, 20260228), (202402, 20240229), (202612, 20261231)]
)
def test_a_month_has_a_last_day(month: int, last: int) -> None:
    assert rules.last_day_of(month) == last


@pytest.mark.parametrize(
    ("day", "known"),
    [(20260411, True), (20260431, False), (20261301, False), (19991231, False), (0, False),
     (99991231, True), (202604110, False)],
)  # fmt: skip
def test_some_numbers_are_no_days(day: int, known: bool) -> None:
    assert rules.is_day(day) is known


def test_a_day_begins_at_midnight_where_the_shop_is() -> None:
    assert rules.first_moment_s(20260102, "Asia/Shanghai") == DAY_ZERO_S + 16 * 3600
    assert rules.first_moment_s(20260101, "UTC") == DAY_ZERO_S


# --- orders and commissions ----------------------------------------------------------------------


def an_order(**bent: Any) -> rules.Completed:
    values: dict[str, Any] = {
        "order": "O1", "price": Money(9999, "CNY"), "costs": (rules.Cost("2210.south", 7000),),
        "earned": (rules.Commission("A1", 499), rules.Commission("A2", 300)), **bent,
    }  # fmt: skip
    return rules.Completed(**values)


def test_an_order_of_our_own_goods_shows_price_and_cost() -> None:
    assert rules.order_completed(an_order(), 20260411, "test").legs == (
        debit("2010", 9999), debit("5010", 7000), debit("5020", 799), credit("4010", 9999),
        credit("2210.south", 7000), credit("2111.A1", 499), credit("2111.A2", 300),
    )  # fmt: skip


def test_an_order_for_somebody_else_shows_what_is_left_for_us() -> None:
    """Six legs with a split over four levels less one: the order that the benchmark completes."""
    assert rules.order_completed(an_order(is_agency=True), 20260411, "test").legs == (
        debit("2010", 9999), credit("2210.south", 7000), credit("2111.A1", 499),
        credit("2111.A2", 300), credit("4020", 2200),
    )  # fmt: skip


def test_an_order_that_leaves_less_than_nothing_says_so() -> None:
    sold = an_order(is_agency=True, price=Money(7000, "CNY"))
    legs = rules.order_completed(sold, 20260411, "test").legs
    assert legs[-1] == debit("4020", 799)
    check(rules.order_completed(sold, 20260411, "test"))


@pytest.mark.parametrize(
    ("minor", "pending", "available", "expected"),
    [
        (100, 100, 50, (100, 0, 0)),
        (100, 60, 50, (60, 40, 0)),
        (100, 60, 30, (60, 30, 10)),
        (100, 0, 0, (0, 0, 100)),
        (0, 60, 30, (0, 0, 0)),
    ],
    ids=["pending", "wallet", "debt", "all-debt", "nothing"],
)
def test_an_agent_gives_back_what_is_pending_first(
    minor: int, pending: int, available: int, expected: tuple[int, int, int]
) -> None:
    clawed = rules.claw("A1", minor, pending=pending, available=available)
    assert (clawed.pending, clawed.available, clawed.owed) == expected
    assert clawed.minor == minor


@pytest.mark.parametrize("owed", [0, 200, 500, 700])
def test_what_an_agent_owes_is_netted_from_his_next_commission(owed: int) -> None:
    posting = rules.commission_released("O1", "A1", Money(500, "CNY"), 20260411, "test", owed=owed)
    check(posting)
    assert sum(leg.minor for leg in posting.legs if leg.account == "1110.A1") == min(owed, 500)


def test_one_of_all_bears_a_double_redemption() -> None:
    event = rules.DoubleRedemption(REF, VoucherId(0xA1), "S0412", PRICE)
    borne = [
        rules.double_redemption_borne(event, bearer, 20260411, "test", agent="A1")
        for bearer in rules.Bearer
    ]
    assert [p.legs[0].account for p in borne] == ["5050", "2710", "2310.S0412", "1110.A1"]
    assert {p.idem for p in borne} == {"dd:S0412-K1/1/17:out"}


def test_a_redemption_of_a_closed_day_says_of_which() -> None:
    late = a_redemption()._replace(told_day=20260331)
    assert rules.redeemed(late, 20260411).memo == "S0412-K1/1/17 of 20260331"


def test_what_begins_the_books_is_on_the_side_on_which_an_account_grows() -> None:
    for code, side in (("1030.main", 1), ("2310.S0412", -1)):
        posting = rules.brought_in(code, PRICE, 20260401, "test")
        assert posting.legs == (Leg(code, side, 8800), Leg("3010", -side, 8800))


@pytest.mark.parametrize(("cost", "kept"), [(60, -40), (100, None), (130, 30)])
def test_a_month_ends_with_what_is_left(cost: int, kept: int | None) -> None:
    results = (rules.Result("5010", cost), rules.Result("4010", -100))
    posting = rules.month_closed(202604, "CNY", results, "test")
    check(posting)
    assert posting.legs[:2] == (debit("4010", 100), credit("5010", cost))
    assert [leg.side * leg.minor for leg in posting.legs[2:]] == ([] if kept is None else [kept])
    assert (posting.idem, posting.effective) == ("close:202604:CNY", 20260430)


def test_every_posting_rule_is_called_by_something_that_runs() -> None:
    """A rule that only the golden walk calls is a business event that nobody can tell the books."""
    posting_rules = {
        name
        for name, found in vars(rules).items()
        if inspect.isfunction(found)
        and inspect.get_annotations(found, eval_str=True).get("return") is Posting
    }
    assert len(posting_rules) > 30
    wing = Path(central.__file__).parent
    used: set[str] = set()
    for file in wing.rglob("*.py"):
        if wing / "money/ledger/rules" not in file.parents:
            used |= set(_rules_used(ast.parse(file.read_text("utf-8"))))
    assert posting_rules - used == set()


def _rules_used(tree: ast.Module) -> Iterator[str]:
    """Yield what a module takes of the rules: ``rules.paid``, or imported by its name."""
    for one in ast.walk(tree):
        if isinstance(one, ast.Attribute) and isinstance(one.value, ast.Name):
            if one.value.id == "rules":
                yield one.attr
        elif isinstance(one, ast.ImportFrom) and one.module == "central.money.ledger.rules":
            yield from (name.name for name in one.names)
