"""From the settings of a unit to its scanners."""

from __future__ import annotations

import re
from typing import NamedTuple
from urllib.parse import parse_qs

from edge.config import EdgeConfig
from edge.devices.camera.scanner import CameraScanner
from edge.devices.ports import Scanner
from edge.devices.profiles import ScannerProfile, load, places
from edge.devices.scanners.hid_device import HidScanner
from edge.devices.scanners.serial_line import SerialScanner
from edge.errors import ConfigInvalid

SCANNERS_MAX = 8
CAMERA = "camera"
"""The source of what the camera reads."""
_DEVICE = re.compile(r"(?P<kind>[a-z]+):(?P<path>/[^?#]*)(?:\?(?P<query>[^#]*))?(?:#(?P<id>.*))?")
_PROFILES = {"serial": "generic-serial", "hid": "hid-us"}
"""Each kind of link, and the profile of a scanner of which nothing else is said."""


class Named(NamedTuple):
    """A scanner as the settings name it."""

    kind: str
    path: str
    profile: ScannerProfile
    baud: int = 0

    def scanner(self) -> Scanner:
        """Return what talks to it; nothing is opened yet."""
        if self.kind == "hid":
            return HidScanner(self.path, self.profile)
        return SerialScanner(self.path, self.profile, self.baud)


def scanners_of(config: EdgeConfig) -> dict[str, Scanner]:
    """Return the scanners that the settings name, by their names.

    Raises:
        ConfigInvalid: names the setting that is wrong.
    """
    devices = {name: named.scanner() for name, named in named_scanners(config).items()}
    camera = camera_of(config)
    return devices | {CAMERA: camera} if camera else devices


def camera_of(config: EdgeConfig) -> CameraScanner | None:
    """Return the camera that the settings name, None if they name none.

    Raises:
        ConfigInvalid: there is no such profile, or a scanner has the camera's name.
    """
    if not config.camera.device:
        return None
    if CAMERA in config.scanners:
        raise ConfigInvalid(f"scanners.{CAMERA}: this is the name of the camera of camera.device")
    profile = load("camera", config.camera.profile, places(config.devices.profiles_dir))
    return CameraScanner(config.camera.device, profile)


def named_scanners(config: EdgeConfig) -> dict[str, Named]:
    """Return what the settings say of each scanner.

    Raises:
        ConfigInvalid: names the setting that is wrong.
    """
    if len(config.scanners) > SCANNERS_MAX:
        raise ConfigInvalid(f"there are more than {SCANNERS_MAX} scanners")
    return {
        name: read_named(f"scanners.{name}", text, config) for name, text in config.scanners.items()
    }


def read_named(where: str, text: str, config: EdgeConfig) -> Named:
    """Read one setting: ``serial:/dev/serial/by-id/…?baud=9600#gm65-uart``.

    Args:
        where: The setting or argument, for the messages.

    Raises:
        ConfigInvalid: it is not of that form, or there is no such profile.
    """
    found = _DEVICE.fullmatch(text)
    if not found or found["kind"] not in _PROFILES:
        raise ConfigInvalid(f"{where} is serial:/dev/…#PROFILE or hid:/dev/input/…#PROFILE")
    kind = found["kind"]
    profile_id = found["id"] or _PROFILES[kind]
    try:
        profile = load("scanner", profile_id, places(config.devices.profiles_dir))
    except ConfigInvalid as exc:
        raise ConfigInvalid(f"{where}: {exc.detail}") from exc
    if profile.link.kinds and kind not in profile.link.kinds:
        fits = " or ".join(profile.link.kinds)
        raise ConfigInvalid(f"{where}: the profile {profile.id} is for {fits}, not {kind}")
    return Named(kind, found["path"], profile, _baud(where, kind, found["query"] or ""))


def _baud(where: str, kind: str, query: str) -> int:
    if not query:
        return 0
    values = parse_qs(query, keep_blank_values=True)
    [text] = values.get("baud", [""])[-1:]
    if kind != "serial" or set(values) != {"baud"} or not text.isdecimal():
        raise ConfigInvalid(f"{where}: after the path only ?baud=NUMBER can stand, for serial")
    if not 300 <= int(text[:9]) <= 4_000_000:
        raise ConfigInvalid(f"{where}: baud is 300 to 4000000")
    return int(text)
