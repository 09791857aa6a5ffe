"""Orders for headquarters: the list, what needs a person, one order and what may be done to it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from flask import Blueprint, redirect, render_template, request, session, url_for
from flask_babel import gettext
from werkzeug.wrappers import Response

from central.errors import HubError, RequestInvalid
from central.foundation.language.said import in_words
from central.foundation.language.words import N_
from central.foundation.people.roles import Permission
from central.foundation.web.note import told
from central.foundation.web.permission import actor, needs
from central.money.ledger.rules import Cost
from central.sale.orders import mismatch, pay, private, refund, serve, store
from central.sale.orders.model import OrderId
from central.sale.orders.office import Office
from central.sale.orders.states import OrderState
from central.sale.orders.words import for_pages
from central.supply.catalogue import shelf
from edge.contract.money import parse_decimal

SHOWN = 200
NEEDS_A_PERSON = frozenset({OrderState.EXCEPTION, OrderState.MISMATCH, OrderState.HELD})

Cases = Callable[[str], Mapping[str, Any]]


def blueprint(office: Office, cases_of: Cases) -> Blueprint:
    """Return the routes.

    Args:
        cases_of: What after-sales shows on the page of an order; it builds upon orders, not they
            upon it.
    """
    pages = Blueprint("orders", __name__)
    _add_looking(pages, office, cases_of)
    _add_deciding(pages, office)
    return pages


def _back(order: str) -> Response:
    return redirect(url_for("orders.one", order_id=order))


def _add_looking(pages: Blueprint, office: Office, cases_of: Cases) -> None:
    @pages.get("/orders")
    @needs(Permission.ORDERS_READ)
    def show() -> str:
        chosen = request.args.get("state", "")
        states = frozenset({OrderState(chosen)}) if chosen in set(OrderState) else frozenset()
        if chosen == "person":
            states = NEEDS_A_PERSON
        return render_template(
            "orders/orders.html", orders=store.newest(SHOWN, states), counts=store.counts(),
            by_hand=serve.by_hand(), chosen=chosen, person=NEEDS_A_PERSON, shown=SHOWN,
            note=session.pop("note", None), **for_pages(),
        )  # fmt: skip

    @pages.get("/orders/<order_id>")
    @needs(Permission.ORDERS_READ)
    def one(order_id: str) -> str:
        return page_of(order_id, office, session.pop("note", None), cases_of(order_id))

    # The answer to a form, so that it is in no cache and no history.
    @pages.post("/orders/<order_id>/private")
    @needs(Permission.ORDERS_PRIVATE)
    def unmask(order_id: str) -> Any:
        try:
            found = private.unmask(order_id, request.form.get("reason", ""), actor(), office)
        except RequestInvalid as exc:
            note = ["bad", in_words(exc.detail, gettext)]
            return page_of(order_id, office, note, cases_of(order_id)), exc.status
        return page_of(order_id, office, None, cases_of(order_id), found)


def _add_deciding(pages: Blueprint, office: Office) -> None:
    @pages.post("/orders/<order_id>/release")
    @needs(Permission.ORDERS_MANAGE)
    def release(order_id: str) -> Response:
        with told(gettext("The order is being delivered.")):
            pay.release(OrderId(order_id), actor(), office)
        return _back(order_id)

    @pages.post("/orders/<order_id>/accept")
    @needs(Permission.ORDERS_REFUND)
    def accept(order_id: str) -> Response:
        with told(gettext("The order is being delivered.")):
            reason = request.form.get("reason", "")
            mismatch.accept(OrderId(order_id), reason, actor(), office)
        return _back(order_id)

    @pages.post("/orders/<order_id>/units/<unit_id>/<what>")
    @needs(Permission.ORDERS_MANAGE)
    def unit(order_id: str, unit_id: str, what: str) -> Response:
        _try(lambda: _unit(store.unit_of(order_id, unit_id).id, what, office))
        return _back(order_id)

    @pages.post("/orders/<order_id>/refund")
    @needs(Permission.ORDERS_REFUND)
    def back_to_buyer(order_id: str) -> Response:
        with told(gettext("The money is on its way back.")):
            reason = request.form.get("reason", "")
            if store.get(order_id).state is OrderState.MISMATCH:
                refund.refund_mismatch(OrderId(order_id), reason, actor(), office)
            else:
                units = request.form.getlist("unit")
                refund.refund_units(OrderId(order_id), units, reason, actor(), office)
        return _back(order_id)

    @pages.post("/orders/<order_id>/refunds/<number>/again")
    @needs(Permission.ORDERS_REFUND)
    def again(order_id: str, number: str) -> Response:
        with told(gettext("The refund is sent again.")):
            refund.try_again(number, office)
        return _back(order_id)


def page_of(
    order_id: str, office: Office, note: list[str] | None, cases: Mapping[str, Any],
    unmasked: private.Private | None = None,
) -> str:  # fmt: skip
    """Return the page of an order.

    Args:
        cases: What after-sales shows on it.
        unmasked: What the buyer has typed, if somebody has asked to see it.
    """
    order = store.get(order_id)
    return render_template(
        "orders/order.html", order=order, units=store.units(order_id),
        payments=store.payments(order_id), refunds=store.refunds(order_id),
        story=store.story(order_id), is_open=unmasked is not None,
        offered=shelf.offered(order.sku, order.type_version),
        labels={one.id: one.labels for one in private.fields_of(order)},
        private=unmasked or private.masked_of(order, office),
        note=note, **{**for_pages(), **cases},
    )  # fmt: skip


def _try(work: Callable[[], str]) -> None:
    """Note for the next page what was done, or why it was not."""
    try:
        session["note"] = ["good", work()]
    except HubError as exc:
        session["note"] = ["bad", in_words(exc.detail or exc.title, gettext)]


def _unit(unit_id: str, what: str, office: Office) -> str:
    if what == "refill":
        if serve.refill(unit_id, actor(), office):
            return str(gettext("It was tried again."))
        return str(gettext("It is being delivered."))
    if what == "deliver":
        text = request.form.get("text", "")
        serve.deliver_by_hand(unit_id, text, actor(), office, _cost(office.currency))
        return str(gettext("It is delivered."))
    raise RequestInvalid(N_("A unit can be refilled or delivered."))


def _cost(currency: str) -> Cost:
    """Return what something has cost by the form, and what it is paid from."""
    typed = request.form.get("cost", "").strip() or "0"
    try:
        minor = parse_decimal(typed, currency).minor
    except ValueError as exc:
        raise RequestInvalid(N_("A cost is an amount, as 9.50.")) from exc
    return Cost(request.form.get("paid_from", "").strip(), minor)
