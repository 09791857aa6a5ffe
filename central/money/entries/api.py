"""Entries by hand for programs of headquarters. Described at ``/openapi.json``."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable
from typing import Annotated

from flask import Response, jsonify
from flask_openapi3.blueprint import APIBlueprint
from flask_openapi3.models.tag import Tag
from pydantic import BaseModel, Field

from central.errors import NotPermitted, RequestInvalid
from central.foundation.language.words import N_
from central.foundation.people.roles import Permission
from central.foundation.web.describe import WHOLE, BodyJson, problems
from central.foundation.web.permission import actor, is_allowed, needs
from central.money.entries import check, enter, store
from central.money.entries.kinds import KINDS
from central.money.entries.model import Asked, By, Entry, EntryState, Preview
from central.money.ledger.rules import business_day
from edge.contract.money import MINOR_MAX, Money

SECURITY: list[dict[str, list[str]]] = [{"api_key": []}]
_TAG = Tag(name="entries", description="What happened outside, told to the books.")


class EntryPath(BaseModel):
    """Which entry."""

    number: int = Field(ge=1, le=2**53 - 1, description="Its number.")


class WhichEntries(BaseModel):
    """Which entries, and how many."""

    limit: int = Field(50, ge=1, le=500, description="At most this many, newest first.")
    state: EntryState | None = Field(None, description="Only those in this state.")


class NewEntryJson(BodyJson):
    """What happened. The same kind under the same document number is entered once."""

    kind: str = Field(max_length=40, description="A slug of /v1/entries/kinds.")
    fields: dict[str, str] = Field({}, description="What the kind asks for, by name.")
    document: str = Field("", max_length=64, description="Number of the paper that says so.")
    amount_minor: Annotated[int, WHOLE] = Field(
        0, ge=0, le=MINOR_MAX, description="0 for what is taken back."
    )
    currency: str = Field(pattern="^[A-Z]{3}$", description="ISO 4217.")
    day: Annotated[int, Field(ge=20000101, le=99991231), WHOLE] | None = Field(
        None, description="When it happened, yyyymmdd; null: today."
    )
    note: str = Field("", max_length=500, description="In words; needed where two people are.")


class WhyJson(BodyJson):
    """Why it is not posted."""

    why: str = Field(min_length=1, max_length=200, description="In words.")


class DocumentBodyJson(BodyJson):
    """A paper behind an entry."""

    name: str = Field(min_length=1, max_length=128, description="invoice-17.pdf")
    content_base64: str = Field(description="Its bytes, at most 768 KiB of them.")


class FieldJson(BaseModel):
    """One thing that a kind asks for."""

    name: str = Field(description="In fields.")
    label: str = Field(description="In English.")
    takes: str = Field(
        description="agent, supplier, channel, place (bank:main, channel:wechat-pay), opening,"
        " owner, journal."
    )


class KindJson(BaseModel):
    """Something that can be entered."""

    slug: str = Field(description="Its name here.")
    title: str = Field(description="What happened, in English.")
    fields: list[FieldJson]
    needs_two: bool = Field(description="Whether a second person confirms it always.")


class KindsJson(BaseModel):
    """All that can be entered."""

    kinds: list[KindJson]


class PreviewLegJson(BaseModel):
    """One side of a posting, minor units."""

    code: str = Field(description="1030.main.")
    debit: int = Field(description="0 if it is a credit.")
    credit: int = Field(description="0 if it is a debit.")
    before: int = Field(description="Balance in the account's normal direction.")
    after: int = Field(description="The same once it is posted.")


class PreviewJson(BaseModel):
    """What would be posted."""

    day: int = Field(description="Business day, yyyymmdd.")
    currency: str = Field(description="ISO 4217.")
    needs_two: bool = Field(description="Whether a second person would have to confirm it.")
    legs: list[PreviewLegJson]


class EntryJson(BaseModel):
    """An entry."""

    id: int = Field(description="Its number.")
    kind: str = Field(description="What happened.")
    fields: dict[str, str] = Field(description="As it was filled in.")
    document: str = Field(description="Number of its paper.")
    day: int = Field(description="Business day, yyyymmdd.")
    amount_minor: int = Field(description="Minor units.")
    currency: str = Field(description="ISO 4217.")
    note: str = Field(description="In words.")
    state: EntryState = Field(description="Where it is.")
    asked_by: str = Field(description="Who has entered it.")
    asked_at_s: int = Field(description="Unix seconds.")
    decided_by: str | None = Field(description="Who has confirmed or refused it.")
    decided_at_s: int | None = Field(description="Unix seconds.")
    why: str = Field(description="Why it was refused.")
    journal_id: int | None = Field(description="Of the ledger.")


class EntriesJson(BaseModel):
    """Entries, the newest first."""

    entries: list[EntryJson]


class KeptJson(BaseModel):
    """A paper that is kept."""

    sha256: str = Field(description="Of its bytes, hex.")


def blueprint(timezone: str, above: int, now_s: Callable[[], int]) -> APIBlueprint:
    """Return the routes.

    Args:
        above: More minor units than this need a second person.
    """
    api = APIBlueprint(
        "entries_api", __name__, url_prefix="/v1/entries", abp_tags=[_TAG], abp_security=SECURITY,
        abp_responses=problems(400, 401, 403, 422, 500),
    )  # fmt: skip

    def by() -> By:
        at_s = now_s()
        # A program may enter; only a person confirms, on a page or at a terminal.
        return By(actor(), at_s, business_day(at_s, timezone), is_person=False)

    @api.get("/kinds", summary="What can be entered", responses={200: KindsJson})
    @needs(Permission.LEDGER_READ)
    def kinds() -> Response:
        return jsonify({"kinds": [_kind(kind.slug) for kind in KINDS.values()]})

    @api.get("", summary="The newest entries", responses={200: EntriesJson})
    @needs(Permission.LEDGER_READ)
    def some(query: WhichEntries) -> Response:
        found = store.newest(query.limit, query.state)
        return jsonify({"entries": [_entry(one) for one in found]})

    @api.get("/<int:number>", summary="One entry", responses={200: EntryJson, **problems(404)})
    @needs(Permission.LEDGER_READ)
    def one(path: EntryPath) -> Response:
        return jsonify(_entry(store.get(path.number)))

    @api.post(
        "/preview", summary="What an entry would post",
        responses={200: PreviewJson, **problems(404, 409)},
    )  # fmt: skip
    @needs(Permission.LEDGER_ENTER)
    def look(body: NewEntryJson) -> Response:
        return jsonify(_preview(enter.preview(_asked(body), by(), above)))

    @api.post(
        "", summary="Enter what happened", responses={200: EntryJson, **problems(404, 409)}
    )  # fmt: skip
    @needs(Permission.LEDGER_ENTER)
    def new(body: NewEntryJson) -> Response:
        return jsonify(_entry(enter.enter(_asked(body), by(), above)[0]))

    @api.post(
        "/<number>/refuse", summary="Do not post what waits",
        responses={200: EntryJson, **problems(404, 409)},
    )  # fmt: skip
    @needs(Permission.LEDGER_ENTER)
    def refuse(path: EntryPath, body: WhyJson) -> Response:
        return jsonify(_entry(enter.refuse(path.number, body.why, by())))

    @api.post(
        "/<number>/documents", summary="Keep a paper behind an entry",
        responses={200: KeptJson, **problems(404, 409)},
    )  # fmt: skip
    @needs(Permission.LEDGER_ENTER)
    def attach(path: EntryPath, body: DocumentBodyJson) -> Response:
        try:
            raw = base64.b64decode(body.content_base64, validate=True)
        except (binascii.Error, ValueError) as exc:
            raise RequestInvalid(N_("content_base64 is not base64.")) from exc
        return jsonify({"sha256": store.attach(path.number, body.name, raw, by().who, now_s())})

    return api


def _asked(body: NewEntryJson) -> Asked:
    if not is_allowed(check.kind_of(body.kind).permission):
        raise NotPermitted(N_("Your role does not have this permission."))
    amount = Money(body.amount_minor, body.currency)
    return Asked(body.kind, body.fields, body.document, amount, body.day, body.note)


def _kind(slug: str) -> dict[str, object]:
    kind = KINDS[slug]
    return {
        "slug": slug, "title": kind.title, "needs_two": kind.needs_two,
        "fields": [field._asdict() for field in kind.fields],
    }  # fmt: skip


def _preview(shown: Preview) -> dict[str, object]:
    names = ("code", "debit", "credit", "before", "after")
    legs = [{name: getattr(leg, name) for name in names} for leg in shown.legs]
    return {
        "day": shown.posting.effective, "currency": shown.posting.currency,
        "needs_two": bool(shown.why_two), "legs": legs,
    }  # fmt: skip


def _entry(entry: Entry) -> dict[str, object]:
    told = entry._asdict()
    amount = {"amount_minor": entry.amount.minor, "currency": entry.amount.currency}
    return {n: v for n, v in told.items() if n not in {"key", "amount"}} | amount
