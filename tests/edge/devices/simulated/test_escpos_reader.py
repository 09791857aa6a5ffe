"""The interpreter: every command, every mistake, and a producer that is not ours."""

from __future__ import annotations

import itertools
from typing import Any

import pytest
from escpos.printer import Dummy  # type: ignore[import-untyped]
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image as Pil

from edge.devices.simulated import code128, escpos_commands, escpos_reader
from edge.devices.simulated.escpos_paper import (
    Align,
    Barcode,
    BufferCleared,
    Cut,
    Drawer,
    Event,
    Feed,
    Image,
    Line,
    Paper,
    QrCode,
    Recovery,
    StatusKind,
    StatusRequest,
    TextRun,
    TextStyle,
    UnknownCommand,
)
from edge.devices.simulated.escpos_reader import EscposReader, read

QR = b"\x1d(k\x04\x001A2\x00\x1d(k\x03\x001C\x06\x1d(k\x03\x001E1\x1d(k\x08\x001P0hello"
PRINT_QR = b"\x1d(k\x03\x001Q0"
BARCODE = b"\x1dkI\x08{BABC123"


def gbk(text: str) -> bytes:
    """Chinese text as our receipts send it."""
    return b"\x1c&" + text.encode("gbk") + b"\x1c."


def paper_of(data: bytes, width_dots: int = 576) -> Paper:
    """The paper of a stream without a cut, in which nothing is unknown."""
    reading = read(data, width_dots)
    assert reading.papers == []
    assert reading.rest.unknown_commands == ()
    return reading.rest


def runs_of(data: bytes, width_dots: int = 576) -> list[TextRun]:
    """The text runs of a stream that has only text."""
    items: list[TextRun] = []
    for strip in paper_of(data, width_dots).strips:
        assert isinstance(strip, Line)
        for item in strip.items:
            assert isinstance(item, TextRun)
            items.append(item)
    return items


def style_of(setting: bytes, text: bytes = b"x") -> TextStyle:
    """The style of a character after a setting."""
    [run] = runs_of(setting + text + b"\n")
    return run.style


@pytest.mark.parametrize(
    ("setting", "style"),
    [
        (b"", TextStyle()),
        (b"\x1bE\x01", TextStyle(bold=True)),
        (b"\x1bE\x01\x1bE\x00", TextStyle()),
        (b"\x1bG\x01", TextStyle(bold=True)),
        (b"\x1bG\x01\x1bE\x00", TextStyle(bold=True)),
        (b"\x1b-\x01", TextStyle(underline_dots=1)),
        (b"\x1b-2", TextStyle(underline_dots=2)),
        (b"\x1b-\x01\x1b-0", TextStyle()),
        (b"\x1dB\x01", TextStyle(reverse=True)),
        (b"\x1d!\x11", TextStyle(2, 2)),
        (b"\x1d!\x70", TextStyle(8, 1)),
        (b"\x1d!\x07", TextStyle(1, 8)),
        (b"\x1b!\x10", TextStyle(1, 2)),
        (b"\x1b!\x20", TextStyle(2, 1)),
        (b"\x1b!\xb8", TextStyle(2, 2, bold=True, underline_dots=1)),
        (b"\x1b!\xb8\x1b!\x00", TextStyle()),
        (b"\x1b!\x30\x1d!\x02", TextStyle(1, 3)),
        (b"\x1bE\x01\x1dB\x01\x1d!\x11\x1b@", TextStyle()),
        (b"\x1c!\x0c", TextStyle()),
    ],
)
def test_settings_change_the_style(setting: bytes, style: TextStyle) -> None:
    assert style_of(setting) == style


@pytest.mark.parametrize(
    ("setting", "style"),
    [
        (b"", TextStyle()),
        (b"\x1d!\x11", TextStyle(2, 2)),
        (b"\x1b!\x30", TextStyle()),
        (b"\x1cW\x01", TextStyle(2, 2)),
        (b"\x1cW\x01\x1cW\x00", TextStyle()),
        (b"\x1c!\x04", TextStyle(2, 1)),
        (b"\x1c!\x08", TextStyle(1, 2)),
        (b"\x1c!\x80", TextStyle(underline_dots=1)),
        (b"\x1b-\x02", TextStyle(underline_dots=2)),
        (b"\x1bE\x01", TextStyle(bold=True)),
    ],
)
def test_settings_change_the_style_of_hanzi(setting: bytes, style: TextStyle) -> None:
    assert style_of(setting, gbk("票")) == style


