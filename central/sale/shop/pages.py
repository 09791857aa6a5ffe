"""The shop's pages: shelves, one piece to buy, and an order as its buyer sees it."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Mapping
from typing import Any

import segno
from flask import Blueprint, jsonify, redirect, render_template, request, session, url_for
from flask_babel import get_locale, gettext
from flask_limiter import Limiter
from werkzeug.wrappers import Response

from central.errors import HubError, NotFound, RequestInvalid
from central.foundation.web.permission import ANYBODY, needs
from central.foundation.web.words import N_
from central.sale.delivery.reveal import Shown, reveal
from central.sale.orders import pay, store
from central.sale.orders.model import QUANTITY_MAX, Order, Wanted
from central.sale.orders.office import Office
from central.sale.orders.place import place
from central.sale.orders.states import OrderState
from central.sale.orders.words import for_pages
from central.sale.shop.help import add_help
from central.sale.shop.shelves import on_offer, shelves
from central.supply.cards.vault.keys import Vault
from central.supply.catalogue import shelf
from central.supply.product_types.fields import check_fields

CHANNEL = "shop"
SELLER_CHARS_MAX = 32
KEY_CHARS = 20
"""Of the form's own random key, so that nobody shares one by chance or by leaving it out."""


def blueprint(office: Office, vault: Vault, limiter: Limiter) -> Blueprint:
    """Return the routes."""
    pages = Blueprint("shop", __name__)

    @pages.before_request
    def note_seller() -> None:
        """Remember by whose link a buyer came; the last one counts."""
        seller = request.args.get("by", "")
        if 0 < len(seller) <= SELLER_CHARS_MAX:
            session["seller"] = seller

    _add_shelves(pages, office, limiter)
    _add_order(pages, office, vault, limiter)
    add_help(pages, office, limiter)
    return pages


def _add_shelves(pages: Blueprint, office: Office, limiter: Limiter) -> None:
    @pages.get("/shop")
    @needs(ANYBODY)
    def show() -> str:
        return render_template("shop/shop.html", shelves=shelves(office, CHANNEL))

    @pages.get("/shop/<sku>")
    @needs(ANYBODY)
    def one(sku: str) -> str:
        return _piece(sku, office)

    @needs(ANYBODY)
    def buy(sku: str) -> Any:
        try:
            placed = place(_wanted(sku, office), office)
        except NotFound:
            raise
        except HubError as exc:
            return _piece(sku, office, typed=request.form, error=exc), exc.status
        return redirect(url_for("shop.order", token=placed.token))

    pages.add_url_rule(
        "/shop/<sku>", "buy", limiter.limit("10 per minute; 60 per hour")(buy), methods=["POST"]
    )


def _add_order(pages: Blueprint, office: Office, vault: Vault, limiter: Limiter) -> None:
    @pages.get("/o/<token>")
    @needs(ANYBODY)
    def order(token: str) -> str:
        return _order(store.by_token(token), token, office)

    @pages.get("/o/<token>/state")
    @needs(ANYBODY)
    def state(token: str) -> Response:
        found = store.by_token(token)
        return jsonify({"state": found.state, "story": len(store.story(found.id))})

    @pages.post("/o/<token>/pay")
    @needs(ANYBODY)
    def ask_to_pay(token: str) -> Response:
        found = store.by_token(token)
        _noted(lambda: pay.ask_to_pay(found.id, request.form.get("channel", ""), office))
        return redirect(url_for("shop.order", token=token))

    @pages.post("/o/<token>/cancel")
    @needs(ANYBODY)
    def cancel(token: str) -> Response:
        found = store.by_token(token)
        _noted(lambda: pay.cancel(found.id, "buyer", office))
        return redirect(url_for("shop.order", token=token))

    @needs(ANYBODY)
    def look(token: str, n: int) -> Any:
        found = store.by_token(token)
        code, address = request.form.get("code", ""), request.remote_addr or ""
        try:
            if request.form.get("consent") != "yes":
                raise RequestInvalid(N_("Say that you want to see it now."))
            shown = reveal(found, n, code, address, vault, office)
        except HubError as exc:
            return _order(found, token, office, error=exc), exc.status
        return _order(store.by_token(token), token, office, shown=shown)

    pages.add_url_rule(
        "/o/<token>/units/<int:n>", "look", limiter.limit("20 per minute")(look), methods=["POST"]
    )


def _wanted(sku: str, office: Office) -> Wanted:
    form = request.form
    if len(form.get("key", "")) < KEY_CHARS:
        raise RequestInvalid("Load the page again, and send the form once more.")
    digits = form.get("quantity", "1")
    if not (digits.isascii() and digits.isdecimal() and len(digits) <= 6):
        raise RequestInvalid(N_("Say how many, as a number."))
    seller = str(session.get("seller", ""))
    return Wanted(
        key=f"shop:{form.get('key', '')}", sku=sku, quantity=int(digits), fields=_typed(form),
        code=form.get("code", ""), contact=form.get("contact", "").strip(),
        address=request.remote_addr or "", channel=CHANNEL, locale=_locale(),
        seller=seller if _is_agent(seller, office) else "",
    )  # fmt: skip


def _typed(form: Mapping[str, str]) -> dict[str, str]:
    return {name.removeprefix("field."): value for name, value in form.items()
            if name.startswith("field.")}  # fmt: skip


def _is_agent(seller: str, office: Office) -> bool:
    return any(agent.id == seller for agent in office.outside.agents()) if seller else False


def _piece(
    sku: str, office: Office, typed: Any = None, error: HubError | None = None
) -> str:  # fmt: skip
    found = on_offer(sku, office, CHANNEL)
    if found is None:
        shelf.offered(sku)  # or there is no such SKU
        raise NotFound(N_("This is not sold just now."))
    # Beside its field each fault is told in the reader's language.
    checked = check_fields(found.offered.type.body.fields, _typed(typed or {}))
    told = checked.faults if error and "errors" in error.extra else {}
    faults = {name: fault.text(gettext) for name, fault in told.items()}
    return render_template(
        "shop/piece.html", found=found, typed=typed or {}, faults=faults,
        error=gettext(error.detail or error.title) if error else "", most=QUANTITY_MAX,
        key=(typed or {}).get("key") or secrets.token_urlsafe(16),
    )  # fmt: skip


def _order(
    order: Order, token: str, office: Office, *, shown: Shown | None = None,
    error: HubError | None = None,
) -> str:  # fmt: skip
    live = [one for one in store.payments(order.id) if one.state.is_live and one.qr_text]
    session_note = session.pop("note", None)
    return render_template(
        "shop/order.html", order=order, token=token, units=store.units(order.id),
        offered=shelf.offered(order.sku, order.type_version),
        channels=pay.known_channels(office) if order.state is OrderState.PENDING else [],
        payment=live[-1] if live else None, qr=_qr(live[-1].qr_text) if live else "",
        shown=shown, shown_qr=_qr(shown.token) if shown and shown.token else "",
        refunds=store.refunds(order.id), happenings=len(store.story(order.id)),
        note=["bad", gettext(error.detail or error.title)] if error else session_note,
        **for_pages(),
    )  # fmt: skip


def _noted(work: Callable[[], object]) -> None:
    try:
        work()
    except HubError as exc:
        session["note"] = ["bad", gettext(exc.detail or exc.title)]


def _qr(text: str) -> str:
    return segno.make(text, error="m", boost_error=False).svg_data_uri(
        scale=6, border=4, light="#fff"
    )


def _locale() -> str:
    return "zh-CN" if str(get_locale() or "").startswith("zh") else "en"
