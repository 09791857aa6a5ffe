"""acg-faka's own link between two shops (``/shared/…``): form, MD5, keys in the answer itself.

Source: lizhipay/acg-faka, app/Service/Bind/Shared.php and app/Controller/Shared/Commodity.php. It
finds an order by its own number alone and does not promise that a repeated ``request_no`` is the
same order, so an order whose answer was lost can only be cleared up by a person. It takes no price
cap. That the answer to ``trade`` holds ``tradeNo`` beside ``secret`` is from memory.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any
from urllib.parse import unquote_plus

from central.errors import CallbackRefused
from central.supply.suppliers.adapters.access import (
    SAID_MAX,
    Access,
    Reply,
    ask,
    at,
    form,
    keys_in_text,
    known,
    price,
    reject_by_words,
    sure_price,
    word,
)
from central.supply.suppliers.ports import (
    Callback,
    Caps,
    Delivered,
    NotFound,
    NotSent,
    Outcome,
    PurchaseOrder,
    Quote,
    Rejected,
    SupplierSilent,
    Unknown,
)


class AcgShared:
    """An account at an acg-faka shop. Credentials: ``app_id``, ``app_key``."""

    protocol = "acg_shared"
    caps = Caps(safe_cost=False, query_by_ref=False, is_idempotent=False, callback=False,
                lists_offers=False)  # fmt: skip
    callback_answer = ""

    def __init__(self, access: Access) -> None:
        self._id, self._key = access.credential("app_id"), access.credential("app_key")
        self._account = access.account
        self._sender = access.sender()

    def ping(self) -> int:
        """Return the balance."""
        found = known(self._ask("/shared/authentication/connect", {}))
        return sure_price(at(self._data(found), "balance"))

    def list_offers(self, cursor: str) -> tuple[list[Quote], str]:
        """Return nothing: its list has no price of ours in it; offers are typed in."""
        return [], ""

    def quote(self, their_ref: str) -> Quote:
        """Return price and stock."""
        body = {"sharedCode": their_ref, "race": ""}
        data = self._data(known(self._ask("/shared/commodity/inventory", body)))
        count = at(data, "count")
        return Quote(
            their_ref, sure_price(at(data, "factory_price")),
            count if type(count) is int and count >= 0 else None,
        )  # fmt: skip

    def submit(self, order: PurchaseOrder) -> Outcome:
        """Buy; the keys come with the answer, one a line."""
        body = {
            **order.inputs,
            "shared_code": order.their_ref,
            "contact": order.client_ref,
            "num": str(order.quantity),
            "card_id": "0",
            "device": "0",
            "password": "",
            "race": "",
            "request_no": order.client_ref,
        }
        found = self._ask("/shared/commodity/trade", body)
        if not isinstance(found, Reply):
            return found
        code, data = word(at(found.body, "code")), at(found.body, "data")
        if code == "200" and isinstance(data, dict):
            number = word(at(data, "tradeNo")) or order.client_ref
            return Delivered(
                number, keys_in_text(at(data, "secret")), price(at(data, "amount"))
            )  # fmt: skip
        if not code or code == "200":
            return Unknown("garbage")
        said = word(at(found.body, "msg"))
        meant = reject_by_words(said)
        return Unknown("duplicate-order") if meant is None else Rejected(meant, said[:SAID_MAX])

    def query(self, client_ref: str, upstream_no: str) -> Outcome:
        """Ask for an order by the shop's number; without one there is no way to ask."""
        if upstream_no in {"", client_ref}:
            return Unknown("no-number-yet")
        found = self._ask("/shared/commodity/query", {"tradeNo": upstream_no})
        if not isinstance(found, Reply):
            return found
        if "不存在" in word(at(found.body, "msg")):
            return NotFound()
        if word(at(found.body, "code")) != "200":
            return Unknown("code-" + word(at(found.body, "code"))[:20])
        return Delivered(upstream_no, keys_in_text(at(found.body, "data.secret")))

    def parse_callback(self, path: str, headers: Mapping[str, str], raw: bytes) -> Callback:
        """Refuse: this protocol has none."""
        raise CallbackRefused("This supplier does not call.")

    def _ask(self, path: str, body: Mapping[str, str]) -> Reply | NotSent | Unknown:
        fields = {**body, "app_id": self._id, "app_key": self._key}
        pairs = "&".join(f"{name}={value}" for name, value in sorted(fields.items()) if value)
        text = f"{pairs}&key={unquote_plus(self._key)}"
        fields["sign"] = hashlib.md5(text.encode()).hexdigest()  # noqa: S324 - the protocol's
        headers = {"Content-Type": "application/x-www-form-urlencoded"}
        return ask(self._sender, "POST", path, headers, form(fields))

    @staticmethod
    def _data(found: Reply) -> Any:
        if word(at(found.body, "code")) != "200":
            raise SupplierSilent("code-" + word(at(found.body, "code"))[:20])
        return at(found.body, "data")
