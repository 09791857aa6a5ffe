"""The shapes of the customers' API. Nothing here holds a code, or an address but one's own."""

from __future__ import annotations

from pydantic import BaseModel, Field

from central.foundation.web.describe import BodyJson, Whole
from central.sale.customers.model import TOP_UP_MINOR, CustomerState
from central.sale.orders.api_json import SaleOrderJson
from central.sale.orders.states import PaymentState

_ORDER = "^O[A-Z2-7]{15}$"
_CUSTOMER = "^C[A-Z2-7]{15}$"
_CODE = "^[A-Z2-7]{26}$"
_TOP_UP = "^T[A-Z2-7]{16}$"
_CHANNEL = "^[a-z][a-z0-9-]{0,31}$"
_SESSION = "^[A-Za-z0-9_-]{43}$"


class CustomerPath(BaseModel):
    """Which customer."""

    customer_id: str = Field(pattern=_CUSTOMER, description="His number.")


class TopUpPath(BaseModel):
    """Which top-up."""

    number: str = Field(pattern=_TOP_UP, description="Its number.")


class CustomerSessionHeader(BaseModel):
    """Which customer a program asks for."""

    session: str = Field(
        alias="Customer-Session", pattern=_SESSION, description="What signing in has answered."
    )


class AskCodeJson(BodyJson):
    """Where a code is to be sent."""

    contact: str = Field(min_length=3, max_length=254, description="E-mail or mobile number.")
    buyer_address: str = Field(
        min_length=1, max_length=64,
        description="Network address of whoever asks: codes of one network are counted together.",
    )  # fmt: skip
    locale: str = Field("zh-CN", pattern="^(zh-CN|en)$", description="Language of the message.")


class CodeSentJson(BaseModel):
    """That a code was sent; the same for an address that is known and one that is not."""

    number: str = Field(description="Bring it with the code.")
    ends_in_s: int = Field(description="How long the code is good for, seconds.")


class TypedCodeJson(BodyJson):
    """A code that somebody has typed."""

    number: str = Field(pattern=_CODE, description="What asking for the code has answered.")
    code: str = Field(min_length=6, max_length=12, description="Six digits.")


class SessionJson(BaseModel):
    """A customer who has signed in."""

    session: str = Field(description="A secret: send it as Customer-Session. Good for 30 days.")
    customer: str = Field(description="His number.")


class ProveJson(BodyJson):
    """To which of his addresses a code is to be sent."""

    kind: str = Field(pattern="^(mail|mobile)$", description="mail, mobile.")
    buyer_address: str = Field(
        min_length=1, max_length=64, description="Network address of whoever asks."
    )


class NewContactJson(BodyJson):
    """An address that is to be a customer's."""

    contact: str = Field(min_length=3, max_length=254, description="E-mail or mobile number.")
    buyer_address: str = Field(
        min_length=1, max_length=64, description="Network address of whoever asks."
    )


class LanguageJson(BodyJson):
    """A language."""

    locale: str = Field(pattern="^(zh-CN|en)$", description="zh-CN, en.")


class EndSessionJson(BodyJson):
    """Where he signs out."""

    everywhere: bool = Field(default=False, description="In every browser and program.")


class SignedOutJson(BaseModel):
    """That he has signed out."""

    ended: bool = Field(description="True.")


class MeJson(BaseModel):
    """A customer, as he sees himself."""

    id: str = Field(description="His number, also in the ledger.")
    mail: str = Field(description="Empty for none.")
    mobile: str = Field(description="Empty for none.")
    locale: str = Field(description="In which he is written to.")
    balance_minor: int = Field(description="What he can spend.")
    currency: str = Field(description="ISO 4217.")


class WhichOwnOrders(BaseModel):
    """Which of his orders, and how many."""

    limit: int = Field(50, ge=1, le=200, description="At most this many, newest first.")
    before: str | None = Field(
        None, pattern=_ORDER, description="Only those placed before this one: next of a page."
    )


