"""Notifications: a form whose fields are signed, all but ``sign`` and ``sign_type``.

Of trades the fields themselves tell; of transfers a message (``msg_method``) with its own JSON in
``biz_content``, signed in the same way.

The hub answers exactly ``success``; anything else is repeated, eight times in 25 hours. So there is
no window of time: what keeps a replay from counting twice is ``notify_id``, and that a
notification only wakes a query.

Source: docs.open.alipay.com/270/105902, 异步通知.
"""

from __future__ import annotations

import hashlib
import json
from urllib.parse import parse_qsl

from central.errors import CallbackRefused
from central.money.channels.alipay import CHANNEL, read, signing
from central.money.channels.alipay.keys import AlipayKeys
from central.money.channels.ports import Event, EventKind
from central.money.channels.settings import AlipaySettings
from central.money.channels.yuan import from_yuan
from edge.contract.money import Money

FIELDS_MAX = 200
FUTURE_S_MAX = 300
AGE_S_MAX = 48 * 3600
"""A day more than the last repetition: older ones are replays of somebody's archive."""
TRANSFER_CHANGED = "alipay.fund.trans.order.changed"
_ID_MAX = 128


def read_notification(body: bytes, settings: AlipaySettings, keys: AlipayKeys, now_s: int) -> Event:
    """Return what a notification says, once it has been verified.

    Args:
        body: The form as it came, ``application/x-www-form-urlencoded`` in UTF-8.

    Raises:
        CallbackRefused: it cannot be believed, or is not for us.
    """
    form = _form(body)
    if form.get("sign_type") != signing.SIGN_TYPE:
        raise CallbackRefused("The notification is signed in another way than RSA2.")
    if not keys.is_signed(signing.notify_text(form), form.get("sign", ""), form.get("cert_sn", "")):
        raise CallbackRefused("The notification's signature is wrong.")
    if form.get("app_id", form.get("auth_app_id")) != settings.app_id:
        raise CallbackRefused("The notification is for another application.")
    if form.get("seller_id", settings.seller_id) != settings.seller_id:
        raise CallbackRefused("The notification is for another seller.")
    event_id = form.get("notify_id", "")
    if not 0 < len(event_id) <= _ID_MAX:
        raise CallbackRefused("The notification has no notify_id.")
    created_at_s = _sent(form, now_s)
    kind, number, amount = _about(form)
    return Event(
        channel=CHANNEL,
        event_id=event_id,
        kind=kind,
        event_type=(form.get("notify_type") or form.get("msg_method") or "")[:64],
        number=number,
        amount=amount,
        body_sha256=hashlib.sha256(_said(form)).digest(),
        created_at_s=created_at_s,
    )


def _form(body: bytes) -> dict[str, str]:
    try:
        pairs = parse_qsl(
            body.decode("ascii"), keep_blank_values=True, strict_parsing=True, errors="strict",
            max_num_fields=FIELDS_MAX,
        )  # fmt: skip
    except ValueError as exc:
        raise CallbackRefused("The notification is not a form.") from exc
    form = dict(pairs)
    if len(form) != len(pairs):
        raise CallbackRefused("A field of the notification stands there twice.")
    return form


def _sent(form: dict[str, str], now_s: int) -> int:
    try:
        if "msg_method" in form:
            sent_at_s = int(form["utc_timestamp"]) // 1000
        else:
            sent_at_s = read.parse_moment(form.get("notify_time", ""))
    except (KeyError, ValueError) as exc:
        raise CallbackRefused("The notification does not say when it was sent.") from exc
    if not now_s - AGE_S_MAX <= sent_at_s <= now_s + FUTURE_S_MAX:
        raise CallbackRefused("The notification is not of these days.")
    return sent_at_s


def _about(form: dict[str, str]) -> tuple[EventKind, str, Money | None]:
    """Return what it is about, our number, and the amount."""
    if form.get("msg_method") == TRANSFER_CHANGED:
        content = _content(form)
        return EventKind.TRANSFER, content["out_biz_no"], _amount(content, "trans_amount")
    if not form.get("out_trade_no"):
        return EventKind.OTHER, "", None
    if form.get("refund_fee") and form.get("out_biz_no"):
        # Told of refunds with the trade's own number; ours of the refund is in out_biz_no.
        return EventKind.REFUND, form["out_biz_no"], _amount(form, "refund_fee")
    return EventKind.PAYMENT, form["out_trade_no"], _amount(form, "total_amount")


def _amount(form: dict[str, str], name: str) -> Money | None:
    if name not in form:
        return None
    try:
        return from_yuan(form[name])
    except ValueError as exc:
        raise CallbackRefused(f"The notification's {name} is not an amount.") from exc


def _content(form: dict[str, str]) -> dict[str, str]:
    try:
        content = json.loads(form.get("biz_content", ""))
    except (ValueError, RecursionError) as exc:
        raise CallbackRefused("The notification's biz_content is not JSON.") from exc
    if not isinstance(content, dict) or not isinstance(content.get("out_biz_no"), str):
        raise CallbackRefused("The notification does not say what it is about.")
    return {name: value for name, value in content.items() if isinstance(value, str)}


def _said(form: dict[str, str]) -> bytes:
    """Return what is the same in every repetition: when it was sent, and its signature, is not."""
    changing = {"notify_time", "utc_timestamp"}
    return signing.notify_text({k: v for k, v in form.items() if k not in changing})
