"""The words of buying: kinds, policies, offers as the router sees them, states. Pure.

A cost is counted in 1/10,000 of the currency's major unit (``cost_e4``): suppliers quote four
decimals, ``"3.0000"``. Money that has moved is ``Money``, in fen.
"""

from __future__ import annotations

import hashlib
from base64 import b32encode
from enum import StrEnum
from typing import NamedTuple

from edge.contract.money import Money, parse_decimal

E4 = 10_000
"""Parts of a major unit that a cost is counted in."""


class Kind(StrEnum):
    """What is bought; it decides what a success that comes too late is worth."""

    KEY = "supplier_key"
    """A card key: what comes too late can be sold to somebody else."""
    TOP_UP = "direct_topup"
    """Credit on the buyer's account: a second one cannot be taken back."""


class Policy(StrEnum):
    """By what the offers that would do are put in order."""

    CHEAPEST = "cheapest"
    PRIORITY = "priority"
    WEIGHTED = "weighted"
    FASTEST = "fastest"
    SUCCESS = "success"


class Breaker(StrEnum):
    """Whether an account may be bought from at this moment."""

    CLOSED = "closed"
    OPEN = "open"
    HALF_OPEN = "half-open"
    """The pause is over: one purchase may try."""
    PROBING = "probing"
    """One purchase is trying."""


class Offer(NamedTuple):
    """One supplier's offer of one SKU, and what is known of the account it is bought through.

    Args:
        stock: Pieces; None if the supplier does not say.
        inputs: Names of what the buyer has to have given.
        priority: The smaller, the sooner.
        weight: Its part under the policy ``weighted``.
        balance_e4: What is on the account; None if nobody knows.
        p95_ms: How long it takes in 19 of 20 purchases.
        success_bp: How often it delivers, of 10,000.
    """

    id: int
    account: str
    their_ref: str
    cost_e4: int
    price_seen_at_s: int
    stock: int | None = None
    min_quantity: int = 1
    max_quantity: int = 1_000_000
    inputs: tuple[str, ...] = ()
    priority: int = 100
    weight: int = 1
    is_enabled: bool = True
    balance_e4: int | None = None
    breaker: Breaker = Breaker.CLOSED
    p95_ms: int = 0
    success_bp: int = 10_000


class Terms(NamedTuple):
    """How a SKU is bought.

    Args:
        min_margin_bp, buffer_bp: Of what it is sold for, in 1/10,000.
        allow_loss: A person with the right to has said that cost may exceed the cap.
        late_win_to_stock: For keys alone: after the offer's time of doubt the next supplier may
            be asked while nobody knows of the first; a key that comes too late goes to stock.
        price_ttl_s: An older price is asked for again before it is relied on.
        attempts_max: So many purchases are tried for one unit.
    """

    policy: Policy = Policy.CHEAPEST
    min_margin_bp: int = 0
    buffer_bp: int = 0
    allow_loss: bool = False
    late_win_to_stock: bool = False
    price_ttl_s: int = 900
    attempts_max: int = 6


class Need(NamedTuple):
    """What is to be bought.

    Args:
        unit: The unit of an order that it is for.
        sell_net_e4: Price of one piece less commissions and the payment's fee.
        inputs: Names of what the buyer has given.
        tried: Offers that are not to be tried again.
    """

    unit: str
    kind: Kind
    quantity: int
    sell_net_e4: int
    inputs: frozenset[str] = frozenset()
    tried: frozenset[int] = frozenset()


class Attempt(StrEnum):
    """Where one purchase at one supplier is."""

    PLANNED = "planned"
    SENDING = "sending"
    """Claimed: the call may be on its way. If its process died, nobody knows."""
    ACCEPTED = "accepted"
    UNKNOWN = "unknown"
    HELD = "held"
    """Something does not fit, or nobody could find out: for a person."""
    SUCCEEDED = "succeeded"
    LATE = "late"
    """It succeeded after the unit was served otherwise: a key is stock, a top-up is disputed."""
    FAILED = "failed"
    REJECTED = "rejected"
    NOT_SENT = "not_sent"
    NOT_FOUND = "not_found"
    DROPPED = "dropped"
    """Nothing was sent: it was too dear at the last moment, or not needed any more."""

    @property
    def is_live(self) -> bool:
        """Whether it may have cost money and nobody can say yet what came of it."""
        return self in LIVE


