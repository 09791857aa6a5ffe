"""Pages of the room: accounts and offers, purchases with every decision, a dry run."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import Any

from flask import Blueprint, redirect, render_template, request, session, url_for
from flask_babel import gettext
from flask_login import current_user
from werkzeug.wrappers import Response

from central.config import HubConfig
from central.errors import HubError, RequestInvalid
from central.foundation.language.said import in_words
from central.foundation.language.words import N_
from central.foundation.people.roles import Permission
from central.foundation.web.permission import needs
from central.money.ledger.rules import business_day
from central.money.reconciliation.model import By
from central.supply.suppliers import overview, resolve, words
from central.supply.suppliers.adapters.shelf import Shelf
from central.supply.suppliers.model import E4, Purchase, e4_text
from central.supply.suppliers.records import accounts, offers, purchases
from central.supply.suppliers.records.accounts import Account
from central.supply.suppliers.statements import StatementDay, days_of, fetch, gives_statements
from edge.contract.money import parse_decimal

SHOWN = 200


def blueprint(  # noqa: C901 - a list of addresses
    config: HubConfig, shelf: Shelf, now_s: Callable[[], int]
) -> Blueprint:
    """Return the routes."""
    currency = config.currency
    pages = Blueprint("suppliers", __name__)
    said: dict[str, Any] = {
        "reasons_out": words.REASONS, "policies": words.POLICIES, "purchase_names": words.PURCHASES,
        "purchase_looks": words.PURCHASE_LOOKS, "attempt_names": words.ATTEMPTS,
        "attempt_looks": words.ATTEMPT_LOOKS, "breaker_names": words.BREAKERS,
        "breaker_looks": words.BREAKER_LOOKS, "alert_names": words.ALERTS, "kinds": words.KINDS,
        "e4": e4_text, "balance_parts": E4 // parse_decimal("1", currency).minor,
    }  # fmt: skip

    def by() -> By:
        at_s = now_s()
        return By(at_s, business_day(at_s, config.timezone), current_user.name)

    def statement_days(account: Account) -> list[StatementDay]:
        try:
            gives = gives_statements(shelf, account) is not None
        except HubError:  # an account that cannot be used says so where it is used
            gives = False
        return days_of(account.id, by(), config.timezone) if gives else []

    @pages.post("/suppliers/accounts/<account>/statement")
    @needs(Permission.SUPPLIERS_MANAGE)
    def fetch_statement(account: str) -> Response:
        def work() -> None:
            try:
                day = dt.date.fromisoformat(request.form.get("day", ""))
            except ValueError as exc:
                raise RequestInvalid(N_("A day is written 2026-04-11.")) from exc
            fetch(shelf, account, day, by())

        return _done(work, gettext("The statement is there."), "suppliers.show")

    @pages.get("/suppliers")
    @needs(Permission.SUPPLIERS_READ)
    def show() -> str:
        return render_template(
            "suppliers/suppliers.html", accounts=overview.all_accounts(now_s(), statement_days),
            alerts=accounts.alerts(), counts=purchases.counts(),
            note=session.pop("note", None), **said,
        )  # fmt: skip

    @pages.get("/suppliers/purchases")
    @needs(Permission.SUPPLIERS_READ)
    def bought() -> str:
        chosen = request.args.get("state", "")
        wanted = chosen if chosen in list(Purchase) else ""
        return render_template(
            "suppliers/purchases.html", purchases=purchases.newest(SHOWN, wanted), chosen=wanted,
            counts=purchases.counts(), **said,
        )  # fmt: skip

    @pages.get("/suppliers/purchases/<path:unit>")
    @needs(Permission.SUPPLIERS_READ)
    def one(unit: str) -> str:
        return render_template(
            "suppliers/purchase.html", shown=overview.one_purchase(unit),
            offers={o.id: o for o in offers.offer_rows()}, note=session.pop("note", None), **said,
        )  # fmt: skip

    @pages.get("/suppliers/route")
    @needs(Permission.SUPPLIERS_READ)
    def route() -> str:
        asked = {n: request.args.get(n, "") for n in ("sku", "quantity", "net", "inputs")}
        decision, error = None, ""
        if asked["sku"]:
            try:
                decision = _decided(asked, currency, now_s())
            except (HubError, ValueError) as exc:
                error = getattr(exc, "detail", "") or gettext("An amount is written 1000.00.")
        return render_template(
            "suppliers/route.html", asked=asked, skus=overview.bought_skus(), decision=decision,
            error=error, **said,
        )  # fmt: skip

    @pages.post("/suppliers/accounts/<account>/<what>")
    @needs(Permission.SUPPLIERS_MANAGE)
    def steer(account: str, what: str) -> Response:
        state = "suspended" if what == "suspend" else "active"
        return _done(
            lambda: accounts.set_state(account, state), gettext("It is done."), "suppliers.show"
        )

    @pages.post("/suppliers/alerts/<int:alert>/done")
    @needs(Permission.SUPPLIERS_MANAGE)
    def dealt_with(alert: int) -> Response:
        return _done(
            lambda: accounts.dealt_with(alert, now_s(), current_user.name),
            gettext("It is done."), "suppliers.show",
        )  # fmt: skip

    @pages.post("/suppliers/attempts/<int:attempt>/<what>")
    @needs(Permission.SUPPLIERS_MANAGE)
    def decide(attempt: int, what: str) -> Response:
        unit, why = purchases.attempt(attempt).unit, request.form.get("why", "")
        return _done(
            lambda: resolve.decide_held(attempt, what, now_s(), current_user.name, why),
            gettext("It is done."), "suppliers.one", unit=unit,
        )  # fmt: skip

    @pages.post("/suppliers/again/<path:unit>")
    @needs(Permission.SUPPLIERS_MANAGE)
    def again(unit: str) -> Response:
        return _done(
            lambda: resolve.try_again(unit, now_s()), gettext("It is looked for again."),
            "suppliers.one", unit=unit,
        )  # fmt: skip

    return pages


def _done(work: Callable[[], object], said: str, endpoint: str, **values: Any) -> Response:
    """Do what a person has asked for, and go back to where he was."""
    try:
        work()
        session["note"] = ["good", said]
    except HubError as exc:
        session["note"] = ["bad", in_words(exc.detail or exc.title, gettext)]
    return redirect(url_for(endpoint, **values))


def _decided(asked: dict[str, str], currency: str, at_s: int) -> dict[str, Any]:
    quantity = int(asked["quantity"] or 1)
    net = parse_decimal(asked["net"], currency)
    names = frozenset(asked["inputs"].replace(",", " ").split())
    kind = overview.kind_of(asked["sku"])
    decision = resolve.would_go(asked["sku"], kind, quantity, net, names, at_s)
    return overview.body_of(decision)
