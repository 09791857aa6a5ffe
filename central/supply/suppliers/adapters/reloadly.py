"""Reloadly-style gift cards: OAuth token, order with ``customIdentifier``, codes fetched apart.

Sources: Reloadly's SDKs and schemas (orders, redeem cards). An order is found by our reference in
the report of transactions, and a day is that report between two times (``startDate``,
``endDate``: Reloadly/reloadly-api-documentation, get-all-transactions); how it is filtered by our
reference and divided into pages, and the shape of a product's prices, are from memory, and no call
to the real one was ever made. It takes no price cap. ``their_ref`` is
``product:unit price:country``; settings: ``auth_url``, ``sender``.
"""

from __future__ import annotations

import datetime as dt
import threading
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote as escaped
from urllib.parse import urlencode

from central.errors import CallbackRefused
from central.supply.suppliers.adapters.access import (
    SAID_MAX,
    Access,
    Reply,
    ask,
    at,
    compact,
    keys_in,
    known,
    price,
    reject_by_words,
    sure_price,
    word,
)
from central.supply.suppliers.adapters.send import Sender
from central.supply.suppliers.adapters.statement import Layout, collect
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
    Statement,
    SupplierSilent,
    Unknown,
)

_ACCEPT = "application/com.reloadly.giftcards-v1+json"
_WAITING = {"PENDING", "PROCESSING"}
_ENDED = {"FAILED", "REFUNDED"}
_TOKEN_EARLY_S = 60
PAGE = 200
_STATEMENT = Layout(
    items="content", count="totalElements", our_number="customIdentifier",
    their_number="transactionId", amount="amount", state="status", time="transactionCreatedTime",
    charged=frozenset({"SUCCESSFUL", *_WAITING}), ignored=frozenset(_ENDED),
    currency="currencyCode", pages=True,
)  # fmt: skip


