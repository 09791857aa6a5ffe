"""An order, its units, its payments and refunds, as rows say them; and what is asked for. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple, NewType

from central.sale.orders.states import OrderState, PaymentState, RefundState, UnitState
from central.supply.product_types.model import Fulfilment
from edge.contract.money import Money

OrderId = NewType("OrderId", str)
"""``O`` and 15 capitals and digits; also its number in the ledger."""
UnitId = NewType("UnitId", str)
"""The order's id and a number, ``OABC…-2``."""

QUANTITY_MAX = 100
"""Units of one order; more is another order."""
UNITS_MAX = 1000
"""Units of one order when bundles are taken apart."""
PAY_S = 15 * 60
"""How long a buyer has to pay, and how long what he wants is kept for him."""


@dataclass(frozen=True)
class Wanted:
    """What somebody wants to buy.

    Args:
        key: The caller's own: the same key and wish is the same order.
        fields: As the SKU asks for them (``catalogue.asked``); a bundle's parts by ``PART.field``.
        code: What he will have to say to see what he has bought; at least six characters.
        contact: E-mail or phone; where notices go, and whose orders are counted together.
        address: Network address that he asks from.
        seller: Agent by whose link he came; empty for none.
        buyer: Agent who buys at his own price; empty for a customer.
        customer: Whose account it belongs to; empty for a guest.
        price_max: It is not bought for more than this, minor units; None for any price.
    """

    key: str
    sku: str
    quantity: int
    fields: Mapping[str, object] = field(default_factory=dict, repr=False)
    code: str = field(default="", repr=False)
    contact: str = field(default="", repr=False)
    address: str = field(default="", repr=False)
    channel: str = "shop"
    seller: str = ""
    buyer: str = ""
    locale: str = "zh-CN"
    customer: str = ""
    price_max: int | None = None


class Order(NamedTuple):
    """An order. What the buyer has told is sealed, and not in it.

    Args:
        refunded: What goes back of the price, minor units.
        is_over: Nobody waits for any unit, and every refund has been made.
    """

    id: OrderId
    channel: str
    seller: str
    buyer: str
    sku: str
    quantity: int
    type: str
    type_version: int
    price: Money
    locale: str
    state: OrderState
    refunded: int
    placed_at_s: int
    pay_until_s: int
    paid_at_s: int | None
    ended_at_s: int | None
    journal_id: int | None


class Unit(NamedTuple):
    """One deliverable unit of an order.

    Args:
        price: Its part of the order's price; over all units it is the whole.
        cost_account, cost: What completion takes its cost from; none until it is delivered.
        voucher: Of a voucher of ours, its id.
        refunded: What went back of its price while the buyer keeps it.
        type_version: In which version of its type it was sold; None of one from before units kept
            it.
    """

    id: UnitId
    order: OrderId
    n: int
    sku: str
    fulfilment: Fulfilment
    price: int
    state: UnitState
    cost_account: str
    cost: int
    delivered_at_s: int | None
    refund: str | None
    voucher: int | None
    refunded: int = 0
    type_version: int | None = None

    @property
    def left(self) -> int:
        """What of its price has not gone back, while the buyer has it."""
        return self.price - self.refunded


class Payment(NamedTuple):
    """One payment of an order; its number is there before the channel hears of it.

    Args:
        payer: From whose balance it is paid, an agent's or a customer's; empty for a channel.
    """

    number: str
    order: OrderId
    channel: str
    amount: Money
    description: str
    state: PaymentState
    created_at_s: int
    expires_at_s: int
    attempts: int
    last_code: str
    channel_number: str
    qr_text: str
    payer: str


class Refund(NamedTuple):
    """Money that goes back to a buyer; its number is there before the channel hears of it."""

    number: str
    order: OrderId
    payment: str
    channel: str
    amount: Money
    total: Money
    reason: str
    asked_by: str
    state: RefundState
    attempts: int
    last_code: str
    asked_at_s: int
    done_at_s: int | None


class Happening(NamedTuple):
    """One line of an order's story."""

    at_s: int
    unit: str
    who: str
    event: str
    state: str
    detail: str


def parts_of(minor: int, weights: Sequence[int]) -> list[int]:
    """Return a price in parts as the weights are, one a unit; they sum to it.

    Each is its exact share rounded down, and one more where most of it was lost (largest
    remainder); of those that have lost as much, the first.
    """
    whole = sum(weights)
    shares = [divmod(minor * weight, whole) for weight in weights]
    rest = minor - sum(part for part, _ in shares)
    one_more = set(sorted(range(len(shares)), key=lambda n: -shares[n][1])[:rest])
    return [part + (n in one_more) for n, (part, _) in enumerate(shares)]
