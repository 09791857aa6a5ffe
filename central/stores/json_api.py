"""What programs of headquarters may read of stores, units and redemptions, and say of a store.
Described at ``/openapi.json``."""

from __future__ import annotations

from collections.abc import Callable

from flask import Response, jsonify
from flask_openapi3.blueprint import APIBlueprint
from flask_openapi3.models.tag import Tag
from pydantic import BaseModel, Field

from central.foundation.people.roles import Permission
from central.foundation.web.describe import BodyJson, problems
from central.foundation.web.permission import actor, needs
from central.stores.keys.keyring import Keyring
from central.stores.keys.trust import trust_list
from central.stores.redemptions import overview as redemptions
from central.stores.units import overview as unit_overview
from central.stores.units.regions import set_region, shops
from central.stores.units.steer import STORE_ID_CHARS
from central.stores.vouchers.find import voucher_of
from central.supply.catalogue.regions import CODE
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

    id: str = Field(description="S0412-K1.")
    store: str = Field(description="S0412.")
    state: str = Field(description="active, revoked, quarantined.")
    hardware: str = Field(description="As it said when it was enrolled.")
    heard_at_s: int | None = Field(description="When it last pulled, Unix seconds.")
    acked: dict[str, int | str] | None = Field(description="epoch, seq and head_hex.")
    health: dict[str, str | int] = Field(description="What it said of itself with its last pull.")


class UnitsJson(BaseModel):
    """All units."""

    units: list[UnitJson]


class WhichShop(BaseModel):
    """Which store."""

    store: str = Field(pattern=f"^[A-Za-z0-9-]{{1,{STORE_ID_CHARS}}}$", description="S0412.")


class RegionJson(BodyJson):
    """Where a store lies."""

    region: str = Field(
        pattern=f"^{CODE}$",
        description="2, 4 or 6 digits: 44 contains 4403, which contains 440305; empty for none.",
    )


class ShopJson(BaseModel):
    """A store."""

    id: str = Field(description="S0412.")
    name: str = Field(description="What it is called.")
    store_group: int = Field(description="Stores of a group take the same vouchers.")
    timezone: str = Field(description="Its days are those of this zone.")
    region: str = Field(description="Where it lies; empty if nobody has said so.")


class ShopsJson(BaseModel):
    """All stores."""

    stores: list[ShopJson] = Field(description="By id.")


class KeyJson(BaseModel):
    """A key that signs vouchers."""

    kid: int = Field(description="Its number, in each token that it signed.")
    public_key_hex: str = Field(description="Ed25519, 32 bytes.")


class IssuerJson(BaseModel):
    """Who signs, and with which keys: all that a verifier needs."""

    id: str = Field(description="Stands in each signature.")
    keys: list[KeyJson]


class AlarmJson(BaseModel):
    """Something that somebody has to look at."""

    unit: str = Field(description="Which unit.")
    kind: str = Field(description="fork, new-epoch, posting-refused.")
    detail: str = Field(description="In English.")
    at_s: int = Field(description="Unix seconds.")


class AlarmsJson(BaseModel):
    """The newest alarms, newest first."""

    alarms: list[AlarmJson]


class ScanJson(BaseModel):
    """One entry of a unit's journal. What an entry does not have is null."""

    unit: str = Field(description="Whose journal.")
    epoch: int = Field(description="Which life of it.")
    seq: int = Field(description="Which entry of that.")
    hash_hex: str = Field(description="SHA-256 of the entry.")
    kind: str = Field(description="redemption, refusal, void, or unreadable.")
    wall_s: int | None = Field(description="By the unit's clock, Unix seconds.")
    voucher_id: str | None = Field(description="12 hex digits.")
    product: int | None = Field(description="Its number.")
    mode: str | None = Field(description="What stood behind it.")
    reason: str | None = Field(description="Why a scan was refused.")
    worth_minor: int | None = Field(description="Minor units.")
    outcome: str = Field(description="recorded, applied, overspend, quarantined.")
    outcome_reason: str = Field(description="Why it was quarantined.")
    received_at_s: int = Field(description="When the hub got it, Unix seconds.")


