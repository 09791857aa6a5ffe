"""Words for what orders, units, payments and refunds are, for pages."""

from __future__ import annotations

from central.foundation.language.words import N_
from central.sale.orders.states import OrderState, PaymentState, RefundState, UnitState

ORDERS = {
    OrderState.PENDING: N_("to be paid"),
    OrderState.EXPIRED: N_("not paid in time"),
    OrderState.CANCELLED: N_("given up"),
    OrderState.MISMATCH: N_("another amount came"),
    OrderState.HELD: N_("being looked at"),
    OrderState.SERVING: N_("paid, being delivered"),
    OrderState.PARTLY: N_("partly delivered"),
    OrderState.EXCEPTION: N_("needs a person"),
    OrderState.COMPLETED: N_("completed"),
    OrderState.REFUNDED: N_("refunded"),
}
ORDER_LOOKS = {
    OrderState.PENDING: "quiet", OrderState.EXPIRED: "quiet", OrderState.CANCELLED: "quiet",
    OrderState.MISMATCH: "bad", OrderState.HELD: "ask", OrderState.SERVING: "quiet",
    OrderState.PARTLY: "ask", OrderState.EXCEPTION: "bad", OrderState.COMPLETED: "good",
    OrderState.REFUNDED: "quiet",
}  # fmt: skip
UNITS = {
    UnitState.WAITING: N_("kept"),
    UnitState.SERVING: N_("being delivered"),
    UnitState.BY_HAND: N_("delivered by a person"),
    UnitState.STUCK: N_("nothing to deliver"),
    UnitState.DELIVERED: N_("delivered"),
    UnitState.REVEALED: N_("delivered and looked at"),
    UnitState.CANCELLED: N_("not delivered"),
    UnitState.REVERSED: N_("gone back"),
}
UNIT_LOOKS = {
    UnitState.WAITING: "quiet", UnitState.SERVING: "quiet", UnitState.BY_HAND: "ask",
    UnitState.STUCK: "bad", UnitState.DELIVERED: "good", UnitState.REVEALED: "good",
    UnitState.CANCELLED: "quiet", UnitState.REVERSED: "quiet",
}  # fmt: skip
PAYMENTS = {
    PaymentState.ASKED: N_("asked for"),
    PaymentState.OPEN: N_("open"),
    PaymentState.PAID: N_("paid"),
    PaymentState.CLOSED: N_("closed"),
}
REFUNDS = {
    RefundState.ASKED: N_("asked for"),
    RefundState.SENT: N_("on its way"),
    RefundState.DONE: N_("with the buyer"),
    RefundState.STUCK: N_("needs a person"),
}
CHANNELS = {
    "wechat-pay": N_("WeChat Pay"),
    "alipay": N_("Alipay"),
    "balance": N_("balance"),
    "commission": N_("earned commission"),
}
EVENTS = {
    "placed": N_("ordered"),
    "payment-asked": N_("payment asked for"),
    "payment-closed": N_("payment closed"),
    "money-came": N_("money came"),
    "paid": N_("paid"),
    "paid-otherwise": N_("another amount came"),
    "accepted": N_("the other amount was accepted"),
    "held": N_("set aside for a person"),
    "released": N_("released"),
    "timed-out": N_("not paid in time"),
    "cancelled": N_("given up"),
    "delivered": N_("delivered"),
    "delivered-partly": N_("partly delivered"),
    "for-a-person": N_("delivered by a person"),
    "found-nothing": N_("nothing to deliver"),
    "stuck": N_("needs a person"),
    "refilled": N_("tried again"),
    "replaced": N_("replaced"),
    "revealed": N_("looked at"),
    "reversed": N_("gone back"),
    "completed": N_("completed"),
    "gone-back": N_("everything went back"),
    "refund-asked": N_("refund asked for"),
    "part-back": N_("part of its price goes back"),
    "refund-done": N_("refund made"),
    "wrong-code": N_("wrong code"),
    "help-asked": N_("something is wrong"),
    "claim-sent": N_("claimed from the supplier"),
    "claim-accepted": N_("given back by the supplier"),
    "claim-denied": N_("denied by the supplier"),
    "case-rejected": N_("case refused"),
    "looked-at": N_("told to the agent's program"),
    "private-seen": N_("what the buyer has told was read"),
    "case-withdrawn": N_("case withdrawn by the buyer"),
}
"""Of the story of an order; ``cancelled`` of a unit is the same word."""


ACTORS = {
    "buyer": N_("the buyer"),
    "orders": N_("the hub"),
    "payments": N_("the hub"),
    "refunds": N_("the hub"),
    "clock": N_("the clock"),
}
"""Who has done something, where it was no person."""


def for_pages() -> dict[str, object]:
    """Return all of them, by the names that templates know."""
    return {
        "order_states": ORDERS, "order_looks": ORDER_LOOKS, "unit_states": UNITS,
        "unit_looks": UNIT_LOOKS, "payment_states": PAYMENTS, "refund_states": REFUNDS,
        "channel_names": CHANNELS, "event_names": EVENTS,
        "actors": ACTORS,
    }  # fmt: skip
