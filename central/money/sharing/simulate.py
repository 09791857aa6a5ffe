"""Says what everybody would earn on a sale, by the rules in force or by any version of them.

It reads and writes nothing down; a real sale is shared by ``earn``, from the same rule.
"""

from __future__ import annotations

from typing import NamedTuple

from central.money.sharing import rule_sets
from central.money.sharing.earn import split_of
from central.money.sharing.model import AgentId, RuleInForce, RuleRef, Sale, Split
from central.money.sharing.ports import Outside
from edge.contract.money import Money


class Question(NamedTuple):
    """A sale that has not happened.

    Args:
        agent: Who sells; None for the house.
        rule: By which version, a draft maybe; None for what is in force.
    """

    amount: Money
    agent: AgentId | None = None
    product: int | None = None
    cost_minor: int = 0
    rule: RuleRef | None = None


class Answer(NamedTuple):
    """The sale that was imagined, and what came out of it."""

    sale: Sale
    split: Split


def simulate(question: Question, outside: Outside, now_s: int) -> Answer:
    """Work an imagined sale out.

    Raises:
        NotFound: there is no such agent, product or version.
        SharingRefused: the sale cannot be shared; the sentence says why.
    """
    sale = Sale(
        ref="simulation",
        amount=question.amount,
        chain=() if question.agent is None else outside.chain_at(question.agent, now_s),
        at_s=now_s,
        cost_minor=question.cost_minor,
        product=question.product,
        category="" if question.product is None else outside.category_of(question.product),
    )
    return Answer(sale, split_of(sale, _rule(question, sale, now_s)))


def _rule(question: Question, sale: Sale, now_s: int) -> RuleInForce | None:
    if question.rule is None:
        return rule_sets.in_force(sale.scopes, now_s)
    rule = rule_sets.get(question.rule).rule
    if rule.inherits:
        wider = [scope for scope in sale.scopes if scope != question.rule.scope]
        return rule_sets.in_force(wider, now_s)
    return RuleInForce(question.rule, rule)
