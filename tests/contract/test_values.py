"""Money and ids."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.contract import ids
from edge.contract.money import MINOR_MAX, CurrencyMismatch, Money, decimal_text


def test_money_adds_and_compares_within_one_currency() -> None:
    assert Money(8800, "CNY") + Money(1, "CNY") == Money(8801, "CNY")
    assert Money(8800, "CNY") - Money(8801, "CNY") == Money(-1, "CNY")
    assert Money(1, "CNY") < Money(2, "CNY") <= Money(2, "CNY")
    assert Money(3, "CNY") > Money(2, "CNY") >= Money(2, "CNY")


@pytest.mark.parametrize("combine", [Money.__add__, Money.__sub__, Money.__lt__, Money.__ge__])
def test_two_currencies_never_meet(combine: Any) -> None:
    with pytest.raises(CurrencyMismatch):
        combine(Money(1, "CNY"), Money(1, "USD"))


@pytest.mark.parametrize("minor", [1.0, True, "1", None])
def test_money_is_a_whole_number(minor: Any) -> None:
    with pytest.raises(TypeError):
        Money(minor, "CNY")


@pytest.mark.parametrize("minor", [MINOR_MAX + 1, -MINOR_MAX - 1])
def test_money_fits_into_a_column(minor: int) -> None:
    with pytest.raises(ValueError, match="64 bits"):
        Money(minor, "CNY")
    with pytest.raises(ValueError, match="64 bits"):
        Money(MINOR_MAX, "CNY") + Money(1, "CNY")


@pytest.mark.parametrize("currency", ["", "cny", "CN", "CNYY", "ＣＮＹ", "C1Y"])
def test_a_currency_is_three_letters(currency: str) -> None:
    with pytest.raises(ValueError, match="ISO 4217"):
        Money(1, currency)


@pytest.mark.parametrize(
    ("minor", "currency", "text"),
    [
        (8800, "CNY", "88.00"),
        (0, "CNY", "0.00"),
        (5, "CNY", "0.05"),
        (-5, "CNY", "-0.05"),
        (500, "JPY", "500"),
        (5, "KWD", "0.005"),
        (MINOR_MAX, "CNY", "92233720368547758.07"),
    ],
)
def test_money_is_written_with_its_point(minor: int, currency: str, text: str) -> None:
    assert decimal_text(minor, currency) == text


@given(st.integers(0, ids.VOUCHER_ID_MAX))
def test_a_voucher_id_is_twelve_hex_digits(number: int) -> None:
    text = ids.voucher_id_text(ids.VoucherId(number))
    assert len(text) == 12
    assert ids.parse_voucher_id(text) == number


@pytest.mark.parametrize(
    "text", ["", "0a1b2c3d4e5", "0A1B2C3D4E5F", "0a1b2c3d4e5g", " 0a1b2c3d4e5"]
)
def test_what_is_no_voucher_id_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="12 lower-case hex"):
        ids.parse_voucher_id(text)


@pytest.mark.parametrize("text", ["", "s0412", "-S1", "S0412_K1", "S" * 33, "店-1", "S0412-K1\n"])
def test_what_is_no_unit_id_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="unit id"):
        ids.parse_unit_id(text)


@pytest.mark.parametrize("text", ["", "Hub.example", "-hub", "h" * 65, "hub example"])
def test_what_is_no_issuer_id_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="issuer id"):
        ids.parse_issuer_id(text)


def test_an_entry_is_named_by_unit_epoch_and_number() -> None:
    ref = ids.EntryRef(ids.parse_unit_id("S0412-K1"), ids.Epoch(1), ids.Seq(17))
    assert str(ref) == "S0412-K1/1/17"
