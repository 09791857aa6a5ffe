"""A camera as the unit has it: real processes that read, crash, hang, and are started anew."""

from __future__ import annotations

import logging
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import cv2
import numpy as np
import pytest

from edge.devices.camera.scanner import CameraScanner, Seen
from edge.devices.ports import ScannerLost
from edge.devices.profiles import load
from tests.edge.devices import pictures as p
from tests.edge.devices.camera.broken import FIRST, SECOND, frame_of
from tests.edge.devices.pictures import Gray

PROFILE = load("camera", "uvc-480")
ROOT = Path(__file__).parents[4]
WAIT_S = 30.0
GRAY = np.full((240, 320), 120, np.uint8)


def a_video(file: Path, frames: Sequence[Gray], fps: int = 30) -> str:
    """Write a video of MJPEG frames."""
    height, width = frames[0].shape
    out = cv2.VideoWriter(str(file), cv2.VideoWriter.fourcc(*"MJPG"), fps, (width, height))
    for frame in frames:
        out.write(cv2.cvtColor(frame, cv2.COLOR_GRAY2BGR))
    out.release()
    return str(file)


def a_broken_one(what: str, directory: Path) -> CameraScanner:
    """A camera of the number 7 in which one thing is broken."""
    code = (
        f"import sys; sys.path.insert(0, {str(ROOT)!r});"
        f" from tests.edge.devices.camera.broken import main;"
        f" main({what!r}, {str(directory / 'opened')!r})"
    )
    return CameraScanner("7", PROFILE, (sys.executable, "-c", code), open_s=WAIT_S)


def wait_for(scanner: CameraScanner, text: str) -> list[Seen]:
    """Return what is seen until this code is."""
    seen: list[Seen] = []
    until_s = time.monotonic() + WAIT_S
    while time.monotonic() < until_s:
        seen += scanner.see(0.5)
        if text in {one.reading.text for one in seen}:
            return seen
    raise AssertionError(f"{text} was not seen in {WAIT_S} s, but {seen}")


def wait_for_loss(scanner: CameraScanner) -> str:
    """Return why the camera is lost."""
    return _until_lost(scanner)[1]


def _until_lost(scanner: CameraScanner) -> tuple[list[Seen], str]:
    seen: list[Seen] = []
    until_s = time.monotonic() + WAIT_S
    try:
        while time.monotonic() < until_s:
            seen += scanner.see(0.5)
    except ScannerLost as exc:
        return seen, str(exc)
    raise AssertionError(f"the camera was not lost in {WAIT_S} s")


def family(scanner: CameraScanner) -> list[int]:
    """Return the overseer and what it has forked."""
    assert scanner._child is not None
    pid = scanner._child.pid
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return [pid, *(int(child) for child in children)]


def wait_until_gone(pids: Sequence[int]) -> None:
    until_s = time.monotonic() + WAIT_S
    while any(Path(f"/proc/{pid}").exists() for pid in pids):
        assert time.monotonic() < until_s, f"of {pids} some are still there"
        time.sleep(0.01)


@pytest.fixture(name="started")
def _started() -> Iterator[list[CameraScanner]]:
    """Scanners that are closed at the end of the test."""
    scanners: list[CameraScanner] = []
    yield scanners
    for scanner in scanners:
        scanner.close()


def opened(scanner: CameraScanner, started: list[CameraScanner]) -> CameraScanner:
    started.append(scanner)
    scanner.open()
    return scanner


# --- what is read --------------------------------------------------------------------------------


