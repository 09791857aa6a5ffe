"""What programs of headquarters may ask and tell of card keys. Described at ``/openapi.json``.

No route shows a key in full, and none exports: that takes a person, a password and a reason.
"""

from __future__ import annotations

from typing import Annotated, Any

from flask import Response, jsonify
from flask_openapi3.blueprint import APIBlueprint
from flask_openapi3.models.tag import Tag
from pydantic import BaseModel, Field

from central.foundation.db.engine import money_transaction
from central.foundation.people.roles import Permission
from central.foundation.web.describe import WHOLE, BodyJson, Whole, problems
from central.foundation.web.permission import actor, is_allowed, needs
from central.supply.cards.access import log
from central.supply.cards.access.log import Asker
from central.supply.cards.intake import take
from central.supply.cards.intake.read_file import Layout, from_bytes
from central.supply.cards.model import Batch, Intake
from central.supply.cards.room import Room
from central.supply.cards.stock import stocks
from central.supply.cards.store import get_batch, keys
from edge.contract.money import MINOR_MAX, Money

SECURITY: list[dict[str, list[str]]] = [{"api_key": []}]
_TAG = Tag(name="cards", description="Card keys: stock, batches, masked keys, alerts.")
_SKU = "^[A-Z0-9][A-Z0-9-]{0,31}$"
_ID_MAX = 2**53
_AT_ONCE = 20_000


class CardBatchPath(BaseModel):
    """Which batch."""

    batch_id: int = Field(ge=1, le=_ID_MAX, description="Its number.")


class CardKeysQuery(BaseModel):
    """Which keys."""

    sku: str = Field("", pattern=f"^$|{_SKU}", description="Of this SKU only.")
    state: str = Field(
        "", pattern="^(|available|reserved|sold|revealed|replaced|quarantined|exported|void)$",
        description="In this state only.",
    )  # fmt: skip
    after: int = Field(0, ge=0, le=_ID_MAX, description="The last id that was seen.")
    limit: int = Field(100, ge=1, le=1000, description="So many at most.")


class NewCardsJson(BodyJson):
    """Keys that come in."""

    sku: str = Field(pattern=_SKU, description="What they are sold as.")
    supplier: str = Field(pattern="^[A-Za-z0-9-]{1,40}$", description="From whom they are.")
    prepaid: bool = Field(default=False, description="Paid from money placed with him.")
    unit_cost_minor: Whole = Field(ge=0, le=MINOR_MAX, description="What one costs.")
    expires_at_s: Annotated[int, Field(ge=0, le=2**35), WHOLE] | None = Field(
        None, description="Until when each may be used; null for ever."
    )
    note: str = Field("", max_length=500, description="For people.")
    lines: list[str] = Field(
        min_length=1, max_length=_AT_ONCE, description="One key each, as in a file."
    )
    layout: str = Field(
        "auto", pattern="^(auto|secret|number-secret)$", description="What a line holds."
    )


class CardBatchJson(BaseModel):
    """A batch, and what was found in it."""

    id: int = Field(description="Its number.")
    sku: str = Field(description="What its keys are sold as.")
    state: str = Field(description="importing, staged, stocked, discarded.")
    source: str = Field(description="From whom.")
    unit_cost_minor: int | None = Field(description="What one has cost; null without cost.see.")
    currency: str = Field(description="ISO 4217.")
    expires_at_s: int | None = Field(description="Until when each may be used.")
    lines: int = Field(description="Lines of the file that were read.")
    kept: int = Field(description="Keys that were kept.")
    report: dict[str, int] = Field(description="How many lines were not, by why.")


class CardStockJson(BaseModel):
    """The keys of one SKU."""

    sku: str = Field(description="Its id.")
    free: int = Field(description="What could be sold now.")
    reserved: int = Field(description="What is kept for orders.")
    quarantined: int = Field(description="What is set aside.")
    expired: int = Field(description="What may not be used any more.")
    sold: int = Field(description="What was handed over.")


class CardStocksJson(BaseModel):
    """All SKUs that have keys."""

    stocks: list[CardStockJson] = Field(description="In the order of their ids.")


class CardKeyJson(BaseModel):
    """A key, masked."""

    id: int = Field(description="Its number.")
    batch: int = Field(description="Its batch.")
    sku: str = Field(description="What it is sold as.")
    tail: str = Field(description="Its last characters, a quarter of them at most.")
    state: str = Field(description="available, reserved, sold, revealed, …")
    unit: str | None = Field(description="The unit of an order that it is for.")
    reserved_until_s: int = Field(description="0 if it is not reserved.")
    changed_at_s: int = Field(description="Unix seconds.")


