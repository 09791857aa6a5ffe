"""The bytes that go to a printer: golden ones, and what an independent reader makes of them."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from edge.devices.escpos_bytes import encode_text, escpos_bytes
from edge.devices.paper import Bitmap, Row, Style
from edge.devices.simulated.escpos_paper import (
    Cut,
    Drawer,
    Image,
    Paper,
    QrCode,
    UnknownCommand,
)
from edge.devices.simulated.escpos_reader import Reading, read
from edge.receipt.layout import lay_out
from tests.edge.builders import a_printer_profile
from tests.edge.receipt.papers import GOLDENS

ROWS = [
    Row("  静安店", Style.LARGE), Row("金额 Amount   ¥88.00"), Row("data", Style.QR),
    Row("", Style.CUT),
]  # fmt: skip

TITLE = "1d21111c262020beb2b0b2b5ea1c2e0a1d2100"
AMOUNT = "1c26bdf0b6ee20416d6f756e74202020a3a438382e30301c2e0a"
QR = (
    "1b6101"
    "1d286b040031413200"  # model 2
    "1d286b0300314304"  # four dots a module
    "1d286b0300314530"  # error correction L
    "1d286b070031503064617461"  # the data
    "1d286b0300315130"  # print
    "1b6100"
)
BYTES = {
    "generic-80-gbk": "1b40" + TITLE + AMOUNT + QR + "1d564200",
    "generic-58-gbk": "1b40" + TITLE + AMOUNT + QR + "0a0a0a",
}


def paper_of(reading: Reading) -> Paper:
    """The paper that was cut off, or the one that still hangs in a printer that cannot cut."""
    return reading.papers[0] if reading.papers else reading.rest


@pytest.mark.parametrize("name", BYTES)
def test_the_bytes_of_each_profile_are_these(name: str) -> None:
    assert escpos_bytes(ROWS, a_printer_profile(name)).hex() == BYTES[name]


def test_a_printer_that_draws_no_codes_gets_the_text_of_them() -> None:
    sent = escpos_bytes([Row("S0412-K1/1/1 ab", Style.QR)], a_printer_profile(codes={"qr": "none"}))
    assert paper_of(read(sent)).text.strip() == "S0412-K1/1/1 ab"


@pytest.mark.parametrize("name", ["generic-80-gbk", "generic-58-gbk"])
@pytest.mark.parametrize("golden", GOLDENS)
def test_an_independent_reader_sees_the_receipt_and_no_unknown_command(
    golden: str, name: str
) -> None:
    profile = a_printer_profile(name)
    rows = lay_out(GOLDENS[golden], profile.media.columns)
    reading = read(escpos_bytes(rows, profile), profile.media.width_dots)
    assert not [event for event in reading.events if isinstance(event, UnknownCommand)]
    paper = paper_of(reading)
    lines = [line.rstrip() for line in paper.text.splitlines() if line.strip()]
    wanted = [row.text for row in rows if row.style in {Style.NORMAL, Style.LARGE}]
    read_text = [line for line in lines if not line.startswith(("[QR", "[Image"))]
    assert [t.strip() for t in read_text] == [
        t.strip().replace("¥", "￥") for t in wanted if t.strip()
    ]
    [code] = [strip for strip in paper.strips if isinstance(strip, QrCode)]
    assert code.text.endswith(next(row.text for row in rows if row.style is Style.QR))


def test_a_receipt_is_cut_where_the_printer_can_cut() -> None:
    rows = [Row("x"), Row("", Style.CUT)]
    cut = read(escpos_bytes(rows, a_printer_profile("generic-80-gbk"))).events
    torn = read(escpos_bytes(rows, a_printer_profile("generic-58-gbk"))).events
    assert [type(event) for event in cut] == [Cut]
    assert list(torn) == []


@given(st.lists(st.text(max_size=40), max_size=5))
@example(["\u0189\u2029"])
@example(["\x85\x1c\x1d\x1e"])
def test_no_text_opens_the_drawer_or_cuts_the_paper(texts: list[str]) -> None:
    sent = escpos_bytes([Row(text) for text in texts], a_printer_profile("generic-80-gbk"))
    events = read(sent).events
    assert not [event for event in events if isinstance(event, Drawer | Cut | UnknownCommand)]


@pytest.mark.parametrize(
    ("text", "encoded"),
    [("¥88.00", "a3a438382e3030"), ("金额", "bdf0b6ee"), ("😀", "3f"), ("한", "3f"),
     ("\x1bp\x00", "70"), ("", "")],
)  # fmt: skip
def test_what_the_printer_has_no_glyph_for_is_a_question_mark(text: str, encoded: str) -> None:
    assert encode_text(text, "gbk").hex() == encoded


@pytest.mark.parametrize("height", [1, 63, 64, 65, 240])
def test_a_picture_comes_out_of_the_printer_dot_by_dot(height: int) -> None:
    """Sent in bands; every one follows the one before without a gap."""
    bits = bytes((17 * n) % 256 for n in range(48 * height))
    rows = [Row("", Style.PICTURE, Bitmap(384, height, bits)), Row("", Style.CUT)]
    reading = read(escpos_bytes(rows, a_printer_profile("generic-58-gbk")), 384)
    pictures = [strip for strip in paper_of(reading).strips if isinstance(strip, Image)]
    assert b"".join(strip.bits for strip in pictures) == bits
    assert {strip.x for strip in pictures} == {0}
    assert sum(strip.height_dots for strip in pictures) == height
    assert not [event for event in reading.events if isinstance(event, UnknownCommand)]


def test_a_picture_that_is_wider_than_the_paper_is_left_out() -> None:
    rows = [Row("", Style.PICTURE, Bitmap(392, 1, bytes(49)))]
    assert escpos_bytes(rows, a_printer_profile("generic-58-gbk")) == b"\x1b@"
