"""The shapes of the orders' API. None holds a key or a code; one, what a buyer typed in full."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import BaseModel, Field

from central.foundation.web.describe import WHOLE, BodyJson, Whole
from central.sale.orders.model import QUANTITY_MAX
from central.sale.orders.states import OrderState, PaymentState, RefundState, UnitState
from edge.contract.money import MINOR_MAX

_ORDER = "^O[A-Z2-7]{15}$"
_UNIT = "^O[A-Z2-7]{15}-[1-9][0-9]{0,3}$"
_SKU = "^[A-Z0-9][A-Z0-9._-]{0,31}$"
_AGENT = "^([A-Z0-9][A-Z0-9-]{0,31})?$"
_CHANNEL = "^[a-z][a-z0-9-]{0,31}$"
_KEY = "^[!-~]{1,64}$"


class OrderPath(BaseModel):
    """Which order."""

    order_id: str = Field(pattern=_ORDER, description="Its number.")


class OrderUnitPath(OrderPath):
    """Which unit of which order."""

    unit_id: str = Field(pattern=_UNIT, description="The order's number and the unit's.")


class OrderKeyHeader(BaseModel):
    """What makes sending a wish twice harmless."""

    key: str = Field(
        alias="Idempotency-Key", pattern=_KEY,
        description="Your own, for ever: the same key and wish is the same order.",
    )  # fmt: skip


class WhichOrders(BaseModel):
    """Which orders, and how many."""

    state: OrderState | None = Field(None, description="Only those in this state.")
    limit: int = Field(50, ge=1, le=200, description="At most this many, newest first.")
    before: str | None = Field(
        None, pattern=_ORDER, description="Only those placed before this one: next of a page."
    )


class NewOrderJson(BodyJson):
    """What somebody wants to buy."""

    sku: str = Field(pattern=_SKU, description="What.")
    quantity: Whole = Field(1, ge=1, le=QUANTITY_MAX, description="How many.")
    fields: dict[str, Any] = Field(
        default={}, description="What the buyer is asked for: see `fields_schema` of the SKU."
    )
    code: str = Field(
        "", max_length=64,
        description="With the order's link it shows what was bought; 6 to 64 characters. It may"
        " be left out if an agent buys.",
    )  # fmt: skip
    contact: str = Field("", max_length=128, description="E-mail or phone of the buyer.")
    buyer_address: str = Field(
        "", max_length=64,
        description="Network address of the buyer, if you know it: unpaid orders of one address"
        " are counted together.",
    )  # fmt: skip
    seller: str = Field("", pattern=_AGENT, description="Agent who has sold it; empty for none.")
    buyer: str = Field(
        "", pattern=_AGENT, description="Agent who buys at his own price; empty for a customer."
    )
    price_max_minor: Annotated[int, Field(ge=0, le=MINOR_MAX), WHOLE] | None = Field(
        None, description="It is not ordered if it costs more than this, all together."
    )
    locale: str = Field("zh-CN", pattern="^(zh-CN|en)$", description="Language of the buyer.")


class PayOrderJson(BodyJson):
    """How an order is paid."""

    channel: str = Field(
        pattern=_CHANNEL,
        description="wechat-pay, alipay; for an agent's order balance, his prepaid money, or"
        " commission, what he has earned.",
    )


class RefundOrderJson(BodyJson):
    """What goes back."""

    units: list[str] = Field(
        default=[], max_length=1000,
        description="Numbers of units; none for an order by which another amount has come.",
    )  # fmt: skip
    reason: str = Field(min_length=1, max_length=80, description="Why; the channel is told.")


class AcceptOrderJson(BodyJson):
    """Why another amount buys."""

    reason: str = Field(min_length=1, max_length=80, description="It is told in the story.")


class DeliverUnitJson(BodyJson):
    """What the buyer gets; it is sealed, and told to him alone."""

    text: str = Field(min_length=1, max_length=4000, description="What the buyer gets.")
    cost_minor: Annotated[int, Field(ge=0, le=MINOR_MAX), WHOLE] = Field(
        0, description="What it has cost, minor units."
    )
    paid_from: str = Field(
        "", max_length=64, description="Account that it is paid from: 2210.kasushou; if it cost."
    )


class SaleOrderJson(BaseModel):
    """An order."""

    id: str = Field(description="Its number, also in the ledger.")
    channel: str = Field(description="shop, api.")
    seller: str = Field(description="Agent who has sold it; empty for none.")
    buyer: str = Field(description="Agent who has bought it; empty for a customer.")
    sku: str = Field(description="What was ordered.")
    quantity: int = Field(description="How many.")
    price_minor: int = Field(description="All together, minor units; for ever.")
    currency: str = Field(description="ISO 4217.")
    refunded_minor: int = Field(description="What goes back of it.")
    state: OrderState = Field(description="Where it is.")
    locale: str = Field(description="Language of the buyer.")
    placed_at_s: int = Field(description="Unix seconds.")
    pay_until_s: int = Field(description="Until when it can be paid.")
    paid_at_s: int | None = Field(description="When it was paid; null if it is not.")
    ended_at_s: int | None = Field(description="When it ended; null if it has not.")
    journal_id: int | None = Field(description="Of its completion in the ledger.")


class OrderUnitJson(BaseModel):
    """One deliverable unit of an order. What was delivered is told to its buyer alone."""

    id: str = Field(description="Its number.")
    n: int = Field(description="Counted from 1.")
    sku: str = Field(description="What it is; of a bundle, the part.")
    fulfilment: str = Field(description="How it comes to the buyer.")
    price_minor: int = Field(description="Its part of the price.")
    state: UnitState = Field(description="Where it is.")
    delivered_at_s: int | None = Field(description="When; null if it is not.")
    refund: str | None = Field(description="Number of the refund that took it back.")
    cost_minor: int | None = Field(
        None, description="What it has cost; only for those who may see cost."
    )


class OrderPaymentJson(BaseModel):
    """One payment of an order."""

    number: str = Field(description="Also at the channel.")
    channel: str = Field(description="wechat-pay, alipay, balance, commission.")
    amount_minor: int = Field(description="What is to be paid.")
    state: PaymentState = Field(description="Where it is.")
    created_at_s: int = Field(description="Unix seconds.")
    expires_at_s: int = Field(description="Until when the buyer can make it.")
    last_code: str = Field(description="The channel's last word while it is no end.")
    channel_number: str = Field(description="The channel's own number, once it is paid.")


class OrderRefundJson(BaseModel):
    """Money that goes back to a buyer."""

    number: str = Field(description="Also at the channel.")
    payment: str = Field(description="Of which payment.")
    channel: str = Field(description="Which way it goes.")
    amount_minor: int = Field(description="How much.")
    reason: str = Field(description="Why.")
    asked_by: str = Field(description="Who.")
    state: RefundState = Field(description="Where it is.")
    asked_at_s: int = Field(description="Unix seconds.")
    done_at_s: int | None = Field(description="When it was done; null if it is not.")


class OrderHappeningJson(BaseModel):
    """One line of an order's story."""

    at_s: int = Field(description="Unix seconds.")
    unit: str = Field(description="Which unit; empty for the order.")
    who: str = Field(description="Who or what did it.")
    event: str = Field(description="What happened.")
    state: str = Field(description="Where it was afterwards.")
    detail: str = Field(description="More of it.")