class OwnOrderJson(BaseModel):
    """An order, and the link that shows it."""

    order: SaleOrderJson = Field(description="As it is now.")
    path: str = Field(description="His page of it at the hub: a secret.")


class OwnOrdersJson(BaseModel):
    """A customer's orders."""

    orders: list[OwnOrderJson] = Field(description="Newest first.")
    next: str | None = Field(description="`before` of the next page; null if this is the last.")


class AddOrderJson(BodyJson):
    """A guest's order that is to be his."""

    link: str = Field(min_length=1, max_length=300, description="Its link, or the end of it.")
    code: str = Field(min_length=1, max_length=64, description="The code that was chosen for it.")


class WhichOwnOrder(BaseModel):
    """Which of his orders."""

    order_id: str = Field(pattern=_ORDER, description="Its number.")


class WhichLines(BaseModel):
    """Which page of a statement."""

    page: int = Field(1, ge=1, le=100_000, description="From 1, the newest changes first.")


class BalanceLineJson(BaseModel):
    """One change of a balance."""

    at_s: int = Field(description="Unix seconds.")
    kind: str = Field(
        description="balance-topped-up, bought, refund-confirmed, balance-given-back."
    )
    order: str = Field(description="Which order; empty for a top-up.")
    change_minor: int = Field(description="More, or less if negative.")
    left_minor: int = Field(description="What was there afterwards.")


class BalanceJson(BaseModel):
    """A balance and a page of its statement."""

    balance_minor: int = Field(description="What he can spend.")
    currency: str = Field(description="ISO 4217.")
    lines: list[BalanceLineJson] = Field(description="The newest first.")
    page: int = Field(description="From 1.")
    pages: int = Field(description="How many there are.")


class NewTopUpJson(BodyJson):
    """How much is to be paid onto a balance, and how."""

    amount_minor: Whole = Field(
        ge=TOP_UP_MINOR[0], le=TOP_UP_MINOR[1], description="Minor units."
    )  # fmt: skip
    channel: str = Field(pattern=_CHANNEL, description="wechat-pay, alipay.")


class TopUpJson(BaseModel):
    """A payment onto a balance."""

    number: str = Field(description="Also at the channel.")
    channel: str = Field(description="Which way it comes.")
    amount_minor: int = Field(description="What is to be paid.")
    state: PaymentState = Field(description="Where it is.")
    expires_at_s: int = Field(description="Until when it can be paid.")
    qr_text: str = Field(description="What he scans; empty once it is over.")


class WhichCustomers(BaseModel):
    """Which customers, and how many."""

    limit: int = Field(50, ge=1, le=200, description="At most this many, newest first.")
    before: str | None = Field(
        None, pattern=_CUSTOMER, description="Only older ones than this: next of a page."
    )


class FindCustomerJson(BodyJson):
    """Whom somebody looks for."""

    contact: str = Field(min_length=3, max_length=254, description="E-mail or mobile number.")


class CustomerJson(BaseModel):
    """An account, as headquarters sees it."""

    id: str = Field(description="Its number, also in the ledger.")
    contacts: list[str] = Field(
        description="How the customer is reached; masked unless you may manage customers."
    )
    locale: str = Field(description="In which he is written to.")
    state: CustomerState = Field(description="Where it is.")
    created_at_s: int = Field(description="Unix seconds.")
    balance_minor: int = Field(description="What he can spend.")


class CustomersJson(BaseModel):
    """Accounts, newest first."""

    customers: list[CustomerJson] = Field(description="Newest first.")
    next: str | None = Field(description="`before` of the next page; null if this is the last.")


class CustomerOrdersJson(BaseModel):
    """The orders of an account."""

    orders: list[SaleOrderJson] = Field(description="Newest first.")
    next: str | None = Field(description="`before` of the next page; null if this is the last.")
