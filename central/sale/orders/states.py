"""The life of an order and of each unit of it, as tables. Pure.

::

    pending ── paid ──> serving ──> partly ──> completed
       │  timed out ──> expired ───┐ paid late   │   a unit finds nothing
       │  cancelled ──> cancelled ─┤             └──> exception ── refilled ──> serving
       └─ another amount ──> mismatch ── accepted ──> serving
                                      └─ gone back ──> refunded

What has no arrow does not happen: an event that is not in the table is a Conflict. Where money
goes back is told by the refunds; an order of which nothing was delivered ends as ``refunded``.
"""

from __future__ import annotations

from enum import StrEnum


class OrderState(StrEnum):
    """Where an order is."""

    PENDING = "pending"
    """Placed; what it needs is kept for it until its time to pay is over."""
    EXPIRED = "expired"
    CANCELLED = "cancelled"
    MISMATCH = "mismatch"
    """Another amount than its price has come; a person decides."""
    HELD = "held"
    """Paid; somebody has to look at it before anything is delivered."""
    SERVING = "serving"
    """Paid; its units are being served."""
    PARTLY = "partly"
    """Some of its units are delivered, others not yet."""
    EXCEPTION = "exception"
    """A unit cannot be served: refill and deliver, or refund."""
    COMPLETED = "completed"
    """Every unit is delivered or has gone back, and the ledger says so."""
    REFUNDED = "refunded"
    """Nothing was delivered; what was paid goes back."""

    @property
    def is_paid(self) -> bool:
        """Whether money is here for it that was not given back as a whole."""
        return self in PAID


PAID = frozenset({
    OrderState.HELD, OrderState.SERVING, OrderState.PARTLY, OrderState.EXCEPTION,
    OrderState.COMPLETED,
})  # fmt: skip
UNPAID = frozenset({OrderState.PENDING, OrderState.EXPIRED, OrderState.CANCELLED})
OPEN = frozenset({OrderState.SERVING, OrderState.PARTLY, OrderState.EXCEPTION})
"""Units of such an order are served."""


class OrderEvent(StrEnum):
    """What happens to an order."""

    PAID = "paid"
    PAID_OTHERWISE = "paid-otherwise"
    """With another amount."""
    ACCEPTED = "accepted"
    """A person lets another amount buy it all the same."""
    HELD = "held"
    RELEASED = "released"
    TIMED_OUT = "timed-out"
    CANCELLED = "cancelled"
    DELIVERED_PARTLY = "delivered-partly"
    STUCK = "stuck"
    REFILLED = "refilled"
    COMPLETED = "completed"
    GONE_BACK = "gone-back"


_S, _E = OrderState, OrderEvent
ORDER: dict[tuple[OrderState, OrderEvent], OrderState] = {
    (_S.PENDING, _E.PAID): _S.SERVING,
    (_S.EXPIRED, _E.PAID): _S.SERVING,
    (_S.CANCELLED, _E.PAID): _S.SERVING,
    (_S.PENDING, _E.HELD): _S.HELD,
    (_S.EXPIRED, _E.HELD): _S.HELD,
    (_S.CANCELLED, _E.HELD): _S.HELD,
    (_S.PENDING, _E.PAID_OTHERWISE): _S.MISMATCH,
    (_S.EXPIRED, _E.PAID_OTHERWISE): _S.MISMATCH,
    (_S.CANCELLED, _E.PAID_OTHERWISE): _S.MISMATCH,
    (_S.PENDING, _E.TIMED_OUT): _S.EXPIRED,
    (_S.PENDING, _E.CANCELLED): _S.CANCELLED,
    (_S.MISMATCH, _E.ACCEPTED): _S.SERVING,
    (_S.HELD, _E.RELEASED): _S.SERVING,
    (_S.SERVING, _E.DELIVERED_PARTLY): _S.PARTLY,
    (_S.SERVING, _E.STUCK): _S.EXCEPTION,
    (_S.PARTLY, _E.STUCK): _S.EXCEPTION,
    (_S.EXCEPTION, _E.REFILLED): _S.SERVING,
    **{(state, _E.COMPLETED): _S.COMPLETED for state in (_S.SERVING, _S.PARTLY, _S.EXCEPTION)},
    **{
        (state, _E.GONE_BACK): _S.REFUNDED
        for state in (_S.HELD, _S.MISMATCH, _S.SERVING, _S.PARTLY, _S.EXCEPTION)
    },
}  # fmt: skip


