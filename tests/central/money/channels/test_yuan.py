"""Amounts as channels write them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from central.money.channels import yuan
from edge.contract.money import MINOR_MAX, Money

AMOUNTS = st.integers(0, MINOR_MAX).map(lambda minor: Money(minor, "CNY"))


@given(AMOUNTS)
def test_yuan_come_back_as_they_were(amount: Money) -> None:
    assert yuan.from_yuan(yuan.to_yuan(amount)) == amount


@given(AMOUNTS)
def test_fen_come_back_as_they_were(amount: Money) -> None:
    assert yuan.fen(yuan.to_fen(amount)) == amount


@pytest.mark.parametrize(
    ("text", "minor"),
    [("0.01", 1), ("88", 8800), ("88.5", 8850), ("88.50000", 8850), ("-0.04", -4), ("007", 700)],
)
def test_yuan_are_a_decimal_text(text: str, minor: int) -> None:
    assert yuan.from_yuan(text) == Money(minor, "CNY")


@pytest.mark.parametrize(
    "value",
    ["", "-", ".5", "5.", "1.234", "1,000.00", "1e3", "88.00元", " 1", "１", "1.000000", None, 88,
     88.0, True, "9" * 17, "9" * 18],
)  # fmt: skip
def test_anything_else_is_no_amount_in_yuan(value: object) -> None:
    with pytest.raises(ValueError, match="amount"):
        yuan.from_yuan(value)


@pytest.mark.parametrize("value", ["100", 100.0, True, -1, None, MINOR_MAX + 1, [100]])
def test_anything_but_a_whole_number_is_no_amount_in_fen(value: object) -> None:
    with pytest.raises(ValueError, match="whole JSON number"):
        yuan.fen(value)


@pytest.mark.parametrize(
    ("text", "e5"), [("0.00600", 600), ("0.52800", 52800), ("-0.04800", -4800), ("1", 100_000)]
)
def test_a_fee_has_five_decimals(text: str, e5: int) -> None:
    assert yuan.from_yuan_e5(text) == e5


def test_a_channel_pays_in_yuan_only() -> None:
    for write in (yuan.to_fen, yuan.to_yuan):
        with pytest.raises(ValueError, match="CNY"):
            write(Money(100, "EUR"))
