"""What programs of headquarters may read of stores, units and redemptions. Described at
``/openapi.json``."""

from __future__ import annotations

from flask import Response, jsonify
from flask_openapi3.blueprint import APIBlueprint
from flask_openapi3.models.tag import Tag
from pydantic import BaseModel, Field

from central.errors import NotFound
from central.foundation.people.roles import Permission
from central.foundation.web.describe import problems
from central.foundation.web.permission import needs
from central.stores.keys.keyring import Keyring
from central.stores.keys.trust import trust_list
from central.stores.redemptions import overview as redemptions
from central.stores.units import overview as unit_overview
from central.stores.vouchers.tables import Voucher
from edge.contract.ids import parse_voucher_id
from edge.contract.status import Status

SECURITY: list[dict[str, list[str]]] = [{"api_key": []}]
_TAG = Tag(name="stores", description="Units, vouchers and what was redeemed.")


class Limit(BaseModel):
    """How many to return."""

    limit: int = Field(50, ge=1, le=500, description="At most this many, newest first.")


class VoucherPath(BaseModel):
    """Which voucher."""

    voucher_id: str = Field(pattern="^[0-9a-f]{12}$", description="12 hex digits.")


class UnitJson(BaseModel):
    """A unit, and how far the hub has its journal."""

    id: str
    store: str
    state: str
    hardware: str
    heard_at_s: int | None
    acked: dict[str, int | str] | None = Field(description="epoch, seq and head_hex.")
    health: dict[str, str | int]


class UnitsJson(BaseModel):
    """All units."""

    units: list[UnitJson]


class KeyJson(BaseModel):
    """A key that signs vouchers."""

    kid: int
    public_key_hex: str


class IssuerJson(BaseModel):
    """Who signs, and with which keys: all that a verifier needs."""

    id: str
    keys: list[KeyJson]


class AlarmJson(BaseModel):
    """Something that somebody has to look at."""

    unit: str
    kind: str = Field(description="fork, new-epoch, posting-refused.")
    detail: str
    at_s: int


class AlarmsJson(BaseModel):
    """The newest alarms, newest first."""

    alarms: list[AlarmJson]


class ScanJson(BaseModel):
    """One entry of a unit's journal. What an entry does not have is null."""

    unit: str
    epoch: int
    seq: int
    hash_hex: str
    kind: str = Field(description="redemption, refusal, void, or unreadable.")
    wall_s: int | None = Field(description="By the unit's clock, Unix seconds.")
    voucher_id: str | None
    product: int | None
    mode: str | None
    reason: str | None = Field(description="Why a scan was refused.")
    worth_minor: int | None
    outcome: str = Field(description="recorded, applied, overspend, quarantined.")
    outcome_reason: str
    received_at_s: int


class RedemptionsJson(BaseModel):
    """The newest entries, and how many of all have which outcome."""

    redemptions: list[ScanJson]
    outcomes: dict[str, int]


class ReceiptJson(BaseModel):
    """One acceptance, as the paper at the till shows it; amounts in minor units."""

    unit: str
    epoch: int
    seq: int
    hash_hex: str
    wall_s: int
    mode: str
    amount: int = Field(description="In the voucher's own measure.")
    worth_minor: int
    covered_minor: int
    receipt: int | None
    clerk: str | None


class ConflictJson(BaseModel):
    """A redemption beyond its voucher's value; ``receipts`` are all there are of the voucher."""

    voucher_id: str
    product: int
    face_minor: int
    excess_minor: int
    opened_at_s: int
    unit: str
    epoch: int
    seq: int
    receipts: list[ReceiptJson]


class ConflictsJson(BaseModel):
    """The open conflicts, newest first."""

    conflicts: list[ConflictJson]


class VoucherJson(BaseModel):
    """What a voucher's token says, and what became of it. Never the token itself."""

    voucher_id: str
    kid: int
    product: int
    value: int
    scope: int
    not_before_day: int = Field(description="Counted from 2026-01-01.")
    expires_day: int = Field(description="First day on which it is not good any more.")
    status_index: int
    kind: str = Field(description="single, multi, stored_value.")
    dynamic_required: bool
    online_only: bool
    status: str = Field(description="valid, revoked, suspended, redeemed.")
    batch: str
    face_minor: int
    capacity: int = Field(description="In its own measure.")


def blueprint(keyring: Keyring) -> APIBlueprint:
    """Return the routes."""
    api = APIBlueprint(
        "stores_api", __name__, url_prefix="/v1", abp_tags=[_TAG], abp_security=SECURITY,
        abp_responses=problems(400, 401, 403, 422, 500),
    )  # fmt: skip

    @api.get("/issuer", summary="Issuer id and public keys", responses={200: IssuerJson})
    @needs(Permission.VOUCHERS_READ)
    def issuer() -> Response:
        trust = trust_list(keyring, 0)
        keys = [
            {"kid": key.kid, "public_key_hex": key.public_bytes.hex()}
            for key in trust.keys
            if key.issuer == keyring.issuer
        ]
        return jsonify({"id": keyring.issuer, "keys": keys})

    @api.get("/units", summary="All units", responses={200: UnitsJson})
    @needs(Permission.UNITS_READ)
    def units() -> Response:
        return jsonify({"units": [_unit(view) for view in unit_overview.units()]})

    @api.get("/alarms", summary="What an operator has to look at", responses={200: AlarmsJson})
    @needs(Permission.UNITS_READ)
    def alarms() -> Response:
        return jsonify({"alarms": [a._asdict() for a in unit_overview.alarms()]})

    @api.get("/redemptions", summary="What the units did last", responses={200: RedemptionsJson})
    @needs(Permission.REDEMPTIONS_READ)
    def recent(query: Limit) -> Response:
        scans = [scan._asdict() for scan in redemptions.scans(query.limit)]
        return jsonify({"redemptions": scans, "outcomes": redemptions.outcomes()})

    @api.get(
        "/conflicts", summary="Vouchers redeemed beyond their value, with all receipts",
        responses={200: ConflictsJson},
    )  # fmt: skip
    @needs(Permission.REDEMPTIONS_READ)
    def conflicts() -> Response:
        return jsonify({"conflicts": [_conflict(c) for c in redemptions.conflicts()]})

    @api.get(
        "/vouchers/<voucher_id>", summary="One voucher",
        responses={200: VoucherJson, **problems(404)},
    )  # fmt: skip
    @needs(Permission.VOUCHERS_READ)
    def voucher(path: VoucherPath) -> Response:
        found = Voucher.get_or_none(Voucher.id == parse_voucher_id(path.voucher_id))
        if found is None:
            raise NotFound("There is no such voucher.")
        claims = found.claims()._asdict()
        claims["kind"] = found.claims().kind.name.lower()
        return jsonify(
            claims
            | {
                "voucher_id": path.voucher_id,
                "status": Status(found.status).name.lower(),
                "batch": found.batch,
                "face_minor": found.face_minor,
                "capacity": found.capacity,
            }
        )

    return api


def _unit(view: unit_overview.UnitView) -> dict[str, object]:
    acked = None
    if view.epoch is not None:
        acked = {"epoch": view.epoch, "seq": view.seq, "head_hex": view.head_hex}
    return {
        "id": view.id,
        "store": view.store,
        "state": view.state,
        "hardware": view.hardware,
        "heard_at_s": view.heard_at_s,
        "acked": acked,
        "health": view.health,
    }


def _conflict(conflict: redemptions.Conflict) -> dict[str, object]:
    return conflict._asdict() | {"receipts": [r._asdict() for r in conflict.receipts]}