class UnitState(StrEnum):
    """Where one deliverable unit of an order is."""

    WAITING = "waiting"
    """Of an order that is not paid; a key may be reserved for it."""
    SERVING = "serving"
    """Paid; its key is being handed over, or bought, or its voucher issued."""
    BY_HAND = "by-hand"
    """A person delivers it."""
    STUCK = "stuck"
    """There is nothing to deliver: refill, or refund."""
    DELIVERED = "delivered"
    REVEALED = "revealed"
    """The buyer has looked at it: it cannot be sold again."""
    CANCELLED = "cancelled"
    """Never delivered; its part of the price went back, or was never paid."""
    REVERSED = "reversed"
    """Delivered, and its part of the price has gone back."""

    @property
    def is_delivered(self) -> bool:
        """Whether the buyer has it."""
        return self in {UnitState.DELIVERED, UnitState.REVEALED}

    @property
    def is_over(self) -> bool:
        """Whether nobody waits for it."""
        return self not in {
            UnitState.WAITING, UnitState.SERVING, UnitState.BY_HAND, UnitState.STUCK,
        }  # fmt: skip


class UnitEvent(StrEnum):
    """What happens to a unit."""

    PAID = "paid"
    FOR_A_PERSON = "for-a-person"
    FOUND_NOTHING = "found-nothing"
    DELIVERED = "delivered"
    REVEALED = "revealed"
    CANCELLED = "cancelled"
    REVERSED = "reversed"
    REFILLED = "refilled"
    REPLACED = "replaced"


_U, _V = UnitState, UnitEvent
UNIT: dict[tuple[UnitState, UnitEvent], UnitState] = {
    (_U.WAITING, _V.PAID): _U.SERVING,
    (_U.WAITING, _V.CANCELLED): _U.CANCELLED,
    # A payment that comes late brings them back to life.
    (_U.CANCELLED, _V.PAID): _U.SERVING,
    (_U.SERVING, _V.FOR_A_PERSON): _U.BY_HAND,
    (_U.SERVING, _V.FOUND_NOTHING): _U.STUCK,
    (_U.STUCK, _V.REFILLED): _U.SERVING,
    **{
        (state, _V.DELIVERED): _U.DELIVERED for state in (_U.SERVING, _U.BY_HAND, _U.STUCK)
    },
    **{
        (state, _V.CANCELLED): _U.CANCELLED for state in (_U.SERVING, _U.BY_HAND, _U.STUCK)
    },
    (_U.DELIVERED, _V.REVEALED): _U.REVEALED,
    (_U.DELIVERED, _V.REPLACED): _U.DELIVERED,
    (_U.REVEALED, _V.REPLACED): _U.DELIVERED,
    (_U.DELIVERED, _V.REVERSED): _U.REVERSED,
    (_U.REVEALED, _V.REVERSED): _U.REVERSED,
}  # fmt: skip


class PaymentState(StrEnum):
    """Where one payment of an order is."""

    ASKED = "asked"
    """Its row is written; the channel may have heard of it."""
    OPEN = "open"
    """The buyer can pay it."""
    PAID = "paid"
    CLOSED = "closed"
    """Not paid, and cannot be any more."""

    @property
    def is_live(self) -> bool:
        """Whether money may still come by it."""
        return self in {PaymentState.ASKED, PaymentState.OPEN}


class RefundState(StrEnum):
    """Where money is that goes back to the buyer."""

    ASKED = "asked"
    SENT = "sent"
    DONE = "done"
    STUCK = "stuck"
    """The channel cannot give it to him: a person has to find another way."""
