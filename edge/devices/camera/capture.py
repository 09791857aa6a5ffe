"""The process that captures: frames from a stream to the shelf, for as long as there are any."""

from __future__ import annotations

import time
import zlib
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from edge.devices.camera.shelf import PIXELS_MAX, Shelf
from edge.devices.camera.stream import Stream, StreamEnded, StreamFailed, Wanted, to_gray

if TYPE_CHECKING:
    from edge.devices.pictures.model import Gray

Tell = Callable[[dict[str, Any]], None]
FAILED_PAUSE_S = 0.02
"""A camera that fails does so at once; without a pause this would be a busy loop."""


def capture(
    open_stream: Callable[[Wanted], Stream], wanted: Wanted, shelf: Shelf, tell: Tell
) -> None:
    """Put frame after frame on the shelf; ends when the stream does, and tells why.

    Args:
        tell: Gets ``{"opened": …}``, then one of ``{"ended": why}`` and ``{"failed": why}``.
    """
    try:
        stream = open_stream(wanted)
        tell({"opened": wanted.device})
        last: int | None = None
        while True:
            last = _next(stream, shelf, last)
    except StreamEnded as exc:
        tell({"ended": str(exc)})
    except StreamFailed as exc:
        tell({"failed": str(exc)})


def _next(stream: Stream, shelf: Shelf, last: int | None) -> int | None:
    """Put one frame up; return what tells it from others."""
    frame = stream.frame()
    at_s = time.monotonic()
    gray = to_gray(frame)
    if gray is None:
        shelf.garbage.set(shelf.garbage.get() + 1)
        time.sleep(FAILED_PAUSE_S)
        return last
    # Of the frame as it came: 50 kB of JPEG, or its pixels. Noise makes any two differ.
    print_of_it = zlib.adler32(frame.data if frame.flags.c_contiguous else gray.tobytes())
    if print_of_it == last:
        shelf.repeats.set(shelf.repeats.get() + 1)
    else:
        shelf.repeats.set(0)
        shelf.fresh_s.set(at_s)
    shelf.put(_fitting(gray), at_s)
    return print_of_it


def _fitting(gray: Gray) -> Gray:
    from edge.devices.pictures.filters import scaled  # noqa: PLC0415

    pixels = gray.shape[0] * gray.shape[1]
    return gray if pixels <= PIXELS_MAX else scaled((PIXELS_MAX / pixels) ** 0.5 * 0.99)(gray)
