"""Plays a Dujiao-Next shop that others buy from."""

from __future__ import annotations

import hashlib
import hmac
import json
from typing import Any
from urllib.parse import urlsplit

from flask import Blueprint, Response, request

from central.simulators.parts.books import Row
from central.simulators.supplier.protocols.serve import asking, buying
from central.simulators.supplier.world import Refused, Wish, World, keys_of, yuan

STATES = {"waiting": "fulfilling", "done": "completed", "failed": "canceled"}
SAYS = {
    "no-stock": ("insufficient_stock", 409), "balance": ("insufficient_balance", 402),
    "off-sale": ("sku_unavailable", 400), "price": ("bad_request", 400),
}  # fmt: skip
SKEW_S = 60
SKU = 1
"""Each product has one SKU, of this number."""


def blueprint(world: World) -> Blueprint:  # noqa: C901 - a list of addresses
    """Return the routes of all shops of this protocol."""
    api = Blueprint("dujiao_next", __name__, url_prefix="/dujiao_next/<shop>/api/v1/upstream")

    @api.post("/ping")
    def ping(shop: str) -> Response:
        found = _signed(world, shop)
        if found is None:
            return _fail("invalid_signature", 401)
        return _say({"site_name": shop, "balance": yuan(found["balance_e4"]), "currency": "CNY"})

    @api.get("/products")
    def products(shop: str) -> Response:
        if _signed(world, shop) is None:
            return _fail("invalid_signature", 401)
        page = int(request.args.get("page", 1))
        size = int(request.args.get("page_size", 20))
        found = world.books.rows(
            "SELECT * FROM product WHERE shop = ? ORDER BY ref LIMIT ? OFFSET ?",
            shop, size, (page - 1) * size,
        )  # fmt: skip
        return _say({"items": [_product(one) for one in found], "page": page})

    @api.get("/products/<ref>")
    def product(shop: str, ref: str) -> Response:
        if _signed(world, shop) is None:
            return _fail("invalid_signature", 401)
        found = world.product(shop, ref)
        return _say({"product": _product(found)}) if found else _fail("product_not_found", 404)

    @api.post("/orders")
    def order(shop: str) -> Response:
        if _signed(world, shop) is None:
            return _fail("invalid_signature", 401)
        body = request.get_json()
        ref = str(body.get("downstream_order_no", ""))

        def work(fault: str) -> Response:
            known = world.exists(shop, ref)
            if known is not None:  # the same reference is the same order
                return _say(_order(known, with_keys=False))
            sku = int(body["sku_id"])
            wish = Wish(
                shop, str(sku // 10), int(body["quantity"]), ref, None,
                str(body.get("callback_url", "")), body.get("manual_form_data", {}),
            )  # fmt: skip
            try:
                made = world.buy(wish, fault)
            except Refused as exc:
                return _fail(*SAYS[exc.code])
            return _say(_order(made, with_keys=False))

        return buying(world, shop, ref, work, lambda: _fail("maintenance", 400))

    @api.get("/orders/<no>")
    def one(shop: str, no: str) -> Response:
        if _signed(world, shop) is None:
            return _fail("invalid_signature", 401)

        def work() -> Response:
            found = world.by_number(shop, no)
            return _say(_order(found)) if found else _fail("order_not_found", 404)

        return asking(world, shop, no, work)

    return api


def callback(
    shop: Row, order: Row, now_s: int, *, forged: bool, number: str
) -> tuple[bytes, dict[str, str], str]:
    """Return body and headers of a callback, and what takes it for received."""
    body = json.dumps(
        {
            "event": "order.updated", "order_id": int(number or order["no"]),
            "downstream_order_no": order["ref"], "status": STATES[order["state"]],
            "timestamp": now_s,
        }
    ).encode()  # fmt: skip
    path = urlsplit(order["callback_url"]).path
    secret = "somebody-else" if forged else shop["key"]
    headers = {
        "Content-Type": "application/json",
        "Dujiao-Next-Api-Key": shop["user"],
        "Dujiao-Next-Timestamp": str(now_s),
        "Dujiao-Next-Signature": _sign(secret, "POST", path, str(now_s), body),
    }
    return body, headers, '{"ok":true'


def _sign(secret: str, method: str, path: str, at_s: str, body: bytes) -> str:
    text = f"{method}\n{path}\n{at_s}\n{hashlib.md5(body).hexdigest()}"  # noqa: S324
    return hmac.new(secret.encode(), text.encode(), hashlib.sha256).hexdigest()


def _signed(world: World, shop: str) -> Row | None:
    found = world.shop(shop)
    at_s = request.headers.get("Dujiao-Next-Timestamp", "")
    if found is None or found["protocol"] != "dujiao_next" or not at_s.isdecimal():
        return None
    ours = _sign(found["key"], request.method, request.path, at_s, request.get_data())
    right = hmac.compare_digest(ours, request.headers.get("Dujiao-Next-Signature", ""))
    mine = request.headers.get("Dujiao-Next-Api-Key") == found["user"]
    return found if right and mine and abs(int(at_s) - world.now_s()) <= SKEW_S else None


def _say(body: dict[str, Any]) -> Response:
    text = json.dumps({"ok": True, **body}, ensure_ascii=False)
    return Response(text, 200, content_type="application/json")


def _fail(code: str, status: int) -> Response:
    text = json.dumps({"ok": False, "error_code": code, "error_message": code})
    return Response(text, status, content_type="application/json")


def _product(product: Row) -> dict[str, Any]:
    price = yuan(product["price_e4"])
    sku = {
        "id": int(product["ref"]) * 10 + SKU, "sku_code": "DEFAULT", "price_amount": price,
        "stock_quantity": product["stock"], "is_active": True,
    }  # fmt: skip
    return {
        "id": int(product["ref"]), "title": {"zh-CN": product["name"]}, "price_amount": price,
        "is_active": True, "skus": [sku],
    }  # fmt: skip


def _order(order: Row, *, with_keys: bool = True) -> dict[str, Any]:
    body: dict[str, Any] = {
        "order_id": order["no"], "order_no": f"DJ{order['no']}",
        "status": STATES[order["state"]], "amount": yuan(order["total_e4"]), "currency": "CNY",
    }  # fmt: skip
    if not with_keys:
        body["status"] = "canceled" if order["state"] == "failed" else "paid"
    elif order["state"] == "done":
        payload = "\n".join(secret for _, secret in keys_of(order))
        body["fulfillment"] = {"type": "auto", "status": "delivered", "payload": payload}
    return body