class Reloadly:
    """An account at Reloadly. Credentials: ``client_id``, ``client_secret``."""

    protocol = "reloadly"
    caps = Caps(safe_cost=False, query_by_ref=True, is_idempotent=False, callback=False,
                lists_offers=False, statements=True)  # fmt: skip
    callback_answer = ""

    def __init__(self, access: Access) -> None:
        self._access = access
        self._id = access.credential("client_id")
        self._secret = access.credential("client_secret")
        self._sender = access.sender()
        auth = access.settings.get("auth_url", "") or access.base_url
        self._auth = Sender(auth, is_test=access.is_test, deadline_s=access.deadline_s)
        self._token, self._until_s = "", 0
        self._lock = threading.Lock()

    def ping(self) -> int:
        """Return the balance."""
        return sure_price(at(known(self._ask("GET", "/accounts/balance")).body, "balance"))

    def list_offers(self, cursor: str) -> tuple[list[Quote], str]:
        """Return nothing: offers are typed in, each with its denomination."""
        return [], ""

    def quote(self, their_ref: str) -> Quote:
        """Return what one card of a denomination costs us, fee and all."""
        product, unit_price, _ = _parts(their_ref)
        body = known(self._ask("GET", f"/products/{product}")).body
        prices = at(body, "fixedRecipientToSenderDenominationsMap")
        wanted = price(unit_price)
        for denomination, cost in prices.items() if isinstance(prices, dict) else ():
            if price(denomination) == wanted:
                fee = price(at(body, "senderFee")) or 0
                name = word(at(body, "productName"))
                return Quote(their_ref, sure_price(cost) + fee, None, name=name)
        raise SupplierSilent("no-such-denomination")

    def statement(self, day: dt.date) -> Statement:
        """Return a day's transactions; of the report's own clock, whichever zone that is."""

        def page_of(page: int) -> Reply:
            wanted = {
                "startDate": f"{day} 00:00:00", "endDate": f"{day} 23:59:59",
                "page": page, "size": PAGE,
            }  # fmt: skip
            found = known(self._ask("GET", f"/reports/transactions?{urlencode(wanted)}"))
            if found.status != 200:
                raise SupplierSilent(f"http-{found.status}")
            return found

        return collect(page_of, _STATEMENT, day)

    def submit(self, order: PurchaseOrder) -> Outcome:
        """Buy; the codes are fetched by ``query``."""
        product, unit_price, country = _parts(order.their_ref)
        body: dict[str, Any] = {
            "productId": int(product),
            "countryCode": country,
            "quantity": order.quantity,
            "unitPrice": unit_price,
            "customIdentifier": order.client_ref,
            "senderName": self._access.settings.get("sender", "") or "Tearoff",
        }
        if "email" in order.inputs:
            body["recipientEmail"] = order.inputs["email"]
        found = self._ask("POST", "/orders", compact(body).encode())
        if not isinstance(found, Reply):
            return found
        if found.status == 200:
            return self._taken(found.body, order.client_ref)
        said = word(at(found.body, "message"))
        if found.status in {401, 403}:
            return Rejected(RejectCode.AUTH, said[:SAID_MAX])
        meant = reject_by_words(said)
        return Unknown("duplicate-order") if meant is None else Rejected(meant, said[:SAID_MAX])

    def query(self, client_ref: str, upstream_no: str) -> Outcome:
        """Ask for a transaction by our reference, and for its codes once it has succeeded."""
        found = self._ask("GET", f"/reports/transactions?customIdentifier={escaped(client_ref)}")
        if not isinstance(found, Reply):
            return found
        content = at(found.body, "content")
        if found.status != 200 or not isinstance(content, list):
            return Unknown(f"http-{found.status}")
        if not content:
            return NotFound()
        [order, *more] = content
        if more or upstream_no not in {"", word(at(order, "transactionId"))}:
            return Unknown("wrong-binding")
        taken = self._taken(order, client_ref)
        if not isinstance(taken, Accepted) or word(at(order, "status")) != "SUCCESSFUL":
            return taken
        cards = self._ask("GET", f"/orders/transactions/{taken.upstream_no}/cards")
        if not isinstance(cards, Reply) or cards.status != 200:
            return taken
        keys = keys_in(cards.body, ("pinCode",), ("cardNumber",), "")
        return Delivered(taken.upstream_no, keys, taken.charged_e4)

    def parse_callback(self, path: str, headers: Mapping[str, str], raw: bytes) -> Callback:
        """Refuse: its webhooks are not taken; orders are asked for."""
        raise CallbackRefused("This supplier's calls are not taken.")

    @staticmethod
    def _taken(body: Any, client_ref: str) -> Outcome:
        number, state = word(at(body, "transactionId")), word(at(body, "status"))
        if not number or word(at(body, "customIdentifier")) != client_ref:
            return Unknown("wrong-binding")
        if state in _ENDED:
            return Rejected(RejectCode.FAILED, state)
        if state == "SUCCESSFUL" or state in _WAITING:
            return Accepted(number, price(at(body, "amount")))
        return Unknown(f"state-{state[:40]}")

    def _ask(self, method: str, path: str, body: bytes = b"") -> Reply | NotSent | Unknown:
        token = self._bearer()
        if isinstance(token, NotSent):
            return token
        headers = {"Authorization": f"Bearer {token}", "Accept": _ACCEPT}
        if body:
            headers["Content-Type"] = "application/json"
        found = ask(self._sender, method, path, headers, body)
        if isinstance(found, Reply) and found.status == 401:
            with self._lock:
                self._until_s = 0
        return found

    def _bearer(self) -> str | NotSent:
        """Return a token; what was to be asked with it has not been sent if there is none."""
        with self._lock:
            if self._access.now_s() < self._until_s:
                return self._token
            body = {
                "client_id": self._id, "client_secret": self._secret,
                "grant_type": "client_credentials", "audience": self._access.base_url,
            }  # fmt: skip
            headers = {"Content-Type": "application/json"}
            found = ask(self._auth, "POST", "/oauth/token", headers, compact(body).encode())
            if not isinstance(found, Reply):
                return NotSent(f"token-{found.code}")
            token, lasts_s = word(at(found.body, "access_token")), at(found.body, "expires_in")
            if found.status != 200 or not token or type(lasts_s) is not int:
                return NotSent("token-refused")
            self._token = token
            self._until_s = self._access.now_s() + max(0, lasts_s - _TOKEN_EARLY_S)
            return token


def _parts(their_ref: str) -> tuple[str, str, str]:
    product, _, rest = their_ref.partition(":")
    unit_price, _, country = rest.partition(":")
    if not product.isdecimal() or price(unit_price) is None or not country.isalpha():
        raise SupplierSilent("their-ref-unreadable")
    return product, unit_price, country
