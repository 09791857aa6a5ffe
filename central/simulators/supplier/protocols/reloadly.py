"""Plays Reloadly's gift cards."""

from __future__ import annotations

import hmac
import json
from typing import Any

from flask import Blueprint, Response, request

from central.simulators.parts.books import Row
from central.simulators.supplier.protocols.serve import asking, buying, listing
from central.simulators.supplier.world import E4, Refused, Wish, World, keys_of, moment

STATES = {"waiting": "PENDING", "done": "SUCCESSFUL", "failed": "REFUNDED"}
SAYS = {
    "no-stock": "This product is out of stock", "balance": "Insufficient balance",
    "off-sale": "Product unavailable", "price": "Invalid price",
}  # fmt: skip


def blueprint(world: World) -> Blueprint:  # noqa: C901 - a list of addresses
    """Return the routes of all shops of this protocol."""
    api = Blueprint("reloadly", __name__, url_prefix="/reloadly/<shop>")

    @api.post("/oauth/token")
    def token(shop: str) -> Response:
        body, found = request.get_json(), world.shop(shop)
        right = (
            found is not None
            and body.get("client_id") == found["user"]
            and hmac.compare_digest(str(body.get("client_secret")), found["key"])
            and body.get("grant_type") == "client_credentials"
            and str(body.get("audience", "")).endswith(f"/reloadly/{shop}")
        )
        if not right or found is None:
            return _say({"message": "Access denied", "errorCode": "INVALID_CREDENTIALS"}, 401)
        return _say({"access_token": _token(found), "expires_in": 3600, "token_type": "Bearer"})

    @api.get("/accounts/balance")
    def balance(shop: str) -> Response:
        found = _signed(world, shop)
        if found is None:
            return _say({"message": "Unauthorized"}, 401)
        return _say({"balance": found["balance_e4"] / E4, "currencyCode": "CNY"})

    @api.get("/products/<ref>")
    def product(shop: str, ref: str) -> Response:
        found = world.product(shop, ref) if _signed(world, shop) else None
        if found is None:
            return _say({"message": "Product unavailable"}, 404)
        prices = {"25.0": found["price_e4"] / E4}
        return _say({
            "productId": int(ref), "productName": found["name"], "senderFee": 0.0,
            "fixedRecipientToSenderDenominationsMap": prices,
        })  # fmt: skip

    @api.post("/orders")
    def order(shop: str) -> Response:
        if _signed(world, shop) is None:
            return _say({"message": "Unauthorized"}, 401)
        body = request.get_json()
        ref = str(body.get("customIdentifier", ""))

        def work(fault: str) -> Response:
            if world.exists(shop, ref):
                return _say({"message": "customIdentifier already exists"}, 400)
            wish = Wish(shop, str(body.get("productId")), int(body["quantity"]), ref)
            try:
                made = world.buy(wish, fault)
            except Refused as exc:
                return _say({"message": SAYS[exc.code]}, 400)
            answer = _order(made)
            if fault == "other-number":
                answer["customIdentifier"] = "SOMEBODY-ELSE"
            return _say(answer)

        return buying(world, shop, ref, work, lambda: _say({"status": "ODD"}))

    @api.get("/reports/transactions")
    def report(shop: str) -> Response:
        if _signed(world, shop) is None:
            return _say({"message": "Unauthorized"}, 401)
        if "startDate" in request.args:
            return statement(shop)
        ref = request.args.get("customIdentifier", "")

        def work() -> Response:
            found = world.find(shop, ref)
            return _say({"content": [_order(found)] if found else []})

        return asking(world, shop, ref, work)

    def statement(shop: str) -> Response:
        day = request.args["startDate"][:10]
        page, size = int(request.args["page"]), int(request.args["size"])

        def work(found: list[Row], fault: str) -> Response:
            content = [_order(one) for one in found[(page - 1) * size : page * size]]
            if fault == "statement-cut":
                content = content[:-1]
            count = len(found) + (fault == "statement-sum")
            return _say({"content": content, "totalElements": count})

        return listing(world, shop, day, work)

    @api.get("/orders/transactions/<no>/cards")
    def cards(shop: str, no: str) -> Response:
        if _signed(world, shop) is None:
            return _say({"message": "Unauthorized"}, 401)
        found = world.by_number(shop, no)
        keys = keys_of(found) if found else []
        return _say([{"cardNumber": n, "pinCode": s} for n, s in keys])

    return api


def _token(shop: Row) -> str:
    return f"token-{shop['key'][::-1]}"


def _signed(world: World, shop: str) -> Row | None:
    found = world.shop(shop)
    if found is None or found["protocol"] != "reloadly":
        return None
    given = request.headers.get("Authorization", "")
    return found if hmac.compare_digest(given, f"Bearer {_token(found)}") else None


def _say(body: Any, status: int = 200) -> Response:
    return Response(json.dumps(body), status, content_type="application/json")


def _order(order: Row) -> dict[str, Any]:
    return {
        "transactionId": order["no"], "amount": order["total_e4"] / E4, "currencyCode": "CNY",
        "customIdentifier": order["ref"], "status": STATES[order["state"]],
        "transactionCreatedTime": moment(order["at_s"]),
    }  # fmt: skip
