"""Plays a 美狐-style shop."""

from __future__ import annotations

import hashlib
import hmac
import json
from typing import Any
from urllib.parse import urlencode

from flask import Blueprint, Response, request

from central.simulators.parts.books import Row
from central.simulators.supplier.protocols.serve import asking, buying, listing
from central.simulators.supplier.world import (
    Refused,
    Wish,
    World,
    e4_of,
    keys_of,
    moment,
    yuan,
)

STATES = {"waiting": 100, "done": 200, "failed": 500}
SAYS = {
    "price": "售价高于安全进价", "no-stock": "库存不足", "balance": "余额不足",
    "off-sale": "商品已下架",
}  # fmt: skip
SKEW_S = 300


def blueprint(world: World) -> Blueprint:  # noqa: C901 - a list of addresses
    """Return the routes of all shops of this protocol."""
    api = Blueprint("meihu", __name__, url_prefix="/meihu/<shop>")

    @api.post("/api/customer")
    def customer(shop: str) -> Response:
        found = _signed(world, shop)
        if found is None:
            return _say("invalid_sign")
        return _say("ok", {"id": 10000, "name": "商家", "balance": yuan(found["balance_e4"])})

    @api.post("/api/product")
    def product(shop: str) -> Response:
        if _signed(world, shop) is None:
            return _say("invalid_sign")
        found = world.product(shop, request.form.get("product_id", ""))
        return _say("ok", _product(found)) if found else _say("error", message="商品不存在")

    @api.post("/api/product-list")
    def products(shop: str) -> Response:
        if _signed(world, shop) is None:
            return _say("invalid_sign")
        found = world.books.rows("SELECT * FROM product WHERE shop = ? ORDER BY ref", shop)
        return _say("ok", [_product(one) for one in found])

    @api.post("/api/buy")
    def buy(shop: str) -> Response:
        if _signed(world, shop) is None:
            return _say("invalid_sign")
        form = request.form
        ref = form.get("outer_order_id", "")

        def work(fault: str) -> Response:
            if world.exists(shop, ref):
                return _say("error", message="外部订单号已存在")
            safe = e4_of(form["safe_cost"]) if "safe_cost" in form else None
            inputs = {n: v for n, v in form.items() if n.startswith("recharge_")}
            wish = Wish(
                shop, form.get("product_id", ""), int(form["quantity"]), ref, safe,
                form.get("notify_url", ""), inputs,
            )  # fmt: skip
            try:
                order = world.buy(wish, fault)
            except Refused as exc:
                return _say("error", message=SAYS[exc.code])
            data = _order(order)
            if fault == "other-number":
                data["outer_order_id"] = "SOMEBODY-ELSE"
            return _say("ok", data)

        return buying(world, shop, ref, work, lambda: _say("maintenance"))

    @api.post("/api/outer-order")
    def outer(shop: str) -> Response:
        if _signed(world, shop) is None:
            return _say("invalid_sign")
        ref = request.form.get("outer_order_id", "")

        def work() -> Response:
            order = world.find(shop, ref)
            return _say("ok", _order(order)) if order else _say("error", message="订单不存在")

        return asking(world, shop, ref, work)

    @api.post("/api/changes")
    def changes(shop: str) -> Response:
        """List what has changed: no address of the real shops, but of whatever a data file says."""
        if _signed(world, shop) is None:
            return _say("invalid_sign")
        since_s, page = int(request.form.get("since", 0)), int(request.form.get("page", 1))
        found = world.changed_since(shop, since_s)
        return _say("ok", [_product(one) for one in found[page - 1 : page]])

    @api.post("/api/orders")
    def orders(shop: str) -> Response:
        """List a day's orders: no address of the real shops, but of whatever a data file says."""
        if _signed(world, shop) is None:
            return _say("invalid_sign")
        form = request.form
        page, size = int(form.get("page", 1)), int(form.get("size", 2))

        def work(found: list[Row], fault: str) -> Response:
            counted = [one for one in found if one["state"] != "failed"]
            total_e4 = sum(one["total_e4"] for one in counted)
            page_of = found[(page - 1) * size : page * size]
            lines = [{**_order(one), "created_at": moment(one["at_s"])} for one in page_of]
            if fault == "statement-cut":
                lines = lines[:-1]
            amount = yuan(total_e4 + (fault == "statement-sum"))
            data = {"total": len(found), "amount": amount, "list": lines}
            return _say("ok", data)

        return listing(world, shop, form.get("day", ""), work)

    return api


def callback(
    shop: Row, order: Row, now_s: int, *, forged: bool, number: str
) -> tuple[bytes, dict[str, str], str]:
    """Return body and headers of a callback, and what takes it for received."""
    body = {
        "customer_id": shop["user"],
        "order_id": number or str(order["no"]),
        "outer_order_id": order["ref"],
        "product_id": order["product"],
        "quantity": str(order["quantity"]),
        "state": str(STATES[order["state"]]),
        "state_info": "",
        "created_at": "2026-04-11 10:00:00",
        "timestamp": str(now_s),
    }
    body["sign"] = _sign("somebody-else" if forged else shop["key"], body)
    body["cards"] = '[{"card_no": "", "card_password": "not signed"}]'
    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    return urlencode(body).encode(), headers, "ok"


def _signed(world: World, shop: str) -> Row | None:
    found = world.shop(shop)
    if found is None or found["protocol"] not in {"meihu", "generic_json"}:
        return None
    form = request.form.to_dict()
    given = form.pop("sign", "")
    at_s = form.get("timestamp", "")
    fresh = at_s.isdecimal() and abs(int(at_s) - world.now_s()) <= SKEW_S
    right = hmac.compare_digest(_sign(found["key"], form), given)
    return found if fresh and right and form.get("customer_id") == found["user"] else None


def _sign(key: str, fields: dict[str, str]) -> str:
    text = key + "".join(name + fields[name] for name in sorted(fields))
    return hashlib.md5(text.encode()).hexdigest()  # noqa: S324 - the protocol's


def _say(code: str, data: Any = None, message: str = "") -> Response:
    body = json.dumps({"code": code, "message": message, "data": data}, ensure_ascii=False)
    return Response(body, 200, content_type="application/json")


def _product(product: Row) -> dict[str, Any]:
    return {
        "id": product["ref"], "product_name": product["name"], "name": "标准",
        "price": yuan(product["price_e4"]), "valid_purchasing_quantity": "1-100",
        "type": 2 if product["kind"] == "key" else 1,
        "stock_state": 1 if product["stock"] > 0 else 2, "supply_state": 1,
    }  # fmt: skip


def _order(order: Row) -> dict[str, Any]:
    return {
        "order_id": str(order["no"]), "outer_order_id": order["ref"],
        "product_price": yuan(order["unit_e4"]), "total_price": yuan(order["total_e4"]),
        "state": STATES[order["state"]],
        "cards": [
            {"card_no": number, "card_password": secret, "expired_at": ""}
            for number, secret in keys_of(order)
        ],
    }  # fmt: skip
