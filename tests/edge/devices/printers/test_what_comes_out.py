"""From a row to the paper, through the bytes: text and picture, 58 and 80 mm, every way."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.devices.escpos_bytes import escpos_bytes, native_text
from edge.devices.paper import Row, Style, columns_of, printable
from edge.devices.pictures.still import read_gray
from edge.devices.printers.fonts import find_font
from edge.devices.profiles import PrinterProfile, ids, load
from edge.devices.simulated.escpos_paper import Barcode, Drawer, Image, Line, Paper, QrCode
from edge.devices.simulated.escpos_reader import read
from edge.devices.simulated.paper_picture import draw_paper
from edge.receipt.document import Document, Pair
from edge.receipt.document import Line as TextLine
from edge.receipt.layout import lay_out
from tests.edge.builders import a_printer_profile
from tests.edge.devices.printers.papers import (
    GOLDEN,
    Golden,
    is_comparable,
    paper_of,
    reference_rows,
)
from tests.edge.devices.printers.second_reader import read_again

BOTH = pytest.mark.parametrize("name", ["generic-58-gbk", "generic-80-gbk"])
needs_font = pytest.mark.skipif(find_font() is None, reason="no font with Chinese characters")


def printed(rows: list[Row], profile: PrinterProfile) -> Paper:
    return paper_of(escpos_bytes(rows, profile), profile)


def gray(paper: Paper) -> np.ndarray:
    """The picture of a paper, with white around it as a desk has."""
    png = np.frombuffer(draw_paper(paper, find_font()), np.uint8)
    picture = cv2.imdecode(png, cv2.IMREAD_GRAYSCALE)
    assert picture is not None
    return cv2.copyMakeBorder(picture, 40, 40, 40, 40, cv2.BORDER_CONSTANT, value=[255])


def laid_out(document: Document, profile: PrinterProfile) -> list[Row]:
    return lay_out(document, profile.media.columns)


# --- what our receipts must get right ------------------------------------------------------------


NATIVE = [
    ("金额：¥88.00", "金额：￥88.00"),
    ("￥88.00", "￥88.00"),
    ("（），：；——“”", "（），：；——“”"),
    ("——————", "——————"),
    ("（）：，。", "（）：，。"),
    ("第1张 共12张 A12b", "第1张 共12张 A12b"),
    ("Coffee 咖啡 x2 ¥30.00", "Coffee 咖啡 x2 ￥30.00"),
]


@BOTH
@pytest.mark.parametrize(("text", "read_as"), NATIVE)
def test_chinese_digits_and_punctuation_are_printed_as_they_are(
    name: str, text: str, read_as: str
) -> None:
    profile = load("printer", name)
    sent = escpos_bytes([Row(text)], profile)
    paper = paper_of(sent, profile)
    assert paper.text == read_as
    assert len(sent) < 60, "in characters, not in dots"
    [line] = paper.strips
    assert isinstance(line, Line)
    assert line.items[-1].end == 12 * columns_of(printable(text)), "two columns a hanzi"


@BOTH
def test_a_name_of_forty_characters_goes_over_lines_and_the_amount_stands_at_the_edge(
    name: str,
) -> None:
    profile = load("printer", name)
    name_40 = "上海静安寺店双人豪华自助晚餐券含饮料一杯甜品一份周末节假日通用不限时段使用须提前预约"
    paper = printed(laid_out((TextLine(name_40), Pair("金额", "¥88.00")), profile), profile)
    *lines, amount = paper.text.splitlines()
    assert "".join(lines) == name_40
    assert all(columns_of(line) <= profile.media.columns for line in lines)
    assert columns_of(amount) == profile.media.columns
    assert amount.endswith("￥88.00")


DRAWN = ["😀 谢谢", "한국어", "½ 杯", "मूल्य", "naïve ✓"]


@needs_font
@BOTH
@pytest.mark.parametrize("text", DRAWN)
def test_only_a_line_with_a_character_outside_of_gbk_is_drawn(name: str, text: str) -> None:
    profile = load("printer", name)
    paper = printed([Row("金额"), Row(text), Row("合计")], profile)
    before, *drawn, after = paper.strips
    assert isinstance(before, Line)
    assert isinstance(after, Line)
    assert (before.text, after.text) == ("金额", "合计")
    assert all(isinstance(strip, Image) for strip in drawn)
    assert sum(strip.height for strip in drawn if isinstance(strip, Image)) == 30
    assert any(any(strip.bits) for strip in drawn if isinstance(strip, Image)), "there is ink"


@needs_font
@BOTH
@pytest.mark.parametrize("large", [False, True])
def test_what_is_drawn_stands_where_the_characters_would(name: str, large: bool) -> None:
    """The last column of a drawn line is the last column of a printed one."""
    profile = load("printer", name)
    columns = profile.media.columns // (2 if large else 1)
    text = "😀".ljust(columns - 2) + "8"  # the face takes two columns
    paper = printed([Row(text, Style.LARGE if large else Style.NORMAL)], profile)
    picture = gray(paper)[:, 40:-40]
    ink = np.flatnonzero((picture < 128).any(axis=0))
    cell = 12 * (2 if large else 1)
    assert 12 * profile.media.columns - cell <= ink[-1] < 12 * profile.media.columns
    assert ink[0] < 2 * cell


def test_without_a_font_the_rest_of_the_line_is_printed() -> None:
    profile = a_printer_profile(image={"command": "none"})
    assert printed([Row("😀 谢谢")], profile).text == "? 谢谢"


# --- codes ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ids("printer"))
def test_the_codes_are_read_from_the_picture_of_the_paper(name: str) -> None:
    profile = load("printer", name)
    content = "S0412-K1/1/57 5eaf00d1c0ffee005eaf00d1c0ffee005eaf00d1c0ffee005eaf00d1c0ffee00"
    for style, text, format_ in (
        (Style.QR, content, "qr"),
        (Style.CODE128, "0412000057", "code128"),
    ):
        paper = printed([Row(text, style), Row("", Style.CUT)], profile)
        reading = read_gray(gray(paper), (format_,))
        assert reading is not None, f"{name}: {format_}"
        assert (reading.text, reading.format) == (text, format_)


@BOTH
@pytest.mark.parametrize("way", ["native", "raster"])
def test_a_code_is_drawn_or_the_printers_own_as_the_profile_says(name: str, way: str) -> None:
    profile = a_printer_profile(name, codes={"qr": way, "code128": way})
    paper = printed([Row("S0412", Style.QR), Row("S0412-K1", Style.CODE128)], profile)
    kinds = {type(strip) for strip in paper.strips}
    assert kinds == ({QrCode, Barcode} if way == "native" else {Image})
    assert read_gray(gray(paper), ("qr",)) is not None
    assert read_gray(gray(paper), ("code128",)) is not None


@given(st.text(st.characters(min_codepoint=32, max_codepoint=126), min_size=1, max_size=9))
def test_any_ascii_becomes_a_bar_code_with_that_content(text: str) -> None:
    profile = load("printer", "generic-58-gbk")
    [strip] = printed([Row(text, Style.CODE128)], profile).strips
    assert isinstance(strip, Barcode)
    assert strip.content == text


@pytest.mark.parametrize("way", ["native", "raster", "none"])
@pytest.mark.parametrize("text", ["X" * 60, "金额"])
def test_a_code_that_cannot_be_on_the_paper_is_text(way: str, text: str) -> None:
    profile = a_printer_profile("generic-58-gbk", codes={"code128": way})
    assert printed([Row(text, Style.CODE128)], profile).text.replace("\n", "") == text


@pytest.mark.parametrize("way", ["none", "raster"])
def test_a_qr_code_too_large_for_the_paper_is_text(way: str) -> None:
    profile = a_printer_profile("generic-58-gbk", codes={"qr": way, "module_dots": 8})
    text = "0123456789" * 60
    assert printed([Row(text, Style.QR)], profile).text.replace("\n", "") == text


# --- other printers ------------------------------------------------------------------------------


def test_a_printer_with_a_code_page_prints_latin_itself_and_draws_chinese() -> None:
    profile = load("printer", "epson-tm-t88v")
    paper = printed([Row("Amount   ￥88.00"), Row("金额"), Row("Total €5")], profile)
    lines = [strip for strip in paper.strips if isinstance(strip, Line)]
    assert [line.text for line in lines] == ["Amount    ¥88.00", "Total EUR5"]
    assert any(isinstance(strip, Image) for strip in paper.strips)


@pytest.mark.parametrize("command", ["gs_v0", "esc_star"])
@needs_font
def test_both_ways_to_send_a_picture_give_the_same_dots(command: str) -> None:
    profile = a_printer_profile(image={"command": command, "rows_max": 24})
    plain = a_printer_profile()
    rows = [row for row in reference_rows(plain) if row.picture]
    ink = [np.count_nonzero(gray(printed(rows, each)) < 128) for each in (profile, plain)]
    assert ink[0] == ink[1] > 0


@pytest.mark.parametrize("name", ids("printer"))
def test_the_drawer_opens_where_there_is_a_socket_for_one(name: str) -> None:
    profile = load("printer", name)
    if profile.status_query.dialect == "star":
        pytest.skip("tests/edge/devices/printers/test_dialects.py has it")
    events = read(escpos_bytes([Row("", Style.DRAWER)], profile)).events
    assert list(events) == ([Drawer(2, 100, 100)] if profile.drawer.pulse else [])


# --- every profile -------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ids("printer"))
def test_the_reference_paper_of_each_profile_is_the_golden_one(name: str) -> None:
    if not is_comparable():
        pytest.skip("drawn with another font than the golden ones: install fonts-wqy-microhei")
    golden = (GOLDEN / f"{name}.txt").read_text("utf-8")
    assert Golden.of(name).text == golden, "python -m tests.edge.devices.printers.write_golden"


def test_there_is_a_golden_paper_of_each_profile_and_no_other() -> None:
    assert {path.stem for path in GOLDEN.glob("*.txt")} == set(ids("printer"))


@given(st.text(max_size=30))
def test_a_line_is_sent_in_characters_only_if_each_of_them_arrives(text: str) -> None:
    sent = native_text(text, "gbk")
    if sent is not None:
        assert sent.decode("gbk") == printable(text)
        profile = load("printer", "generic-80-gbk")
        assert printed([Row(text)], profile).text.rstrip() == printable(text).rstrip()


@given(st.text(max_size=24), st.sampled_from(["cp437", "cp858", "ascii"]))
def test_in_a_code_page_every_character_takes_one_column(text: str, encoding: str) -> None:
    sent = native_text(text, encoding)
    if sent is not None:
        assert len(sent) == columns_of(printable(text))


# --- a second opinion ----------------------------------------------------------------------------


@pytest.mark.parametrize("name", [name for name in ids("printer") if name != "star-line"])
def test_a_second_reader_finds_the_same_in_the_bytes(name: str) -> None:
    profile = load("printer", name)
    sent = escpos_bytes(reference_rows(profile), profile)
    code_page = "ascii" if profile.text.encoding == "gbk" else profile.text.encoding
    found = read_again(sent, code_page)
    paper = paper_of(sent, profile)
    lines = [strip.text.rstrip() for strip in paper.strips if isinstance(strip, Line)]
    again = [line.rstrip() for line in found.lines]
    assert list(filter(None, again)) == list(filter(None, lines))
    assert found.qr == ["https://tearoff.example/printer-test"]
    assert found.bars == ["0412000057"]
    bits = b"".join(strip.bits for strip in paper.strips if isinstance(strip, Image))
    assert b"".join(found.pictures) == bits
    assert (found.cuts, found.drawers) == (profile.cut.auto, bool(profile.drawer.pulse))
