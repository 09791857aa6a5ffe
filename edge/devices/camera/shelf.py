"""Memory that the processes of a camera share: the newest frames, and signs of life.

One process puts frames up, one takes them down, one looks at the clocks. Nobody waits for anybody:
whoever is late finds a newer frame, and whoever dies leaves nothing locked.
"""

from __future__ import annotations

import contextlib
import mmap
import os
import struct
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from edge.devices.pictures.model import Gray

PIXELS_MAX = 8 * 1024 * 1024
"""More than any profile asks for; a larger frame is made smaller before it is put up."""
SLOTS = 3
"""One being written, one being read, the newest."""
_HEAD_BYTES = 4096
_SLOT = struct.Struct("<QIId")
_CELL = struct.Struct("<d")


class Frame(NamedTuple):
    """A frame that was taken down.

    Args:
        number: Counts the frames of this shelf from 1.
        gray: uint8[height, width], a copy of one's own.
        at_s: When it was captured, monotonic seconds of this machine.
    """

    number: int
    gray: Gray
    at_s: float


class Cell:
    """A number in the shared memory; eight aligned bytes are written at once."""

    def __init__(self, memory: mmap.mmap, place: int) -> None:
        self._memory = memory
        self._at = place * _CELL.size

    def set(self, value: float) -> None:
        """Write it."""
        _CELL.pack_into(self._memory, self._at, value)

    def get(self) -> float:
        """Read it."""
        return float(_CELL.unpack_from(self._memory, self._at)[0])


class Shelf:
    """The memory. Make it before forking; each process then uses its own ends of it."""

    def __init__(self) -> None:
        # Pages that nobody touches cost nothing: a small camera uses a small part.
        self._memory = mmap.mmap(-1, _HEAD_BYTES + SLOTS * PIXELS_MAX)
        self.wake_fd = os.eventfd(0, os.EFD_NONBLOCK | os.EFD_CLOEXEC)
        """Readable when there is a frame that was not taken yet."""
        self.newest = Cell(self._memory, 0)
        self.taken = Cell(self._memory, 1)
        """The last frame that somebody took down, also if he died of it."""
        self.look_began_s = Cell(self._memory, 2)
        """When the frame that is being looked at was begun; 0 while none is."""
        self.fresh_s = Cell(self._memory, 3)
        """When a frame came last that was none like the one before."""
        self.repeats = Cell(self._memory, 4)
        """How often the newest frame has come in a row, less one."""
        self.garbage = Cell(self._memory, 5)
        """How many frames were no picture."""
        self.looks = Cell(self._memory, 6)

    def put(self, gray: Gray, at_s: float) -> None:
        """Put the newest frame up.

        Args:
            gray: At most PIXELS_MAX pixels.
        """
        import numpy as np  # noqa: PLC0415

        height, width = gray.shape
        number = int(self.newest.get()) + 1
        slot, pixels = self._place(number)
        _SLOT.pack_into(self._memory, slot, 0, 0, 0, 0.0)  # being written
        view = np.frombuffer(self._memory, np.uint8, height * width, pixels)
        view.reshape(height, width)[:] = gray
        _SLOT.pack_into(self._memory, slot, number, height, width, at_s)
        self.newest.set(number)
        os.eventfd_write(self.wake_fd, 1)

    def take(self) -> Frame | None:
        """Take the newest frame down; None if it was taken already."""
        import numpy as np  # noqa: PLC0415

        # A frame that came before somebody died is not rung for again.
        with contextlib.suppress(BlockingIOError):
            os.eventfd_read(self.wake_fd)
        for _ in range(SLOTS):
            number = int(self.newest.get())
            if number == int(self.taken.get()):
                return None
            slot, pixels = self._place(number)
            written, height, width, at_s = _SLOT.unpack_from(self._memory, slot)
            view = np.frombuffer(self._memory, np.uint8, height * width, pixels)
            gray = view.reshape(height, width).copy()
            # Unless it was overwritten meanwhile, which takes two newer frames.
            if written == number and _SLOT.unpack_from(self._memory, slot)[0] == number:
                self.taken.set(number)
                return Frame(number, gray, at_s)
        return None

    def _place(self, number: int) -> tuple[int, int]:
        slot = number % SLOTS
        return 1024 + slot * 64, _HEAD_BYTES + slot * PIXELS_MAX
