"""Customers for headquarters: found by an address, their orders and balance, stopped and let in."""

from __future__ import annotations

import datetime as dt
from typing import Any
from zoneinfo import ZoneInfo

from flask import Blueprint, redirect, render_template, request, session, url_for
from flask_babel import gettext
from werkzeug.wrappers import Response

from central.errors import RequestInvalid
from central.foundation.language.words import N_
from central.foundation.masked import masked
from central.foundation.people.roles import Permission
from central.foundation.web.note import told
from central.foundation.web.permission import actor, is_allowed, needs
from central.money.ledger import rules
from central.sale.customers import balance, store, top_up, top_up_back
from central.sale.customers.model import (
    Customer,
    CustomerId,
    CustomerState,
    contact_of,
)
from central.sale.customers.words import for_pages
from central.sale.orders.office import Office
from central.sale.orders.words import for_pages as order_words

SHOWN = 50
ORDERS_SHOWN = 50


def blueprint(office: Office) -> Blueprint:
    """Return the routes."""
    pages = Blueprint("customers", __name__)

    @pages.get("/customers")
    @needs(Permission.CUSTOMERS_READ)
    def show() -> str:
        return _list(office)

    # The address is sent as a form, so that it stands in no log of addresses.
    @pages.post("/customers")
    @needs(Permission.CUSTOMERS_READ)
    def find() -> Any:
        typed = request.form.get("contact", "")
        contact = contact_of(typed)
        found = store.with_contact(contact, office.seal) if contact else None
        if found is None:
            return _list(office, unknown=typed)
        return _back(found.id)

    @pages.get("/customers/<customer_id>")
    @needs(Permission.CUSTOMERS_READ)
    def one(customer_id: str) -> str:
        customer = store.get(customer_id, office.seal)
        before = request.args.get("before", "")
        orders = store.orders_of(customer.id, ORDERS_SHOWN + 1, before)
        return render_template(
            "customers/customer.html", customer=customer, told=_told(customer),
            is_member=customer.is_member(office.now_s()),
            shown=balance.shown(customer.id), account=rules.balance_account(customer.id),
            orders=orders[:ORDERS_SHOWN], before=before,
            next=orders[ORDERS_SHOWN - 1].id if len(orders) > ORDERS_SHOWN else "",
            back=top_up_back.of_customer(customer.id), top_ups=top_up.of_customer(customer.id, 20),
            note=session.pop("note", None), **{**order_words(), **for_pages()},
        )  # fmt: skip

    @pages.post("/customers/<customer_id>/<step>")
    @needs(Permission.CUSTOMERS_MANAGE)
    def steer(customer_id: str, step: str) -> Response:
        to = {"stop": CustomerState.STOPPED, "let-in": CustomerState.ACTIVE}.get(step)
        if to is None:
            raise RequestInvalid(N_("A customer is stopped or let in."))
        with told(gettext("Done.")):
            store.move(CustomerId(customer_id), to)
        return _back(customer_id)

    @pages.post("/customers/<customer_id>/member")
    @needs(Permission.CUSTOMERS_MANAGE)
    def member(customer_id: str) -> Response:
        customer = store.get(customer_id, office.seal)
        with told(gettext("Done.")):
            store.set_member(customer.id, _end_of(request.form.get("until", ""), office), actor())
        return _back(customer_id)

    _add_giving_back(pages, office)
    return pages


def _add_giving_back(pages: Blueprint, office: Office) -> None:
    @pages.post("/customers/<customer_id>/give-back")
    @needs(Permission.ORDERS_REFUND)
    def give_back(customer_id: str) -> Response:
        customer = store.get(customer_id, office.seal)
        with told(gettext("The money is on its way back.")):
            top_up_back.give_back(customer.id, request.form.get("reason", ""), actor(), office)
        return _back(customer_id)

    @pages.post("/customers/<customer_id>/back/<number>/again")
    @needs(Permission.ORDERS_REFUND)
    def back_again(customer_id: str, number: str) -> Response:
        customer = store.get(customer_id, office.seal)
        with told(gettext("The refund is sent again.")):
            if all(one.number != number for one in top_up_back.of_customer(customer.id)):
                raise RequestInvalid(N_("This is no refund of this customer's."))
            top_up_back.try_again(number, office)
        return _back(customer_id)


def _end_of(day: str, office: Office) -> int | None:
    """Return the moment when a typed day is over; None if none was typed."""
    if not day.strip():
        return None
    try:
        begins = dt.datetime.fromisoformat(f"{day.strip()}T00:00")
        ends = (begins + dt.timedelta(days=1)).replace(tzinfo=ZoneInfo(office.timezone))
    except (ValueError, OverflowError) as exc:
        raise RequestInvalid(N_("A day is written 2026-04-11.")) from exc
    return int(ends.timestamp())


def _back(customer: str) -> Response:
    return redirect(url_for("customers.one", customer_id=customer))


def _list(office: Office, *, unknown: str = "") -> str:
    before = request.args.get("before", "")
    found = store.newest(SHOWN + 1, office.seal, before)
    return render_template(
        "customers/customers.html",
        customers=[(customer, _told(customer)) for customer in found[:SHOWN]],
        unknown=unknown, before=before,
        next=found[SHOWN - 1].id if len(found) > SHOWN else "", **for_pages(),
    )  # fmt: skip


def _told(customer: Customer) -> list[str]:
    """Return a customer's addresses as far as who asks may read them."""
    is_open = is_allowed(Permission.CUSTOMERS_MANAGE)
    return [one.text if is_open else masked(one.text) for one in customer.contacts]
