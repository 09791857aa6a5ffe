"""Pictures that are hard to read, drawn from a seed: one condition of a shop each.

A scene is a code of a known text, held in front of a camera of 640×480 or 1280×720 and sent
through JPEG as cameras do. The same seed gives the same pixels, so a rate can be compared between
two decoders and between two versions of one.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable, Iterator
from typing import NamedTuple

import cv2
import numpy as np
import zxingcpp
from numpy.typing import NDArray

from tests.edge.devices.pictures import Gray, a_code128, a_qr

Luck = np.random.Generator
Float = NDArray[np.float32]

SIZES = ((640, 480), (1280, 720))
ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ $%*+-./:"
"""Of base 45, in which a voucher's token is written."""


class Scene(NamedTuple):
    """A picture and what it holds.

    Args:
        picture: uint8[height, width], as a camera delivered it.
    """

    condition: str
    text: str
    picture: Gray


def a_text(luck: Luck) -> str:
    """Draw a token of 100 to 250 characters, or, once in three, a short code of 12 digits."""
    if luck.random() < 1 / 3:
        return "".join(str(n) for n in luck.integers(0, 10, 12))
    letters = luck.integers(0, len(ALPHABET) - 9, int(luck.integers(100, 250)))
    return "VX1:" + "".join(ALPHABET[n] for n in letters)


# --- how a code lies before the camera -----------------------------------------------------------


def placed(code: Gray, size: tuple[int, int], luck: Luck, share: float = 0.8) -> Gray:
    """Put a code into a picture, this share of its height large, a few degrees turned.

    Behind it is a table with stains and a brighter card around the code.
    """
    return _warped(code, size, luck, share, degrees=luck.normal(0, 4), tilt=0.02)


def rotated(code: Gray, size: tuple[int, int], luck: Luck) -> Gray:
    """Turned by any angle."""
    return _warped(code, size, luck, 0.62, degrees=luck.uniform(0, 360), tilt=0.02)


def aslant(code: Gray, size: tuple[int, int], luck: Luck) -> Gray:
    """Seen from the side."""
    return _warped(code, size, luck, 0.8, degrees=luck.normal(0, 10), tilt=0.22)


def small(code: Gray, size: tuple[int, int], luck: Luck) -> Gray:
    """Held too far away: about two and a half pixels a module."""
    return _warped(
        code, size, luck, luck.uniform(2.2, 2.8) * _modules(code) / size[1],
        degrees=luck.normal(0, 5), tilt=0.02,
    )  # fmt: skip


def curved(code: Gray, size: tuple[int, int], luck: Luck) -> Gray:
    """On a bottle or a rolled receipt."""
    picture = placed(code, size, luck, 0.7)
    height, width = picture.shape
    across = np.arange(width, dtype=np.float32)
    angle = luck.uniform(0.8, 1.2)
    # A cylinder shows sin(angle) of what is wound around it.
    bent = np.arcsin(np.clip((across / width * 2 - 1) * np.sin(angle), -1, 1)) / angle
    bow = luck.uniform(0.04, 0.12) * height * (1 - ((across / width) * 2 - 1) ** 2)
    map_x = np.tile((bent + 1) / 2 * width, (height, 1)).astype(np.float32)
    map_y = (np.arange(height, dtype=np.float32)[:, None] + bow[None, :]).astype(np.float32)
    return _gray(cv2.remap(picture, map_x, map_y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT))


# --- what happens to the picture -----------------------------------------------------------------


def defocused(picture: Gray, luck: Luck) -> Gray:
    """Out of focus: a disc, as a lens makes it."""
    radius = luck.uniform(0.009, 0.017) * picture.shape[0]
    side = int(radius) * 2 + 3
    down, across = np.mgrid[0:side, 0:side] - side // 2
    disc = np.clip(radius + 0.5 - np.hypot(down, across), 0, 1).astype(np.float32)
    return _gray(cv2.filter2D(picture, -1, disc / disc.sum(), borderType=cv2.BORDER_REPLICATE))


def moved(picture: Gray, luck: Luck) -> Gray:
    """Moved while the shutter was open."""
    length = luck.uniform(0.015, 0.032) * picture.shape[0]
    side = int(length) * 2 + 3
    kernel = np.zeros((side, side), np.float32)
    turn = luck.uniform(0, np.pi)
    for step in np.linspace(-length / 2, length / 2, 64):
        x, y = side / 2 + np.cos(turn) * step, side / 2 + np.sin(turn) * step
        kernel[int(y), int(x)] += 1
    return _gray(cv2.filter2D(picture, -1, kernel / 64, borderType=cv2.BORDER_REPLICATE))


def dark(picture: Gray, luck: Luck) -> Gray:
    """In a dim room: few levels and much noise."""
    return _noisy(picture * luck.uniform(0.04, 0.1) + 8, luck, luck.uniform(2, 6))


