"""What is said about payments, refunds, transfers, shares and bills, whichever the channel is."""

from __future__ import annotations

import datetime as dt
import itertools
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from edge.contract.money import Money

_NUMBER = re.compile(r"[0-9A-Za-z]{6,32}", re.ASCII)


def check_number(number: str) -> str:
    """Return a number that every channel takes: 6 to 32 ASCII letters and digits.

    WeChat Pay's ``out_bill_no`` allows nothing else (doc/v3/merchant/4013778940), so nothing else
    is given out for anybody.

    Raises:
        ValueError: it is not one.
    """
    if not _NUMBER.fullmatch(number):
        raise ValueError(f"a channel's number is 6 to 32 letters and digits, not {number!r}")
    return number


# --- money in ------------------------------------------------------------------------------------


class PayWay(StrEnum):
    """How the buyer comes to pay."""

    QR = "qr"
    """He scans a code: WeChat Pay Native, Alipay precreate."""
    IN_APP = "in-app"
    """He pays where he is: WeChat Pay JSAPI and mini-program."""


@dataclass(frozen=True, slots=True)
class PaymentOrder:
    """A payment to be asked for. ``number`` is stored before it is sent, and never changes."""

    number: str
    amount: Money
    description: str
    expires_at_s: int
    way: PayWay = PayWay.QR
    payer: str = ""
    """Who pays, in the channel's own words (openid); needed for ``IN_APP``."""
    to_be_shared: bool = False
    """Whether part of it will be shared out; the channel freezes it until then."""

    def __post_init__(self) -> None:
        check_number(self.number)
        if self.amount.minor <= 0:
            raise ValueError("a payment is more than nothing")


@dataclass(frozen=True, slots=True)
class Invitation:
    """What lets the buyer pay: a text for a QR code, or what his app needs to open the till."""

    number: str
    qr_text: str = ""
    app_parameters: dict[str, str] = field(default_factory=dict)


class PaymentState(StrEnum):
    """What became of a payment."""

    NOT_FOUND = "not-found"
    OPEN = "open"
    PAID = "paid"
    REFUNDED = "refunded"
    """Was paid; some of it or all has gone back since."""
    CLOSED = "closed"
    """Not paid, and cannot be any more."""


@dataclass(frozen=True, slots=True)
class Payment:
    """What the channel knows of a payment. The amount is None where it does not say."""

    number: str
    state: PaymentState
    amount: Money | None = None
    channel_number: str = ""
    payer: str = ""
    paid_at_s: int | None = None
    channel_state: str = ""
    """The channel's own word, for people."""


@dataclass(frozen=True, slots=True)
class RefundOrder:
    """Money that goes back to the buyer; ``total`` is what the payment was for."""

    number: str
    refund_number: str
    amount: Money
    total: Money
    reason: str = ""

    def __post_init__(self) -> None:
        check_number(self.number)
        check_number(self.refund_number)
        if not 0 < self.amount.minor <= self.total.minor:
            raise ValueError("a refund is more than nothing and at most what was paid")


class RefundState(StrEnum):
    """What became of a refund."""

    NOT_FOUND = "not-found"
    PROCESSING = "processing"
    DONE = "done"
    FAILED = "failed"
    STUCK = "stuck"
    """The buyer's account takes no money; a person has to find another way (ABNORMAL)."""


@dataclass(frozen=True, slots=True)
class Refund:
    """What the channel knows of a refund."""

    number: str
    refund_number: str
    state: RefundState
    amount: Money | None = None
    channel_number: str = ""
    done_at_s: int | None = None
    channel_state: str = ""


# --- money out -----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Payee:
    """Who is to be paid. Where he lives and what he is called stays out of logs."""

    account: str = field(repr=False)
    """openid, Alipay user id or login, bank account: the channel's own word."""
    name: str = field(default="", repr=False)
    """His real name. WeChat Pay demands it from 2,000.00 on; Alipay for a login."""
    kind: str = ""
    """Alipay: ALIPAY_USER_ID, ALIPAY_OPEN_ID or ALIPAY_LOGON_ID; empty: told by its looks."""
    bank: str = ""
    """Name or code of the bank, for a bank's file."""


@dataclass(frozen=True, slots=True)
class PayoutOrder:
    """A transfer to be made. ``number`` is stored before it is sent, and never changes."""

    number: str
    payee: Payee
    amount: Money
    remark: str
    authorization_id: str = ""
    """WeChat Pay: the payee's standing consent; with it he need not confirm."""

    def __post_init__(self) -> None:
        check_number(self.number)
        if self.amount.minor <= 0:
            raise ValueError("a transfer is more than nothing")


class PayoutState(StrEnum):
    """What became of a transfer."""

    NOT_FOUND = "not-found"
    PROCESSING = "processing"
    WAITS_FOR_PAYEE = "waits-for-payee"
    """He has to confirm it in his app, within 24 hours."""
    CANCELLING = "cancelling"
    PAID = "paid"
    FAILED = "failed"
    CANCELLED = "cancelled"

    @property
    def is_final(self) -> bool:
        """Whether nothing will happen to it any more."""
        return self in {PayoutState.PAID, PayoutState.FAILED, PayoutState.CANCELLED}


