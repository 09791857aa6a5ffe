"""What programs of headquarters may read of the ledger. Described at ``/openapi.json``."""

from __future__ import annotations

from flask import Response, jsonify
from flask_openapi3.blueprint import APIBlueprint
from flask_openapi3.models.tag import Tag
from pydantic import BaseModel, Field

from central.errors import NotFound
from central.foundation.people.roles import Permission
from central.foundation.web.describe import problems
from central.foundation.web.permission import needs
from central.money.ledger import audit, statement

SECURITY: list[dict[str, list[str]]] = [{"api_key": []}]
_TAG = Tag(name="money", description="The ledger.")
_DAY = Field(ge=20000101, le=99991231, description="Business day, yyyymmdd.")


class AccountPath(BaseModel):
    """Which account."""

    code: str = Field(pattern="^[0-9]{4}([.][A-Za-z0-9-]{1,40})?$", description="2310.S0412")


class Days(BaseModel):
    """Which days, both included."""

    first: int = _DAY
    last: int = _DAY


class AccountJson(BaseModel):
    """One account of the trial balance, minor units."""

    code: str = Field(description="2310.S0412.")
    name: str = Field(description="In English.")
    name_zh: str = Field(description="In Chinese.")
    currency: str = Field(description="ISO 4217.")
    debit: int = Field(description="Sum of all debits.")
    credit: int = Field(description="Sum of all credits.")


class TrialBalanceJson(BaseModel):
    """Every account."""

    balanced: bool = Field(description="Whether debits and credits are the same in each currency.")
    accounts: list[AccountJson]
    findings: list[str] = Field(description="What a full audit does not find in order.")


class LineJson(BaseModel):
    """One entry."""

    effective: int = Field(description="Business day, yyyymmdd.")
    at_s: int = Field(description="When it was posted, Unix seconds.")
    kind: str = Field(description="Which event: redeemed, …")
    ref: str = Field(description="What it is about: a voucher, a batch.")
    memo: str = Field(description="Name of the entry at the till.")
    change: int = Field(description="Minor units; negative if it goes down.")
    journal_id: int = Field(description="Of the ledger.")


class StatementJson(BaseModel):
    """What happened to one account; amounts are in its normal direction."""

    code: str = Field(description="2310.S0412.")
    currency: str = Field(description="ISO 4217.")
    opening: int = Field(description="Before the first day, minor units.")
    lines: list[LineJson]
    closing: int = Field(description="After the last day, minor units.")


def blueprint() -> APIBlueprint:
    """Return the routes."""
    api = APIBlueprint(
        "ledger_api", __name__, url_prefix="/v1/ledger", abp_tags=[_TAG], abp_security=SECURITY,
        abp_responses=problems(400, 401, 403, 422, 500),
    )  # fmt: skip

    @api.get("/trial-balance", summary="Every account", responses={200: TrialBalanceJson})
    @needs(Permission.LEDGER_READ)
    def trial_balance() -> Response:
        accounts = statement.trial_balance()
        rows = [
            {
                "code": a.code, "name": a.name_en, "name_zh": a.name_zh, "currency": a.currency,
                "debit": a.debit, "credit": a.credit,
            }
            for a in accounts
        ]  # fmt: skip
        balanced = not any(balance_by_currency(accounts).values())
        return jsonify({"balanced": balanced, "accounts": rows, "findings": audit.audit()})

    @api.get(
        "/accounts/<code>/statement", summary="One account",
        responses={200: StatementJson, **problems(404)},
    )  # fmt: skip
    @needs(Permission.LEDGER_READ)
    def one(path: AccountPath, query: Days) -> Response:
        found = statement.statement(path.code, query.first, query.last)
        if found is None:
            raise NotFound("This account has not been opened.")
        return jsonify(found._asdict() | {"lines": [line._asdict() for line in found.lines]})

    return api


def balance_by_currency(accounts: list[statement.Balance]) -> dict[str, int]:
    """Return debits less credits of each currency; zero everywhere in a sound ledger."""
    totals: dict[str, int] = {}
    for account in accounts:
        totals[account.currency] = totals.get(account.currency, 0) + account.balance
    return totals
