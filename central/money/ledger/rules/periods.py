"""What begins and ends periods, and what takes a journal back. Rules 12 and 23."""

from __future__ import annotations

from typing import NamedTuple

from central.money.ledger.chart import heading_of
from central.money.ledger.days import last_day_of
from central.money.ledger.posting import Leg, Posting
from central.money.ledger.rules.write import legs, rest
from edge.contract.money import Money


class Result(NamedTuple):
    """Where a revenue or expense account stands at the end of a period.

    Args:
        balance: Debits less credits, minor units.
    """

    account: str
    balance: int


def reversal_key(journal_id: int) -> str:
    """12: return the key under which an operator takes a journal back: once, whoever asks."""
    return f"rv:{journal_id}"


def brought_in(account: str, amount: Money, day: int, actor: str) -> Posting:
    """What an account stood at, in its normal direction, when these books began."""
    sign = heading_of(account).type.sign
    return Posting(
        idem=f"open:{account}",
        kind="brought-in",
        ref=account,
        currency=amount.currency,
        legs=(Leg(account, sign, amount.minor), Leg("3010", -sign, amount.minor)),
        effective=day,
        actor=actor,
    )


def month_closed(month: int, currency: str, results: tuple[Result, ...], actor: str) -> Posting:
    """23: every revenue and expense account goes back to zero; what is left is retained.

    Args:
        month: yyyymm.
    """
    written = legs(
        *(rest(account, balance) for account, balance in sorted(results)),
        rest("3900", -sum(result.balance for result in results)),
    )
    return Posting(
        idem=f"close:{month}:{currency}",
        kind="month-closed",
        ref=str(month),
        currency=currency,
        legs=written,
        effective=last_day_of(month),
        actor=actor,
    )
