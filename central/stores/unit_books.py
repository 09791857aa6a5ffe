"""What a unit is told of itself alone: what it was lent, and what was given back of its own."""

from __future__ import annotations

from central.stores.corrections import give_back
from central.stores.redemptions import lease
from central.stores.units.bundle import UnitBook
from edge.contract.ids import UnitId
from edge.contract.signed import Kind


def books_of(unit_id: UnitId) -> tuple[tuple[Kind, UnitBook], ...]:
    """Return every book of a unit, with the kind of message that it goes in."""
    return (
        (Kind.LEASE, lease.book_of(unit_id)),
        (Kind.CORRECTIONS, give_back.book_of(unit_id)),
    )
