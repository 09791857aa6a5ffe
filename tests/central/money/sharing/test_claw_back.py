"""A refund takes back what agents have of it: pending, from the wallet, or as a debt."""

from __future__ import annotations

from typing import Any

import pytest

from central.errors import HubError, KeyReused, NotFound, SharingRefused
from central.foundation.db.engine import money_transaction, rows
from central.money.ledger.audit import audit, size
from central.money.ledger.rules import Clawed
from central.money.sharing.claw_back import Refund, TakenBack, claw_back
from central.money.sharing.earn import promise
from central.money.sharing.release import release_due
from edge.contract.money import Money
from tests import builders as b
from tests.central.books import balances
from tests.central.builders import Database, at_once
from tests.central.money.sharing.builders import (
    CITY_1,
    PROVINCE_1,
    ZONE,
    a_rule,
    a_sale,
    activated,
    complete,
    fixed,
    hold,
    pay_out,
    redeem,
    refund,
    take_back,
)

LATER_S = b.NOW_S + 8 * 86_400


def a_shared_order(**bent: Any) -> None:
    activated(a_rule())
    complete(a_sale(**bent))


def states() -> list[tuple[Any, ...]]:
    return rows("SELECT agent, kept_minor, state FROM commission ORDER BY sale, place")


def test_a_refund_during_the_hold_takes_what_is_pending(hub_database: Database) -> None:
    a_shared_order()
    taken = refund(a_sale(), 5_000)
    assert taken.clawed == (Clawed(CITY_1, pending=250), Clawed(PROVINCE_1, pending=100))
    assert states() == [("C1", 250, "pending"), ("P1", 100, "pending")]
    assert balances()["2111.C1"] == -250
    assert balances()["5020"] == 350
    assert audit() == []


def test_after_a_full_refund_no_commission_is_left(hub_database: Database) -> None:
    a_shared_order(minor=9_999)
    for number, minor in enumerate((3_333, 1, 6_665)):
        refund(a_sale(minor=9_999), minor, f"RF-{number}")
    assert states() == [("C1", 0, "clawed"), ("P1", 0, "clawed")]
    assert {code for code in balances() if code[:4] in {"2111", "2110", "1110", "5020"}} == set()
    assert rows("SELECT left_minor FROM shared_sale") == [(0,)]


def test_a_refund_of_a_sale_for_others_raises_the_margin_again(hub_database: Database) -> None:
    activated(a_rule())
    complete(a_sale(), is_agency=True)
    refund(a_sale(), 10_000, is_agency=True)
    # What the supplier does not take back is the house's loss.
    assert balances() == {
        "1010.web": 10_000, "2210.sup": -6_000, "2610.web": -10_000, "4020": 6_000,
    }  # fmt: skip


def test_what_was_released_is_taken_from_the_wallet(hub_database: Database) -> None:
    a_shared_order()
    release_due(LATER_S, timezone=ZONE)
    taken = refund(a_sale(), 10_000)
    assert taken.clawed == (Clawed(CITY_1, available=500), Clawed(PROVINCE_1, available=200))
    assert states() == [("C1", 0, "clawed"), ("P1", 0, "clawed")]


def test_what_was_paid_out_becomes_a_debt(hub_database: Database) -> None:
    a_shared_order()
    release_due(LATER_S, timezone=ZONE)
    pay_out(CITY_1, 400)
    taken = refund(a_sale(), 10_000)
    assert taken.clawed[0] == Clawed(CITY_1, available=100, owed=400)
    assert balances()["1110.C1"] == 400
    assert balances().get("2110.C1", 0) == 0


def test_a_debt_is_met_by_the_next_commission_first(hub_database: Database) -> None:
    a_shared_order()
    release_due(LATER_S, timezone=ZONE)
    pay_out(CITY_1, 500)
    refund(a_sale(), 10_000)
    complete(a_sale("O-2", 6_000), LATER_S)
    complete(a_sale("O-3", 8_000), LATER_S)
    release_due(LATER_S + 8 * 86_400, timezone=ZONE)
    # 300 and 400 were earned, 500 were owed.
    assert balances().get("1110.C1", 0) == 0
    assert balances()["2110.C1"] == -200
    assert audit() == []


