"""What programs may read of cases, and decide. Described at ``/openapi.json``."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Literal

from flask import Response, jsonify
from flask_openapi3.blueprint import APIBlueprint
from flask_openapi3.models.tag import Tag
from pydantic import BaseModel, Field

from central.foundation.people.roles import Permission
from central.foundation.web.describe import problems
from central.foundation.web.permission import actor, needs
from central.stores.cases.evidence import Evidence, cases, evidence
from central.stores.redemptions.complete import accept_gap
from central.stores.redemptions.conflict import CaseOutcome, Decision, close
from edge.contract.ids import UnitId

SECURITY: list[dict[str, list[str]]] = [{"api_key": []}]
_TAG = Tag(name="cases", description="Double redemptions, and who bears them.")
_NUMBER_MAX = 2**63 - 1


class WhichCases(BaseModel):
    """Which cases."""

    state: Literal["open", "closed", "withdrawn"] | None = Field(
        None, description="In which state."
    )
    limit: int = Field(200, ge=1, le=1000, description="At most this many.")


class CasePath(BaseModel):
    """Which case."""

    case_id: int = Field(ge=1, le=_NUMBER_MAX, description="Its number.")


class EpochPath(BaseModel):
    """Which epoch of which unit."""

    unit_id: str = Field(pattern="^[A-Z0-9][A-Z0-9-]{0,31}$", description="S0412-K1.")
    epoch: int = Field(ge=1, le=_NUMBER_MAX, description="Which life of its journal.")


class ReasonJson(BaseModel):
    """Why."""

    reason: str = Field(min_length=1, max_length=500, description="In words.")


class DecisionJson(ReasonJson):
    """Who bears it."""

    outcome: Literal["platform", "reserve", "store", "agent", "no-conflict"] = Field(
        description="platform 5050, reserve 2710, store 2310, agent 1110; or it was none."
    )
    agent: str = Field("", max_length=40, description="Which agent, if one bears it.")


class CaseJson(BaseModel):
    """A case. Amounts in minor units."""

    id: int = Field(description="Its number.")
    entry: str = Field(description="Unit, epoch and number of the entry that it is about.")
    store: str = Field(description="Whose.")
    store_name: str = Field(description="Its name.")
    voucher_id: str = Field(description="12 hex digits.")
    product: int = Field(description="Its number.")
    excess_minor: int = Field(description="What is claimed.")
    currency: str = Field(description="ISO 4217.")
    state: str = Field(description="open, closed, withdrawn.")
    outcome: str | None = Field(description="Who bears it; null while nobody has decided.")
    agent: str | None = Field(description="Which agent.")
    reason: str | None = Field(description="Why.")
    opened_at_s: int = Field(description="Unix seconds.")
    decide_until_s: int = Field(description="It is overdue after this.")
    closed_at_s: int | None = Field(description="Unix seconds.")
    closed_by: str | None = Field(description="Who has decided.")
    claim_journal_id: int = Field(description="Of the ledger.")
    outcome_journal_id: int | None = Field(description="Of the ledger.")


class CasesJson(BaseModel):
    """Cases, the one that is to be decided first first."""

    cases: list[CaseJson]


class CaseReceiptJson(BaseModel):
    """One signed acceptance of the voucher, with what it was decided by."""

    is_the_case: bool = Field(description="Whether the case is about this one.")
    unit: str = Field(description="S0412-K1.")
    store: str = Field(description="S0412.")
    epoch: int = Field(description="Which life of its journal.")
    seq: int = Field(description="Which entry of that.")
    told_s: int = Field(description="By the till's clock, Unix seconds.")
    received_at_s: int = Field(description="Unix seconds.")
    mode: str = Field(description="online, grant, lease, lan, degraded, solo.")
    worth_minor: int = Field(description="What was taken.")
    covered_minor: int = Field(description="What the voucher covers of it.")
    is_voided: bool = Field(description="The unit has taken it back.")
    receipt: int | None = Field(description="Its number on paper.")
    clerk: str | None = Field(description="Who took it.")
    policy_version: int | None = Field(description="In force by the entry's own word.")
    status_version: int | None = Field(description="Likewise.")
    floor_minor: int | None = Field(description="Floor limit then; null for none, or not known.")
    status_age_s: int | None = Field(description="Seconds since its last word with the hub.")
    status_age: str | None = Field(description="fresh, stale, old, expired.")
    hash: str = Field(description='SHA-256 of "VXJ1" and raw, hex.')
    raw: str = Field(description="What the unit has signed for, hex.")


class CheckJson(BaseModel):
    """One question and its answer."""

    question: str = Field(description="within-floor, …")
    passed: bool | None = Field(description="null if nobody can say.")
    found: int | None = Field(description="Minor units or seconds.")
    limit: int | None = Field(description="What was allowed.")


class SuggestionJson(BaseModel):
    """What the facts suggest."""

    outcome: str | None = Field(description="null if they suggest nothing.")
    because: str | None = Field(description="The first question that was answered with no.")
    checks: list[CheckJson]


class EvidenceJson(BaseModel):
    """A case with all that speaks for and against."""

    case: CaseJson
    face_minor: int = Field(description="What the voucher was worth.")
    is_online_only: bool = Field(description="Whether it may only be taken online.")
    receipts: list[CaseReceiptJson]
    suggestion: SuggestionJson


class AcceptedJson(BaseModel):
    """Nobody waits any more."""

    unit: str = Field(description="S0412-K1.")
    epoch: int = Field(description="The epoch that reports what was lost.")


def blueprint(now_s: Callable[[], int]) -> APIBlueprint:
    """Return the routes."""
    api = APIBlueprint(
        "cases_api", __name__, url_prefix="/v1", abp_tags=[_TAG], abp_security=SECURITY,
        abp_responses=problems(400, 401, 403, 422, 500),
    )  # fmt: skip

    @api.get("/cases", summary="Cases", responses={200: CasesJson})
    @needs(Permission.REDEMPTIONS_READ)
    def all_cases(query: WhichCases) -> Response:
        return jsonify({"cases": [c._asdict() for c in cases(query.state, query.limit)]})

    @api.get(
        "/cases/<int:case_id>", summary="One case with its evidence",
        responses={200: EvidenceJson, **problems(404)},
    )  # fmt: skip
    @needs(Permission.REDEMPTIONS_READ)
    def one(path: CasePath) -> Response:
        return jsonify(of_evidence(evidence(path.case_id)))

    @api.post(
        "/cases/<int:case_id>/close", summary="Decide a case",
        responses={200: EvidenceJson, **problems(404, 409)},
    )  # fmt: skip
    @needs(Permission.CASES_DECIDE)
    def decide(path: CasePath, body: DecisionJson) -> Response:
        decision = Decision(CaseOutcome(body.outcome), actor(), body.reason, body.agent)
        close(path.case_id, decision, now_s())
        return jsonify(of_evidence(evidence(path.case_id)))

    @api.post(
        "/units/<unit_id>/epochs/<int:epoch>/accept-gap", summary="Go on without lost entries",
        responses={200: AcceptedJson, **problems(404, 409)},
    )  # fmt: skip
    @needs(Permission.SETTLEMENT_MANAGE)
    def accept(path: EpochPath, body: ReasonJson) -> Response:
        accept_gap(UnitId(path.unit_id), path.epoch, body.reason, actor(), now_s())
        return jsonify({"unit": path.unit_id, "epoch": path.epoch})

    return api


def of_evidence(found: Evidence) -> dict[str, Any]:
    """Return a case with its evidence as JSON."""
    suggestion = found.suggestion
    return {
        "case": found.case._asdict(),
        "face_minor": found.face_minor,
        "is_online_only": found.is_online_only,
        "receipts": [
            r._asdict() | {"raw": r.raw.hex(), "hash": r.hash.hex()} for r in found.receipts
        ],
        "suggestion": suggestion._asdict()
        | {"checks": [check._asdict() for check in suggestion.checks]},
    }