def test_codes_of_a_video_are_told_once_each_and_its_end_is_a_loss(
    tmp_path: Path, started: list[CameraScanner]
) -> None:
    still = [p.noisy(GRAY, 2, n) for n in range(30)]
    shown = [frame_of(text, n) for text in (FIRST, SECOND) for n in range(6)]
    video = a_video(tmp_path / "clip.avi", [*still[:3], *shown, *still, *shown[:6], *still[:3]])
    scanner = opened(CameraScanner(video, PROFILE, open_s=WAIT_S), started)
    seen, why = _until_lost(scanner)
    assert why == "the video has ended"
    # The first one comes back after a second in which it was not there.
    assert [one.reading.text for one in seen] == [FIRST, SECOND, FIRST]
    assert {one.reading.stage for one in seen} == {"raw"}
    assert seen[0].frame <= seen[1].frame - 3


@pytest.mark.parametrize("form", ["pattern", "directory"])
def test_pictures_can_stand_in_for_a_camera(
    tmp_path: Path, started: list[CameraScanner], form: str
) -> None:
    for number in range(4):
        (tmp_path / f"img_{number:04d}.png").write_bytes(p.png(frame_of(FIRST, number)))
    device = str(tmp_path if form == "directory" else tmp_path / "img_%04d.png")
    scanner = CameraScanner(device, PROFILE, open_s=WAIT_S)
    assert scanner.attached() is not None
    opened(scanner, started)
    assert [one.reading.text for one in wait_for(scanner, FIRST)] == [FIRST]


def test_the_port_hands_over_bytes(tmp_path: Path, started: list[CameraScanner]) -> None:
    video = a_video(tmp_path / "clip.avi", [frame_of(FIRST, n) for n in range(20)])
    scanner = opened(CameraScanner(video, PROFILE, open_s=WAIT_S), started)
    codes: list[bytes] = []
    until_s = time.monotonic() + WAIT_S
    while not codes and time.monotonic() < until_s:
        codes += scanner.read(0.2)
    assert codes == [FIRST.encode()]


# --- a decoder that fails ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("what", "why"),
    [("crash", "SIGSEGV"), ("hang", "it hung"), ("sleep", "it hung"), ("devour", "exit code 1")],
)
def test_after_a_frame_that_breaks_the_decoder_the_next_code_is_read(
    tmp_path: Path, started: list[CameraScanner], caplog: pytest.LogCaptureFixture,
    what: str, why: str,
) -> None:  # fmt: skip
    caplog.set_level(logging.WARNING)
    scanner = opened(a_broken_one(what, tmp_path), started)
    overseer = family(scanner)[0]
    texts = [one.reading.text for one in wait_for(scanner, SECOND)]
    assert texts == [FIRST, SECOND]
    assert f"the watcher was started anew: {why}" in caplog.text
    assert family(scanner)[0] == overseer, "the camera was not opened again for it"


def test_a_decoder_that_dies_of_every_frame_is_given_up_and_said(
    tmp_path: Path, started: list[CameraScanner]
) -> None:
    scanner = opened(a_broken_one("crash-always", tmp_path), started)
    assert wait_for_loss(scanner) == "the decoder fails on every picture: SIGSEGV"


# --- a camera that fails -------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("what", "why"),
    [("block", "no new frame for 0.6 s"), ("repeat", "the same frame again and again"),
     ("nonsense", "no new frame for 0.6 s")],
)  # fmt: skip
def test_a_camera_that_shows_nothing_new_is_opened_again(
    tmp_path: Path, started: list[CameraScanner], caplog: pytest.LogCaptureFixture,
    what: str, why: str,
) -> None:  # fmt: skip
    caplog.set_level(logging.WARNING)
    scanner = opened(a_broken_one(what, tmp_path), started)
    wait_for(scanner, SECOND)
    assert f"the capture was started anew: {why}" in caplog.text
    assert (tmp_path / "opened").read_text() == "xx"


def test_a_camera_that_stays_blocked_is_lost(tmp_path: Path, started: list[CameraScanner]) -> None:
    scanner = opened(a_broken_one("dead", tmp_path), started)
    assert wait_for_loss(scanner) == "no new frame for 0.3 s"


