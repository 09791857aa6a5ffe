"""Rule sets, chains and sales: valid by default, one argument to bend one thing."""

from __future__ import annotations

from typing import Any

from central.foundation.db.engine import money_transaction
from central.money.ledger import rules, store
from central.money.ledger.posting import Posting, credit, debit
from central.money.ledger.store import post
from central.money.sharing.claw_back import Refund, TakenBack, claw_back
from central.money.sharing.earn import Earned, Part, earn, earn_part
from central.money.sharing.model import (
    DEFAULT_SCOPE,
    AgentId,
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
from central.money.sharing.postings import part_earned, part_given_back
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


def complete(sale: Sale, at_s: int = b.NOW_S, *, is_agency: bool = False) -> Earned:
    """Pay an order and complete it, as the sale wing does: one journal with its shares."""

    def work() -> Earned:
        post(rules.paid("web", sale.ref, sale.ref, sale.amount, TODAY, "test"), at_s)
        earned = earn(sale, at_s)
        done = rules.Completed(
            sale.ref, sale.amount, (rules.Cost("2210.sup", sale.cost_minor),), earned.commissions,
            is_agency=is_agency,
        )  # fmt: skip
        post(rules.order_completed(done, TODAY, "test"), at_s)
        return earned

    return money_transaction(work)


def refund(
    sale: Sale, minor: int, ref: str = "RF-1", at_s: int = b.NOW_S, *, is_agency: bool = False
) -> TakenBack:
    """Refund part of an order, as the sale wing does; the supplier takes nothing back."""
    amount = Money(minor, sale.amount.currency)

    def work() -> TakenBack:
        taken = claw_back(Refund(ref, sale.ref, amount), at_s)
        back = rules.Refunded(ref, sale.ref, "web", amount, taken.clawed, is_agency=is_agency)
        post(rules.refund_after_completion(back, TODAY, "test"), at_s)
        return taken

    return money_transaction(work)


def redeem(ref: str, minor: int, promise: str = "V-1", currency: str = "CNY") -> Earned:
    """Redeem part of a voucher: what is earned by it is a journal of its own."""

    def work() -> Earned:
        earned = earn_part(Part(ref, promise, Money(minor, currency)), b.NOW_S)
        if earned.commissions:
            post(part_earned(ref, earned.commissions, currency, TODAY, "test"), b.NOW_S)
        return earned

    return money_transaction(work)


def take_back(ref: str, sale: str, minor: int, *, reopen: bool = False) -> TakenBack:
    """Take a redemption back, or a promise."""

    def work() -> TakenBack:
        taken = claw_back(Refund(ref, sale, Money(minor, "CNY")), b.NOW_S, reopen=reopen)
        if taken.clawed:
            post(part_given_back(ref, taken.clawed, "CNY", TODAY, "test"), b.NOW_S)
        return taken

    return money_transaction(work)


def pay_out(agent: str, minor: int, key: str = "1", at_s: int = b.NOW_S) -> None:
    """A wallet is paid out."""
    money_transaction(lambda: post(_payout(agent, minor, key), at_s))


def hold(agent: str, minor: int, at_s: int = b.NOW_S) -> None:
    """A payout is on its way: the money is set aside."""
    money_transaction(lambda: store.hold(_payout(agent, minor, "held"), at_s))


def _payout(agent: str, minor: int, key: str) -> Posting:
    legs = (debit(f"2110.{agent}", minor), credit("1020.web", minor))
    return Posting(f"po:{key}:{agent}", "po", agent, "CNY", legs, TODAY, "test")