@pytest.mark.parametrize(
    ("setting", "cell"),
    [
        (b"", (12, 24)),
        (b"\x1bM\x01", (9, 17)),
        (b"\x1b!\x01", (9, 17)),
        (b"\x1bM1\x1bM0", (12, 24)),
    ],
)
def test_a_font_has_its_cell(setting: bytes, cell: tuple[int, int]) -> None:
    [run] = runs_of(setting + b"x\n")
    assert (run.cell_width, run.cell_height) == cell


def test_an_amount_in_gbk_keeps_every_digit() -> None:
    [hanzi, digits] = runs_of(gbk("金额：￥88.00") + b"\n")
    assert (hanzi.x, hanzi.text, hanzi.cell_width) == (0, "金额：￥", 24)
    assert (digits.x, digits.text, digits.cell_width) == (96, "88.00", 12)
    assert paper_of(gbk("金额：￥88.00") + b"\n").text == "金额：￥88.00"


def test_without_chinese_mode_gbk_bytes_are_the_code_page() -> None:
    assert paper_of("金额".encode("gbk") + b"\n").text == "╜≡╢ε"


@pytest.mark.parametrize(
    ("data", "text"),
    [
        (b"\x1bt\x00\x9c\xe3", "£π"),
        (b"\x1bt\x10\xa3\x80", "£€"),
        (b"\x1bt\x11\x8f\xe0", "Пр"),
        (b"\x1bt\x11\x1bt\xff\x8f", "П"),
        (b"\x1bR\x0f$", "¥"),
        (b"\x1bR\x08\\", "¥"),
        (b"\x1bR\x02[]~", "ÄÜß"),
        (b"\x1bR\x03#\x1bR\x00#", "£#"),
    ],
)
def test_code_pages_and_national_sets(data: bytes, text: str) -> None:
    assert paper_of(data + b"\n").text == text


def test_every_national_set_replaces_the_same_twelve_characters() -> None:
    for n in range(16):
        text = paper_of(bytes([0x1B, ord("R"), n]) + bytes(range(0x20, 0x7F)) + b"\n", 9999).text
        assert len(text) == 95
        assert text[ord("A") - 32] == "A"


@pytest.mark.parametrize(
    ("align", "x"), [(b"\x00", 0), (b"\x01", 270), (b"2", 540), (b"1", 270), (b"\x02", 540)]
)
def test_a_line_stands_where_it_is_aligned(align: bytes, x: int) -> None:
    [run] = runs_of(b"\x1ba" + align + b"abc\n")
    assert run.x == x


def test_a_line_wraps_at_the_last_dot() -> None:
    assert paper_of(b"-" * 48 + b"\n").text == "-" * 48
    assert paper_of(b"-" * 49 + b"\n").text == "-" * 48 + "\n-"
    assert paper_of(b"-" * 33 + b"\n", 384).text == "-" * 32 + "\n-"


def test_a_hanzi_that_does_not_fit_goes_to_the_next_line() -> None:
    assert paper_of(b"x" + gbk("票" * 24) + b"\n").text == "x" + "票" * 23 + "\n票"


def test_wide_characters_wrap_sooner() -> None:
    runs = runs_of(b"\x1d!\x11" + b"8" * 25 + b"\n")
    assert [(run.x, len(run.text), run.cell_width, run.cell_height) for run in runs] == [
        (0, 24, 24, 48),
        (0, 1, 24, 48),
    ]


def test_a_tabulator_goes_to_the_next_stop_of_eight_columns() -> None:
    runs = runs_of(b"ab\tc\t\td\n")
    assert [(run.x, run.text) for run in runs] == [(0, "ab"), (96, "c"), (288, "d")]
    assert paper_of(b"ab\tc\n").text == "ab      c"
    assert paper_of(b"\tc\n").text == "        c"


def test_after_the_last_tab_stop_the_line_is_full() -> None:
    assert paper_of(b"\t" * 9 + b"x\n").text == "\nx"


