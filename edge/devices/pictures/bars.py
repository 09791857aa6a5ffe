"""Where bars are in a picture and which way they run: both engines read along rows.

On the pictures of the tests, turning and flattening take PDF417 from 50 to 80 % and Code 128 from
80 to 90 %.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from edge.devices.pictures.model import Gray

    Floats = NDArray[np.float32]
    Corners = NDArray[np.float32]
    """float32[4, 2]: x, y in pixels, clockwise."""

SIDE_MAX = 800
APART_DEGREES = 12
CLOSED_PX = 15
"""Gaps of this size lie within one field of bars."""
MARGIN_PX, MARGIN_SHARE = 20, 0.06


class _Edges(NamedTuple):
    """How much and which way the edges of each neighbourhood run: its structure tensor."""

    apart: Floats
    """Difference of the eigenvalues: large where all edges run one way, as bars do."""
    power: Floats
    degrees: Floats


def directions(gray: Gray, count: int = 2) -> list[float]:
    """Return by how many degrees to turn the picture so that bars stand upright, best guess first.

    Args:
        count: So many directions at most; fewer in a picture without edges.
    """
    import cv2  # noqa: PLC0415
    import numpy as np  # noqa: PLC0415

    from edge.devices.pictures.filters import shrunk  # noqa: PLC0415

    edges = _edges(shrunk(gray, SIDE_MAX), 25)
    weight = edges.apart * (edges.apart / (edges.power + 1e-3)) ** 2
    rose, _ = np.histogram(edges.degrees, bins=180, range=(-90, 90), weights=weight)
    # A circle: what is smoothed at its end goes on at its beginning.
    round_about = np.tile(rose.astype(np.float32), 3)[None]
    rose = np.asarray(cv2.GaussianBlur(round_about, (0, 0), 1.5))[0][180:360].copy()
    found: list[float] = []
    while len(found) < count and rose.max() > 0:
        best = int(rose.argmax())
        found.append(best - 89.5)
        rose[np.arange(best - APART_DEGREES, best + APART_DEGREES + 1) % 180] = 0
    return found


def fields(gray: Gray, count: int = 2) -> list[Corners]:
    """Return the corners of the largest fields of parallel bars, largest first.

    Args:
        count: So many at most.
    """
    import cv2  # noqa: PLC0415
    import numpy as np  # noqa: PLC0415

    from edge.devices.pictures.filters import shrunk  # noqa: PLC0415

    small = shrunk(gray, SIDE_MAX)
    apart = _edges(small, 15).apart
    strong = np.minimum(apart, np.percentile(apart, 97))
    level = (strong * (255 / max(float(strong.max()), 1.0))).astype(np.uint8)
    _, mask = cv2.threshold(level, 0, 255, cv2.THRESH_BINARY | cv2.THRESH_OTSU)
    around = np.ones((CLOSED_PX, CLOSED_PX), np.uint8)
    mask = cv2.morphologyEx(mask, cv2.MORPH_CLOSE, around)
    mask = cv2.morphologyEx(mask, cv2.MORPH_OPEN, around)
    outlines, _ = cv2.findContours(mask, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_SIMPLE)
    found: list[Corners] = []
    for outline in sorted(outlines, key=cv2.contourArea, reverse=True)[:count]:
        hull = cv2.convexHull(outline)
        if len(hull) >= 4 and cv2.contourArea(hull) > 0:
            corners = np.asarray(cv2.approxPolyN(hull, 4), np.float32).reshape(-1, 2)
            if len(corners) == 4:
                found.append(_clockwise(corners * (max(gray.shape) / max(small.shape))))
    return found


def flattened(gray: Gray, corners: Corners, scale: float) -> Gray | None:
    """Return the field between these corners as if it lay flat before the camera.

    Args:
        scale: Pixels of the answer for one of the picture. None if the field is too small.
    """
    import cv2  # noqa: PLC0415
    import numpy as np  # noqa: PLC0415

    side = np.linalg.norm(corners - np.roll(corners, -1, 0), axis=1)
    wide, tall = (int((side[n] + side[n + 2]) / 2 * scale) for n in (0, 1))
    if min(wide, tall) < 8 or max(wide, tall) > 4000:
        return None
    x, y = int(wide * MARGIN_SHARE) + MARGIN_PX, int(tall * MARGIN_SHARE) + MARGIN_PX
    flat = np.array([(x, y), (wide + x, y), (wide + x, tall + y), (x, tall + y)], np.float32)
    return cv2.warpPerspective(  # type: ignore[return-value]
        gray, cv2.getPerspectiveTransform(corners, flat), (wide + 2 * x, tall + 2 * y),
        flags=cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE,
    )  # fmt: skip


def _edges(gray: Gray, around_px: int) -> _Edges:
    import cv2  # noqa: PLC0415
    import numpy as np  # noqa: PLC0415

    exact = cv2.GaussianBlur(gray.astype(np.float32), (0, 0), 1)
    across, down = cv2.Sobel(exact, cv2.CV_32F, 1, 0), cv2.Sobel(exact, cv2.CV_32F, 0, 1)
    size = (around_px, around_px)
    xx, yy = cv2.blur(across * across, size), cv2.blur(down * down, size)
    xy = cv2.blur(across * down, size)
    apart = np.sqrt((xx - yy) ** 2 + 4 * xy * xy)
    degrees = np.degrees(0.5 * np.arctan2(2 * xy, xx - yy))
    return _Edges(apart, xx + yy, degrees)


def _clockwise(corners: Corners) -> Corners:
    import numpy as np  # noqa: PLC0415

    across, down = (corners - corners.mean(0)).T
    return corners[np.argsort(np.arctan2(down, across))]
