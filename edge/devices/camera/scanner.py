"""A camera as a ``Scanner``: the unit's end of the overseer's pipe."""

from __future__ import annotations

import json
import logging
import os
import select
import subprocess
import sys
import time
from collections import deque
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

from edge.devices.camera.stream import Wanted
from edge.devices.pictures.model import Reading
from edge.devices.pictures.wire import HEAD_BYTES, lengths, packed
from edge.devices.ports import ScannerLost
from edge.devices.profiles import CameraProfile

log = logging.getLogger(__name__)

COMMAND = (sys.executable, "-m", "edge.devices.camera.overseer")
OPEN_S = 5.0
"""Starting Python, loading OpenCV and opening a camera: a second and a half, on a small board."""
CLOSE_S = 0.5
SILENT_S = 5.0
"""An overseer beats each second."""


class Seen(NamedTuple):
    """A code that came into view.

    Args:
        at_s: When its frame was captured, by the monotonic clock of this machine.
        frame: The number of that frame.
    """

    reading: Reading
    at_s: float
    frame: int


class CameraScanner:
    """A camera, or a video or pictures in place of one; see ``Wanted.device``.

    Args:
        command: Starts the overseer.
    """

    def __init__(
        self, device: str, profile: CameraProfile, command: Sequence[str] = COMMAND,
        open_s: float = OPEN_S, silent_s: float = SILENT_S,
    ) -> None:  # fmt: skip
        capture = profile.capture
        self.wanted = Wanted(device, capture.width, capture.height, capture.fps, capture.fourcc)
        self.profile = profile
        self._command = command
        self._open_s = open_s
        self._silent_s = silent_s
        self._child: subprocess.Popen[bytes] | None = None
        self._heard = b""
        self._heard_s = 0.0
        self._waiting: deque[dict[str, Any]] = deque()
        self.beat: dict[str, int] = {}
        """What the overseer counted last: frames, looks, garbage, restarts."""
        self._restarts = 0

    def attached(self) -> str | None:
        """Name the camera behind the path; a file is there while it is there."""
        device = self.wanted.device
        path = Path(f"/dev/video{device}" if device.isdecimal() else device)
        if "%" in path.name:
            path = path.parent
        try:
            found = path.stat()
        except OSError:
            return None
        # A node that was made anew is another attachment, even of the same camera.
        return f"{found.st_ino}:{found.st_rdev}:{found.st_ctime_ns}"

    def open(self) -> None:
        """Start the overseer, and wait until the camera is open."""
        self.close()
        self._child = subprocess.Popen(  # noqa: S603 - nobody else names the command
            self._command, stdin=subprocess.PIPE, stdout=subprocess.PIPE
        )
        assert self._child.stdin is not None, "asked for with PIPE"
        assert self._child.stdout is not None, "asked for with PIPE"
        os.set_blocking(self._child.stdout.fileno(), False)
        decode = self.profile.decode
        self._child.stdin.write(packed({
            "wanted": self.wanted._asdict(), "formats": list(decode.formats),
            "rescues": list(decode.rescue), "with_zbar": decode.zbar,
        }))  # fmt: skip
        self._child.stdin.flush()
        until_s = self._heard_s = time.monotonic()
        until_s += self._open_s
        while time.monotonic() < until_s:
            self._hear(until_s - time.monotonic())
            while self._waiting:
                message = self._waiting.popleft()
                self._note(message)
                if "opened" in message:
                    return
        raise ScannerLost("the camera does not open")

    def read(self, wait_s: float) -> Sequence[bytes]:
        """Return the codes that came into view."""
        return [seen.reading.text.encode("utf-8", "replace") for seen in self.see(wait_s)]

    def see(self, wait_s: float) -> list[Seen]:
        """Return the codes that came into view, and how each was read.

        Raises:
            ScannerLost: the camera, or the program that watches it, is not there any more.
        """
        until_s = time.monotonic() + wait_s
        while True:
            left_s = max(0.0, until_s - time.monotonic())
            if not self._waiting:
                self._hear(left_s)
            seen: list[Seen] = []
            # A loss that came behind a code waits for the next call, or the code would be lost too.
            while self._waiting and not (seen and "lost" in self._waiting[0]):
                one = self._note(self._waiting.popleft())
                seen += [one] if one else []
            if seen or left_s <= 0:
                return seen

    def close(self) -> None:
        """End the overseer, and with it the processes that it has started."""
        child, self._child = self._child, None
        self._heard = b""
        self._waiting.clear()
        if child is None:
            return
        assert child.stdin is not None, "asked for with PIPE"
        assert child.stdout is not None, "asked for with PIPE"
        try:
            child.stdin.close()  # which tells it to end
            child.wait(CLOSE_S)
        except (OSError, subprocess.TimeoutExpired):
            child.kill()  # the kernel then kills what it forked
            child.wait()
        child.stdout.close()

    def _hear(self, wait_s: float) -> None:
        """Wait for messages; those that come are then waiting to be noted."""
        child = self._child
        if child is None or child.stdout is None:
            raise ScannerLost("it is not open")
        ready, _, _ = select.select([child.stdout.fileno()], [], [], wait_s)
        now_s = time.monotonic()
        if not ready:
            if now_s - self._heard_s > self._silent_s:
                raise ScannerLost("the program that watches the camera does not answer")
            return
        chunk = os.read(child.stdout.fileno(), 65536)
        if not chunk:
            raise ScannerLost("the program that watches the camera has ended")
        self._heard_s = now_s
        self._heard += chunk
        try:
            while len(self._heard) >= HEAD_BYTES:
                text, body = lengths(self._heard[:HEAD_BYTES])
                if len(self._heard) < HEAD_BYTES + text + body:
                    break
                self._waiting.append(json.loads(self._heard[HEAD_BYTES : HEAD_BYTES + text]))
                self._heard = self._heard[HEAD_BYTES + text + body :]
        except ValueError as exc:
            raise ScannerLost("the program that watches the camera talks nonsense") from exc

    def _note(self, message: dict[str, Any]) -> Seen | None:
        if "reading" in message:
            reading = Reading(**message["reading"])
            return Seen(reading, message["at_s"], message["frame"])
        if "beat" in message:
            self.beat = message["beat"] | {"restarts": self._restarts}
        elif "restarted" in message:
            self._restarts += 1
            log.warning("camera: the %s was started anew: %s", message["restarted"], message["why"])
        elif "lost" in message:
            raise ScannerLost(message["lost"])
        return None
