"""What programs of headquarters may read of the ledger. Described at ``/openapi.json``."""

from __future__ import annotations

from collections.abc import Callable

from flask import Response, jsonify
from flask_openapi3.blueprint import APIBlueprint
from flask_openapi3.models.tag import Tag
from pydantic import BaseModel, Field

from central.errors import NotFound
from central.foundation.db.engine import reading
from central.foundation.people.roles import Permission
from central.foundation.web.describe import problems
from central.foundation.web.permission import needs
from central.money.ledger import statement
from central.money.ledger.audit import newest_or_now

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


class Day(BaseModel):
    """At the end of which day."""

    day: int | None = Field(
        None, ge=20000101, le=99991231,
        description="At the end of this business day, yyyymmdd; without it, now.",
    )  # fmt: skip


class JournalPath(BaseModel):
    """Which journal."""

    number: int = Field(ge=1, le=2**53 - 1, description="Of the ledger.")


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
    findings: list[str] = Field(description="What the newest audit did not find in order.")


class LineJson(BaseModel):
    """One entry."""

    effective: int = Field(description="Business day, yyyymmdd.")
    at_s: int = Field(description="When it was posted, Unix seconds.")
    kind: str = Field(description="Which event: redeemed, …")
    ref: str = Field(description="What it is about: a voucher, a batch.")
    memo: str = Field(description="Name of the entry at the till.")
    change: int = Field(description="Minor units; negative if it goes down.")
    journal_id: int = Field(description="Of the ledger.")


class LegJson(BaseModel):
    """One entry of a journal, minor units; one of ``debit`` and ``credit`` is 0."""

    code: str = Field(description="2310.S0412.")
    currency: str = Field(description="ISO 4217.")
    held: bool = Field(description="Whether it sets aside, or releases, and moves nothing.")
    debit: int = Field(description="Minor units.")
    credit: int = Field(description="Minor units.")


class JournalJson(BaseModel):
    """One journal with its entries and its seal."""

    id: int = Field(description="Its number.")
    idem: str = Field(description="Business key: the event happened once.")
    kind: str = Field(description="Which event: redeemed, …")
    ref: str = Field(description="What it is about: a voucher, a batch.")
    phase: str = Field(description="posted; pending: a hold; post or void: the end of one.")
    effective: int = Field(description="Business day, yyyymmdd.")
    at_s: int = Field(description="When it was posted, Unix seconds.")
    actor: str = Field(description="Who or what caused it.")
    memo: str = Field(description="Name of the entry at the till.")
    reverses: int | None = Field(description="The journal that it takes back.")
    reversed_by: int | None = Field(description="The journal that takes it back.")
    resolves: int | None = Field(description="The hold that it ends.")
    resolved_by: int | None = Field(description="The journal that ends it, if it is a hold.")
    prev: str | None = Field(description="Seal before it, hex; null until it is sealed.")
    hash: str | None = Field(description="Its seal, hex; null until it is sealed.")
    legs: list[LegJson]


class StatementJson(BaseModel):
    """What happened to one account; amounts are in its normal direction."""

    code: str = Field(description="2310.S0412.")
    currency: str = Field(description="ISO 4217.")
    opening: int = Field(description="Before the first day, minor units.")
    lines: list[LineJson]
    closing: int = Field(description="After the last day, minor units.")


def blueprint(now_s: Callable[[], int]) -> APIBlueprint:
    """Return the routes."""
    api = APIBlueprint(
        "ledger_api", __name__, url_prefix="/v1/ledger", abp_tags=[_TAG], abp_security=SECURITY,
        abp_responses=problems(400, 401, 403, 422, 500),
    )  # fmt: skip

    @api.get("/trial-balance", summary="Every account", responses={200: TrialBalanceJson})
    @needs(Permission.LEDGER_READ)
    def trial_balance(query: Day) -> Response:
        accounts = reading(lambda: statement.trial_balance(query.day))
        rows = [
            {
                "code": a.code, "name": a.name_en, "name_zh": a.name_zh, "currency": a.currency,
                "debit": a.debit, "credit": a.credit,
            }
            for a in accounts
        ]  # fmt: skip
        balanced = not any(balance_by_currency(accounts).values())
        findings = newest_or_now(now_s()).findings
        return jsonify({"balanced": balanced, "accounts": rows, "findings": findings})

    @api.get(
        "/accounts/<code>/statement", summary="One account",
        responses={200: StatementJson, **problems(404)},
    )  # fmt: skip
    @needs(Permission.LEDGER_READ)
    def one(path: AccountPath, query: Days) -> Response:
        found = reading(lambda: statement.statement(path.code, query.first, query.last))
        if found is None:
            raise NotFound("This account has not been opened.")
        return jsonify(found._asdict() | {"lines": [line._asdict() for line in found.lines]})

    @api.get(
        "/journals/<number>", summary="One journal",
        responses={200: JournalJson, **problems(404)},
    )  # fmt: skip
    @needs(Permission.LEDGER_READ)
    def journal(path: JournalPath) -> Response:
        found = statement.journal(path.number)
        if found is None:
            raise NotFound("There is no journal of this number.")
        return jsonify(_journal_json(found))

    return api


def _journal_json(found: statement.Journal) -> dict[str, object]:
    legs = [
        {name: value for name, value in leg._asdict().items() if not name.startswith("name_")}
        for leg in found.legs
    ]
    seals = {
        name: None if value is None else value.hex()
        for name, value in (("prev", found.prev), ("hash", found.hash))
    }
    return found._asdict() | seals | {"legs": legs}


def balance_by_currency(accounts: list[statement.AccountTotals]) -> dict[str, int]:
    """Return debits less credits of each currency; zero everywhere in a sound ledger."""
    totals: dict[str, int] = {}
    for account in accounts:
        totals[account.currency] = totals.get(account.currency, 0) + account.balance
    return totals