def test_money_that_is_held_for_a_payout_is_not_taken(hub_database: Database) -> None:
    """The payout may be on its way; what cannot be taken is owed."""
    a_shared_order()
    release_due(LATER_S, timezone=ZONE)
    hold(CITY_1, 450)
    assert refund(a_sale(), 10_000).clawed[0] == Clawed(CITY_1, available=50, owed=450)


def test_a_refund_that_is_told_again_takes_once(hub_database: Database) -> None:
    a_shared_order()
    first = refund(a_sale(), 5_000)
    assert refund(a_sale(), 5_000) == first._replace(created=False)
    assert states() == [("C1", 250, "pending"), ("P1", 100, "pending")]
    with pytest.raises(KeyReused):
        refund(a_sale(), 4_000)


@pytest.mark.parametrize(
    ("bent", "kind", "why"),
    [
        ({"sale": "O-9"}, NotFound, "No sale was shared under O-9"),
        ({"amount": Money(10_001, "CNY")}, SharingRefused, r"100\.00 are left"),
        ({"amount": Money(0, "CNY")}, SharingRefused, "are left"),
        ({"amount": Money(-1, "CNY")}, SharingRefused, "are left"),
        ({"amount": Money(100, "USD")}, SharingRefused, "CNY"),
    ],
)
def test_what_cannot_be_refunded_takes_nothing(
    hub_database: Database, bent: dict[str, Any], kind: type[HubError], why: str
) -> None:
    a_shared_order()
    asked = Refund("RF-1", "O-1", Money(100, "CNY"))._replace(**bent)
    before = size(), states()
    with pytest.raises(kind, match=why):
        money_transaction(lambda: claw_back(asked, b.NOW_S))
    assert (size(), states()) == before


def test_no_more_is_refunded_than_is_left(hub_database: Database) -> None:
    a_shared_order()
    refund(a_sale(), 9_000)
    with pytest.raises(SharingRefused, match=r"10\.00 are left"):
        refund(a_sale(), 1_001, "RF-2")


def test_many_refunds_at_once_take_what_there_is_once(hub_database: Database) -> None:
    a_shared_order()
    told = at_once(6, lambda n: refund(a_sale(), 2_500, f"RF-{n}"))
    assert sum(isinstance(one, TakenBack) for one in told) == 4, told
    assert sum(isinstance(one, SharingRefused) for one in told) == 2, told
    assert states() == [("C1", 0, "clawed"), ("P1", 0, "clawed")]
    assert audit() == []


def test_a_refund_without_any_commission_is_noted(hub_database: Database) -> None:
    complete(a_sale())
    assert refund(a_sale(), 100).clawed == ()
    assert rows("SELECT left_minor FROM shared_sale") == [(9_900,)]


# --- promises ------------------------------------------------------------------------------------


def a_promise() -> None:
    activated(a_rule(fixed(700)))
    money_transaction(lambda: promise(a_sale("V-1", cost_minor=0), b.NOW_S))


def test_a_redemption_that_is_taken_back_can_be_earned_again(hub_database: Database) -> None:
    a_promise()
    redeem("R1", 4_000)
    assert take_back("VOID-1", "R1", 4_000, reopen=True).clawed == (Clawed(CITY_1, pending=280),)
    assert balances() == {}
    redeem("R2", 10_000)
    assert balances() == {"5020": 700, "2111.C1": -700}
    assert audit() == []


def test_a_voucher_that_is_returned_unused_promises_nothing_more(hub_database: Database) -> None:
    a_promise()
    redeem("R1", 4_000)
    assert take_back("RF-1", "V-1", 6_000).clawed == ()
    assert balances() == {"5020": 280, "2111.C1": -280}
    with pytest.raises(SharingRefused, match=r"0\.00 are left"):
        redeem("R2", 1)


def test_an_order_is_never_reopened(hub_database: Database) -> None:
    a_shared_order()
    with pytest.raises(SharingRefused, match="used of a promise"):
        take_back("RF-1", "O-1", 100, reopen=True)
    assert states() == [("C1", 500, "pending"), ("P1", 200, "pending")]
