"""The units as an operator sees them."""

from __future__ import annotations

import json
from typing import Any, NamedTuple

from central.foundation.db.engine import rows
from central.stores.units.tables import Alarm, Store, Unit

LATE_S = 300
"""A unit that has not been heard of for this long is shown as silent."""


class Brought(NamedTuple):
    """The newest entries of a unit that reached the hub through another one."""

    by: str
    epoch: int
    last_seq: int


class UnitView(NamedTuple):
    """One unit, with how far the hub has its journal."""

    id: str
    store: str
    store_name: str
    state: str
    hardware: str
    heard_at_s: int | None
    epoch: int | None
    seq: int | None
    head_hex: str | None
    health: dict[str, Any]
    brought: Brought | None = None

    def is_silent(self, now_s: int) -> bool:
        """Say whether it has not been heard of lately."""
        return self.heard_at_s is None or now_s - self.heard_at_s > LATE_S


class AlarmView(NamedTuple):
    """One alarm."""

    unit: str
    kind: str
    detail: str
    at_s: int


def units() -> list[UnitView]:
    """Return all units by store and name."""
    tails: dict[str, tuple[int, int, str]] = {
        unit_id: (epoch, seq, bytes(digest).hex())
        for unit_id, epoch, seq, digest in rows(
            "SELECT unit_id, epoch, seq, hash FROM unit_tail ORDER BY epoch"
        )
    }
    brought = {
        unit_id: Brought(relayer, epoch, last)
        for unit_id, relayer, epoch, last in rows(
            "SELECT unit_id, relayer_id, epoch, last_seq FROM relayed_run ORDER BY epoch, last_seq"
        )
    }
    names = {store.id: store.name for store in Store.select()}
    views = []
    for unit in Unit.select().order_by(Unit.store_id, Unit.id):
        epoch, seq, head_hex = tails.get(unit.id, (None, None, None))
        views.append(
            UnitView(
                unit.id,
                unit.store_id,
                names[unit.store_id],
                unit.state,
                unit.hardware,
                unit.heard_at_s,
                epoch,
                seq,
                head_hex,
                json.loads(unit.health),
                brought.get(unit.id),
            )
        )
    return views


def alarms(limit: int = 20) -> list[AlarmView]:
    """Return the newest alarms, newest first."""
    return [
        AlarmView(row.unit_id, row.kind, row.detail, row.at_s)
        for row in Alarm.select().order_by(Alarm.id.desc()).limit(limit)
    ]
