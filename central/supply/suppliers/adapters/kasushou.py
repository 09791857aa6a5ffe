"""卡速售 2.0: JSON, signed by SHA-1 over time, body and key. Source: doc.kasushou.com/api/v2api.

The order is asynchronous and its answer never holds keys; a call that timed out is to be asked for
at order/info, by our number. A refusal is code 400 with a sentence and no code of its own, so its
kind is read from the words. The callback does not sign the keys in it, so it only wakes a query.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping
from typing import Any

from central.errors import CallbackRefused
from central.supply.suppliers.adapters.access import (
    SAID_MAX,
    SKEW_S,
    Access,
    Reply,
    ask,
    at,
    compact,
    fields_of,
    keys_in,
    known,
    price,
    reject_by_words,
    sure_price,
    word,
)
from central.supply.suppliers.model import e4_text
from central.supply.suppliers.ports import (
    Accepted,
    Callback,
    Caps,
    Delivered,
    NotFound,
    NotSent,
    Outcome,
    PurchaseOrder,
    Quote,
    RejectCode,
    Rejected,
    SupplierSilent,
    Unknown,
)

PAGE = 100
_WAITING, _DONE, _ENDED = {"1", "2", "-1"}, "3", {"4", "5"}
_UNSIGNED = {"sign", "card_list", "express_list"}
_ON_SALE = "1"


class Kasushou:
    """An account at a 卡速售 platform. Credentials: ``user_id``, ``api_key``."""

    protocol = "kasushou"
    caps = Caps(safe_cost=True, query_by_ref=True, is_idempotent=False, callback=True)
    callback_answer = "ok"

    def __init__(self, access: Access) -> None:
        self._access = access
        self._user, self._key = access.credential("user_id"), access.credential("api_key")
        self._sender = access.sender()

    def ping(self) -> int:
        """Return the balance."""
        return sure_price(at(self._answer("/api/v1/user/info", {}), "data.balance"))

    def list_offers(self, cursor: str) -> tuple[list[Quote], str]:
        """Return a page of goods; the cursor is the page's number."""
        page = int(cursor or 1)
        body = self._answer("/api/v1/goods/list", {"limit": PAGE, "page": page})
        found = at(body, "data.list")
        if not isinstance(found, list):
            raise SupplierSilent("garbage")
        return [_quote(goods) for goods in found], str(page + 1) if len(found) >= PAGE else ""

    def quote(self, their_ref: str) -> Quote:
        """Return price and stock."""
        body = self._answer("/api/v1/goods/info", {"id": _number(their_ref)})
        return _quote(at(body, "data"))

    def submit(self, order: PurchaseOrder) -> Outcome:
        """Buy; what comes is an order number."""
        body: dict[str, Any] = {
            "id": _number(order.their_ref),
            "external_orderno": order.client_ref,
            "quantity": order.quantity,
            "safe_price": e4_text(order.safe_cost_e4),
        }
        if order.callback_url:
            body["url"] = order.callback_url
        if order.inputs:
            body["attach"] = dict(sorted(order.inputs.items()))
        found = self._ask("/api/v1/order/buy", body)
        if not isinstance(found, Reply):
            return found
        match word(at(found.body, "code")):
            case "200":
                ours = word(at(found.body, "data.external_orderno"))
                number = word(at(found.body, "data.ordersn"))
                if not number or ours not in {"", order.client_ref}:
                    return Unknown("wrong-binding")
                return Accepted(number, price(at(found.body, "data.total_price")))
            case "400":
                said = word(at(found.body, "msg"))
                code = reject_by_words(said)
                if code is None:
                    return Unknown("duplicate-order")
                return Rejected(code, said[:SAID_MAX])
        return Unknown("code-" + word(at(found.body, "code"))[:20])

    def query(self, client_ref: str, upstream_no: str) -> Outcome:
        """Ask for an order by our number."""
        body = {"day": "0", "external_orderno": client_ref, "ordersn": ""}
        found = self._ask("/api/v1/order/info", body)
        if not isinstance(found, Reply):
            return found
        code, orders = word(at(found.body, "code")), at(found.body, "data")
        if code == "400" and "不存在" in word(at(found.body, "msg")):
            return NotFound()
        if code != "200" or not isinstance(orders, list):
            return Unknown("code-" + code[:20])
        if not orders:
            return NotFound()
        [order, *more] = orders
        number = word(at(order, "ordersn"))
        if more or word(at(order, "external_orderno")) != client_ref or not number:
            return Unknown("wrong-binding")
        if upstream_no not in {"", number}:
            return Unknown("wrong-binding")
        return _outcome(order, number)

    def parse_callback(self, path: str, headers: Mapping[str, str], raw: bytes) -> Callback:
        """Verify a callback's signature and age."""
        body = fields_of(raw)
        signed = {n: v for n, v in sorted(body.items()) if n not in _UNSIGNED}
        at_ms = word(body.get("time"))
        # PHP's json_encode(…, 256) writes a slash as \/, other than in the requests.
        text = compact(signed).replace("/", "\\/")
        ours = hashlib.sha1(f"{at_ms}{text}{self._key}".encode()).hexdigest()  # noqa: S324
        if not hmac.compare_digest(ours, word(body.get("sign")).lower()):
            raise CallbackRefused("The callback's signature is wrong.")
        if not at_ms.isdecimal() or abs(int(at_ms) // 1000 - self._access.now_s()) > SKEW_S:
            raise CallbackRefused("The callback is stale.")
        what = {n: v for n, v in signed.items() if n != "time"}
        return Callback(
            word(body.get("external_orderno")), word(body.get("ordersn")),
            word(body.get("status")), hashlib.sha256(compact(what).encode()).digest(),
        )  # fmt: skip

    def _ask(self, path: str, body: dict[str, Any]) -> Reply | NotSent | Unknown:
        text = compact(dict(sorted(body.items())))
        at_ms = str(self._access.now_s() * 1000)
        signed = hashlib.sha1(f"{at_ms}{text}{self._key}".encode()).hexdigest()  # noqa: S324
        headers = {
            "Content-Type": "application/json; charset=utf-8",
            "Sign": signed,
            "Timestamp": at_ms,
            "UserId": self._user,
        }
        return ask(self._sender, "POST", path, headers, text.encode())

    def _answer(self, path: str, body: dict[str, Any]) -> Any:
        found = known(self._ask(path, body)).body
        if word(at(found, "code")) != "200":
            raise SupplierSilent("code-" + word(at(found, "code"))[:20])
        return found


def _outcome(order: Any, number: str) -> Outcome:
    state, charged = word(at(order, "status")), price(at(order, "total_price"))
    if state in _WAITING:
        return Accepted(number, charged)
    if state in _ENDED:
        # Only what was given back whole is certain not to have been sold.
        back = price(at(order, "has_back_money"))
        if back is None or charged is None or back < charged:
            return Unknown("refund-incomplete")
        return Rejected(RejectCode.FAILED, word(at(order, "recharge_hints"))[:SAID_MAX])
    if state == _DONE:
        cards = at(order, "card_list")
        keys = keys_in(cards, ("card_password",), ("card_no",), "end_time")
        return Delivered(number, keys, charged)
    return Unknown(f"state-{state[:20]}")


def _quote(goods: Any) -> Quote:
    stock = at(goods, "stock_num")
    return Quote(
        word(at(goods, "id")), sure_price(at(goods, "goods_price")),
        stock if type(stock) is int and stock >= 0 else None,
        word(at(goods, "status")) == _ON_SALE, word(at(goods, "goods_name")),
    )  # fmt: skip


def _number(their_ref: str) -> int | str:
    return int(their_ref) if their_ref.isdecimal() else their_ref
