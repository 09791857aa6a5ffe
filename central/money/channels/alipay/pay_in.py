"""Money in: a QR code by precreate, query, close, cancel, refund, query of a refund.

A precreated trade exists only once the buyer has scanned it: until then a query finds nothing, and
only its own time limit ends it.

Sources: docs.open.alipay.com/api_1, alipay.trade.precreate, .query, .close, .cancel, .refund and
alipay.trade.fastpay.refund.query.
"""

from __future__ import annotations

from typing import Any

from central.errors import ChannelRefused, ChannelUnknown
from central.money.channels.alipay import CHANNEL, read
from central.money.channels.alipay.client import Client, Operation
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
from central.money.channels.yuan import to_yuan

_SUBJECT_MAX = 256

CREATE = Operation(
    "alipay.trade.precreate",
    frozenset(
        {"ACQ.ACCESS_FORBIDDEN", "ACQ.CONTEXT_INCONSISTENT", "ACQ.EXIST_FORBIDDEN_WORD",
         "ACQ.INVALID_PARAMETER", "ACQ.PARTNER_ERROR", "ACQ.TOTAL_FEE_EXCEED",
         "ACQ.TRADE_HAS_CLOSE", "ACQ.TRADE_HAS_SUCCESS"}
    ),
)  # fmt: skip
CLOSE = Operation(
    "alipay.trade.close",
    frozenset(
        {"ACQ.INVALID_PARAMETER", "ACQ.REASON_ILLEGAL_STATUS", "ACQ.REASON_TRADE_STATUS_INVALID",
         "ACQ.TRADE_NOT_EXIST", "ACQ.TRADE_STATUS_ERROR"}
    ),
    already=frozenset({"ACQ.TRADE_HAS_CLOSE"}),
)  # fmt: skip
CANCEL = Operation(
    "alipay.trade.cancel",
    frozenset(
        {"ACQ.INVALID_PARAMETER", "ACQ.SELLER_BALANCE_NOT_ENOUGH", "ACQ.TRADE_CANCEL_TIME_OUT",
         "ACQ.TRADE_HAS_FINISHED"}
    ),
)  # fmt: skip
REFUND = Operation(
    "alipay.trade.refund",
    frozenset(
        {"ACQ.INVALID_PARAMETER", "ACQ.NOT_ALLOW_PARTIAL_REFUND", "ACQ.REASON_TRADE_BEEN_FREEZEN",
         "ACQ.REASON_TRADE_REFUND_FEE_ERR", "ACQ.REFUND_AMT_NOT_EQUAL_TOTAL",
         "ACQ.SELLER_BALANCE_NOT_ENOUGH", "ACQ.TRADE_HAS_CLOSE", "ACQ.TRADE_HAS_FINISHED",
         "ACQ.TRADE_NOT_ALLOW_REFUND", "ACQ.TRADE_NOT_EXIST", "ACQ.TRADE_STATUS_ERROR"}
    ),
)  # fmt: skip
"""Not in it: DISCORDANT_REPEAT_REQUEST, which says that a refund of this number exists."""

_STATES = {
    "WAIT_BUYER_PAY": PaymentState.OPEN,
    "TRADE_SUCCESS": PaymentState.PAID,
    "TRADE_FINISHED": PaymentState.PAID,
}


