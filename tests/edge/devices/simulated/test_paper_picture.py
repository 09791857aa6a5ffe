"""The picture: cells at their dots, images bit by bit, codes that a scanner reads again."""

from __future__ import annotations

import io
import subprocess
import sys
from typing import Any

import pytest
from escpos.printer import Dummy  # type: ignore[import-untyped]
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image as Pil

from edge.devices.simulated.escpos_paper import Paper
from edge.devices.simulated.escpos_reader import read
from edge.devices.simulated.paper_picture import HEIGHT_DOTS_MAX, MARGIN_DOTS, draw_paper, find_font

# The reader of barcodes comes with the camera extra, which a unit need not have.
zxingcpp = pytest.importorskip("zxingcpp")

REVERSE = b"\x1dB\x01"
IDEOGRAPHIC_SPACE = b"\x1c&\xa1\xa1\x1c."
CROSSED_BOX_DOTS = 96


def picture_of(data: bytes, width_dots: int = 576, font: Any = None) -> Any:
    """The picture of a stream without a cut, and without its margins."""
    reading = read(data, width_dots)
    assert reading.papers == []
    image = Pil.open(io.BytesIO(draw_paper(reading.rest, font)))
    assert image.width == width_dots
    return image.crop((0, MARGIN_DOTS, width_dots, image.height - MARGIN_DOTS))


def black_box(image: Any) -> tuple[int, int, int, int] | None:
    """The smallest box with all that is black: left, top, right, bottom."""
    box: tuple[int, int, int, int] | None = image.convert("L").point(lambda v: 255 - v).getbbox()
    return box


def codes_in(image: Any) -> list[tuple[str, str]]:
    """What a scanner reads in a picture."""
    found = zxingcpp.read_barcodes(image.convert("L"))
    return [(code.format.name, code.text) for code in found]


def qr(data: bytes, module_dots: int = 4, level: bytes = b"1") -> bytes:
    """Native commands for one QR code."""
    length = (len(data) + 3).to_bytes(2, "little")
    size = b"\x1d(k\x03\x001C" + bytes([module_dots])
    store = b"\x1d(k" + length + b"1P0" + data
    return size + b"\x1d(k\x03\x001E" + level + store + b"\x1d(k\x03\x001Q0"


def test_the_picture_is_one_bit_and_as_wide_as_the_paper() -> None:
    image = Pil.open(io.BytesIO(draw_paper(Paper(384))))
    assert (image.format, image.mode, image.size) == ("PNG", "1", (384, 2 * MARGIN_DOTS))


@pytest.mark.parametrize(
    ("data", "box"),
    [
        (b"    ", (0, 0, 48, 24)),
        (b"\x1d!\x10    ", (0, 0, 96, 24)),
        (b"\x1d!\x11    ", (0, 0, 96, 48)),
        (b"\x1d!\x22 ", (0, 0, 36, 72)),
        (b"\x1bM\x01  ", (0, 0, 18, 17)),
        (IDEOGRAPHIC_SPACE, (0, 0, 24, 24)),
        (b"\x1d!\x11" + IDEOGRAPHIC_SPACE, (0, 0, 48, 48)),
        (b"\x1ba\x01  " + IDEOGRAPHIC_SPACE, (264, 0, 312, 24)),
        (b"\x1ba\x02 ", (564, 0, 576, 24)),
        (b"\x1dB\x00\t" + REVERSE + b" ", (96, 0, 108, 24)),
        (b" \x1d!\x11 ", (0, 0, 36, 48)),
    ],
)
def test_every_character_has_exactly_its_cell(data: bytes, box: tuple[int, int, int, int]) -> None:
    """Blanks in reverse print are black: the box is the cell."""
    assert black_box(picture_of(REVERSE + data + b"\n", font=find_font())) == box


