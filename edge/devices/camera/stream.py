"""Where frames come from: a camera, a video, pictures; and what each frame is in gray."""

from __future__ import annotations

import stat
import time
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

if TYPE_CHECKING:
    from edge.devices.pictures.model import Gray

FILE_FPS_MAX = 60.0


class StreamFailed(Exception):
    """There is no stream, or no more; the message says why, for the operator."""


class StreamEnded(StreamFailed):
    """A file has been shown to its end."""


class Wanted(NamedTuple):
    """What is asked of a camera.

    Args:
        device: ``/dev/video0``, the number of a camera, a video file, a directory of pictures, or
            a pattern like ``img_%04d.png``.
        fourcc: Four letters: the form in which the camera sends its frames.
    """

    device: str
    width: int = 640
    height: int = 480
    fps: int = 30
    fourcc: str = "MJPG"

    @property
    def is_camera(self) -> bool:
        """Whether it is hardware: a camera never ends, and never shows the very same twice."""
        if self.device.isdecimal():
            return True
        try:
            return stat.S_ISCHR(Path(self.device).stat().st_mode)
        except OSError:
            return self.device.startswith("/dev/") and "%" not in self.device


class Stream(Protocol):
    """A source of frames."""

    def frame(self) -> Any:
        """Return the next frame in whatever form, None for one that failed; may block for ever.

        Raises:
            StreamFailed: there will be no more.
        """


def open_stream(wanted: Wanted) -> Stream:
    """Open what is wanted.

    Raises:
        StreamFailed: it cannot be opened.
    """
    if wanted.is_camera:
        return _Camera(wanted)
    if Path(wanted.device).is_dir():
        return _Paced(_pictures(Path(wanted.device)), wanted.fps)
    return _Paced(*_video(wanted))


def to_gray(frame: Any) -> Gray | None:
    """Return a frame in gray, None if it is no picture.

    Args:
        frame: uint8 in one of the forms in which OpenCV hands frames over: JPEG as it came,
            [height, width] gray, [height, width, 2] YUYV, [height, width, 3] BGR.
    """
    import cv2  # noqa: PLC0415
    import numpy as np  # noqa: PLC0415

    if not isinstance(frame, np.ndarray) or frame.dtype != np.uint8 or not frame.size:
        return None
    if frame.ndim == 1 or 1 in frame.shape[:2]:
        try:
            # To gray at once: less than half of the time by way of colours.
            return cv2.imdecode(frame.reshape(-1), cv2.IMREAD_GRAYSCALE)  # type: ignore[return-value]
        except cv2.error:
            return None
    channels = 1 if frame.ndim == 2 else frame.shape[2]
    if channels == 3:
        return cv2.cvtColor(frame, cv2.COLOR_BGR2GRAY)  # type: ignore[return-value]
    if channels > 3:
        return None
    return frame if frame.ndim == 2 else np.ascontiguousarray(frame[..., 0])  # Y U Y V


class _Camera:
    """A camera of the kernel's. The kernel queues a few frames: read as fast as they come."""

    def __init__(self, wanted: Wanted) -> None:
        import cv2  # noqa: PLC0415

        where = int(wanted.device) if wanted.device.isdecimal() else wanted.device
        self._capture = cv2.VideoCapture(where, cv2.CAP_V4L2)
        if not self._capture.isOpened():
            raise StreamFailed("the camera cannot be opened; is it there, and not in use?")
        for key, value in (
            (cv2.CAP_PROP_FOURCC, float(cv2.VideoWriter.fourcc(*wanted.fourcc))),
            (cv2.CAP_PROP_FRAME_WIDTH, wanted.width),
            (cv2.CAP_PROP_FRAME_HEIGHT, wanted.height),
            (cv2.CAP_PROP_FPS, wanted.fps),
            (cv2.CAP_PROP_BUFFERSIZE, 1),
            (cv2.CAP_PROP_CONVERT_RGB, 0),
        ):
            self._capture.set(key, value)  # a camera that cannot does what it can

    def frame(self) -> Any:
        """Return the next frame."""
        is_there, frame = self._capture.read()
        # True says little (opencv #14044, #10927), False as little: who counts frames knows.
        return frame if is_there else None


class _Paced:
    """Frames of files at the pace at which a camera would deliver them."""

    def __init__(self, frames: Iterator[Any], fps: float) -> None:
        self._frames = frames
        self._every_s = 1 / min(max(fps, 1.0), FILE_FPS_MAX)
        self._next_s = time.monotonic()

    def frame(self) -> Any:
        """Return the next frame, not before its time."""
        wait_s = self._next_s - time.monotonic()
        if wait_s > 0:
            time.sleep(wait_s)
        self._next_s = max(self._next_s + self._every_s, time.monotonic())
        try:
            return next(self._frames)
        except StopIteration:
            raise StreamEnded("the video has ended") from None


def _video(wanted: Wanted) -> tuple[Iterator[Any], float]:
    import cv2  # noqa: PLC0415

    capture = cv2.VideoCapture(wanted.device)
    if not capture.isOpened():
        raise StreamFailed("there is no such video, or it cannot be opened")
    fps = wanted.fps if "%" in wanted.device else capture.get(cv2.CAP_PROP_FPS)

    def frames() -> Iterator[Any]:
        while True:
            is_there, frame = capture.read()
            if not is_there:
                return
            yield frame

    return frames(), fps if fps > 0 else wanted.fps


def _pictures(directory: Path) -> Iterator[Any]:
    import cv2  # noqa: PLC0415

    files = sorted(path for path in directory.iterdir() if path.is_file())
    if not files:
        raise StreamFailed("there are no pictures in the directory")
    for file in files:
        yield cv2.imread(str(file), cv2.IMREAD_GRAYSCALE)
