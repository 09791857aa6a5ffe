"""A protocol that is a data file: addresses, signature, fields and states of a shop.

Credentials: ``user`` and ``key``. The setting ``profile`` names the file.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import hmac
import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

from central.errors import CallbackRefused
from central.supply.suppliers.adapters.access import (
    SAID_MAX,
    Access,
    Reply,
    ask,
    at,
    compact,
    fields_of,
    form,
    keys_in,
    known,
    price,
    reject_by_words,
    sure_price,
    word,
)
from central.supply.suppliers.adapters.profile import (
    Call,
    ListPart,
    OrderState,
    Profile,
    QuotePart,
    Sign,
)
from central.supply.suppliers.adapters.statement import Layout, collect
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
    Statement,
    SupplierSilent,
    Unknown,
)

_HOLE = re.compile(r"\{([^{}]*)\}")
_DIGESTS = {"md5": hashlib.md5, "sha1": hashlib.sha1, "sha256": hashlib.sha256}


class GenericJson:
    """An account at a shop whose protocol a data file describes."""

    def __init__(self, access: Access, profile: Profile) -> None:
        self._access, self._profile = access, profile
        self.protocol = profile.name
        self.caps = Caps(
            safe_cost=profile.sends_safe_cost, query_by_ref=profile.asks_by_ref,
            is_idempotent=profile.is_idempotent, callback=profile.callback is not None,
            lists_offers=profile.list is not None, statements=profile.statement is not None,
            lists_changes=profile.changes is not None,
        )  # fmt: skip
        self.callback_answer = profile.callback.answer if profile.callback else "ok"
        self._user, self._key = access.credential("user"), access.credential("key")
        self._sender = access.sender()

    def ping(self) -> int:
        """Return the balance."""
        found = self._answer(self._profile.balance, {})
        return sure_price(at(found, self._profile.balance.value))

    def list_offers(self, cursor: str) -> tuple[list[Quote], str]:
        """Return a page of what it sells."""
        part = self._profile.list
        return ([], "") if part is None else self._page(part, cursor, {})

    def list_changes(self, since_s: int, cursor: str) -> tuple[list[Quote], str]:
        """Return a page of what has changed, where the data file says how to ask."""
        part = self._profile.changes
        if part is None:
            return [], ""
        since = {"since_s": str(since_s), "since_ms": str(since_s * 1000)}
        return self._page(part, cursor, since)

    def _page(
        self, part: ListPart, cursor: str, values: Mapping[str, str]
    ) -> tuple[list[Quote], str]:  # fmt: skip
        page = cursor or "1"
        items = at(self._answer(part, {"page": page, **values}), part.items)
        if not isinstance(items, list):
            raise SupplierSilent("garbage")
        found = [_quote(item, self._profile.quote) for item in items]
        return found, str(int(page) + 1) if part.pages and items else ""

    def statement(self, day: dt.date) -> Statement:
        """Return what was charged on a day, where the data file says how to ask."""
        part = self._profile.statement
        if part is None:
            raise SupplierSilent("no-statements")
        layout = Layout(
            part.items, part.count, part.our_number, part.their_number, part.amount, part.state,
            part.time, frozenset(part.charged), frozenset(part.given), frozenset(part.ignored),
            part.sum, part.currency, part.pages,
        )  # fmt: skip
        return collect(
            lambda page: self._reply(part, {"day": day.isoformat(), "page": str(page)}),
            layout, day,
        )  # fmt: skip

    def quote(self, their_ref: str) -> Quote:
        """Return price and stock."""
        part = self._profile.quote
        found = self._answer(part, {"their_ref": their_ref})
        quote = _quote(at(found, part.data), part)
        if quote.their_ref != their_ref:
            raise SupplierSilent("wrong-binding")
        return quote

    def submit(self, order: PurchaseOrder) -> Outcome:
        """Buy."""
        values = {
            "their_ref": order.their_ref,
            "client_ref": order.client_ref,
            "quantity": str(order.quantity),
            "safe_cost": e4_text(order.safe_cost_e4),
            "callback_url": order.callback_url,
            **{f"input.{name}": value for name, value in order.inputs.items()},
        }
        call = self._profile.submit
        found = self._ask(call, values, self._extra(call, order.inputs))
        if not isinstance(found, Reply):
            return found
        return self._read(found.body, order.client_ref, "")

    def query(self, client_ref: str, upstream_no: str) -> Outcome:
        """Ask for an order, by our reference where the protocol can."""
        if not self.caps.query_by_ref and not upstream_no:
            return Unknown("no-number-yet")
        values = {"client_ref": client_ref, "upstream_no": upstream_no}
        found = self._ask(self._profile.query, values)
        if not isinstance(found, Reply):
            return found
        outcome = self._read(found.body, client_ref, upstream_no, is_query=True)
        if isinstance(outcome, Rejected) and outcome.code is not RejectCode.FAILED:
            return Unknown(f"query-{outcome.code}")
        return outcome

    def parse_callback(self, path: str, headers: Mapping[str, str], raw: bytes) -> Callback:
        """Verify a callback: signed as a request is, but for the fields that are not."""
        part, sign = self._profile.callback, self._profile.sign
        if part is None:
            raise CallbackRefused("This supplier does not call.")
        body = fields_of(raw)
        given = word(body.get(sign.field)) if sign.field else headers.get(sign.header.lower(), "")
        signed = {
            n: word(v) for n, v in body.items() if n not in {*part.unsigned, sign.field}
        }  # fmt: skip
        values = {"method": "POST", "path": path, "body": raw.decode(errors="replace")}
        times = {"now_s": word(body.get(part.time)), "now_ms": word(body.get(part.time))}
        ours = self._signature(signed, {**values, **times})
        if not hmac.compare_digest(ours.lower().encode(), given.lower().encode()):
            raise CallbackRefused("The callback's signature is wrong.")
        at_s = word(body.get(part.time))[:10]
        if not at_s.isdecimal() or abs(int(at_s) - self._access.now_s()) > part.skew_s:
            raise CallbackRefused("The callback is stale.")
        what = {n: v for n, v in signed.items() if n != part.time}
        return Callback(
            word(body.get(part.client_ref)), word(body.get(part.number)),
            word(body.get(part.state)), hashlib.sha256(compact(what, sort=True).encode()).digest(),
        )  # fmt: skip

    def _read(
        self, body: Any, client_ref: str, upstream_no: str, *, is_query: bool = False
    ) -> Outcome:
        answer, order = self._profile.answer, self._profile.order
        code, said = word(at(body, answer.code)), word(at(body, answer.message))
        if code not in answer.ok:
            return self._refusal(code, said, is_query=is_query)
        data = at(body, order.data)
        number = next((n for path in order.number if (n := word(at(data, path)))), "")
        theirs = word(at(data, order.client_ref)) if order.client_ref else ""
        if not number or theirs not in {"", client_ref} or upstream_no not in {"", number}:
            return Unknown("wrong-binding")
        if is_query and order.client_ref and not theirs:
            return Unknown("wrong-binding")
        return self._state(data, number)

    def _refusal(self, code: str, said: str, *, is_query: bool) -> Outcome:
        answer = self._profile.answer
        if is_query and any(part in said for part in answer.not_found):
            return NotFound()
        if code in answer.rejects:
            return Rejected(answer.rejects[code], said[:SAID_MAX])
        if code in answer.by_words:
            meant = reject_by_words(said)
            return Unknown("duplicate-order") if meant is None else Rejected(meant, said[:SAID_MAX])
        return Unknown(f"code-{code[:40]}")

    def _state(self, data: Any, number: str) -> Outcome:
        order = self._profile.order
        state = self._profile.states.get(word(at(data, order.state)))
        charged = price(at(data, order.charged)) if order.charged else None
        if state is OrderState.ACCEPTED:
            return Accepted(number, charged)
        if state is OrderState.FAILED:
            return Rejected(RejectCode.FAILED, word(at(data, order.state)))
        if state is OrderState.DELIVERED:
            cards: Any = next((found for path in order.cards if (found := at(data, path))), [])
            keys = keys_in(cards, order.secret, order.card_number, order.expires)
            return Delivered(number, keys, charged)
        return Unknown(f"state-{word(at(data, order.state))[:20]}")

    def _extra(self, call: Call, inputs: Mapping[str, str]) -> dict[str, str]:
        named = set(_HOLE.findall("".join(call.fields.values())))
        if not call.inputs:
            return {}
        return {
            call.inputs.replace("{name}", name): value
            for name, value in inputs.items()
            if f"input.{name}" not in named
        }

    def _ask(
        self, call: Call, values: Mapping[str, str], extra: Mapping[str, str] | None = None
    ) -> Reply | NotSent | Unknown:
        at_s = self._access.now_s()
        known_ = {
            "user": self._user, "now_s": str(at_s), "now_ms": str(at_s * 1000), **values,
        }  # fmt: skip
        fields = {n: _fill(t, known_) for n, t in {**self._profile.common, **call.fields}.items()}
        fields = {n: v for n, v in {**fields, **(extra or {})}.items() if v}
        path = _fill(call.path, known_)
        is_json, is_get = self._profile.encoding == "json", call.method == "GET"
        text = "" if is_get else compact(fields, sort=True) if is_json else urlencode(fields)
        pieces = {"method": call.method, "path": self._sender.path + path, "body": text, **known_}
        signature = self._signature(fields, pieces)
        headers = {}
        if self._profile.sign.header:
            headers[self._profile.sign.header] = signature
        else:
            fields[self._profile.sign.field] = signature
        if is_get:
            return ask(self._sender, "GET", f"{path}?{urlencode(fields)}", headers)
        kind = "json" if is_json else "x-www-form-urlencoded"
        headers["Content-Type"] = f"application/{kind}; charset=utf-8"
        body = compact(fields, sort=True).encode() if is_json else form(fields)
        return ask(self._sender, call.method, path, headers, body)

    def _signature(self, fields: Mapping[str, str], pieces: Mapping[str, str]) -> str:
        sign = self._profile.sign
        signed = sorted((n, v) for n, v in fields.items() if v or not sign.skip_empty)
        body = pieces.get("body", "")
        text = _fill(
            sign.text,
            {
                **pieces,
                "key": self._key,
                "body_md5": hashlib.md5(body.encode()).hexdigest(),  # noqa: S324
                "sorted_pairs": "".join(n + v for n, v in signed),
                "sorted_query": "&".join(f"{n}={v}" for n, v in signed),
            },
        )
        return _digest(sign, self._key, text)

    def _answer(self, call: Call, values: Mapping[str, str]) -> Any:
        return self._reply(call, values).body

    def _reply(self, call: Call, values: Mapping[str, str]) -> Reply:
        found = known(self._ask(call, values))
        code = word(at(found.body, self._profile.answer.code))
        if code not in self._profile.answer.ok:
            raise SupplierSilent(f"code-{code[:40]}")
        return found


def _digest(sign: Sign, key: str, text: str) -> str:
    is_keyed = sign.algorithm.startswith("hmac-")
    digest = _DIGESTS[sign.algorithm.removeprefix("hmac-")]
    made = (
        hmac.new(key.encode(), text.encode(), digest).hexdigest()
        if is_keyed
        else digest(text.encode()).hexdigest()
    )
    return made.upper() if sign.upper else made


def _fill(text: str, values: Mapping[str, str]) -> str:
    """Fill a template in one pass: a value that looks like a placeholder stays what it is."""
    return _HOLE.sub(lambda found: values.get(found[1], ""), text)


def _quote(data: Any, part: QuotePart) -> Quote:
    stock = at(data, part.stock) if part.stock else None
    can_be_bought = all(word(at(data, name)) in good for name, good in part.on_sale.items())
    return Quote(
        word(at(data, part.ref)), sure_price(at(data, part.price)),
        stock if type(stock) is int and stock >= 0 else None, can_be_bought,
        word(at(data, part.name)) if part.name else "",
    )  # fmt: skip