class UnmaskOrderJson(BodyJson):
    """Why somebody reads it."""

    reason: str = Field(min_length=1, max_length=80, description="It is told in the story.")


class OrderPrivateJson(BaseModel):
    """What a buyer has told."""

    contact: str = Field(description="E-mail or phone; empty if he has not said.")
    fields: dict[str, str] = Field(description="What he has typed, by the names of the fields.")


class OneOrderJson(BaseModel):
    """An order, its units, its payments and refunds, and all that happened."""

    order: SaleOrderJson = Field(description="As it is now.")
    told: OrderPrivateJson = Field(description="Masked; `…/private` tells it in full.")
    units: list[OrderUnitJson] = Field(description="By their numbers.")
    payments: list[OrderPaymentJson] = Field(description="As they were asked for.")
    refunds: list[OrderRefundJson] = Field(description="As they were asked for.")
    story: list[OrderHappeningJson] = Field(description="First things first.")


class OrdersJson(BaseModel):
    """Orders, newest first."""

    orders: list[SaleOrderJson] = Field(description="Newest first.")
    next: str | None = Field(description="`before` of the next page; null if this is the last.")


class PlacedOrderJson(BaseModel):
    """An order that was placed, and the link that shows it to its buyer."""

    order: SaleOrderJson = Field(description="As it is now.")
    path: str = Field(description="The buyer's page at the hub: as good as a receipt, a secret.")


class PayingJson(BaseModel):
    """An order that is being paid."""

    order: SaleOrderJson = Field(description="As it is now.")
    payment: OrderPaymentJson = Field(description="The payment.")
    qr_text: str = Field(description="What the buyer scans; empty if it is paid already.")


class ServedUnitJson(BaseModel):
    """A unit, and the order that it is of."""

    order: SaleOrderJson = Field(description="As it is now.")
    unit: OrderUnitJson = Field(description="As it is now.")