@dataclass(frozen=True, slots=True)
class Transfer:
    """What the channel knows of a transfer. Amount and payee are None where it does not say."""

    number: str
    state: PayoutState
    amount: Money | None = None
    payee: str | None = field(default=None, repr=False)
    channel_number: str = ""
    package_info: str = field(default="", repr=False)
    """WeChat Pay: what the payee's mini-program needs to show him the transfer."""
    confirm_until_s: int | None = None
    """Until when he can confirm; afterwards the channel fails it, sometimes late."""
    fail_code: str = ""
    done_at_s: int | None = None
    channel_state: str = ""


class AuthorizationState(StrEnum):
    """What became of the question whether transfers need no confirmation."""

    NOT_FOUND = "not-found"
    WAITS_FOR_PAYEE = "waits-for-payee"
    IN_FORCE = "in-force"
    CLOSED = "closed"


@dataclass(frozen=True, slots=True)
class Authorization:
    """A payee's standing consent. ``id`` goes into ``PayoutOrder.authorization_id``."""

    number: str
    state: AuthorizationState
    id: str = ""
    payee: str | None = field(default=None, repr=False)
    package_info: str = field(default="", repr=False)
    channel_state: str = ""


# --- shares of a payment -------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Share:
    """One receiver's part of a payment."""

    account: str = field(repr=False)
    amount: Money
    description: str
    is_person: bool = False
    """A person's share cannot be taken back by WeChat Pay."""
    name: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True)
class ShareOrder:
    """Shares of one payment, asked for at once."""

    number: str
    payment_channel_number: str
    shares: tuple[Share, ...]
    is_last: bool = False
    """Whether what is left is ours now."""

    def __post_init__(self) -> None:
        check_number(self.number)
        if not self.shares:
            raise ValueError("there is nothing to share")


class ShareState(StrEnum):
    """What became of a share, or of all."""

    NOT_FOUND = "not-found"
    PROCESSING = "processing"
    DONE = "done"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Shared:
    """What the channel knows of a request for shares: its state, and of each receiver."""

    number: str
    state: ShareState
    channel_number: str = ""
    parts: tuple[tuple[str, Money, ShareState, str], ...] = field(default=(), repr=False)
    """Account, amount, state, the channel's reason of a failure."""


# --- bills ---------------------------------------------------------------------------------------


class FundAccount(StrEnum):
    """Which of our accounts with the channel; Alipay has one."""

    BASIC = "BASIC"
    OPERATION = "OPERATION"
    FEES = "FEES"


class TradeKind(StrEnum):
    """What a row of a trade bill records."""

    PAYMENT = "payment"
    REFUND = "refund"


FEE_UNITS = 100_000
"""A fee is counted in 1/100,000 yuan: WeChat Pay's bills give it with five decimals."""


@dataclass(frozen=True, slots=True)
class TradeRow:
    """One payment or refund of a trade bill. Amounts of refunds are negative."""

    occurred_at_s: int
    kind: TradeKind
    number: str
    channel_number: str
    gross: Money
    fee_e5: int
    """In ``FEE_UNITS``; positive is what the channel takes, negative what it gives back."""
    refund_number: str = ""
    refund_channel_number: str = ""
    state: str = ""


@dataclass(frozen=True, slots=True)
class FlowRow:
    """One movement of an account. ``change`` is positive for money in."""

    occurred_at_s: int
    flow_number: str
    channel_number: str
    our_number: str
    """Empty where the channel's file does not say."""
    kind: str
    """The channel's own word: 交易, 退款, 转账, 扣除交易手续费, …"""
    change: Money
    balance: Money
    memo: str = ""


def first_gap(rows: Sequence[FlowRow]) -> int | None:
    """Return the place of the first row whose balance does not follow from the one before."""
    for place, (before, after) in enumerate(itertools.pairwise(rows), 1):
        if before.balance.minor + after.change.minor != after.balance.minor:
            return place
    return None


@dataclass(frozen=True, slots=True)
class TradeBill:
    """A day's payments and refunds; rows and sums have been proven against each other."""

    channel: str
    day: dt.date
    raw: bytes = field(repr=False)
    rows: tuple[TradeRow, ...] = ()


@dataclass(frozen=True, slots=True)
class FlowBill:
    """A day's movements of one account; sums and the chain of balances have been proven."""

    channel: str
    day: dt.date
    account: FundAccount
    raw: bytes = field(repr=False)
    rows: tuple[FlowRow, ...] = ()


# --- what the channel calls us for ---------------------------------------------------------------


class EventKind(StrEnum):
    """What a callback is about."""

    PAYMENT = "payment"
    REFUND = "refund"
    TRANSFER = "transfer"
    AUTHORIZATION = "authorization"
    SHARING = "sharing"
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class Event:
    """A verified callback. It only wakes a query: what it says is never posted by itself."""

    channel: str
    event_id: str
    kind: EventKind
    event_type: str
    number: str
    """Our number of what it is about; empty if it names none."""
    amount: Money | None
    body_sha256: bytes = field(repr=False)
    """Hash of what it says, unsealed: a repetition is sealed and signed anew, and says the same."""
    created_at_s: int
