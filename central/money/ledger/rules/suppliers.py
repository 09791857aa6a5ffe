"""Buying from suppliers, and what bills say otherwise. Rules 13, 14 and 19."""

from __future__ import annotations

from typing import NamedTuple

from central.money.ledger.posting import Leg, Posting, credit, debit
from edge.contract.money import Money


class Difference(NamedTuple):
    """A line of a bill that our books do not have, or have otherwise.

    Args:
        source: Whose bill: ``web``, ``kasushou``.
        ext_id: The line's own id.
        account: Which of our accounts the bill speaks of.
        is_more: Whether by the bill that account's debits are more than by our books.
    """

    source: str
    ext_id: str
    account: str
    amount: Money
    is_more: bool


def supplier_prefunded(
    supplier: str, no: str, source: str, amount: Money, day: int, actor: str
) -> Posting:
    """13: money is placed with a supplier, to be bought from."""
    return Posting(
        idem=f"pf:{supplier}:{no}",
        kind="supplier-prefunded",
        ref=supplier,
        currency=amount.currency,
        legs=(debit(f"1040.{supplier}", amount.minor), credit(source, amount.minor)),
        effective=day,
        actor=actor,
    )


def stock_bought(batch: str, sku: str, source: str, amount: Money, day: int, actor: str) -> Posting:
    """13: card keys come into stock, at what they cost.

    Args:
        source: What they are paid from: ``1040.kasushou``, or ``2210.kasushou`` on account.
    """
    return Posting(
        idem=f"st:{batch}",
        kind="stock-bought",
        ref=batch,
        currency=amount.currency,
        legs=(debit(f"1310.{sku}", amount.minor), credit(source, amount.minor)),
        effective=day,
        actor=actor,
    )


def stock_used(use: str, sku: str, amount: Money, day: int, actor: str) -> Posting:
    """13: card keys leave the stock without an order: given away, or found to be bad."""
    return Posting(
        idem=f"su:{use}",
        kind="stock-used",
        ref=use,
        currency=amount.currency,
        legs=(debit("5010", amount.minor), credit(f"1310.{sku}", amount.minor)),
        effective=day,
        actor=actor,
    )


def supplier_paid(
    supplier: str, no: str, source: str, amount: Money, day: int, actor: str
) -> Posting:
    """13: a supplier's bill is paid."""
    return Posting(
        idem=f"sp:{supplier}:{no}",
        kind="supplier-paid",
        ref=supplier,
        currency=amount.currency,
        legs=(debit(f"2210.{supplier}", amount.minor), credit(source, amount.minor)),
        effective=day,
        actor=actor,
    )


def charged_without_delivery(
    purchase: str, supplier: str, source: str, amount: Money, day: int, actor: str
) -> Posting:
    """14: one supplier has charged us and another one delivered: we claim it back.

    Args:
        source: What he charged: ``2210.kasushou``, or ``1040.kasushou``.
    """
    return Posting(
        idem=f"fo:{purchase}",
        kind="charged-without-delivery",
        ref=purchase,
        currency=amount.currency,
        legs=(debit(f"1130.{supplier}", amount.minor), credit(source, amount.minor)),
        effective=day,
        actor=actor,
    )


def claim_met(
    purchase: str, supplier: str, to: str, amount: Money, day: int, actor: str
) -> Posting:
    """14: the supplier's bill gives back what he had charged for nothing."""
    return Posting(
        idem=f"fo:{purchase}:met",
        kind="claim-met",
        ref=purchase,
        currency=amount.currency,
        legs=(debit(to, amount.minor), credit(f"1130.{supplier}", amount.minor)),
        effective=day,
        actor=actor,
    )


def goods_taken_back(case: str, to: str, amount: Money, day: int, actor: str) -> Posting:
    """14: a supplier gives back what he had charged for goods that a buyer could not use.

    Args:
        to: Where he gives it back: ``2210.kasushou``, or ``1040.kasushou``.
    """
    return Posting(
        idem=f"gb:{case}",
        kind="goods-taken-back",
        ref=case,
        currency=amount.currency,
        legs=(debit(to, amount.minor), credit("5010", amount.minor)),
        effective=day,
        actor=actor,
    )


def difference_found(event: Difference, day: int, actor: str) -> Posting:
    """19: a bill and our books differ; until it is explained the difference stands apart."""
    minor = event.amount.minor
    written = (
        (debit(event.account, minor), credit("1920", minor))
        if event.is_more
        else (debit("1920", minor), credit(event.account, minor))
    )
    return _difference("", "difference-found", event, written, day, actor)


def difference_explained(event: Difference, by: str, day: int, actor: str) -> Posting:
    """19: it is known what the difference was, and it goes where it belongs.

    Args:
        by: The account it belongs to: ``2010`` for a payment we had not heard of, ``5030`` for
            a fee.
    """
    minor = event.amount.minor
    written = (
        (debit("1920", minor), credit(by, minor))
        if event.is_more
        else (debit(by, minor), credit("1920", minor))
    )
    return _difference(":ok", "difference-explained", event, written, day, actor)


def _difference(
    suffix: str, kind: str, event: Difference, written: tuple[Leg, ...], day: int, actor: str
) -> Posting:
    return Posting(
        idem=f"diff:{event.source}:{event.ext_id}{suffix}",
        kind=kind,
        ref=event.ext_id,
        currency=event.amount.currency,
        legs=written,
        effective=day,
        actor=actor,
        memo=event.source,
    )
