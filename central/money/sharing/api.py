"""What programs of headquarters may ask and tell of profit sharing. Described at
``/openapi.json``."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

from flask import Response, jsonify
from flask_openapi3.blueprint import APIBlueprint
from flask_openapi3.models.tag import Tag
from pydantic import BaseModel, Field

from central.errors import NotFound, RequestInvalid
from central.foundation.people.roles import Permission
from central.foundation.web.describe import BodyJson, Whole, problems
from central.foundation.web.permission import actor, needs
from central.money.sharing import explain, rule_sets
from central.money.sharing.earn import commissions_of
from central.money.sharing.model import AgentId, RuleRef, Scope
from central.money.sharing.ports import Outside
from central.money.sharing.rule_body import share_body, to_body
from central.money.sharing.rule_sets import Draft, RuleVersion
from central.money.sharing.simulate import Answer, Question, simulate
from central.money.sharing.tables import SharedSale
from edge.contract.money import MINOR_MAX, Money

SECURITY: list[dict[str, list[str]]] = [{"api_key": []}]
_TAG = Tag(name="sharing", description="Who earns what on a sale, and by which rules.")
_SCOPE = "^(default|category:[a-z0-9][a-z0-9-]{0,31}|product:[1-9][0-9]{0,7})$"
_VERSION_MAX = 2**31 - 1
PRODUCT_MAX = 0xFFFFFF


class RulePath(BaseModel):
    """Which version of which rule set."""

    scope: str = Field(pattern=_SCOPE, description="default, category:drinks, product:7.")
    version: int = Field(ge=1, le=_VERSION_MAX)


class SalePath(BaseModel):
    """Which sale."""

    ref: str = Field(min_length=1, max_length=64, description="Its number.")


class RuleNameJson(BodyJson):
    """Which version of which rule set."""

    scope: str = Field(pattern=_SCOPE, description="default, category:drinks, product:7.")
    version: Whole = Field(ge=1, le=_VERSION_MAX, description="Counted from 1 in each scope.")


class SimulateJson(BodyJson):
    """A sale that has not happened."""

    amount_minor: Whole = Field(description="What the customer pays, minor units.")
    currency: str | None = Field(
        None, pattern="^[A-Z]{3}$", description="The hub's own if it is not given."
    )
    agent: str | None = Field(
        None, pattern="^[A-Z0-9][A-Z0-9-]{0,31}$", description="Who sells; null for the house."
    )
    product: Whole | None = Field(None, description="Its number.")
    cost_minor: Whole = Field(0, description="What the house pays for it.")
    rule: RuleNameJson | None = Field(
        None, description="A version, a draft maybe; what is in force if not given."
    )


class ShareJson(BaseModel):
    """What one line gives one agent, and why."""

    line: int = Field(description="Of the rule set, counted from 1.")
    why: str = Field(description="fixed, ratio, level, same-level.")
    agent: str = Field(description="Who earns.")
    level: str = Field(description="His level at that moment.")
    place: int = Field(description="In the chain; 0 is who sells.")
    ppm: int = Field(description="Rate of this share, parts per million.")
    own_ppm: int = Field(description="His rate, parts per million.")
    below_ppm: int = Field(description="The rate of who is below him.")
    wanted_minor: int = Field(description="Without any cut.")
    minor: int = Field(description="Minor units.")
    cuts: list[str] = Field(description="barred, levels, line-cap, sum-cap.")
    explanation: str = Field(description="Why it is as much.")
    exact: str = Field(description="Before rounding.")


class EarnsJson(BaseModel):
    """What one agent gets in all."""

    agent: str = Field(description="Who earns.")
    minor: int = Field(description="Minor units.")


class SimulatedJson(BaseModel):
    """Who would earn what. Price = cost + shares + house."""

    scope: str | None = Field(description="Of the rule set; null if there is none.")
    version: int | None = Field(description="Of the rule set that counts; null without one.")
    currency: str = Field(description="ISO 4217.")
    amount_minor: int = Field(description="Of the sale.")
    cost_minor: int = Field(description="Of the goods.")
    base_minor: int = Field(description="What rates are of.")
    room_minor: int = Field(description="The most that all shares may be together.")
    house_minor: int = Field(description="What remains for the house.")
    agents: list[EarnsJson] = Field(description="Who would earn what in all.")
    shares: list[ShareJson] = Field(description="Line by line.")
    nobody: list[int] = Field(description="Lines for whom the chain is too short.")


class RuleBodyJson(BodyJson):
    """A rule set. Lines are fixed (to, minor), ratio (to, ppm, cap_minor) or level (rates,
    same_level_ppm, cap_minor); ``to`` is seller, upline-1 or upline-2."""

    currency: str = Field(pattern="^[A-Z]{3}$", description="ISO 4217.")
    lines: list[dict[str, Any]] = Field(
        default=[], max_length=20, description="In the order in which they count."
    )
    base: str = Field("sale", description="sale, margin.")
    inherits: bool = Field(default=False, description="The next wider rule set decides.")
    total_ppm: Whole = Field(300_000, description="The most of a price that all may have.")
    paid_levels: Whole = Field(2, description="How many agents one sale may pay, 3 at most.")
    over: str = Field("cut", description="cut, refuse.")
    hold_s: Whole = Field(604_800, description="How long a commission is held.")


class DraftJson(BodyJson):
    """The next version of a rule set."""

    scope: str = Field(pattern=_SCOPE, description="default, product:7 or category:drinks.")
    rule: RuleBodyJson = Field(description="The rule set.")
    note: str = Field("", max_length=500, description="Why, for whoever reads it later.")
    answered_for: str = Field(
        "", max_length=500, description="Why it goes beyond two paid levels or 30 % in all."
    )


class ActivateJson(BodyJson):
    """Since when a version counts."""

    from_s: Whole | None = Field(None, description="Unix seconds; now if not given.")


class RuleVersionJson(BaseModel):
    """One version of a rule set."""

    scope: str = Field(description="default, product:7 or category:drinks.")
    version: int = Field(description="Counted from 1 in each scope.")
    state: str = Field(description="draft, active.")
    from_s: int | None = Field(description="Since when it is in force; null for a draft.")
    rule: RuleBodyJson = Field(description="The rule set.")
    note: str = Field(description="Why.")
    answered_for: str = Field(description="Who answers for more than the cap.")
    drafted_by: str = Field(description="Who wrote it.")
    drafted_at_s: int = Field(description="Unix seconds.")
    activated_by: str | None = Field(description="Who put it in force; null for a draft.")
    is_used: bool = Field(description="A sale was shared by it: it is never changed.")


class RuleVersionsJson(BaseModel):
    """Every version there is."""

    rules: list[RuleVersionJson] = Field(description="Newest first.")


class CommissionJson(BaseModel):
    """What one agent earns of a sale."""

    agent: str = Field(description="Who earns it.")
    minor: int = Field(description="What he keeps of it, minor units.")
    kept_minor: int = Field(description="What refunds have left of it.")
    state: str = Field(description="promised, pending, released, clawed.")
    release_at_s: int = Field(description="When it becomes available.")
    released_at_s: int | None = Field(description="When it did; null if not yet.")


class SharedSaleJson(BaseModel):
    """A sale that was shared, with all that is needed to work it out again."""

    ref: str = Field(description="Which order.")
    kind: str = Field(description="order, promise, redemption.")
    promise: str | None = Field(description="What was shared, and by which rules.")
    currency: str = Field(description="ISO 4217.")
    minor: int = Field(description="Shared in all, minor units.")
    left_minor: int = Field(description="What was not taken back of the sale.")
    snapshot: dict[str, Any] = Field(description="Rule set and chain as they were.")
    commissions: list[CommissionJson] = Field(description="Who earns what.")


def blueprint(outside: Outside, currency: str, now_s: Callable[[], int]) -> APIBlueprint:
    """Return the routes."""
    api = APIBlueprint(
        "sharing_api", __name__, url_prefix="/v1/sharing", abp_tags=[_TAG], abp_security=SECURITY,
        abp_responses=problems(400, 401, 403, 422, 500),
    )  # fmt: skip

    @api.post(
        "/simulate", summary="What everybody would earn on a sale",
        responses={200: SimulatedJson, **problems(404, 409)},
    )  # fmt: skip
    @needs(Permission.SHARING_READ)
    def simulated(body: SimulateJson) -> Response:
        answer = simulate(_question(body, currency), outside, now_s())
        return jsonify(
            answer_body(answer, {n.id: n.name(explain.locale()) for n in outside.levels()})
        )

    @api.get("/rules", summary="Every rule set", responses={200: RuleVersionsJson})
    @needs(Permission.SHARING_READ)
    def rules() -> Response:
        return jsonify({"rules": [_version(v) for v in rule_sets.everything()]})

    @api.get(
        "/rules/<scope>/<version>", summary="One version of a rule set",
        responses={200: RuleVersionJson, **problems(404)},
    )  # fmt: skip
    @needs(Permission.SHARING_READ)
    def one(path: RulePath) -> Response:
        return jsonify(_version(rule_sets.get(_ref(path))))

    @api.post("/rules", summary="Draft the next version", responses={200: RuleVersionJson})
    @needs(Permission.SHARING_MANAGE)
    def draft(body: DraftJson) -> Response:
        wanted = Draft(body.rule.model_dump(), body.note, body.answered_for)
        levels = {level.id for level in outside.levels()}
        return jsonify(
            _version(rule_sets.draft(body.scope, wanted, levels, by=actor(), at_s=now_s()))
        )

    @api.post(
        "/rules/<scope>/<version>/activate", summary="Let a draft be in force",
        responses={200: RuleVersionJson, **problems(404, 409)},
    )  # fmt: skip
    @needs(Permission.SHARING_MANAGE)
    def activate(path: RulePath, body: ActivateJson) -> Response:
        done = rule_sets.activate(_ref(path), body.from_s, by=actor(), now_s=now_s())
        return jsonify(_version(done))

    @api.get(
        "/sales/<ref>", summary="What a sale gave, and by which rules",
        responses={200: SharedSaleJson, **problems(404)},
    )  # fmt: skip
    @needs(Permission.SHARING_READ)
    def sale(path: SalePath) -> Response:
        return jsonify(shared_sale(path.ref))

    return api


def shared_sale(ref: str) -> dict[str, Any]:
    """Return a sale that was shared, as JSON; NotFound if there is none of this number."""
    row = SharedSale.get_or_none(SharedSale.ref == ref)
    if row is None:
        raise NotFound(f"No sale was shared under {ref}.")
    commissions = [
        {
            "agent": one.agent, "minor": one.minor, "kept_minor": one.kept_minor,
            "state": one.state, "release_at_s": one.release_at_s,
            "released_at_s": one.released_at_s,
        }
        for one in commissions_of(ref)
    ]  # fmt: skip
    return {
        "ref": row.ref, "kind": row.kind, "promise": row.promise, "currency": row.currency,
        "minor": row.minor, "left_minor": row.left_minor, "snapshot": json.loads(row.snapshot),
        "commissions": commissions,
    }  # fmt: skip


def _question(body: SimulateJson, currency: str) -> Question:
    if not -MINOR_MAX <= body.amount_minor <= MINOR_MAX:
        raise RequestInvalid("The amount does not fit into 64 bits.")
    if body.product is not None and not 1 <= body.product <= PRODUCT_MAX:
        raise NotFound(f"There is no product {body.product}.")
    amount = Money(body.amount_minor, body.currency or currency)
    agent = None if body.agent is None else AgentId(body.agent)
    rule = None if body.rule is None else _ref(body.rule)
    return Question(amount, agent, body.product, body.cost_minor, rule)


def answer_body(answer: Answer, levels: Mapping[str, str]) -> dict[str, Any]:
    """Return a simulated sale as JSON; ``levels`` are the levels' names."""
    sale, split = answer
    currency = sale.amount.currency
    ref = split.rule.ref if split.rule else None
    shares = [
        share_body(share) | {
            "explanation": explain.why(split, share, currency, levels),
            "exact": explain.exact_text(split, share, currency),
        }
        for share in split.shares
    ]  # fmt: skip
    return {
        "scope": ref.scope if ref else None, "version": ref.version if ref else None,
        "currency": currency, "amount_minor": sale.amount.minor, "cost_minor": sale.cost_minor,
        "base_minor": split.base_minor, "room_minor": split.room_minor,
        "house_minor": split.house_minor, "shares": shares, "nobody": list(split.nobody),
        "agents": [{"agent": agent, "minor": minor} for agent, minor in split.by_agent.items()],
    }  # fmt: skip


def _version(found: RuleVersion) -> dict[str, Any]:
    body = found._asdict() | {"rule": to_body(found.rule)}
    ref = body.pop("ref")
    return {"scope": ref.scope, "version": ref.version, **body}


def _ref(path: RulePath | RuleNameJson) -> RuleRef:
    return RuleRef(Scope(path.scope), path.version)