@pytest.mark.parametrize(
    ("data", "heights"),
    [
        (b"x\n", [30]),
        (b"\n", [30]),
        (b"\x1b3\x40x\n", [64]),
        (b"\x1b3\x40\x1b2x\n", [30]),
        (b"\x1b3\x00x\n", [24]),
        (b"\x1d!\x11x\n", [48]),
        (b"x\x1bd\x03", [90]),
        (b"\x1bd\x03", [90]),
        (b"\x1bd\x00", []),
        (b"x\x1bJ\x05", [24]),
        (b"\x1bJ\x05", [5]),
        (b"x\x0c", [30]),
        (b"\x0c", []),
        (b"x\r\n", [30]),
        (b"x\x18y\n", [30]),
    ],
)
def test_paper_moves(data: bytes, heights: list[int]) -> None:
    strips = paper_of(data).strips
    assert [strip.height_dots for strip in strips if isinstance(strip, Line | Feed)] == heights


def test_a_cancelled_or_initialised_line_is_not_printed() -> None:
    assert paper_of(b"lost\x18kept\n").text == "kept"
    assert paper_of(b"lost\x1b@kept\n").text == "kept"


def test_characters_of_different_height_stand_on_one_bottom() -> None:
    [line] = paper_of(b"a\x1d!\x11B\n").strips
    assert isinstance(line, Line)
    assert line.ascent == 48
    assert [item.x for item in line.items] == [0, 12]


@pytest.mark.parametrize(
    ("m", "times"), [(0, (1, 1)), (1, (2, 1)), (2, (1, 2)), (3, (2, 2)), (48, (1, 1)), (51, (2, 2))]
)
def test_a_raster_image_arrives_bit_by_bit(m: int, times: tuple[int, int]) -> None:
    bits = bytes(range(200, 206))
    [image] = paper_of(b"\x1dv0" + bytes([m, 2, 0, 3, 0]) + bits).strips
    assert image == Image(0, 16, 3, bits, *times)


def test_an_image_is_aligned() -> None:
    [image] = paper_of(b"\x1ba\x01\x1dv0\x00\x02\x00\x01\x00\xff\xff").strips
    assert isinstance(image, Image)
    assert image.x == 280


def test_real_time_commands_and_cuts_inside_an_image_are_image() -> None:
    bits = b"\x10\x04\x02\x1dV\x00\x10\x14\x08\x1b@"[:10]
    reading = read(b"\x1dv0\x00\x01\x00\x0a\x00" + bits + b"\x10\x04\x01")
    [image] = reading.rest.strips
    assert isinstance(image, Image)
    assert image.bits == bits
    assert reading.events == [StatusRequest(StatusKind.REAL_TIME, 1)]


@pytest.mark.parametrize(
    ("m", "column", "height", "times"),
    [
        (0, b"\x81", 8, (2, 3)),
        (1, b"\x81", 8, (1, 3)),
        (32, b"\x80\x00\x01", 24, (2, 1)),
        (33, b"\x80\x00\x01", 24, (1, 1)),
    ],
)
def test_a_column_image_becomes_rows(
    m: int, column: bytes, height: int, times: tuple[int, int]
) -> None:
    blank = bytes(len(column))
    data = b"\x1b*" + bytes([m, 10, 0]) + column + blank * 8 + column
    [line] = paper_of(b"ab" + data + b"\n").strips
    assert isinstance(line, Line)
    image = line.items[1]
    assert isinstance(image, Image)
    marked, empty = b"\x80\x40", b"\x00\x00"
    assert image == Image(24, 10, height, marked + empty * (height - 2) + marked, *times)
    assert image.height_dots == 24


def test_a_qr_code_remembers_how_it_was_wanted() -> None:
    paper = paper_of(b"\x1ba\x01" + QR + PRINT_QR)
    assert paper.strips == (QrCode(b"hello", 6, "M", Align.CENTRE),)
    assert paper.text == "[QR] hello"


def test_qr_settings_have_defaults_and_end_with_initialise() -> None:
    assert paper_of(b"\x1d(k\x04\x001P0x" + PRINT_QR).strips == (QrCode(b"x", 3, "L", Align.LEFT),)
    [event] = read(QR + b"\x1b@" + PRINT_QR).events
    assert isinstance(event, UnknownCommand)
    assert event.why == escpos_reader.NOTHING_STORED


