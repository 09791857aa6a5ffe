"""What programs of headquarters may do about a voucher's holder. Described at ``/openapi.json``."""

from __future__ import annotations

from collections.abc import Callable

from flask import Response, jsonify, request
from flask_openapi3.blueprint import APIBlueprint
from flask_openapi3.models.tag import Tag
from pydantic import BaseModel, Field

from central.foundation.people.roles import Permission
from central.foundation.web.describe import problems
from central.foundation.web.permission import actor, needs
from central.stores.corrections.give_back import Wanted, give_back, given_back
from central.stores.holders.link import address_of, make_link, unlock
from central.stores.json_api import SECURITY, VoucherPath
from central.stores.redemptions.write_off import grants_of, write_off
from edge.contract.ids import EntryRef, Epoch, Seq, UnitId, parse_voucher_id

_TAG = Tag(name="stores", description="Units, vouchers and what was redeemed.")


class LinkJson(BaseModel):
    """The link that brings a voucher to its holder's phone."""

    url: str = Field(description="For the holder alone: the first phone that opens it has it.")


class UnlockBody(BaseModel):
    """Why another phone may have it."""

    reason: str = Field(min_length=1, max_length=500, description="In words, for the log.")


class UnlockedJson(BaseModel):
    """What is so now."""

    voucher_id: str = Field(description="12 hex digits.")
    is_locked: bool = Field(description="Whether a phone has it: no.")


class GiveBackBody(BaseModel):
    """What is given back of one acceptance."""

    unit: str = Field(max_length=32, description="Whose journal.")
    epoch: int = Field(ge=1, le=2**63 - 1, description="Which life of it.")
    seq: int = Field(ge=1, le=2**63 - 1, description="Which entry of that.")
    amount: int = Field(ge=1, le=2**63 - 1, description="In the voucher's own measure.")
    reason: str = Field(min_length=1, max_length=500, description="In words, for the log.")


class GivenBackJson(BaseModel):
    """What was given back of that acceptance, in all."""

    voucher_id: str = Field(description="12 hex digits.")
    given_back: int = Field(description="In the voucher's own measure.")


class GrantPath(VoucherPath):
    """Which grant."""

    unit_id: str = Field(pattern="^[A-Z0-9][A-Z0-9-]{0,31}$", description="The till: S0412-K1.")
    request: str = Field(pattern="^[0-9a-f]{32}$", description="What the grant was asked for by.")


class WriteOffBody(BaseModel):
    """Why the till will never tell."""

    reason: str = Field(min_length=1, max_length=500, description="In words, for the log.")


class GrantJson(BaseModel):
    """A grant of a voucher."""

    unit: str = Field(description="The till that it was for.")
    request: str = Field(description="What it was asked for by, 32 hex digits.")
    amount: int = Field(description="In the voucher's own measure.")
    given_at_s: int = Field(description="Unix seconds.")
    state: str = Field(description="held, used, free, written-off.")
    may_be_written_off: bool = Field(description="Whether it may be written off now.")
    said: str = Field(description="Who has written it off, and why.")


class GrantsJson(BaseModel):
    """The grants of a voucher, newest first."""

    grants: list[GrantJson]


def blueprint(
    hub_url: str, currency: str, held_for_s: int, now_s: Callable[[], int]
) -> APIBlueprint:
    """Return the routes.

    Args:
        held_for_s: How long after its end a grant of a lost till is held at least.
    """
    api = APIBlueprint(
        "holders_api", __name__, url_prefix="/v1", abp_tags=[_TAG], abp_security=SECURITY,
        abp_responses=problems(400, 401, 403, 404, 409, 422, 500),
    )  # fmt: skip

    @api.post(
        "/vouchers/<voucher_id>/holder-link", summary="Make the link for the holder's phone",
        responses={201: LinkJson},
    )  # fmt: skip
    @needs(Permission.VOUCHERS_ISSUE)
    def link(path: VoucherPath) -> tuple[Response, int]:
        token = make_link(parse_voucher_id(path.voucher_id), actor(), now_s())
        return jsonify({"url": address_of(token, hub_url or request.host_url)}), 201

    @api.post(
        "/vouchers/<voucher_id>/unlock", summary="Let another phone have a voucher",
        responses={200: UnlockedJson},
    )  # fmt: skip
    @needs(Permission.VOUCHERS_ISSUE)
    def free(path: VoucherPath, body: UnlockBody) -> Response:
        unlock(parse_voucher_id(path.voucher_id), actor(), body.reason, now_s())
        return jsonify({"voucher_id": path.voucher_id, "is_locked": False})

    @api.post(
        "/vouchers/<voucher_id>/corrections", summary="Give back part or all of a redemption",
        responses={201: GivenBackJson},
    )  # fmt: skip
    @needs(Permission.CASES_DECIDE)
    def correct(path: VoucherPath, body: GiveBackBody) -> tuple[Response, int]:
        ref = EntryRef(UnitId(body.unit), Epoch(body.epoch), Seq(body.seq))
        wanted = Wanted(ref, parse_voucher_id(path.voucher_id), body.amount, body.reason)
        give_back(wanted, by=actor(), currency=currency, at_s=now_s())
        told = {"voucher_id": path.voucher_id, "given_back": given_back(ref)}
        return jsonify(told), 201

    def grants_json(voucher_id: str) -> Response:
        found = grants_of(parse_voucher_id(voucher_id), held_for_s)
        grants = [
            {
                "unit": one.unit, "request": one.request.hex(), "amount": one.amount,
                "given_at_s": one.given_at_s, "state": one.state, "said": one.said,
                "may_be_written_off": one.may_be_written_off(now_s()),
            }
            for one in found
        ]  # fmt: skip
        return jsonify({"grants": grants})

    @api.get(
        "/vouchers/<voucher_id>/grants", summary="What phones were granted of a voucher",
        responses={200: GrantsJson},
    )  # fmt: skip
    @needs(Permission.VOUCHERS_READ)
    def grants(path: VoucherPath) -> Response:
        return grants_json(path.voucher_id)

    @api.post(
        "/vouchers/<voucher_id>/grants/<unit_id>/<request>/write-off",
        summary="Free what a grant holds whose till was lost", responses={200: GrantsJson},
    )  # fmt: skip
    @needs(Permission.CASES_DECIDE)
    def give_up(path: GrantPath, body: WriteOffBody) -> Response:
        write_off(
            UnitId(path.unit_id), bytes.fromhex(path.request), by=actor(), reason=body.reason,
            at_s=now_s(), after_s=held_for_s, of=parse_voucher_id(path.voucher_id),
        )  # fmt: skip
        return grants_json(path.voucher_id)

    return api
