"""What each business event posts."""

from __future__ import annotations

import pytest

from central.money.ledger import rules
from central.money.ledger.chart import CHART, Type, heading_of
from central.money.ledger.posting import check, credit, debit
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


def test_every_rule_balances_on_accounts_of_the_chart() -> None:
    for posting in (
        rules.vouchers_paid("B1", "web", PRICE, 20260411, "test"),
        rules.vouchers_sold("B1", 7, PRICE, 20260411, "test"),
        rules.redeemed(a_redemption(), 20260411),
    ):
        check(posting)
        assert all(heading_of(leg.account) for leg in posting.legs)


def test_what_is_owed_to_others_never_falls_below_nothing() -> None:
    assert CHART["2010"].floor == CHART["2020"].floor == 0
    assert {t: t.sign for t in Type} == {
        Type.ASSET: 1, Type.EXPENSE: 1, Type.LIABILITY: -1, Type.EQUITY: -1, Type.REVENUE: -1,
    }  # fmt: skip
