"""Gray pixels to gray pixels in which an engine sees what it did not see before.

Each promises: a new picture (uint8), never an error, whatever the size from 1×1 up.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from edge.devices.pictures.model import Gray

Filter = Callable[["Gray"], "Gray"]

STRETCH_SHARE = 4
"""The local range of brightness is taken from a picture this many times smaller."""


def as_is(gray: Gray) -> Gray:
    """Change nothing."""
    return gray


def threshold(gray: Gray) -> Gray:
    """Compare each pixel with its surroundings of 21 px: small codes on uneven light."""
    return _mean_threshold(gray, 21, 3)


def paper(gray: Gray) -> Gray:
    """Compare each pixel with its surroundings of 91 px: large modules and wide bars."""
    return _mean_threshold(gray, 91, 5)


def quiet_paper(gray: Gray) -> Gray:
    """Smooth a little, then compare with the surroundings of 51 px: noise."""
    import cv2  # noqa: PLC0415

    return _mean_threshold(cv2.GaussianBlur(gray, (0, 0), 1.5), 51, 1)  # type: ignore[arg-type]


def blur(gray: Gray) -> Gray:
    """Smooth with sigma 2: noise, and the grid of a screen."""
    import cv2  # noqa: PLC0415

    return cv2.GaussianBlur(gray, (0, 0), 2)  # type: ignore[return-value]


def unsharp(gray: Gray) -> Gray:
    """Sharpen hard (sigma 4, amount 5): out of focus."""
    return _unsharp(gray, 4, 5)


def sharp(gray: Gray) -> Gray:
    """Sharpen lightly (sigma 2, amount 1.2)."""
    return _unsharp(gray, 2, 1.2)


def crisp(gray: Gray) -> Gray:
    """Sharpen what is large (sigma 12, amount 8): far out of focus."""
    return _unsharp(gray, 12, 8)


def contrast(gray: Gray) -> Gray:
    """Equalise each eighth of the picture: too dark, too pale."""
    import cv2  # noqa: PLC0415

    return cv2.createCLAHE(4, (8, 8)).apply(gray)  # type: ignore[return-value]


def stretch(gray: Gray) -> Gray:
    """Give every neighbourhood of 28 px the full range from black to white: shadow and glare."""
    import cv2  # noqa: PLC0415
    import numpy as np  # noqa: PLC0415

    smooth = cv2.GaussianBlur(gray, (0, 0), 1.5)
    height, width = gray.shape
    size = max(1, width // STRETCH_SHARE), max(1, height // STRETCH_SHARE)
    small = cv2.resize(smooth, size, interpolation=cv2.INTER_AREA)
    around = np.ones((7, 7), np.uint8)
    high = cv2.GaussianBlur(cv2.dilate(small, around), (0, 0), 3.5)
    low = cv2.GaussianBlur(cv2.erode(small, around), (0, 0), 3.5)
    high, low = (cv2.resize(one, (width, height)) for one in (high, low))
    # A range under 8 is noise and stays it.
    spread = cv2.max(cv2.subtract(high, low), 8.0)  # type: ignore[call-overload]
    return cv2.divide(cv2.subtract(smooth, low), spread, scale=255)  # type: ignore[return-value]


def close_gaps(gray: Gray) -> Gray:
    """Smooth along the columns: bars with scratches and printer's gaps."""
    import cv2  # noqa: PLC0415

    return cv2.blur(gray, (1, 9))  # type: ignore[return-value]


