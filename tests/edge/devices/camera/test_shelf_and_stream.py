"""Frames on their way from a camera to a decoder: which are kept, and what they are made of."""

from __future__ import annotations

import os
import select
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from edge.devices.camera.capture import capture
from edge.devices.camera.shelf import PIXELS_MAX, Shelf
from edge.devices.camera.stream import (
    Stream,
    StreamEnded,
    StreamFailed,
    Wanted,
    open_stream,
    to_gray,
)
from tests.edge.devices import pictures as p
from tests.edge.devices.pictures import Gray


def flat(level: int, height: int = 6, width: int = 8) -> Gray:
    return np.full((height, width), level, np.uint8)


# --- the shelf -----------------------------------------------------------------------------------


def test_the_newest_frame_is_taken_once_and_older_ones_never() -> None:
    shelf = Shelf()
    assert shelf.take() is None
    for level in range(1, 8):
        shelf.put(flat(level), level / 10)
    frame = shelf.take()
    assert frame is not None
    assert (frame.number, frame.at_s, frame.gray.shape) == (7, 0.7, (6, 8))
    assert frame.gray.min() == frame.gray.max() == 7
    assert shelf.take() is None


def test_frames_may_change_their_size() -> None:
    shelf = Shelf()
    for height, width in ((4, 9), (2000, 4000), (1, 1)):
        shelf.put(flat(9, height, width), 1.0)
        frame = shelf.take()
        assert frame is not None
        assert frame.gray.shape == (height, width)


def test_a_frame_is_ones_own_whatever_comes_later() -> None:
    shelf = Shelf()
    shelf.put(flat(1), 1.0)
    frame = shelf.take()
    for level in range(2, 9):
        shelf.put(flat(level), 1.0)
    assert frame is not None
    assert frame.gray.max() == 1


def test_a_frame_rings_and_reaches_another_process() -> None:
    shelf = Shelf()
    pid = os.fork()
    if not pid:
        shelf.put(flat(77), 2.5)
        os._exit(0)
    os.waitpid(pid, 0)
    assert select.select([shelf.wake_fd], [], [], 10)[0]
    frame = shelf.take()
    assert frame is not None
    assert (int(frame.gray[0, 0]), frame.at_s) == (77, 2.5)
    assert not select.select([shelf.wake_fd], [], [], 0)[0]


def test_whoever_died_of_a_frame_leaves_the_next_one_to_his_successor() -> None:
    shelf = Shelf()
    shelf.put(flat(1), 1.0)
    pid = os.fork()
    if not pid:
        shelf.take()
        os._exit(1)
    os.waitpid(pid, 0)
    assert shelf.take() is None
    shelf.put(flat(2), 1.0)
    frame = shelf.take()
    assert frame is not None
    assert frame.number == 2


# --- what frames are -----------------------------------------------------------------------------

DESK = p.on_a_desk(p.a_qr("as it comes", module_px=5), width=320, height=240)
COLOUR = cv2.cvtColor(DESK, cv2.COLOR_GRAY2BGR)
JPEG = np.frombuffer(p.jpeg(DESK, 95), np.uint8)
YUYV = np.dstack([DESK, np.full_like(DESK, 128)])

FORMS: dict[str, Any] = {
    "gray": DESK, "colours": COLOUR, "YUYV": YUYV, "JPEG": JPEG, "JPEG in a row": JPEG[None],
}  # fmt: skip


@pytest.mark.parametrize("frame", FORMS.values(), ids=FORMS)
def test_a_frame_of_each_form_becomes_gray(frame: Any) -> None:
    gray = to_gray(frame)
    assert gray is not None
    assert (gray.shape, str(gray.dtype), gray.flags.c_contiguous) == (DESK.shape, "uint8", True)
    assert np.abs(gray.astype(int) - DESK).mean() < 3


