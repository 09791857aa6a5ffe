"""A stream of frames to codes, each told once: what is done with one frame.

A frame has 33 ms. So each gets the look that reads nearly all codes (0.7 ms at 640×480), and if
that read nothing, one of the rescues in turn: a code that only one of them reads is read within a
round of them, a fifth of a second.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Sequence
from typing import TYPE_CHECKING

from edge.devices.pictures import engines, filters
from edge.devices.pictures.model import Found, Reading

if TYPE_CHECKING:
    from edge.devices.pictures.model import Gray

RESCUES: dict[str, filters.Filter] = {
    "threshold": filters.threshold,
    "contrast": filters.contrast,
    "blur": filters.blur,
    "stretch": filters.stretch,
    "unsharp": filters.unsharp,
    "enlarged": filters.scaled(1.5),
    "quiet-paper": filters.quiet_paper,
}
BAR_LOOKS: dict[str, filters.Filter] = {
    "bars": filters.as_is,
    "bars-contrast": filters.contrast,
    "bars-quiet-paper": filters.quiet_paper,
}
"""For Code 128 and PDF417, these take turns."""
BARS_EVERY, ZBAR_EVERY = 3, 5
"""Every so many frames Code 128 and PDF417 are looked for, and zbar looks at half the size."""
ABSENT_S = 0.8
"""A code that was not seen for this long has gone; seen again, it is told again."""
IDLE_AFTER_S = 3.0
IDLE_LOOK_S = 1 / 3
GATE_SIZE = (80, 60)
_GATE_SAMPLES = (160, 120)
MOVED_LEVELS, MOVED_SHARE = 14, 0.006
"""Something moves if this share of the small picture changed by more than this."""
AGREE_S = 2.0


class Watcher:
    """Looks at one frame after another.

    Args:
        formats: Some of FORMATS.
        rescues: Names of RESCUES, in the order in which they take turns.
        with_zbar: Whether the second engine looks too.
    """

    def __init__(
        self, formats: Collection[str], rescues: Sequence[str], *, with_zbar: bool = True
    ) -> None:
        self._bars = frozenset(formats) - {"qr"}
        self._for_zbar = frozenset(formats) - {"pdf417"} if with_zbar else frozenset()
        self._reads_qr = "qr" in formats
        self._rescues = Turns([(name, RESCUES[name]) for name in rescues])
        self._bar_looks = Turns(list(BAR_LOOKS.items()))
        self._frames = 0
        self._gate = MotionGate()
        self._looked_s = -IDLE_LOOK_S
        self.shown = Shown(ABSENT_S, len(self._rescues) + BARS_EVERY * len(BAR_LOOKS))
        self._agreed = Agreement()

    def look(self, gray: Gray, now_s: float) -> list[Reading]:
        """Return the codes that have come into view with this frame.

        Args:
            gray: uint8[height, width].
            now_s: Any steady counter.
        """
        is_idle = self._gate.is_still(gray, now_s)
        if is_idle and now_s - self._looked_s < IDLE_LOOK_S:
            return []
        self._looked_s = now_s
        readings = self.read(gray)
        self.shown.next_frame()
        return [one for one in readings if self._is_told(one, now_s)]

    def read(self, gray: Gray) -> list[Reading]:
        """Return what is read in this frame, told before or not."""
        began = time.perf_counter()
        self._frames += 1
        for stage, see in self._plan(gray):
            found = see()
            if found:
                ms = round((time.perf_counter() - began) * 1000, 2)
                return [Reading(*one, stage, ms) for one in found]
        return []

    def _plan(self, gray: Gray) -> list[tuple[str, Callable[[], list[Found]]]]:
        plan: list[tuple[str, Callable[[], list[Found]]]] = []
        if self._reads_qr:
            plan.append(("raw", lambda: engines.zxing(gray, ("qr",))))
        if self._bars and self._frames % BARS_EVERY == 0:
            plan.append((self._bar_looks.stage, lambda: self._bar_looks.see(gray, self._bars)))
        if self._rescues and self._reads_qr:
            plan.append((self._rescues.stage, lambda: self._rescues.see(gray, ("qr",))))
        if self._for_zbar and self._frames % ZBAR_EVERY == 0:
            half = filters.scaled(0.5)
            plan.append(("zbar", lambda: engines.zbar(half(gray), self._for_zbar)))
        return plan

    def _is_told(self, reading: Reading, now_s: float) -> bool:
        if reading.format != "qr" and not self._agreed.by_two(reading.text, now_s):
            return False
        return self.shown.is_new(reading.text, now_s)


class Turns:
    """Filters that take turns, one a frame; one that reads keeps its turn.

    So a code that one of them reads is then seen in every frame.
    """

    def __init__(self, steps: Sequence[tuple[str, filters.Filter]]) -> None:
        self._steps = steps
        self._turn = 0

    def __len__(self) -> int:
        return len(self._steps)

    @property
    def stage(self) -> str:
        """The name of the one whose turn it is."""
        return self._steps[self._turn][0]

    def see(self, gray: Gray, formats: Collection[str]) -> list[Found]:
        """Return what zxing-cpp sees after the filter whose turn it is."""
        found = engines.zxing(self._steps[self._turn][1](gray), formats)
        if not found:
            self._turn = (self._turn + 1) % len(self._steps)
        return found


class MotionGate:
    """Says whether nothing has moved for a while."""

    def __init__(self) -> None:
        self._before: Gray | None = None
        self._moved_s = 0.0

    def is_still(self, gray: Gray, now_s: float) -> bool:
        """Return whether the picture has not changed for IDLE_AFTER_S."""
        import cv2  # noqa: PLC0415
        import numpy as np  # noqa: PLC0415

        # The mean of four pixels here and there: that of all pixels costs half of reading a code.
        some = cv2.resize(gray, _GATE_SAMPLES, interpolation=cv2.INTER_NEAREST)
        small = cv2.resize(some, GATE_SIZE, interpolation=cv2.INTER_AREA)
        before, self._before = self._before, small  # type: ignore[assignment]
        if before is None:
            self._moved_s = now_s
            return False
        changed = int(np.count_nonzero(cv2.absdiff(before, small) > MOVED_LEVELS))
        if changed > MOVED_SHARE * small.size:
            self._moved_s = now_s
        return now_s - self._moved_s > IDLE_AFTER_S


class Shown:
    """Remembers what is in view.

    Args:
        absent_s: A code must be gone for this long.
        absent_frames: And for this many frames, for a code that is read by one rescue alone is
            not seen in the frames of the others.
    """

    def __init__(self, absent_s: float, absent_frames: int) -> None:
        self._absent_s = absent_s
        self._absent_frames = absent_frames
        self._frame = 0
        self._seen: dict[str, tuple[float, int]] = {}

    def next_frame(self) -> None:
        """Count a frame that was looked at."""
        self._frame += 1

    def is_new(self, text: str, now_s: float) -> bool:
        """Note that this code is seen now; return whether it has just come into view."""
        seen = {t: at for t, at in self._seen.items() if not self._is_gone(at, now_s)}
        is_new = text not in seen
        seen[text] = (now_s, self._frame)
        self._seen = seen
        return is_new

    def _is_gone(self, seen: tuple[float, int], now_s: float) -> bool:
        at_s, frame = seen
        return now_s - at_s > self._absent_s and self._frame - frame > self._absent_frames


class Agreement:
    """Believes a code of bars that was read in two frames: its check is weak."""

    def __init__(self) -> None:
        self._read_s: dict[str, float] = {}

    def by_two(self, text: str, now_s: float) -> bool:
        """Note that this code was read now; return whether another frame said so lately."""
        lately = {t: at for t, at in self._read_s.items() if now_s - at <= AGREE_S}
        is_second = text in lately
        lately[text] = now_s
        self._read_s = lately
        return is_second
