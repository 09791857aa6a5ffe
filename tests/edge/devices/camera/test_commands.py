"""``tearoff-unit camera try`` as somebody types it, with a video in place of a camera."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner, Result

from edge.cli import main
from tests.edge.devices.camera.broken import FIRST, frame_of
from tests.edge.devices.camera.test_scanner import a_video


@pytest.fixture(name="video")
def _video(tmp_path: Path) -> str:
    return a_video(tmp_path / "clip.avi", [frame_of(FIRST, n) for n in range(12)])


def typed(directory: Path, *args: str) -> Result:
    return CliRunner().invoke(main, ["--set", f"unit.data_dir={directory}", *args])


def test_each_code_is_shown_with_how_it_was_read(tmp_path: Path, video: str) -> None:
    done = typed(tmp_path, "camera", "try", "--device", video)
    assert (done.exit_code, done.stderr) == (0, f"{video}: the video has ended\n")
    first, code, *rest = done.stdout.splitlines()
    assert first.startswith(f"{video} (uvc-480 ")
    assert code.startswith(f"{FIRST}  (qr, raw, ")
    assert code.endswith(" ms after its frame)")
    assert rest[-1].endswith("codes")


def test_the_camera_of_the_settings_is_taken_and_a_script_gets_json(
    tmp_path: Path, video: str
) -> None:
    done = typed(tmp_path, "--set", f"camera.device={video}", "camera", "try", "--json")
    [row] = [json.loads(line) for line in done.stdout.splitlines()]
    assert (row["text"], row["format"], row["stage"]) == (FIRST, "qr", "raw")
    assert row["since_capture_ms"] >= row["ms"] > 0
    assert row["frame"] >= 1


def test_no_code_is_exit_code_1(tmp_path: Path) -> None:
    blank = a_video(tmp_path / "blank.avi", [np.full((240, 320), n, np.uint8) for n in range(9)])
    done = typed(tmp_path, "camera", "try", "--device", blank, "--profile", "uvc-720")
    assert done.exit_code == 1
    assert done.stdout.splitlines()[-1].endswith("0 codes")


@pytest.mark.parametrize(
    ("args", "told"),
    [((), "no camera is set"), (("--device", "/dev/video63"), "is not there"),
     (("--device", "/dev/null", "--profile", "uvc-48"), "uvc-480")],
)  # fmt: skip
def test_what_is_wrong_is_said_in_a_sentence(
    tmp_path: Path, args: tuple[str, ...], told: str
) -> None:
    done = typed(tmp_path, "camera", "try", *args)
    assert done.exit_code == 1
    assert done.stderr.startswith("A setting is wrong: ")
    assert told in done.stderr
