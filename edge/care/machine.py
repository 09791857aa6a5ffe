"""What this machine says of itself: whether there is a way out, and how the service is."""

from __future__ import annotations

import subprocess
from dataclasses import dataclass
from pathlib import Path

SERVICE = "tearoff-unit"
_WAIT_S = 5


@dataclass(frozen=True, slots=True)
class Machine:
    """Where it says so; a test puts its own files there."""

    routes: Path = Path("/proc/net/route")
    routes_6: Path = Path("/proc/net/ipv6_route")
    service_file: Path = Path(f"/etc/systemd/system/{SERVICE}.service")
    systemctl: str = "systemctl"

    def way_out(self) -> str:
        """Return the interface of a default route; empty if there is none.

        Source: proc(5). IPv4: destination and mask are zero, flag 1 is "up". IPv6: destination
        and prefix are zero, and the interface is not the loopback, which has such a route, too.
        """
        for line in _lines(self.routes)[1:]:
            words = line.split()
            if len(words) > 7 and words[1] == words[7] == "0" * 8 and int(words[3], 16) & 1:
                return words[0]
        for line in _lines(self.routes_6):
            words = line.split()
            if len(words) > 9 and words[0] == "0" * 32 and words[1] == "00" and words[9] != "lo":
                return words[9]
        return ""

    def service_state(self) -> str:
        """Return what systemd says: active, inactive, failed, activating, or unknown."""
        try:
            done = subprocess.run(  # noqa: S603 - a program of the machine, words of ours
                [self.systemctl, "is-active", SERVICE], capture_output=True, text=True,
                timeout=_WAIT_S, check=False,
            )  # fmt: skip
        except (OSError, subprocess.TimeoutExpired):
            return "unknown"
        return done.stdout.strip()[:20] or "unknown"


def _lines(path: Path) -> list[str]:
    try:
        return path.read_text("ascii", "replace").splitlines()
    except OSError:
        return []
