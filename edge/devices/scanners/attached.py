"""Which piece of hardware is behind a path right now."""

from __future__ import annotations

import os
from pathlib import Path

_ABOVE_MAX = 6
"""From a port up to its USB device there are fewer steps in sysfs."""


def attached_at(path: str) -> str | None:
    """Return a text that names the hardware behind a path; None if there is none.

    It changes when the device is plugged in again, even at the same place: the kernel counts USB
    devices up, and udev makes the link below ``by-id`` anew.
    """
    try:
        link, node = os.lstat(path), os.stat(path)  # noqa: PTH116 - three calls, each second
    except OSError:
        return None
    made_ns = link.st_mtime_ns if link.st_ino != node.st_ino else 0
    real = os.path.realpath(path)
    return f"{real} {node.st_rdev} {node.st_ino} {made_ns} {_usb_number(node.st_rdev)}"


def _usb_number(device: int) -> str:
    place = Path(f"/sys/dev/char/{os.major(device)}:{os.minor(device)}")
    try:
        folder = place.resolve(strict=True)
        for above in [folder, *folder.parents][:_ABOVE_MAX]:
            number = above / "devnum"
            if number.exists():
                return number.read_text("ascii").strip()
    except OSError:
        return ""  # it has just gone; the next look says so
    return ""
