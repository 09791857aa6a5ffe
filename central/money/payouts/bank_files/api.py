"""Files for the bank, for programs of headquarters. Described at ``/openapi.json``."""

from __future__ import annotations

from collections.abc import Callable

from flask import Response, jsonify
from flask_openapi3.blueprint import APIBlueprint
from flask_openapi3.models import RawModel
from flask_openapi3.models.tag import Tag
from pydantic import BaseModel, ConfigDict, Field

from central.foundation.people.roles import Permission
from central.foundation.web.describe import problems
from central.foundation.web.permission import actor, needs, takes
from central.money.channels.settings import BankFileSettings
from central.money.ledger.rules import business_day
from central.money.payouts.bank_files import answer, store
from central.money.payouts.bank_files.answer import ANSWER_BYTES_MAX
from central.money.payouts.bank_files.make import fetch, make
from central.money.payouts.end import By
from central.money.payouts.model import State

SECURITY: list[dict[str, list[str]]] = [{"api_key": []}]
_TAG = Tag(name="payouts", description="Money to agents and stores.")


class BankFilePath(BaseModel):
    """Which file."""

    no: str = Field(pattern="^[0-9A-Za-z]{6,32}$", description="Its number.")


class WhichBankFiles(BaseModel):
    """How many files."""

    limit: int = Field(50, ge=1, le=500, description="At most this many, newest first.")


class BankRefusalJson(BaseModel):
    """A person's reason."""

    model_config = ConfigDict(extra="forbid")

    why: str = Field(min_length=1, max_length=200, description="It stays noted.")


class BankAnswerFile(RawModel):
    """The bank's answer: a table as CSV, UTF-8 or GBK."""

    mimetypes: list[str] = ["text/csv"]  # noqa: RUF012 - as RawModel has it


class BankFileJson(BaseModel):
    """A file for the bank."""

    no: str = Field(description="Its number.")
    day: int = Field(description="Business day, yyyymmdd.")
    bank: str = Field(description="Our account that it debits: main for 1030.main.")
    currency: str = Field(description="ISO 4217.")
    lines: int = Field(description="How many payouts stand in it.")
    total: int = Field(description="What leaves our account, minor units.")
    sha256: str = Field(description="Of its bytes, hex.")
    made_at_s: int = Field(description="Unix seconds.")
    made_by: str = Field(description="Who has made it.")
    open: int = Field(description="How many of its payouts have no end yet.")


class BankFilesJson(BaseModel):
    """Files, newest first."""

    files: list[BankFileJson] = Field(description="Newest first.")


class BankFileLineJson(BaseModel):
    """One payout of a file. Address and name of the payee are never told here."""

    place: int = Field(description="Which line, counted from 1.")
    no: str = Field(description="The payout's number.")
    account: str = Field(description="Whose money it is.")
    amount: int = Field(description="What the bank is to pay, minor units.")
    state: State = Field(description="Where it is.")
    last_code: str = Field(description="Why the bank has not paid it.")


class OneBankFileJson(BaseModel):
    """A file with its lines."""

    file: BankFileJson = Field(description="As it was made.")
    payouts: list[BankFileLineJson] = Field(description="As they are now.")


class BankAnswerJson(BaseModel):
    """What an answer came to."""

    paid: int = Field(description="Payouts that it has ended: paid.")
    failed: int = Field(description="Payouts that it has ended: given back.")
    known: int = Field(description="Lines that say what was known before.")
    open: int = Field(description="Payouts of the file that have no end yet.")
    differ: list[str] = Field(
        description="Payouts of which it says something else than before; nothing was changed."
    )


class BankGivenBackJson(BaseModel):
    """What was given back."""

    payouts: int = Field(description="How many.")


def blueprint(
    settings: BankFileSettings | None, timezone: str, now_s: Callable[[], int]
) -> APIBlueprint:
    """Return the routes.

    Args:
        settings: Which account of ours pays; None: no file can be made here.
    """
    api = APIBlueprint(
        "bank_files_api", __name__, url_prefix="/v1/payouts/bank-files", abp_tags=[_TAG],
        abp_security=SECURITY, abp_responses=problems(400, 401, 403, 422, 500),
    )  # fmt: skip

    def by() -> By:
        at_s = now_s()
        return By(actor(), at_s, business_day(at_s, timezone))

    @api.get("", summary="The newest files for the bank", responses={200: BankFilesJson})
    @needs(Permission.PAYOUTS_READ)
    def some(query: WhichBankFiles) -> Response:
        found = [_json(one.file, one.open) for one in store.newest(query.limit)]
        return jsonify({"files": found})

    @api.post(
        "", summary="Put what is ready into a file for the bank",
        responses={200: BankFileJson, **problems(409)},
    )  # fmt: skip
    @needs(Permission.PAYOUTS_RELEASE)
    def new() -> Response:
        who = by()
        made = make(settings, who.at_s, day=who.day, actor=who.who)
        return jsonify(_json(made, made.lines))

    @api.get("/<no>", summary="One file", responses={200: OneBankFileJson, **problems(404)})
    @needs(Permission.PAYOUTS_READ)
    def one(path: BankFilePath) -> Response:
        made, lines = store.get(path.no), store.lines_of(path.no)
        payouts = [
            {
                "place": place, "no": one.no, "account": one.account,
                "amount": one.order.amount.minor, "state": one.state, "last_code": one.last_code,
            }
            for place, one in lines
        ]  # fmt: skip
        is_open = sum(not payout.state.is_final for _, payout in lines)
        return jsonify({"file": _json(made, is_open), "payouts": payouts})

    @api.post(
        "/<no>/content", summary="The bytes of a file, for the bank; that it is fetched is noted",
        responses={200: {"content": {"text/csv": {"schema": {"type": "string"}}}},
                   **problems(404, 409)},
    )  # fmt: skip
    @needs(Permission.PAYOUTS_RELEASE)
    def content(path: BankFilePath) -> Response:
        made, found = fetch(path.no, now_s(), actor=actor())
        response = Response(found, content_type="text/csv")
        response.headers.set("Content-Disposition", "attachment", filename=made.name)
        return response

    @api.post(
        "/<no>/answer", summary="Take the bank's answer; again is harmless",
        responses={200: BankAnswerJson, **problems(404, 413)},
    )  # fmt: skip
    @needs(Permission.PAYOUTS_RELEASE)
    @takes(ANSWER_BYTES_MAX + 1)
    def take(path: BankFilePath, raw: BankAnswerFile) -> Response:
        return jsonify(answer.take_answer(path.no, raw.get_data(), by())._asdict())

    @api.post(
        "/<no>/refuse", summary="Say that the bank has taken none of it, as a second person",
        responses={200: BankGivenBackJson, **problems(404, 409)},
    )  # fmt: skip
    @needs(Permission.PAYOUTS_RELEASE)
    def refuse(path: BankFilePath, body: BankRefusalJson) -> Response:
        return jsonify({"payouts": answer.refuse(path.no, body.why, by())})

    return api


def _json(made: store.Made, is_open: int) -> dict[str, object]:
    told = made._asdict()
    del told["name"]
    return told | {"open": is_open}
