"""Which scanners may be attached to this machine, whether the settings name them or not."""

from __future__ import annotations

import os
from collections.abc import Iterator
from fnmatch import fnmatch
from pathlib import Path
from typing import NamedTuple

from edge.devices.profiles import ScannerProfile, ids, load, places

SERIAL = "dev/serial/by-id"
INPUT = "dev/input/by-id"
_PLAIN = ("dev/ttyACM*", "dev/ttyUSB*", "dev/ttyAMA*", "dev/serial0")
_ABOVE_MAX = 6


class Candidate(NamedTuple):
    """A device that may be a scanner.

    Args:
        kind: ``serial`` or ``hid``.
        profile: The profile that it matches; empty if none does.
    """

    kind: str
    path: str
    profile: str = ""

    @property
    def setting(self) -> str:
        """The text for the settings."""
        return f"{self.kind}:{self.path}" + (f"#{self.profile}" if self.profile else "")


def candidates(root: Path = Path("/"), site: Path | None = None) -> list[Candidate]:
    """Return the devices, those with a name that stays the same first.

    Args:
        root: Where ``dev`` and ``sys`` lie.
        site: Directory of the site's own profiles.
    """
    where = places(site)
    profiles = [load("scanner", name, where) for name in ids("scanner", where)]
    return [
        Candidate(kind, f"/{path.relative_to(root)}", _matching(kind, path, root, profiles))
        for kind, path in _devices(root)
    ]


def _devices(root: Path) -> Iterator[tuple[str, Path]]:
    seen: set[str] = set()
    for path in sorted((root / SERIAL).glob("*")):
        seen.add(os.path.realpath(path))
        yield "serial", path
    for pattern in _PLAIN:
        for path in sorted(root.glob(pattern)):
            real = os.path.realpath(path)
            if real not in seen:
                seen.add(real)
                yield "serial", path
    for path in sorted((root / INPUT).glob("*-event-kbd")):
        yield "hid", path


def _matching(kind: str, path: Path, root: Path, profiles: list[ScannerProfile]) -> str:
    usb = _usb_id(path, root)
    for profile in profiles:
        if profile.link.kinds and kind not in profile.link.kinds:
            continue
        if any(fnmatch(path.name, pattern) for pattern in profile.match.by_id):
            return profile.id
        if usb and usb in profile.match.usb:
            return profile.id
    return ""


def _usb_id(path: Path, root: Path) -> str:
    name = Path(os.path.realpath(path)).name
    for where in (f"sys/class/tty/{name}/device", f"sys/class/input/{name}/device"):
        place = Path(os.path.realpath(root / where))
        for above in [place, *place.parents][:_ABOVE_MAX]:
            try:
                vendor = (above / "idVendor").read_text("ascii").strip()
                return f"{vendor}:{(above / 'idProduct').read_text('ascii').strip()}"
            except OSError:
                continue
    return ""
