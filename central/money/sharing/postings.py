"""What sharing posts: rules 3, 4, 8 and 10 of the ledger, as far as agents have a part in them.

Commission is pending (2111) from the moment of the sale, available (2110) after the hold, and a
receivable (1110) where a refund finds nothing to take. Pure, but for reading an account's rest.
"""

from __future__ import annotations

from typing import NamedTuple

from central.foundation.db.engine import rows
from central.money.ledger.posting import Leg, Posting, credit, debit
from central.money.sharing.model import Booking
from edge.contract.money import Money

_CONTRA = {Booking.GROSS: "5020", Booking.NET: "4020"}
"""What commission is to the house: an expense of its own sales, less margin on those of others."""


class Commission(NamedTuple):
    """What one agent earns of one event, minor units."""

    agent: str
    minor: int


class Clawed(NamedTuple):
    """What one agent gives back, and from where, minor units."""

    agent: str
    pending: int = 0
    available: int = 0
    owed: int = 0

    @property
    def minor(self) -> int:
        """All of it."""
        return self.pending + self.available + self.owed


def earned_legs(earned: tuple[Commission, ...], booking: Booking) -> tuple[Leg, ...]:
    """3, 8: what the sale's journal has besides its own legs; they balance by themselves."""
    total = sum(one.minor for one in earned)
    pending = [credit(f"2111.{one.agent}", one.minor) for one in earned]
    return _real(debit(_CONTRA[booking], total), *pending)


def clawed_legs(clawed: tuple[Clawed, ...], booking: Booking) -> tuple[Leg, ...]:
    """10: what the refund's journal has besides its own legs; they balance by themselves."""
    total = sum(one.minor for one in clawed)
    given = [
        leg
        for one in clawed
        for leg in (
            debit(f"2111.{one.agent}", one.pending),
            debit(f"2110.{one.agent}", one.available),
            debit(f"1110.{one.agent}", one.owed),
        )
    ]
    return _real(*given, credit(_CONTRA[booking], total))


def claw_from(agent: str, minor: int, *, pending: int, available: int) -> Clawed:
    """Say from where an agent gives back: what is pending first, then his wallet, then a debt."""
    from_pending = min(minor, pending)
    from_wallet = min(minor - from_pending, available)
    return Clawed(agent, from_pending, from_wallet, minor - from_pending - from_wallet)


def commission_released(
    order: str, agent: str, amount: Money, day: int, actor: str, *, owed: int = 0
) -> Posting:
    """4: the time for refunds is over; what the agent owes for earlier ones is netted first."""
    netted = min(owed, amount.minor)
    return Posting(
        idem=f"rel:{order}:{agent}",
        kind="commission-released",
        ref=order,
        currency=amount.currency,
        legs=_real(
            debit(f"2111.{agent}", amount.minor),
            credit(f"1110.{agent}", netted),
            credit(f"2110.{agent}", amount.minor - netted),
        ),
        effective=day,
        actor=actor,
    )


def available_of(agent: str) -> int:
    """Return what may be taken of an agent's wallet: posted, less what is held for a payout."""
    found = rows("SELECT c - d - pd FROM account WHERE code = ?", (f"2110.{agent}",))
    return max(0, int(found[0][0])) if found else 0


def owed_by(agent: str) -> int:
    """Return what an agent owes for refunds that found his wallet empty."""
    found = rows("SELECT d - c FROM account WHERE code = ?", (f"1110.{agent}",))
    return max(0, int(found[0][0])) if found else 0


def _real(*wanted: Leg) -> tuple[Leg, ...]:
    return tuple(leg for leg in wanted if leg.minor)
