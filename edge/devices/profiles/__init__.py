"""Hardware as data: what each printer, scanner, camera, screen and whole terminal is like.

    model   the keys of a profile, by kind: frozen dataclasses
    keys    what a key may hold, and the reading of it
    load    finding a file, what it inherits, the overrides of a site

A program asks for one by kind and id: ``load("scanner", "gm65-uart", places(site))``.
"""

from edge.devices.profiles.load import ids, load, places, read_file
from edge.devices.profiles.model import (
    KINDS,
    CameraProfile,
    DisplayProfile,
    PrinterProfile,
    Profile,
    ScannerProfile,
    TerminalProfile,
)

__all__ = [
    "KINDS",
    "CameraProfile",
    "DisplayProfile",
    "PrinterProfile",
    "Profile",
    "ScannerProfile",
    "TerminalProfile",
    "ids",
    "load",
    "places",
    "read_file",
]
