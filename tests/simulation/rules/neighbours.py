"""What the units of one store owe one another: seen from the cables and from all their journals."""

from __future__ import annotations

from typing import TYPE_CHECKING

from edge.contract.ids import EntryRef, VoucherId
from edge.contract.journal_entry import EntryKind, JournalEntry
from edge.contract.policy import EXACT, Mode
from edge.contract.sync_message import UnitState
from tests.simulation.machine import Machine
from tests.simulation.rules.answers import Before

if TYPE_CHECKING:
    from tests.simulation.rules.judge import Judge


def accepted(judge: Judge, machine: Machine, entry: JournalEntry, b: Before) -> None:
    """Hold an acceptance in a store of several units against what all of them did."""
    if not judge.world.mix.lan:
        return
    who = f"{machine.name} {entry.epoch}/{entry.seq}"
    if entry.mode in {Mode.LAN, Mode.DEGRADED}:
        _asked(judge, machine, entry, b, who)
    if entry.mode in EXACT and entry.voucher_id is not None:
        _exact(judge, entry.voucher_id, who)


def _asked(judge: Judge, machine: Machine, entry: JournalEntry, b: Before, who: str) -> None:
    """Whose word it says to have, it can only have if something went there and came back."""
    world = judge.world
    others = [u for u, known in world.hub.books.units.items()
              if u != machine.unit and known.revoked_at_s is None]  # fmt: skip
    met = {
        m.unit for m in world.machines
        if min(world.wires.arrived.get((machine.name, m.name), 0.0),
               world.wires.arrived.get((m.name, machine.name), 0.0)) >= b.at_s
    }  # fmt: skip
    silent = sorted(set(others) - met)
    if entry.mode is Mode.LAN and silent:
        judge.accuse("everybody-was-asked", f"{who} in mode LAN without {silent}")
    if entry.mode is Mode.DEGRADED and not met:
        judge.accuse("everybody-was-asked", f"{who} in mode DEGRADED without anybody")


def _exact(judge: Judge, voucher_id: VoucherId, who: str) -> None:
    entries = _entries(judge, voucher_id)
    back: dict[EntryRef, int] = {}
    for entry in entries.values():
        if entry.voids:
            ref = EntryRef(entry.unit, *entry.voids)
            back[ref] = back.get(ref, 0) + (entry.amount or 0)
    counted = EXACT if not judge.world.is_rewritten else {Mode.LAN}
    taken = 0
    for (ref, _), entry in entries.items():
        is_exact = entry.kind is EntryKind.REDEMPTION and entry.mode in counted
        if is_exact and judge.is_waited_for(entry) and not judge.is_doubtful(ref.unit):
            given = judge.given_back.get(ref, (voucher_id, 0))[1]
            taken += max(0, (entry.amount or 0) - back.get(ref, 0) - given)
    voucher = next(v for v in judge.world.vouchers if v.claims.voucher_id == voucher_id)
    if taken > voucher.capacity:
        judge.accuse(
            "store-is-exact", f"{who} {voucher.name} of {voucher.capacity}: {taken} taken exactly"
        )


def _entries(judge: Judge, voucher_id: VoucherId) -> dict[tuple[EntryRef, bytes], JournalEntry]:
    """Return all that any unit, or the hub, has of a voucher."""
    found = {
        name: entry for name, (_, entry) in judge.told_of.items()
        if entry.voucher_id == voucher_id
    }  # fmt: skip
    for ref, kept in judge.world.hub.books.entries.items():
        if kept.entry is not None and kept.entry.voucher_id == voucher_id:
            found[ref, kept.hash] = kept.entry
    for machine in judge.world.machines:
        if machine.is_up:
            for digest, raw in machine.store.rows(
                "SELECT hash, entry FROM journal WHERE voucher_id = ? AND kind IN (1, 3)",
                (voucher_id,),
            ):
                entry = JournalEntry.decode(bytes(raw))
                found[entry.ref, bytes(digest)] = entry
    return found


def check(judge: Judge) -> None:
    """Once nothing moves any more, each unit has the journal of each other one."""
    world = judge.world
    if not world.mix.lan:
        return
    active = [
        m for m in world.machines
        if m.is_up and world.hub.state_of(m.unit) is UnitState.ACTIVE
        and not judge.is_doubtful(m.unit)
    ]  # fmt: skip
    for machine in active:
        for other in active:
            if other is machine or machine.shelf is None:
                continue
            newest = machine.shelf.newest().get(other.unit)
            if newest is None or newest[:2] != other.journal.tail[:2]:
                judge.accuse(
                    "in-step", f"{machine.name} has {other.name} up to {newest and newest[:2]}"
                )
