"""Characters on paper: what may go to a printer, and how wide it comes out."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.devices.escpos_bytes import encode_text
from edge.devices.paper import column_width, columns_of, printable


@pytest.mark.parametrize(
    ("text", "columns"),
    [("", 0), ("abc", 3), ("金额", 4), ("金额: 8", 7), ("，。（）", 8), ("￥88.00", 7),
     ("“x”", 5), ("é", 2), ("ｱ", 1), ("Ａ", 2)],
)  # fmt: skip
def test_a_chinese_character_is_two_columns_wide(text: str, columns: int) -> None:
    assert columns_of(text) == columns


@pytest.mark.parametrize(
    ("text", "clean"),
    [
        ("¥88.00", "￥88.00"), ("5 €", "5 EUR"), ("£5", "GBP5"), ("8–9", "8-9"),
        ("a\u00a0b", "a b"), ("a\tb", "a b"), ("\x1bp\x00开", "p开"), ("a\r\nb", "ab"),
        ("\x7f\x80\x9f", ""), ("cafe\u0301", "café"), ("x\u0301\u0302", "x"), ("❤\ufe0f", "❤"),
        ("👩\u200d🍳", "👩🍳"), ("\ufeff券", "券"), ("\u202eabc", "abc"), ("", ""),
    ],
)  # fmt: skip
def test_only_what_has_a_glyph_of_its_own_goes_to_the_printer(text: str, clean: str) -> None:
    assert printable(text) == clean


@given(st.text())
def test_cleaning_twice_changes_nothing(text: str) -> None:
    assert printable(printable(text)) == printable(text)


def test_no_character_comes_out_wider_than_it_was_counted() -> None:
    """In GBK a byte is a column; a wider row would break where nobody laid it out."""
    wider = [
        hex(code)
        for code in range(0x110000)
        if len(encode_text(chr(code), "gbk")) > columns_of(printable(chr(code)))
    ]
    assert wider == []


@given(st.text())
def test_no_text_comes_out_wider_than_it_was_counted(text: str) -> None:
    assert len(encode_text(text, "gbk")) <= columns_of(printable(text))


@given(st.text())
def test_no_control_character_reaches_the_printer(text: str) -> None:
    """A byte below 0x20 would be a command: cut, feed, open the drawer."""
    assert all(byte >= 0x20 and byte != 0x7F for byte in encode_text(text, "gbk"))


def test_a_character_is_one_or_two_columns_wide_or_none() -> None:
    assert {column_width(chr(code)) for code in range(0x20000)} == {0, 1, 2}
