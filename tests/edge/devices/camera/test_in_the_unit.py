"""From a code before the camera to a decision: the camera among the scanners of a unit."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from edge.config import CameraSection
from edge.devices.finding import Health
from edge.devices.profiles import load
from edge.devices.scanners.build import camera_of, scanners_of
from edge.devices.scanners.gather import Scanners, ScannerSeen
from edge.devices.scanners.report import scanner_reports
from edge.devices.scanners.states import State
from edge.errors import ConfigInvalid
from tests import builders as b
from tests.edge.builders import a_config, a_rig
from tests.edge.devices import pictures as p
from tests.edge.devices.camera.test_scanner import a_video

WAIT_S = 30.0


def test_a_voucher_before_the_camera_is_decided_on(tmp_path: Path) -> None:
    held = p.on_a_desk(p.a_qr(b.a_token(), module_px=5))
    video = a_video(tmp_path / "till.avi", [p.noisy(held, 2, n) for n in range(20)])
    config = a_config(tmp_path / "unit", camera=CameraSection(video))
    scanners = Scanners(scanners_of(config), time.monotonic, lambda: 0.5)
    with a_rig(tmp_path / "rig") as rig:
        scanners.start()
        try:
            waiting = scanners.inbox.next("the till", WAIT_S)
            assert waiting is not None
            taken = scanners.inbox.take(waiting.number, "the till")
            assert taken is not None
            assert (taken.scan.source, taken.scan.text) == ("camera", b.a_token())
            assert rig.refusal(taken.scan.text) == "accepted"
            [source] = scanners.status()["sources"]
            assert (source["source"], source["scans"]) == ("camera", 1)
        finally:
            scanners.stop()


def test_a_unit_without_a_camera_has_none(tmp_path: Path) -> None:
    assert camera_of(a_config(tmp_path)) is None
    assert scanners_of(a_config(tmp_path)) == {}


def test_the_camera_is_driven_as_its_profile_says(tmp_path: Path) -> None:
    camera = camera_of(a_config(tmp_path, camera=CameraSection("/dev/video0", "uvc-720")))
    assert camera is not None
    assert camera.profile == load("camera", "uvc-720")
    assert (camera.wanted.width, camera.wanted.height, camera.wanted.fourcc) == (1280, 720, "MJPG")


def test_its_name_is_taken_and_its_profile_must_be_there(tmp_path: Path) -> None:
    with pytest.raises(ConfigInvalid) as caught:
        camera_of(a_config(tmp_path, camera=CameraSection("0", "uvc-479")))
    assert "no camera profile 'uvc-479'" in caught.value.detail
    twice = a_config(
        tmp_path, camera=CameraSection("0"), scanners={"camera": "serial:/dev/ttyACM0"}
    )
    with pytest.raises(ConfigInvalid) as caught:
        scanners_of(twice)
    assert "scanners.camera" in caught.value.detail


# --- what the doctor is told ---------------------------------------------------------------------


@pytest.mark.parametrize(
    ("device", "profile", "health", "found"),
    [("/dev/video63", "uvc-480", Health.BAD, "nothing is attached at /dev/video63"),
     ("/dev/null", "uvc-480", Health.GOOD, "attached at /dev/null"),
     ("/dev/null", "uvc-481", Health.BAD, "no camera profile 'uvc-481'")],
)  # fmt: skip
def test_a_camera_that_is_set_is_looked_for(
    tmp_path: Path, device: str, profile: str, health: Health, found: str
) -> None:
    [report] = scanner_reports(a_config(tmp_path, camera=CameraSection(device, profile)))
    finding = report()
    assert (finding.name, finding.health, bool(finding.what_to_do)) == (
        "camera", health, health is Health.BAD,
    )  # fmt: skip
    assert finding.found.startswith(found)
    assert finding.profile.startswith("uvc-480 ") or profile == "uvc-481"


def test_in_the_running_unit_it_is_as_its_supervisor_says(tmp_path: Path) -> None:
    config = a_config(tmp_path, camera=CameraSection("/dev/null"))
    [report] = scanner_reports(config, lambda: [ScannerSeen("camera", State.BACKOFF)])
    assert report()[1:3] == (Health.BAD, "/dev/null: backing-off")
    assert scanner_reports(a_config(tmp_path)) == []
