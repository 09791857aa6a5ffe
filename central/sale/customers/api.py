"""Customers for programs: another shop, for a customer who has signed in there; headquarters.

A program that sells brings what its customer has typed, and then his session; it never sees a code
of his before he has typed it. See ``/openapi.json``.
"""

from __future__ import annotations

from typing import Any

from flask import Response, jsonify
from flask_openapi3.blueprint import APIBlueprint
from flask_openapi3.models.tag import Tag

from central.errors import NotFound, NotIdentified
from central.foundation.language.words import N_
from central.foundation.masked import masked
from central.foundation.people.roles import Permission
from central.foundation.web.describe import problems
from central.foundation.web.permission import is_allowed, needs
from central.sale.customers import accounts, balance, store, top_up
from central.sale.customers import api_json as shapes
from central.sale.customers.model import CODE_S, Customer, CustomerState, TopUp, contact_of
from central.sale.customers.store import SignedIn
from central.sale.orders import pay
from central.sale.orders.api import as_json
from central.sale.orders.model import Order, OrderId
from central.sale.orders.office import Office
from central.sale.orders.place import token_of
from edge.contract.money import Money

SECURITY: list[dict[str, list[str]]] = [{"api_key": []}]
_TAG = Tag(name="customers", description="Accounts of the shop, their orders and balances.")


def blueprint(office: Office) -> APIBlueprint:
    """Return the routes."""
    api = APIBlueprint(
        "customers_api", __name__, url_prefix="/v1/customers", abp_tags=[_TAG],
        abp_security=SECURITY, abp_responses=problems(400, 401, 403, 422, 500),
    )  # fmt: skip
    _add_sessions(api, office)
    _add_own(api, office)
    _add_orders(api, office)
    _add_balance(api, office)
    _add_desk(api, office)
    return api


def _add_sessions(api: APIBlueprint, office: Office) -> None:
    @api.post(
        "/codes", summary="Have a code sent", responses={200: shapes.CodeSentJson, **problems(429)}
    )
    @needs(Permission.ORDERS_PLACE)
    def ask_code(body: shapes.AskCodeJson) -> Response:
        number = accounts.ask_to_sign_in(body.contact, body.buyer_address, body.locale, office)
        return jsonify({"number": number, "ends_in_s": CODE_S})

    @api.post("/sessions", summary="Sign in", responses={200: shapes.SessionJson})
    @needs(Permission.ORDERS_PLACE)
    def begin(body: shapes.TypedCodeJson) -> Response:
        token = accounts.sign_in(body.number, body.code, office)
        return jsonify({"session": token, "customer": _who(token, office).customer.id})

    @api.post("/me/codes", summary="Have a code sent to the customer again",
              responses={200: shapes.CodeSentJson, **problems(429)})  # fmt: skip
    @needs(Permission.ORDERS_PLACE)
    def ask_again(header: shapes.CustomerSessionHeader, body: shapes.ProveJson) -> Response:
        me = _who(header.session, office).customer
        number = accounts.ask_to_prove(me, body.kind, body.buyer_address, office)
        return jsonify({"number": number, "ends_in_s": CODE_S})

    @api.post("/me/proofs", summary="Show that it still is the customer",
              responses={200: shapes.SessionJson})  # fmt: skip
    @needs(Permission.ORDERS_PLACE)
    def proved(header: shapes.CustomerSessionHeader, body: shapes.TypedCodeJson) -> Response:
        who = _who(header.session, office)
        accounts.prove(who, body.number, body.code, office)
        return jsonify({"session": who.token, "customer": who.customer.id})

    @api.post("/me/sign-out", summary="Sign out", responses={200: shapes.SignedOutJson})
    @needs(Permission.ORDERS_PLACE)
    def end(header: shapes.CustomerSessionHeader, body: shapes.EndSessionJson) -> Response:
        who = _who(header.session, office)
        if body.everywhere:
            store.end_sessions(who.customer.id)
        else:
            store.end_session(who.token)
        return jsonify({"ended": True})


