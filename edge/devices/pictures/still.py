"""One picture and time at hand: look at it in every way that ever read a code, until one does.

The first look reads nearly all codes within a millisecond or two; the others are there for those
that it does not. What each adds is measured (docs/decisions/0024). A code that checks itself badly
is believed only when two looks agree: see ``Votes``.
"""

from __future__ import annotations

import itertools
import time
from collections import Counter
from collections.abc import Callable, Collection, Iterator
from typing import TYPE_CHECKING, NamedTuple

from edge.devices.pictures import bars, engines, filters, opening
from edge.devices.pictures.model import Found, Reading

if TYPE_CHECKING:
    from edge.devices.pictures.model import Gray

WORK_SIDE_MAX = 1600
"""A larger picture is filtered at this size: a code that fills a photograph is as clear in it."""
TILE_PX, TILE_OVERLAP_PX = 1400, 400
"""A code smaller than the overlap lies whole in at least one tile."""
ENLARGED_SIDE_MAX = 2400
LAST_SIDE_MAX = 1000
"""What undoes a blur takes 25 ms at 640×480, and grows faster than the picture."""
BUDGET_S = 4.0
"""Nothing new is begun after this long. On the machine of the benchmarks the longest way, twelve
megapixels without any code and three symbologies, takes half of it."""

QR = frozenset({"qr"})
BARS = frozenset({"code128", "pdf417"})
ALL = QR | BARS


class Look(NamedTuple):
    """One way to look at a picture."""

    stage: str
    run: Callable[[], list[Found]]


def read_picture(
    data: bytes, formats: Collection[str] = ("qr",), budget_s: float = BUDGET_S
) -> Reading | None:
    """Return the first code in a picture file, None if there is none.

    Args:
        data: At most ``opening.BYTES_MAX``.
        formats: Some of FORMATS; no other symbology is looked for.
        budget_s: No further way of looking is begun after so many seconds of the processor.

    Raises:
        NotAPicture: it cannot be opened, or it is too large.
        ImportError: the camera extra is not installed.
    """
    opening.prepare()
    began_s = time.process_time()
    reading = read_gray(opening.open_picture(data), formats, budget_s)
    if reading:
        return reading
    for name, gray in opening.other_views(data):
        if time.process_time() - began_s > budget_s:
            break
        # Looked at briefly: it is the same picture but for the ink.
        reading = read_gray(gray, formats, budget_s / 16)
        if reading:
            return reading._replace(stage=f"{name}-{reading.stage}")
    return None


def read_gray(
    gray: Gray, formats: Collection[str], budget_s: float = BUDGET_S,
    now_s: Callable[[], float] = time.process_time,
) -> Reading | None:  # fmt: skip
    """Return the first code in a picture that can be believed, None if there is none.

    Args:
        gray: uint8[height, width], 0 is black.
        formats: Some of FORMATS; no other symbology is looked for.
        now_s: What the budget is measured by: seconds of the processor, so that a busy machine
            reads the same codes as an idle one.
    """
    began, began_s = time.perf_counter(), now_s()
    votes = Votes()
    for stage, run in _looks(gray, frozenset(formats)):
        for found in _safely(run):
            if votes.believed(found, stage):
                return _reading(found, stage, began)
        if now_s() - began_s > budget_s:
            break
    alone = votes.uncontested()
    return _reading(alone, "raw", began) if alone else None


def _reading(found: Found, stage: str, began: float) -> Reading:
    return Reading(*found, stage, round((time.perf_counter() - began) * 1000, 2))


def _safely(run: Callable[[], list[Found]]) -> list[Found]:
    """Look; a look that a picture breaks has seen nothing, and the next may see more."""
    import cv2  # noqa: PLC0415

    try:
        return run()
    except (cv2.error, ValueError, RuntimeError):
        return []


