"""Plays an acg-faka shop: it takes the same number twice, as nothing says that it does not."""

from __future__ import annotations

import hashlib
import hmac
import json
from typing import Any

from flask import Blueprint, Response, request

from central.simulators.parts.books import Row
from central.simulators.supplier.protocols.serve import asking, buying
from central.simulators.supplier.world import Refused, Wish, World, keys_of, yuan

SAYS = {"no-stock": "库存不足", "balance": "余额不足", "off-sale": "商品不存在", "price": "价格"}


def blueprint(world: World) -> Blueprint:  # noqa: C901 - a list of addresses
    """Return the routes of all shops of this protocol."""
    api = Blueprint("acg_shared", __name__, url_prefix="/acg_shared/<shop>/shared")

    @api.post("/authentication/connect")
    def connect(shop: str) -> Response:
        found = _signed(world, shop)
        if found is None:
            return _say(0, "签名错误")
        return _say(200, "success", {"shopName": shop, "balance": yuan(found["balance_e4"])})

    @api.post("/commodity/inventory")
    def inventory(shop: str) -> Response:
        if _signed(world, shop) is None:
            return _say(0, "签名错误")
        found = world.product(shop, request.form.get("sharedCode", ""))
        if found is None:
            return _say(0, "商品不存在")
        data = {
            "count": found["stock"],
            "delivery_way": 0,
            "factory_price": found["price_e4"] / 1e4,
        }
        return _say(200, "success", data)

    @api.post("/commodity/trade")
    def trade(shop: str) -> Response:
        if _signed(world, shop) is None:
            return _say(0, "签名错误")
        form = request.form
        ref = form.get("request_no", "")

        def work(fault: str) -> Response:
            wish = Wish(shop, form.get("shared_code", ""), int(form["num"]), ref)
            try:
                order = world.buy(wish, fault)
            except Refused as exc:
                return _say(0, SAYS[exc.code])
            secret = "\n".join(secret for _, secret in keys_of(order))
            data = {
                "tradeNo": str(order["no"]),
                "amount": yuan(order["total_e4"]),
                "secret": secret,
            }
            return _say(200, "success", data)

        return buying(world, shop, ref, work, lambda: Response('{"msg": "?"}', 200))

    @api.post("/commodity/query")
    def query(shop: str) -> Response:
        if _signed(world, shop) is None:
            return _say(0, "签名错误")
        no = request.form.get("tradeNo", "")

        def work() -> Response:
            order = world.by_number(shop, no)
            if order is None:
                return _say(0, "订单不存在")
            secret = "\n".join(secret for _, secret in keys_of(order))
            return _say(200, "success", {"secret": secret, "widget": None, "status": 1})

        return asking(world, shop, no, work)

    return api


def _signed(world: World, shop: str) -> Row | None:
    found = world.shop(shop)
    if found is None or found["protocol"] != "acg_shared":
        return None
    form = request.form.to_dict()
    given = form.pop("sign", "")
    pairs = "&".join(f"{name}={form[name]}" for name in sorted(form) if form[name])
    text = f"{pairs}&key={found['key']}"
    ours = hashlib.md5(text.encode()).hexdigest()  # noqa: S324 - the protocol's
    mine = form.get("app_id") == found["user"] and form.get("app_key") == found["key"]
    return found if mine and hmac.compare_digest(ours, given) else None


def _say(code: int, message: str, data: Any = None) -> Response:
    body = json.dumps({"code": code, "msg": message, "data": data}, ensure_ascii=False)
    return Response(body, 200, content_type="application/json")
