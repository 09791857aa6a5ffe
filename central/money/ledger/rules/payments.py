"""Money of customers and agents, in and out of the channels. Rules 1, 2, 5, 6, 9 and 11."""

from __future__ import annotations

from central.money.ledger.posting import Posting, credit, debit
from central.money.ledger.rules.write import legs, rest
from edge.contract.money import Money


def paid(channel: str, txn: str, order: str, amount: Money, day: int, actor: str) -> Posting:
    """1: the channel has the customer's money for an order. Nothing is delivered yet."""
    return Posting(
        idem=f"pay:{channel}:{txn}",
        kind="paid",
        ref=order,
        currency=amount.currency,
        legs=(debit(f"1010.{channel}", amount.minor), credit("2010", amount.minor)),
        effective=day,
        actor=actor,
    )


def channel_settled(
    channel: str, gross: Money, fee: Money, day: int, actor: str, *, part: str = ""
) -> Posting:
    """2: the channel's bill of a day: what was clearing is in its balance, less its fee.

    Args:
        gross: Less than nothing on a day with more refunds than payments.
        fee: Less than nothing if the channel has given fees back.
        part: Of the day, for what its first posting could not hold: ``:FEES``, ``:2``.
    """
    return Posting(
        idem=f"settle:{channel}:{day}{part}",
        kind="channel-settled",
        ref=channel,
        currency=gross.currency,
        legs=legs(
            rest(f"1020.{channel}", (fee - gross).minor),
            rest("5030", -fee.minor),
            rest(f"1010.{channel}", gross.minor),
        ),
        effective=day,
        actor=actor,
    )


def fee_returned(channel: str, fee: Money, day: int, actor: str) -> Posting:
    """2: the channel's bill of a day gives fees of refunded payments back."""
    return Posting(
        idem=f"settle:{channel}:{day}:fee-back",
        kind="fee-returned",
        ref=channel,
        currency=fee.currency,
        legs=(debit(f"1020.{channel}", fee.minor), credit("5030", fee.minor)),
        effective=day,
        actor=actor,
    )


def deposit_paid_in(
    channel: str, txn: str, agent: str, amount: Money, day: int, actor: str
) -> Posting:
    """5: an agent's deposit. It stays his: a refundable debt, never a price of admission."""
    return Posting(
        idem=f"dep:{channel}:{txn}",
        kind="deposit-paid-in",
        ref=agent,
        currency=amount.currency,
        legs=(debit(f"1010.{channel}", amount.minor), credit(f"2120.{agent}", amount.minor)),
        effective=day,
        actor=actor,
    )


def prepaid(channel: str, txn: str, agent: str, amount: Money, day: int, actor: str) -> Posting:
    """5: an agent pays in advance for what he is going to buy."""
    return Posting(
        idem=f"pre:{channel}:{txn}",
        kind="prepaid",
        ref=agent,
        currency=amount.currency,
        legs=(debit(f"1010.{channel}", amount.minor), credit(f"2130.{agent}", amount.minor)),
        effective=day,
        actor=actor,
    )


def bought_from_prepaid(order: str, agent: str, amount: Money, day: int, actor: str) -> Posting:
    """6: an agent pays an order from his prepaid money; the floor is the credit check."""
    return _bought(order, agent, f"2130.{agent}", amount, day, actor)


def bought_from_wallet(order: str, agent: str, amount: Money, day: int, actor: str) -> Posting:
    """6: an agent pays an order from what he has earned."""
    return _bought(order, agent, f"2110.{agent}", amount, day, actor)


def refund_before_delivery(
    refund: str, order: str, channel: str, amount: Money, day: int, actor: str
) -> Posting:
    """9: what was paid goes back, all or part; nothing was delivered and nobody has earned."""
    return Posting(
        idem=f"rf:{refund}",
        kind="refund-before-delivery",
        ref=order,
        currency=amount.currency,
        legs=(debit("2010", amount.minor), credit(f"2610.{channel}", amount.minor)),
        effective=day,
        actor=actor,
    )


def refund_confirmed(
    refund: str, channel: str, amount: Money, day: int, actor: str, *, settled: bool = False
) -> Posting:
    """11: the channel has given the money back.

    Args:
        settled: Whether it took it from its balance, and not from what is still clearing.
    """
    source = f"1020.{channel}" if settled else f"1010.{channel}"
    return Posting(
        idem=f"rf:{refund}:ok",
        kind="refund-confirmed",
        ref=refund,
        currency=amount.currency,
        legs=(debit(f"2610.{channel}", amount.minor), credit(source, amount.minor)),
        effective=day,
        actor=actor,
    )


def refund_to_prepaid(refund: str, agent: str, amount: Money, day: int, actor: str) -> Posting:
    """11: what an agent has paid from his prepaid money is his again."""
    return Posting(
        idem=f"rf:{refund}:ok",
        kind="refund-confirmed",
        ref=refund,
        currency=amount.currency,
        legs=(debit("2610.balance", amount.minor), credit(f"2130.{agent}", amount.minor)),
        effective=day,
        actor=actor,
    )


def _bought(order: str, agent: str, source: str, amount: Money, day: int, actor: str) -> Posting:
    return Posting(
        # One key for both sources: an order is paid once.
        idem=f"buy:{order}",
        kind="bought",
        ref=order,
        currency=amount.currency,
        legs=(debit(source, amount.minor), credit("2010", amount.minor)),
        effective=day,
        actor=actor,
        memo=agent,
    )
