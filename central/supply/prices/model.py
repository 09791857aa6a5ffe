"""What a price is made of, and what a quote says. Pure.

Amounts are whole minor units of the currency that stands beside them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from central.supply.catalogue.model import CategoryId, SkuId
from central.supply.product_types.model import Names
from edge.contract.money import Money

QUANTITY_MAX = 100_000
"""Pieces of one quote at most."""
UNIT_MINOR_MAX = 10**13
"""Minor units of one piece at most: a quote of the most of them fits into the ledger."""
PPM = 1_000_000


class Mode(StrEnum):
    """How a book comes to a price."""

    LADDER = "ladder"
    MARK_UP = "mark_up"
    CLOSED = "closed"
    WIDER = "wider"


class Base(StrEnum):
    """What a mark-up is added to."""

    COST = "cost"
    FACE = "face"
    WIDER = "wider"


class Direction(StrEnum):
    """Where a price is rounded to."""

    UP = "up"
    NEAREST = "nearest"
    DOWN = "down"


@dataclass(frozen=True)
class Rounding:
    """Prices end like this: ``Rounding(100, 90)`` gives …, 0.90, 1.90, 2.90, …"""

    step_minor: int = 1
    ending_minor: int = 0
    direction: Direction = Direction.NEAREST

    def of(self, numerator: int, denominator: int) -> int:
        """Return the price that is nearest to a fraction on the side that was declared.

        It is never negative: below the first such price there is none, so that one is taken.
        """
        above = numerator - self.ending_minor * denominator
        step = self.step_minor * denominator
        if self.direction is Direction.UP:
            steps = -(-above // step)
        elif self.direction is Direction.DOWN:
            steps = above // step
        else:
            steps = (2 * above + step) // (2 * step)
        return self.ending_minor + max(steps, 0) * self.step_minor


@dataclass(frozen=True)
class MarkUp:
    """One version of a mark-up: base × (1 + ppm) + fixed, rounded."""

    id: str
    version: int
    names: Names
    currency: str
    base: Base
    ppm: int = 0
    fixed_minor: int = 0
    rounding: Rounding = field(default_factory=Rounding)

    def of(self, base_minor: int) -> int:
        """Return the price above a base."""
        exact = base_minor * (PPM + self.ppm) + self.fixed_minor * PPM
        return self.rounding.of(exact, PPM)


@dataclass(frozen=True)
class Tier:
    """From so many pieces on, one costs so much."""

    min_qty: int
    unit_minor: int


@dataclass(frozen=True)
class Book:
    """For whom prices are.

    Args:
        agent, level: One of them, or neither: for everybody.
        channel: Empty for any.
    """

    id: str
    names: Names
    currency: str
    agent: str = ""
    level: str = ""
    channel: str = ""

    @property
    def width(self) -> tuple[bool, bool, bool]:
        """The narrower sorts first: agent before level before everybody, a channel before any."""
        return not self.agent, not self.level, not self.channel


@dataclass(frozen=True)
class Entry:
    """One version of what a SKU costs by a book.

    Args:
        member_minor: What members pay at most; None if they pay like others.
        member_stacks: A promotion that says so too may be taken off the member price.
    """

    book: Book
    version: int
    mode: Mode
    tiers: tuple[Tier, ...] = ()
    mark_up: MarkUp | None = None
    member_minor: int | None = None
    member_stacks: bool = False


@dataclass(frozen=True)
class Floor:
    """One version of what nobody may go below."""

    version: int
    amount: Money


class Off(StrEnum):
    """What a promotion does."""

    PRICE = "price"
    PERCENT = "percent"
    AMOUNT = "amount"


@dataclass(frozen=True)
class Promotion:
    """One version of a promotion.

    Args:
        skus, category: What it is for; with neither, everything.
        stacks: It may be taken beside others that say so too; else it is alone or not at all.
        from_s, until_s: From that second until before this one.
    """

    id: str
    version: int
    names: Names
    currency: str
    kind: Off
    from_s: int
    until_s: int
    ppm: int = 0
    minor: int = 0
    skus: frozenset[SkuId] = frozenset()
    category: str = ""
    channel: str = ""
    level: str = ""
    is_for_members: bool = False
    stacks: bool = False
    min_qty: int = 1


@dataclass(frozen=True)
class Facts:
    """All that a quote depends on.

    Args:
        at_s: For this moment.
        agent, level: Who buys, if it is an agent; empty for everybody else.
        categories: Of the SKU, from its own upwards.
        entries: What the books that are for this buyer say of the SKU now.
        cost: What the house pays for one piece; None if it is not known.
        face: What is printed on it; None if nothing is.
    """

    sku: SkuId
    quantity: int
    currency: str
    at_s: int
    channel: str = ""
    agent: str = ""
    level: str = ""
    is_member: bool = False
    categories: tuple[CategoryId, ...] = ()
    entries: tuple[Entry, ...] = ()
    floor: Floor | None = None
    promotions: tuple[Promotion, ...] = ()
    cost: Money | None = None
    face: Money | None = None


class StepKind(StrEnum):
    """Why a price is what it is, one thing after the other."""

    LADDER = "ladder"
    COST = "cost"
    FACE = "face"
    MARK_UP = "mark_up"
    MEMBER = "member"
    PROMOTION = "promotion"
    PASSED = "passed"
    FLOOR = "floor"


@dataclass(frozen=True)
class Step:
    """One step to a price.

    Args:
        source: Of which book, mark-up or promotion; empty of a cost, a face and a floor.
        unit_minor: What one piece costs after it.
        figures: What it was worked out with: ``min_qty``, ``ppm``, ``minor``, …
    """

    kind: StepKind
    source: str
    version: int
    names: Names
    unit_minor: int
    figures: Mapping[str, int | str] = field(default_factory=dict)


@dataclass(frozen=True)
class Quote:
    """What so many pieces cost, and why. ``unit_minor`` is at least 1."""

    sku: SkuId
    quantity: int
    currency: str
    unit_minor: int
    at_s: int
    channel: str
    agent: str
    level: str
    is_member: bool
    steps: tuple[Step, ...]

    @property
    def unit(self) -> Money:
        """What one piece costs."""
        return Money(self.unit_minor, self.currency)

    @property
    def total(self) -> Money:
        """What all of them cost."""
        return Money(self.unit_minor * self.quantity, self.currency)


class SplitBy(StrEnum):
    """By what the price of a bundle is split over its parts."""

    PRICE = "price"
    """What each part costs alone."""
    FACE = "face"
    """What is printed on each: not every part is sold alone."""
    EVEN = "even"
    """Neither is known of every part."""


@dataclass(frozen=True)
class Weight:
    """What one piece of a part of a bundle weighs in its price."""

    sku: SkuId
    quantity: int
    unit_minor: int


@dataclass(frozen=True)
class Split:
    """How the price of a bundle is split over its parts."""

    by: SplitBy
    parts: tuple[Weight, ...]


class NoPrice(StrEnum):
    """Why there is no price."""

    QUANTITY = "quantity"
    UNDER_MINIMUM = "under-minimum"
    NOT_PRICED = "not-priced"
    CLOSED = "closed"
    CURRENCY = "currency"
    COST_UNKNOWN = "cost-unknown"
    FACE_UNKNOWN = "face-unknown"
    NOTHING_LEFT = "nothing-left"
    TOO_MUCH = "too-much"


@dataclass(frozen=True)
class QuoteRefused:
    """There is no price, and why.

    Args:
        limit: The least quantity, of ``UNDER_MINIMUM``; the most, of ``QUANTITY``.
    """

    reason: NoPrice
    limit: int = 0
