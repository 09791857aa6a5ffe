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

from central.errors import HubError, NotFound, NotPermitted, RequestInvalid
from central.foundation.language.said import in_words
from central.foundation.language.words import N_
from central.foundation.web.permission import ANYBODY, needs
from central.sale.after_sales import store as cases
from central.sale.after_sales.words import for_pages as case_words
from central.sale.customers.accounts import check_fresh
from central.sale.customers.balance import available
from central.sale.customers.door import Door
from central.sale.customers.store import owner_of
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
from central.supply.catalogue.asked import asked_for, check_asked, versions_of
from central.supply.catalogue.model import Offered
from central.supply.catalogue.voucher_terms import VoucherTerms, stores_of, stores_within, terms_of

CHANNEL = "shop"
SELLER_CHARS_MAX = 32
LINKED_CHARS_MAX = 500
KEY_CHARS = 20
"""Of the form's own random key, so that nobody shares one by chance or by leaving it out."""


def blueprint(office: Office, vault: Vault, door: Door, limiter: Limiter) -> Blueprint:
    """Return the routes."""
    pages = Blueprint("shop", __name__)

    @pages.before_request
    def note_seller() -> None:
        """Remember by whose link a buyer came; the last one counts."""
        seller = request.args.get("by", "")
        if 0 < len(seller) <= SELLER_CHARS_MAX:
            session["seller"] = seller

    _add_shelves(pages, office, door, limiter)
    _add_order(pages, office, vault, door, limiter)
    add_help(pages, office, limiter)
    return pages


def _add_shelves(pages: Blueprint, office: Office, door: Door, limiter: Limiter) -> None:
    @pages.get("/shop")
    @needs(ANYBODY)
    def show() -> str:
        found = shelves(office, CHANNEL, is_member=_is_member(office, door))
        return render_template("shop/shop.html", shelves=found)

    @pages.get("/shop/<sku>")
    @needs(ANYBODY)
    def one(sku: str) -> str:
        return _piece(sku, office, door)

    @needs(ANYBODY)
    def buy(sku: str) -> Any:
        try:
            placed = place(_wanted(sku, office, door), office)
        except NotFound:
            raise
        except HubError as exc:
            return _piece(sku, office, door, typed=request.form, error=exc), exc.status
        return redirect(url_for("shop.order", token=placed.token))

    pages.add_url_rule(
        "/shop/<sku>", "buy", limiter.limit("10 per minute; 60 per hour")(buy), methods=["POST"]
    )


def _add_order(
    pages: Blueprint, office: Office, vault: Vault, door: Door, limiter: Limiter
) -> None:
    @pages.get("/o/<token>")
    @needs(ANYBODY)
    def order(token: str) -> str:
        return _order(store.by_token(token), token, office, door)

    @pages.get("/o/<token>/state")
    @needs(ANYBODY)
    def state(token: str) -> Response:
        found = store.by_token(token)
        return jsonify({"state": found.state, "story": len(store.story(found.id))})

    @pages.post("/o/<token>/pay")
    @needs(ANYBODY)
    def ask_to_pay(token: str) -> Response:
        found = store.by_token(token)
        channel = request.form.get("channel", "")
        if channel == pay.BALANCE:
            _noted(lambda: _pay_from_balance(found, office, door))
        else:
            _noted(lambda: pay.ask_to_pay(found.id, channel, office))
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
            return _order(found, token, office, door, error=exc), exc.status
        return _order(store.by_token(token), token, office, door, shown=shown)

    pages.add_url_rule(
        "/o/<token>/units/<int:n>", "look", limiter.limit("20 per minute")(look), methods=["POST"]
    )


def _wanted(sku: str, office: Office, door: Door) -> Wanted:
    form, who = request.form, door.who()
    if len(form.get("key", "")) < KEY_CHARS:
        raise RequestInvalid(N_("Load the page again, and send the form once more."))
    digits = form.get("quantity", "1")
    if not (digits.isascii() and digits.isdecimal() and len(digits) <= 6):
        raise RequestInvalid(N_("Say how many, as a number."))
    seller = str(session.get("seller", ""))
    return Wanted(
        key=f"shop:{form.get('key', '')}", sku=sku, quantity=int(digits), fields=_typed(form),
        code=form.get("code", ""), contact=form.get("contact", "").strip(),
        address=request.remote_addr or "", channel=CHANNEL, locale=_locale(),
        customer=who.customer.id if who else "",
        seller=seller if _is_agent(seller, office) else "",
    )  # fmt: skip


def _typed(form: Mapping[str, str]) -> dict[str, str]:
    return {name.removeprefix("field."): value for name, value in form.items()
            if name.startswith("field.")}  # fmt: skip