class CardKeysJson(BaseModel):
    """Keys in the order of their ids."""

    keys: list[CardKeyJson] = Field(description="Masked.")


class CardAlertJson(BaseModel):
    """Somebody has touched what nobody has a reason to touch."""

    id: int = Field(description="Its number.")
    at_s: int = Field(description="Unix seconds.")
    kind: str = Field(description="reveal, search, import, change, unreadable.")
    key: int = Field(description="Which key.")
    sku: str = Field(description="What it looks like.")
    actor: str = Field(description="Who it was.")
    address: str = Field(description="From where.")


class CardAlertsJson(BaseModel):
    """Alerts that nobody has seen."""

    alerts: list[CardAlertJson] = Field(description="The newest first.")


def blueprint(room: Room) -> APIBlueprint:
    """Return the routes."""
    api = APIBlueprint(
        "cards_api", __name__, url_prefix="/v1/cards", abp_tags=[_TAG], abp_security=SECURITY,
        abp_responses=problems(400, 401, 403, 422, 500),
    )  # fmt: skip
    _add_reading(api, room)
    _add_batches(api, room)
    return api


def _add_reading(api: APIBlueprint, room: Room) -> None:
    @api.get("/stock", summary="What is in stock", responses={200: CardStocksJson})
    @needs(Permission.CARDS_READ)
    def stock() -> Response:
        found = [one._asdict() for one in stocks(room.now_s())]
        for one in found:
            del one["cost"]
        return jsonify({"stocks": found})

    @api.get("/keys", summary="Keys, masked", responses={200: CardKeysJson})
    @needs(Permission.CARDS_READ)
    def some_keys(query: CardKeysQuery) -> Response:
        found = keys(query.limit, sku=query.sku, state=query.state, after=query.after)
        return jsonify({"keys": [key._asdict() for key in found]})

    @api.get("/alerts", summary="Alerts nobody has seen", responses={200: CardAlertsJson})
    @needs(Permission.CARDS_READ)
    def alerts() -> Response:
        found = [one._asdict() for one in log.alerts()]
        for one in found:
            del one["seen_by"], one["seen_at_s"]
        return jsonify({"alerts": found})


def _add_batches(api: APIBlueprint, room: Room) -> None:
    one_batch: Any = {200: CardBatchJson, **problems(404, 409, 503)}

    @api.post("/batches", summary="Take keys in, to be looked at", responses=one_batch)
    @needs(Permission.CARDS_IMPORT)
    def take_in(body: NewCardsJson) -> Response:
        heading = "1040" if body.prepaid else "2210"
        intake = Intake(
            body.sku, body.supplier, f"{heading}.{body.supplier}",
            Money(body.unit_cost_minor, room.currency), body.expires_at_s, body.note,
        )  # fmt: skip
        source = from_bytes("lines", "\n".join(body.lines).encode(), Layout(body.layout))
        by = Asker(actor(), "")
        return _answer(take.take_in(source, intake, room.vault, by, room.now_s()))

    @api.get("/batches/<batch_id>", summary="One batch", responses=one_batch)
    @needs(Permission.CARDS_READ)
    def batch(path: CardBatchPath) -> Response:
        return _answer(get_batch(path.batch_id))

    @api.post("/batches/<batch_id>/stock", summary="Put a batch into stock", responses=one_batch)
    @needs(Permission.CARDS_IMPORT)
    def put_in_stock(path: CardBatchPath) -> Response:
        at_s, day, who = room.now_s(), room.day(), actor()
        return _answer(
            money_transaction(lambda: take.stock(path.batch_id, at_s, day=day, actor=who))
        )

    @api.post("/batches/<batch_id>/discard", summary="Throw a batch away", responses=one_batch)
    @needs(Permission.CARDS_IMPORT)
    def discard(path: CardBatchPath) -> Response:
        take.discard(path.batch_id)
        return _answer(get_batch(path.batch_id))


def _answer(batch: Batch) -> Response:
    cost = batch.unit_cost.minor if is_allowed(Permission.COST_SEE) else None
    return jsonify(
        {
            "id": batch.id, "sku": batch.sku, "state": str(batch.state), "source": batch.source,
            "unit_cost_minor": cost, "currency": batch.unit_cost.currency,
            "expires_at_s": batch.expires_at_s, "lines": batch.lines, "kept": batch.kept,
            "report": batch.report,
        }
    )  # fmt: skip
