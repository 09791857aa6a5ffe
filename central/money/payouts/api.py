"""Payouts for programs of headquarters. Described at ``/openapi.json``."""

from __future__ import annotations

from collections.abc import Callable

from flask import Response, jsonify
from flask_openapi3.blueprint import APIBlueprint
from flask_openapi3.models.tag import Tag
from pydantic import BaseModel, ConfigDict, Field

from central.foundation.people.roles import Permission
from central.foundation.web.describe import problems
from central.foundation.web.permission import actor, needs
from central.money.ledger.rules import business_day
from central.money.payouts import store
from central.money.payouts.model import State
from central.money.payouts.request import Wanted, request_payout
from edge.contract.money import MINOR_MAX, Money

SECURITY: list[dict[str, list[str]]] = [{"api_key": []}]
_TAG = Tag(name="payouts", description="Money to agents and stores.")


class PayoutPath(BaseModel):
    """Which payout."""

    no: str = Field(pattern="^[0-9A-Za-z]{6,32}$", description="Its number.")


class Which(BaseModel):
    """Which payouts, and how many."""

    limit: int = Field(50, ge=1, le=500, description="At most this many, newest first.")
    state: State | None = Field(None, description="Only those in this state.")


class MoneyJson(BaseModel):
    """An amount of money."""

    model_config = ConfigDict(extra="forbid")

    amount: int = Field(ge=1, le=MINOR_MAX, description="Minor units.")
    currency: str = Field(pattern="^[A-Z]{3}$", description="ISO 4217.")


class NewPayoutJson(BaseModel):
    """A payout to be asked for. The same account and key is the same payout, for ever."""

    model_config = ConfigDict(extra="forbid")

    account: str = Field(pattern="^(2110|2310|2320)[.][A-Za-z0-9-]{1,40}$", description="2110.A7")
    key: str = Field(min_length=1, max_length=128, description="What it is for.")
    amount: MoneyJson = Field(description="What the party's balance falls by.")
    remark: str = Field(min_length=1, max_length=32, description="The payee reads it.")
    tax_minor: int | None = Field(
        None, ge=0, le=MINOR_MAX,
        description="Withheld from the amount; null: what the rules of withholding say.",
    )  # fmt: skip


class HappeningJson(BaseModel):
    """One line of a payout's story."""

    at_s: int = Field(description="Unix seconds.")
    event: str = Field(description="What happened.")
    state: State = Field(description="Where the payout was afterwards.")
    who: str = Field(description="Who or what did it.")
    detail: str = Field(description="The channel's code, or a person's reason.")


class PayoutJson(BaseModel):
    """A payout. Address and name of the payee are never told."""

    no: str = Field(description="Its number, also at the channel.")
    account: str = Field(description="Whose money it is.")
    channel: str = Field(description="Which way it goes.")
    amount: MoneyJson = Field(description="What the party's balance falls by.")
    tax_minor: int = Field(description="Withheld from it.")
    state: State = Field(description="Where it is.")
    requested_at_s: int = Field(description="Unix seconds.")
    requested_by: str = Field(description="Who asked for it.")
    released_by: str | None = Field(description="The second person, if one was needed.")
    attempts: int = Field(description="How often the channel was asked.")
    last_code: str = Field(description="The channel's last word while it is no end.")
    channel_number: str = Field(description="The channel's own number.")
    package_info: str = Field(description="What the payee's app needs to let him confirm it.")
    done_at_s: int | None = Field(description="When it ended; null if it has not.")


class OnePayoutJson(BaseModel):
    """A payout and all that happened to it."""

    payout: PayoutJson = Field(description="As it is now.")
    story: list[HappeningJson] = Field(description="What happened, first things first.")


class PayoutsJson(BaseModel):
    """Payouts, newest first."""

    payouts: list[PayoutJson] = Field(description="Newest first.")


def blueprint(timezone: str, now_s: Callable[[], int]) -> APIBlueprint:
    """Return the routes."""
    api = APIBlueprint(
        "payouts_api", __name__, url_prefix="/v1/payouts", abp_tags=[_TAG], abp_security=SECURITY,
        abp_responses=problems(400, 401, 403, 422, 500),
    )  # fmt: skip

    @api.get("", summary="The newest payouts", responses={200: PayoutsJson})
    @needs(Permission.PAYOUTS_READ)
    def some(query: Which) -> Response:
        states = frozenset({query.state}) if query.state else frozenset()
        return jsonify({"payouts": [_json(p) for p in store.newest(query.limit, states)]})

    @api.get("/<no>", summary="One payout", responses={200: OnePayoutJson, **problems(404)})
    @needs(Permission.PAYOUTS_READ)
    def one(path: PayoutPath) -> Response:
        payout = store.get(path.no)
        story = [happening._asdict() for happening in store.story(path.no)]
        return jsonify({"payout": _json(payout), "story": story})

    @api.post("", summary="Ask for a payout", responses={200: PayoutJson, **problems(409)})
    @needs(Permission.PAYOUTS_REQUEST)
    def ask(body: NewPayoutJson) -> Response:
        at_s = now_s()
        amount = Money(body.amount.amount, body.amount.currency)
        wanted = Wanted(body.account, body.key, amount, body.remark, body.tax_minor)
        day = business_day(at_s, timezone)
        return jsonify(_json(request_payout(wanted, at_s, day=day, actor=actor())))

    return api


def _json(payout: store.Payout) -> dict[str, object]:
    amount = {"amount": payout.amount.minor, "currency": payout.amount.currency}
    told = payout._asdict()
    names = ("no", "account", "channel", "state", "requested_at_s", "requested_by", "released_by",
             "attempts", "last_code", "channel_number", "package_info", "done_at_s")  # fmt: skip
    return {name: told[name] for name in names} | {"amount": amount, "tax_minor": payout.tax}
