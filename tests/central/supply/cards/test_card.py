"""What is a card and what is the text of an error; what eyes may see of it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from central.supply.cards.access.bait import like
from central.supply.cards.card import Card, Fault, fault_of

GOOD = [
    "ABCD-EFGH-1234", "12345678", "pO+x/9==",
    "https://example.test/redeem?c=9f3a", "+8613800138000",
    "卡密A1B2C3D4", "ERRORX-7Q2K", "a b c d 1", "账号:li 密码:9981",
]  # fmt: skip
BAD = {
    "": Fault.EMPTY,
    "   ": Fault.EMPTY,
    "库存不足": Fault.ERROR_TEXT,
    "很抱歉，有人在你付款之前抢走了商品": Fault.ERROR_TEXT,
    "处理中,请稍后再试": Fault.ERROR_TEXT,
    "error": Fault.ERROR_TEXT,
    "Error: out of stock": Fault.ERROR_TEXT,
    "502 Bad Gateway": Fault.ERROR_TEXT,
    "<html><body>": Fault.ERROR_TEXT,
    '{"code": 500}': Fault.ERROR_TEXT,
    "null": Fault.ERROR_TEXT,
    "N/A": Fault.ERROR_TEXT,
    "00000000": Fault.ERROR_TEXT,
    "=1+1": Fault.FORMULA,
    "@SUM(A1)": Fault.FORMULA,
    "#REF!": Fault.FORMULA,
    "1.23457E+15": Fault.ROUNDED,
    "AB1": Fault.TOO_SHORT,
    "A" + "B1" * 300: Fault.TOO_LONG,
    "AB12\x00CD34": Fault.CONTROL,
    "AB12\u200bCD34": Fault.CONTROL,
}


@pytest.mark.parametrize("secret", GOOD)
def test_what_could_be_a_key_is_one(secret: str) -> None:
    assert fault_of(Card(secret)) is None


@pytest.mark.parametrize(("secret", "fault"), BAD.items(), ids=map(ascii, BAD))
def test_what_is_no_key_is_told(secret: str, fault: Fault) -> None:
    assert fault_of(Card(secret)) is fault


def test_a_bad_number_is_told_too() -> None:
    assert fault_of(Card("AB12CD34", "=1+1")) is Fault.FORMULA
    assert fault_of(Card("AB12CD34", "库存不足")) is Fault.ERROR_TEXT


@pytest.mark.parametrize(
    ("secret", "tail"),
    [("ABCDEFGHIJKLMNOP", "MNOP"), ("12345678", "78"), ("1234", "4"), ("123", "")],
)
def test_never_more_than_a_quarter_is_shown(secret: str, tail: str) -> None:
    assert Card(secret).tail == tail


def test_gaps_and_width_do_not_count_and_case_does() -> None:
    assert Card("AB-12 cd").normal == Card("ＡＢ１２cd").normal
    assert Card("AB12").normal != Card("ab12").normal
    assert Card("2", "1").normal != Card("12").normal


@given(st.text(min_size=1), st.text())
def test_a_card_comes_back_and_shows_nothing_in_its_repr(secret: str, number: str) -> None:
    card = Card(secret, number)
    assert Card.from_bytes(card.to_bytes()) == card
    assert repr(card) == "Card()"


def test_bait_has_the_shape_of_its_model() -> None:
    made = like(Card("AB-12-cd", "N°7"), lambda alphabet: alphabet[-1])
    assert made == Card("ZZ-99-zz", "Z°9")
