"""What a store's statements post: the second part of rule 8, and 17 for an owner of stores."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from central.money.ledger.posting import Posting, credit
from central.money.ledger.rules.write import legs, rest
from edge.contract.money import Money


class Netted(NamedTuple):
    """What an owner's stores are owed at one moment.

    Args:
        parts: By store; less than nothing for one that owes us.
        set_off: What of their sum the owner owes us.
    """

    no: str
    owner: str
    parts: Mapping[str, int]
    set_off: int
    currency: str


def fees_charged(statement: str, store: str, fee: Money, day: int, actor: str) -> Posting:
    """8: our service fee for all redemptions of one statement.

    Posted when the statement is issued and not with each redemption, because a fee by the month's
    volume depends on what came before, and redemptions arrive in any order.

    Args:
        fee: Less than nothing if more was taken back than redeemed.
    """
    return Posting(
        idem=f"fee:{statement}",
        kind="fees-charged",
        ref=statement,
        currency=fee.currency,
        legs=(rest(f"2310.{store}", -fee.minor), rest("4040", fee.minor)),
        effective=day,
        actor=actor,
    )


def stores_netted(event: Netted, day: int, actor: str) -> Posting:
    """17: what an owner's stores are owed becomes his, after what he owes us is set off."""
    left = sum(event.parts.values()) - event.set_off
    return Posting(
        idem=f"net:{event.no}",
        kind="stores-netted",
        ref=event.no,
        currency=event.currency,
        legs=legs(
            *(rest(f"2310.{store}", -minor) for store, minor in sorted(event.parts.items())),
            credit(f"1110.{event.owner}", event.set_off),
            credit(f"2320.{event.owner}", left),
        ),
        effective=day,
        actor=actor,
        memo=event.owner,
    )
