"""What a store's statement posts. The second part of rule 8."""

from __future__ import annotations

from central.money.ledger.posting import Posting
from central.money.ledger.rules.write import rest
from edge.contract.money import Money


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
