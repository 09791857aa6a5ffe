"""Withheld tax for programs of finance. Described at ``/openapi.json``."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Annotated, Any, Literal

from flask import Response, jsonify
from flask_openapi3.blueprint import APIBlueprint
from flask_openapi3.models.tag import Tag
from pydantic import BaseModel, Field

from central.foundation.people.roles import Permission
from central.foundation.web.describe import WHOLE, BodyJson, Whole, problems
from central.foundation.web.permission import actor, needs
from central.money.payouts.tax import withhold
from central.money.payouts.tax.schedule import BRACKETS_MAX, PPM
from edge.contract.money import MINOR_MAX

SECURITY: list[dict[str, list[str]]] = [{"api_key": []}]
_TAG = Tag(name="payouts", description="Money to agents and stores.")


class TaxBracketJson(BodyJson):
    """A rate of the part up to an amount."""

    up_to: Annotated[int, Field(ge=0, le=MINOR_MAX), WHOLE] | None = Field(
        description="Taxable income, minor units; null in the last one, and in it alone."
    )
    ppm: Whole = Field(ge=0, le=PPM, description="Parts per million: 200000 is 20 %.")
    quick: Whole = Field(ge=0, le=MINOR_MAX, description="Quick deduction, minor units.")


class TaxScheduleJson(BodyJson):
    """How a period's income is taxed."""

    name: str = Field(min_length=1, max_length=100, description="Which law it follows.")
    period: Literal["month", "year"] = Field(description="Income of one is added up.")
    free: Whole = Field(ge=0, le=MINOR_MAX, description="Not taxed up to it, minor units.")
    flat_up_to: Whole = Field(ge=0, le=MINOR_MAX, description="Up to it flat is deducted.")
    flat: Whole = Field(ge=0, le=MINOR_MAX, description="Deducted, minor units; at most free.")
    deducted_ppm: Whole = Field(ge=0, le=PPM, description="Deducted above flat_up_to.")
    brackets: list[TaxBracketJson] = Field(
        min_length=1, max_length=BRACKETS_MAX, description="By income, the lowest first."
    )


class NewTaxScheduleJson(BodyJson):
    """A schedule and when it begins."""

    first_day: Whole = Field(ge=20000101, le=99991231, description="Business day, yyyymmdd.")
    schedule: TaxScheduleJson = Field(description="What counts from then on.")


class TaxBegunJson(BaseModel):
    """A schedule that was put in force."""

    first_day: int = Field(description="Business day, yyyymmdd.")
    schedule: TaxScheduleJson = Field(description="What counts from then on.")
    by: str = Field(description="Who has put it in force.")
    at_s: int = Field(description="Unix seconds.")


class TaxPayeeJson(BodyJson):
    """Whether a party is a person."""

    account: str = Field(pattern="^(2110|2310|2320)[.][A-Za-z0-9-]{1,40}$", description="2110.A7")
    is_person: bool = Field(description="Tax is withheld from persons alone.")


class TaxRulesJson(BaseModel):
    """What is withheld, and from whom."""

    schedules: list[TaxBegunJson] = Field(description="The newest day first.")
    payees: list[TaxPayeeJson] = Field(description="Of whom it was said; others are paid in full.")


class TaxMonthPath(BaseModel):
    """Which month."""

    month: str = Field(pattern="^20[0-9]{2}(0[1-9]|1[0-2])$", description="yyyymm.")


class TaxLineJson(BaseModel):
    """What one person was paid in a month."""

    account: str = Field(description="Whose money it was.")
    name: str = Field(description="The payee's name, as the channel was told.")
    payouts: int = Field(description="How many.")
    gross: int = Field(description="What his balance fell by, minor units.")
    tax: int = Field(description="What of it was withheld, minor units.")
    currency: str = Field(description="ISO 4217.")


class TaxMonthJson(BaseModel):
    """What was withheld in a month."""

    month: int = Field(description="yyyymm.")
    lines: list[TaxLineJson] = Field(description="By account.")
    total: int = Field(description="Of the lines, minor units.")
    in_books: int = Field(description="What the ledger says of the same; they have to agree.")


def blueprint(now_s: Callable[[], int]) -> APIBlueprint:
    """Return the routes."""
    api = APIBlueprint(
        "tax_api", __name__, url_prefix="/v1/payouts/tax", abp_tags=[_TAG], abp_security=SECURITY,
        abp_responses=problems(400, 401, 403, 422, 500),
    )  # fmt: skip

    @api.get("", summary="What is withheld, and from whom", responses={200: TaxRulesJson})
    @needs(Permission.PAYOUTS_READ)
    def rules() -> Response:
        payees = [{"account": p.account, "is_person": p.is_person} for p in withhold.profiles()]
        return jsonify({"schedules": [_json(s) for s in withhold.schedules()], "payees": payees})

    @api.post("", summary="Put a schedule in force from a day on", responses={200: TaxBegunJson})
    @needs(Permission.PAYOUTS_RELEASE)
    def put(body: NewTaxScheduleJson) -> Response:
        at_s, text = now_s(), json.dumps(body.schedule.model_dump(), ensure_ascii=False)
        made = withhold.set_schedule(body.first_day, text, actor(), at_s)
        return jsonify(_json(withhold.Begun(body.first_day, made, actor(), at_s)))

    @api.post("/payees", summary="Say whether a party is a person", responses={200: TaxPayeeJson})
    @needs(Permission.PAYOUTS_RELEASE)
    def whom(body: TaxPayeeJson) -> Response:
        withhold.set_profile(body.account, is_person=body.is_person, by=actor(), at_s=now_s())
        return jsonify(body.model_dump())

    @api.get(
        "/months/<month>", summary="What was withheld in a month",
        responses={200: TaxMonthJson},
    )  # fmt: skip
    @needs(Permission.PAYOUTS_READ)
    def month(path: TaxMonthPath) -> Response:
        found = withhold.month_of_tax(int(path.month))
        lines = [line._asdict() for line in found.lines]
        return jsonify({
            "month": found.month, "lines": lines, "total": found.total, "in_books": found.in_books,
        })  # fmt: skip

    return api


def _json(found: withhold.Begun) -> dict[str, Any]:
    brackets = [bracket._asdict() for bracket in found.schedule.brackets]
    told = found.schedule._asdict() | {"brackets": brackets}
    return {"first_day": found.first_day, "schedule": told, "by": found.by, "at_s": found.at_s}
