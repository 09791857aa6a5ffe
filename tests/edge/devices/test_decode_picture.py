"""Pictures of codes through the real decoders: what is read, by which stage, and what is not."""

from __future__ import annotations

import io
import random
import sys

import cv2
import numpy as np
import pytest
from PIL import Image

from edge.contract.scan import SCAN_CHARS_MAX, TokenScan, read_scan
from edge.contract.voucher_token import TokenInvalid
from edge.devices.decode_picture import NotAPicture, Reading, read_gray, read_picture
from tests import builders as b
from tests.edge import builders as e
from tests.edge.devices import pictures as p
from tests.edge.devices.pictures import Gray

TOKEN = b.a_token()
SHORT = e.a_short_text()
QR = p.a_qr(TOKEN, module_px=5)
DESK = p.on_a_desk(QR)


def read(picture: Gray, formats: tuple[str, ...] = ("qr", "code128")) -> Reading:
    """Read a picture that has a code."""
    reading = read_gray(picture, formats)
    assert reading is not None
    return reading


# --- what is read --------------------------------------------------------------------------------

READABLE: dict[str, Gray] = {
    "plain": QR,
    "on a desk": DESK,
    "turned by 17 degrees": p.turned(DESK, 17),
    "turned by 45 degrees": p.turned(DESK, 45),
    "upside down": p.turned(DESK, 180),
    "small": p.scaled(DESK, 0.4),
    "seen from the side": np.asarray(cv2.resize(DESK, None, fx=1, fy=0.5), np.uint8),
    "inverted": 255 - DESK,
    "in a mirror": DESK[:, ::-1].copy(),
    "blurred": p.blurred(DESK, 2.5),
    "noisy": p.noisy(DESK, 40),
    "pale": (DESK * 0.1 + 120).astype(np.uint8),
    "on a phone": p.on_a_phone(QR),
    "a photograph of 12 megapixels": np.asarray(cv2.resize(DESK, (4000, 3000)), np.uint8),
}


@pytest.mark.parametrize("picture", READABLE.values(), ids=READABLE)
def test_a_voucher_is_read_however_it_is_shown(picture: Gray) -> None:
    reading = read(picture)
    assert (reading.text, reading.format) == (TOKEN, "qr")
    assert read_scan(reading.text) == TokenScan(TOKEN)


RESCUED: dict[str, Gray] = {
    "raw": QR,
    "threshold": (DESK * 0.03 + 120).astype(np.uint8),
    "blur": p.noisy(p.blurred(DESK, 1), 120),
    "unsharp": p.blurred(DESK, 3),
    "pyzbar": p.on_a_desk(p.a_qr(TOKEN, module_px=5, border=0), gray=40),
}


@pytest.mark.parametrize("stage", RESCUED)
def test_each_stage_reads_what_those_before_it_do_not(stage: str) -> None:
    reading = read(RESCUED[stage])
    assert (reading.text, reading.stage) == (TOKEN, stage)
    assert reading.ms > 0


def test_the_rotating_code_of_a_voucher_is_read_along_with_it() -> None:
    text = e.a_dynamic_text()
    assert read(p.on_a_phone(p.a_qr(text, module_px=5))).text == text


def test_a_short_code_is_read_from_its_bars() -> None:
    reading = read(p.on_a_desk(p.a_code128(SHORT, module_px=2)))
    assert (reading.text, reading.format, reading.stage) == (SHORT, "code128", "linear")


def test_only_the_symbologies_that_are_asked_for_are_read() -> None:
    bars = p.on_a_desk(p.a_code128(SHORT, module_px=2))
    assert read_gray(bars, ("qr",)) is None
    assert read_gray(DESK, ("code128", "pdf417")) is None


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP", "BMP", "GIF", "TIFF"])
def test_pictures_come_in_many_kinds_of_file(kind: str) -> None:
    out = io.BytesIO()
    Image.fromarray(DESK).save(out, kind)
    reading = read_picture(out.getvalue())
    assert reading is not None
    assert reading.text == TOKEN


def test_a_picture_may_have_colour_or_sixteen_bits() -> None:
    for picture in (
        Image.fromarray(DESK).convert("RGB"),
        Image.fromarray(DESK).convert("P"),
        Image.fromarray(DESK.astype(np.uint16) * 257),
    ):
        out = io.BytesIO()
        picture.save(out, "PNG")
        reading = read_picture(out.getvalue())
        assert reading is not None, picture.mode
        assert reading.text == TOKEN


