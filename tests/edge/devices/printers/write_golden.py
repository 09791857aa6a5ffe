"""Writes the golden papers anew: ``python -m tests.edge.devices.printers.write_golden``."""

from __future__ import annotations

from edge.devices.profiles import ids
from tests.edge.devices.printers.papers import FONT, GOLDEN, Golden, is_comparable

if __name__ == "__main__":
    assert is_comparable(), f"install {FONT}: apt-get install fonts-wqy-microhei"
    GOLDEN.mkdir(exist_ok=True)
    for name in ids("printer"):
        (GOLDEN / f"{name}.txt").write_text(Golden.of(name).text, "utf-8")
