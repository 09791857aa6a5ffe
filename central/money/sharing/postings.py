"""Commissions of redemptions as journals of their own. Pure. All others are the ledger's rules.

A redemption that is taken back is reversed by its mirror, and a mirror would want back what has
been released since. Commission knows better from where to take it, so it stays out of that journal.
"""

from __future__ import annotations

from central.money.ledger.posting import Posting, credit, debit
from central.money.ledger.rules import Clawed, Commission


def part_earned(
    ref: str, earned: tuple[Commission, ...], currency: str, day: int, actor: str
) -> Posting:
    """8: what agents earn of a redemption; ``ref`` is its own key."""
    return Posting(
        idem=f"rdc:{ref}",
        kind="commission-of-redemption",
        ref=ref,
        currency=currency,
        legs=(
            debit("5020", sum(one.minor for one in earned)),
            *(credit(f"2111.{one.agent}", one.minor) for one in earned),
        ),
        effective=day,
        actor=actor,
    )


def part_given_back(
    refund: str, clawed: tuple[Clawed, ...], currency: str, day: int, actor: str
) -> Posting:
    """8, 10: what agents give back of a redemption that was taken back."""
    sources = (
        leg
        for one in clawed
        for leg in (
            debit(f"2111.{one.agent}", one.pending),
            debit(f"2110.{one.agent}", one.available),
            debit(f"1110.{one.agent}", one.owed),
        )
    )
    return Posting(
        idem=f"rvc:{refund}",
        kind="commission-of-redemption-taken-back",
        ref=refund,
        currency=currency,
        legs=(
            *(leg for leg in sources if leg.minor),
            credit("5020", sum(one.minor for one in clawed)),
        ),
        effective=day,
        actor=actor,
    )
