"""Dujiao-Next site to site: JSON, HMAC-SHA256 over method, path, time and the body's MD5.

Source: dujiao-next/document, docs/en/api/integration-open-api.md. It finds an order by its own
number alone, but the same ``downstream_order_no`` is the same order: while the number is not known
the machine sends the same request again. It takes no price cap, so the price is asked for just
before. ``their_ref`` is ``product:sku``.
"""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Mapping
from typing import Any

from central.errors import CallbackRefused
from central.supply.suppliers.adapters.access import (
    SAID_MAX,
    Access,
    Reply,
    ask,
    at,
    compact,
    keys_in_text,
    known,
    price,
    sure_price,
    word,
)
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

BASE = "/api/v1/upstream"
PAGE = 100
SKEW_S = 60
_CODES = {
    "insufficient_stock": RejectCode.NO_STOCK,
    "sku_unavailable": RejectCode.OFF_SALE,
    "product_unavailable": RejectCode.OFF_SALE,
    "product_not_found": RejectCode.OFF_SALE,
    "insufficient_balance": RejectCode.BALANCE,
    "bad_request": RejectCode.INPUT,
    "invalid_callback_url": RejectCode.INPUT,
    "missing_auth_headers": RejectCode.AUTH,
    "invalid_timestamp": RejectCode.AUTH,
    "timestamp_expired": RejectCode.AUTH,
    "invalid_signature": RejectCode.AUTH,
    "invalid_api_key": RejectCode.AUTH,
    "user_disabled": RejectCode.AUTH,
}
_DELIVERED = {"delivered", "completed"}
_WAITING = {"pending_payment", "paid", "fulfilling", "partially_delivered"}


