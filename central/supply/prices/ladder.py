"""What one piece costs from which quantity on, for one buyer at one moment."""

from __future__ import annotations

from dataclasses import replace
from typing import NamedTuple

from central.foundation.db.engine import reading
from central.money.sharing.ports import Outside
from central.supply.prices.ask import Asked, CostOf, gather
from central.supply.prices.model import Facts, NoPrice, Quote, QuoteRefused
from central.supply.prices.quote import quote
from edge.contract.money import Money


class Rung(NamedTuple):
    """From so many pieces on, one costs so much."""

    least: int
    unit: Money


def ladder_of(asked: Asked, most: int, outside: Outside, cost_of: CostOf) -> list[Rung]:
    """Return the prices of up to ``most`` pieces, the first from the least quantity on.

    Empty if there is no price. The quantity of ``asked`` does not matter.

    Raises:
        NotFound: there is no such SKU or agent.
    """
    facts = reading(lambda: gather(asked, outside, cost_of))
    rungs: list[Rung] = []
    for least in _steps(facts, most):
        found = quote(replace(facts, quantity=least))
        if isinstance(found, Quote) and (not rungs or rungs[-1].unit != found.unit):
            rungs.append(Rung(least, found.unit))
    return rungs


def _steps(facts: Facts, most: int) -> list[int]:
    """Return the quantities at which a price may be another one."""
    first = quote(replace(facts, quantity=1))
    is_more = isinstance(first, QuoteRefused) and first.reason is NoPrice.UNDER_MINIMUM
    least = first.limit if is_more and isinstance(first, QuoteRefused) else 1
    steps = {tier.min_qty for entry in facts.entries for tier in entry.tiers}
    steps |= {one.min_qty for one in facts.promotions} | {least}
    return sorted(step for step in steps if least <= step <= most)
