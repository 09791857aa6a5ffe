"""Writes down what a unit knows of the time, so that its next start does not begin with nothing.

The steady counter begins anew when the machine does. So a restart of the program goes on where it
was; a restart of the machine knows only that it is later, unless a clock with a battery ran on.
"""

from __future__ import annotations

import math

from edge.clock.model import Anchor, Kept, Source
from edge.contract import canonical
from edge.contract.read import Fields
from edge.contract.signed import MessageInvalid
from edge.db import Store

KEEP_EVERY_S = 300.0
"""One small commit every five minutes; a power cut makes the floor older by that much."""
_KEY = "clock"


def read(store: Store) -> Kept | None:
    """Return what was kept last; None if there is nothing that can be read."""
    with store.reading():
        rows = store.rows("SELECT value FROM note WHERE key = ?", (_KEY,))
    return decode(bytes(rows[0][0])) if rows else None


def write(store: Store, kept: Kept) -> None:
    """Keep it.

    Raises:
        StoreUnavailable: it was not kept.
    """
    with store.transaction():
        store.execute(
            "INSERT OR REPLACE INTO note (key, value) VALUES (?, ?)", (_KEY, encode(kept))
        )


def encode(kept: Kept) -> bytes:
    """Return the bytes of it: times in whole milliseconds."""
    anchor = kept.anchor
    ms = [max(0, round(s * 1000)) for s in (anchor.at_s, anchor.steady_s, kept.wall_s)]
    # Rounded up: a start must not make anybody surer than he was.
    uncertainty_ms = math.ceil(anchor.uncertainty_s * 1000)
    return canonical.encode([kept.boot, str(anchor.source), *ms, uncertainty_ms])


def decode(data: bytes) -> Kept | None:
    """Read what ``encode`` wrote; None for anything else, for a lost guess is no disaster."""
    try:
        with Fields(canonical.decode(data, bytes_max=512), "clock") as row:
            anchor = Anchor(
                row.uint(2) / 1000, row.uint(3) / 1000, row.uint(5) / 1000, Source(row.text(1))
            )
            return Kept(row.text(0), anchor, row.uint(4) / 1000)
    except (canonical.NotCanonical, MessageInvalid):
        return None