def framed(gray: Gray) -> Gray:
    """Put white around the picture: a code that was cut out to its edge."""
    import cv2  # noqa: PLC0415

    rim = max(16, max(gray.shape) // 12)
    return cv2.copyMakeBorder(  # type: ignore[return-value]
        gray, rim, rim, rim, rim, cv2.BORDER_CONSTANT, value=(255,)
    )


def inverted(gray: Gray) -> Gray:
    """Swap black and white."""
    import cv2  # noqa: PLC0415

    return cv2.bitwise_not(gray)  # type: ignore[return-value]


def refocused(radius_px: float) -> Filter:
    """Return a filter that undoes a lens out of focus by this radius."""
    return lambda gray: _unfolded(gray, _disc(radius_px), 0.01)


def steadied(length_px: float, degrees: float) -> Filter:
    """Return a filter that undoes a movement of this length in this direction."""
    return lambda gray: _unfolded(gray, _line(length_px, degrees), 0.02)


def turned(degrees: float) -> Filter:
    """Return a filter that turns a picture about its middle, and keeps its corners."""

    def turn(gray: Gray) -> Gray:
        import cv2  # noqa: PLC0415

        height, width = gray.shape
        matrix = cv2.getRotationMatrix2D((width / 2, height / 2), degrees, 1)
        cos, sin = abs(matrix[0, 0]), abs(matrix[0, 1])
        wide, tall = int(width * cos + height * sin) + 1, int(width * sin + height * cos) + 1
        matrix[:, 2] += (wide - width) / 2, (tall - height) / 2
        return cv2.warpAffine(gray, matrix, (wide, tall), borderValue=128)  # type: ignore[return-value]

    return turn


def scaled(factor: float) -> Filter:
    """Return a filter that makes a picture larger or smaller."""

    def scale(gray: Gray) -> Gray:
        import cv2  # noqa: PLC0415

        height, width = gray.shape
        # A picture of one row stays one row.
        size = max(1, round(width * factor)), max(1, round(height * factor))
        how = cv2.INTER_CUBIC if factor > 1 else cv2.INTER_AREA
        return cv2.resize(gray, size, interpolation=how)  # type: ignore[return-value]

    return scale


def shrunk(gray: Gray, side_max: int) -> Gray:
    """Return the picture no longer than this on either side; itself if it is none."""
    factor = side_max / max(gray.shape)
    return gray if factor >= 1 else scaled(factor)(gray)


# --- shared --------------------------------------------------------------------------------------


def _mean_threshold(gray: Gray, side_px: int, below: int) -> Gray:
    import cv2  # noqa: PLC0415

    return cv2.adaptiveThreshold(  # type: ignore[return-value]
        gray, 255, cv2.ADAPTIVE_THRESH_MEAN_C, cv2.THRESH_BINARY, side_px, below
    )


def _unsharp(gray: Gray, sigma: float, amount: float) -> Gray:
    import cv2  # noqa: PLC0415

    soft = cv2.GaussianBlur(gray, (0, 0), sigma)
    return cv2.addWeighted(gray, 1 + amount, soft, -amount, 0)  # type: ignore[return-value]


def _disc(radius: float) -> NDArray[np.float32]:
    import numpy as np  # noqa: PLC0415

    side = int(radius) * 2 + 3
    down, across = np.mgrid[0:side, 0:side] - side // 2
    disc = np.clip(radius + 0.5 - np.hypot(down, across), 0, 1).astype(np.float32)
    return disc / disc.sum()  # type: ignore[no-any-return]


def _line(length: float, degrees: float) -> NDArray[np.float32]:
    import numpy as np  # noqa: PLC0415

    side = int(length) * 2 + 3
    line = np.zeros((side, side), np.float32)
    turn = math.radians(degrees)
    for step in np.linspace(-length / 2, length / 2, 64):
        line[int(side / 2 + math.sin(turn) * step), int(side / 2 + math.cos(turn) * step)] += 1
    return (line / 64).astype(np.float32)


def _unfolded(gray: Gray, spread: NDArray[np.float32], noise: float) -> Gray:
    """Undo a blur (Wiener's filter): divide its spectrum out where that is above the noise."""
    import cv2  # noqa: PLC0415
    import numpy as np  # noqa: PLC0415

    height, width = gray.shape
    side = spread.shape[0]
    tall, wide = (cv2.getOptimalDFTSize(n + 2 * side) for n in (height, width))
    # Replicated, so that the border does not ring into the picture.
    exact = cv2.copyMakeBorder(
        gray, side, tall - height - side, side, wide - width - side, cv2.BORDER_REPLICATE
    ).astype(np.float32)
    kernel = np.zeros((tall, wide), np.float32)
    kernel[:side, :side] = spread
    kernel = np.roll(kernel, (-(side // 2), -(side // 2)), (0, 1))
    seen = cv2.dft(exact, flags=cv2.DFT_COMPLEX_OUTPUT)
    blurred = cv2.dft(kernel, flags=cv2.DFT_COMPLEX_OUTPUT)
    power = blurred[..., 0] ** 2 + blurred[..., 1] ** 2 + noise
    undone = cv2.mulSpectrums(seen, blurred, 0, conjB=True) / power[..., None]
    back = cv2.dft(undone, flags=cv2.DFT_INVERSE | cv2.DFT_SCALE | cv2.DFT_REAL_OUTPUT)
    piece = back[side : side + height, side : side + width]
    return np.clip(piece, 0, 255).astype(np.uint8)
