"""Orders for programs: another shop, an agent's system, headquarters. See ``/openapi.json``.

What was delivered is never told here: its buyer sees it by his link and his code, the program of
an agent by ``delivery.api``.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from flask import Response, jsonify
from flask_openapi3.blueprint import APIBlueprint
from flask_openapi3.models.tag import Tag

from central.errors import NotFound, NotPermitted, RequestInvalid
from central.foundation.language.said import Saying
from central.foundation.people.roles import Permission
from central.foundation.web.describe import problems
from central.foundation.web.permission import actor, for_one_agent, is_allowed, needs, own_agent
from central.money.ledger.rules import Cost
from central.sale.orders import api_json as shapes
from central.sale.orders import mismatch, pay, private, refund, serve, store
from central.sale.orders.model import Order, Payment, Refund, Unit, Wanted
from central.sale.orders.office import Office
from central.sale.orders.place import place
from central.sale.orders.states import OrderState

SECURITY: list[dict[str, list[str]]] = [{"api_key": []}]
_TAG = Tag(name="orders", description="What is bought, paid, delivered, and given back.")
CHANNEL = "api"


def blueprint(office: Office) -> APIBlueprint:
    """Return the routes."""
    api = APIBlueprint(
        "orders_api", __name__, url_prefix="/v1/orders", abp_tags=[_TAG], abp_security=SECURITY,
        abp_responses=problems(400, 401, 403, 422, 500),
    )  # fmt: skip
    _add_buying(api, office)
    _add_looking(api, office)
    _add_serving(api, office)
    return api


def _add_buying(api: APIBlueprint, office: Office) -> None:
    @api.post(
        "", summary="Place an order",
        responses={200: shapes.PlacedOrderJson, **problems(404, 409)},
    )  # fmt: skip
    @for_one_agent
    @needs(Permission.ORDERS_PLACE)
    def new(header: shapes.OrderKeyHeader, body: shapes.NewOrderJson) -> Response:
        with _named_faults():
            placed = place(_wanted(header.key, body, office), office)
        return jsonify({"order": as_json(placed.order), "path": f"/o/{placed.token}"})

    @api.post(
        "/<order_id>/pay", summary="Ask for a payment, or pay from an agent's money with us",
        responses={200: shapes.PayingJson, **problems(404, 409, 502)},
    )  # fmt: skip
    @for_one_agent
    @needs(Permission.ORDERS_PLACE)
    def pay_it(path: shapes.OrderPath, body: shapes.PayOrderJson) -> Response:
        order_id = order_for_asker(path.order_id).id
        if body.channel in pay.OWN_MONEY:
            pay.pay_by_agent(order_id, office, body.channel)
            payment = store.payments(order_id)[-1]
        else:
            payment = pay.ask_to_pay(order_id, body.channel, office)
        answer = {"payment": _payment(payment), "qr_text": payment.qr_text}
        return jsonify({"order": as_json(store.get(order_id)), **answer})

    @api.post(
        "/<order_id>/cancel", summary="Give an unpaid order up",
        responses={200: shapes.SaleOrderJson, **problems(404, 409, 502)},
    )  # fmt: skip
    @for_one_agent
    @needs(Permission.ORDERS_PLACE)
    def give_up(path: shapes.OrderPath) -> Response:
        return jsonify(as_json(pay.cancel(order_for_asker(path.order_id).id, actor(), office)))


def _add_looking(api: APIBlueprint, office: Office) -> None:
    @api.get("", summary="Orders", responses={200: shapes.OrdersJson, **problems(404)})
    @for_one_agent
    @needs(Permission.ORDERS_READ)
    def some(query: shapes.WhichOrders) -> Response:
        states = frozenset({query.state}) if query.state else frozenset()
        before = order_for_asker(query.before).id if query.before else None
        # One more than is told says whether there is another page.
        found = store.newest(query.limit + 1, states, before, of=own_agent())
        told, rest = found[: query.limit], found[query.limit :]
        return jsonify(
            {"orders": [as_json(o) for o in told], "next": told[-1].id if rest else None}
        )

    @api.get("/<order_id>", summary="One order", responses={200: shapes.OneOrderJson,
                                                             **problems(404)})  # fmt: skip
    @for_one_agent
    @needs(Permission.ORDERS_READ)
    def one(path: shapes.OrderPath) -> Response:
        return jsonify(_all_of(order_for_asker(path.order_id), office))

    @api.post(
        "/<order_id>/private", summary="What the buyer has told, in full; who reads it is told",
        responses={200: shapes.OrderPrivateJson, **problems(404)},
    )  # fmt: skip
    @needs(Permission.ORDERS_PRIVATE)
    def unmask(path: shapes.OrderPath, body: shapes.UnmaskOrderJson) -> Response:
        found = private.unmask(path.order_id, body.reason, actor(), office)
        return jsonify(found._asdict())


def _add_serving(api: APIBlueprint, office: Office) -> None:
    @api.post(
        "/<order_id>/refunds", summary="Give money back",
        responses={200: shapes.OrderRefundJson, **problems(404, 409)},
    )  # fmt: skip
    @needs(Permission.ORDERS_REFUND)
    def back(path: shapes.OrderPath, body: shapes.RefundOrderJson) -> Response:
        order = store.get(path.order_id)
        if order.state is OrderState.MISMATCH and not body.units:
            return jsonify(_refund(refund.refund_mismatch(order.id, body.reason, actor(), office)))
        asked = refund.refund_units(order.id, body.units, body.reason, actor(), office)
        return jsonify(_refund(asked))

    @api.post(
        "/<order_id>/accept", summary="Let another amount than the price buy all the same",
        responses={200: shapes.SaleOrderJson, **problems(404, 409)},
    )  # fmt: skip
    @needs(Permission.ORDERS_REFUND)
    def accept(path: shapes.OrderPath, body: shapes.AcceptOrderJson) -> Response:
        order = store.get(path.order_id)
        return jsonify(as_json(mismatch.accept(order.id, body.reason, actor(), office)))

    @api.post(
        "/<order_id>/units/<unit_id>/deliver", summary="Deliver what a person has to deliver",
        responses={200: shapes.ServedUnitJson, **problems(404, 409)},
    )  # fmt: skip
    @needs(Permission.ORDERS_MANAGE)
    def deliver(path: shapes.OrderUnitPath, body: shapes.DeliverUnitJson) -> Response:
        unit = store.unit_of(path.order_id, path.unit_id)
        cost = Cost(body.paid_from, body.cost_minor)
        return _served(serve.deliver_by_hand(unit.id, body.text, actor(), office, cost))

    @api.post(
        "/<order_id>/units/<unit_id>/refill", summary="Serve a unit again that found nothing",
        responses={200: shapes.ServedUnitJson, **problems(404, 409)},
    )  # fmt: skip
    @needs(Permission.ORDERS_MANAGE)
    def refill(path: shapes.OrderUnitPath) -> Response:
        unit = store.unit_of(path.order_id, path.unit_id)
        serve.refill(unit.id, actor(), office)
        return _served(unit)


def order_for_asker(order_id: str) -> Order:
    """Return an order, if who asks may know that there is one.

    Raises:
        NotFound: there is none; or an agent's own program asks, and it is not his.
    """
    order, own = store.get(order_id), own_agent()
    if own is not None and own not in {order.buyer, order.seller}:
        raise NotFound(Saying("no-order", order=order_id))
    return order


def _wanted(key: str, body: shapes.NewOrderJson, office: Office) -> Wanted:
    own = own_agent()
    if own is not None and {body.seller, body.buyer} - {"", own}:
        raise NotPermitted(Saying("orders-for-himself", agent=own))
    seller = body.seller if own is None or body.buyer else own
    if body.seller and all(agent.id != body.seller for agent in office.outside.agents()):
        raise NotFound(Saying("no-agent", agent=body.seller))
    # Of one length, and of this program alone: another one may have chosen the same key.
    mine = hashlib.sha256(json.dumps([actor(), key]).encode()).hexdigest()
    return Wanted(
        key=f"api:{mine}", sku=body.sku, quantity=body.quantity, fields=body.fields,
        code=body.code, contact=body.contact.strip(),
        # Of a buyer whose address nobody knows nothing is counted: all would be one.
        address=body.buyer_address or mine, channel=CHANNEL, seller=seller, buyer=body.buyer,
        locale=body.locale, price_max=body.price_max_minor,
    )  # fmt: skip


@contextmanager
def _named_faults() -> Iterator[None]:
    """Tell the faults of a buyer's fields as all others are told: where, and what."""
    try:
        yield
    except RequestInvalid as exc:
        errors = exc.extra.get("errors")
        if not isinstance(errors, Mapping):
            raise
        faults = [{"where": f"fields/{name}", "what": what} for name, what in errors.items()]
        raise RequestInvalid(exc.detail, errors=faults) from None