def _add_own(api: APIBlueprint, office: Office) -> None:
    @api.get("/me", summary="The customer who has signed in", responses={200: shapes.MeJson})
    @needs(Permission.ORDERS_PLACE)
    def me(header: shapes.CustomerSessionHeader) -> Response:
        return jsonify(_me(header.session, office))

    @api.post("/me/contacts/codes", summary="Have a code sent to an address that is to be his",
              responses={200: shapes.CodeSentJson, **problems(429)})  # fmt: skip
    @needs(Permission.ORDERS_PLACE)
    def ask_contact(header: shapes.CustomerSessionHeader, body: shapes.NewContactJson) -> Response:
        who = _who(header.session, office)
        number = accounts.ask_for_contact(who, body.contact, body.buyer_address, office)
        return jsonify({"number": number, "ends_in_s": CODE_S})

    @api.post("/me/contacts", summary="Give him the address that the code was sent to",
              responses={200: shapes.MeJson, **problems(409)})  # fmt: skip
    @needs(Permission.ORDERS_PLACE)
    def contact(header: shapes.CustomerSessionHeader, body: shapes.TypedCodeJson) -> Response:
        accounts.change_contact(_who(header.session, office), body.number, body.code, office)
        return jsonify(_me(header.session, office))

    @api.post("/me/language", summary="Choose the language in which he is written to",
              responses={200: shapes.MeJson})  # fmt: skip
    @needs(Permission.ORDERS_PLACE)
    def language(header: shapes.CustomerSessionHeader, body: shapes.LanguageJson) -> Response:
        store.set_locale(_who(header.session, office).customer.id, body.locale)
        return jsonify(_me(header.session, office))

    @api.post("/me/delete", summary="Delete his account",
              responses={200: shapes.SignedOutJson, **problems(409)})  # fmt: skip
    @needs(Permission.ORDERS_PLACE)
    def delete(header: shapes.CustomerSessionHeader) -> Response:
        accounts.delete(_who(header.session, office), office)
        return jsonify({"ended": True})


def _add_orders(api: APIBlueprint, office: Office) -> None:
    @api.get("/me/orders", summary="His orders", responses={200: shapes.OwnOrdersJson,
                                                            **problems(404)})  # fmt: skip
    @needs(Permission.ORDERS_PLACE)
    def orders(header: shapes.CustomerSessionHeader, query: shapes.WhichOwnOrders) -> Response:
        own = _who(header.session, office).customer
        found = store.orders_of(own.id, query.limit + 1, query.before or "")
        told = [_own(order, office) for order in found[: query.limit]]
        return jsonify({"orders": told, "next": _next(found, query.limit)})

    @api.post("/me/orders", summary="Make a guest's order his",
              responses={200: shapes.OwnOrderJson, **problems(404, 409, 429)})  # fmt: skip
    @needs(Permission.ORDERS_PLACE)
    def add(header: shapes.CustomerSessionHeader, body: shapes.AddOrderJson) -> Response:
        who = _who(header.session, office)
        return jsonify(_own(accounts.add_order(who, body.link, body.code, office), office))


def _add_balance(api: APIBlueprint, office: Office) -> None:
    @api.get("/me/balance", summary="His balance", responses={200: shapes.BalanceJson})
    @needs(Permission.ORDERS_PLACE)
    def statement(header: shapes.CustomerSessionHeader, query: shapes.WhichLines) -> Response:
        shown = balance.shown(_who(header.session, office).customer.id, query.page)
        return jsonify({
            "balance_minor": shown.available, "currency": office.currency,
            "lines": [
                {"at_s": one.at_s, "kind": one.kind, "order": one.order,
                 "change_minor": one.change, "left_minor": one.left}
                for one in shown.lines
            ],
            "page": shown.page, "pages": shown.pages,
        })  # fmt: skip

    @api.post("/me/top-ups", summary="Pay onto it",
              responses={200: shapes.TopUpJson, **problems(404, 409, 502)})  # fmt: skip
    @needs(Permission.ORDERS_PLACE)
    def more(header: shapes.CustomerSessionHeader, body: shapes.NewTopUpJson) -> Response:
        own = _who(header.session, office).customer
        amount = Money(body.amount_minor, office.currency)
        return jsonify(_top_up(top_up.ask(own.id, amount, body.channel, office)))

    @api.get("/me/top-ups/<number>", summary="One of them",
             responses={200: shapes.TopUpJson, **problems(404)})  # fmt: skip
    @needs(Permission.ORDERS_PLACE)
    def one_top_up(path: shapes.TopUpPath, header: shapes.CustomerSessionHeader) -> Response:
        own = _who(header.session, office).customer
        return jsonify(_top_up(top_up.one_of(own.id, path.number)))

    @api.post("/me/orders/<order_id>/pay", summary="Pay an order of his from it",
              responses={200: shapes.OwnOrderJson, **problems(404, 409, 502)})  # fmt: skip
    @needs(Permission.ORDERS_PLACE)
    def pay_it(path: shapes.WhichOwnOrder, header: shapes.CustomerSessionHeader) -> Response:
        who = _who(header.session, office)
        accounts.check_fresh(who, office)
        order = pay.pay_from_balance(OrderId(path.order_id), who.customer.id, office)
        return jsonify(_own(order, office))


