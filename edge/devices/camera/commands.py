"""``tearoff-unit camera``: look at what the camera reads, without a unit."""

from __future__ import annotations

import sys
import time
from typing import Protocol

import click

from edge.config import EdgeConfig
from edge.devices.camera.scanner import CameraScanner, Seen
from edge.devices.pictures.commands import json_line, shown
from edge.devices.ports import ScannerLost
from edge.devices.profiles import load, places
from edge.errors import ConfigInvalid


class _Settings(Protocol):
    @property
    def config(self) -> EdgeConfig:
        """The settings."""


@click.group()
def camera() -> None:
    """Look at the camera."""


@camera.command("try")
@click.option(
    "--seconds", "wait_s", default=30.0, show_default=True, type=click.FloatRange(0.1, 86400),
    help="How long to look.",
)  # fmt: skip
@click.option("--device", help="Another than the one that is set: /dev/video0, a video, a folder.")
@click.option("--profile", help="A profile of firmware_profiles/cameras instead of the set one.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object a code, for scripts.")
@click.pass_obj
def try_camera(
    settings: _Settings, wait_s: float, device: str | None, profile: str | None, as_json: bool,  # noqa: FBT001
) -> None:  # fmt: skip
    """Show each code that comes before the camera, how it was read, and how long that took.

    Exit code 1 if there was none. The camera is one program's at a time: stop the unit first.
    """
    config = settings.config
    where = device or config.camera.device
    if not where:
        raise ConfigInvalid("no camera is set: camera.device, or --device /dev/video0")
    kind = load("camera", profile or config.camera.profile, places(config.devices.profiles_dir))
    scanner = CameraScanner(where, kind)
    if scanner.attached() is None:
        raise ConfigInvalid(f"{where} is not there")
    if not as_json:
        click.echo(f"{where} ({kind.label}); hold a code before it")
        sys.stdout.flush()
    count, lost = _watch(scanner, wait_s, as_json=as_json)
    if not as_json:
        beat = scanner.beat
        if beat:
            click.echo(f"{beat['frames']} frames, {beat['looks']} looked at, {count} codes")
        else:
            click.echo(f"{count} codes")
    if lost:
        click.echo(f"{where}: {lost}", err=True)
    sys.exit(0 if count else 1)


def _watch(scanner: CameraScanner, wait_s: float, *, as_json: bool) -> tuple[int, str]:
    """Show codes until the time is up or the camera is lost; return how many, and why it is."""
    count = 0
    until_s = time.monotonic() + wait_s
    try:
        scanner.open()
        while (left_s := until_s - time.monotonic()) > 0:
            for seen in scanner.see(min(left_s, 1.0)):
                count += 1
                click.echo(_line(seen, as_json=as_json))
                sys.stdout.flush()
    except ScannerLost as exc:
        return count, str(exc)
    finally:
        scanner.close()
    return count, ""


def _line(seen: Seen, *, as_json: bool) -> str:
    reading = seen.reading
    since_ms = round((time.monotonic() - seen.at_s) * 1000, 1)
    if as_json:
        return json_line(reading._asdict() | {"frame": seen.frame, "since_capture_ms": since_ms})
    how = (
        f"{reading.format}, {reading.stage}, {reading.ms:.1f} ms, {since_ms:.0f} ms after its frame"
    )
    return f"{shown(reading.text)}  ({how})"