class AlipayIn:
    """Alipay as a channel that takes money in."""

    channel = CHANNEL
    ways = frozenset({PayWay.QR})

    def __init__(self, client: Client) -> None:
        self._client = client

    def create(self, order: PaymentOrder) -> Invitation:
        """Ask for a payment; return the QR code's text."""
        if order.way not in self.ways:
            raise ChannelRefused("not-offered", "At Alipay the buyer scans a code.")
        content: dict[str, Any] = {
            "out_trade_no": order.number,
            "total_amount": to_yuan(order.amount),
            "subject": order.description[:_SUBJECT_MAX],
            "time_expire": read.beijing(order.expires_at_s),
            "product_code": "FACE_TO_FACE_PAYMENT",
        }
        if order.to_be_shared:
            content["extend_params"] = {"royalty_freeze": "true"}
        said = fingerprint(
            order.number, order.amount, order.description, order.expires_at_s, order.to_be_shared
        )

        def invitation(found: dict[str, Any]) -> Invitation:
            read.same(found, "out_trade_no", order.number)
            return Invitation(order.number, qr_text=read.text(found, "qr_code"))

        return self._client.do(CREATE, order.number, content, said, invitation, notify=True)

    def query(self, number: str) -> Payment:
        """Ask what became of it; a code that nobody has scanned is not found."""
        content = {"out_trade_no": number}
        found = self._client.ask(
            "alipay.trade.query", number, content, lambda answer: to_payment(answer, number)
        )
        return found or Payment(number, PaymentState.NOT_FOUND)

    def close(self, number: str) -> None:
        """Close a trade that waits; refused if it was paid, or not even scanned."""
        self._client.do(
            CLOSE, number, {"out_trade_no": number}, fingerprint("close", number),
            # Alipay may leave the number out here, but not name another.
            lambda found: read.same({"out_trade_no": number, **found}, "out_trade_no", number),
        )  # fmt: skip

    def cancel(self, number: str) -> bool:
        """Close what waits and refund what was paid, at once; return whether money went back."""

        def went_back(found: dict[str, Any]) -> bool:
            read.same(found, "out_trade_no", number)
            if found.get("retry_flag") == "Y":
                raise ChannelUnknown("retry", "Alipay wants to be asked again to cancel.")
            return read.maybe_text(found, "action") == "refund"

        return self._client.do(
            CANCEL, number, {"out_trade_no": number}, fingerprint("cancel", number), went_back
        )

    def refund(self, order: RefundOrder) -> Refund:
        """Send money back; at Alipay it is done at once, or it is not."""
        content = {
            "out_trade_no": order.number,
            "out_request_no": order.refund_number,
            "refund_amount": to_yuan(order.amount),
            "refund_reason": order.reason[:_SUBJECT_MAX] or "退款",
        }
        said = fingerprint(order.number, order.refund_number, order.amount)

        def refund(found: dict[str, Any]) -> Refund:
            read.same(found, "out_trade_no", order.number)
            moved = found.get("fund_change") == "Y"
            return Refund(
                order.number,
                order.refund_number,
                # N is said of a repetition, too: only the query knows.
                RefundState.DONE if moved else RefundState.PROCESSING,
                channel_number=read.text(found, "trade_no"),
                done_at_s=self._client.now_s() if moved else None,
                channel_state=f"fund_change={read.maybe_text(found, 'fund_change')}",
            )

        return self._client.do(REFUND, order.refund_number, content, said, refund)

    def query_refund(self, number: str, refund_number: str) -> Refund:
        """Ask what became of a refund."""
        content = {
            "out_trade_no": number,
            "out_request_no": refund_number,
            "query_options": ["gmt_refund_pay"],
        }
        method = "alipay.trade.fastpay.refund.query"
        found = self._client.ask(
            method, refund_number, content, lambda answer: to_refund(answer, number, refund_number)
        )
        return found or Refund(number, refund_number, RefundState.NOT_FOUND)


def to_refund(found: dict[str, Any], number: str, refund_number: str) -> Refund:
    """Return a refund from a query's answer.

    Raises:
        ChannelUnknown: it is about another number, or not as documented.
    """
    if found.get("refund_status") is None:  # "not received, or failed"
        return Refund(number, refund_number, RefundState.NOT_FOUND)
    read.same(found, "out_trade_no", number)
    read.same(found, "out_request_no", refund_number)
    word = read.text(found, "refund_status")
    if word != "REFUND_SUCCESS":
        raise ChannelUnknown("new-state", f"The state {word!r} of a refund is not known.")
    return Refund(
        number,
        refund_number,
        RefundState.DONE,
        amount=read.amount(found, "refund_amount"),
        channel_number=read.text(found, "trade_no"),
        done_at_s=read.moment(found, "gmt_refund_pay"),
        channel_state=word,
    )


def to_payment(found: dict[str, Any], number: str) -> Payment:
    """Return a payment from a query's answer.

    Raises:
        ChannelUnknown: it is about another number, or not as documented.
    """
    read.same(found, "out_trade_no", number)
    word = read.text(found, "trade_status")
    paid_at_s = read.moment(found, "send_pay_date")
    if word == "TRADE_CLOSED":
        # Said of what ran out of time, and of what was paid and has gone back as a whole.
        state = PaymentState.CLOSED if paid_at_s is None else PaymentState.REFUNDED
    elif word in _STATES:
        state = _STATES[word]
    else:
        raise ChannelUnknown("new-state", f"The state {word!r} of a trade is not known.")
    return Payment(
        number,
        state,
        amount=read.amount(found, "total_amount"),
        channel_number=read.text(found, "trade_no"),
        payer=read.maybe_text(found, "buyer_user_id") or read.maybe_text(found, "buyer_open_id"),
        paid_at_s=paid_at_s,
        channel_state=word,
    )