LIVE = frozenset({
    Attempt.PLANNED, Attempt.SENDING, Attempt.ACCEPTED, Attempt.UNKNOWN, Attempt.HELD,
})  # fmt: skip
"""At most one of a unit is in these (I-7), but for keys that were passed over by policy."""

_A = Attempt
TRANSITIONS: frozenset[tuple[Attempt, Attempt]] = frozenset({
    (_A.PLANNED, _A.SENDING), (_A.PLANNED, _A.DROPPED),
    *((_A.SENDING, to) for to in (
        _A.ACCEPTED, _A.SUCCEEDED, _A.LATE, _A.REJECTED, _A.NOT_SENT, _A.UNKNOWN, _A.HELD)),
    *((_A.UNKNOWN, to) for to in (
        _A.ACCEPTED, _A.SUCCEEDED, _A.LATE, _A.FAILED, _A.REJECTED, _A.NOT_FOUND, _A.HELD)),
    *((_A.ACCEPTED, to) for to in (
        _A.SUCCEEDED, _A.LATE, _A.FAILED, _A.UNKNOWN, _A.HELD)),
    *((_A.HELD, to) for to in (_A.UNKNOWN, _A.SUCCEEDED, _A.LATE, _A.FAILED)),
    # It was ended as not done, and then it turns out that it was: late, unless nobody else has
    # served the unit or is about to.
    *((ended, _A.LATE) for ended in (_A.NOT_FOUND, _A.FAILED, _A.REJECTED)),
    *((ended, _A.SUCCEEDED) for ended in (_A.NOT_FOUND, _A.FAILED, _A.REJECTED)),
})  # fmt: skip
"""What may become of an attempt; the triggers of the schema say the same."""


class Purchase(StrEnum):
    """Where a unit's purchase is, over all its attempts."""

    OPEN = "open"
    SOURCED = "sourced"
    EXHAUSTED = "exhausted"
    """Nobody could deliver within the cap: refill, or refund."""
    HELD = "held"
    CANCELLED = "cancelled"


def price_cap_e4(need: Need, terms: Terms) -> int:
    """Return what one piece may cost at most."""
    return need.sell_net_e4 * (E4 - terms.min_margin_bp - terms.buffer_bp) // E4


def client_ref(unit: str, n: int) -> str:
    """Return the reference of a unit's nth attempt: the same for ever, and unlike any other's.

    22 characters, A–Z and digits: the narrowest protocol takes 24.
    """
    digest = hashlib.sha256(unit.encode()).digest()
    return f"T{b32encode(digest)[:18].decode()}{n:03d}"


def total(cost_e4: int, currency: str) -> Money:
    """Return a cost as money that moves: a part of a fen counts as a whole one."""
    per_minor = E4 // parse_decimal("1", currency).minor
    return Money(-(-cost_e4 // per_minor), currency)


def parse_e4(text: str) -> int:
    """Return ``"3.0000"`` as 30000.

    Raises:
        ValueError: it is not a plain decimal of at most four places, and not negative.
    """
    whole, _, part = str(text).strip().partition(".")
    part = part.rstrip("0")
    if not whole.isascii() or not whole.isdecimal() or len(whole) > 12 or len(part) > 4:
        raise ValueError("a price is a decimal such as 3.0000")
    if part and not (part.isascii() and part.isdecimal()):
        raise ValueError("a price is a decimal such as 3.0000")
    return int(whole) * E4 + int((part or "0").ljust(4, "0"))


def e4_text(cost_e4: int) -> str:
    """Return 30000 as ``3.0000``."""
    return f"{cost_e4 // E4}.{cost_e4 % E4:04d}"
