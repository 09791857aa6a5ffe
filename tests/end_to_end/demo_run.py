"""One performance of the demo as somebody gets it who types the command."""

from __future__ import annotations

import fcntl
import json
import subprocess
import sys
from pathlib import Path
from typing import Any, NamedTuple

ROOT = Path(__file__).parent.parent.parent
LONGEST_S = 300


class DemoRun(NamedTuple):
    """What it left.

    Args:
        status: The exit status.
        told: What it said on standard output; ``story`` on standard error.
        directory: What was kept.
    """

    status: int
    told: str
    story: str
    directory: Path

    @property
    def facts(self) -> dict[str, Any]:
        """What it printed."""
        found: dict[str, Any] = json.loads(self.told)
        return found


def the_demo(place: Path) -> DemoRun:
    """Play the demo in a directory, or return what it left there if somebody has played it."""
    with (place / "demo.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        noted = place / "demo.json"
        if not noted.exists():
            noted.write_text(json.dumps(_play(place / "demo")))
    status, told, story = json.loads(noted.read_text())
    return DemoRun(status, told, story, place / "demo")


def _play(directory: Path) -> list[Any]:
    command = [sys.executable, "-m", "tests.demo", "--once", "--json", "--keep", str(directory)]
    done = subprocess.run(
        command, cwd=ROOT, capture_output=True, text=True, timeout=LONGEST_S, check=False
    )
    return [done.returncode, done.stdout, done.stderr]


def judged_again(file: Path) -> tuple[int, str]:
    """Let the demo judge facts that were kept; return its exit status and what it said."""
    command = [sys.executable, "-m", "tests.demo", "--judge", str(file)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    return done.returncode, done.stderr
