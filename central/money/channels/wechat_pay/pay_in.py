"""Money in: Native QR and JSAPI, query, close, refund, query of a refund.

Sources: the interface pages of Native支付, JSAPI支付 and 退款 at pay.weixin.qq.com, for example
doc/v3/merchant/4013070356 (query) and 4012587971 (refund).
"""

from __future__ import annotations

from typing import Any
from urllib.parse import quote, urlencode

from central.errors import ChannelRefused, ChannelUnknown
from central.money.channels.ports import (
    Invitation,
    Payment,
    PaymentOrder,
    PaymentState,
    PayWay,
    Refund,
    RefundOrder,
    RefundState,
)
from central.money.channels.send import fingerprint
from central.money.channels.wechat_pay import CHANNEL, read, signing
from central.money.channels.wechat_pay.client import Client, Operation
from central.money.channels.yuan import CURRENCY, to_fen

_DESCRIPTION_MAX = 127
_REASON_MAX = 80

_SET_UP = frozenset(
    {"APPID_MCHID_NOT_MATCH", "INVALID_REQUEST", "MCH_NOT_EXISTS", "NO_AUTH", "PARAM_ERROR",
     "SIGN_ERROR"}
)  # fmt: skip
"""Refusals of the request as such."""

CREATE_QR = Operation(
    "pay.native", "POST",
    _SET_UP | {"ACCOUNT_ERROR", "ORDERPAID", "ORDER_CLOSED", "OUT_TRADE_NO_USED", "RULE_LIMIT",
               "TRADE_ERROR"},
)  # fmt: skip
CREATE_IN_APP = Operation("pay.jsapi", "POST", CREATE_QR.refusals | {"OPENID_MISMATCH"})
CLOSE = Operation(
    "pay.close", "POST", _SET_UP | {"ORDERPAID", "ORDER_PAID", "ORDER_NOT_EXIST"},
    already=frozenset({"ORDER_CLOSED"}),
)  # fmt: skip
REFUND = Operation(
    "refund", "POST",
    _SET_UP | {"NOT_ENOUGH", "RESOURCE_NOT_EXISTS", "USER_ACCOUNT_ABNORMAL"},
)  # fmt: skip

_STATES = {
    "SUCCESS": PaymentState.PAID,
    "REFUND": PaymentState.REFUNDED,
    "NOTPAY": PaymentState.OPEN,
    "USERPAYING": PaymentState.OPEN,
    "PAYERROR": PaymentState.OPEN,
    "CLOSED": PaymentState.CLOSED,
    "REVOKED": PaymentState.CLOSED,
}
_REFUND_STATES = {
    "SUCCESS": RefundState.DONE,
    "PROCESSING": RefundState.PROCESSING,
    "CLOSED": RefundState.FAILED,
    "ABNORMAL": RefundState.STUCK,
}