def glaring(picture: Gray, luck: Luck) -> Gray:
    """With a lamp in the plastic."""
    height, width = picture.shape
    down, across = np.mgrid[0:height, 0:width].astype(np.float32)
    x, y = luck.uniform(0.35, 0.65) * width, luck.uniform(0.35, 0.65) * height
    long, short = luck.uniform(0.2, 0.4) * height, luck.uniform(0.04, 0.12) * height
    turn = luck.uniform(0, np.pi)
    u = (across - x) * np.cos(turn) + (down - y) * np.sin(turn)
    v = (down - y) * np.cos(turn) - (across - x) * np.sin(turn)
    lamp = 300 * np.exp(-((u / long) ** 2) - (v / short) ** 2)
    return _gray(np.clip(picture * 0.75 + lamp, 0, 255))


def on_a_screen(picture: Gray, luck: Luck) -> Gray:
    """Photographed from a phone: moiré of two grids, glow of the black, uneven light."""
    height, width = picture.shape
    down, across = np.mgrid[0:height, 0:width].astype(np.float32)
    waves = np.sin(across * luck.uniform(1.6, 2.4) + down * luck.uniform(0.2, 0.9))
    bands = np.sin(down * luck.uniform(0.05, 0.12) + luck.uniform(0, 6))
    lit = picture * 0.7 + 55 + waves * luck.uniform(25, 55) + bands * luck.uniform(15, 35)
    return _noisy(lit, luck, 4)


def occluded(picture: Gray, luck: Luck) -> Gray:
    """A thumb or a crease over a part of the code."""
    height, width = picture.shape
    hidden = picture.copy()
    centre = (int(width * luck.uniform(0.4, 0.6)), int(height * luck.uniform(0.5, 0.75)))
    axes = (int(height * luck.uniform(0.05, 0.11)), int(height * luck.uniform(0.03, 0.07)))
    cv2.ellipse(
        hidden, centre, axes, luck.uniform(0, 180), 0, 360, float(luck.integers(60, 200)), -1
    )
    return hidden


def faded(picture: Gray, luck: Luck) -> Gray:
    """A thermal receipt after a summer: pale, in blotches."""
    height, width = picture.shape
    blotches = cv2.resize(luck.uniform(0.015, 0.3, (6, 8)).astype(np.float32), (width, height))
    return _noisy(215 - (215 - picture.astype(np.float32)) * blotches, luck, 4)


def shaded(picture: Gray, luck: Luck) -> Gray:
    """Half of it in somebody's shadow."""
    height, width = picture.shape
    down, across = np.mgrid[0:height, 0:width].astype(np.float32)
    turn = luck.uniform(0, 2 * np.pi)
    side = (across - width / 2) * np.cos(turn) + (down - height / 2) * np.sin(turn)
    light = 0.1 + 0.9 / (1 + np.exp(-side / (0.02 * height)))
    return _noisy(picture * light, luck, 3)


def _as_it_is(picture: Gray, luck: Luck) -> Gray:
    return picture


def _inverted(picture: Gray, luck: Luck) -> Gray:
    return _gray(255 - picture)


def _several(picture: Gray, luck: Luck) -> Gray:
    for harm in luck.permutation(np.array([shaded, on_a_screen, glaring, _soft]))[:2]:
        picture = harm(picture, luck)
    return picture


def _soft(picture: Gray, luck: Luck) -> Gray:
    return _gray(cv2.GaussianBlur(picture, (0, 0), 0.0025 * picture.shape[0]))


Place = Callable[[Gray, tuple[int, int], Luck], Gray]
Harm = Callable[[Gray, Luck], Gray]

CONDITIONS: dict[str, tuple[Place, Harm]] = {
    "clean": (placed, _as_it_is),
    "rotated": (rotated, _as_it_is),
    "aslant": (aslant, _as_it_is),
    "defocused": (placed, defocused),
    "moved": (placed, moved),
    "dark": (placed, dark),
    "glare": (placed, glaring),
    "screen": (placed, on_a_screen),
    "small": (small, _as_it_is),
    "occluded": (placed, occluded),
    "faded": (placed, faded),
    "curved": (curved, _as_it_is),
    "shadow": (placed, shaded),
    "inverted": (placed, _inverted),
    "mixed": (aslant, _several),
}
HARD = ("defocused", "moved", "dark", "glare", "faded", "shadow", "curved", "mixed")
"""Those of which a bare decoder misses some."""


def scenes(
    seed: int, count: int, size: tuple[int, int], conditions: tuple[str, ...] = tuple(CONDITIONS)
) -> Iterator[Scene]:
    """Yield so many pictures of each condition."""
    for condition in conditions:
        for number in range(count):
            yield a_scene(condition, seed * 1000 + number, size)


def a_scene(condition: str, seed: int, size: tuple[int, int]) -> Scene:
    """Draw one picture."""
    luck = np.random.default_rng([seed, zlib.crc32(condition.encode()), size[1]])
    place, harm = CONDITIONS[condition]
    text = a_text(luck)
    code = a_qr(text, module_px=8, error="lmqh"[int(luck.integers(0, 2))])
    return Scene(condition, text, _through_jpeg(harm(place(code, size, luck), luck), luck))


