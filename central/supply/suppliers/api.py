"""Suppliers for programs of headquarters. Described at ``/openapi.json``."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from flask import Response, jsonify
from flask_openapi3.blueprint import APIBlueprint
from flask_openapi3.models.tag import Tag
from pydantic import BaseModel, Field

from central.foundation.people.roles import Permission
from central.foundation.web.describe import BodyJson, Whole, problems
from central.foundation.web.permission import actor, needs
from central.supply.suppliers import overview, resolve
from central.supply.suppliers.model import Purchase
from central.supply.suppliers.records import accounts, purchases
from central.supply.suppliers.records.purchases import AttemptRow, PurchaseRow
from edge.contract.money import MINOR_MAX, Money

SECURITY: list[dict[str, list[str]]] = [{"api_key": []}]
_TAG = Tag(name="suppliers", description="Whom we buy from.")


class SupplierOfferJson(BaseModel):
    """What an account sells of a SKU. Prices are in 1/10,000 of the major unit."""

    id: int = Field(description="Number of the offer.")
    sku: str = Field(description="What of ours it is.")
    their_ref: str = Field(description="What the supplier calls it.")
    cost_e4: int = Field(description="Price of one piece.")
    stock: int | None = Field(description="Pieces; null if the supplier does not say.")
    is_enabled: bool = Field(description="Whether it is bought.")


class SupplierAccountJson(BaseModel):
    """An account at a supplier. Its credentials are never told."""

    id: str = Field(description="Its name.")
    supplier: str = Field(description="Whose it is.")
    protocol: str = Field(description="How it is spoken to.")
    state: str = Field(description="active or suspended.")
    breaker: str = Field(description="closed, open, half-open or probing.")
    balance_e4: int | None = Field(description="What lies there; null if nobody knows.")
    success_bp: int = Field(description="Calls of 10,000 that end well.")
    p95_ms: int = Field(description="What 19 of 20 calls take at most.")
    offers: list[SupplierOfferJson] = Field(description="What it sells of ours.")


class SupplierAlertJson(BaseModel):
    """Something that a person has to hear of."""

    kind: str = Field(description="What has happened.")
    object: str = Field(description="To what.")
    detail: str = Field(description="More about it.")
    opened_at_s: int = Field(description="Since when, Unix seconds.")


class SuppliersJson(BaseModel):
    """All accounts, and what is to be looked at."""

    accounts: list[SupplierAccountJson] = Field(description="By supplier and name.")
    alerts: list[SupplierAlertJson] = Field(description="Newest first.")


class RouteQuestionJson(BodyJson):
    """A unit that has not been sold."""

    sku: str = Field(min_length=1, max_length=32, description="What is to be bought.")
    quantity: Whole = Field(1, ge=1, le=10_000, description="Pieces.")
    sell_net_minor: Whole = Field(
        ge=0, le=MINOR_MAX, description="Price of one less commissions and fee, minor units."
    )
    inputs: list[str] = Field([], max_length=20, description="Names of what the buyer has given.")


class RouteCandidateJson(BaseModel):
    """An offer that would do."""

    offer: int = Field(description="Number of the offer.")
    account: str = Field(description="Through which account.")
    cost_e4: int = Field(description="Price of one piece.")
    rank: int = Field(description="The figure that the policy goes by; the smaller, the sooner.")
    needs_quote: bool = Field(description="Whether its price is asked for first.")
    is_loss: bool = Field(description="Whether it is dearer than the cap, by permission.")


class RouteLeftOutJson(BaseModel):
    """An offer that would not do, and why."""

    offer: int = Field(description="Number of the offer.")
    account: str = Field(description="Through which account.")
    cost_e4: int = Field(description="Price of one piece.")
    reason: str = Field(description="Why not.")
    has: int = Field(description="The figure it fell out by.")
    wanted: int = Field(description="What it would have to be.")


class RouteDecisionJson(BaseModel):
    """Where a unit would be bought, and why not elsewhere."""

    policy: str = Field(description="By what the candidates are in order.")
    cap_e4: int = Field(description="What one piece may cost at most.")
    chosen: int | None = Field(description="Number of the offer; null if there is none.")
    candidates: list[RouteCandidateJson] = Field(description="The first one first.")
    left_out: list[RouteLeftOutJson] = Field(description="All others.")


class SupplierPurchasesQuery(BaseModel):
    """Which purchases, and how many."""

    limit: int = Field(50, ge=1, le=500, description="At most this many, newest first.")
    state: Purchase | None = Field(None, description="Only those in this state.")


class SupplierPurchaseJson(BaseModel):
    """What is bought for a unit. The buyer's inputs are never told."""

    unit: str = Field(description="The unit of an order.")
    sku: str = Field(description="What is bought.")
    kind: str = Field(description="supplier_key or direct_topup.")
    quantity: int = Field(description="Pieces.")
    state: Purchase = Field(description="Where it is.")
    asked_at_s: int = Field(description="Unix seconds.")
    done_at_s: int | None = Field(description="When it ended; null if it has not.")


class SupplierPurchasesJson(BaseModel):
    """Purchases, newest first."""

    purchases: list[SupplierPurchaseJson] = Field(description="Newest first.")