class WeChatPayIn:
    """WeChat Pay as a channel that takes money in."""

    channel = CHANNEL
    ways = frozenset({PayWay.QR, PayWay.IN_APP})

    def __init__(self, client: Client) -> None:
        self._client = client

    def create(self, order: PaymentOrder) -> Invitation:
        """Ask for a payment; return the QR code's text, or what the app needs."""
        client = self._client
        body: dict[str, Any] = {
            "appid": client.merchant.appid,
            "mchid": client.merchant.mchid,
            "description": order.description[:_DESCRIPTION_MAX],
            "out_trade_no": order.number,
            "time_expire": read.rfc3339(order.expires_at_s),
            "notify_url": client.settings.notify_url,
            "amount": {"total": to_fen(order.amount), "currency": CURRENCY},
        }
        if order.to_be_shared:
            body["settle_info"] = {"profit_sharing": True}
        said = fingerprint(
            order.number, order.amount, order.way, order.payer, order.description,
            order.expires_at_s, order.to_be_shared,
        )  # fmt: skip
        if order.way is PayWay.QR:
            return client.do(
                CREATE_QR, order.number, "/v3/pay/transactions/native", body, said,
                lambda found: Invitation(order.number, qr_text=read.text(found, "code_url")),
            )  # fmt: skip
        if not order.payer:
            raise ChannelRefused("no-payer", "To pay in the app, its openid must be given.")
        body["payer"] = {"openid": order.payer}
        prepay_id = client.do(
            CREATE_IN_APP, order.number, "/v3/pay/transactions/jsapi", body, said,
            lambda found: read.text(found, "prepay_id"),
        )  # fmt: skip
        return Invitation(order.number, app_parameters=self._app_parameters(prepay_id))

    def query(self, number: str) -> Payment:
        """Ask what became of it."""
        client = self._client
        target = f"/v3/pay/transactions/out-trade-no/{quote(number, safe='')}?" + urlencode(
            {"mchid": client.merchant.mchid}
        )
        mchid = client.merchant.mchid
        found = client.ask("pay.query", number, target, lambda a: to_payment(a, number, mchid))
        return found or Payment(number, PaymentState.NOT_FOUND)

    def close(self, number: str) -> None:
        """Close it. WeChat Pay answers 204 for numbers that it has never seen, too: query."""
        client = self._client
        target = f"/v3/pay/transactions/out-trade-no/{quote(number, safe='')}/close"
        body = {"mchid": client.merchant.mchid}
        client.do(CLOSE, number, target, body, fingerprint("close", number), lambda _: None)

    def refund(self, order: RefundOrder) -> Refund:
        """Send money back."""
        client = self._client
        body: dict[str, Any] = {
            "out_trade_no": order.number,
            "out_refund_no": order.refund_number,
            "amount": {
                "refund": to_fen(order.amount),
                "total": to_fen(order.total),
                "currency": CURRENCY,
            },
            "notify_url": client.settings.notify_url,
        }
        if order.reason:
            body["reason"] = order.reason[:_REASON_MAX]
        said = fingerprint(order.number, order.refund_number, order.amount, order.total)
        target = "/v3/refund/domestic/refunds"
        return client.do(
            REFUND, order.refund_number, target, body, said,
            lambda found: to_refund(found, order.number, order.refund_number),
        )  # fmt: skip

    def query_refund(self, number: str, refund_number: str) -> Refund:
        """Ask what became of a refund."""
        target = f"/v3/refund/domestic/refunds/{quote(refund_number, safe='')}"
        found = self._client.ask(
            "refund.query", refund_number, target, lambda a: to_refund(a, number, refund_number)
        )
        return found or Refund(number, refund_number, RefundState.NOT_FOUND)

    def _app_parameters(self, prepay_id: str) -> dict[str, str]:
        client = self._client
        timestamp, nonce, package = client.now_s(), client.nonce(), f"prepay_id={prepay_id}"
        text = signing.app_text(client.merchant.appid, timestamp, nonce, package)
        return {
            "appId": client.merchant.appid,
            "timeStamp": str(timestamp),
            "nonceStr": nonce,
            "package": package,
            "signType": "RSA",
            "paySign": signing.sign(client.merchant.key, text),
        }


def to_payment(found: dict[str, Any], number: str, mchid: str) -> Payment:
    """Return a payment from a query's answer.

    Raises:
        ChannelUnknown: it is about another number or merchant, or not as documented.
    """
    read.same(found, "out_trade_no", number)
    read.same(found, "mchid", mchid)
    word = read.text(found, "trade_state")
    if word not in _STATES:
        raise ChannelUnknown("new-state", f"The state {word!r} of a payment is not known.")
    state = _STATES[word]
    paid = state in {PaymentState.PAID, PaymentState.REFUNDED}
    payer = found.get("payer")
    money = found.get("amount")
    is_ours = isinstance(money, dict) and money.get("currency", CURRENCY) == CURRENCY
    if (paid or money) and not is_ours:
        raise read.odd("amount")
    return Payment(
        number,
        state,
        amount=read.amount(found, "amount", "total") if money else None,
        channel_number=read.text(found, "transaction_id") if paid else "",
        payer=read.maybe_text(payer, "openid") if isinstance(payer, dict) else "",
        paid_at_s=read.moment(found, "success_time"),
        channel_state=word,
    )


def to_refund(found: dict[str, Any], number: str, refund_number: str) -> Refund:
    """Return a refund from an answer.

    Raises:
        ChannelUnknown: it is about another number, or not as documented.
    """
    read.same(found, "out_refund_no", refund_number)
    read.same(found, "out_trade_no", number)
    word = read.text(found, "status")
    if word not in _REFUND_STATES:
        raise ChannelUnknown("new-state", f"The state {word!r} of a refund is not known.")
    return Refund(
        number,
        refund_number,
        _REFUND_STATES[word],
        amount=read.amount(found, "amount", "refund"),
        channel_number=read.text(found, "refund_id"),
        done_at_s=read.moment(found, "success_time"),
        channel_state=word,
    )
