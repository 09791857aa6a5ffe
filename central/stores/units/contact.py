"""When a unit was heard of: how old what it knew was, at any moment in the past.

A row an unbroken contact, not one a pull: a silence of no more than GAP_S makes nothing stale.
"""

from __future__ import annotations

from central.foundation.db.engine import change, rows
from edge.contract.ids import UnitId

GAP_S = 900
"""A status is fresh for this long (contract §3), so a shorter silence says nothing."""


def note_contact(unit: UnitId, at_s: int) -> None:
    """Note that a unit was heard of; call it in a transaction."""
    lengthened = rows(
        "UPDATE unit_contact SET until_s = ? WHERE unit_id = ? AND from_s = ("
        " SELECT max(from_s) FROM unit_contact WHERE unit_id = ?)"
        " AND until_s BETWEEN ? AND ? RETURNING from_s",
        (at_s, unit, unit, at_s - GAP_S, at_s),
    )
    if not lengthened:
        change(
            "INSERT INTO unit_contact (unit_id, from_s, until_s) VALUES (?, ?, ?)"
            " ON CONFLICT (unit_id, from_s) DO NOTHING",
            (unit, at_s, at_s),
        )


def silent_for_s(unit: UnitId, at_s: int) -> int | None:
    """Return how long a unit had not been heard of at a moment; None if nobody noted it then."""
    found = rows(
        "SELECT until_s FROM unit_contact WHERE unit_id = ? AND from_s <= ?"
        " ORDER BY from_s DESC LIMIT 1",
        (unit, at_s),
    )
    return max(0, at_s - int(found[0][0])) if found else None
