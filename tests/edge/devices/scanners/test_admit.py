"""What is on a printed code is anybody's; what comes in is a text of a known size."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.devices.scanners.admit import (
    RATE_CODES,
    RATE_S,
    SAME_S,
    Fault,
    Lately,
    Pace,
    read_text,
)

HOSTILE = {
    "nothing": (b"", Fault.TOO_SHORT),
    "three bytes": (b"123", Fault.TOO_SHORT),
    "four bytes": (b"1234", "1234"),
    "as much as may be": (b"x" * 4096, "x" * 4096),
    "one byte more": (b"x" * 4097, Fault.TOO_LONG),
    "NUL": (b"9123\x00456", Fault.CONTROL),
    "a line end within": (b"9123\r9456", Fault.CONTROL),
    "GS1 with FNC1": (b"0104012345123456\x1d10ABC", Fault.CONTROL),
    "GS1 in brackets": (b"(01)04012345123456", "(01)04012345123456"),
    "an escape sequence of a terminal": (b"\x1b[2J\x1b[31mpaid", Fault.CONTROL),
    "DEL": (b"9123\x7f", Fault.CONTROL),
    "Latin-1": ("Grüße".encode("latin-1"), Fault.NOT_TEXT),
    "GBK": ("优惠券".encode("gbk"), Fault.NOT_TEXT),
    "half a character": ("券".encode()[:2] + b"99", Fault.NOT_TEXT),
    "an overlong slash": (b"99\xc0\xaf99", Fault.NOT_TEXT),
    "half a surrogate": (b"99\xed\xa0\x8099", Fault.NOT_TEXT),
    "turned around": ("9123\u202e4321".encode(), Fault.CONTROL),
    "a C1 control": ("9123\u0085".encode(), Fault.CONTROL),
    "Chinese": ("优惠券".encode(), "优惠券"),
    "an address": (b"https://example.org/?a=<script>", "https://example.org/?a=<script>"),
}


@pytest.mark.parametrize(("raw", "read"), HOSTILE.values(), ids=HOSTILE)
def test_each_hostile_code_is_a_text_or_has_a_fault(raw: bytes, read: str | Fault) -> None:
    assert read_text(raw) == read


@given(st.binary(max_size=5000))
def test_a_text_that_is_let_in_has_no_control_character_and_is_what_was_sent(raw: bytes) -> None:
    read = read_text(raw)
    if not isinstance(read, Fault):
        assert read.encode() == raw
        assert not any(unicodedata.category(c) == "Cc" for c in read)
        assert 4 <= len(raw) <= 4096


def test_a_code_is_the_same_until_it_was_away_for_a_while() -> None:
    lately = Lately()
    assert not lately.has(b"one", 0)
    lately.note(b"one", 0)
    assert lately.has(b"one", SAME_S)  # and counts from now
    assert lately.has(b"one", 2 * SAME_S)
    assert not lately.has(b"two", 2 * SAME_S)
    assert not lately.has(b"one", 3 * SAME_S + 0.1)


@given(st.lists(st.tuples(st.binary(max_size=3), st.floats(0, 1)), max_size=600))
def test_what_is_remembered_stays_small(codes: list[tuple[bytes, float]]) -> None:
    lately, now_s = Lately(), 0.0
    for raw, later_s in codes:
        now_s += later_s
        if not lately.has(raw, now_s):
            lately.note(raw, now_s)
        assert len(lately._seen) <= 256


def test_no_hand_is_faster_than_the_pace() -> None:
    pace = Pace()
    assert [pace.is_too_fast(0.0) for _ in range(RATE_CODES + 2)] == [False] * RATE_CODES + [
        True
    ] * 2
    assert not pace.is_too_fast(RATE_S)
