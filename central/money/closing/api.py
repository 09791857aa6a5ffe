"""Closing for programs of finance. Described at ``/openapi.json``."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from flask import Response, jsonify
from flask_openapi3.blueprint import APIBlueprint
from flask_openapi3.models.tag import Tag
from pydantic import BaseModel, Field

from central.foundation.db.engine import reading
from central.foundation.people.roles import Permission
from central.foundation.web.describe import BodyJson, problems
from central.foundation.web.permission import actor, needs
from central.money.channels.gather import Channels
from central.money.closing.close import close_day, close_month
from central.money.closing.days import OpenDay, open_days
from central.money.closing.waivers import REASON_CHARS, waive
from central.money.ledger.closes import Close, closed_through
from central.money.ledger.rules import business_day
from central.money.reconciliation.model import By
from central.money.reconciliation.settle import Standing

SECURITY: list[dict[str, list[str]]] = [{"api_key": []}]
_TAG = Tag(name="closing", description="Which days are closed, and what the open ones wait for.")
_DAY = "Business day, yyyymmdd."


class ClosingDayPath(BaseModel):
    """Which day."""

    day: int = Field(ge=20000101, le=29991231, description=_DAY)


class ClosingMonthPath(BaseModel):
    """Which month."""

    month: int = Field(ge=200001, le=299912, description="yyyymm.")


class HowManyDays(BaseModel):
    """How many days."""

    limit: int = Field(62, ge=1, le=500, description="At most this many, the oldest first.")


class WaiverJson(BodyJson):
    """Why a day is closed although a channel's bills of it are not settled."""

    channel: str = Field(min_length=1, max_length=40, description="Which channel.")
    reason: str = Field(min_length=1, max_length=REASON_CHARS, description="It stays noted.")


class ChannelDayJson(BaseModel):
    """How far a channel's bills of a day are."""

    channel: str = Field(description="Which channel.")
    standing: Standing = Field(description="How far they are.")
    is_missing: bool = Field(description="Whether the day waits for it.")
    waiver: str | None = Field(description="Why it does not, if a person has said so.")


class OpenDayJson(BaseModel):
    """A day that is over and not closed."""

    day: int = Field(description=_DAY)
    can_be_closed: bool = Field(description="Whether it waits for nothing.")
    channels: list[ChannelDayJson] = Field(description="By channel.")


class OpenDaysJson(BaseModel):
    """Days that are over and not closed."""

    closed_through: int = Field(description="The newest closed day; 0 if none is.")
    days: list[OpenDayJson] = Field(description="The oldest first.")


class CloseJson(BaseModel):
    """What was noted when a day was closed."""

    day: int = Field(description=_DAY)
    closed_at_s: int = Field(description="Unix seconds.")
    actor: str = Field(description="Who has closed it.")
    seal: str = Field(description="The newest seal of then: journal and hash, to be kept apart.")


def blueprint(channels: Channels, timezone: str, now_s: Callable[[], int]) -> APIBlueprint:
    """Return the routes."""
    api = APIBlueprint(
        "closing_api", __name__, url_prefix="/v1/closing", abp_tags=[_TAG], abp_security=SECURITY,
        abp_responses=problems(400, 401, 403, 422, 500),
    )  # fmt: skip

    def by() -> By:
        at_s = now_s()
        return By(at_s, business_day(at_s, timezone), actor())

    def of_day(day: int) -> dict[str, Any] | None:
        found = reading(lambda: list(open_days(channels.with_bills, by().day)))
        return next((_open(one) for one in found if one.day == day), None)

    @api.get("/days", summary="Days that are over and not closed", responses={200: OpenDaysJson})
    @needs(Permission.LEDGER_READ)
    def days(query: HowManyDays) -> Response:
        found = reading(lambda: list(open_days(channels.with_bills, by().day)))
        told = [_open(one) for one in found[: query.limit]]
        return jsonify({"closed_through": closed_through(), "days": told})

    @api.post(
        "/days/<int:day>/close", summary="Close a day and all days before it",
        responses={200: CloseJson, **problems(404, 409)},
    )  # fmt: skip
    @needs(Permission.LEDGER_CLOSE)
    def close(path: ClosingDayPath) -> Response:
        return jsonify(_close(close_day(path.day, by(), channels.with_bills)))

    @api.post(
        "/days/<int:day>/waivers", summary="Let a day be closed without a channel's settlement",
        responses={200: OpenDayJson, **problems(404, 409)},
    )  # fmt: skip
    @needs(Permission.LEDGER_CLOSE)
    def excuse(path: ClosingDayPath, body: WaiverJson) -> Response:
        waive(body.channel, path.day, body.reason, by())
        return jsonify(of_day(path.day) or _open(OpenDay(path.day, ())))

    @api.post(
        "/months/<int:month>/close", summary="Carry a month's result forward, and close it",
        responses={200: CloseJson, **problems(404, 409)},
    )  # fmt: skip
    @needs(Permission.LEDGER_CLOSE)
    def close_whole(path: ClosingMonthPath) -> Response:
        return jsonify(_close(close_month(path.month, by(), channels.with_bills)))

    return api


def _open(one: OpenDay) -> dict[str, Any]:
    channels = [
        {
            "channel": of.channel, "standing": of.standing, "is_missing": of.is_missing,
            "waiver": of.waiver.reason if of.waiver else None,
        }
        for of in one.channels
    ]  # fmt: skip
    return {"day": one.day, "can_be_closed": not one.missing, "channels": channels}


def _close(made: Close) -> dict[str, Any]:
    seal = f"{made.sealed_id}:{made.sealed_hash.hex()}"
    return {"day": made.day, "closed_at_s": made.closed_at_s, "actor": made.actor, "seal": seal}
