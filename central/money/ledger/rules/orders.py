"""An order is completed, its commissions mature, part of it goes back. Rules 3, 4 and 10."""

from __future__ import annotations

from typing import NamedTuple

from central.money.ledger.posting import Leg, Posting, credit, debit
from central.money.ledger.rules.write import Commission, Cost, commissions, legs, rest, total
from edge.contract.money import Money


class Completed(NamedTuple):
    """An order as it is completed.

    Args:
        price: What the customer has paid.
        costs: What the goods of it cost, by the account it is taken from.
        earned: What agents earn of the goods.
        is_agency: The goods are sold for somebody else: then revenue is what is left for us
            (net), not the price (gross).
        vouchers: The part of the price that vouchers of ours were sold for, minor units. It is no
            revenue but for what it is more than they are worth.
        issued: What those vouchers are worth, by the account on which it is owed.
    """

    order: str
    price: Money
    costs: tuple[Cost, ...] = ()
    earned: tuple[Commission, ...] = ()
    is_agency: bool = False
    vouchers: int = 0
    issued: tuple[Cost, ...] = ()


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


class Refunded(NamedTuple):
    """An order of which part or all goes back after it was completed.

    Args:
        amount: What the customer gets.
        clawed: What agents give back.
        taken_back: What suppliers take back, by the account it is claimed on (2210 or 1130).
        vouchers: The part of the amount that goes back for vouchers of ours, minor units.
        revoked: What those vouchers were worth, by the account on which it is owed no more.
    """

    refund: str
    order: str
    channel: str
    amount: Money
    clawed: tuple[Clawed, ...] = ()
    taken_back: tuple[Cost, ...] = ()
    is_agency: bool = False
    vouchers: int = 0
    revoked: tuple[Cost, ...] = ()


def order_completed(event: Completed, day: int, actor: str) -> Posting:
    """3: delivered, and shared in the same moment: whoever has a part in it has earned it now."""
    price, goods = event.price.minor, event.price.minor - event.vouchers
    costs = tuple(credit(account, minor) for account, minor in event.costs)
    issued = tuple(credit(account, minor) for account, minor in event.issued)
    shared = commissions(event.earned)
    cost, commission = total(event.costs), total(event.earned)
    margin = event.vouchers - total(event.issued)
    if event.is_agency:
        margin += goods - cost - commission
        written = legs(debit("2010", price), *costs, *issued, *shared, rest("4020", margin))
    else:
        written = legs(
            debit("2010", price), debit("5010", cost), debit("5020", commission),
            credit("4010", goods), *costs, *issued, *shared, rest("4020", margin),
        )  # fmt: skip
    return Posting(
        idem=f"oc:{event.order}",
        kind="order-completed",
        ref=event.order,
        currency=event.price.currency,
        legs=written,
        effective=day,
        actor=actor,
    )


def commission_released(
    order: str, agent: str, amount: Money, day: int, actor: str, *, owed: int = 0
) -> Posting:
    """4: the time for refunds is over: pending commission becomes available.

    Args:
        owed: What the agent owes us for earlier refunds; it is netted first.
    """
    netted = min(owed, amount.minor)
    return Posting(
        idem=f"rel:{order}:{agent}",
        kind="commission-released",
        ref=order,
        currency=amount.currency,
        legs=legs(
            debit(f"2111.{agent}", amount.minor),
            credit(f"1110.{agent}", netted),
            credit(f"2110.{agent}", amount.minor - netted),
        ),
        effective=day,
        actor=actor,
    )


def claw(agent: str, minor: int, *, pending: int, available: int) -> Clawed:
    """Say from where an agent gives back: what is pending first, then his wallet, then a debt.

    Args:
        minor: What he has to give back.
        pending: What of this order is still pending.
        available: What may be taken of his wallet.
    """
    from_pending = min(minor, pending)
    from_wallet = min(minor - from_pending, available)
    return Clawed(agent, from_pending, from_wallet, minor - from_pending - from_wallet)


def refund_after_completion(event: Refunded, day: int, actor: str) -> Posting:
    """10: the customer gets part or all back, and everybody gives back what was his of it."""
    back = tuple(debit(account, minor) for account, minor in event.taken_back)
    revoked = tuple(debit(account, minor) for account, minor in event.revoked)
    clawed = tuple(leg for one in event.clawed for leg in _clawed(one))
    cost = total(event.taken_back)
    commission = sum(one.minor for one in event.clawed)
    refund = credit(f"2610.{event.channel}", event.amount.minor)
    goods = event.amount.minor - event.vouchers
    margin = total(event.revoked) - event.vouchers
    if event.is_agency:
        # What suppliers and agents do not give back is our loss.
        margin += cost + commission - goods
        written = legs(*back, *revoked, *clawed, rest("4020", margin), refund)
    else:
        written = legs(
            debit("4010", goods), *back, *revoked, *clawed, refund, credit("5020", commission),
            credit("5010", cost), rest("4020", margin),
        )  # fmt: skip
    return Posting(
        idem=f"rf:{event.refund}",
        kind="refund-after-completion",
        ref=event.order,
        currency=event.amount.currency,
        legs=written,
        effective=day,
        actor=actor,
    )


def _clawed(one: Clawed) -> tuple[Leg, ...]:
    return (
        debit(f"2111.{one.agent}", one.pending),
        debit(f"2110.{one.agent}", one.available),
        debit(f"1110.{one.agent}", one.owed),
    )