def test_a_qr_code_prints_as_often_as_it_is_asked() -> None:
    assert paper_of(QR + PRINT_QR + PRINT_QR).text == "[QR] hello\n[QR] hello"


@pytest.mark.parametrize(("data", "text"), [("票".encode(), "票"), (b"\xff\xfe", "ÿþ")])
def test_qr_content_is_utf_8_or_latin_1(data: bytes, text: str) -> None:
    store = b"\x1d(k" + bytes([3 + len(data), 0]) + b"1P0" + data
    assert paper_of(store + PRINT_QR).text == f"[QR] {text}"


def test_a_barcode_remembers_how_it_was_wanted() -> None:
    setting = b"\x1dh\x40\x1dw\x02\x1dH\x03\x1df\x01\x1ba\x02"
    [barcode] = paper_of(setting + BARCODE).strips
    assert isinstance(barcode, Barcode)
    width = len(code128.modules(barcode.values)) * 2
    assert barcode.x == 576 - width
    assert barcode[1:2] + barcode[3:] == ("ABC123", 2, 64, True, True, (9, 17))
    assert barcode.text == "[Code128] ABC123"


@pytest.mark.parametrize(
    ("data", "content"),
    [
        (b"{Bab{C\x0c\x22", "ab1234"),
        (b"{A\x01A{Bb", "\x01Ab"),
        (b"{Ba{S\x01b", "a\x01b"),
        (b"{AA{SbA", "AbA"),
        (b"{B{{x", "{x"),
        (b"{C{1\x00\x63", "0099"),
        (b"{B{1{2{3{4x", "x"),
    ],
)
def test_code_128_reads_its_code_sets(data: bytes, content: str) -> None:
    assert code128.read_code128(data).content == content


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"{",
        b"ABC",
        b"{D1",
        b"{C\x64",
        b"{Aa",
        b"{B\x01",
        b"{B\x80",
        b"{C{S\x01",
        b"{B{",
        b"{B{B",
        b"{Ba{S",
    ],
)
def test_code_128_refuses_what_its_code_set_has_not(data: bytes) -> None:
    with pytest.raises(ValueError, match=r"Code 128|shift"):
        code128.read_code128(data)


@pytest.mark.parametrize(
    ("data", "cut"),
    [
        (b"\x1dV\x00", Cut(is_partial=False, feed_dots=0)),
        (b"\x1dV\x01", Cut(is_partial=True, feed_dots=0)),
        (b"\x1dV0", Cut(is_partial=False, feed_dots=0)),
        (b"\x1dV1", Cut(is_partial=True, feed_dots=0)),
        (b"\x1dVA\x40", Cut(is_partial=False, feed_dots=64)),
        (b"\x1dVB\x03", Cut(is_partial=True, feed_dots=3)),
        (b"\x1bi", Cut(is_partial=True, feed_dots=0)),
        (b"\x1bm", Cut(is_partial=True, feed_dots=0)),
    ],
)
def test_a_cut_ends_a_paper(data: bytes, cut: Cut) -> None:
    reading = read(b"one\n" + data + b"two\n")
    [paper] = reading.papers
    assert (paper.text, paper.events) == ("one", (cut,))
    assert reading.rest.text == "two"
    assert sum(s.height_dots for s in paper.strips if isinstance(s, Feed)) == cut.feed_dots


@pytest.mark.parametrize(
    ("data", "event"),
    [
        (b"\x1bp\x00\x32\x64", Drawer(2, 100, 200)),
        (b"\x1bp1\x01\x01", Drawer(5, 2, 2)),
        (b"\x10\x14\x01\x00\x02", Drawer(2, 200, 200)),
        (b"\x10\x14\x01\x01\x08", Drawer(5, 800, 800)),
        (b"\x10\x14\x08\x01\x03\x14\x01\x06\x02\x08", BufferCleared()),
        (b"\x10\x05\x02", Recovery(2)),
        (b"\x10\x04\x01", StatusRequest(StatusKind.REAL_TIME, 1)),
        (b"\x10\x04\x04", StatusRequest(StatusKind.REAL_TIME, 4)),
        (b"\x1dr\x01", StatusRequest(StatusKind.IN_TURN, 1)),
        (b"\x1dr2", StatusRequest(StatusKind.IN_TURN, 2)),
        (b"\x1da\xff", StatusRequest(StatusKind.AUTOMATIC, 255)),
    ],
)
def test_what_is_not_printed_happens(data: bytes, event: Event) -> None:
    reading = read(data)
    assert reading.events == [event]
    assert reading.rest == Paper(576, (), (event,))


