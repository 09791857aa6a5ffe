"""Diversions for programs. Described at ``/openapi.json``."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from flask import Response, jsonify
from flask_openapi3.blueprint import APIBlueprint
from flask_openapi3.models.tag import Tag
from pydantic import BaseModel, Field

from central.foundation.people.roles import Permission
from central.foundation.web.describe import BodyJson, problems
from central.foundation.web.permission import actor, needs
from central.stores.diversions.overview import Behind, behind, diversions
from central.stores.json_api import SECURITY, VoucherPath
from central.stores.redemptions.diversion import SAID_CHARS, deal_with
from central.stores.vouchers.find import voucher_of
from edge.contract.ids import VoucherId

_TAG = Tag(name="diversions", description="Vouchers redeemed outside of their region.")


class WhichDiversions(BaseModel):
    """Which ones."""

    all: bool = Field(default=False, description="Also those that somebody has dealt with.")
    agent: str = Field(
        "", pattern="^[A-Za-z0-9-]{0,40}$", description="Of vouchers alone that this agent sold."
    )
    limit: int = Field(200, ge=1, le=500, description="At most this many, newest first.")


class DealtWithJson(BodyJson):
    """What was done about it."""

    said: str = Field(max_length=SAID_CHARS, description="In words, for whoever asks later.")


class DiversionJson(BaseModel):
    """A voucher that was redeemed outside of the region that it was sold for."""

    voucher_id: str = Field(description="12 hex digits.")
    product: int = Field(description="Its number.")
    region: str = Field(description="Where it was meant to be redeemed.")
    agent: str = Field(description="Which agent sold it; empty for none.")
    order: str | None = Field(description="For which order it was issued; null if for none.")
    batch: str = Field(description="The sale that it comes from.")
    entry: str = Field(description="Its first redemption outside: unit/epoch/number.")
    store: str = Field(description="Where that was.")
    store_name: str = Field(description="What that store is called.")
    store_region: str = Field(description="Where that store lay then.")
    found_at_s: int = Field(description="When the hub learned of it, Unix seconds.")
    closed_at_s: int | None = Field(description="When somebody dealt with it; null: nobody has.")
    closed_by: str | None = Field(description="Who.")
    said: str | None = Field(description="What was done about it.")


class DiversionsJson(BaseModel):
    """The newest diversions, newest first."""

    diversions: list[DiversionJson]


class RedeemedJson(BaseModel):
    """One acceptance of the voucher, and where."""

    entry: str = Field(description="unit/epoch/number.")
    store: str = Field(description="At which store.")
    store_name: str = Field(description="What it is called.")
    region: str = Field(description="Where it lies, by what is known now; empty: nobody knows.")
    told_s: int = Field(description="By the till's clock, Unix seconds.")
    worth_minor: int = Field(description="What was taken.")
    is_outside: bool = Field(description="Of the voucher's region.")
    is_voided: bool = Field(description="The till took it back.")


class BehindJson(BaseModel):
    """A diversion with every acceptance of its voucher."""

    diversion: DiversionJson
    redeemed: list[RedeemedJson] = Field(description="By the till's clock.")


def blueprint(now_s: Callable[[], int]) -> APIBlueprint:
    """Return the routes."""
    api = APIBlueprint(
        "diversions_api", __name__, url_prefix="/v1", abp_tags=[_TAG], abp_security=SECURITY,
        abp_responses=problems(400, 401, 403, 422, 500),
    )  # fmt: skip

    @api.get(
        "/diversions", summary="Vouchers redeemed outside of their region",
        responses={200: DiversionsJson},
    )  # fmt: skip
    @needs(Permission.REDEMPTIONS_READ)
    def everything(query: WhichDiversions) -> Response:
        found = diversions(open_only=not query.all, agent=query.agent, limit=query.limit)
        return jsonify({"diversions": [one._asdict() for one in found]})

    @api.get(
        "/diversions/<voucher_id>", summary="One, with every redemption of its voucher",
        responses={200: BehindJson, **problems(404)},
    )  # fmt: skip
    @needs(Permission.REDEMPTIONS_READ)
    def one(path: VoucherPath) -> Response:
        return jsonify(of_behind(behind(VoucherId(voucher_of(path.voucher_id).id))))

    @api.post(
        "/diversions/<voucher_id>/close", summary="Say what was done about it",
        responses={200: BehindJson, **problems(404, 409)},
    )  # fmt: skip
    @needs(Permission.CASES_DECIDE)
    def close(path: VoucherPath, body: DealtWithJson) -> Response:
        found = VoucherId(voucher_of(path.voucher_id).id)
        deal_with(found, body.said, by=actor(), at_s=now_s())
        return jsonify(of_behind(behind(found)))

    return api


def of_behind(found: Behind) -> dict[str, Any]:
    """Return a diversion with what lies behind it as JSON."""
    return {
        "diversion": found.diversion._asdict(),
        "redeemed": [one._asdict() for one in found.redeemed],
    }
