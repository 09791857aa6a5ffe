"""The main job on 64-bit ARM, in a Debian of its own, by emulation: half an hour, and root.

``./run test -m arm64 tests/platforms`` runs it; nothing else does.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parent / "arm64.sh"
NEEDED = ("debootstrap", "qemu-aarch64-static")
LONGEST_S = 3 * 3600


@pytest.mark.arm64
def test_the_demo_is_played_and_judged_on_arm64(tmp_path: Path) -> None:
    missing = [program for program in NEEDED if shutil.which(program) is None]
    if missing or os.geteuid() != 0:
        pytest.skip(f"wants root and {', '.join(NEEDED)} (Debian: debootstrap qemu-user-static)")
    done = subprocess.run(
        [str(SCRIPT), str(tmp_path / "arm64")], capture_output=True, text=True, check=False,
        timeout=LONGEST_S,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-3000:]
    assert done.stdout.startswith("aarch64\n")
    assert "the demo's judge found nothing" in done.stderr