class SupplierAttemptJson(BaseModel):
    """One purchase at one supplier."""

    id: int = Field(description="Its number.")
    account: str = Field(description="Where.")
    client_ref: str = Field(description="Our reference, in every call.")
    upstream_no: str = Field(description="The supplier's number.")
    state: str = Field(description="Where it is.")
    code: str = Field(description="The last word about it.")
    cost_e4: int = Field(description="Price of one piece when it was planned.")
    cap_e4: int = Field(description="What it might cost at most.")
    charged_e4: int | None = Field(description="What all of it has cost; null if unknown.")
    late_to: str | None = Field(description="stock or dispute, if it came too late.")


class OneSupplierPurchaseJson(BaseModel):
    """A purchase, its attempts and every decision about it."""

    purchase: SupplierPurchaseJson = Field(description="As it is now.")
    attempts: list[SupplierAttemptJson] = Field(description="The first one first.")
    decisions: list[RouteDecisionJson] = Field(description="The first one first.")


class PurchaseUnitPath(BaseModel):
    """Which unit."""

    unit: str = Field(min_length=1, max_length=64, description="Its name.")


class SupplierAttemptPath(BaseModel):
    """Which attempt."""

    attempt: int = Field(ge=1, le=2**62, description="Its number.")


class HeldDecisionJson(BodyJson):
    """What is decided about an attempt that is held."""

    what: str = Field(
        pattern="^(ask-again|not-done|done)$", description="ask-again, not-done or done."
    )
    why: str = Field(min_length=1, max_length=200, description="For the record.")


def blueprint(currency: str, now_s: Callable[[], int]) -> APIBlueprint:
    """Return the routes."""
    api = APIBlueprint(
        "suppliers_api", __name__, url_prefix="/v1/suppliers", abp_tags=[_TAG],
        abp_security=SECURITY, abp_responses=problems(400, 401, 403, 422, 500),
    )  # fmt: skip

    @api.get("", summary="Accounts, offers, alerts", responses={200: SuppliersJson})
    @needs(Permission.SUPPLIERS_READ)
    def all_of_them() -> Response:
        found = [_account(shown) for shown in overview.all_accounts(now_s())]
        alerts = [
            {"kind": a.kind, "object": a.object, "detail": a.detail, "opened_at_s": a.opened_at_s}
            for a in accounts.alerts()
        ]
        return jsonify({"accounts": found, "alerts": alerts})

    @api.post(
        "/route", summary="Where a unit would be bought, and why",
        responses={200: RouteDecisionJson, **problems(404)},
    )  # fmt: skip
    @needs(Permission.SUPPLIERS_READ)
    def route(body: RouteQuestionJson) -> Response:
        kind = overview.kind_of(body.sku)
        net = Money(body.sell_net_minor, currency)
        decision = resolve.would_go(
            body.sku, kind, body.quantity, net, frozenset(body.inputs), now_s()
        )
        return jsonify(overview.body_of(decision))

    @api.get("/purchases", summary="The newest purchases", responses={200: SupplierPurchasesJson})
    @needs(Permission.SUPPLIERS_READ)
    def some(query: SupplierPurchasesQuery) -> Response:
        found = purchases.newest(query.limit, str(query.state) if query.state else "")
        return jsonify({"purchases": [_purchase(row) for row in found]})

    @api.get(
        "/purchases/<path:unit>", summary="A purchase with its attempts and decisions",
        responses={200: OneSupplierPurchaseJson, **problems(404)},
    )  # fmt: skip
    @needs(Permission.SUPPLIERS_READ)
    def one(path: PurchaseUnitPath) -> Response:
        shown = overview.one_purchase(path.unit)
        return jsonify({
            "purchase": _purchase(shown.purchase),
            "attempts": [_attempt(row) for row, _ in shown.attempts],
            "decisions": [body for _, body in shown.decisions],
        })  # fmt: skip

    @api.post(
        "/attempts/<int:attempt>/decide", summary="Decide about an attempt that is held",
        responses={200: SupplierAttemptJson, **problems(404, 409)},
    )  # fmt: skip
    @needs(Permission.SUPPLIERS_MANAGE)
    def decide(path: SupplierAttemptPath, body: HeldDecisionJson) -> Response:
        resolve.decide_held(path.attempt, body.what, now_s(), actor(), body.why)
        return jsonify(_attempt(purchases.attempt(path.attempt)))

    return api


def _account(shown: overview.AccountShown) -> dict[str, Any]:
    account = shown.account
    return {
        "id": account.id, "supplier": account.supplier, "protocol": account.protocol,
        "state": account.state, "breaker": shown.breaker, "balance_e4": account.balance_e4,
        "success_bp": shown.success_bp, "p95_ms": shown.p95_ms,
        "offers": [
            {
                "id": o.id, "sku": o.sku, "their_ref": o.their_ref, "cost_e4": o.cost_e4,
                "stock": o.stock, "is_enabled": o.is_enabled,
            }
            for o in shown.offers
        ],
    }  # fmt: skip


def _purchase(row: PurchaseRow) -> dict[str, Any]:
    told = row._asdict()
    names = ("unit", "sku", "kind", "quantity", "state", "asked_at_s", "done_at_s")
    return {name: told[name] for name in names}


def _attempt(row: AttemptRow) -> dict[str, Any]:
    told = row._asdict()
    names = ("id", "account", "client_ref", "upstream_no", "state", "code", "cost_e4", "cap_e4",
             "charged_e4", "late_to")  # fmt: skip
    return {name: told[name] for name in names}
