"""Which offer a unit is bought from, which come next, and why not the others. Pure.

Five figures of an offer are looked at before any is preferred, in the order in which a person
would ask: may it be bought at all, can the account pay, is there enough, do we know all it needs,
is it not too dear. Every offer that falls out keeps the reason and the two figures it fell out by,
so that a page can say them in any language. Measured: tests/bench, row P8.
"""

from __future__ import annotations

import math
from enum import StrEnum
from hashlib import blake2b
from typing import NamedTuple

from central.supply.suppliers.model import Breaker, Need, Offer, Policy, Terms, price_cap_e4


class Reason(StrEnum):
    """Why an offer is not a candidate."""

    DISABLED = "disabled"
    TRIED = "tried"
    BREAKER_OPEN = "breaker-open"
    PROBED_ALREADY = "probed-already"
    """Another purchase is trying the account just now."""
    BALANCE_LOW = "balance-low"
    TOO_FEW = "too-few"
    """It sells more at a time than is wanted."""
    TOO_MANY = "too-many"
    NO_STOCK = "no-stock"
    INPUT_MISSING = "input-missing"
    OVER_CAP = "over-cap"


class LeftOut(NamedTuple):
    """An offer that is no candidate: what it has, and what it would have to have."""

    offer: Offer
    reason: Reason
    has: int = 0
    wanted: int = 0


class Candidate(NamedTuple):
    """An offer that would do.

    Args:
        rank: The figure that the policy goes by; the smaller, the sooner.
        needs_quote: The price is older than the terms allow: ask for it again before buying.
        is_loss: It costs more than the cap, and a person has allowed that.
    """

    offer: Offer
    rank: int
    needs_quote: bool
    is_loss: bool


class Decision(NamedTuple):
    """The answer: candidates, the first one first, and those left out."""

    policy: Policy
    cap_e4: int
    candidates: tuple[Candidate, ...]
    left_out: tuple[LeftOut, ...]


def decide(offers: list[Offer], need: Need, terms: Terms, now_s: int) -> Decision:
    """Return which offers to try for a unit, in which order, and why not the others.

    The same arguments give the same answer: the policy ``weighted`` draws by the unit's name.
    """
    cap_e4 = price_cap_e4(need, terms)
    oldest_s = now_s - terms.price_ttl_s
    candidates, left_out = [], []
    for offer in offers:
        why = _why_not(offer, need, cap_e4, allow_loss=terms.allow_loss)
        if why is not None:
            left_out.append(why)
            continue
        candidates.append(
            Candidate(
                offer, _rank(offer, terms.policy, need.unit), offer.price_seen_at_s < oldest_s,
                offer.cost_e4 > cap_e4,
            )
        )  # fmt: skip
    candidates.sort(key=_order)
    return Decision(terms.policy, cap_e4, tuple(candidates), tuple(left_out))


def _why_not(  # noqa: C901, PLR0911 - a list of questions
    offer: Offer, need: Need, cap_e4: int, *, allow_loss: bool
) -> LeftOut | None:
    if not offer.is_enabled:
        return LeftOut(offer, Reason.DISABLED)
    if offer.id in need.tried:
        return LeftOut(offer, Reason.TRIED)
    if offer.breaker is Breaker.OPEN:
        return LeftOut(offer, Reason.BREAKER_OPEN)
    if offer.breaker is Breaker.PROBING:
        return LeftOut(offer, Reason.PROBED_ALREADY)
    quantity = need.quantity
    if quantity < offer.min_quantity:
        return LeftOut(offer, Reason.TOO_FEW, quantity, offer.min_quantity)
    if quantity > offer.max_quantity:
        return LeftOut(offer, Reason.TOO_MANY, quantity, offer.max_quantity)
    if offer.stock is not None and offer.stock < quantity:
        return LeftOut(offer, Reason.NO_STOCK, offer.stock, quantity)
    if offer.balance_e4 is not None and offer.balance_e4 < offer.cost_e4 * quantity:
        return LeftOut(
            offer, Reason.BALANCE_LOW, offer.balance_e4, offer.cost_e4 * quantity
        )  # fmt: skip
    if offer.inputs and not need.inputs.issuperset(offer.inputs):
        return LeftOut(offer, Reason.INPUT_MISSING, len(need.inputs), len(offer.inputs))
    if offer.cost_e4 > cap_e4 and not allow_loss:
        return LeftOut(offer, Reason.OVER_CAP, offer.cost_e4, cap_e4)
    return None


def _rank(offer: Offer, policy: Policy, unit: str) -> int:
    if policy is Policy.CHEAPEST:
        return offer.cost_e4
    if policy is Policy.PRIORITY:
        return offer.priority
    if policy is Policy.FASTEST:
        return offer.p95_ms
    if policy is Policy.SUCCESS:
        return 10_000 - offer.success_bp
    return _lot(offer, unit)


def _lot(offer: Offer, unit: str) -> int:
    """Return an offer's lot for a unit: over many units it wins as often as its weight says.

    Weighted rendezvous: -ln(u)/w, with u drawn from the names, so that a decision can be made
    again and be the same.
    """
    if offer.weight <= 0:
        return 1 << 60
    drawn = blake2b(f"{offer.id}/{unit}".encode(), digest_size=8).digest()
    u = (int.from_bytes(drawn) + 1) / (2**64 + 1)
    return int(-math.log(u) / offer.weight * 1e9)


def _order(candidate: Candidate) -> tuple[int, int, int, int]:
    """Equal ranks: the cheaper one, then the one a person prefers, then the older one."""
    offer = candidate.offer
    return candidate.rank, offer.cost_e4, offer.priority, offer.id
