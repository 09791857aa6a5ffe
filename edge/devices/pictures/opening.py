"""A picture file to gray pixels, whatever kind of file it is."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from edge.devices.pictures.filters import shrunk

if TYPE_CHECKING:
    from edge.devices.pictures.model import Gray

PIXELS_MAX = 1 << 27
"""More than any phone takes. A file of a few kilobytes can open to a gigabyte."""
BYTES_MAX = 64 * 1024 * 1024
SIDE_MAX = 4800
"""Pixels of the longer side; a larger picture is made smaller first."""
ANIMATED_FRAMES_MAX = 8
GRAY_MAX = 48
"""Colours that differ no more than this are gray, and the noise of a sensor."""

# What can hold neither transparency nor more than eight bits is opened gray at once.
_PLAIN = (b"\xff\xd8\xff", b"BM")
_ANIMATED = (b"GIF8", b"\x89PNG", b"RIFF")


class NotAPicture(ValueError):
    """The bytes are no picture that can be opened.

    Args:
        slug: ``not-a-picture``, ``too-large`` or ``incomplete``.
    """

    def __init__(self, slug: str, says: str) -> None:
        super().__init__(says)
        self.slug = slug


def prepare() -> None:
    """Set what OpenCV takes from the environment alone, and only before it is loaded."""
    for name, value in {
        "OPENCV_IO_MAX_IMAGE_PIXELS": str(PIXELS_MAX),
        "OPENCV_LOG_LEVEL": "SILENT",  # a bad picture is no news, an absent camera is told by us
        "OPENCV_FFMPEG_LOGLEVEL": "-8",
        "OPENBLAS_NUM_THREADS": "1",  # each thread would reserve address space
    }.items():
        os.environ.setdefault(name, value)  # noqa: TID251
    import cv2  # noqa: PLC0415

    cv2.setNumThreads(1)


def hush() -> None:
    """Let the C libraries complain to nobody: libpng, libjpeg and FFmpeg write where they like.

    What Python writes to ``sys.stderr`` still arrives. For a process that does nothing but decode.
    """
    sys.stderr = os.fdopen(os.dup(2), "w", buffering=1)
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 2)
    os.close(nowhere)


def open_picture(data: bytes) -> Gray:
    """Return the pixels of a picture: upright as its EXIF says, transparent parts white.

    Args:
        data: PNG, JPEG, WebP, AVIF, GIF, TIFF, BMP or whatever else OpenCV opens; at most
            BYTES_MAX. Of an animated one, the first frame.

    Raises:
        NotAPicture: it opens none of these, or it is too large.
    """
    import cv2  # noqa: PLC0415

    _check(data)
    if not data.startswith(_PLAIN):
        pixels = _opened(data, cv2.IMREAD_UNCHANGED)
        if pixels is not None:
            return shrunk(_gray(pixels), SIDE_MAX)
    gray = _opened(data, cv2.IMREAD_GRAYSCALE)
    if gray is None:
        raise _why_not(data)
    return shrunk(gray, SIDE_MAX)


def other_views(data: bytes) -> Iterator[tuple[str, Gray]]:
    """Yield what else a picture shows: single colours of it, and later frames of an animation.

    A yellow code on white is there in blue light alone.

    Args:
        data: What ``open_picture`` has opened.
    """
    import cv2  # noqa: PLC0415

    coloured = _opened(data, cv2.IMREAD_COLOR)
    if coloured is not None and coloured.ndim == 3:
        blue, green, red = cv2.split(coloured)
        if max(cv2.norm(blue, green, cv2.NORM_INF), cv2.norm(red, green, cv2.NORM_INF)) > GRAY_MAX:
            for name, plane in {"blue": blue, "green": green, "red": red}.items():
                yield name, shrunk(plane, SIDE_MAX)
    if data.startswith(_ANIMATED):
        for number, frame in enumerate(_later_frames(data), 2):
            yield f"frame-{number}", shrunk(_gray(frame), SIDE_MAX)


def _check(data: bytes) -> None:
    if not data:
        raise NotAPicture("not-a-picture", "the file is empty")
    if len(data) > BYTES_MAX:
        raise NotAPicture("too-large", f"the file is larger than {BYTES_MAX >> 20} MiB")


def _why_not(data: bytes) -> NotAPicture:
    ends = {b"\xff\xd8\xff": b"\xff\xd9", b"\x89PNG\r\n\x1a\n": b"IEND\xaeB`\x82"}
    for head, end in ends.items():
        if data.startswith(head) and end not in data[-4096:]:
            return NotAPicture("incomplete", "the picture cannot be opened: its end is missing")
    return NotAPicture("not-a-picture", "the picture cannot be opened")


def _opened(data: bytes, how: int) -> Any:
    import cv2  # noqa: PLC0415
    import numpy as np  # noqa: PLC0415

    try:
        pixels = cv2.imdecode(np.frombuffer(data, np.uint8), how)
    except cv2.error as exc:
        if "MAX_IMAGE" in str(exc):
            says = f"the picture has more than {PIXELS_MAX >> 20} million pixels"
            raise NotAPicture("too-large", says) from exc
        raise _why_not(data) from exc
    return pixels if pixels is not None and pixels.size else None


def _gray(pixels: Any) -> Gray:
    """Return any pixels as gray of eight bits."""
    import cv2  # noqa: PLC0415
    import numpy as np  # noqa: PLC0415

    if pixels.dtype != np.uint8:
        # Twelve bits in sixteen are common, and a float may mean anything: take the range it has.
        exact = np.nan_to_num(pixels.astype(np.float32), posinf=0, neginf=0)
        low, high = float(exact.min()), float(exact.max())
        pixels = ((exact - low) * (255 / max(high - low, 1e-6))).astype(np.uint8)
    if pixels.ndim == 2:
        return pixels  # type: ignore[no-any-return]
    channels = pixels.shape[2]
    if channels in {2, 4}:
        alpha = pixels[..., -1].astype(np.float32) / 255
        colours = pixels[..., 0] if channels == 2 else cv2.cvtColor(pixels, cv2.COLOR_BGRA2GRAY)
        return (colours * alpha + 255 * (1 - alpha)).astype(np.uint8)  # type: ignore[no-any-return]
    if channels == 1:
        return np.ascontiguousarray(pixels[..., 0])
    return cv2.cvtColor(pixels[..., :3], cv2.COLOR_BGR2GRAY)  # type: ignore[no-any-return]


def _later_frames(data: bytes) -> list[Any]:
    import cv2  # noqa: PLC0415
    import numpy as np  # noqa: PLC0415

    try:
        done, animation = cv2.imdecodeanimation(
            np.frombuffer(data, np.uint8), start=1, count=ANIMATED_FRAMES_MAX
        )
    except cv2.error:
        return []
    return list(animation.frames) if done else []
