"""What stores pay for redemptions, on a page: what is agreed, what is tried out, what is next."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import NamedTuple

from flask import Blueprint, redirect, render_template, request, session, url_for
from flask_babel import gettext
from werkzeug.wrappers import Response

from central.errors import HubError
from central.foundation.language.said import in_words
from central.foundation.language.written import day, minor
from central.foundation.people.roles import Permission
from central.foundation.web.form_rows import rows_offered
from central.foundation.web.permission import actor, needs
from central.money.ledger.rules import business_day
from central.money.settlement import store as books
from central.money.settlement.export.content import iso_day, rate_text, terms_text
from central.money.settlement.fees.agree import agree, checked
from central.money.settlement.fees.charge import fee_of, model_for, parts_of
from central.money.settlement.fees.written import model_of
from central.money.settlement.model import FeeModel, Shop, Tier
from central.money.settlement.on_page import locale
from central.money.settlement.ports import Stores

ROWS = 6
"""Tiers that the form offers; a store that has more is set at the command line or over the API."""
DAY_S = 86_400


class Agreed(NamedTuple):
    """What a store pays.

    Args:
        now: What counts on the day that is looked at.
        all: Everything that was ever agreed, the newest first.
    """

    shop: Shop
    now: FeeModel
    all: tuple[FeeModel, ...]

    @property
    def next(self) -> tuple[FeeModel, ...]:
        """What counts later, by its first day."""
        later = {one.first_day: one for one in reversed(self.all)}
        return tuple(one for day, one in sorted(later.items()) if day > self.now.first_day)


class TriedOut(NamedTuple):
    """What one redemption would cost, with the part that lies in each tier."""

    gross: int
    volume: int
    fee: int
    parts: list[tuple[Tier, int]]


def blueprint(stores: Stores, currency: str, timezone: str, now_s: Callable[[], int]) -> Blueprint:
    """Return the routes."""
    pages = Blueprint("fees", __name__)

    def shown(status: int = 200, **more: object) -> tuple[str, int]:
        today = business_day(now_s(), timezone)
        page = render_template(
            "settlement/fees.html", agreed=[_agreed(shop, today) for shop in stores.shops()],
            tomorrow=iso_day(business_day(now_s() + DAY_S, timezone)), today=today,
            rows_offered=partial(rows_offered, most=ROWS), currency=currency, iso_day=iso_day,
            rate=rate_text, terms=lambda model: terms_text(model, currency, locale()),
            **{"typed": request.values, "tried": None, "note": None} | more,
        )  # fmt: skip
        return page, status

    @pages.get("/settlement/fees")
    @needs(Permission.SETTLEMENT_READ)
    def show() -> tuple[str, int]:
        return shown(note=session.pop("note", None))

    @pages.post("/settlement/fees")
    @needs(Permission.SETTLEMENT_MANAGE)
    def change() -> tuple[str, int] | Response:
        form = request.form
        try:
            model = _model(currency)
            if form.get("do") == "look":
                return shown(tried=_tried(checked(model, currency), currency))
            store = form.get("store", "")
            made = agree(stores, store, model, currency=currency, by=actor(), at_s=now_s())
        except HubError as exc:
            return shown(exc.status, note=["bad", in_words(exc.detail, gettext)])
        said = gettext(
            "%(store)s pays from %(day)s: %(terms)s", store=store, day=iso_day(made.first_day),
            terms=terms_text(made, currency, locale()),
        )  # fmt: skip
        session["note"] = ["good", said]
        return redirect(url_for("fees.show"))

    return pages


def _agreed(shop: Shop, today: int) -> Agreed:
    models = books.fee_models(shop.id)
    return Agreed(shop, model_for(models, today), tuple(reversed(models)))


def _model(currency: str) -> FeeModel:
    form = request.form
    tiers = [
        (volume, percent)
        for n, (volume, percent) in enumerate(
            zip(form.getlist("volume"), form.getlist("percent"), strict=False)
        )
        if percent.strip() or (n and volume.strip())
    ]
    return model_of(day(form.get("first", "")), form.get("fixed", ""), tiers, currency)


def _tried(model: FeeModel, currency: str) -> TriedOut:
    gross = minor(request.form.get("gross", ""), currency)
    volume = minor(request.form.get("before", "") or "0", currency)
    return TriedOut(gross, volume, fee_of(model, gross, volume), parts_of(model, gross, volume))
