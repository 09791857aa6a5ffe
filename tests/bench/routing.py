"""P8: one routing decision over 12 offers, picked from 5,000 SKUs."""

from __future__ import annotations

import statistics
import time
from typing import NamedTuple

from central.supply.suppliers.model import Breaker, Kind, Need, Offer, Policy, Terms
from central.supply.suppliers.route import decide
from tests.builders import NOW_S

SKUS, OFFERS, DECISIONS = 5_000, 12, 5_000


class Routing(NamedTuple):
    """Microseconds of one decision: of the slowest policy."""

    median_us: float
    p99_us: float
    policy: str


def routing() -> Routing:
    """Measure every policy; each decision is about another SKU."""
    table = {sku: [_offer(sku, n) for n in range(OFFERS)] for sku in range(SKUS)}
    slowest = Routing(0, 0, "")
    for policy in Policy:
        terms = Terms(policy, min_margin_bp=300, buffer_bp=100)
        times = []
        for n in range(DECISIONS):
            need = Need(f"O-{n}/1", Kind.KEY, 1, 100_000)
            began = time.perf_counter()
            decide(table[n * 7 % SKUS], need, terms, NOW_S)
            times.append(time.perf_counter() - began)
        found = Routing(
            statistics.median(times) * 1e6, sorted(times)[int(len(times) * 0.99)] * 1e6, policy
        )
        slowest = max(slowest, found)
    return slowest


def _offer(sku: int, n: int) -> Offer:
    """An offer; of twelve, two are sold out, one's breaker is open, two are too dear."""
    return Offer(
        id=sku * OFFERS + n,
        account=f"shop-{n}",
        their_ref=str(sku),
        cost_e4=80_000 + (n * 37 + sku) % 11 * 1_500 + (20_000 if n in {4, 5} else 0),
        price_seen_at_s=NOW_S - n * 60,
        stock=0 if n in {1, 7} else 20 + n,
        priority=n % 4,
        weight=1 + n % 3,
        balance_e4=10_000_000,
        breaker=Breaker.OPEN if n == 9 else Breaker.CLOSED,
        p95_ms=200 + n * 13 % 7 * 90,
        success_bp=9_900 - n * 17 % 5 * 40,
    )
