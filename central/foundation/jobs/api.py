"""Alerts and jobs for whatever watches the hub. Described at ``/openapi.json``."""

from __future__ import annotations

from typing import Any

from flask import Response, jsonify
from flask_openapi3.blueprint import APIBlueprint
from flask_openapi3.models.tag import Tag
from pydantic import BaseModel, Field

from central.foundation.jobs import alerts, schedule
from central.foundation.language.said import data_of, in_words
from central.foundation.people.roles import Permission
from central.foundation.web.describe import problems
from central.foundation.web.permission import needs
from central.foundation.web.problem import say

SECURITY: list[dict[str, list[str]]] = [{"api_key": []}]
_TAG = Tag(name="jobs", description="What the hub does by the clock, and what needs eyes.")


class SaidJson(BaseModel):
    """What was said, as data."""

    slug: str = Field(description="Which sentence; stable for ever.")
    values: dict[str, Any] = Field(description="What stands in it: text, numbers, sentences.")


class AlertJson(BaseModel):
    """Something that is not as it should be, and has not been put right."""

    id: int = Field(description="Number.")
    kind: str = Field(description="What raised it: job-failed, message-dead, proof, …")
    subject: str = Field(description="What it is about.")
    said: str = Field(description="One line for a person, in the language that is asked for.")
    told: SaidJson | None = Field(description="The same as data; null of what is older than that.")
    opened_at_s: int = Field(description="Unix seconds.")
    told_at_s: int = Field(description="When it was last found to be so. Unix seconds.")
    seen_by: str | None = Field(description="Who looks after it.")


class AlertsJson(BaseModel):
    """What is open now."""

    alerts: list[AlertJson] = Field(description="The newest first.")


class JobJson(BaseModel):
    """Work of the clock."""

    name: str = Field(description="Stable name.")
    outcome: str = Field(description="Of its newest run: running, done, failed, lost, or empty.")
    said: str = Field(description="What that came to, in the language that is asked for.")
    told: SaidJson | None = Field(description="The same as data; null of what is older than that.")
    began_at_s: int | None = Field(description="Unix seconds.")
    ended_at_s: int | None = Field(description="Unix seconds.")
    next_at_s: int = Field(description="Unix seconds.")
    is_paused: bool = Field(description="Whether somebody lets it rest.")


class JobsJson(BaseModel):
    """Every job."""

    jobs: list[JobJson] = Field(description="By name.")


def _body(found: dict[str, Any]) -> dict[str, Any]:
    return {**found, "said": in_words(found["said"], say()), "told": data_of(found["said"])}


def blueprint() -> APIBlueprint:
    """Return the routes."""
    api = APIBlueprint(
        "jobs_api", __name__, url_prefix="/v1", abp_tags=[_TAG], abp_security=SECURITY,
        abp_responses=problems(401, 403, 422, 500),
    )  # fmt: skip

    @api.get("/alerts", summary="What needs somebody's eyes", responses={200: AlertsJson})
    @needs(Permission.JOBS_READ)
    def open_alerts() -> Response:
        found = [AlertJson(**_body(one._asdict())) for one in alerts.alerts()]
        return jsonify(AlertsJson(alerts=found).model_dump())

    @api.get("/jobs", summary="What the hub does by the clock", responses={200: JobsJson})
    @needs(Permission.JOBS_READ)
    def all_jobs() -> Response:
        found = [JobJson(**_body(one._asdict())) for one in schedule.views()]
        return jsonify(JobsJson(jobs=found).model_dump())

    return api
