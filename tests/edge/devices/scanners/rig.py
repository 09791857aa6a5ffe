"""Scanners that are simulated, and profiles for them."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from edge.devices.profiles import ScannerProfile, load, read_file
from edge.devices.scanners.serial_line import SerialScanner

TOKEN = b"9" + b"0123456789" * 22 + b"12345"
PATIENCE_S = 30.0

TOML = """
schema = 1
id = "{id}"
kind = "scanner"
name = "A scanner"
status = "untested"
evidence = "A test."
[frame]
terminator = "{terminator}"
protocol = "{protocol}"
strip = {strip}
[commands]
{commands}
"""


def a_profile(folder: Path, **bent: Any) -> ScannerProfile:
    """A profile with commands by name, or one that ships if it is all the same."""
    fields = {"id": "a-scanner", "terminator": "cr", "protocol": "lines", "strip": "[]"}
    commands = {name: value for name, value in bent.items() if name not in fields}
    fields |= {name: value for name, value in bent.items() if name in fields}
    lines = "\n".join(f"{name} = {value}" for name, value in commands.items())
    file = folder / f"{fields['id']}.toml"
    file.write_text(TOML.format(**fields, commands=lines))
    profile = read_file(file)
    assert isinstance(profile, ScannerProfile)
    return profile


def gm65() -> ScannerProfile:
    return load("scanner", "gm65-uart")


def read_until(scanner: SerialScanner, count: int) -> list[bytes]:
    """What the scanner delivers, once it is so many codes."""
    found: list[bytes] = []
    until_s = time.monotonic() + PATIENCE_S
    while len(found) < count:
        assert time.monotonic() < until_s, f"only {found}"
        found += scanner.read(0.2)
    return found


def wait_for(holds: Callable[[], object]) -> None:
    """Wait until something holds."""
    until_s = time.monotonic() + PATIENCE_S
    while not holds():
        assert time.monotonic() < until_s, "it never was so"
        time.sleep(0.005)
