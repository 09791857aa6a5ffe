"""Callbacks: verified, unsealed, read. Nothing here calls out, whoever sends it.

Refused: not signed, more than five minutes away from now, a serial that is not known (a stranger
must not make us call anybody), a wrong signature (WeChat Pay sends such on purpose, to see whether
we look: "签名探测流量"), sealed with another key, for another merchant, amounts that are texts. The
channel repeats what we did not believe; a serial that was new is known by then.

Sources: pay.weixin.qq.com/doc/v3/merchant/4012158598 (rules), 4012071382 (unsealing), 4014512908
(consent), docs/merchant/apis/batch-transfer-to-balance/callback-notice.html (transfers).
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Any

from central.errors import CallbackRefused
from central.money.channels.ports import Event, EventKind
from central.money.channels.wechat_pay import CHANNEL, signing
from central.money.channels.wechat_pay.keys import Merchant, PlatformKeys, Unverified
from central.money.channels.yuan import CURRENCY, fen
from edge.contract.money import Money

_KINDS = {
    "TRANSACTION": (EventKind.PAYMENT, "out_trade_no", ("amount", "total")),
    "REFUND": (EventKind.REFUND, "out_refund_no", ("amount", "refund")),
    "MCHTRANSFER.BILL": (EventKind.TRANSFER, "out_bill_no", ("transfer_amount",)),
    "MCHTRANSFER.AUTHORIZATION": (EventKind.AUTHORIZATION, "out_authorization_no", ()),
    "PROFITSHARING": (EventKind.SHARING, "out_order_no", ("receiver", "amount")),
}
"""Beginning of the event's type: what it is about, which field has our number, which the amount."""
_MERCHANT_FIELDS = ("mchid", "mch_id")
_ID_MAX = 64


def read_callback(
    headers: Mapping[str, str], body: bytes, merchant: Merchant, platform: PlatformKeys, now_s: int
) -> Event:
    """Return what a callback says, once it has been verified.

    Args:
        headers: Names in lower case.

    Raises:
        CallbackRefused: it cannot be believed, or is not for us.
    """
    try:
        platform.verify(headers, body, now_s)
    except Unverified as exc:
        raise CallbackRefused(f"The callback cannot be believed: {exc}.") from exc
    outside = _object(body)
    try:
        content = signing.open_resource(merchant.api_v3_key, outside.get("resource"))
    except ValueError as exc:
        raise CallbackRefused("The callback's resource cannot be opened.") from exc
    inside = _object(content)
    event_id, event_type = outside.get("id"), outside.get("event_type")
    if not (_is_short(event_id) and _is_short(event_type)):
        raise CallbackRefused("The callback has no id or no type.")
    _check_merchant(inside, merchant)
    # Shares are told of as TRANSACTION.SUCCESS, too; only the original type tells them apart.
    is_share = outside["resource"].get("original_type") == "profitsharing"
    kind, number_field, amount_path = _about("PROFITSHARING" if is_share else str(event_type))
    return Event(
        channel=CHANNEL,
        event_id=str(event_id),
        kind=kind,
        event_type=str(event_type),
        number=_number(inside, number_field),
        amount=_amount(inside, amount_path),
        body_sha256=hashlib.sha256(str(event_type).encode() + b"\n" + content).digest(),
        created_at_s=int(headers["wechatpay-timestamp"]),
    )


def _about(event_type: str) -> tuple[EventKind, str, tuple[str, ...]]:
    for beginning, about in _KINDS.items():
        if event_type == beginning or event_type.startswith(beginning + "."):
            return about
    return EventKind.OTHER, "", ()


def _check_merchant(inside: dict[str, Any], merchant: Merchant) -> None:
    named = [inside[name] for name in _MERCHANT_FIELDS if name in inside]
    if any(name != merchant.mchid for name in named):
        raise CallbackRefused("The callback is for another merchant.")
    if not named and inside.get("appid") != merchant.appid:
        raise CallbackRefused("The callback does not say that it is for us.")


def _number(inside: dict[str, Any], field: str) -> str:
    if not field:
        return ""
    number = inside.get(field)
    if not _is_short(number):
        raise CallbackRefused("The callback does not say what it is about.")
    return str(number)


def _amount(inside: dict[str, Any], path: tuple[str, ...]) -> Money | None:
    value: Any = inside
    for name in path:
        if not isinstance(value, dict) or name not in value:
            return None
        value = value[name]
    if not path:
        return None
    money = inside.get("amount")
    if isinstance(money, dict) and money.get("currency", CURRENCY) != CURRENCY:
        raise CallbackRefused("The callback's amount is of another currency.")
    try:
        return fen(value)
    except ValueError as exc:
        raise CallbackRefused("The callback's amount is not a whole JSON number.") from exc


def _object(raw: bytes) -> dict[str, Any]:
    try:
        found = json.loads(raw)
    except (ValueError, RecursionError) as exc:
        raise CallbackRefused("The callback is not JSON.") from exc
    if not isinstance(found, dict):
        raise CallbackRefused("The callback is not a JSON object.")
    return found


def _is_short(value: object) -> bool:
    return isinstance(value, str) and 0 < len(value) <= _ID_MAX