class Votes:
    """Decides when a code is believed.

    A QR code corrects at least as many bytes as it would take to invent one, so it is believed at
    once. Code 128 has one check digit of 103, and PDF417 may be printed with next to no
    correction; sharpened noise gives wrong texts of both (measured on the pictures of the tests).
    So for them two looks must agree, unless nothing was done to the picture before it was read.
    """

    def __init__(self) -> None:
        self._seen: Counter[Found] = Counter()
        self._raw: Found | None = None

    def believed(self, found: Found, stage: str) -> bool:
        """Count this code as seen by this look; return whether that makes it believed."""
        if found.format == "qr":
            return True
        self._seen[found] += 1
        if self._seen[found] > 1:
            return True
        if stage == "raw":
            self._raw = found
        return stage == "raw" and found.text.isprintable() and len(found.text) >= LENGTH_MIN

    def uncontested(self) -> Found | None:
        """Return what was read from the picture as it is, if no other look read anything else.

        This is for a PDF417 with control characters in it that only one look can read.
        """
        enough = self._raw is not None and len(self._raw.text) >= LENGTH_MIN
        return self._raw if enough and len(self._seen) == 1 else None


LENGTH_MIN = 4
"""A scan has at least four bytes; bars that read as fewer are somebody's fence."""


def _looks(gray: Gray, formats: frozenset[str]) -> Iterator[Look]:
    """Yield the looks, the cheap and fruitful ones first. Nothing is computed before ``run``."""
    yield Look("raw", lambda: engines.zxing(gray, formats))
    work = filters.shrunk(gray, WORK_SIDE_MAX)
    yield from _filtered(work, formats, FIRST)
    if formats & BARS:
        yield from _straightened(work, formats & BARS)
        yield from _flattened(work, formats & BARS)
    yield from _zbar(work, formats)
    if work is not gray:
        yield from _tiles(gray, formats)
    yield from _filtered(work, formats, SECOND)
    yield from _resized(work, formats)
    if formats & QR:
        yield from _filtered(filters.shrunk(work, LAST_SIDE_MAX), QR, LAST)


Step = tuple[str, filters.Filter, frozenset[str]]

FIRST: tuple[Step, ...] = (
    ("threshold", filters.threshold, QR),
    ("blur", filters.blur, ALL),
    ("unsharp", filters.unsharp, QR),
    ("contrast", filters.contrast, ALL),
    ("stretch", filters.stretch, ALL),
    ("enlarged", filters.scaled(1.5), ALL),
    ("half", filters.scaled(0.5), ALL),
    ("three-quarters", filters.scaled(0.75), ALL),
    ("paper", filters.paper, ALL),
    ("quiet-paper", filters.quiet_paper, ALL),
)
SECOND: tuple[Step, ...] = (
    ("sharp", filters.sharp, ALL),
    ("crisp", filters.crisp, QR),
    ("inverted", filters.inverted, BARS),
    ("inverted-contrast", lambda gray: filters.inverted(filters.contrast(gray)), BARS),
    ("framed", filters.framed, ALL),
    ("close-gaps", filters.close_gaps, BARS),
)
LAST: tuple[Step, ...] = tuple(
    itertools.chain(
        ((f"refocused-{radius}", filters.refocused(radius), QR) for radius in (3, 4.5, 6.5, 9)),
        (
            (f"steadied-{degrees}", filters.steadied(9, degrees), QR)
            for degrees in (0, 45, 90, 135)
        ),
    )
)  # fmt: skip
STRAIGHT: tuple[Step, ...] = (
    ("straight", filters.as_is, BARS),
    ("straight-contrast", filters.contrast, BARS),
    ("straight-stretch", filters.stretch, BARS),
    ("straight-double", filters.scaled(2), BARS),
    ("straight-quiet", filters.quiet_paper, BARS),
    ("straight-small", filters.scaled(0.75), BARS),
)


