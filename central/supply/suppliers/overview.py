"""What pages, API and commands show of the room: values, ready to be rendered."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

from central.errors import NotFound, RequestInvalid
from central.foundation.db.engine import rows
from central.foundation.language.said import Saying
from central.supply.suppliers.health import breaker
from central.supply.suppliers.model import Kind
from central.supply.suppliers.records import accounts, offers, purchases
from central.supply.suppliers.records.accounts import Account
from central.supply.suppliers.records.offers import OfferRow
from central.supply.suppliers.records.purchases import AttemptRow, EventRow, PurchaseRow
from central.supply.suppliers.route import Decision
from central.supply.suppliers.statements import StatementDay


class AccountShown(NamedTuple):
    """An account, how it does, what it offers, and which of its statements are there.

    Args:
        days: Empty if it gives none.
    """

    account: Account
    name: str
    breaker: str
    success_bp: int
    p95_ms: int
    calls: int
    offers: list[OfferRow]
    days: list[StatementDay]


class PurchaseShown(NamedTuple):
    """A purchase, its attempts with their stories, and every decision."""

    purchase: PurchaseRow
    attempts: list[tuple[AttemptRow, list[EventRow]]]
    decisions: list[tuple[int, dict[str, Any]]]


def all_accounts(
    at_s: int, days: Callable[[Account], list[StatementDay]] = lambda _: []
) -> list[AccountShown]:
    """Return all accounts with their offers.

    Args:
        days: Returns the days of an account's statements.
    """
    names, mine = accounts.names(), offers.offer_rows()
    shown = []
    for account in accounts.accounts():
        health = accounts.health(account.id)
        shown.append(
            AccountShown(
                account, names[account.supplier], str(breaker(health, at_s)), health.good_bp,
                health.p95_ms, len(health.calls), [o for o in mine if o.account == account.id],
                days(account),
            )
        )  # fmt: skip
    return shown


def one_purchase(unit: str) -> PurchaseShown:
    """Return a purchase; NotFound if there is none for the unit."""
    purchase = purchases.get(unit)
    tries = [(a, purchases.story(a.id)) for a in purchases.attempts(unit)]
    return PurchaseShown(purchase, tries, purchases.decisions(unit))


def body_of(decision: Decision) -> dict[str, Any]:
    """Return a decision as it is logged."""
    return purchases.body_of(decision, decision.candidates[0] if decision.candidates else None)


def kind_of(sku: str) -> Kind:
    """Return how a SKU is bought.

    Raises:
        NotFound: there is no such SKU.
        RequestInvalid: it is not bought from suppliers.
    """
    found = rows("SELECT fulfilment FROM sku WHERE id = ?", (sku,))
    if not found:
        raise NotFound(Saying("no-sku", sku=sku))
    if found[0][0] not in list(Kind):
        raise RequestInvalid(Saying("sku-not-bought", sku=sku))
    return Kind(found[0][0])


def bought_skus() -> list[str]:
    """Return the SKUs that are bought from suppliers."""
    found = rows(
        "SELECT id FROM sku WHERE fulfilment IN ('supplier_key', 'direct_topup') ORDER BY id"
    )
    return [str(sku) for (sku,) in found]