def test_without_the_second_decoder_the_first_reads_what_it_can(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Debian's libzbar0 may be missing; then pyzbar cannot be imported."""
    monkeypatch.setitem(sys.modules, "pyzbar", None)
    assert read(DESK).text == TOKEN
    assert read_gray(RESCUED["pyzbar"], ("qr",)) is None


# --- payloads that are not ours ------------------------------------------------------------------

PAYLOADS: dict[str, tuple[str | bytes, str]] = {
    "four thousand digits": ("9" * 4096, "9" * 4096),
    "as much as a QR code holds": ("7" * 7089, "7" * 7089),
    "bytes that are not UTF-8": (b"\xc3\x28\xfe\xff", "\ufffd(\ufffd\ufffd"),
    "an address": ("https://example.com/?v=1", "https://example.com/?v=1"),
    "Chinese": ("中文券码", "中文券码"),
    "markup": ("<script>1</script>", "<script>1</script>"),
}


@pytest.mark.parametrize(("payload", "text"), PAYLOADS.values(), ids=PAYLOADS)
def test_any_payload_is_text_and_none_of_these_is_a_voucher(
    payload: str | bytes, text: str
) -> None:
    found = read(p.a_qr(payload, module_px=4, error="l")).text
    assert found == text
    found.encode()  # it can be sent on
    with pytest.raises(TokenInvalid):
        read_scan(found)


@pytest.mark.parametrize("payload", [b"\x00", b"\x1b@\x07\x1b[2J\r\n", bytes(range(256)) * 3])
def test_control_characters_do_no_harm(payload: bytes) -> None:
    reading = read_picture(p.png(p.a_qr(payload, module_px=4)))
    assert reading is not None
    with pytest.raises(TokenInvalid):
        read_scan(reading.text)


def test_a_payload_longer_than_any_voucher_is_no_voucher_whatever_it_says() -> None:
    digits = (TOKEN * 40)[: SCAN_CHARS_MAX + 1]
    assert read(p.a_qr(digits, module_px=4, error="l")).text == digits
    with pytest.raises(TokenInvalid):
        read_scan(digits)


# --- pictures without a code ---------------------------------------------------------------------

EMPTY: dict[str, Gray] = {
    "white": np.full((480, 640), 255, np.uint8),
    "black": np.zeros((480, 640), np.uint8),
    "noise": p.noisy(np.full((480, 640), 128, np.uint8), 60),
    "one pixel": np.zeros((1, 1), np.uint8),
    "one row": np.zeros((1, 640), np.uint8),
    "stripes": np.tile(np.array([0, 255, 255], np.uint8), (90, 200)),
    "half a code": DESK[:, : DESK.shape[1] // 2].copy(),
    "too blurred": p.blurred(DESK, 8),
    "a line a million pixels long": np.zeros((1, 1_000_000), np.uint8),
}


@pytest.mark.parametrize("picture", EMPTY.values(), ids=EMPTY)
def test_a_picture_without_a_code_is_none(picture: Gray) -> None:
    assert read_picture(p.png(picture), ("qr", "code128", "pdf417")) is None


# --- files that are no pictures ------------------------------------------------------------------

NOT_PICTURES: dict[str, bytes] = {
    "nothing": b"",
    "zeros": bytes(4096),
    "text": b"not a picture at all\n" * 50,
    "markup": b"<svg xmlns='http://www.w3.org/2000/svg'><script/></svg>",
    "a document": b"%PDF-1.7\n1 0 obj\n",
    "the head of a PNG": b"\x89PNG\r\n\x1a\n",
    "the head of a JPEG": b"\xff\xd8\xff\xe0\x00\x10JFIF",
    "a GIF that promises more": b"GIF89a" + b"\xff" * 30,
}


@pytest.mark.parametrize("data", NOT_PICTURES.values(), ids=NOT_PICTURES)
def test_what_cannot_be_opened_is_no_picture(data: bytes) -> None:
    with pytest.raises(NotAPicture, match="cannot be opened"):
        read_picture(data)


def outcome(data: bytes) -> str | None:
    """What a damaged file is: not a picture, a picture without a code, or the code."""
    try:
        reading = read_picture(data)
    except NotAPicture:
        return "not a picture"
    return reading and reading.text


FILES = {"png": p.png(DESK), "jpeg": p.jpeg(DESK)}


@pytest.mark.parametrize("kind", FILES)
def test_a_file_cut_anywhere_is_no_picture_or_the_right_one(kind: str) -> None:
    data = FILES[kind]
    for at in range(0, len(data), len(data) // 40):
        assert outcome(data[:at]) in {"not a picture", None, TOKEN}, at


@pytest.mark.parametrize("kind", FILES)
def test_a_damaged_file_never_becomes_another_voucher(kind: str) -> None:
    luck = random.Random(kind)
    for _ in range(40):
        data = bytearray(FILES[kind])
        for _ in range(luck.randint(1, 30)):
            data[luck.randrange(len(data))] ^= 1 << luck.randrange(8)
        found = outcome(bytes(data))
        if found not in {"not a picture", None, TOKEN}:
            with pytest.raises(TokenInvalid):
                read_scan(str(found))