def a_linear_scene(condition: str, seed: int, size: tuple[int, int]) -> Scene:
    """Draw one picture of a Code 128 with 12 to 16 digits."""
    luck = np.random.default_rng([seed, zlib.crc32(condition.encode()), size[1], 128])
    place, harm = CONDITIONS[condition]
    text = "".join(str(n) for n in luck.integers(0, 10, int(luck.choice([12, 14, 16]))))
    code = a_code128(text, module_px=4, height_px=200)
    return Scene(condition, text, _through_jpeg(harm(place(code, size, luck), luck), luck))


def a_pdf417_scene(condition: str, seed: int, size: tuple[int, int]) -> Scene:
    """Draw one picture of a PDF417 with 20 to 120 characters."""
    luck = np.random.default_rng([seed, zlib.crc32(condition.encode()), size[1], 417])
    place, harm = CONDITIONS[condition]
    text = "".join(chr(n) for n in luck.integers(48, 90, int(luck.integers(20, 120))))
    code = zxingcpp.create_barcode(text, zxingcpp.BarcodeFormat.PDF417)
    drawn = _gray(code.to_image(scale=4, add_quiet_zones=True))
    return Scene(condition, text, _through_jpeg(harm(place(drawn, size, luck), luck), luck))


def a_scene_without_a_code(seed: int, size: tuple[int, int]) -> Gray:
    """Draw stripes, grids, text-like blocks and squares: what looks like a code and is none."""
    luck = np.random.default_rng([seed, size[1], 7])
    width, height = size
    picture = np.full((height, width), int(luck.integers(120, 240)), np.uint8)
    kind = seed % 4
    for _ in range(int(luck.integers(20, 120))):
        x, y = int(luck.integers(0, width)), int(luck.integers(0, height))
        ink = float(luck.integers(0, 255))
        if kind == 0:  # bars of a fence, of print, of a keyboard
            cv2.rectangle(picture, (x, 0), (x + int(luck.integers(1, 14)), height), ink, -1)
        elif kind == 1:
            side = int(luck.integers(3, 60))
            cv2.rectangle(picture, (x, y), (x + side, y + side), ink, -1)
            cv2.rectangle(picture, (x, y), (x + side, y + side), 255 - ink, max(1, side // 7))
        elif kind == 2:
            cv2.putText(picture, a_text(luck)[:20], (x // 2, y), 0, luck.uniform(0.3, 2), ink, 2)
        else:
            across = luck.integers(0, 2, (48, 64)).astype(np.uint8) * 255
            picture = _gray(cv2.resize(across, size, interpolation=cv2.INTER_NEAREST))
    return _through_jpeg(_noisy(picture, luck, 5), luck)


# --- shared --------------------------------------------------------------------------------------


def _modules(code: Gray) -> float:
    return float(code.shape[0] / 8)  # a_qr draws eight pixels a module


def _warped(
    code: Gray, size: tuple[int, int], luck: Luck, share: float, *, degrees: float, tilt: float
) -> Gray:
    width, height = size
    table = cv2.resize(luck.uniform(70, 150, (5, 7)).astype(np.float32), size)
    tall, wide = code.shape
    scale = min(share * height / tall, 0.94 * width / wide)
    source = np.array([(0, 0), (wide, 0), (wide, tall), (0, tall)], np.float32)
    turn = np.deg2rad(degrees)
    matrix = np.array([[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]])
    seen = (source - np.array((wide / 2, tall / 2))) @ matrix.T * scale
    seen += luck.uniform(-tilt, tilt, (4, 2)) * share * height
    seen += np.array((width / 2, height / 2)) + luck.normal(0, 0.01 * height, 2)
    warp = cv2.getPerspectiveTransform(source, seen.astype(np.float32))
    # Four samples a pixel, or the warp itself would make the moiré of its own.
    double = np.diag([2.0, 2.0, 1.0]) @ warp
    picture = cv2.resize(table, (width * 2, height * 2))
    paper = 25 + code.astype(np.float32) * (205 / 255)
    cv2.warpPerspective(
        paper, double, (width * 2, height * 2), dst=picture, flags=cv2.INTER_LINEAR,
        borderMode=cv2.BORDER_TRANSPARENT,
    )  # fmt: skip
    return _noisy(cv2.resize(picture, size, interpolation=cv2.INTER_AREA), luck, 2)


def _noisy(picture: object, luck: Luck, sigma: float) -> Gray:
    exact = np.asarray(picture, np.float32)
    return _gray(np.clip(exact + luck.normal(0, sigma, exact.shape), 0, 255))


def _through_jpeg(picture: Gray, luck: Luck) -> Gray:
    quality = int(luck.integers(70, 92))
    _, data = cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, quality])
    return _gray(cv2.imdecode(data, cv2.IMREAD_GRAYSCALE))


def _gray(picture: object) -> Gray:
    return np.asarray(picture).astype(np.uint8)