def test_characters_of_different_height_stand_on_one_bottom() -> None:
    image = picture_of(REVERSE + b" \x1d!\x11 \n")
    assert [image.getpixel((6, y)) for y in (0, 23, 24, 47)] == [255, 255, 0, 0]


@pytest.mark.parametrize("font", [None, find_font()], ids=["no font", "found font"])
def test_hanzi_and_digits_stay_in_their_cells(font: Any) -> None:
    for text, box in [("金", (0, 24)), ("额", (0, 24)), ("8", (0, 12)), ("W", (0, 12))]:
        found = black_box(picture_of(b"\x1c&" + text.encode("gbk") + b"\n", font=font))
        assert found is not None
        assert box[0] <= found[0] < found[2] <= box[1]
        assert 0 <= found[1] < found[3] <= 24


def test_without_a_font_a_hanzi_is_an_outlined_box() -> None:
    image = picture_of(b"\x1c&" + "金".encode("gbk") + b"\n")
    assert black_box(image) == (2, 2, 22, 22)
    assert image.getpixel((12, 12)) == 255


def test_underline_bold_and_reverse_are_seen() -> None:
    plain = picture_of(b"8\n")
    assert black_box(picture_of(b"\x1b-\x02 \n")) == (0, 22, 12, 24)
    bold, box = black_box(picture_of(b"\x1bE\x01l\n")), black_box(picture_of(b"l\n"))
    assert bold is not None
    assert box is not None
    assert bold[2] == box[2] + 1
    reverse = picture_of(REVERSE + b"8\n").crop((0, 0, 12, 24))
    assert reverse.point(lambda v: 255 - v).tobytes() == plain.crop((0, 0, 12, 24)).tobytes()


def test_find_font_finds_a_file_or_nothing() -> None:
    found = find_font()
    assert found is None or found.is_file()


def test_a_raster_image_is_drawn_bit_by_bit() -> None:
    bits = bytes(range(0, 250, 5))
    image = picture_of(b"\x1dv0\x00\x05\x00\x0a\x00" + bits)
    drawn = image.crop((0, 0, 40, 10)).point(lambda v: 255 - v).tobytes()
    assert drawn == bits


def test_a_doubled_image_has_four_dots_for_each() -> None:
    image = picture_of(b"\x1dv0\x03\x01\x00\x01\x00\x81")
    assert image.size[1] == 2
    dots = [x for x in range(576) if image.getpixel((x, 1)) == 0]
    assert dots == [0, 1, 14, 15]


def test_what_is_wider_than_the_paper_is_cut_off() -> None:
    image = picture_of(b"\x1dv0\x00\x60\x00\x01\x00" + b"\xff" * 96, 384)
    assert black_box(image) == (0, 0, 384, 1)


@pytest.mark.parametrize("level", [b"0", b"1", b"2", b"3"])
@pytest.mark.parametrize("align", [b"0", b"1", b"2"])
def test_a_qr_code_reads_again(level: bytes, align: bytes) -> None:
    data = b"\x1ba" + align + qr("票 S0412-K1/1024".encode(), 4, level)
    assert codes_in(picture_of(data, 384)) == [("QRCode", "票 S0412-K1/1024")]


def test_a_voucher_as_long_as_a_token_reads_again() -> None:
    text = "8" * 218
    assert codes_in(picture_of(b"\x1ba\x01" + qr(text.encode()), 384)) == [("QRCode", text)]


@pytest.mark.parametrize(
    "data",
    [qr(b"x" * 100, module_dots=16), qr(b"x" * 2954, 1, b"0"), qr(b"x" * 1300, 1, b"3")],
    ids=["wider than the paper", "longer than version 40", "longer at level H"],
)
def test_a_qr_code_that_cannot_be_printed_is_a_crossed_box(data: bytes) -> None:
    image = picture_of(data)
    assert image.height == CROSSED_BOX_DOTS
    assert codes_in(image) == []


