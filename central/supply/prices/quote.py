"""What does it cost? One answer for everybody who asks, the same for the same facts. Pure.

1. Of the books for this buyer the narrowest that has an entry counts: agent before level before
   everybody, and at the same width the one of the channel before the one of any.
2. Member price and promotions: exactly one applies, the one that makes it cheapest; several only
   if each of them says that it stacks, and then in this order: member price and fixed prices,
   percentages, amounts.
3. Never below the floor.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from central.supply.prices.model import (
    PPM,
    QUANTITY_MAX,
    UNIT_MINOR_MAX,
    Base,
    Entry,
    Facts,
    MarkUp,
    Mode,
    NoPrice,
    Off,
    Promotion,
    Quote,
    QuoteRefused,
    Rounding,
    Step,
    StepKind,
)
from edge.contract.money import MINOR_MAX, Money

_EXACT = Rounding()
_NOBODY: dict[str, str] = {}


class _NoPriceError(Exception):
    """Carries a refusal up to ``quote``."""

    def __init__(self, reason: NoPrice, limit: int = 0) -> None:
        super().__init__(reason)
        self.refused = QuoteRefused(reason, limit)


@dataclass(frozen=True)
class _Less:
    """Something that may make it cheaper."""

    step: Step
    stacks: bool
    order: int
    of: Callable[[int], int]


def quote(facts: Facts) -> Quote | QuoteRefused:
    """Return what so many pieces cost, with all steps to it; or why there is no price."""
    try:
        return _quote(facts)
    except _NoPriceError as exc:
        return exc.refused


def _quote(facts: Facts) -> Quote:
    if type(facts.quantity) is not int or not 1 <= facts.quantity <= QUANTITY_MAX:
        raise _NoPriceError(NoPrice.QUANTITY, QUANTITY_MAX)
    entries = sorted(facts.entries, key=lambda e: (e.book.width, e.book.id))
    entry, steps = _priced(facts, [e for e in entries if e.mode is not Mode.WIDER])
    steps += _lessened(facts, entry, steps[-1].unit_minor)
    unit = steps[-1].unit_minor
    if facts.floor:
        floor = _same(facts, facts.floor.amount)
        if unit < floor:
            unit = floor
            steps.append(Step(StepKind.FLOOR, "", facts.floor.version, _NOBODY, floor))
    if unit < 1:
        raise _NoPriceError(NoPrice.NOTHING_LEFT)
    if unit > UNIT_MINOR_MAX or unit * facts.quantity > MINOR_MAX:
        raise _NoPriceError(NoPrice.TOO_MUCH)
    return Quote(
        facts.sku, facts.quantity, facts.currency, unit, facts.at_s, facts.channel, facts.agent,
        facts.level, facts.is_member, tuple(steps),
    )  # fmt: skip


# --- what the books say --------------------------------------------------------------------------


def _priced(facts: Facts, entries: list[Entry]) -> tuple[Entry, list[Step]]:
    """Return the entry that counts, and the steps to its price."""
    if not entries:
        raise _NoPriceError(NoPrice.NOT_PRICED)
    entry, *wider = entries
    if entry.book.currency != facts.currency:
        raise _NoPriceError(NoPrice.CURRENCY)
    if entry.mode is Mode.CLOSED:
        raise _NoPriceError(NoPrice.CLOSED)
    if entry.mark_up is None:
        return entry, [_rung(facts, entry)]
    steps = _base(facts, entry.mark_up, wider)
    minor = entry.mark_up.of(steps[-1].unit_minor)
    figures: dict[str, int | str] = {
        "book": entry.book.id, "book_version": entry.version, "ppm": entry.mark_up.ppm,
        "fixed_minor": entry.mark_up.fixed_minor,
    }  # fmt: skip
    used = entry.mark_up
    return entry, [
        *steps, Step(StepKind.MARK_UP, used.id, used.version, used.names, minor, figures)
    ]  # fmt: skip


def _rung(facts: Facts, entry: Entry) -> Step:
    reached = [tier for tier in entry.tiers if tier.min_qty <= facts.quantity]
    if not reached:
        least = min(tier.min_qty for tier in entry.tiers)
        raise _NoPriceError(NoPrice.UNDER_MINIMUM, least)
    tier = max(reached, key=lambda t: t.min_qty)
    figures = {"min_qty": tier.min_qty}
    book = entry.book
    return Step(StepKind.LADDER, book.id, entry.version, book.names, tier.unit_minor, figures)


def _base(facts: Facts, mark_up: MarkUp, wider: list[Entry]) -> list[Step]:
    if mark_up.currency != facts.currency:
        raise _NoPriceError(NoPrice.CURRENCY)
    if mark_up.base is Base.WIDER:
        return _priced(facts, wider)[1]
    is_cost = mark_up.base is Base.COST
    amount = facts.cost if is_cost else facts.face
    if amount is None:
        raise _NoPriceError(NoPrice.COST_UNKNOWN if is_cost else NoPrice.FACE_UNKNOWN)
    kind = StepKind.COST if is_cost else StepKind.FACE
    return [Step(kind, "", 0, _NOBODY, _same(facts, amount))]


def _same(facts: Facts, amount: Money) -> int:
    if amount.currency != facts.currency:
        raise _NoPriceError(NoPrice.CURRENCY)
    return amount.minor


# --- what makes it cheaper -----------------------------------------------------------------------


def _lessened(facts: Facts, entry: Entry, unit: int) -> list[Step]:
    """Return the steps of the way that is cheapest; and what would apply but was passed over."""
    found = [_promotion(p) for p in facts.promotions if _applies(p, facts)]
    if facts.is_member and entry.member_minor is not None:
        found.append(_member(entry, entry.member_minor))
    found = sorted(found, key=lambda less: (less.order, less.step.source))
    ways = [[less] for less in found]
    together = [less for less in found if less.stacks]
    if len(together) > 1:
        ways.append(together)
    steps: list[Step] = []
    if ways:
        walked = [_walked(way, unit) for way in ways]
        # Of two that come to the same the shorter one, then the one that comes first.
        best = min(walked, key=lambda way: (way[-1].unit_minor if way else unit, len(way)))
        steps = best
    used = {step.source for step in steps}
    end = steps[-1].unit_minor if steps else unit
    passed = [less.step for less in found if less.step.source not in used]
    told = [Step(StepKind.PASSED, s.source, s.version, s.names, end, s.figures) for s in passed]
    return steps + told


def _walked(way: list[_Less], unit: int) -> list[Step]:
    steps = []
    for less in way:
        cheaper = less.of(unit)
        if cheaper < unit:
            unit = cheaper
            step = less.step
            steps.append(Step(step.kind, step.source, step.version, step.names, unit, step.figures))
    return steps


def _applies(promotion: Promotion, facts: Facts) -> bool:
    if promotion.currency != facts.currency:
        return False
    is_meant = (
        (facts.sku in promotion.skus or not promotion.skus)
        and promotion.category in {"", *facts.categories}
        and promotion.channel in {"", facts.channel}
        and promotion.level in {"", facts.level}
        and (facts.is_member or not promotion.is_for_members)
    )
    is_on = promotion.from_s <= facts.at_s < promotion.until_s
    return is_meant and is_on and facts.quantity >= promotion.min_qty


def _promotion(promotion: Promotion) -> _Less:
    figures: dict[str, int | str] = {"kind": str(promotion.kind)}
    if promotion.kind is Off.PERCENT:
        figures["ppm"] = promotion.ppm
    else:
        figures["minor"] = promotion.minor
    step = Step(
        StepKind.PROMOTION, promotion.id, promotion.version, promotion.names, 0, figures
    )  # fmt: skip
    order = {Off.PRICE: 0, Off.PERCENT: 1, Off.AMOUNT: 2}[promotion.kind]

    def of(unit: int) -> int:
        if promotion.kind is Off.PRICE:
            return min(unit, promotion.minor)
        if promotion.kind is Off.PERCENT:
            return _EXACT.of(unit * (PPM - promotion.ppm), PPM)
        return max(unit - promotion.minor, 0)

    return _Less(step, promotion.stacks, order, of)


def _member(entry: Entry, minor: int) -> _Less:
    book = entry.book
    step = Step(StepKind.MEMBER, f"member:{book.id}", entry.version, book.names, 0)
    return _Less(step, entry.member_stacks, 0, lambda unit: min(unit, minor))
