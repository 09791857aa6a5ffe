"""What an order may not be, before anybody is asked."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from central.money.channels.model import check_number
from central.money.channels.ports import (
    Payee,
    PaymentOrder,
    PayoutOrder,
    PayoutState,
    RefundOrder,
    Share,
    ShareOrder,
)
from tests.central.channel import yuan


@pytest.mark.parametrize("number", ["OUT001", "A" * 32, "000000"])
def test_a_number_that_every_channel_takes(number: str) -> None:
    assert check_number(number) == number


@pytest.mark.parametrize(
    "number", ["", "OUT01", "A" * 33, "OUT-0001", "OUT_0001", "OUT 0001", "单号0001", "OUT0001\n"]
)
def test_a_number_that_some_channel_does_not_take(number: str) -> None:
    with pytest.raises(ValueError, match="letters and digits"):
        check_number(number)


ORDERS: list[Callable[[], object]] = [
    lambda: PaymentOrder("short", yuan("1.00"), "x", 0),
    lambda: PaymentOrder("PAY0000001", yuan("0.00"), "x", 0),
    lambda: PaymentOrder("PAY0000001", yuan("-1.00"), "x", 0),
    lambda: RefundOrder("PAY0000001", "back", yuan("1.00"), yuan("1.00")),
    lambda: RefundOrder("PAY0000001", "BACK000001", yuan("0.00"), yuan("1.00")),
    lambda: RefundOrder("PAY0000001", "BACK000001", yuan("1.01"), yuan("1.00")),
    lambda: PayoutOrder("short", Payee("o"), yuan("1.00"), "x"),
    lambda: PayoutOrder("OUT0000001", Payee("o"), yuan("0.00"), "x"),
    lambda: ShareOrder("SHARE00001", "4200", ()),
    lambda: ShareOrder("x", "4200", (Share("o", yuan("1.00"), "x"),)),
]


@pytest.mark.parametrize("order", ORDERS)
def test_an_order_that_makes_no_sense_cannot_be_made(order: Callable[[], object]) -> None:
    with pytest.raises(ValueError, match=r"."):
        order()


def test_three_states_of_a_payout_are_final() -> None:
    final = {state for state in PayoutState if state.is_final}
    assert final == {PayoutState.PAID, PayoutState.FAILED, PayoutState.CANCELLED}