def _filtered(gray: Gray, formats: frozenset[str], steps: tuple[Step, ...]) -> Iterator[Look]:
    for stage, change, good_for in steps:
        wanted = formats & good_for
        if wanted:
            yield Look(stage, lambda change=change, wanted=wanted: _zxing(change(gray), wanted))  # type: ignore[misc]


def _straightened(gray: Gray, formats: frozenset[str]) -> Iterator[Look]:
    """Turn the picture so that bars stand upright: both engines read rows."""
    for degrees in bars.directions(gray):
        straight = filters.turned(degrees)(gray)
        yield from _filtered(straight, formats, STRAIGHT)
        if "code128" in formats:
            yield Look("straight-zbar", lambda straight=straight: _zbar_sees(straight, formats))  # type: ignore[misc]


def _flattened(gray: Gray, formats: frozenset[str]) -> Iterator[Look]:
    """Look at each field of bars as if from straight above."""
    for corners in bars.fields(gray):
        for scale, name in ((1, "flat"), (2, "flat-double")):
            flat = bars.flattened(gray, corners, scale)
            if flat is not None:
                steps = ((name, filters.as_is, BARS), (f"{name}-contrast", filters.contrast, BARS))
                yield from _filtered(flat, formats, steps)


def _zbar(gray: Gray, formats: frozenset[str]) -> Iterator[Look]:
    wanted = formats - {"pdf417"}
    if wanted:
        yield Look("zbar", lambda: _zbar_sees(gray, wanted))
        yield Look("zbar-half", lambda: engines.zbar(filters.scaled(0.5)(gray), wanted))
        yield Look("zbar-contrast", lambda: _zbar_sees(filters.contrast(gray), wanted))


def _tiles(gray: Gray, formats: frozenset[str]) -> Iterator[Look]:
    """Look at pieces of a large picture, each as if it were the whole."""
    for top in _starts(gray.shape[0]):
        for left in _starts(gray.shape[1]):
            tile = gray[top : top + TILE_PX, left : left + TILE_PX].copy()
            yield Look("tile", lambda tile=tile: _zxing(tile, formats))  # type: ignore[misc]
            yield Look("tile-contrast", lambda tile=tile: _zxing(filters.contrast(tile), formats))  # type: ignore[misc]


def _starts(length: int) -> list[int]:
    if length <= TILE_PX:
        return [0]
    count = -(-(length - TILE_OVERLAP_PX) // (TILE_PX - TILE_OVERLAP_PX))
    return [round(n * (length - TILE_PX) / (count - 1)) for n in range(count)]


def _resized(gray: Gray, formats: frozenset[str]) -> Iterator[Look]:
    """Filter the picture at other sizes: a filter suits modules of one size."""
    for factor in (0.5, 0.75, 1.5, 2, 3):
        if factor > 1 and max(gray.shape) * factor > ENLARGED_SIDE_MAX:
            continue
        other = filters.scaled(factor)(gray)
        name = f"{factor:g}x"
        if factor >= 2:
            yield Look(name, lambda other=other: _zxing(other, formats))  # type: ignore[misc]
            if formats - {"pdf417"}:
                yield Look(f"{name}-zbar", lambda other=other: _zbar_sees(other, formats))  # type: ignore[misc]
        steps: tuple[Step, ...] = (
            (f"{name}-contrast", filters.contrast, ALL),
            (f"{name}-stretch", filters.stretch, ALL),
        )
        if factor < 2:
            steps += (
                (f"{name}-blur", filters.blur, QR),
                (f"{name}-unsharp", filters.unsharp, QR),
                (f"{name}-threshold", filters.threshold, QR),
            )
        yield from _filtered(other, formats, steps)


def _zxing(gray: Gray, formats: frozenset[str]) -> list[Found]:
    return engines.zxing(gray, formats)


def _zbar_sees(gray: Gray, formats: frozenset[str]) -> list[Found]:
    return engines.zbar(filters.shrunk(gray, engines.ZBAR_SIDE_MAX), formats)
