"""From a picture that somebody has to dots that a printer prints."""

from __future__ import annotations

import io

import pytest
from flask import Flask
from flask_babel import Babel
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from central.errors import RequestInvalid
from central.stores.receipts.logo import logo_from
from edge.contract.receipt_template import LOGO_HEIGHT_DOTS_MAX, LOGO_WIDTH_DOTS_MAX, Logo


def sent(picture: Image.Image, kind: str = "PNG") -> bytes:
    out = io.BytesIO()
    picture.save(out, kind)
    return out.getvalue()


def read(data: bytes) -> Logo:
    app = Flask("words")
    Babel(app)
    with app.test_request_context():
        return logo_from(data)


def is_black(logo: Logo, x: int, y: int) -> bool:
    return bool(logo.bits[y * logo.width_dots // 8 + x // 8] & (0x80 >> x % 8))


@pytest.mark.parametrize("kind", ["PNG", "GIF", "BMP"])
def test_black_is_printed_and_white_is_paper(kind: str) -> None:
    picture = Image.new("L", (16, 4), 255)
    picture.paste(0, (0, 0, 3, 2))
    logo = read(sent(picture, kind))
    assert (logo.width_dots, logo.height_dots) == (16, 4)
    assert logo.bits == b"\xe0\x00\xe0\x00" + bytes(4)


def test_what_is_transparent_is_paper() -> None:
    picture = Image.new("RGBA", (8, 2), (0, 0, 0, 0))
    picture.paste((0, 0, 0, 255), (0, 0, 1, 1))
    assert read(sent(picture)).bits == b"\x80\x00"


def test_an_odd_width_stands_in_the_middle_of_whole_bytes() -> None:
    picture = Image.new("L", (12, 1), 0)
    logo = read(sent(picture))
    assert (logo.width_dots, logo.bits) == (16, b"\x3f\xfc")


def test_a_photograph_is_made_smaller_and_drawn_in_dots() -> None:
    picture = Image.linear_gradient("L").resize((3000, 2000))
    logo = read(sent(picture, "JPEG"))
    assert (logo.width_dots, logo.height_dots) == (360, LOGO_HEIGHT_DOTS_MAX)
    middle = [is_black(logo, x, logo.height_dots // 2) for x in range(logo.width_dots)]
    assert 0.3 < sum(middle) / len(middle) < 0.7
    assert sum(is_black(logo, x, 2) for x in range(360)) > 340


@settings(max_examples=30, deadline=None)
@given(st.integers(1, 900), st.integers(1, 900))
def test_every_size_becomes_one_that_fits(width: int, height: int) -> None:
    logo = read(sent(Image.new("1", (width, height), 0)))
    logo.check()
    assert logo.width_dots <= LOGO_WIDTH_DOTS_MAX
    assert logo.height_dots <= LOGO_HEIGHT_DOTS_MAX


@pytest.mark.parametrize(
    "data",
    [b"", b"GIF89a", sent(Image.new("L", (9, 9), 255)), sent(Image.new("1", (5000, 4000)))],
    ids=["nothing", "a head only", "all white", "20 million pixels"],
)
def test_what_is_no_logo_is_refused(data: bytes) -> None:
    with pytest.raises(RequestInvalid):
        read(data)


@settings(max_examples=100, deadline=None)
@given(st.binary(max_size=300), st.sampled_from([b"", b"\x89PNG\r\n\x1a\n", b"BM", b"GIF89a"]))
def test_any_bytes_are_a_logo_or_refused(data: bytes, head: bytes) -> None:
    try:
        read(head + data).check()
    except RequestInvalid:
        return