@pytest.mark.parametrize("module_dots", [2, 3, 4])
@pytest.mark.parametrize(
    ("data", "content"),
    [
        (b"{BABC123", "ABC123"),
        (b"{C\x0c\x22\x38\x63", "12345699"),
        (b"{Bab{C\x0c\x22{Bx", "ab1234x"),
        (b"{AA{SbA", "AbA"),
        (b"{B{{x", "{x"),
    ],
)
def test_a_code_128_reads_again(module_dots: int, data: bytes, content: str) -> None:
    setting = b"\x1ba\x01\x1dh\x50\x1dw" + bytes([module_dots])
    image = picture_of(setting + b"\x1dkI" + bytes([len(data)]) + data)
    assert codes_in(image) == [("Code128", content)]


@pytest.mark.parametrize("first", range(0, 96, 8))
@pytest.mark.parametrize("code_set", ["A", "B", "C"])
def test_every_value_of_code_128_has_its_bars(code_set: str, first: int) -> None:
    values = range(first, first + 8)
    if code_set == "C":
        data, content = bytes(values), "".join(f"{value:02d}" for value in values)
    else:
        codes = [v + 32 if v < 64 or code_set == "B" else v - 64 for v in values]
        data, content = bytes(codes).replace(b"{", b"{{"), bytes(codes).decode()
    data = b"{" + code_set.encode() + data
    image = picture_of(b"\x1ba\x01\x1dw\x02\x1dkI" + bytes([len(data)]) + data)
    [code] = zxingcpp.read_barcodes(image.convert("L"), text_mode=zxingcpp.TextMode.Plain)
    assert code.text == content


@pytest.mark.parametrize(("legend", "heights"), [(b"0", 80), (b"1", 104), (b"2", 104), (b"3", 128)])
def test_a_legend_stands_above_or_below_the_bars(legend: bytes, heights: int) -> None:
    image = picture_of(b"\x1dh\x50\x1dH" + legend + b"\x1dkI\x08{BABC123")
    assert image.height == heights


@pytest.mark.parametrize("impl", ["bitImageRaster", "bitImageColumn"])
def test_a_qr_image_of_python_escpos_reads_again(impl: str) -> None:
    dummy = Dummy()
    dummy.qr("https://tearoff.example/", size=4, image_arguments={"impl": impl})
    image = picture_of(b"\x1ba\x01" + dummy.output)
    assert codes_in(image) == [("QRCode", "https://tearoff.example/")]


def test_the_cut_is_a_dashed_line_below_the_paper() -> None:
    [paper] = read(b"x\n\x1dV\x00").papers
    image = Pil.open(io.BytesIO(draw_paper(paper)))
    y = MARGIN_DOTS + 30 + MARGIN_DOTS
    assert image.height == y + MARGIN_DOTS
    assert [image.getpixel((x, y)) for x in (0, 7, 8, 15, 16)] == [0, 0, 255, 255, 0]


def test_a_runaway_feed_has_a_picture_that_ends() -> None:
    image = picture_of(b"\x1b3\xff" + b"\x1bd\xff" * 50 + b"x\n" * 50)
    assert image.height <= HEIGHT_DOTS_MAX + 255


@settings(max_examples=25, deadline=None)
@given(
    st.lists(st.sampled_from([b"\n", qr(b"x"), b"\x1d!\x77", b"\x1c&"]) | st.binary(max_size=20))
)
def test_whatever_was_read_can_be_drawn(pieces: list[bytes]) -> None:
    reading = read(b"".join(pieces))
    for paper in [*reading.papers, reading.rest]:
        assert draw_paper(paper).startswith(b"\x89PNG")


def test_a_unit_without_pillow_can_import_all_of_it() -> None:
    script = (
        "import sys; sys.modules['PIL'] = sys.modules['qrcode'] = None\n"
        "import edge.devices.simulated.paper_picture, edge.devices.simulated.printer"
    )
    subprocess.run([sys.executable, "-c", script], check=True, timeout=60)
