"""What profit sharing speaks of: a chain of agents, a rule set, a sale, a share. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import NamedTuple, NewType

from edge.contract.money import Money

AgentId = NewType("AgentId", str)
"""Capital letters, digits and hyphens, at most 32; part of the agent's account codes."""
LevelId = NewType("LevelId", str)
"""A level of agents, ``province``; small letters, digits and hyphens."""
Scope = NewType("Scope", str)
"""What a rule set is for: ``product:7``, ``category:drinks``, or ``default``."""

DEFAULT_SCOPE = Scope("default")


class Link(NamedTuple):
    """One agent of a chain, as he was when the sale was made.

    Args:
        barred: Why he earns nothing just now, ``suspended``; empty if nothing is against it.
    """

    agent: AgentId
    level: LevelId
    barred: str = ""


# --- rule sets -----------------------------------------------------------------------------------


class To(StrEnum):
    """Whom a line pays, by his place in the chain; the value is the name on the wire."""

    SELLER = "seller"
    UPLINE_1 = "upline-1"
    UPLINE_2 = "upline-2"

    @property
    def place(self) -> int:
        """How many steps above the seller."""
        return list(To).index(self)


class Base(StrEnum):
    """What rates are of."""

    SALE = "sale"
    MARGIN = "margin"


class Over(StrEnum):
    """What happens when all shares together are more than they may be.

    CUT takes from the top of the chain downwards, and says so; REFUSE makes it an error.
    """

    CUT = "cut"
    REFUSE = "refuse"


@dataclass(frozen=True, slots=True)
class FixedLine:
    """A fixed amount for each sale."""

    to: To
    minor: int


@dataclass(frozen=True, slots=True)
class RatioLine:
    """Parts per million of the base, at most ``cap_minor``."""

    to: To
    ppm: int
    cap_minor: int | None = None


@dataclass(frozen=True, slots=True)
class LevelLine:
    """By level: everybody up the chain earns what his level has above the levels below him.

    Args:
        rates: Parts per million of each level.
        same_level_ppm: What somebody gets whose neighbour below is of his own level.
        cap_minor: The most that one agent gets by this line.
    """

    rates: Mapping[LevelId, int]
    same_level_ppm: int = 0
    cap_minor: int | None = None


RuleLine = FixedLine | RatioLine | LevelLine

TOTAL_PPM_DEFAULT = 300_000
"""All commissions together are at most 30 % of a sale, unless somebody answers for more."""
PAID_LEVELS_DEFAULT = 2
PAID_LEVELS_MAX = 3
"""How many agents one sale may pay. Two by default: channels close accounts that pay more levels
in cash; three levels need somebody who answers for it; more than three there are not."""
HOLD_S_DEFAULT = 7 * 86_400


@dataclass(frozen=True, slots=True)
class RuleSet:
    """How one kind of sale is shared. What the lines leave is the house's.

    Args:
        currency: Of fixed amounts and caps.
        inherits: No rules of its own: the next wider scope decides.
        total_ppm: The most of a sale's amount that all lines may take together.
        paid_levels: How many agents up the chain one sale may pay.
        hold_s: How long a commission is held; at least as long as a sale may be refunded.
    """

    currency: str
    lines: tuple[RuleLine, ...] = ()
    base: Base = Base.SALE
    inherits: bool = False
    total_ppm: int = TOTAL_PPM_DEFAULT
    paid_levels: int = PAID_LEVELS_DEFAULT
    over: Over = Over.CUT
    hold_s: int = HOLD_S_DEFAULT

    @property
    def must_be_answered_for(self) -> bool:
        """Whether it goes beyond what is usual, so that somebody has to say why."""
        return self.total_ppm > TOTAL_PPM_DEFAULT or self.paid_levels > PAID_LEVELS_DEFAULT


class RuleRef(NamedTuple):
    """Names a rule set for ever."""

    scope: Scope
    version: int

    def __str__(self) -> str:
        return f"{self.scope} v{self.version}"


class RuleInForce(NamedTuple):
    """A rule set and its name."""

    ref: RuleRef
    rule: RuleSet


# --- sales and shares ----------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Sale:
    """What was sold, as far as sharing is concerned.

    Args:
        ref: The business's own number, ``O-20260411-17``; shared once.
        cost_minor: What the house pays for it.
        category: Of the product; empty if it has none.
        chain: Who sold, then who is above him, and so on upwards; empty if the house sold.
        at_s: When it counts; the rule sets of that moment apply.
    """

    ref: str
    amount: Money
    chain: tuple[Link, ...]
    at_s: int
    cost_minor: int = 0
    product: int | None = None
    category: str = ""

    @property
    def scopes(self) -> tuple[Scope, ...]:
        """Where to look for its rule set, the narrowest first."""
        own = () if self.product is None else (Scope(f"product:{self.product}"),)
        wider = (Scope(f"category:{self.category}"),) if self.category else ()
        return (*own, *wider, DEFAULT_SCOPE)


class Why(StrEnum):
    """What kind of share it is."""

    FIXED = "fixed"
    RATIO = "ratio"
    LEVEL = "level"
    SAME_LEVEL = "same-level"


class Cut(StrEnum):
    """Why somebody gets less than a line says."""

    BARRED = "barred"
    LEVELS = "levels"
    LINE_CAP = "line-cap"
    SUM_CAP = "sum-cap"


@dataclass(frozen=True, slots=True)
class Share:
    """What one line gives one agent, and why.

    Args:
        line: The rule's line, counted from 1.
        place: The agent's place in the chain; 0 is the seller.
        ppm: Rate of this share; 0 of a fixed amount.
        own_ppm: The rate of his level, of a share by level.
        below_ppm: What the levels below him have of it.
        wanted_minor: Without any cut.
        minor: What he gets.
        cuts: Why that is less, in the order in which they were made.
    """

    line: int
    why: Why
    agent: AgentId
    level: LevelId
    place: int
    ppm: int = 0
    own_ppm: int = 0
    below_ppm: int = 0
    wanted_minor: int = 0
    minor: int = 0
    cuts: tuple[Cut, ...] = ()


@dataclass(frozen=True, slots=True)
class Split:
    """A sale, worked out.

    Args:
        base_minor: What the rates are of.
        room_minor: The most that all shares may be together.
        house_minor: What remains for the house after cost and shares.
        nobody: Lines for whom the chain is too short.
    """

    rule: RuleInForce | None
    base_minor: int
    room_minor: int
    house_minor: int
    shares: tuple[Share, ...] = ()
    nobody: tuple[int, ...] = field(default=())

    @property
    def by_agent(self) -> dict[AgentId, int]:
        """What everybody gets in all, the seller first; who gets nothing is not in it."""
        totals: dict[AgentId, int] = {}
        for share in sorted(self.shares, key=lambda s: s.place):
            totals[share.agent] = totals.get(share.agent, 0) + share.minor
        return {agent: minor for agent, minor in totals.items() if minor}
