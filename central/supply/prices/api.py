"""What programs may ask and tell of prices. Described at ``/openapi.json``."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from flask import Response, jsonify
from flask_babel import gettext
from flask_openapi3.blueprint import APIBlueprint
from flask_openapi3.models.tag import Tag

from central.errors import NotPermitted
from central.foundation.language.said import Saying
from central.foundation.language.words import N_
from central.foundation.people.roles import Permission
from central.foundation.web.describe import problems
from central.foundation.web.permission import actor, for_one_agent, is_allowed, needs, own_agent
from central.money.sharing.ports import Outside
from central.supply.catalogue.api_json import TypeNamesJson
from central.supply.catalogue.model import SkuId
from central.supply.prices import api_json as shapes
from central.supply.prices import books, mark_ups, promotions, why
from central.supply.prices.ask import Asked, CostOf, ask
from central.supply.prices.books import PriceVersion
from central.supply.prices.model import (
    Base,
    Book,
    Direction,
    MarkUp,
    Mode,
    Off,
    Promotion,
    Quote,
    QuoteRefused,
    Rounding,
    Step,
    Tier,
)
from central.supply.prices.snapshot import seen
from central.supply.prices.wanted import Change, Wanted
from central.supply.product_types.model import Names
from central.supply.product_types.words import reader_locale
from edge.contract.money import Money

SECURITY: list[dict[str, list[str]]] = [{"api_key": []}]
_TAG = Tag(name="prices", description="What it costs, for whom, and why.")


def blueprint(
    outside: Outside, cost_of: CostOf, currency: str, now_s: Callable[[], int]
) -> APIBlueprint:
    """Return the routes."""
    api = APIBlueprint(
        "prices_api", __name__, url_prefix="/v1/prices", abp_tags=[_TAG], abp_security=SECURITY,
        abp_responses=problems(400, 401, 403, 422, 500),
    )  # fmt: skip
    _add_books(api, now_s)
    _add_floors(api, currency, now_s)
    _add_promotions(api, now_s)

    @api.post(
        "/quote", summary="What it costs, and why",
        responses={200: shapes.AnswerJson, **problems(404)},
    )  # fmt: skip
    @for_one_agent
    @needs(Permission.PRICES_READ)
    def quoted(body: shapes.AskPriceJson) -> Response:
        found = ask(_asked(body, currency, now_s()), outside, cost_of)
        return jsonify(answer_body(found, sees_cost=is_allowed(Permission.COST_SEE)))

    return api


def _add_books(api: APIBlueprint, now_s: Callable[[], int]) -> None:
    @api.get("/books", summary="Every price book", responses={200: shapes.PriceBooksJson})
    @needs(Permission.PRICES_READ)
    def all_books() -> Response:
        return jsonify({"books": [_book_body(book) for book in books.books()]})

    @api.post(
        "/books", summary="Add a price book",
        responses={200: shapes.PriceBookJson, **problems(404, 409)},
    )  # fmt: skip
    @needs(Permission.PRICES_MANAGE)
    def add_book(body: shapes.PriceBookJson) -> Response:
        book = Book(
            body.id, _names(body.names), body.currency, body.agent, body.level, body.channel
        )
        return jsonify(_book_body(books.add_book(book, by=actor(), at_s=now_s())))

    @api.get(
        "/books/<book>/prices", summary="What a book says, every version",
        responses={200: shapes.PriceVersionsJson, **problems(404)},
    )  # fmt: skip
    @needs(Permission.PRICES_READ)
    def prices(path: shapes.BookPath) -> Response:
        found = books.versions(books.get(path.book).id)
        return jsonify({"prices": [price_body(one) for one in found]})

    @api.post(
        "/books/<book>/prices", summary="Set prices, from a moment on",
        responses={200: shapes.PriceVersionsJson, **problems(404)},
    )  # fmt: skip
    @needs(Permission.PRICES_MANAGE)
    def set_prices(path: shapes.BookPath, body: shapes.SetPricesJson) -> Response:
        changes = [Change(path.book, one.sku, _wanted(one)) for one in body.prices]
        done = books.set_prices(changes, body.from_s, by=actor(), now_s=now_s())
        return jsonify({"prices": [price_body(one) for one in done]})


def _add_floors(api: APIBlueprint, currency: str, now_s: Callable[[], int]) -> None:
    @api.get("/floors", summary="Every floor", responses={200: shapes.FloorsJson})
    @needs(Permission.COST_SEE)
    def floors(query: shapes.FloorsQuery) -> Response:
        asked = query.currency or currency
        found = [
            {"sku": sku, "currency": asked, "floor_minor": floor.amount.minor, "from_s": None}
            for sku, floor in books.floors(asked, now_s()).items()
        ]
        return jsonify({"floors": found})

    @api.post("/floors", summary="Set a floor", responses={200: shapes.FloorJson, **problems(404)})
    @needs(Permission.PRICES_MANAGE)
    def set_floor(body: shapes.FloorJson) -> Response:
        books.set_floor(
            body.sku, body.currency, body.floor_minor, body.from_s, by=actor(), now_s=now_s()
        )
        return jsonify(body.model_dump())

    @api.get("/mark-ups", summary="Every mark-up", responses={200: shapes.MarkUpsJson})
    @needs(Permission.COST_SEE)
    def all_mark_ups() -> Response:
        return jsonify({"mark_ups": [_mark_up_body(m) for m in mark_ups.everything(now_s())]})

    @api.post("/mark-ups", summary="Set a mark-up", responses={200: shapes.MarkUpJson})
    @needs(Permission.PRICES_MANAGE)
    def set_mark_up(body: shapes.MarkUpJson) -> Response:
        wanted = MarkUp(
            body.id, 0, _names(body.names), body.currency, Base(body.base), body.ppm,
            body.fixed_minor,
            Rounding(body.step_minor, body.ending_minor, Direction(body.direction)),
        )  # fmt: skip
        now = now_s()
        from_s = now if body.from_s is None else body.from_s
        return jsonify(_mark_up_body(mark_ups.put(wanted, from_s, by=actor(), now_s=now)))


def _add_promotions(api: APIBlueprint, now_s: Callable[[], int]) -> None:
    @api.get("/promotions", summary="Every promotion", responses={200: shapes.PromotionsJson})
    @needs(Permission.PRICES_READ)
    def all_promotions() -> Response:
        found = promotions.everything(now_s())
        return jsonify({"promotions": [_promotion_body(one) for one in found]})

    @api.post(
        "/promotions", summary="Set a promotion",
        responses={200: shapes.PromotionJson, **problems(404, 409)},
    )  # fmt: skip
    @needs(Permission.PRICES_MANAGE)
    def set_promotion(body: shapes.PromotionJson) -> Response:
        values = body.model_dump(exclude={"names", "kind", "skus"})
        wanted = Promotion(
            **values, names=_names(body.names), kind=Off(body.kind), version=0,
            skus=frozenset(map(SkuId, body.skus)),
        )  # fmt: skip
        return jsonify(_promotion_body(promotions.put(wanted, by=actor(), now_s=now_s())))

    @api.post(
        "/promotions/<promotion_id>/end", summary="End a promotion now",
        responses={200: shapes.PromotionJson, **problems(404, 409)},
    )  # fmt: skip
    @needs(Permission.PRICES_MANAGE)
    def end(path: shapes.PromotionPath) -> Response:
        done = promotions.end(path.promotion_id, by=actor(), now_s=now_s())
        return jsonify(_promotion_body(done))


def answer_body(
    found: Quote | QuoteRefused, *, sees_cost: bool, locale: str = "",
    translate: Callable[[str], str] = gettext,
) -> dict[str, Any]:  # fmt: skip
    """Return an answer as JSON, without what the one who asks may not see."""
    if isinstance(found, QuoteRefused):
        return {
            "quote": None, "reason": str(found.reason), "text": why.refusal(found, translate)
        }  # fmt: skip
    language = locale or reader_locale()

    def sentence(step: Step) -> str:
        return why.sentence(step, found.currency, language, translate)

    return {"quote": seen(found, sentence, sees_cost=sees_cost), "reason": None, "text": ""}


def price_body(one: PriceVersion) -> dict[str, Any]:
    """Return a price as JSON; its mark-up only to those who see cost."""
    wanted = one.wanted
    body = {
        "sku": one.sku, "version": one.version, "mode": str(wanted.mode),
        "tiers": [{"min_qty": t.min_qty, "unit_minor": t.unit_minor} for t in wanted.tiers],
        "member_minor": wanted.member_minor, "member_stacks": wanted.member_stacks,
        "note": wanted.note, "from_s": one.from_s, "made_by": one.made_by,
        "made_at_s": one.made_at_s,
    }  # fmt: skip
    if is_allowed(Permission.COST_SEE):
        body["mark_up"] = wanted.mark_up or None
    else:
        body["note"] = ""  # people write there what a thing costs
    return body


def _asked(body: shapes.AskPriceJson, currency: str, now_s: int) -> Asked:
    known = body.currency or currency
    cost = None
    if body.cost_minor is not None:
        if not is_allowed(Permission.COST_SEE):
            # Else one could try costs until the price is the same.
            raise NotPermitted(N_("Your role does not have this permission."))
        cost = Money(body.cost_minor, known)
    at_s = now_s if body.at_s is None else body.at_s
    own = own_agent()
    if own is not None and (body.level or {body.agent} - {"", own}):
        raise NotPermitted(Saying("orders-for-himself", agent=own))
    return Asked(
        body.sku, body.quantity, known, at_s, body.channel, body.agent, body.level,
        body.is_member, cost,
    )  # fmt: skip


def _wanted(body: shapes.SetPriceJson) -> Wanted:
    tiers = tuple(Tier(tier.min_qty, tier.unit_minor) for tier in body.tiers)
    return Wanted(
        Mode(body.mode), tiers, body.mark_up, body.member_minor, body.member_stacks, body.note
    )


def _book_body(book: Book) -> dict[str, Any]:
    return {
        "id": book.id, "names": _names_body(book.names), "currency": book.currency,
        "agent": book.agent, "level": book.level, "channel": book.channel,
    }  # fmt: skip


def _mark_up_body(one: MarkUp) -> dict[str, Any]:
    return {
        "id": one.id, "names": _names_body(one.names), "currency": one.currency,
        "base": str(one.base), "ppm": one.ppm, "fixed_minor": one.fixed_minor,
        "step_minor": one.rounding.step_minor, "ending_minor": one.rounding.ending_minor,
        "direction": str(one.rounding.direction), "from_s": None,
    }  # fmt: skip


def _promotion_body(one: Promotion) -> dict[str, Any]:
    return {
        "id": one.id, "names": _names_body(one.names), "currency": one.currency,
        "kind": str(one.kind), "ppm": one.ppm, "minor": one.minor, "skus": sorted(one.skus),
        "category": one.category, "channel": one.channel, "level": one.level,
        "is_for_members": one.is_for_members, "stacks": one.stacks, "min_qty": one.min_qty,
        "from_s": one.from_s, "until_s": one.until_s,
    }  # fmt: skip


def _names(names: TypeNamesJson) -> Names:
    return {"zh-CN": names.zh, "en": names.en}


def _names_body(names: Names) -> dict[str, str]:
    return {"zh": names["zh-CN"], "en": names["en"]}