def _is_agent(seller: str, office: Office) -> bool:
    return any(agent.id == seller for agent in office.outside.agents()) if seller else False


def _piece(
    sku: str, office: Office, door: Door, typed: Any = None, error: HubError | None = None
) -> str:  # fmt: skip
    found = on_offer(sku, office, CHANNEL, is_member=_is_member(office, door))
    if found is None:
        raise NotFound(N_("This is not sold just now."))
    who = door.who()
    given = typed if typed is not None else _linked(request.args)
    # Beside its field each fault is told in the reader's language.
    versions = versions_of(found.offered)
    checked = check_asked(found.offered, _typed(given), versions)
    told = checked.faults if error and "errors" in error.extra else {}
    if typed is None:
        # What a link has filled in is told to be wrong; what it has left out is the buyer's to say.
        named = _typed(given)
        told = {name: fault for name, fault in checked.faults.items() if named.get(name)}
    faults = {name: fault.text(gettext) for name, fault in told.items()}
    if typed is None and who is not None:
        given |= {"contact": who.customer.contacts[0].text}
    quantity = _quantity(given.get("quantity", ""), found.least)
    return render_template(
        "shop/piece.html", found=found, fields=asked_for(found.offered, versions), typed=given,
        faults=faults, quantity=quantity,
        error=in_words(error.detail or error.title, gettext) if error else "", most=QUANTITY_MAX,
        key=given.get("key") or secrets.token_urlsafe(16),
        vouchers=_vouchers(found.offered, office.now_s()), stores_of=stores_of,
        stores_within=stores_within,
    )  # fmt: skip


def _vouchers(offered: Offered, at_s: int) -> list[tuple[Offered | None, VoucherTerms]]:
    """Return how vouchers of ours are good that somebody buys, where not everywhere and always;
    beside the part of the bundle that they are."""
    parts = [shelf.offered(part.sku) for part in offered.sku.parts]
    told = [(part if parts else None, terms_of(part.sku.id, at_s)) for part in parts or [offered]
            if part.sku.product is not None]  # fmt: skip
    return [(part, terms) for part, terms in told if terms != VoucherTerms()]


def _linked(args: Mapping[str, str]) -> dict[str, str]:
    """Return what a link fills in: fields and a quantity; never a code, a contact or a key."""
    return {
        name: text for name, text in args.items()
        if (name == "quantity" or name.startswith("field.")) and len(text) <= LINKED_CHARS_MAX
    }  # fmt: skip


def _quantity(text: str, least: int) -> int:
    """Return a quantity that can be bought; the least instead of what is none."""
    is_number = text.isascii() and text.isdecimal() and len(text) <= 6
    return min(max(int(text), least), QUANTITY_MAX) if is_number else least


def _is_member(office: Office, door: Door) -> bool:
    who = door.who()
    return who is not None and who.customer.is_member(office.now_s())


def _pay_from_balance(order: Order, office: Office, door: Door) -> None:
    who = door.who()
    if who is None:
        raise NotPermitted(N_("Sign in first."))
    check_fresh(who, office)
    pay.pay_from_balance(order.id, who.customer.id, office)


def _order(
    order: Order, token: str, office: Office, door: Door, *, shown: Shown | None = None,
    error: HubError | None = None,
) -> str:  # fmt: skip
    live = [one for one in store.payments(order.id) if one.state.is_live and one.qr_text]
    session_note = session.pop("note", None)
    who, owner = door.who(), owner_of(order.id)
    is_mine = who is not None and owner == who.customer.id
    return render_template(
        "shop/order.html", order=order, token=token, units=store.units(order.id),
        offered=shelf.offered(order.sku, order.type_version),
        channels=pay.known_channels(office) if order.state is OrderState.PENDING else [],
        payment=live[-1] if live else None, qr=_qr(live[-1].qr_text) if live else "",
        shown=shown, shown_qr=_qr(shown.token) if shown and shown.token else "",
        is_mine=is_mine, is_guests=owner is None,
        balance=available(who.customer.id) if who and is_mine else 0,
        is_fresh=who is not None and who.is_fresh(office.now_s()),
        refunds=store.refunds(order.id), happenings=len(store.story(order.id)),
        note=["bad", in_words(error.detail or error.title, gettext)] if error else session_note,
        cases=cases.of_order(order.id), **{**for_pages(), **case_words()},
    )  # fmt: skip


def _noted(work: Callable[[], object]) -> None:
    try:
        work()
    except HubError as exc:
        session["note"] = ["bad", in_words(exc.detail or exc.title, gettext)]


def _qr(text: str) -> str:
    return segno.make(text, error="m", boost_error=False).svg_data_uri(
        scale=6, border=4, light="#fff"
    )


def _locale() -> str:
    return "zh-CN" if str(get_locale() or "").startswith("zh") else "en"
