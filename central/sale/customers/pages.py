"""A customer's own pages: signing in by a code, his orders, his account."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from flask import Blueprint, redirect, render_template, request, session, url_for
from flask_babel import get_locale, gettext
from flask_limiter import Limiter
from werkzeug.wrappers import Response

from central.errors import HubError, NotFound, RequestInvalid
from central.foundation.language.said import in_words
from central.foundation.language.words import N_
from central.foundation.masked import masked
from central.foundation.web.own_path import own_path
from central.foundation.web.permission import ANYBODY, CUSTOMER, needs
from central.sale.customers import accounts, store
from central.sale.customers.balance_pages import add_balance
from central.sale.customers.codes import kinds
from central.sale.customers.door import Door
from central.sale.customers.model import CODE_S, Purpose
from central.sale.orders.office import Office
from central.sale.orders.place import token_of
from central.sale.orders.words import for_pages
from central.supply.catalogue import shelf
from edge.contract.bundle import LOCALES

SHOWN = 20
ASKING = "10 per minute; 30 per hour"
TYPING = "20 per minute; 100 per hour"
_CODE = "my_code"
"""Of the browser's session: number of the code that was sent, what for, where to, and what next."""


def blueprint(office: Office, door: Door, limiter: Limiter) -> Blueprint:
    """Return the routes."""
    pages = Blueprint("my", __name__)

    @pages.app_context_processor
    def customer() -> dict[str, Any]:
        return {"customer": door.who(), "is_sign_in_there": door.is_there}

    _add_sign_in(pages, office, door, limiter)
    _add_orders(pages, office, door, limiter)
    _add_account(pages, office, door, limiter)
    _add_leaving(pages, office, door)
    add_balance(pages, office, door, limiter)
    return pages


def _add_sign_in(pages: Blueprint, office: Office, door: Door, limiter: Limiter) -> None:
    def sign_in() -> Any:
        if not door.is_there:
            raise NotFound(N_("Nobody can sign in here: this shop sends no codes."))
        if request.method == "GET":
            return _sign_in_page(office)
        typed = request.form.get("contact", "")
        try:
            number = accounts.ask_to_sign_in(typed, _network(), _locale(), office)
        except HubError as exc:
            return _sign_in_page(office, typed, exc), exc.status
        _sent(number, Purpose.SIGN_IN, typed.strip(), request.args.get("next", ""))
        return redirect(url_for("my.code"))

    def code() -> Any:
        asked = session.get(_CODE)
        if not asked:
            return redirect(url_for("my.sign_in"))
        if request.method == "GET":
            return _code_page(asked)
        response = redirect(own_path(asked[3], url_for("my.orders")))
        try:
            _use(asked, request.form.get("code", ""), response, office, door)
        except HubError as exc:
            return _code_page(asked, exc), exc.status
        session.pop(_CODE, None)
        return response

    for path, view, limit in (("sign-in", sign_in, ASKING), ("code", code, TYPING)):
        limited = limiter.limit(limit, methods=["POST"])(view)
        pages.add_url_rule(
            f"/my/{path}", view.__name__, needs(ANYBODY)(limited), methods=["GET", "POST"]
        )


def _add_orders(pages: Blueprint, office: Office, door: Door, limiter: Limiter) -> None:
    def listed(error: HubError | None = None) -> str:
        me = door.me().customer
        before = request.args.get("before", "")
        # One more than is shown says whether there is another page.
        found = store.orders_of(me.id, SHOWN + 1, before)
        return render_template(
            "my/orders.html", orders=[_row(order, office) for order in found[:SHOWN]],
            before=before, next=found[SHOWN - 1].id if len(found) > SHOWN else "",
            typed=request.form if error else {}, note=_note(error), **for_pages(),
        )  # fmt: skip

    @pages.get("/my")
    @needs(CUSTOMER)
    def orders() -> str:
        return listed()

    @needs(CUSTOMER)
    def add_order() -> Any:
        form = request.form
        try:
            order = accounts.add_order(
                door.me(), form.get("link", ""), form.get("code", ""), office
            )
        except HubError as exc:
            return listed(exc), exc.status
        session["note"] = ["good", gettext("The order %(order)s is yours now.", order=order.id)]
        return redirect(url_for("my.orders"))

    pages.add_url_rule(
        "/my/orders", "add_order", limiter.limit("6 per minute; 30 per hour")(add_order),
        methods=["POST"],
    )  # fmt: skip


