"""Offers, and the terms a SKU is bought on."""

from __future__ import annotations

import json
from typing import Any, NamedTuple

import peewee

from central.errors import Conflict, NotFound, RequestInvalid
from central.foundation.db.engine import change, money_transaction, rows
from central.foundation.language.words import N_
from central.supply.suppliers.health import breaker
from central.supply.suppliers.model import Breaker, Offer, Policy, Terms
from central.supply.suppliers.records import accounts

_COLUMNS = (
    "o.id, o.sku, o.account, o.their_ref, o.cost_e4, o.price_seen_at_s, o.stock, o.min_quantity,"
    " o.max_quantity, o.inputs, o.priority, o.weight, o.is_enabled, o.ambiguity_s,"
    " o.stock_seen_at_s"
)
SOLD_OUT_S = 300
"""That an offer is sold out is believed for as long; then it is asked, or tried."""


class OfferRow(NamedTuple):
    """An offer as its row stands. ``inputs`` are ours → theirs."""

    id: int
    sku: str
    account: str
    their_ref: str
    cost_e4: int
    price_seen_at_s: int
    stock: int | None
    min_quantity: int
    max_quantity: int
    inputs: dict[str, str]
    priority: int
    weight: int
    is_enabled: bool
    ambiguity_s: int
    stock_seen_at_s: int


class NewOffer(NamedTuple):
    """An offer to be added, or to be changed: the same SKU, account and reference."""

    sku: str
    account: str
    their_ref: str
    cost_e4: int
    stock: int | None = None
    min_quantity: int = 1
    max_quantity: int = 100
    inputs: dict[str, str] = {}  # noqa: RUF012 - nobody changes it
    priority: int = 100
    weight: int = 1
    ambiguity_s: int = 120


def put_offer(new: NewOffer, at_s: int) -> int:
    """Add an offer or change the one that is there; return its id.

    Raises:
        RequestInvalid: a figure is out of range.
        Conflict: there is no such SKU or account.
    """
    if not 1 <= new.min_quantity <= new.max_quantity <= 1_000_000 or new.cost_e4 < 0:
        raise RequestInvalid(
            N_("Quantities are at least one and in order; a price is not negative.")
        )

    def write() -> int:
        [(offer,)] = rows(
            "INSERT INTO supplier_offer (sku, account, their_ref, cost_e4, price_seen_at_s, stock,"
            " stock_seen_at_s, min_quantity, max_quantity, inputs, priority, weight, ambiguity_s,"
            " is_enabled) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
            " ON CONFLICT (sku, account, their_ref) DO UPDATE SET cost_e4 = excluded.cost_e4,"
            " price_seen_at_s = excluded.price_seen_at_s, stock = excluded.stock,"
            " stock_seen_at_s = excluded.stock_seen_at_s, min_quantity = excluded.min_quantity,"
            " max_quantity = excluded.max_quantity, inputs = excluded.inputs,"
            " priority = excluded.priority, weight = excluded.weight,"
            " ambiguity_s = excluded.ambiguity_s RETURNING id",
            (new.sku, new.account, new.their_ref, new.cost_e4, at_s, new.stock, at_s,
             new.min_quantity, new.max_quantity, json.dumps(new.inputs), new.priority, new.weight,
             new.ambiguity_s, True),
        )  # fmt: skip
        return int(offer)

    try:
        return money_transaction(write)
    except peewee.IntegrityError as exc:
        raise Conflict(
            f"There is no SKU {new.sku}, no account {new.account}, or a figure is out of range."
        ) from exc


def enable(offer: int, *, is_enabled: bool) -> None:
    """Switch an offer on or off.

    Raises:
        NotFound: there is none of this id.
    """
    hit = money_transaction(
        lambda: rows(
            "UPDATE supplier_offer SET is_enabled = ? WHERE id = ? RETURNING id",
            (is_enabled, offer),
        )
    )
    if not hit:
        raise NotFound(f"There is no offer {offer}.")


def offer_rows(where: str = "", values: tuple[Any, ...] = ()) -> list[OfferRow]:
    """Return offers as their rows stand."""
    found = rows(f"SELECT {_COLUMNS} FROM supplier_offer o {where} ORDER BY o.sku, o.id", values)
    return [
        OfferRow._make([*row[:9], json.loads(row[9]), *row[10:12], bool(row[12]), *row[13:]])
        for row in found
    ]  # fmt: skip