class DujiaoNext:
    """An account at another shop of this kind. Credentials: ``api_key``, ``api_secret``."""

    protocol = "dujiao_next"
    caps = Caps(safe_cost=False, query_by_ref=False, is_idempotent=True, callback=True)  # fmt: skip
    callback_answer = '{"ok":true,"message":"received"}'

    def __init__(self, access: Access) -> None:
        self._access = access
        self._key, self._secret = access.credential("api_key"), access.credential("api_secret")
        self._sender = access.sender()

    def ping(self) -> int:
        """Return the wallet's balance."""
        return sure_price(at(self._answer("POST", "/ping"), "balance"))

    def list_offers(self, cursor: str) -> tuple[list[Quote], str]:
        """Return the SKUs of a page of products; the cursor is the page's number."""
        page = int(cursor or 1)
        body = self._answer("GET", "/products", f"?page={page}&page_size={PAGE}")
        items = at(body, "items")
        if not isinstance(items, list):
            raise SupplierSilent("garbage")
        found = [quote for item in items for quote in _quotes(item)]
        return found, str(page + 1) if len(items) >= PAGE else ""

    def quote(self, their_ref: str) -> Quote:
        """Return price and stock of a SKU."""
        product, _, sku = their_ref.partition(":")
        body = self._answer("GET", f"/products/{_digits(product)}")
        for quote in _quotes(at(body, "product")):
            if quote.their_ref == f"{product}:{sku}":
                return quote
        raise SupplierSilent("sku-unavailable")

    def submit(self, order: PurchaseOrder) -> Outcome:
        """Buy; the same reference again is the same order."""
        sku = order.their_ref.partition(":")[2]
        if not sku.isdecimal():
            return Rejected(RejectCode.INPUT, "their_ref is not product:sku")
        body: dict[str, Any] = {
            "sku_id": int(sku),
            "quantity": order.quantity,
            "downstream_order_no": order.client_ref,
            "trace_id": order.client_ref,
        }
        if order.inputs:
            body["manual_form_data"] = dict(order.inputs)
        if order.callback_url:
            body["callback_url"] = order.callback_url
        found = self._ask("POST", "/orders", body=compact(body).encode())
        if not isinstance(found, Reply):
            return found
        if found.status == 200 and at(found.body, "ok") is True:
            return self._taken(found.body)
        code = word(at(found.body, "error_code"))
        if code == "payment_failed" and word(at(found.body, "status")) == "canceled":
            return Rejected(RejectCode.BALANCE, word(at(found.body, "error_message"))[:SAID_MAX])
        if at(found.body, "ok") is False and code in _CODES:
            return Rejected(_CODES[code], code)
        # Among them duplicate_order: it can mean that our first call has worked.
        return Unknown(f"code-{code[:40]}")

    def query(self, client_ref: str, upstream_no: str) -> Outcome:
        """Ask for an order by its own number; without one there is no way to ask."""
        if not upstream_no:
            return Unknown("no-number-yet")
        found = self._ask("GET", f"/orders/{_digits(upstream_no)}")
        if not isinstance(found, Reply):
            return found
        if found.status == 404 and word(at(found.body, "error_code")) == "order_not_found":
            return NotFound()
        if at(found.body, "ok") is not True or word(at(found.body, "order_id")) != upstream_no:
            return Unknown("wrong-binding")
        return self._taken(found.body)

    def parse_callback(self, path: str, headers: Mapping[str, str], raw: bytes) -> Callback:
        """Verify a callback. It is signed over the path that it was sent to."""
        at_s = headers.get("dujiao-next-timestamp", "")
        ours = self._sign("POST", path, at_s, raw)
        given = headers.get("dujiao-next-signature", "").lower()
        key = headers.get("dujiao-next-api-key", "")
        if not hmac.compare_digest(key.encode(), self._key.encode()):
            raise CallbackRefused("The callback is another account's.")
        if not hmac.compare_digest(ours.encode(), given.encode()):
            raise CallbackRefused("The callback's signature is wrong.")
        if not at_s.isdecimal() or abs(int(at_s) - self._access.now_s()) > SKEW_S:
            raise CallbackRefused("The callback is stale.")
        try:
            body = json.loads(raw)
        except (ValueError, RecursionError):
            raise CallbackRefused("The callback is not JSON.") from None
        said = {n: word(at(body, n)) for n in ("order_id", "downstream_order_no", "status")}
        return Callback(
            said["downstream_order_no"], said["order_id"], said["status"],
            hashlib.sha256(compact(said, sort=True).encode()).digest(),
        )  # fmt: skip

    @staticmethod
    def _taken(body: Any) -> Outcome:
        number, state = word(at(body, "order_id")), word(at(body, "status"))
        charged = price(at(body, "amount"))
        if not number:
            return Unknown("no-number")
        if state in _WAITING:
            return Accepted(number, charged)
        if state == "canceled":
            return Rejected(RejectCode.FAILED, "canceled")
        if state in _DELIVERED:
            if at(body, "fulfillment") is None:
                return Accepted(number, charged)  # an order's own answer has no keys yet
            return Delivered(number, keys_in_text(at(body, "fulfillment.payload")), charged)
        return Unknown(f"state-{state[:40]}")

    def _sign(self, method: str, path: str, at_s: str, body: bytes) -> str:
        digest = hashlib.md5(body).hexdigest()  # noqa: S324 - the protocol's
        text = f"{method}\n{path}\n{at_s}\n{digest}"
        return hmac.new(self._secret.encode(), text.encode(), hashlib.sha256).hexdigest()

    def _ask(
        self, method: str, path: str, query: str = "", body: bytes = b""
    ) -> Reply | NotSent | Unknown:
        at_s = str(self._access.now_s())
        headers = {
            "Dujiao-Next-Api-Key": self._key,
            "Dujiao-Next-Timestamp": at_s,
            "Dujiao-Next-Signature": self._sign(
                method, f"{self._sender.path}{BASE}{path}", at_s, body
            ),
            "Content-Type": "application/json",
        }
        return ask(self._sender, method, f"{BASE}{path}{query}", headers, body)

    def _answer(self, method: str, path: str, query: str = "") -> Any:
        found = known(self._ask(method, path, query)).body
        if at(found, "ok") is not True:
            raise SupplierSilent("code-" + word(at(found, "error_code"))[:40])
        return found


def _quotes(product: Any) -> list[Quote]:
    number, skus = word(at(product, "id")), at(product, "skus")
    found = []
    for sku in skus if isinstance(skus, list) else ():
        stock = at(sku, "stock_quantity")
        found.append(
            Quote(
                f"{number}:{word(at(sku, 'id'))}", sure_price(at(sku, "price_amount")),
                stock if type(stock) is int and stock >= 0 else None,
                at(product, "is_active") is True and at(sku, "is_active") is True,
                word(at(product, "title.zh-CN")) or word(at(sku, "sku_code")),
            )
        )  # fmt: skip
    return found


def _digits(text: str) -> str:
    if not text.isascii() or not text.isdecimal():
        raise SupplierSilent("their-ref-unreadable")
    return text