@pytest.mark.parametrize(
    "frame",
    [None, "text", np.zeros((0, 0), np.uint8), np.zeros((9, 9), np.float32), JPEG[:50],
     np.zeros((5, 5, 4), np.uint8), np.random.default_rng(1).integers(0, 255, 999, np.uint8)],
    ids=["None", "text", "empty", "floats", "a piece of JPEG", "four channels", "noise"],
)  # fmt: skip
def test_what_is_no_frame_is_none(frame: Any) -> None:
    assert to_gray(frame) is None


class Played:
    """A stream of these frames."""

    def __init__(self, *frames: Any) -> None:
        self._frames = iter(frames)

    def frame(self) -> Any:
        try:
            return next(self._frames)
        except StopIteration:
            raise StreamEnded("that was all") from None


def captured(stream: Stream) -> tuple[Shelf, list[dict[str, Any]]]:
    """Capture a stream to its end."""
    shelf = Shelf()
    told: list[dict[str, Any]] = []
    capture(lambda wanted: stream, Wanted("0"), shelf, told.append)
    return shelf, told


def test_repeated_frames_are_counted_and_a_fresh_one_ends_the_count() -> None:
    shelf, told = captured(Played(DESK, COLOUR, COLOUR, COLOUR))
    assert (shelf.repeats.get(), shelf.newest.get()) == (2, 4)
    assert [*told[0], *told[-1].items()] == ["opened", ("ended", "that was all")]
    shelf, _ = captured(Played(DESK, DESK, YUYV))
    assert shelf.repeats.get() == 0
    assert shelf.fresh_s.get() > 0


def test_garbage_is_counted_and_never_put_up() -> None:
    shelf, _ = captured(Played(None, JPEG[:50], DESK, None))
    assert (shelf.garbage.get(), shelf.newest.get()) == (3, 1)


def test_a_frame_too_large_for_the_shelf_is_made_smaller() -> None:
    shelf, _ = captured(Played(np.zeros((3000, 4000), np.uint8)))
    frame = shelf.take()
    assert frame is not None
    height, width = frame.gray.shape
    assert 0.9 * PIXELS_MAX < height * width <= PIXELS_MAX
    assert width / height == pytest.approx(4 / 3, rel=0.01)


def test_a_stream_that_cannot_be_opened_is_told() -> None:
    def refuse(wanted: Wanted) -> Stream:
        raise StreamFailed(f"no {wanted.device}")

    told: list[dict[str, Any]] = []
    capture(refuse, Wanted("/dev/video9"), Shelf(), told.append)
    assert told == [{"failed": "no /dev/video9"}]


# --- where they come from ------------------------------------------------------------------------


def test_numbers_and_device_nodes_are_cameras_and_files_are_not(tmp_path: Path) -> None:
    assert [Wanted(d).is_camera for d in ("0", "/dev/video0", "/dev/null", "img_%04d.png")] == [
        True, True, True, False,
    ]  # fmt: skip
    assert not Wanted(str(tmp_path)).is_camera


@pytest.mark.parametrize("device", ["/dev/video63", "63", "nowhere.avi", "no_%03d.png"])
def test_what_is_not_there_cannot_be_opened(device: str) -> None:
    with pytest.raises(StreamFailed, match=r"cannot be opened"):
        open_stream(Wanted(device))


def test_a_directory_without_pictures_is_told(tmp_path: Path) -> None:
    with pytest.raises(StreamFailed, match="no pictures"):
        open_stream(Wanted(str(tmp_path))).frame()


def test_pictures_of_a_directory_come_in_the_order_of_their_names(tmp_path: Path) -> None:
    for level in (30, 10, 20):
        (tmp_path / f"{level}.png").write_bytes(p.png(flat(level)))
    (tmp_path / "40.txt").write_text("no picture")
    stream = open_stream(Wanted(str(tmp_path), fps=60))
    frames = [to_gray(stream.frame()) for _ in range(4)]
    assert [None if one is None else int(one[0, 0]) for one in frames] == [10, 20, 30, None]
    with pytest.raises(StreamEnded):
        stream.frame()
