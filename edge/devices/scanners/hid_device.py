"""A scanner that is a keyboard, read below the desktop: ``/dev/input/event…``, for us alone."""

from __future__ import annotations

import contextlib
import fcntl
import os
import select
import time
from collections.abc import Sequence

from edge.devices.ports import ScannerLost
from edge.devices.profiles import ScannerProfile
from edge.devices.scanners.attached import attached_at
from edge.devices.scanners.frame import FrameRules, Terminator, stripped
from edge.devices.scanners.hid_keys import EVENT, KeyReader, events
from edge.devices.scanners.serial_line import why_not_opened

EVIOCGRAB = 0x40044590
READ_BYTES = EVENT.size * 64


class HidScanner:
    """A keyboard wedge that types for this unit only, and into no other window.

    Args:
        path: Best one below ``/dev/input/by-id``. Whatever keyboard it is, it is taken away from
            everybody else as long as the unit runs.
        grab: Off for a recording that is played back.
    """

    def __init__(self, path: str, profile: ScannerProfile, *, grab: bool = True) -> None:
        self.path = path
        self.profile = profile
        self._grab = grab
        self._file: int | None = None
        self._held = bytearray()
        self._keys = KeyReader()
        frame = profile.frame
        self._rules = FrameRules(
            Terminator(frame.terminator), frame.idle_ms / 1000, frame.strip,
            frame.length_min, frame.length_max,
        )  # fmt: skip

    def attached(self) -> str | None:
        """Name the hardware behind the path."""
        return attached_at(self.path)

    def open(self) -> None:
        """Open the device and take it for us alone."""
        self._held.clear()
        self._keys = KeyReader()
        try:
            self._file = os.open(self.path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
            if self._grab:
                fcntl.ioctl(self._file, EVIOCGRAB, 1)
        except OSError as exc:
            raise ScannerLost(why_not_opened(exc, self.path)) from exc

    def read(self, wait_s: float) -> Sequence[bytes]:
        """Return the codes that were typed."""
        until_s = time.monotonic() + wait_s
        codes: list[bytes] = []
        while not codes:
            left_s = until_s - time.monotonic()
            if left_s <= 0:
                return []
            waits = self._keys.is_waiting
            if self._fill(self._rules.idle_s if waits else left_s):
                for event in events(self._held):
                    codes += self._keys.feed(event)
            elif waits:
                codes += self._keys.silence()
            codes = self._cleaned(codes)
        return codes

    def close(self) -> None:
        """Let the device go; the kernel ends the grab with it."""
        file, self._file = self._file, None
        if file is not None:
            with contextlib.suppress(OSError):
                os.close(file)

    def _fill(self, wait_s: float) -> bool:
        if self._file is None:
            raise ScannerLost("it is not open")
        ready, _, _ = select.select([self._file], [], [], wait_s)
        if not ready:
            return False
        chunk = os.read(self._file, READ_BYTES)
        if not chunk:
            raise ScannerLost("it is not there any more")
        self._held += chunk
        return True

    def _cleaned(self, codes: list[bytes]) -> list[bytes]:
        rules = self._rules
        cleaned = [stripped(code, rules.strip) for code in codes]
        return [code for code in cleaned if len(code) >= max(1, rules.length_min)]