def test_a_camera_that_is_unplugged_is_lost(tmp_path: Path, started: list[CameraScanner]) -> None:
    scanner = opened(a_broken_one("unplug", tmp_path), started)
    assert wait_for_loss(scanner) == "the plug was pulled"
    scanner.close()
    with pytest.raises(ScannerLost, match="not open"):
        scanner.see(0.1)


def test_a_camera_that_is_not_there_is_not_attached_and_cannot_be_opened(tmp_path: Path) -> None:
    scanner = CameraScanner("/dev/video63", PROFILE, open_s=WAIT_S)
    assert scanner.attached() is None
    with pytest.raises(ScannerLost, match="cannot be opened"):
        scanner.open()
    scanner.close()


def test_a_file_that_is_no_video_cannot_be_opened(
    tmp_path: Path, started: list[CameraScanner]
) -> None:
    (tmp_path / "no.avi").write_bytes(os.urandom(5000))
    scanner = CameraScanner(str(tmp_path / "no.avi"), PROFILE, open_s=WAIT_S)
    started.append(scanner)
    with pytest.raises(ScannerLost, match="no such video"):
        scanner.open()


def test_another_file_at_the_same_place_is_another_attachment(tmp_path: Path) -> None:
    file = tmp_path / "clip.avi"
    scanner = CameraScanner(str(file), PROFILE)
    file.write_bytes(b"1")
    first = scanner.attached()
    assert scanner.attached() == first
    (tmp_path / "new").write_bytes(b"2")
    (tmp_path / "new").replace(file)
    assert scanner.attached() not in {None, first}


# --- the processes -------------------------------------------------------------------------------


def test_whoever_is_killed_no_process_is_left_behind(
    tmp_path: Path, started: list[CameraScanner]
) -> None:
    frames = [frame_of(FIRST, n) for n in range(300)]
    video = a_video(tmp_path / "clip.avi", frames, fps=10)
    scanner = opened(CameraScanner(video, PROFILE, open_s=WAIT_S), started)
    pids = family(scanner)
    assert len(pids) == 3
    os.kill(pids[0], signal.SIGKILL)
    assert "has ended" in wait_for_loss(scanner)
    scanner.close()
    wait_until_gone(pids)
    opened(scanner, started)
    again = family(scanner)
    scanner.close()
    scanner.close()
    wait_until_gone(again)


def test_an_overseer_that_is_silent_is_lost(tmp_path: Path, started: list[CameraScanner]) -> None:
    video = a_video(tmp_path / "clip.avi", [frame_of(FIRST, n) for n in range(300)], fps=10)
    scanner = opened(CameraScanner(video, PROFILE, open_s=WAIT_S, silent_s=1.5), started)
    os.kill(family(scanner)[0], signal.SIGSTOP)
    assert "does not answer" in wait_for_loss(scanner)


@pytest.mark.parametrize(
    ("code", "told"),
    [("pass", "has ended"), ("print('x' * 99, flush=True); input()", "nonsense"),
     ("import time; time.sleep(60)", "does not open")],
)  # fmt: skip
def test_another_program_in_its_place_is_a_loss_in_words(code: str, told: str) -> None:
    scanner = CameraScanner("7", PROFILE, (sys.executable, "-c", code), open_s=2)
    with pytest.raises(ScannerLost, match=told):
        scanner.open()
    scanner.close()


def test_without_the_camera_extra_the_loss_says_how_to_install_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "cv2.py").write_text("raise ImportError('cv2')")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    scanner = CameraScanner("7", PROFILE, open_s=WAIT_S)
    with pytest.raises(ScannerLost, match=r"tearoff\[camera\]"):
        scanner.open()
    scanner.close()


def test_the_unit_itself_loads_none_of_the_libraries() -> None:
    code = (
        "import sys, edge.app, edge.cli, edge.devices.camera.scanner;"
        " print(sorted({'cv2', 'numpy', 'zxingcpp', 'pyzbar', 'PIL'} & set(sys.modules)))"
    )
    told = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT
    )
    assert told.stdout.strip() == "[]"
