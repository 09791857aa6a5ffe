"""A customer's balance: what is on it, its statement, and topping it up."""

from __future__ import annotations

from typing import Any

import segno
from flask import Blueprint, jsonify, redirect, render_template, request, session, url_for
from flask_babel import gettext
from flask_limiter import Limiter
from werkzeug.wrappers import Response

from central.errors import HubError, RequestInvalid
from central.foundation.language.said import in_words
from central.foundation.language.words import N_
from central.foundation.web.note import told
from central.foundation.web.permission import CUSTOMER, needs
from central.sale.customers import balance, top_up, top_up_back
from central.sale.customers.door import Door
from central.sale.customers.model import TOP_UP_MINOR
from central.sale.customers.words import for_pages
from central.sale.orders.office import Office
from central.sale.orders.pay import known_channels
from edge.contract.money import Money, parse_decimal


def add_balance(pages: Blueprint, office: Office, door: Door, limiter: Limiter) -> None:
    """Add the routes to the customer's."""

    def shown(error: HubError | None = None) -> str:
        me = door.me().customer
        told_ = ["bad", in_words(error.detail or error.title, gettext)] if error else None
        return render_template(
            "my/balance.html", shown=balance.shown(me.id, _page()), limits=TOP_UP_MINOR,
            channels=known_channels(office), back=top_up_back.of_customer(me.id),
            open=top_up.open_of(me.id),
            typed=request.form if error else {},
            note=told_ or session.pop("note", None), **for_pages(),
        )  # fmt: skip

    @pages.get("/my/balance")
    @needs(CUSTOMER)
    def statement() -> str:
        return shown()

    @needs(CUSTOMER)
    def ask_top_up() -> Any:
        try:
            amount = _amount(request.form.get("amount", ""), office)
            channel = request.form.get("channel", "")
            made = top_up.ask(door.me().customer.id, amount, channel, office)
        except HubError as exc:
            return shown(exc), exc.status
        return redirect(url_for("my.one_top_up", number=made.number))

    pages.add_url_rule(
        "/my/balance", "ask_top_up", limiter.limit("6 per minute; 30 per hour")(ask_top_up),
        methods=["POST"],
    )  # fmt: skip

    @pages.get("/my/top-ups/<number>")
    @needs(CUSTOMER)
    def one_top_up(number: str) -> str:
        found = top_up.one_of(door.me().customer.id, number)
        qr = found.qr_text if found.state.is_live else ""
        return render_template(
            "my/top_up.html", top_up=found, note=session.pop("note", None),
            qr=segno.make(qr, error="m", boost_error=False).svg_data_uri(
                scale=6, border=4, light="#fff") if qr else "",
            **for_pages(),
        )  # fmt: skip

    @pages.get("/my/top-ups/<number>/state")
    @needs(CUSTOMER)
    def top_up_state(number: str) -> Response:
        found = top_up.one_of(door.me().customer.id, number)
        return jsonify({"state": found.state, "story": int(not found.state.is_live)})

    @pages.post("/my/top-ups/<number>/cancel")
    @needs(CUSTOMER)
    def cancel_top_up(number: str) -> Response:
        found = top_up.one_of(door.me().customer.id, number)
        with told(gettext("It was given up.")):
            if found.state.is_live:
                top_up.give_up(found, office)
        return redirect(url_for("my.statement"))


def _amount(typed: str, office: Office) -> Money:
    try:
        return parse_decimal(typed.strip(), office.currency)
    except ValueError:
        raise RequestInvalid(N_("Say how much, such as 100 or 49.90.")) from None


def _page() -> int:
    text = request.args.get("page", "")
    if text.isascii() and text.isdecimal() and len(text) < 7:
        return max(1, int(text))
    return 1
