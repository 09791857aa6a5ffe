"""How far the hub has each unit's journal, for the finality watermark. Reads only."""

from __future__ import annotations

import json
from typing import Any

from central.errors import Conflict, NotFound, RequestInvalid
from central.foundation.db.engine import change, money_transaction, rows
from central.foundation.language.said import Saying
from central.foundation.language.words import N_
from central.money.settlement.model import Lost, Told, UnitJournal
from central.stores.units.tables import Store, Unit
from edge.contract.ids import StoreGroup, StoreId, UnitId
from edge.contract.journal_entry import EpochCause, Gap, JournalEntry
from edge.contract.signed import MessageInvalid
from edge.contract.sync_message import UnitState

REASON_CHARS = 500
MARGIN_S = 600
"""How far a unit's clock may be behind ours. What it was promised counts as over only once it has
told all that it did until so much after the end."""


def unit_journals() -> list[UnitJournal]:
    """Return what is known of the journal of each unit that was not revoked, by unit."""
    groups = {store.id: store.store_group for store in Store.select()}
    return [
        _journal(unit, groups[unit.store_id])
        for unit in Unit.select().where(Unit.state != str(UnitState.REVOKED)).order_by(Unit.id)
    ]


def journal_of(unit: Unit) -> UnitJournal:
    """Return what is known of one unit's journal, whether it was revoked or not."""
    return _journal(unit, Store.get_by_id(unit.store_id).store_group)


def accept_gap(unit: UnitId, epoch: int, reason: str, by: str, at_s: int) -> None:
    """Say that nobody waits any more for the entries that an epoch reports as lost.

    Raises:
        NotFound: this unit has no such epoch, or it reports nothing lost.
        RequestInvalid: there is no reason. Conflict: somebody has said it before.
    """
    told = reason.strip()
    if not 1 <= len(told) <= REASON_CHARS:
        raise RequestInvalid(N_("Say why, in at most 500 characters."))

    def write() -> None:
        if _gap_of(unit, epoch) is None:
            raise NotFound(Saying("epoch-nothing-lost", epoch=epoch, unit=unit))
        if _is_accepted(unit, epoch):
            raise Conflict(Saying("gap-accepted", epoch=epoch, unit=unit))
        change(
            "INSERT INTO accepted_gap (unit_id, epoch, reason, accepted_by, accepted_at_s)"
            " VALUES (?, ?, ?, ?, ?)",
            (unit, epoch, told, by, at_s),
        )

    money_transaction(write)


def lacks_before(unit: UnitId, epoch: int) -> Gap | None:
    """Return what an epoch followed, if the hub has neither that entry nor one beside it."""
    found = _gap_of(unit, epoch)
    if found is None or not found[0].have_seq:
        return None
    gap = found[0]
    name = (unit, gap.epoch, gap.have_seq, gap.have_hash)
    where = "WHERE unit_id = ? AND epoch = ? AND seq = ? AND hash = ?"
    is_here = rows(
        f"SELECT 1 FROM redemption_entry {where} UNION ALL SELECT 1 FROM forked_entry {where}",  # noqa: S608 - our own words
        name + name,
    )
    return None if is_here else gap


def has_all_until(unit_id: UnitId, at_s: int) -> bool:
    """Say whether the hub has every entry that a unit made before this moment of its own clock.

    Nobody waits for a unit that was revoked.
    """
    return Unit.get(Unit.id == unit_id).state == UnitState.REVOKED or has_told(unit_id, at_s)


def has_told(unit_id: UnitId, at_s: int) -> bool:
    """Say the same, whether the unit was revoked or not: by its own word alone."""
    unit = Unit.get(Unit.id == unit_id)
    tails = rows("SELECT epoch, seq FROM unit_tail WHERE unit_id = ?", (unit_id,))
    told = _told(json.loads(unit.health), {int(epoch): int(seq) for epoch, seq in tails})
    return told is not None and told.is_here and told.at_s >= at_s


def heard_past(unit: Unit, at_s: int) -> bool:
    """Say whether nothing that a unit did by a moment can still be on its way, as far as a lease
    hangs on it: one that has lost entries which nobody has written off has not told.

    Nobody waits for a unit that was revoked.
    """
    if unit.state != UnitState.REVOKED and journal_of(unit).lost is not None:
        return False
    return has_all_until(UnitId(unit.id), at_s + MARGIN_S + 1)


def _journal(unit: Unit, group: int) -> UnitJournal:
    tails = {
        int(epoch): int(seq)
        for epoch, seq in rows(
            "SELECT epoch, seq FROM unit_tail WHERE unit_id = ? ORDER BY epoch", (unit.id,)
        )
    }
    newest = max(tails, default=None)
    return UnitJournal(
        unit=UnitId(unit.id),
        store=StoreId(unit.store_id),
        group=StoreGroup(group),
        is_stopped=unit.state != UnitState.ACTIVE,
        enrolled_at_s=unit.enrolled_at_s,
        tail_at_s=None if newest is None else _time_of(unit.id, newest, tails[newest]),
        lost=_lost(unit, tails),
        told=_told(json.loads(unit.health), tails),
        heard_at_s=unit.heard_at_s,
    )


def _time_of(unit: str, epoch: int, seq: int) -> int | None:
    """Return when an entry was made, or the newest readable one before it in its epoch."""
    found = rows(
        "SELECT wall_s, received_at_s FROM redemption_entry"
        " WHERE unit_id = ? AND epoch = ? AND seq <= ? AND wall_s IS NOT NULL"
        " ORDER BY seq DESC LIMIT 1",
        (unit, epoch, seq),
    )
    return min(map(int, found[0])) if found else None  # never later than it came


def _lost(unit: Unit, tails: dict[int, int]) -> Lost | None:
    """Return what an epoch has reported as lost first, if nobody has accepted that."""
    for epoch in tails:
        found = _gap_of(UnitId(unit.id), epoch)
        if found is None or _is_accepted(UnitId(unit.id), epoch):
            continue
        gap, noticed_at_s = found
        if gap.known_seq and tails.get(gap.epoch, 0) >= gap.known_seq:
            continue  # the unit has lost what the hub has
        before = max((e for e in tails if e < epoch), default=None)
        known_s = None if before is None else _time_of(unit.id, before, tails[before])
        return Lost(epoch, unit.enrolled_at_s if known_s is None else known_s, noticed_at_s)
    return None


def _gap_of(unit: UnitId, epoch: int) -> tuple[Gap, int] | None:
    """Return what the first entry of an epoch says is missing, and when the hub got it."""
    found = rows(
        "SELECT entry, received_at_s FROM redemption_entry"
        " WHERE unit_id = ? AND epoch = ? AND seq = 1",
        (unit, epoch),
    )
    if not found:
        return None
    [(raw, received_at_s)] = found
    try:
        gap = JournalEntry.decode(bytes(raw)).gap
    except MessageInvalid:
        return None
    if gap is None or gap.cause is EpochCause.FIRST_START:
        return None
    return gap, int(received_at_s)


def _is_accepted(unit: UnitId, epoch: int) -> bool:
    return bool(rows("SELECT 1 FROM accepted_gap WHERE unit_id = ? AND epoch = ?", (unit, epoch)))


def _told(health: dict[str, Any], tails: dict[int, int]) -> Told | None:
    """Return what a unit has said with its last pull, if it is one that says it."""
    epoch, seq, at_s = (health.get(f"journal_{name}") for name in ("epoch", "seq", "at_s"))
    if not (isinstance(epoch, int) and isinstance(seq, int) and isinstance(at_s, int)):
        return None
    return Told(at_s, is_here=tails.get(epoch, 0) >= seq)
