"""A unit is stopped, or let go on after somebody has looked."""

from __future__ import annotations

from central.errors import Conflict, NotFound
from central.foundation.db.engine import money_transaction
from central.foundation.language.said import Saying
from central.stores.units.peers import peers_changed
from central.stores.units.tables import Unit
from edge.contract.ids import StoreId, UnitId
from edge.contract.sync_message import UnitState


def revoke(unit_id: UnitId, at_s: int) -> None:
    """Stop a unit for good: no more keys; what it chained before still counts.

    Raises:
        NotFound: there is none; Conflict: it is revoked already.
    """
    _move(unit_id, UnitState.REVOKED, {UnitState.ACTIVE, UnitState.QUARANTINED}, at_s)


def release(unit_id: UnitId) -> None:
    """Let a quarantined unit go on; somebody has looked at its two journals."""
    _move(unit_id, UnitState.ACTIVE, {UnitState.QUARANTINED}, None)


def _move(
    unit_id: UnitId, wanted: UnitState, allowed: set[UnitState], revoked_at_s: int | None
) -> None:
    def write() -> None:
        changed = (
            Unit.update(state=str(wanted), revoked_at_s=revoked_at_s)
            .where(Unit.id == unit_id, Unit.state << [str(s) for s in allowed])
            .execute()
        )
        if not changed:
            unit = Unit.get_or_none(Unit.id == unit_id)
            if unit is None:
                raise NotFound(Saying("no-till", unit=unit_id))
            raise Conflict(Saying("till-is", unit=unit_id, state=str(unit.state)))
        peers_changed(StoreId(Unit.get(Unit.id == unit_id).store_id))

    money_transaction(write)
