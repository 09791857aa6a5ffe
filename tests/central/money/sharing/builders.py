"""Rule sets, chains and sales: valid by default, one argument to bend one thing."""

from __future__ import annotations

from typing import Any

from central.foundation.db.engine import money_transaction
from central.money.ledger.posting import Leg, Posting, credit, debit
from central.money.ledger.store import post
from central.money.sharing.claw_back import Refund, TakenBack, claw_back
from central.money.sharing.earn import Earned, earn
from central.money.sharing.model import (
    DEFAULT_SCOPE,
    AgentId,
    Booking,
    FixedLine,
    LevelId,
    LevelLine,
    Link,
    RatioLine,
    RuleInForce,
    RuleRef,
    RuleSet,
    Sale,
    Scope,
    To,
)
from central.money.sharing.rule_body import to_body
from central.money.sharing.rule_sets import Draft, activate, draft
from edge.contract.money import Money
from tests import builders as b

TODAY = 20260411
ZONE = "Asia/Shanghai"
GENERAL, PROVINCE, CITY, PROMOTER = map(LevelId, ("general", "province", "city", "promoter"))
LEVELS = (GENERAL, PROVINCE, CITY, PROMOTER)
CITY_1, PROVINCE_1, GENERAL_1 = AgentId("C1"), AgentId("P1"), AgentId("G1")

CHAIN = (Link(CITY_1, CITY), Link(PROVINCE_1, PROVINCE), Link(GENERAL_1, GENERAL))
"""A city agent sells; above him a province agent, and a general one."""
BY_LEVEL = LevelLine({GENERAL: 100_000, PROVINCE: 70_000, CITY: 40_000})


def fixed(minor: int, to: To = To.SELLER) -> FixedLine:
    return FixedLine(to, minor)


def ratio(ppm: int, to: To = To.SELLER, cap_minor: int | None = None) -> RatioLine:
    return RatioLine(to, ppm, cap_minor)


def a_rule(*lines: Any, **bent: Any) -> RuleSet:
    """5 % to the seller and 2 % to who is above him, or these lines."""
    chosen = lines or (ratio(50_000), ratio(20_000, To.UPLINE_1))
    return RuleSet(**{"currency": "CNY", "lines": chosen, **bent})


def in_force(rule: RuleSet, scope: Scope = DEFAULT_SCOPE, version: int = 1) -> RuleInForce:
    return RuleInForce(RuleRef(scope, version), rule)


def a_sale(ref: str = "O-1", minor: int = 10_000, **bent: Any) -> Sale:
    """A sale of 100.00 by the city agent; it cost 60.00."""
    values: dict[str, Any] = {
        "ref": ref, "amount": Money(minor, "CNY"), "chain": CHAIN, "at_s": b.NOW_S,
        "cost_minor": minor * 6 // 10, "product": 7,
    }  # fmt: skip
    return Sale(**{**values, **bent})


# --- on the database -----------------------------------------------------------------------------


def activated(
    rule: RuleSet, scope: str = "default", from_s: int = b.NOW_S - 10, **bent: Any
) -> RuleRef:
    """Draft a rule set and let it be in force."""
    wanted = Draft(to_body(rule), **bent)
    ref = draft(scope, wanted, LEVELS, by="wang", at_s=from_s).ref
    return activate(ref, from_s, by="wang", now_s=from_s).ref


def netted(*legs: Leg) -> tuple[Leg, ...]:
    """Return the legs of one journal: one for each account."""
    totals: dict[str, int] = {}
    for leg in legs:
        totals[leg.account] = totals.get(leg.account, 0) + leg.side * leg.minor
    return tuple(
        debit(account, minor) if minor > 0 else credit(account, -minor)
        for account, minor in totals.items()
        if minor
    )


def a_journal(idem: str, legs: tuple[Leg, ...], currency: str = "CNY") -> Posting:
    return Posting(idem, idem.partition(":")[0], idem, currency, legs, TODAY, "test")


def complete(sale: Sale, at_s: int = b.NOW_S) -> Earned:
    """Pay an order and complete it, as the sale wing does: one journal with its shares."""
    price, cost = sale.amount.minor, sale.cost_minor
    currency = sale.amount.currency

    def work() -> Earned:
        post(a_journal(f"pay:{sale.ref}", (debit("1010.web", price), credit("2010", price)),
                       currency), at_s)  # fmt: skip
        earned = earn(sale, at_s)
        revenue = (
            (credit("4010", price), debit("5010", cost))
            if sale.booking is Booking.GROSS
            else (credit("4020", price - cost),)
        )
        legs = netted(debit("2010", price), credit("2210.sup", cost), *revenue, *earned.legs)
        post(a_journal(f"oc:{sale.ref}", legs, currency), at_s)
        return earned

    return money_transaction(work)


def refund(sale: Sale, minor: int, ref: str = "RF-1", at_s: int = b.NOW_S) -> TakenBack:
    """Refund part of an order, as the sale wing does; the supplier takes nothing back."""
    asked = Refund(ref, sale.ref, Money(minor, sale.amount.currency))

    def work() -> TakenBack:
        taken = claw_back(asked, at_s)
        revenue = "4010" if sale.booking is Booking.GROSS else "4020"
        legs = netted(debit(revenue, minor), credit("2610.web", minor), *taken.legs)
        post(a_journal(f"rf:{ref}", legs, sale.amount.currency), at_s)
        return taken

    return money_transaction(work)
