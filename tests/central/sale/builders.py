"""A shop: a shelf with prices, keys in stock, the channel simulator, and people who buy."""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from werkzeug.security import generate_password_hash

from central.foundation.seal import Seal
from central.money.channels.ports import PaymentState
from central.money.ledger.chart import heading_of
from central.network.agents import upstream
from central.sale.orders import pay, refund, serve, store
from central.sale.orders.model import Order, OrderId, Unit, UnitId, Wanted
from central.sale.orders.office import Office
from central.sale.orders.place import Placed, place
from central.sale.orders.states import OrderState, UnitState
from central.supply.cards.vault.keys import Vault
from central.supply.catalogue import shelf
from central.supply.catalogue.model import CategoryId, Part
from central.supply.prices import books
from central.supply.prices.model import Mode, Tier
from central.supply.prices.wanted import Change
from central.supply.prices.wanted import Wanted as Price
from tests import builders as b
from tests.central.books import assert_sound, balances
from tests.central.builders import CURRENCY, KEYRING, ZONE, bytes_named
from tests.central.channel import WECHAT, Served
from tests.central.money.sharing.outside import OUTSIDE
from tests.central.supply.cards.builders import CENTS, a_vault, an_intake, stocked
from tests.central.supply.catalogue.builders import (
    KEY,
    LUNCH,
    SET,
    a_sku,
    a_type,
    an_item,
    fill_shelf,
    put,
)
from tests.central.supply.prices.builders import a_book
from tests.central.supply.product_types.builders import both

BY_HAND = "COURSE-1"
PRICE = {KEY: 4_900, LUNCH: 8_000, SET: 15_000, BY_HAND: 2_000}
CODE = "open sesame"
FIELDS: dict[str, dict[str, str]] = {KEY: {"account": "li"}, SET: {f"{KEY}.account": "li"}}
_numbers = itertools.count(1)


@dataclass
class Shop:
    """A hub that sells, and everybody around it."""

    channel: Served
    office: Office
    vault: Vault

    def order(self, sku: str = KEY, quantity: int = 1, **bent: Any) -> Placed:
        """Place an order."""
        values: dict[str, Any] = {
            "key": f"k{next(_numbers)}", "fields": FIELDS.get(sku, {}),
            "code": CODE, "contact": f"li{next(_numbers)}@example.com",
            "address": f"192.0.2.{next(_numbers) % 250}",
        }  # fmt: skip
        return place(Wanted(sku=sku, quantity=quantity, **{**values, **bent}), self.office)

    def paid(self, sku: str = KEY, quantity: int = 1, **bent: Any) -> Order:
        """Place an order and pay it."""
        placed = self.order(sku, quantity, **bent).order
        self.pay(placed)
        return store.get(placed.id)

    def pay(self, order: Order, by: str = WECHAT) -> str:
        """Let the buyer pay, and the hub hear of it; return the payment's number."""
        payment = pay.ask_to_pay(order.id, by, self.office)
        self.channel.pay(by, payment.number)
        self.hear(payment.number)
        return payment.number

    def hear(self, number: str) -> None:
        """Let the hub ask what became of a payment."""
        pay.wake(number, self.office.now_s())
        pay.follow_due(self.office)

    def serve(self) -> None:
        """Do all that is due."""
        serve.serve_due(self.office)

    def bought(self, sku: str = KEY, quantity: int = 1, **bent: Any) -> Order:
        """Place, pay and serve an order."""
        order = self.paid(sku, quantity, **bent)
        self.serve()
        return store.get(order.id)

    def refund_all(self, order: OrderId, reason: str = "not wanted") -> None:
        """Give everything back, and let the channel do it."""
        refund.refund_units(order, [u.id for u in store.units(order)], reason, "amy", self.office)
        self.settle_refunds()

    def settle_refunds(self) -> None:
        """Let every refund end."""
        for _ in range(6):
            refund.refund_due(self.office)
            self.channel.forward(60)

    def forward(self, seconds: int) -> None:
        """Let time pass for everybody."""
        self.channel.forward(seconds)

    def stock(self, numbers: range, sku: str = KEY) -> None:
        """Put keys into stock."""
        stocked(self.vault, numbers, intake=an_intake(sku))


def a_shop(directory: Path, channel: Served, **bent: Any) -> Shop:
    """Furnish a hub for selling; agents and products are there already."""
    fill_shelf()
    shelf.offer(SET, b.NOW_S)
    a_type("course", "manual", "{note}")
    shelf.put_item(an_item("course", "course", category=CategoryId("games")))
    put(a_sku(BY_HAND, "course", face=None, names=both("课程", "Course")))
    shelf.offer(BY_HAND, b.NOW_S)
    books.add_book(a_book(), by="amy", at_s=b.NOW_S)
    for sku, minor in PRICE.items():
        wanted = Price(Mode.LADDER, (Tier(1, minor),))
        books.set_price(Change("retail", sku, wanted), by="amy", now_s=b.NOW_S)
    values: dict[str, Any] = {
        "currency": CURRENCY, "timezone": ZONE, "now_s": channel.clock,
        "seal": Seal(bytes_named("seal")), "outside": OUTSIDE, "cost_of": lambda *_: None,
        "channels": channel.channels(), "keyring": KEYRING,
        "hash_code": lambda code: generate_password_hash(code, "pbkdf2:sha256:1"),
    }  # fmt: skip
    return Shop(channel, Office(**{**values, **bent}), a_vault(directory))


def states(order: OrderId) -> tuple[OrderState, list[UnitState]]:
    """Return where an order and its units are."""
    return store.get(order).state, [unit.state for unit in store.units(order)]


def balance_of(code: str) -> int:
    """Return what an account holds in its normal direction."""
    return balances().get(code, 0) * heading_of(code).type.sign


def first_unit(order: OrderId) -> Unit:
    """Return the first unit."""
    return store.units(order)[0]


__all__ = [
    "BY_HAND", "CENTS", "CODE", "KEY", "LUNCH", "PRICE", "SET", "Part", "PaymentState", "Shop",
    "UnitId", "a_shop", "assert_sound", "balance_of", "first_unit", "states", "upstream",
]  # fmt: skip
