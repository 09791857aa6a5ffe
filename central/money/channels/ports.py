"""What the house needs of a payment channel: money in, money out, shares of it, and its bills.

Every method blocks until the channel has answered or the time is up, and may be called from
several threads. It sends one request and never a second one: repeating is the caller's business,
because only the caller knows what it means. There are two failures, and what may be done next is a
property of the class:

* ``ChannelRefused``: definitely not done. Holds may be set free.
* ``ChannelUnknown``: done or not, nobody knows. Query under the same number; if the channel has
  no such number, send the identical request again. Never a new number.

A query that finds nothing is an answer (state ``not-found``), not a failure.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import Protocol

from central.errors import ChannelRefused, ChannelUnknown
from central.money.channels.model import (
    Authorization,
    AuthorizationState,
    Event,
    EventKind,
    FlowBill,
    FlowRow,
    FundAccount,
    Invitation,
    Payee,
    Payment,
    PaymentOrder,
    PaymentState,
    PayoutOrder,
    PayoutState,
    PayWay,
    Refund,
    RefundOrder,
    RefundState,
    Share,
    Shared,
    ShareOrder,
    ShareState,
    TradeBill,
    TradeKind,
    TradeRow,
    Transfer,
)

__all__ = [
    "Authorization", "AuthorizationState", "Bills", "CallLog", "ChannelRefused", "ChannelUnknown",
    "Event", "EventKind", "FlowBill", "FlowRow", "FundAccount", "Invitation", "PayIn", "PayWay",
    "Payee", "Payment", "PaymentOrder", "PaymentState", "Payout", "PayoutOrder", "PayoutState",
    "Refund", "RefundOrder", "RefundState", "Share", "ShareOrder", "ShareState", "Shared",
    "Sharing", "TradeBill", "TradeKind", "TradeRow", "Transfer",
]  # fmt: skip


class PayIn(Protocol):
    """A channel that takes money in."""

    channel: str
    ways: frozenset[PayWay]

    def create(self, order: PaymentOrder) -> Invitation:
        """Ask for a payment. The same order again is the same payment."""

    def query(self, number: str) -> Payment:
        """Ask what became of it."""

    def close(self, number: str) -> None:
        """Make sure that it cannot be paid any more; a paid one is refused (query it then)."""

    def refund(self, order: RefundOrder) -> Refund:
        """Send money back. The same refund number again is the same refund."""

    def query_refund(self, number: str, refund_number: str) -> Refund:
        """Ask what became of a refund."""


class Payout(Protocol):
    """A channel that pays people out."""

    channel: str
    can_cancel: bool

    def transfer(self, order: PayoutOrder) -> Transfer:
        """Pay. The same order again is the same transfer; the same number with another is not."""

    def query(self, number: str) -> Transfer:
        """Ask what became of it."""

    def cancel(self, number: str) -> Transfer:
        """Ask to stop it before the payee confirms; refused where ``can_cancel`` is False."""


class Sharing(Protocol):
    """A channel that shares a payment out before it is settled."""

    channel: str

    def add_receiver(self, account: str, *, is_person: bool, name: str = "") -> None:
        """Make somebody known as a receiver; doing it twice does no harm."""

    def share(self, order: ShareOrder) -> Shared:
        """Ask for shares. The same number again is the same request."""

    def query_share(self, number: str, payment_channel_number: str) -> Shared:
        """Ask what became of it."""

    def unfreeze(self, number: str, payment_channel_number: str, why: str) -> Shared:
        """Make what has not been shared ours."""


class Bills(Protocol):
    """A channel that says what it has done, a day later.

    A bill that is cut off, whose hash or sums are wrong, or that is not there yet is
    ``ChannelUnknown``. A day without movements is a bill without rows.
    """

    channel: str

    @property
    def accounts(self) -> Sequence[FundAccount]:
        """Which of our accounts it can tell of."""

    def trade_bill(self, day: dt.date) -> TradeBill:
        """Fetch what was paid and refunded on a day."""

    def flow_bill(self, day: dt.date, account: FundAccount = FundAccount.BASIC) -> FlowBill:
        """Fetch how an account moved on a day."""


class CallLog(Protocol):
    """Writes down every outside call before it is sent, and what came of it."""

    def begin(self, channel: str, kind: str, number: str, request_sha256: bytes) -> int:
        """Write that a call is about to be sent, in a transaction of its own; return its id.

        Raises:
            KeyReused: a request that moves money went out under this number with another body.
        """

    def end(self, call_id: int, outcome: str, code: str) -> None:
        """Write what came of it: ``answered``, ``refused`` or ``unknown``, with the code."""
