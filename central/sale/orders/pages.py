"""Orders for headquarters: the list, what needs a person, one order and what may be done to it."""

from __future__ import annotations

from collections.abc import Callable

from flask import Blueprint, redirect, render_template, request, session, url_for
from flask_babel import gettext
from werkzeug.wrappers import Response

from central.errors import HubError, RequestInvalid
from central.foundation.people.roles import Permission
from central.foundation.web.note import told
from central.foundation.web.permission import actor, needs
from central.sale.orders import pay, refund, serve, store
from central.sale.orders.model import OrderId
from central.sale.orders.office import Office
from central.sale.orders.states import OrderState
from central.sale.orders.words import for_pages
from central.supply.catalogue import shelf

SHOWN = 200
NEEDS_A_PERSON = frozenset({OrderState.EXCEPTION, OrderState.MISMATCH, OrderState.HELD})


def blueprint(office: Office) -> Blueprint:
    """Return the routes."""
    pages = Blueprint("orders", __name__)

    def back(order: str) -> Response:
        return redirect(url_for("orders.one", order_id=order))

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
        order = store.get(order_id)
        return render_template(
            "orders/order.html", order=order, units=store.units(order_id),
            payments=store.payments(order_id), refunds=store.refunds(order_id),
            story=store.story(order_id), offered=shelf.offered(order.sku, order.type_version),
            note=session.pop("note", None), **for_pages(),
        )  # fmt: skip

    @pages.post("/orders/<order_id>/release")
    @needs(Permission.ORDERS_MANAGE)
    def release(order_id: str) -> Response:
        with told(gettext("The order is being delivered.")):
            pay.release(OrderId(order_id), actor(), office)
        return back(order_id)

    @pages.post("/orders/<order_id>/units/<unit_id>/<what>")
    @needs(Permission.ORDERS_MANAGE)
    def unit(order_id: str, unit_id: str, what: str) -> Response:
        _try(lambda: _unit(store.unit_of(order_id, unit_id).id, what, office))
        return back(order_id)

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
        return back(order_id)

    @pages.post("/orders/<order_id>/refunds/<number>/again")
    @needs(Permission.ORDERS_REFUND)
    def again(order_id: str, number: str) -> Response:
        with told(gettext("The refund is sent again.")):
            refund.try_again(number, office)
        return back(order_id)

    return pages


def _try(work: Callable[[], str]) -> None:
    """Note for the next page what was done, or why it was not."""
    try:
        session["note"] = ["good", work()]
    except HubError as exc:
        session["note"] = ["bad", gettext(exc.detail or exc.title)]


def _unit(unit_id: str, what: str, office: Office) -> str:
    if what == "refill":
        if serve.refill(unit_id, actor(), office):
            return str(gettext("It was tried again."))
        return str(gettext("It is being delivered."))
    if what == "deliver":
        serve.deliver_by_hand(unit_id, request.form.get("text", ""), actor(), office)
        return str(gettext("It is delivered."))
    raise RequestInvalid("A unit can be refilled or delivered.")
