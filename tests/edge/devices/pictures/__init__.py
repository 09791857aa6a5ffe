"""Pictures of codes as cameras deliver them, drawn from a seed: the same ones in every run."""

from __future__ import annotations

import io
import struct
import zlib

import cv2
import numpy as np
import segno
from numpy.typing import NDArray
from PIL import Image

from edge.devices.simulated.code128 import QUIET_MODULES, modules, read_code128

Gray = NDArray[np.uint8]


def a_qr(payload: str | bytes, *, module_px: int = 6, border: int = 4, error: str = "m") -> Gray:
    """A QR code, black on white."""
    code = segno.make_qr(payload, error=error)
    out = io.BytesIO()
    code.save(out, kind="png", scale=module_px, border=border)
    return np.array(Image.open(out).convert("L"), dtype=np.uint8)


def a_code128(digits: str, *, module_px: int = 3, height_px: int = 80) -> Gray:
    """A Code 128 of code set C, for an even number of digits."""
    pairs = bytes(int(digits[at : at + 2]) for at in range(0, len(digits), 2))
    bars = modules(read_code128(b"{C" + pairs).values)
    quiet = [255] * QUIET_MODULES
    row = np.array([*quiet, *(0 if is_bar else 255 for is_bar in bars), *quiet], np.uint8)
    return np.tile(row.repeat(module_px), (height_px, 1))


def on_a_desk(code: Gray, *, width: int = 640, height: int = 480, gray: int = 180) -> Gray:
    """A code in the middle of a larger picture."""
    picture = np.full((height, width), gray, np.uint8)
    top, left = (height - code.shape[0]) // 2, (width - code.shape[1]) // 2
    picture[top : top + code.shape[0], left : left + code.shape[1]] = code
    return picture


def turned(picture: Gray, degrees: float) -> Gray:
    """Turned about its middle."""
    height, width = picture.shape
    turn = cv2.getRotationMatrix2D((width / 2, height / 2), degrees, 1)
    return _gray(cv2.warpAffine(picture, turn, (width, height), borderValue=180))


def scaled(picture: Gray, factor: float) -> Gray:
    return _gray(cv2.resize(picture, None, fx=factor, fy=factor, interpolation=cv2.INTER_AREA))


def blurred(picture: Gray, sigma_px: float) -> Gray:
    return _gray(cv2.GaussianBlur(picture, (0, 0), sigma_px))


def noisy(picture: Gray, sigma: float, seed: int = 1) -> Gray:
    """With the noise of a small sensor."""
    noise = np.random.default_rng(seed).normal(0, sigma, picture.shape)
    return _gray(np.clip(picture + noise, 0, 255))


def on_a_phone(code: Gray, *, seed: int = 1) -> Gray:
    """A code on a phone's screen: seen aslant, its backlight uneven, a lamp in the glass, moiré."""
    screen = np.full((code.shape[0] * 2, code.shape[1] + 60), 235, np.uint8)
    screen[40 : 40 + code.shape[0], 30 : 30 + code.shape[1]] = code
    picture = np.full((900, 900), 40, np.uint8)
    height, width = screen.shape
    source = np.array([(0, 0), (width, 0), (width, height), (0, height)], np.float32)
    target = np.array([(230, 120), (640, 160), (600, 800), (200, 740)], np.float32)
    warp = cv2.getPerspectiveTransform(source, target)
    cv2.warpPerspective(screen, warp, (900, 900), dst=picture, borderMode=cv2.BORDER_TRANSPARENT)
    down, across = np.mgrid[0:900, 0:900]
    light = 0.75 + 0.25 * across / 900
    moire = 6 * np.sin(across * 1.9 + down * 0.7)
    lamp = 120 * np.exp(-((across - 560) ** 2 + (down - 520) ** 2) / 4000)
    return noisy(_gray(np.clip(picture * light + moire + lamp, 0, 255)), 6, seed)


def png(picture: Gray) -> bytes:
    return _file(picture, "PNG")


def jpeg(picture: Gray, quality: int = 85) -> bytes:
    return _file(picture, "JPEG", quality=quality)


def a_bomb(width: int, height: int) -> bytes:
    """A white PNG of one bit a pixel, drawn without ever being held in memory."""
    row = b"\0" + b"\xff" * ((width + 7) // 8)
    packer = zlib.compressobj(9)
    data = b"".join(packer.compress(row) for _ in range(height)) + packer.flush()
    head = struct.pack(">IIBBBBB", width, height, 1, 0, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n" + _chunk(b"IHDR", head) + _chunk(b"IDAT", data) + _chunk(b"IEND", b"")
    )


def _chunk(kind: bytes, data: bytes) -> bytes:
    check = zlib.crc32(kind + data)
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", check)


def _file(picture: Gray, kind: str, **how: int) -> bytes:
    out = io.BytesIO()
    Image.fromarray(picture).save(out, kind, **how)
    return out.getvalue()


def _gray(picture: object) -> Gray:
    return np.asarray(picture).astype(np.uint8)