def _served(unit: Unit) -> Response:
    order = store.get(unit.order)
    return jsonify({"order": as_json(order), "unit": _unit(store.unit(unit.id))})


def _all_of(order: Order, office: Office) -> dict[str, Any]:
    return {
        "told": private.masked_of(order, office)._asdict(),
        "order": as_json(order),
        "units": [_unit(one) for one in store.units(order.id)],
        "payments": [_payment(one) for one in store.payments(order.id)],
        "refunds": [_refund(one) for one in store.refunds(order.id)],
        "story": [one._asdict() for one in store.story(order.id)],
    }


def as_json(order: Order) -> dict[str, Any]:
    """Return an order as programs are told of it."""
    return {
        "id": order.id, "channel": order.channel, "seller": order.seller, "buyer": order.buyer,
        "sku": order.sku, "quantity": order.quantity, "price_minor": order.price.minor,
        "currency": order.price.currency, "refunded_minor": order.refunded, "state": order.state,
        "locale": order.locale, "placed_at_s": order.placed_at_s,
        "pay_until_s": order.pay_until_s, "paid_at_s": order.paid_at_s,
        "ended_at_s": order.ended_at_s, "journal_id": order.journal_id,
    }  # fmt: skip


def _unit(unit: Unit) -> dict[str, Any]:
    body: dict[str, Any] = {
        "id": unit.id, "n": unit.n, "sku": unit.sku, "fulfilment": str(unit.fulfilment),
        "price_minor": unit.price, "state": unit.state, "delivered_at_s": unit.delivered_at_s,
        "refund": unit.refund,
    }  # fmt: skip
    if is_allowed(Permission.COST_SEE):
        body["cost_minor"] = unit.cost if unit.cost_account else None
    return body


def _payment(payment: Payment) -> dict[str, Any]:
    return {
        "number": payment.number, "channel": payment.channel,
        "amount_minor": payment.amount.minor, "state": payment.state,
        "created_at_s": payment.created_at_s, "expires_at_s": payment.expires_at_s,
        "last_code": payment.last_code, "channel_number": payment.channel_number,
    }  # fmt: skip


def _refund(one: Refund) -> dict[str, Any]:
    return {
        "number": one.number, "payment": one.payment, "channel": one.channel,
        "amount_minor": one.amount.minor, "reason": one.reason, "asked_by": one.asked_by,
        "state": one.state, "asked_at_s": one.asked_at_s, "done_at_s": one.done_at_s,
    }  # fmt: skip
