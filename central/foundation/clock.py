"""The hub's clock."""

from __future__ import annotations

import time


def now_s() -> int:
    """Read the hub's clock, Unix seconds."""
    return int(time.time())  # noqa: TID251 - the one place