def test_a_real_time_request_does_not_break_a_hanzi() -> None:
    first, second = "票".encode("gbk")
    data = b"\x1c&" + bytes([first]) + b"\x10\x04\x01" + bytes([second]) + b"\n"
    assert paper_of(data).text == "票"


UNKNOWN = [
    pytest.param(b"\x07", "07", escpos_commands.NOT_A_COMMAND, id="BEL"),
    pytest.param(b"\x7f", "7f", escpos_commands.NOT_A_COMMAND, id="DEL"),
    pytest.param(b"\x1b{1", "1b7b", escpos_commands.NOT_A_COMMAND, id="ESC {"),
    pytest.param(b"\x1dL  ", "1d4c", escpos_commands.NOT_A_COMMAND, id="GS L"),
    pytest.param(b"\x1dv1", "1d7631", escpos_commands.NOT_A_COMMAND, id="GS v 1"),
    pytest.param(b"\x1b\x1b@", "1b", escpos_commands.NOT_A_COMMAND, id="ESC cut short"),
    pytest.param(b"\x1ba\x03", "1b6103", escpos_commands.OUT_OF_RANGE, id="ESC a 3"),
    pytest.param(b"\x1bt\x03", "1b7403", escpos_commands.OUT_OF_RANGE, id="ESC t 3"),
    pytest.param(b"\x1bR\x10", "1b5210", escpos_commands.OUT_OF_RANGE, id="ESC R 16"),
    pytest.param(b"\x1d!\x80", "1d2180", escpos_commands.OUT_OF_RANGE, id="GS ! 128"),
    pytest.param(b"\x1b!\x40", "1b2140", escpos_commands.OUT_OF_RANGE, id="ESC ! 64"),
    pytest.param(b"\x1dV\x02", "1d5602", escpos_commands.OUT_OF_RANGE, id="GS V 2"),
    pytest.param(b"\x1dr\x03", "1d7203", escpos_commands.OUT_OF_RANGE, id="GS r 3"),
    pytest.param(b"\x1dw\x07", "1d7707", escpos_commands.OUT_OF_RANGE, id="GS w 7"),
    pytest.param(b"\x1dh\x00", "1d6800", escpos_commands.OUT_OF_RANGE, id="GS h 0"),
    pytest.param(b"\x10\x04\x07", "100407", escpos_commands.OUT_OF_RANGE, id="DLE EOT 7"),
    pytest.param(b"\x10\x14\x02\x01\x08", "1014020108", escpos_commands.OUT_OF_RANGE, id="DLE DC4"),
    pytest.param(b"\x10\x14\x01\x00\x09", "1014010009", escpos_commands.OUT_OF_RANGE, id="pulse"),
    pytest.param(b"\x1dkC\x03123", "1d6b4303313233", escpos_commands.OUT_OF_RANGE, id="EAN-13"),
    pytest.param(b"\x1d(L\x02\x0002", "1d284c02003032", escpos_commands.OUT_OF_RANGE, id="GS ( L"),
    pytest.param(b"\x1d(k\x02\x001Z", "1d286b0200315a", escpos_commands.OUT_OF_RANGE, id="fn 90"),
    pytest.param(b"\x1d(k\x00\x00", "1d286b0000", escpos_commands.OUT_OF_RANGE, id="GS ( k empty"),
    pytest.param(
        b"\x1d(k\x03\x000C\x03", "1d286b0300304303", escpos_commands.OUT_OF_RANGE, id="PDF417"
    ),
    pytest.param(PRINT_QR, PRINT_QR.hex(), escpos_reader.NOTHING_STORED, id="QR of nothing"),
    pytest.param(
        b"\x1dv0\x00\x00\x00\x01\x00", "1d76300000000100", escpos_commands.OUT_OF_RANGE, id="0 wide"
    ),
    pytest.param(b"\x1b*\x21\x00\x00", "1b2a210000", escpos_commands.OUT_OF_RANGE, id="ESC * 0"),
    pytest.param(
        b"\x1dv0\x00\xff\xff\xff\xff", "1d763000ffffffff", escpos_commands.TOO_LONG, id="4 GB image"
    ),
    pytest.param(b"\x1c&\xb5\n", "b5", escpos_reader.HALF_A_CHARACTER, id="half a hanzi"),
    pytest.param(b"\x1c&\xb5 \n", "b5", escpos_reader.HALF_A_CHARACTER, id="hanzi and blank"),
    pytest.param(b"\x1c&\xfe\xfe\n", "fefe", escpos_reader.NO_CHARACTER, id="not in GBK"),
    pytest.param(b"\x1c&\x80\n", "80", escpos_reader.NO_CHARACTER, id="0x80"),
    pytest.param(b"\x1bt\x10\x81\n", "81", escpos_reader.NO_CHARACTER, id="not in cp1252"),
    pytest.param(b"x\x1ba\x01\n", "1b6101", escpos_reader.NOT_AT_START, id="ESC a in a line"),
    pytest.param(b"x\x1dV\x00", "1d5600", escpos_reader.NOT_AT_START, id="cut in a line"),
    pytest.param(QR + b"x" + PRINT_QR, PRINT_QR.hex(), escpos_reader.NOT_AT_START, id="QR in line"),
    pytest.param(b"\x1d", "1d", escpos_commands.CUT_SHORT, id="end in a command"),
    pytest.param(b"\x1dv0\x00\x01", "1d76300001", escpos_commands.CUT_SHORT, id="end in an image"),
    pytest.param(b"\x1c&\xb5", "b5", escpos_reader.HALF_A_CHARACTER, id="end in a hanzi"),
]