def offers_of(sku: str, at_s: int, currency: str) -> list[Offer]:
    """Return a SKU's offers as the router sees them, with what is known of their accounts."""
    known: dict[str, tuple[accounts.Account, Breaker, int, int]] = {}
    found = []
    for row in offer_rows("WHERE o.sku = ?", (sku,)):
        if row.account not in known:
            health = accounts.health(row.account)
            known[row.account] = (
                accounts.account(row.account), breaker(health, at_s), health.p95_ms,
                health.success_bp,
            )  # fmt: skip
        account, state, p95_ms, success_bp = known[row.account]
        can_sell = account.state == "active" and account.currency == currency
        found.append(
            Offer(
                id=row.id, account=row.account, their_ref=row.their_ref, cost_e4=row.cost_e4,
                price_seen_at_s=row.price_seen_at_s, stock=_believed(row, at_s),
                min_quantity=row.min_quantity, max_quantity=row.max_quantity,
                inputs=tuple(sorted(row.inputs)), priority=row.priority, weight=row.weight,
                is_enabled=row.is_enabled and can_sell, balance_e4=account.balance_e4,
                breaker=state, p95_ms=p95_ms, success_bp=success_bp,
            )
        )  # fmt: skip
    return found


def terms_of(sku: str) -> Terms:
    """Return how a SKU is bought."""
    found = rows(
        "SELECT policy, min_margin_bp, buffer_bp, allow_loss, late_win_to_stock, price_ttl_s,"
        " attempts_max FROM supplier_terms WHERE sku = ?",
        (sku,),
    )
    if not found:
        return Terms()
    policy, margin, buffer, loss, late, ttl_s, most = found[0]
    return Terms(Policy(policy), margin, buffer, bool(loss), bool(late), ttl_s, most)


def set_terms(sku: str, terms: Terms, at_s: int, who: str) -> None:
    """Say how a SKU is bought.

    Raises:
        RequestInvalid: a figure is out of range.
        Conflict: there is no such SKU.
    """
    if not 0 <= terms.min_margin_bp + terms.buffer_bp <= 10_000 or terms.min_margin_bp < 0:
        raise RequestInvalid(N_("Margin and buffer together are 0 to 100 %."))
    try:
        money_transaction(
            lambda: change(
                "INSERT INTO supplier_terms (sku, policy, min_margin_bp, buffer_bp, allow_loss,"
                " late_win_to_stock, price_ttl_s, attempts_max, changed_by, changed_at_s)"
                " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (sku) DO UPDATE SET"
                " policy = excluded.policy, min_margin_bp = excluded.min_margin_bp,"
                " buffer_bp = excluded.buffer_bp, allow_loss = excluded.allow_loss,"
                " late_win_to_stock = excluded.late_win_to_stock,"
                " price_ttl_s = excluded.price_ttl_s, attempts_max = excluded.attempts_max,"
                " changed_by = excluded.changed_by, changed_at_s = excluded.changed_at_s",
                (sku, str(terms.policy), terms.min_margin_bp, terms.buffer_bp, terms.allow_loss,
                 terms.late_win_to_stock, terms.price_ttl_s, terms.attempts_max, who, at_s),
            )
        )  # fmt: skip
    except peewee.IntegrityError as exc:
        raise Conflict(f"There is no SKU {sku}, or a figure is out of range.") from exc


# --- within a transaction ------------------------------------------------------------------------


def seen(offer: int, cost_e4: int, stock: int | None, at_s: int) -> None:
    """Write down a price and a stock that the supplier has just told."""
    change(
        "UPDATE supplier_offer SET cost_e4 = ?, price_seen_at_s = ?, stock = ?, stock_seen_at_s = ?"
        " WHERE id = ?",
        (cost_e4, at_s, stock, at_s, offer),
    )


def sold_out(offer: int, at_s: int) -> None:
    """Write down that the supplier has none, until it is asked again."""
    change("UPDATE supplier_offer SET stock = 0, stock_seen_at_s = ? WHERE id = ?", (at_s, offer))


def price_is_old(offer: int) -> None:
    """Make the price be asked for before it is relied on again."""
    change("UPDATE supplier_offer SET price_seen_at_s = 0 WHERE id = ?", (offer,))


def sold(offer: int, quantity: int) -> None:
    """Take a purchase off the stock that is known."""
    change(
        "UPDATE supplier_offer SET stock = CASE WHEN stock > ? THEN stock - ? ELSE 0 END"
        " WHERE id = ? AND stock IS NOT NULL",
        (quantity, quantity, offer),
    )


def _believed(row: OfferRow, at_s: int) -> int | None:
    is_old = row.stock_seen_at_s < at_s - SOLD_OUT_S
    return None if row.stock == 0 and is_old else row.stock
