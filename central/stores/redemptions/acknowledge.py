"""How far the hub has a unit's journal, as it tells the unit. Reads only."""

from __future__ import annotations

from central.stores.redemptions.accept import empty_tail
from central.stores.redemptions.complete import lacks_before
from central.stores.units.tables import UnitTail
from edge.contract.ids import Epoch, Seq, UnitId
from edge.contract.sync_message import Ack


def ack_of(unit: UnitId) -> Ack | None:
    """Return how far the hub has the newest epoch of a unit's journal.

    Or, if an epoch says that it followed entries which are not here, how far those are: a hub that
    was restored from a backup gets them again.
    """
    tails = {
        row.epoch: Ack(Epoch(row.epoch), Seq(row.seq), bytes(row.hash))
        for row in UnitTail.select().where(UnitTail.unit_id == unit)
    }
    for epoch in sorted(tails):
        gap = lacks_before(unit, epoch)
        if gap:
            return tails.get(gap.epoch, empty_tail(gap.epoch))
    return max(tails.values(), default=None)
