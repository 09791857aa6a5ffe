"""From a picture to the text of its code: zxing-cpp first, three rescue stages, pyzbar last.

The order and the parameters are measured (evidence in docs/decisions/0008): each stage reads some
codes that those before it did not, and the first reads nearly all of them in under a millisecond.
OpenCV's own QR decoder is not used: a payload that is not UTF-8 makes it raise.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Gray = NDArray[np.uint8]

PIXELS_MAX = 1 << 27
"""More than any phone takes. A file of a few kilobytes can open to a gigabyte."""
SIDE_MAX = 4000
"""Pixels of the longer side; a larger picture is made smaller first."""
PYZBAR_SIDE_MAX = 1280
FORMATS = ("qr", "code128", "pdf417")


class Reading(NamedTuple):
    """A code that was read.

    Args:
        format: One of FORMATS.
        stage: Which step of the cascade read it.
        ms: Milliseconds from the picture in memory to the text.
    """

    text: str
    format: str
    stage: str
    ms: float


class NotAPicture(ValueError):
    """The bytes are no picture that can be opened."""


def read_picture(data: bytes, formats: tuple[str, ...] = ("qr", "code128")) -> Reading | None:
    """Return the first code in a picture file, None if there is none.

    Args:
        data: PNG, JPEG, WebP, BMP or whatever else OpenCV opens.

    Raises:
        NotAPicture: it opens none of these, or it is too large.
        ImportError: the camera extra is not installed.
    """
    # OpenCV takes these in no other way, and only before it is loaded.
    os.environ.setdefault("OPENCV_IO_MAX_IMAGE_PIXELS", str(PIXELS_MAX))  # noqa: TID251
    os.environ.setdefault("OPENCV_LOG_LEVEL", "ERROR")  # noqa: TID251 - a bad picture is no news
    return read_gray(_open(data), formats)


def read_gray(gray: Gray, formats: tuple[str, ...]) -> Reading | None:
    """Return the first code in a picture, None if there is none.

    Args:
        gray: uint8[height, width], 0 is black.
    """
    began = time.perf_counter()
    for stage, read in _stages(gray, formats):
        found = read()
        if found:
            ms = (time.perf_counter() - began) * 1000
            return Reading(*found, stage, round(ms, 2))
    return None


Found = tuple[str, str] | None


def _open(data: bytes) -> Gray:
    import cv2  # noqa: PLC0415 - a unit without a camera must not need it
    import numpy as np  # noqa: PLC0415

    try:
        gray = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_GRAYSCALE)
    except cv2.error as exc:
        raise NotAPicture("the picture cannot be opened") from exc
    if gray is None:
        raise NotAPicture("the picture cannot be opened")
    return _shrunk(gray, SIDE_MAX, cv2.INTER_AREA)  # type: ignore[arg-type]


def _shrunk(gray: Gray, side_max: int, interpolation: int) -> Gray:
    """Return the picture no longer than this on either side."""
    import cv2  # noqa: PLC0415

    height, width = gray.shape
    scale = side_max / max(height, width)
    if scale >= 1:
        return gray
    size = max(1, round(width * scale)), max(1, round(height * scale))  # a line stays a line
    return cv2.resize(gray, size, interpolation=interpolation)  # type: ignore[return-value]


def _stages(gray: Gray, formats: tuple[str, ...]) -> Iterator[tuple[str, Callable[[], Found]]]:
    import cv2  # noqa: PLC0415

    def threshold() -> Gray:
        return cv2.adaptiveThreshold(  # type: ignore[return-value]
            gray, 255, cv2.ADAPTIVE_THRESH_MEAN_C, cv2.THRESH_BINARY, 21, 3
        )

    def blur() -> Gray:
        return cv2.GaussianBlur(gray, (0, 0), 2)  # type: ignore[return-value]

    def unsharp() -> Gray:
        soft = cv2.GaussianBlur(gray, (0, 0), 4)
        return cv2.addWeighted(gray, 6, soft, -5, 0)  # type: ignore[return-value]

    if "qr" in formats:
        yield "raw", lambda: _zxing(gray, ("qr",))
        yield "threshold", lambda: _zxing(threshold(), ("qr",))
        yield "blur", lambda: _zxing(blur(), ("qr",))
        yield "unsharp", lambda: _zxing(unsharp(), ("qr",))
    others = tuple(f for f in formats if f != "qr")
    if others:
        # Only what the profile lists: every further symbology is a source of false reads.
        yield "linear", lambda: _zxing(gray, others)
    yield "pyzbar", lambda: _pyzbar(gray, formats)


def _zxing(gray: Gray, formats: tuple[str, ...]) -> Found:
    import zxingcpp  # noqa: PLC0415

    kinds = {
        "qr": zxingcpp.BarcodeFormat.QRCode,
        "code128": zxingcpp.BarcodeFormat.Code128,
        "pdf417": zxingcpp.BarcodeFormat.PDF417,
    }
    names = {kind: name for name, kind in kinds.items()}
    wanted = zxingcpp.BarcodeFormats([kinds[f] for f in formats])
    for found in zxingcpp.read_barcodes(gray, wanted, text_mode=zxingcpp.TextMode.Plain):
        return _text(found.bytes), names.get(found.format, "qr")
    return None


def _pyzbar(gray: Gray, formats: tuple[str, ...]) -> Found:
    import cv2  # noqa: PLC0415

    try:
        from pyzbar import pyzbar  # type: ignore[import-untyped] # noqa: PLC0415
    except ImportError:
        return None  # Debian's libzbar0 is missing; doctor says so
    small = _shrunk(gray, PYZBAR_SIDE_MAX, cv2.INTER_LINEAR)
    kinds = {"qr": pyzbar.ZBarSymbol.QRCODE, "code128": pyzbar.ZBarSymbol.CODE128}
    names = {"QRCODE": "qr", "CODE128": "code128"}
    wanted = [kinds[f] for f in formats if f in kinds]
    for found in pyzbar.decode(small, symbols=wanted) if wanted else []:
        return _text(found.data), names[found.type]
    return None


def _text(payload: bytes) -> str:
    # Our codes are ASCII digits; whatever is not UTF-8 is somebody else's, and shown as such.
    return payload.decode("utf-8", "replace")