def _add_desk(api: APIBlueprint, office: Office) -> None:
    def told(customer: Customer) -> dict[str, Any]:
        is_open = is_allowed(Permission.CUSTOMERS_MANAGE)
        contacts = [one.text if is_open else masked(one.text) for one in customer.contacts]
        return {
            "id": customer.id, "contacts": contacts, "locale": customer.locale,
            "state": customer.state, "created_at_s": customer.created_at_s,
            "balance_minor": balance.available(customer.id),
        }  # fmt: skip

    @api.get("", summary="Customers", responses={200: shapes.CustomersJson, **problems(404)})
    @needs(Permission.CUSTOMERS_READ)
    def some(query: shapes.WhichCustomers) -> Response:
        found = store.newest(query.limit + 1, office.seal, query.before or "")
        some_of_them = [told(one) for one in found[: query.limit]]
        return jsonify({"customers": some_of_them, "next": _next(found, query.limit)})

    @api.post("/find", summary="The customer of an address",
              responses={200: shapes.CustomerJson, **problems(404)})  # fmt: skip
    @needs(Permission.CUSTOMERS_READ)
    def find(body: shapes.FindCustomerJson) -> Response:
        contact = contact_of(body.contact)
        found = store.with_contact(contact, office.seal) if contact else None
        if found is None:
            raise NotFound(N_("There is no such customer."))
        return jsonify(told(found))

    @api.get("/<string(length=16):customer_id>", summary="One customer",
             responses={200: shapes.CustomerJson, **problems(404)})  # fmt: skip
    @needs(Permission.CUSTOMERS_READ)
    def one(path: shapes.CustomerPath) -> Response:
        return jsonify(told(store.get(path.customer_id, office.seal)))

    @api.get("/<string(length=16):customer_id>/orders", summary="His orders",
             responses={200: shapes.CustomerOrdersJson, **problems(404)})  # fmt: skip
    @needs(Permission.CUSTOMERS_READ)
    def orders_of(path: shapes.CustomerPath, query: shapes.WhichOwnOrders) -> Response:
        customer = store.get(path.customer_id, office.seal)
        found = store.orders_of(customer.id, query.limit + 1, query.before or "")
        some_of_them = [as_json(order) for order in found[: query.limit]]
        return jsonify({"orders": some_of_them, "next": _next(found, query.limit)})

    @api.post("/<string(length=16):customer_id>/stop", summary="Let him in no more",
              responses={200: shapes.CustomerJson, **problems(404, 409)})  # fmt: skip
    @needs(Permission.CUSTOMERS_MANAGE)
    def stop(path: shapes.CustomerPath) -> Response:
        return jsonify(told(_moved(path.customer_id, CustomerState.STOPPED, office)))

    @api.post("/<string(length=16):customer_id>/let-in", summary="Let him in again",
              responses={200: shapes.CustomerJson, **problems(404, 409)})  # fmt: skip
    @needs(Permission.CUSTOMERS_MANAGE)
    def let_in(path: shapes.CustomerPath) -> Response:
        return jsonify(told(_moved(path.customer_id, CustomerState.ACTIVE, office)))


def _moved(customer_id: str, to: CustomerState, office: Office) -> Customer:
    customer = store.get(customer_id, office.seal)
    store.move(customer.id, to)
    return store.get(customer.id, office.seal)


def _who(session: str, office: Office) -> SignedIn:
    found = store.signed_in(session, office.now_s(), office.seal)
    if found is None:
        raise NotIdentified(N_("Sign in first."))
    return found


def _me(session: str, office: Office) -> dict[str, Any]:
    own = _who(session, office).customer
    return {
        "id": own.id, "mail": own.mail, "mobile": own.mobile, "locale": own.locale,
        "balance_minor": balance.available(own.id), "currency": office.currency,
    }  # fmt: skip


def _own(order: Order, office: Office) -> dict[str, Any]:
    return {"order": as_json(order), "path": f"/o/{token_of(order.id, office)}"}


def _top_up(one: TopUp) -> dict[str, Any]:
    return {
        "number": one.number, "channel": one.channel, "amount_minor": one.amount.minor,
        "state": one.state, "expires_at_s": one.expires_at_s,
        "qr_text": one.qr_text if one.state.is_live else "",
    }  # fmt: skip


def _next(found: list[Any], limit: int) -> str | None:
    return str(found[limit - 1].id) if len(found) > limit else None
