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
from edge.devices.pictures import engines
from edge.devices.pictures.model import Found, Reading
from edge.devices.pictures.opening import NotAPicture
from edge.devices.pictures.still import Votes, read_gray, read_picture
from tests import builders as b
from tests.edge import builders as e
from tests.edge.devices import pictures as p
from tests.edge.devices.pictures import Gray
from tests.edge.devices.pictures import hard as h

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
    "contrast": h.a_scene("dark", 700, h.SIZES[0]).picture,
    "stretch": h.a_scene("mixed", 706, h.SIZES[0]).picture,
    "enlarged": h.a_scene("occluded", 706, h.SIZES[0]).picture,
    "zbar": h.a_scene("glare", 701, h.SIZES[0]).picture,
    "framed": h.a_scene("aslant", 706, h.SIZES[0]).picture,
    "refocused-6.5": h.a_scene("defocused", 700, h.SIZES[0]).picture,
}


@pytest.mark.parametrize("stage", RESCUED)
def test_each_stage_reads_what_those_before_it_do_not(stage: str) -> None:
    reading = read(RESCUED[stage])
    assert reading.stage == stage
    assert reading.ms > 0


BARS = {
    "straight-contrast": ("rotated", 701),
    "quiet-paper": ("dark", 700),
    "stretch": ("dark", 701),
    "paper": ("shadow", 700),
    "inverted-contrast": ("inverted", 700),
    "2x": ("small", 705),
    "flat-contrast": ("mixed", 701),
    "straight-zbar": ("moved", 711),
}


@pytest.mark.parametrize("stage", BARS)
def test_bars_are_read_by_looks_that_agree(stage: str) -> None:
    scene = h.a_linear_scene(*BARS[stage], h.SIZES[0])
    assert read(scene.picture, ("code128",))[:3] == (scene.text, "code128", stage)


@pytest.mark.parametrize("condition", ["clean", "rotated", "aslant", "shadow", "inverted"])
def test_a_pdf417_is_read_however_it_lies(condition: str) -> None:
    scene = h.a_pdf417_scene(condition, 60, h.SIZES[0])
    reading = read(scene.picture, ("qr", "code128", "pdf417"))
    assert (reading.text, reading.format) == (scene.text, "pdf417")


def test_of_hard_pictures_many_more_are_read_than_by_one_decoder_alone() -> None:
    """The whole measurement is in the benchmarks; this is a sample of it."""
    alone = ours = wrong = count = 0
    for scene in h.scenes(31, 2, h.SIZES[0], ("defocused", "dark", "glare", "shadow", "mixed")):
        count += 1
        alone += Found(scene.text, "qr") in engines.zxing(scene.picture, ("qr",))
        reading = read_gray(scene.picture, ("qr",))
        ours += reading is not None and reading.text == scene.text
        wrong += reading is not None and reading.text != scene.text
    assert wrong == 0
    assert ours >= max(0.75 * count, alone + 0.2 * count)


@pytest.mark.parametrize("seed", range(4))
def test_what_looks_like_a_code_and_is_none_is_not_read(seed: int) -> None:
    picture = h.a_scene_without_a_code(seed, (400, 300))
    assert read_gray(picture, ("qr", "code128", "pdf417")) is None


def test_a_weakly_checked_code_is_believed_at_once_only_from_the_picture_as_it_is() -> None:
    bars = Found("123456", "code128")
    assert Votes().believed(bars, "raw")
    votes = Votes()
    assert not votes.believed(bars, "contrast")
    assert not votes.believed(Found("123457", "code128"), "stretch")
    assert votes.believed(bars, "zbar")
    assert not Votes().believed(Found("12", "code128"), "raw"), "shorter than any scan"
    assert not Votes().believed(Found("12\x00456", "pdf417"), "raw")
    assert Votes().believed(Found("1", "qr"), "unsharp")


def test_a_raw_text_with_control_characters_is_believed_if_nothing_speaks_against_it() -> None:
    odd = Found("ANSI\n636000", "pdf417")
    votes = Votes()
    assert not votes.believed(odd, "raw")
    assert votes.uncontested() == odd
    votes.believed(Found("ANSI\n636001", "pdf417"), "blur")
    assert votes.uncontested() is None
    filtered = Votes()
    filtered.believed(odd, "blur")
    assert filtered.uncontested() is None


def test_when_the_time_is_up_no_further_look_is_begun() -> None:
    ticks = iter(range(100))
    assert read_gray(RESCUED["zbar"], ("qr",), 3, lambda: float(next(ticks))) is None
    assert next(ticks) < 10


def test_a_look_that_a_picture_breaks_has_seen_nothing_and_the_next_goes_on(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def broken(*_: object, **__: object) -> object:
        raise cv2.error("out of memory")

    monkeypatch.setattr(cv2, "adaptiveThreshold", broken)
    assert read(RESCUED["unsharp"]).stage == "unsharp"


def test_the_rotating_code_of_a_voucher_is_read_along_with_it() -> None:
    text = e.a_dynamic_text()
    assert read(p.on_a_phone(p.a_qr(text, module_px=5))).text == text


def test_a_short_code_is_read_from_its_bars() -> None:
    reading = read(p.on_a_desk(p.a_code128(SHORT, module_px=2)))
    assert (reading.text, reading.format, reading.stage) == (SHORT, "code128", "raw")


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
    assert engines.zbar(DESK, ("qr",)) == [Found(TOKEN, "qr")]
    monkeypatch.setitem(sys.modules, "pyzbar", None)
    assert engines.zbar(DESK, ("qr",)) == []
    assert read(DESK).text == TOKEN


# --- payloads that are not ours ------------------------------------------------------------------

PAYLOADS: dict[str, tuple[str | bytes, str]] = {
    "four thousand digits": ("9" * 4096, "9" * 4096),
    "as much as a QR code holds": ("7" * 7089, "7" * 7089),
    "bytes that are not UTF-8": (b"\xc3\x28\xfe\xff", "Ã(þÿ"),
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
    "white": np.full((240, 320), 255, np.uint8),
    "black": np.zeros((240, 320), np.uint8),
    "noise": p.noisy(np.full((240, 320), 128, np.uint8), 60),
    "one pixel": np.zeros((1, 1), np.uint8),
    "one row": np.zeros((1, 640), np.uint8),
    "stripes": np.tile(np.array([0, 255, 255], np.uint8), (90, 200)),
    "half a code": DESK[:, : DESK.shape[1] // 2].copy(),
    "too blurred": p.scaled(p.blurred(DESK, 8), 0.5),
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
    with pytest.raises(NotAPicture, match=r"cannot be opened|is empty"):
        read_picture(data)


def outcome(data: bytes) -> str | None:
    """What a damaged file is: not a picture, a picture without a code, or the code."""
    try:
        reading = read_picture(data, budget_s=0)  # one look
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
    for _ in range(12):
        data = bytearray(FILES[kind])
        for _ in range(luck.randint(1, 30)):
            data[luck.randrange(len(data))] ^= 1 << luck.randrange(8)
        found = outcome(bytes(data))
        if found not in {"not a picture", None, TOKEN}:
            with pytest.raises(TokenInvalid):
                read_scan(str(found))