class RedemptionsJson(BaseModel):
    """The newest entries, and how many of all have which outcome."""

    redemptions: list[ScanJson]
    outcomes: dict[str, int] = Field(description="How many entries have each outcome.")


class ReceiptJson(BaseModel):
    """One acceptance, as the paper at the till shows it; amounts in minor units."""

    unit: str = Field(description="Whose journal.")
    epoch: int = Field(description="Which life of it.")
    seq: int = Field(description="Which entry of that.")
    hash_hex: str = Field(description="SHA-256, as on the paper.")
    wall_s: int = Field(description="By the clock of the unit, Unix seconds.")
    mode: str = Field(description="What stood behind it.")
    amount: int = Field(description="In the voucher's own measure.")
    worth_minor: int = Field(description="What was taken.")
    covered_minor: int = Field(description="How much of that the value of the voucher covers.")
    receipt: int | None = Field(description="Number on the paper.")
    clerk: str | None = Field(description="Who was at the till.")


class ConflictJson(BaseModel):
    """A redemption beyond its voucher's value; ``receipts`` are all there are of the voucher."""

    voucher_id: str = Field(description="12 hex digits.")
    product: int = Field(description="Its number.")
    face_minor: int = Field(description="What the voucher was worth.")
    excess_minor: int = Field(description="What was taken beyond that.")
    opened_at_s: int = Field(description="Unix seconds.")
    unit: str = Field(description="Whose entry went beyond the value.")
    epoch: int = Field(description="Which life of its journal.")
    seq: int = Field(description="Which entry of that.")
    case_id: int | None = Field(description="Where it is decided: `/v1/cases/{case_id}`.")
    receipts: list[ReceiptJson]


class ConflictsJson(BaseModel):
    """The conflicts that nobody has decided, newest first."""

    conflicts: list[ConflictJson]


class VoucherJson(BaseModel):
    """What a voucher's token says, and what became of it. Never the token itself."""

    voucher_id: str = Field(description="12 hex digits.")
    kid: int = Field(description="Number of the key that signed it.")
    product: int = Field(description="Its number.")
    value: int = Field(description="Minor units or uses; 0: as the product says.")
    scope: int = Field(description="Store group; 0: all.")
    not_before_day: int = Field(description="Counted from 2026-01-01.")
    expires_day: int = Field(description="First day on which it is not good any more.")
    status_index: int = Field(description="Its place in the status list.")
    kind: str = Field(description="single, multi, stored_value.")
    dynamic_required: bool = Field(description="Whether only its rotating code counts.")
    online_only: bool = Field(description="Whether the hub must be asked.")
    status: str = Field(description="valid, revoked, suspended, redeemed.")
    batch: str = Field(description="The sale it comes from.")
    face_minor: int = Field(description="What it was worth when it was issued, minor units.")
    capacity: int = Field(description="In its own measure.")
    region: str = Field(description="Where it is meant to be redeemed; empty for everywhere.")
    agent: str = Field(description="Which agent sold it; empty for none.")


def blueprint(keyring: Keyring, now_s: Callable[[], int]) -> APIBlueprint:
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

    @api.get("/stores", summary="All stores", responses={200: ShopsJson})
    @needs(Permission.UNITS_READ)
    def stores() -> Response:
        return jsonify({"stores": [shop._asdict() for shop in shops()]})

    @api.post(
        "/stores/<store>/region", summary="Say where a store lies",
        responses={200: ShopJson, **problems(404)},
    )  # fmt: skip
    @needs(Permission.UNITS_MANAGE)
    def region(path: WhichShop, body: RegionJson) -> Response:
        shop = set_region(path.store, body.region, by=actor(), at_s=now_s())
        return jsonify(shop._asdict())

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
        found = voucher_of(path.voucher_id)
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
                "region": found.region,
                "agent": found.agent,
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
