"""Money of customers and agents, in and out of the channels. Rules 1, 2, 5, 6, 9 and 11."""

from __future__ import annotations

from collections.abc import Mapping

from central.money.ledger.posting import Posting, credit, debit
from central.money.ledger.rules.write import legs, owner_of, rest
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


def fee_returned(channel: str, no: str, fee: Money, day: int, actor: str) -> Posting:
    """2: the channel gives fees of refunded payments back, apart from what its bills settle."""
    return Posting(
        idem=f"fb:{channel}:{no}",
        kind="fee-returned",
        ref=channel,
        currency=fee.currency,
        legs=(debit(f"1020.{channel}", fee.minor), credit("5030", fee.minor)),
        effective=day,
        actor=actor,
    )


def deposit_paid_in(to: str, txn: str, agent: str, amount: Money, day: int, actor: str) -> Posting:
    """5: an agent's deposit. It stays his: a refundable debt, never a price of admission.

    Args:
        to: Where the money has come: ``1010.wechat-pay``, ``1030.main``.
    """
    return Posting(
        idem=f"dep:{owner_of(to)}:{txn}",
        kind="deposit-paid-in",
        ref=agent,
        currency=amount.currency,
        legs=(debit(to, amount.minor), credit(f"2120.{agent}", amount.minor)),
        effective=day,
        actor=actor,
    )


def prepaid(to: str, txn: str, agent: str, amount: Money, day: int, actor: str) -> Posting:
    """5: an agent pays in advance for what he is going to buy.

    Args:
        to: Where the money has come: ``1010.wechat-pay``, ``1030.main``.
    """
    return Posting(
        idem=f"pre:{owner_of(to)}:{txn}",
        kind="prepaid",
        ref=agent,
        currency=amount.currency,
        legs=(debit(to, amount.minor), credit(f"2130.{agent}", amount.minor)),
        effective=day,
        actor=actor,
    )


def balance_account(customer: str) -> str:
    """Return the account that holds what a customer has paid in advance."""
    return f"2140.{customer}"


def balance_topped_up(
    channel: str, txn: str, customer: str, amount: Money, day: int, actor: str
) -> Posting:
    """5: a customer pays in advance. It stays his until he buys something with it."""
    return Posting(
        idem=f"top:{channel}:{txn}",
        kind="balance-topped-up",
        ref=customer,
        currency=amount.currency,
        legs=(
            debit(f"1010.{channel}", amount.minor),
            credit(balance_account(customer), amount.minor),
        ),
        effective=day,
        actor=actor,
    )


def bought_from_prepaid(order: str, agent: str, amount: Money, day: int, actor: str) -> Posting:
    """6: an agent pays an order from his prepaid money; the floor is the credit check."""
    return _bought(order, agent, f"2130.{agent}", amount, day, actor)


def bought_from_wallet(order: str, agent: str, amount: Money, day: int, actor: str) -> Posting:
    """6: an agent pays an order from what he has earned."""
    return _bought(order, agent, f"2110.{agent}", amount, day, actor)


def bought_from_balance(order: str, customer: str, amount: Money, day: int, actor: str) -> Posting:
    """6: a customer pays an order from his balance; the floor keeps him from spending it twice."""
    return _bought(order, customer, balance_account(customer), amount, day, actor)


def refund_before_delivery(  # noqa: PLR0913 - what a refund is
    refund: str, order: str, channel: str, amount: Money, day: int, actor: str,
    *, spent: Mapping[str, int] | None = None,
) -> Posting:  # fmt: skip
    """9: what was paid goes back, all or part, before the order is completed: nobody has earned.

    Args:
        spent: What was delivered already and goes back has cost, minor units, by the account it is
            taken from: it is sold to nobody else.
    """
    costs = sorted((spent or {}).items())
    return Posting(
        idem=f"rf:{refund}",
        kind="refund-before-delivery",
        ref=order,
        currency=amount.currency,
        legs=legs(
            debit("2010", amount.minor),
            credit(f"2610.{channel}", amount.minor),
            debit("5010", sum(minor for _, minor in costs)),
            *(credit(account, minor) for account, minor in costs),
        ),
        effective=day,
        actor=actor,
    )


def shortfall_borne(order: str, amount: Money, day: int, actor: str) -> Posting:
    """1: less than the price has come, and the house bears the rest: the order is served."""
    return Posting(
        idem=f"sf:{order}",
        kind="shortfall-borne",
        ref=order,
        currency=amount.currency,
        legs=(debit("5060", amount.minor), credit("2010", amount.minor)),
        effective=day,
        actor=actor,
    )


def shortfall_undone(refund: str, order: str, amount: Money, day: int, actor: str) -> Posting:
    """9: of what goes back undelivered, the house gets what it had borne."""
    return Posting(
        idem=f"rf:{refund}:sf",
        kind="shortfall-undone",
        ref=order,
        currency=amount.currency,
        legs=(debit("2010", amount.minor), credit("5060", amount.minor)),
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
    return _refunded_to(f"2130.{agent}", refund, amount, day, actor)


def refund_to_balance(refund: str, customer: str, amount: Money, day: int, actor: str) -> Posting:
    """11: what a customer has paid from his balance is on it again."""
    return _refunded_to(balance_account(customer), refund, amount, day, actor)


def _refunded_to(account: str, refund: str, amount: Money, day: int, actor: str) -> Posting:
    return Posting(
        idem=f"rf:{refund}:ok",
        kind="refund-confirmed",
        ref=refund,
        currency=amount.currency,
        legs=(debit("2610.balance", amount.minor), credit(account, amount.minor)),
        effective=day,
        actor=actor,
    )


def refund_to_wallet(refund: str, agent: str, amount: Money, day: int, actor: str) -> Posting:
    """11: what an agent has paid from what he had earned is available to him again."""
    return Posting(
        idem=f"rf:{refund}:ok",
        kind="refund-confirmed",
        ref=refund,
        currency=amount.currency,
        legs=(debit("2610.commission", amount.minor), credit(f"2110.{agent}", amount.minor)),
        effective=day,
        actor=actor,
    )


def balance_given_back(
    number: str, channel: str, customer: str, amount: Money, day: int, actor: str
) -> Posting:
    """9: what is left of a top-up goes back the way it came; the channel has yet to do it."""
    return Posting(
        idem=f"bb:{number}",
        kind="balance-given-back",
        ref=customer,
        currency=amount.currency,
        legs=(
            debit(balance_account(customer), amount.minor),
            credit(f"2610.{channel}", amount.minor),
        ),
        effective=day,
        actor=actor,
    )


def _bought(order: str, buyer: str, source: str, amount: Money, day: int, actor: str) -> Posting:
    return Posting(
        # One key for all sources: an order is paid once.
        idem=f"buy:{order}",
        kind="bought",
        ref=order,
        currency=amount.currency,
        legs=(debit(source, amount.minor), credit("2010", amount.minor)),
        effective=day,
        actor=actor,
        memo=buyer,
    )
