"""What programs may read of policies, and change. Described at ``/openapi.json``."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any, Literal

from flask import Response, jsonify
from flask_openapi3.blueprint import APIBlueprint
from flask_openapi3.models.tag import Tag
from pydantic import BaseModel, Field

from central.foundation.people.roles import Permission
from central.foundation.web.describe import WHOLE, BodyJson, problems
from central.foundation.web.permission import actor, needs
from central.stores.policies import form
from central.stores.policies.overview import policies_of, who_has
from central.stores.policies.preview import Case, answer
from central.stores.units.steer import (
    all_policies,
    body_of,
    policy_from_body,
    policy_of,
    put_back,
    set_policy,
    versions,
)

SECURITY: list[dict[str, list[str]]] = [{"api_key": []}]
_TAG = Tag(name="policies", description="What tills may accept, and on which guarantee.")
_VERSION_MAX = 2**63 - 1
ModeName = Literal["ONLINE", "GRANT", "LEASE", "LAN", "DEGRADED", "SOLO"]
Minor = Annotated[int, Field(ge=0, le=form.MINOR_MAX), WHOLE]
Count = Annotated[int, Field(ge=0, le=form.COUNT_MAX), WHOLE]


class GroupPath(BaseModel):
    """Which store group."""

    group: int = Field(ge=1, le=0xFFFF, description="Its number.")


class VersionPath(GroupPath):
    """Which version of which policy."""

    version: int = Field(ge=0, le=_VERSION_MAX, description="Its number.")


class SoloJson(BodyJson):
    """What one unit may accept alone since the hub last acknowledged its journal."""

    count: Count = Field(description="Acceptances.")
    sum_minor: Minor = Field(description="Their worth together, minor units.")
    per_10_min: Count = Field(description="Acceptances in any ten minutes.")
    hours: Annotated[int, Field(ge=0, le=form.HOURS_MAX), WHOLE] = Field(
        description="Hours since the last word of the hub."
    )


Floor = Annotated[list[Minor], Field(min_length=4, max_length=4)]


class PolicyFloorsJson(BodyJson):
    """The most that is accepted at once, minor units: status fresh, stale, old, expired; never
    rising. A mode that is missing has no limit."""

    lan: Floor = Field([], alias="LAN", description="The other tills answer.")
    degraded: Floor = Field([], alias="DEGRADED", description="Some of them do.")
    solo: Floor = Field([], alias="SOLO", description="Nobody does.")


class PolicyOverridesJson(BodyJson):
    """What a supervisor may overrule, and up to which worth, minor units."""

    code_required: Minor = Field(0, alias="code-required", description="No code was shown.")
    code_unverifiable: Minor = Field(0, alias="code-unverifiable", description="No key for it.")
    offline_too_long: Minor = Field(0, alias="offline-too-long", description="The hub is silent.")
    over_floor_limit: Minor = Field(0, alias="over-floor-limit", description="It is too much.")
    offline_count: Minor = Field(0, alias="offline-count", description="Too many alone.")
    offline_sum: Minor = Field(0, alias="offline-sum", description="Too much alone.")
    velocity: Minor = Field(0, description="Too many within ten minutes.")


class PolicyBodyJson(BodyJson):
    """A whole policy."""

    modes: list[ModeName] = Field(description="Guarantees that count.", min_length=1, max_length=6)
    floors: PolicyFloorsJson
    solo: SoloJson
    online_timeout_ms: Annotated[int, Field(ge=100, le=10_000), WHOLE] = Field(
        description="How long a till waits for the hub."
    )
    void_s: Annotated[int, Field(ge=0, le=86_400), WHOLE] = Field(
        description="How long a till may take back."
    )
    overrides: PolicyOverridesJson
    online_permille: Annotated[int, Field(ge=0, le=1000), WHOLE] = Field(
        description="Of a thousand vouchers in mode DEGRADED, how many need the hub."
    )


class ChangeJson(BodyJson):
    """A new policy."""

    based_on: Annotated[int, Field(ge=0, le=_VERSION_MAX), WHOLE] = Field(
        description="The version in force that it was made from; another one is a conflict."
    )
    policy: PolicyBodyJson


class BasedOnJson(BodyJson):
    """An earlier version is put back."""

    based_on: Annotated[int, Field(ge=0, le=_VERSION_MAX), WHOLE] = Field(
        description="The version in force; another one is a conflict."
    )


class TillCaseJson(BodyJson):
    """What happens at a till."""

    kind: Literal["single", "multi", "stored-value"] = Field("single", description="Of voucher.")
    worth_minor: Annotated[int, Field(ge=1, lt=2**32), WHOLE] = Field(description="To be taken.")
    network: Literal["online", "phone", "lease", "lan", "degraded", "alone"] = Field(
        "alone", description="Who is there to ask."
    )
    staleness: Literal["fresh", "stale", "old", "expired"] = Field(
        "fresh", description="Of the till's status list."
    )
    silent_h: Annotated[int, Field(ge=0, le=2 * form.HOURS_MAX), WHOLE] = Field(
        0, description="Hours without the hub."
    )
    accepted: Count = Field(0, description="Accepted alone since then.")
    accepted_minor: Minor = Field(0, description="Worth of these.")
    recent: Count = Field(0, description="Of these in the last ten minutes.")
    online_only: bool = Field(default=False, description="A voucher that needs the hub.")
    code_required: bool = Field(default=False, description="A rotating code is needed, and right.")


class QuestionJson(BodyJson):
    """What would a till answer?"""

    case: TillCaseJson
    policy: PolicyBodyJson | None = Field(None, description="null: the one in force.")
    locale: Literal["zh-CN", "en"] = Field("en", description="Language of title and advice.")


class TillAnswerJson(BaseModel):
    """What a till would answer."""

    accepted: bool = Field(description="Whether value is taken.")
    mode: str | None = Field(description="The guarantee; null if none was sought.")
    reason: str | None = Field(description="Why it is refused.")
    way_out: str | None = Field(description="What the clerk can do.")
    overrulable: bool = Field(description="Whether a supervisor may accept it all the same.")
    title: str = Field(description="What the screen says.")
    advice: str = Field(description="What it says can be done.")


class UnitHasJson(BaseModel):
    """A unit, and the version that it has."""

    unit: str = Field(description="S0412-K1.")
    store: str = Field(description="Name of its store.")
    version: int | None = Field(description="0: none; null: it has never said.")
    heard_at_s: int | None = Field(description="When it last pulled, Unix seconds.")


class PolicyJson(BaseModel):
    """The policy in force."""

    group: int = Field(description="Store group.")
    stores: list[str] = Field(description="Their names.")
    version: int = Field(description="Grows with every change.")
    changed_by: str = Field(description="Empty if nobody knows.")
    changed_at_s: int = Field(description="Unix seconds; 0 if nobody knows.")
    policy: PolicyBodyJson
    units: list[UnitHasJson]


class VersionJson(BaseModel):
    """One change."""

    version: int = Field(description="Its number.")
    changed_by: str = Field(description="Empty if nobody knows.")
    changed_at_s: int = Field(description="Unix seconds; 0 if nobody knows.")
    back_to: int | None = Field(description="The earlier version that was put back.")


class VersionsJson(BaseModel):
    """The newest changes, newest first."""

    versions: list[VersionJson]


class PolicyOfJson(BaseModel):
    """A store group, and the version of its policy."""

    group: int = Field(description="Store group.")
    stores: list[str] = Field(description="Their names.")
    newest: VersionJson


class PoliciesJson(BaseModel):
    """Every store group."""

    policies: list[PolicyOfJson]


def blueprint(currency: str, now_s: Callable[[], int]) -> APIBlueprint:
    """Return the routes."""
    api = APIBlueprint(
        "policies_api", __name__, url_prefix="/v1/policies", abp_tags=[_TAG],
        abp_security=SECURITY, abp_responses=problems(400, 401, 403, 422, 500),
    )  # fmt: skip

    @api.get("", summary="Every store group's policy", responses={200: PoliciesJson})
    @needs(Permission.POLICIES_READ)
    def every() -> Response:
        found = [one._asdict() | {"newest": one.newest._asdict()} for one in all_policies()]
        return jsonify({"policies": found})

    @api.get(
        "/<int:group>", summary="The policy in force, and who has it",
        responses={200: PolicyJson, **problems(404)},
    )  # fmt: skip
    @needs(Permission.POLICIES_READ)
    def one(path: GroupPath) -> Response:
        return jsonify(_told(path.group, currency))

    @api.put(
        "/<int:group>", summary="Change a policy: a new version",
        responses={200: PolicyJson, **problems(404, 409)},
    )  # fmt: skip
    @needs(Permission.POLICIES_MANAGE)
    def change(path: GroupPath, body: ChangeJson) -> Response:
        group = policies_of(path.group).group
        set_policy(
            group, _named(body.policy), by=actor(), at_s=now_s(), based_on=body.based_on,
            check=form.check,
        )  # fmt: skip
        return jsonify(_told(path.group, currency))

    @api.get(
        "/<int:group>/versions", summary="Who has changed it, and when",
        responses={200: VersionsJson, **problems(404)},
    )  # fmt: skip
    @needs(Permission.POLICIES_READ)
    def changes(path: GroupPath) -> Response:
        group = policies_of(path.group).group
        return jsonify({"versions": [made._asdict() for made in versions(group)]})

    @api.post(
        "/<int:group>/versions/<int:version>/restore",
        summary="Put an earlier version into force again, as a new one",
        responses={200: PolicyJson, **problems(404, 409)},
    )  # fmt: skip
    @needs(Permission.POLICIES_MANAGE)
    def restore(path: VersionPath, body: BasedOnJson) -> Response:
        group = policies_of(path.group).group
        put_back(group, path.version, by=actor(), at_s=now_s(), based_on=body.based_on)
        return jsonify(_told(path.group, currency))

    @api.post(
        "/<int:group>/answer", summary="What a till would answer; nothing is changed",
        responses={200: TillAnswerJson, **problems(404, 503)},
    )  # fmt: skip
    @needs(Permission.POLICIES_READ)
    def look(path: GroupPath, body: QuestionJson) -> Response:
        policy = policy_of(policies_of(path.group).group, currency, 0)
        if body.policy is not None:
            policy = policy_from_body(_named(body.policy))
            form.check(policy)
        return jsonify(answer(policy, Case(**body.case.model_dump()), body.locale)._asdict())

    return api


def _told(number: int, currency: str) -> dict[str, Any]:
    found = policies_of(number)
    policy = policy_of(found.group, currency, 0)
    return {
        "group": found.group,
        "stores": found.stores,
        "version": policy.version,
        "changed_by": found.newest.changed_by,
        "changed_at_s": found.newest.changed_at_s,
        "policy": body_of(policy),
        "units": [unit._asdict() for unit in who_has(found.group)],
    }


def _named(policy: PolicyBodyJson) -> dict[str, Any]:
    """Return a policy as it was told: only what was named."""
    return policy.model_dump(by_alias=True, exclude_unset=True)
