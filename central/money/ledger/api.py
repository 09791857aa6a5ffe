"""What programs of headquarters may read of the ledger. Described at ``/openapi.json``."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

from flask import Response, jsonify
from flask_openapi3.blueprint import APIBlueprint
from flask_openapi3.models.tag import Tag
from pydantic import BaseModel, Field

from central.errors import NotFound
from central.foundation.db.engine import reading
from central.foundation.language.said import in_words
from central.foundation.language.words import N_
from central.foundation.people.roles import Permission
from central.foundation.web.describe import problems
from central.foundation.web.permission import needs
from central.foundation.web.problem import say
from central.money.ledger import statement
from central.money.ledger.audit_log import newest_or_now

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


class DaysCounted(Days):
    """Which days, and how an entry is counted on one."""

    by: Literal["day", "booked"] = Field(
        "day", description="day: the business day it belongs to; booked: when it was written."
    )


class PartyPath(BaseModel):
    """Whose accounts."""

    kind: str = Field(pattern="^[a-z]{1,20}$", description="agent, store, supplier, …")
    party: str = Field(pattern="^[A-Za-z0-9-]{1,40}$", description="EAST-1.")


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


class PartyStatementsJson(BaseModel):
    """What happened to all accounts of a party."""

    statements: list[StatementJson]


class AuditJson(BaseModel):
    """What the newest proof of the whole ledger has found."""

    at_s: int = Field(description="When it was made, Unix seconds.")
    actor: str = Field(description="Who has had it made.")
    journals: int = Field(description="So many were proven.")
    sound: bool = Field(description="Whether everything held.")
    findings: list[str] = Field(description="What did not.")


def blueprint(timezone: str, now_s: Callable[[], int]) -> APIBlueprint:
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
        findings = [in_words(one, say()) for one in newest_or_now(now_s()).findings]
        return jsonify({"balanced": balanced, "accounts": rows, "findings": findings})

    @api.get(
        "/accounts/<code>/statement", summary="One account",
        responses={200: StatementJson, **problems(404)},
    )  # fmt: skip
    @needs(Permission.LEDGER_READ)
    def one(path: AccountPath, query: DaysCounted) -> Response:
        days, zone = (query.first, query.last), timezone if query.by == "booked" else None
        found = reading(lambda: statement.statement(path.code, *days, booked_in=zone))
        if found is None:
            raise NotFound(N_("This account has not been opened."))
        return jsonify(_statement_json(found))

    @api.get(
        "/parties/<kind>/<party>/statement", summary="All accounts of a party",
        responses={200: PartyStatementsJson, **problems(404)},
    )  # fmt: skip
    @needs(Permission.LEDGER_READ)
    def of_party(path: PartyPath, query: DaysCounted) -> Response:
        days, zone = (query.first, query.last), timezone if query.by == "booked" else None
        found = reading(
            lambda: statement.party_statement(path.kind, path.party, *days, booked_in=zone)
        )
        if not found:
            raise NotFound(N_("Nobody of this name has an account."))
        return jsonify({"statements": [_statement_json(one) for one in found]})

    @api.get("/audit", summary="The newest audit", responses={200: AuditJson})
    @needs(Permission.LEDGER_READ)
    def audit() -> Response:
        newest = newest_or_now(now_s())
        return jsonify({
            "at_s": newest.at_s, "actor": newest.actor, "journals": newest.journals,
            "sound": not newest.findings,
            "findings": [in_words(one, say()) for one in newest.findings],
        })  # fmt: skip

    @api.get(
        "/journals/<number>", summary="One journal",
        responses={200: JournalJson, **problems(404)},
    )  # fmt: skip
    @needs(Permission.LEDGER_READ)
    def journal(path: JournalPath) -> Response:
        found = statement.journal(path.number)
        if found is None:
            raise NotFound(N_("There is no journal of this number."))
        return jsonify(_journal_json(found))

    return api


def _statement_json(found: statement.Statement) -> dict[str, object]:
    return found._asdict() | {"lines": [line._asdict() for line in found.lines]}


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
