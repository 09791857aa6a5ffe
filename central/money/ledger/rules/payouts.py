"""Money to agents and stores, and deposits back. Rules 15, 16, 17 and 22.

A payout is held before the channel is asked, and becomes a posting when the channel says that it
has paid: ``store.hold(payout_requested(…))``, then ``store.commit`` with key, legs and day of
``payout_paid``, or ``store.void`` under ``payout_void_key``.
"""

from __future__ import annotations

from typing import NamedTuple

from central.money.ledger.posting import Posting, credit, debit
from central.money.ledger.rules.write import legs
from edge.contract.money import Money


class Payout(NamedTuple):
    """One payout.

    Args:
        no: Its number at the channel, stored before the first call and never changed.
        source: The account it is paid from the debt of: ``2110.A7``, ``2310.S0412``.
        amount: What the payee's balance falls by; tax is withheld from it.
    """

    no: str
    source: str
    channel: str
    amount: Money


def payout_requested(payout: Payout, day: int, actor: str) -> Posting:
    """15, 17: to be held: what is available falls at once, and no money has moved."""
    return Posting(
        idem=f"po:{payout.no}:hold",
        kind="payout",
        ref=payout.no,
        currency=payout.amount.currency,
        legs=(
            debit(payout.source, payout.amount.minor),
            credit(f"2410.{payout.channel}", payout.amount.minor),
        ),
        effective=day,
        actor=actor,
    )


def payout_paid(
    payout: Payout, day: int, actor: str, *, fee: int = 0, tax: int = 0, bank: str = ""
) -> Posting:
    """16, 17: to be committed: the money has gone, less tax that is withheld, plus a fee.

    Args:
        bank: The bank account it left, if it did not leave the channel's balance.
    """
    amount = payout.amount.minor
    left = f"1030.{bank}" if bank else f"1020.{payout.channel}"
    return Posting(
        idem=f"po:{payout.no}:post",
        kind="payout-committed",
        ref=payout.no,
        currency=payout.amount.currency,
        legs=legs(
            debit(payout.source, amount),
            debit("5040", fee),
            credit(left, amount - tax + fee),
            credit("2510", tax),
        ),
        effective=day,
        actor=actor,
    )


def payout_void_key(no: str) -> str:
    """Return the key under which the hold of a payout that definitely failed is given back."""
    return f"po:{no}:void"


def payout_back_key(no: str) -> str:
    """Return the key under which a paid payout whose money the bank sent back is reversed."""
    return f"po:{no}:back"


def tax_paid(no: str, source: str, amount: Money, day: int, actor: str) -> Posting:
    """16: withheld tax is paid to the authority.

    Args:
        source: Where the money has left: ``1030.main``.
    """
    return Posting(
        idem=f"tax:{no}",
        kind="tax-paid",
        ref=no,
        currency=amount.currency,
        legs=(debit("2510", amount.minor), credit(source, amount.minor)),
        effective=day,
        actor=actor,
    )


def transferred(no: str, source: str, to: str, amount: Money, day: int, actor: str) -> Posting:
    """Our own money changes places: a channel's balance to the bank, or to another channel."""
    return Posting(
        idem=f"tr:{no}",
        kind="transferred",
        ref=no,
        currency=amount.currency,
        legs=(debit(to, amount.minor), credit(source, amount.minor)),
        effective=day,
        actor=actor,
    )


def deposit_returned(
    no: str, agent: str, source: str, amount: Money, day: int, actor: str
) -> Posting:
    """22: an agent gets his deposit back, after what he still owed was set off.

    Args:
        source: Where the money has left: ``1020.wechat-pay``, ``1030.main``.
    """
    return Posting(
        idem=f"dr:{no}",
        kind="deposit-returned",
        ref=agent,
        currency=amount.currency,
        legs=(debit(f"2120.{agent}", amount.minor), credit(source, amount.minor)),
        effective=day,
        actor=actor,
    )


def deposit_set_off(case: str, agent: str, amount: Money, day: int, actor: str) -> Posting:
    """22: what an agent owes is taken from his deposit."""
    return Posting(
        idem=f"ds:{case}",
        kind="deposit-set-off",
        ref=agent,
        currency=amount.currency,
        legs=(debit(f"2120.{agent}", amount.minor), credit(f"1110.{agent}", amount.minor)),
        effective=day,
        actor=actor,
        memo=case,
    )


def deposit_forfeited(case: str, agent: str, amount: Money, day: int, actor: str) -> Posting:
    """22: an agent has lost his deposit, by what he has signed."""
    return Posting(
        idem=f"df:{case}",
        kind="deposit-forfeited",
        ref=agent,
        currency=amount.currency,
        legs=(debit(f"2120.{agent}", amount.minor), credit("4050", amount.minor)),
        effective=day,
        actor=actor,
        memo=case,
    )


def receivable_written_off(case: str, agent: str, amount: Money, day: int, actor: str) -> Posting:
    """22: what an agent owes will not come."""
    return Posting(
        idem=f"bd:{case}",
        kind="receivable-written-off",
        ref=agent,
        currency=amount.currency,
        legs=(debit("5060", amount.minor), credit(f"1110.{agent}", amount.minor)),
        effective=day,
        actor=actor,
        memo=case,
    )