def _add_account(pages: Blueprint, office: Office, door: Door, limiter: Limiter) -> None:
    def prove() -> None:
        me, kind = door.me().customer, request.form.get("kind", "")
        number = accounts.ask_to_prove(me, kind, _network(), office)
        to = next(contact.text for contact in me.contacts if contact.kind == kind)
        onward = request.form.get("next") or url_for("my.account")
        _sent(number, Purpose.PROVE, masked(to), onward)

    def contact() -> None:
        typed = request.form.get("contact", "")
        number = accounts.ask_for_contact(door.me(), typed, _network(), office)
        _sent(number, Purpose.CONTACT, typed.strip(), url_for("my.account"))

    for name, ask in (("prove", prove), ("contact", contact)):
        view = limiter.limit(ASKING)(_asking(name, ask, office, door))
        pages.add_url_rule(f"/my/{name}", name, view, methods=["POST"])

    @pages.get("/my/account")
    @needs(CUSTOMER)
    def account() -> str:
        return _account(office, door)

    @pages.post("/my/language")
    @needs(CUSTOMER)
    def language() -> Response:
        chosen = request.form.get("locale", "")
        if chosen in LOCALES:
            store.set_locale(door.me().customer.id, chosen)
            session["locale"] = chosen
        return redirect(url_for("my.account"))


def _asking(name: str, ask: Callable[[], None], office: Office, door: Door) -> Callable[[], Any]:
    """Return the view that has a code sent, and leads to where it is typed."""

    @needs(CUSTOMER)
    def view() -> Any:
        try:
            ask()
        except HubError as exc:
            return _account(office, door, exc), exc.status
        return redirect(url_for("my.code"))

    view.__name__ = name
    return view


def _add_leaving(pages: Blueprint, office: Office, door: Door) -> None:
    @pages.post("/my/delete")
    @needs(CUSTOMER)
    def delete() -> Any:
        try:
            if request.form.get("sure") != "yes":
                raise RequestInvalid(N_("Say that you are sure."))
            accounts.delete(door.me(), office)
        except HubError as exc:
            return _account(office, door, exc), exc.status
        return _gone(door, "my.left")

    @pages.post("/my/sign-out")
    @needs(CUSTOMER)
    def sign_out() -> Response:
        store.end_session(door.me().token)
        return _gone(door, "shop.show")

    @pages.post("/my/sign-out-everywhere")
    @needs(CUSTOMER)
    def sign_out_everywhere() -> Response:
        store.end_sessions(door.me().customer.id)
        return _gone(door, "shop.show")

    @pages.get("/my/left")
    @needs(ANYBODY)
    def left() -> str:
        return render_template("my/left.html")


def _use(asked: list[str], typed: str, response: Response, office: Office, door: Door) -> None:
    """Use a code for what it was sent for."""
    number, purpose, _, _ = asked
    if purpose == Purpose.SIGN_IN:
        door.let_in(response, accounts.sign_in(number, typed, office))
        # A form of the time before is no form of the account.
        session.pop("csrf_token", None)
    elif door.who() is None:
        raise NotFound(N_("Sign in first."))
    elif purpose == Purpose.PROVE:
        accounts.prove(door.me(), number, typed, office)
    else:
        accounts.change_contact(door.me(), number, typed, office)
        session["note"] = ["good", gettext("From now on we reach you there.")]


def _gone(door: Door, endpoint: str) -> Response:
    session.pop(_CODE, None)
    session.pop("csrf_token", None)
    return door.let_out(redirect(url_for(endpoint)))


def _sent(number: str, purpose: Purpose, to: str, onward: str) -> None:
    session[_CODE] = [number, str(purpose), to, onward]


def _account(office: Office, door: Door, error: HubError | None = None) -> str:
    me = door.me()
    return render_template(
        "my/account.html", me=me.customer, is_fresh=me.is_fresh(office.now_s()),
        kinds=kinds(office), why_not=accounts.why_not_deleted(me.customer.id), masked=masked,
        note=_note(error),
    )  # fmt: skip


def _sign_in_page(office: Office, typed: str = "", error: HubError | None = None) -> str:
    return render_template(
        "my/sign_in.html", kinds=kinds(office), typed=typed, error=_said(error),
        next=request.args.get("next", ""),
    )  # fmt: skip


def _code_page(asked: list[str], error: HubError | None = None) -> str:
    _, purpose, to, onward = asked
    again = own_path(onward, url_for("my.orders"))
    if purpose == Purpose.SIGN_IN:
        again = url_for("my.sign_in", next=onward or None)
    return render_template(
        "my/code.html", to=to, purpose=purpose, minutes=CODE_S // 60, again=again,
        error=_said(error),
    )  # fmt: skip


def _row(order: Any, office: Office) -> dict[str, Any]:
    return {
        "order": order, "token": token_of(order.id, office),
        "offered": shelf.offered(order.sku, order.type_version),
    }  # fmt: skip


def _said(error: HubError | None) -> str:
    return in_words(error.detail or error.title, gettext) if error else ""


def _note(error: HubError | None) -> Any:
    return ["bad", _said(error)] if error else session.pop("note", None)


def _network() -> str:
    return request.remote_addr or ""


def _locale() -> str:
    return "zh-CN" if str(get_locale() or "").startswith("zh") else "en"