def test_nul_is_nothing() -> None:
    """What finishes a command that was broken off must leave no trace behind one that was not."""
    assert read(b"a\x00\x00b\n") == read(b"ab\n")


@pytest.mark.parametrize(("data", "hex_", "why"), UNKNOWN)
def test_what_a_printer_would_not_do_is_reported(data: bytes, hex_: str, why: str) -> None:
    events = [event for event in read(b"ok\n" + data).events if not isinstance(event, Cut)]
    place = 3 + data.index(bytes.fromhex(hex_))
    assert events == [UnknownCommand(place, hex_, why)]


def test_a_long_unknown_command_is_reported_in_part() -> None:
    [event] = read(b"\x1d(L\xff\x00" + bytes(255)).events
    assert isinstance(event, UnknownCommand)
    assert event.hex == "1d284cff00" + "00" * 27 + "…"


def test_a_bad_barcode_is_reported_with_its_reason() -> None:
    [event] = read(b"\x1dkI\x03ABC").events
    assert isinstance(event, UnknownCommand)
    assert "{A, {B or {C" in event.why


@pytest.mark.parametrize(
    "data",
    [
        b"\x1dv0\x00\x49\x00\x01\x00" + bytes(73),
        b"\x1b*\x00\x21\x01" + bytes(289),
        b"\x1dw\x06\x1dkI\x10{BABCDEFGHIJKLMN",
    ],
    ids=["raster", "column", "barcode"],
)
def test_what_is_wider_than_the_paper_is_reported(data: bytes) -> None:
    assert [event.why for event in read(data).rest.unknown_commands] == [escpos_reader.TOO_WIDE]


def test_an_image_after_text_ends_the_line_so_that_nothing_is_lost() -> None:
    reading = read(b"text\x1dv0\x00\x01\x00\x01\x00\xff")
    assert reading.rest.text == "text\n[Image 8x1]"
    assert [event.why for event in reading.rest.unknown_commands] == [escpos_reader.NOT_AT_START]


def test_a_broken_hanzi_keeps_its_columns() -> None:
    reading = read(b"\x1c&\xb5\nx\n")
    assert reading.rest.text == "\ufffd\nx"
    [line, _] = reading.rest.strips
    assert isinstance(line, Line)
    assert line.items[0].end == 24


