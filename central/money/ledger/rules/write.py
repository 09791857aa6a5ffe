"""What the rules are written with: legs that leave out what is nothing."""

from __future__ import annotations

from typing import NamedTuple

from central.money.ledger.posting import Leg, credit, debit


class Commission(NamedTuple):
    """What one agent earns of one event, minor units."""

    agent: str
    minor: int


class Cost(NamedTuple):
    """What goods cost, and the account it is taken from: ``2210.kasushou``, ``1310.SKU7``."""

    account: str
    minor: int


def legs(*wanted: Leg) -> tuple[Leg, ...]:
    """Return the legs but for those of nothing: an order without a fee has no leg for one."""
    return tuple(leg for leg in wanted if leg.minor)


def owner_of(account: str) -> str:
    """Return whose an account is: ``main`` of ``1030.main``."""
    return account.partition(".")[2]


def rest(account: str, minor: int) -> Leg:
    """Return a credit of what is left; a debit if less than nothing is."""
    return credit(account, minor) if minor >= 0 else debit(account, -minor)


def commissions(earned: tuple[Commission, ...]) -> tuple[Leg, ...]:
    """Return a credit to the pending commission of each agent."""
    return tuple(credit(f"2111.{agent}", minor) for agent, minor in earned)


def total(amounts: tuple[Commission, ...] | tuple[Cost, ...]) -> int:
    """Return the sum of the amounts."""
    return sum(minor for _, minor in amounts)
