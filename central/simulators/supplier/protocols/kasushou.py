"""Plays a 卡速售 2.0 platform."""

from __future__ import annotations

import hashlib
import hmac
import json
from typing import Any

from flask import Blueprint, Response, request

from central.simulators.parts.books import Row
from central.simulators.supplier.protocols.serve import asking, buying
from central.simulators.supplier.world import Refused, Wish, World, e4_of, keys_of, yuan

STATES = {"waiting": 2, "done": 3, "failed": 5}
SAYS = {
    "price": "安全价格不能小于售价", "no-stock": "商品库存不足", "balance": "用户余额不足",
    "off-sale": "商品已下架",
}  # fmt: skip
SKEW_MS = 300_000


def blueprint(world: World) -> Blueprint:  # noqa: C901 - a list of addresses
    """Return the routes of all shops of this protocol."""
    api = Blueprint("kasushou", __name__, url_prefix="/kasushou/<shop>")

    @api.post("/api/v1/user/info")
    def user(shop: str) -> Response:
        found, _ = _signed(world, shop)
        if found is None:
            return _say(400, "签名错误")
        return _say(200, "成功", {"balance": yuan(found["balance_e4"])[:-2]})

    @api.post("/api/v1/goods/info")
    def goods(shop: str) -> Response:
        found, body = _signed(world, shop)
        if found is None:
            return _say(400, "签名错误")
        product = world.product(shop, str(body.get("id")))
        return _say(200, "成功", _goods(product)) if product else _say(400, "商品不存在")

    @api.post("/api/v1/goods/list")
    def listed(shop: str) -> Response:
        found, body = _signed(world, shop)
        if found is None:
            return _say(400, "签名错误")
        page, limit = int(body.get("page", 1)), int(body.get("limit", 100))
        products = world.books.rows(
            "SELECT * FROM product WHERE shop = ? ORDER BY ref LIMIT ? OFFSET ?",
            shop, limit, (page - 1) * limit,
        )  # fmt: skip
        return _say(200, "成功", {"list": [_goods(p) for p in products], "total": len(products)})

    @api.post("/api/v1/order/buy")
    def buy(shop: str) -> Response:
        found, body = _signed(world, shop)
        ref = str(body.get("external_orderno", ""))
        if found is None:
            return _say(400, "签名错误")

        def work(fault: str) -> Response:
            if world.exists(shop, ref):
                return _say(400, "订单号重复")
            safe = e4_of(body["safe_price"]) if "safe_price" in body else None
            try:
                order = world.buy(
                    Wish(shop, str(body.get("id")), int(body["quantity"]), ref, safe,
                         str(body.get("url", "")), body.get("attach", {})),
                    fault,
                )  # fmt: skip
            except Refused as exc:
                return _say(400, SAYS[exc.code])
            number = "D999999" if fault == "other-number" else f"D{order['no']}"
            theirs = "SOMEBODY-ELSE" if fault == "other-number" else ref
            data = {
                "ordersn": number, "external_orderno": theirs,
                "total_price": yuan(order["total_e4"]),
            }  # fmt: skip
            return _say(200, "下单成功", data)

        return buying(world, shop, ref, work, lambda: _say(777, "系统升级"))

    @api.post("/api/v1/order/info")
    def info(shop: str) -> Response:
        found, body = _signed(world, shop)
        ref = str(body.get("external_orderno", ""))
        if found is None:
            return _say(400, "签名错误")

        def work() -> Response:
            order = world.find(shop, ref)
            return _say(200, "成功", [_order(order)] if order else [])

        return asking(world, shop, ref, work)

    return api


def callback(
    shop: Row, order: Row, now_s: int, *, forged: bool, number: str
) -> tuple[bytes, dict[str, str], str]:
    """Return body and headers of a callback, and what takes it for received."""
    body: dict[str, Any] = {
        "external_orderno": order["ref"],
        "ordersn": number or f"D{order['no']}",
        "status": str(STATES[order["state"]]),
        "has_back_money": yuan(order["total_e4"]) if order["state"] == "failed" else "0.00",
        "total_price": yuan(order["total_e4"]),
        "recharge_hints": "http://example.com/订单处理完成",
        "time": str(now_s * 1000),
    }
    # json_encode(…, 256): a slash is escaped.
    text = json.dumps(dict(sorted(body.items())), ensure_ascii=False, separators=(",", ":"))
    text = text.replace("/", "\\/")
    key = "somebody-else" if forged else shop["key"]
    body["sign"] = hashlib.sha1(f"{body['time']}{text}{key}".encode()).hexdigest()  # noqa: S324
    body["card_list"] = [{"card_no": "", "card_password": "not signed", "end_time": ""}]
    return json.dumps(body).encode(), {"Content-Type": "application/json"}, "ok"


def _signed(world: World, shop: str) -> tuple[Row | None, dict[str, Any]]:
    found = world.shop(shop)
    raw = request.get_data()
    at_ms = request.headers.get("Timestamp", "")
    body = request.get_json(silent=True)
    if found is None or not isinstance(body, dict) or found["protocol"] != "kasushou":
        return None, {}
    text = f"{at_ms}{raw.decode()}{found['key']}"
    ours = hashlib.sha1(text.encode()).hexdigest()  # noqa: S324
    in_order = list(body) == sorted(body)
    fresh = at_ms.isdecimal() and abs(int(at_ms) - world.now_s() * 1000) <= SKEW_MS
    right = hmac.compare_digest(ours, request.headers.get("Sign", ""))
    mine = request.headers.get("UserId") == found["user"]
    return (found, body) if in_order and fresh and right and mine else (None, body)


def _say(code: int, message: str, data: Any = None) -> Response:
    body = json.dumps({"code": code, "msg": message, "data": data}, ensure_ascii=False)
    return Response(body, 200, content_type="application/json")


def _goods(product: Row) -> dict[str, Any]:
    return {
        "id": product["ref"], "goods_name": product["name"],
        "goods_type": 1 if product["kind"] == "key" else 2,
        "goods_price": yuan(product["price_e4"]), "status": 1, "stock_num": product["stock"],
    }  # fmt: skip


def _order(order: Row) -> dict[str, Any]:
    back = order["total_e4"] if order["state"] == "failed" else 0
    return {
        "ordersn": f"D{order['no']}", "external_orderno": order["ref"], "recharge_info": [],
        "recharge_hints": "", "status": STATES[order["state"]],
        "total_price": yuan(order["total_e4"]), "has_back_money": yuan(back),
        "card_list": [{"card_no": n, "card_password": s} for n, s in keys_of(order)],
    }  # fmt: skip