def test_power_off_forgets_settings_and_the_line_but_not_the_paper() -> None:
    reader = EscposReader()
    reader.feed(b"kept\n\x1d!\x11lost\x1dv0\x00\x01")
    reader.forget()
    reader.feed(b"new\n")
    assert reader.open_paper.text == "kept\nnew"
    [_, line] = reader.open_paper.strips
    assert isinstance(line, Line)
    assert line.ascent == 24


FRAGMENTS = [
    b"\x1b@", b"text", b"\n", b"\t", b"\x1ba\x01", b"\x1d!\x11", b"\x1c&", b"\x1c.",
    "金额：￥88.00".encode("gbk"), b"\xb5", b"\x10\x04\x01", b"\x1dr\x01", b"\x1dVB\x02",
    b"\x1dv0\x00\x02\x00\x03\x00", b"\x1dv0\x00\x01\x00\x02\x00\xaa\x55", b"\x1b*\x21\x02\x00",
    QR, PRINT_QR, BARCODE, b"\x1d(k", b"\x1bd\x02", b"\x1bp\x00\x01\x02", b"\x10", b"\x1b", b"\x1d",
]  # fmt: skip
STREAMS = st.lists(st.sampled_from(FRAGMENTS) | st.binary(max_size=8), max_size=30).map(b"".join)


@given(STREAMS, st.lists(st.integers(0, 300), max_size=20))
def test_the_pieces_a_stream_comes_in_make_no_difference(data: bytes, cuts: list[int]) -> None:
    whole, pieces, single = EscposReader(384), EscposReader(384), EscposReader(384)
    events = whole.feed(data) + whole.end()
    places = sorted({0, *(min(cut, len(data)) for cut in cuts), len(data)})
    in_pieces = [
        event for begin, end in itertools.pairwise(places) for event in pieces.feed(data[begin:end])
    ]
    one_by_one = [event for byte in data for event in single.feed(bytes([byte]))]
    assert in_pieces + pieces.end() == events == one_by_one + single.end()
    assert pieces.papers == whole.papers == single.papers
    assert pieces.open_paper == whole.open_paper == single.open_paper


@given(st.binary(max_size=400))
def test_no_bytes_make_it_raise(data: bytes) -> None:
    reading = read(data)
    for paper in [*reading.papers, reading.rest]:
        assert isinstance(paper.text, str)


def an_image() -> Any:
    """A black frame with a diagonal, 31 x 50."""
    image = Pil.new("1", (31, 50), 1)
    for y in range(50):
        for x in (0, y * 30 // 49, 30):
            image.putpixel((x, y), 0)
    return image


def test_python_escpos_is_understood() -> None:
    """An independent producer: text, image three ways, both kinds of QR, barcode, cut, drawer."""
    dummy = Dummy()
    dummy.text("Hello\n")
    dummy.image(an_image())
    dummy.image(an_image(), impl="bitImageColumn")
    dummy.image(an_image(), impl="bitImageColumn", high_density_vertical=False)
    dummy.qr("https://tearoff.example/", native=True)
    dummy.qr("https://tearoff.example/")
    dummy.barcode("{BABC123", "CODE128", function_type="B")
    dummy.cashdraw(2)
    dummy.cut()
    reading = read(dummy.output)
    [paper] = reading.papers
    assert paper.unknown_commands == ()
    assert paper.text.startswith("Hello\n[Image 32x50]\n[Image 31x24]\n")
    assert "[QR] https://tearoff.example/\n" in paper.text
    assert paper.text.endswith("[Code128] ABC123")
    assert reading.events == [Drawer(2, 100, 100), Cut(is_partial=False, feed_dots=0)]


def test_python_escpos_raster_and_column_images_are_the_same_picture() -> None:
    raster, column = Dummy(), Dummy()
    raster.image(an_image())
    column.image(an_image(), impl="bitImageColumn")
    [picture] = paper_of(raster.output).strips
    assert isinstance(picture, Image)
    rows = b""
    for line in paper_of(column.output).strips:
        assert isinstance(line, Line)
        [band] = line.items
        assert isinstance(band, Image)
        rows += band.bits
    assert rows[: len(picture.bits)] == picture.bits
    assert not any(rows[len(picture.bits) :])
