"""Files of every kind and in every state: what they open to, and why some do not."""

from __future__ import annotations

import io
from typing import Any

import numpy as np
import pytest
from PIL import Image

from edge.devices.pictures.opening import (
    BYTES_MAX,
    SIDE_MAX,
    NotAPicture,
    open_picture,
    prepare,
)
from edge.devices.pictures.still import read_picture
from tests.edge.devices import pictures as p
from tests.edge.devices.pictures import Gray

TEXT = "VX1 a code to be found again"
DESK = p.on_a_desk(p.a_qr(TEXT, module_px=6))
CODE = Image.fromarray(DESK)


@pytest.fixture(autouse=True, scope="module")
def _prepared() -> None:
    prepare()


def a_file(picture: Image.Image, kind: str, **how: Any) -> bytes:
    out = io.BytesIO()
    picture.save(out, kind, **how)
    return out.getvalue()


def ink(mode: str, colour: tuple[int, ...], paper: tuple[int, ...]) -> Image.Image:
    """The code in coloured ink on coloured paper."""
    picture = Image.new(mode, CODE.size, paper)
    picture.paste(Image.new(mode, CODE.size, colour), mask=CODE.point(lambda level: 255 - level))
    return picture


def turned(orientation: int) -> Image.Exif:
    exif = Image.Exif()
    exif[0x0112] = orientation
    return exif


WHITE = Image.new("L", CODE.size, 255)
OPENED: dict[str, bytes] = {
    "PNG": a_file(CODE, "PNG"),
    "of one bit": a_file(CODE.convert("1"), "PNG"),
    "with a palette": a_file(CODE.convert("P"), "PNG"),
    "of sixteen bits": a_file(Image.fromarray(DESK.astype(np.uint16) * 257), "PNG"),
    "of twelve bits in sixteen": a_file(Image.fromarray(DESK.astype(np.uint16) * 16), "TIFF"),
    "of floats": a_file(Image.fromarray(DESK.astype(np.float32) / 255), "TIFF"),
    "of 32 bits": a_file(Image.fromarray(DESK.astype(np.int32)), "TIFF"),
    "black on transparent": a_file(ink("RGBA", (0, 0, 0, 255), (0, 0, 0, 0)), "PNG"),
    "black on transparent, WebP": a_file(
        ink("RGBA", (0, 0, 0, 255), (0, 0, 0, 0)), "WEBP", lossless=True
    ),
    "gray and alpha": a_file(ink("LA", (0, 255), (0, 0)), "PNG"),
    "CMYK JPEG": a_file(CODE.convert("CMYK"), "JPEG"),
    "CMYK TIFF": a_file(CODE.convert("CMYK"), "TIFF"),
    "progressive JPEG": a_file(CODE, "JPEG", progressive=True, quality=60),
    "turned as its EXIF says": a_file(CODE.rotate(90, expand=True), "JPEG", exif=turned(6)),
    "mirrored as its EXIF says": a_file(
        CODE.transpose(Image.Transpose.FLIP_LEFT_RIGHT), "JPEG", exif=turned(2)
    ),
    "animated": a_file(CODE, "GIF", save_all=True, append_images=[WHITE, WHITE]),
    "the code in a later frame": a_file(WHITE, "GIF", save_all=True, append_images=[CODE, WHITE]),
    "yellow on white": a_file(ink("RGB", (255, 255, 30), (255, 255, 255)), "PNG"),
    "AVIF": a_file(CODE, "AVIF"),
    "with more behind its end": a_file(CODE, "JPEG") + b"and a film of two seconds" * 1000,
}  # fmt: skip


@pytest.mark.parametrize("data", OPENED.values(), ids=OPENED)
def test_a_code_is_found_in_files_of_every_kind(data: bytes) -> None:
    reading = read_picture(data)
    assert reading is not None
    assert reading.text == TEXT


def test_a_code_cut_out_to_its_very_edge_is_found() -> None:
    code = p.a_qr(TEXT, module_px=6, border=0)
    reading = read_picture(p.png(code))
    assert reading is not None
    assert reading.text == TEXT


def test_a_small_code_in_a_photograph_of_twelve_megapixels_is_found() -> None:
    table = np.full((3000, 4000), 140, np.uint8)
    code = p.a_qr(TEXT, module_px=4)
    table[2300 : 2300 + code.shape[0], 3100 : 3100 + code.shape[1]] = code
    reading = read_picture(p.jpeg(p.noisy(table, 6)))
    assert reading is not None
    assert reading.text == TEXT


def test_what_is_transparent_is_white() -> None:
    gray = open_picture(a_file(Image.new("RGBA", (5, 4), (0, 0, 0, 0)), "PNG"))
    assert gray.tolist() == [[255] * 5] * 4


def test_a_larger_picture_is_made_smaller() -> None:
    assert open_picture(p.png(np.full((10, 9000), 255, np.uint8))).shape == (5, SIDE_MAX)


def cut(data: bytes, share: float) -> bytes:
    return data[: int(len(data) * share)]


REFUSED: dict[str, tuple[bytes, str]] = {
    "nothing": (b"", "not-a-picture"),
    "text": (b"no picture\n" * 99, "not-a-picture"),
    "half a PNG": (cut(OPENED["PNG"], 0.5), "incomplete"),
    "half a JPEG": (cut(p.jpeg(DESK), 0.5), "incomplete"),
    "the head of a JPEG": (p.jpeg(DESK)[:30], "incomplete"),
    "half a WebP": (cut(OPENED["black on transparent, WebP"], 0.5), "not-a-picture"),
    "a file of more than there may be": (p.png(DESK) + bytes(BYTES_MAX), "too-large"),
}


@pytest.mark.parametrize(("data", "slug"), REFUSED.values(), ids=REFUSED)
def test_what_cannot_be_opened_is_told_apart(data: bytes, slug: str) -> None:
    with pytest.raises(NotAPicture) as caught:
        read_picture(data)
    assert caught.value.slug == slug
    assert str(caught.value).startswith(("the picture", "the file"))


def test_a_gray_picture_has_no_colours_to_look_at_again() -> None:
    from edge.devices.pictures.opening import other_views  # noqa: PLC0415

    gray: Gray = np.full((60, 60), 200, np.uint8)
    assert list(other_views(p.jpeg(gray))) == []
    names = [name for name, _ in other_views(OPENED["yellow on white"])]
    assert names == ["blue", "green", "red"]
