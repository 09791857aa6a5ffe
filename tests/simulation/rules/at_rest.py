"""What a unit holds, read from its bytes; and what must hold once nothing moves any more."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, NamedTuple

from edge.contract.ids import EntryRef, StatusIndex, VoucherId
from edge.contract.journal_entry import EntryKind, EpochCause, JournalEntry
from edge.contract.policy import EXACT, Mode
from edge.contract.sync_message import UnitState
from edge.journal.audit import audit
from tests.simulation.customers import Voucher
from tests.simulation.machine import Machine

if TYPE_CHECKING:
    from tests.simulation.rules.judge import Judge

Names = Callable[[EntryRef], bool]
"""Says whether a journal reports an entry as perhaps lost."""


class RiskSeen(NamedTuple):
    """What a unit has risked alone that the hub has not acknowledged."""

    accepted: int
    sum_minor: int
    recent: int


def journal_of(machine: Machine) -> tuple[dict[tuple[int, int], bytes], Names]:
    """Return a unit's entries with their hashes, and what its journal names as lost."""
    with machine.store.reading():
        rows = machine.store.rows(
            "SELECT epoch, seq, hash, kind, entry FROM journal ORDER BY epoch, seq"
        )
    here = {(epoch, seq): bytes(digest) for epoch, seq, digest, _, _ in rows}
    opened = [JournalEntry.decode(bytes(r[4])) for r in rows if r[3] == EntryKind.EPOCH]
    return here, names_of(opened, here)


def names_of(opened: Iterable[JournalEntry], here: Iterable[tuple[int, int]]) -> Names:
    """Return what these openings of epochs report.

    An epoch that follows ``(e, n)`` and says that ``(f, k)`` is known has lost everything between;
    with k = 0 nobody knows how much there was.
    """
    ranges: list[tuple[tuple[int, int], tuple[int, int]]] = []
    ends = sorted(here)
    for entry in opened:
        gap = entry.gap
        if gap is None or gap.cause is EpochCause.FIRST_START:
            continue
        before = max((end for end in ends if end[0] < entry.epoch), default=(0, 0))
        known = (gap.epoch, gap.known_seq) if gap.known_seq else (entry.epoch, 1 << 62)
        if gap.cause in {EpochCause.JOURNAL_ALTERED, EpochCause.HUB_AHEAD}:
            ranges.append(((gap.epoch, 0), known))
        ranges.append((min(before, (gap.epoch, gap.have_seq or 1 << 62)), known))
    return lambda ref: any(low < (ref.epoch, ref.seq) <= high for low, high in ranges)


def hash_at(machine: Machine, epoch: int, seq: int) -> bytes | None:
    """Return the hash of an entry of a unit, None if it is not there."""
    rows = machine.store.rows("SELECT hash FROM journal WHERE epoch = ? AND seq = ?", (epoch, seq))
    return bytes(rows[0][0]) if rows else None


def taken_here(machine: Machine, voucher_id: VoucherId) -> int:
    """Return how much of a voucher a unit's own journal has taken, voids off."""
    [[taken]] = machine.store.rows(
        "SELECT coalesce(sum(CASE kind WHEN 1 THEN amount ELSE -amount END), 0) FROM journal"
        " WHERE voucher_id = ? AND kind IN (1, 3)",
        (voucher_id,),
    )
    return int(taken)


def spent_here(machine: Machine, evidence: bytes) -> int:
    """Return how much a unit's own journal has taken on a lease, voids off."""
    entries = [
        JournalEntry.decode(bytes(raw))
        for (raw,) in machine.store.rows("SELECT entry FROM journal WHERE kind IN (1, 3)")
    ]
    on_it = {e.ref[1:]: e.amount or 0 for e in entries if e.evidence == evidence}
    return sum(on_it.values()) - sum(e.amount or 0 for e in entries if e.voids in on_it)


def risk_of(machine: Machine, vouchers: list[Voucher], at_s: int) -> RiskSeen:
    """Count what a unit has accepted alone since the hub's acknowledgement, voided or not."""
    worth = {v.claims.voucher_id: v for v in vouchers}
    rows = machine.store.rows(
        "SELECT voucher_id, amount, wall_s, mode FROM journal WHERE kind = 1"
        " AND (epoch, seq) > (?, ?)",
        machine.journal.acked[:2],
    )
    alone = [(v, a, t) for v, a, t, mode in rows if Mode(mode) not in EXACT]
    return RiskSeen(
        len(alone),
        sum(worth[v].worth_minor(a) for v, a, _ in alone),
        sum(t > at_s - 600 for _, _, t in alone),
    )


# --- at rest -------------------------------------------------------------------------------------


def check(judge: Judge) -> None:
    """Look at units and hub, now that they have said everything to one another."""
    for machine in judge.world.machines:
        if not machine.is_up:
            judge.accuse("in-step", f"{machine.name} does not come up: {machine.broken}")
            continue
        count, findings = audit(machine.store)
        if findings:
            judge.accuse("told-is-kept", f"{machine.name}: {findings[0]} of {count}")
        _times(judge, machine)
        _agrees(judge, machine)
        judge.printed(machine)
    _told(judge)
    _forks(judge)


def _times(judge: Judge, machine: Machine) -> None:
    newest: dict[bytes, int] = {}
    receipts = 0
    for (raw,) in machine.store.rows("SELECT entry FROM journal ORDER BY epoch, seq"):
        entry = JournalEntry.decode(bytes(raw))
        if entry.monotonic_ms < newest.get(entry.boot, 0):
            judge.accuse("time-forward", f"{machine.name} {entry.epoch}/{entry.seq}")
        newest[entry.boot] = entry.monotonic_ms
        if entry.receipt is not None:
            if entry.receipt <= receipts:
                judge.accuse("paper-is-true", f"{machine.name} receipt {entry.receipt} again")
            receipts = entry.receipt


def _agrees(judge: Judge, machine: Machine) -> None:
    hub, journal = judge.world.hub, machine.journal
    tail, unpushed = journal.tail, journal.unpushed()
    if unpushed:
        error = machine.sync.pushing.last_error
        judge.accuse("in-step", f"{machine.name} keeps {unpushed} entries back: {error}")
    known = hub.books.tails.get((machine.unit, tail.epoch))
    if known is None or (known.seq, known.hash) != (tail.seq, tail.hash):
        judge.accuse("in-step", f"the hub has {known and known[:2]} of {machine.name}")
    if hub.state_of(machine.unit) is not UnitState.ACTIVE:
        return
    word = machine.bundles.word
    assert word is not None, "enrolled"
    if word.policy is None or word.policy.to_body() != hub.policy().to_body():
        judge.accuse("in-step", f"{machine.name} has another policy than the hub")
    for voucher in judge.world.vouchers:
        sold = hub.books.vouchers.get(voucher.claims.voucher_id)
        if sold is None:
            continue
        told, _ = word.status_of(StatusIndex(voucher.claims.status_index))
        if told is not sold.status:
            judge.accuse(
                "in-step",
                f"{machine.name} takes {voucher.name} for {told and told.name},"
                f" it is {sold.status.name}",
            )


def _told(judge: Judge) -> None:
    hub = judge.world.hub.books
    names: dict[str, Names] = {}
    for unit in hub.units:
        here = [(r.epoch, r.seq) for r in hub.entries if r.unit == unit]
        opened = [
            k.entry for r, k in hub.entries.items()
            if r.unit == unit and k.entry and k.entry.kind is EntryKind.EPOCH
        ]  # fmt: skip
        names[unit] = names_of(opened, here)
    for (ref, digest), (name, entry) in judge.told_of.items():
        kept = hub.entries.get(ref)
        if (kept and kept.hash == digest) or (ref, digest) in hub.forked:
            continue
        if (
            judge.both_are_older(name)
            or (ref, digest) in judge.excused | judge.reported
            or names[ref.unit](ref)
        ):
            continue
        judge.accuse("told-is-kept", f"{ref} of {name}, {entry.kind.name}, is nowhere")


def _forks(judge: Judge) -> None:
    """Two entries of one name that both came to the hub have stopped their unit."""
    hub = judge.world.hub.books
    alarmed = {unit for unit, kind in hub.alarms if kind == "fork"}
    for ref, digest in judge.told_of:
        kept = hub.entries.get(ref)
        if hub.units[ref.unit].revoked_at_s is not None:
            continue  # it was stopped already
        has_two = kept is not None and kept.hash != digest and (ref, digest) in hub.forked
        if has_two and ref.unit not in alarmed and not judge.world.is_rewritten:
            judge.accuse("fork-seen", f"{ref} has two entries and nobody was called")
    back = {m.unit for m in judge.world.machines if m.name in judge.ever_set_back}
    for unit in alarmed - back - judge.cloned_units if not judge.world.is_rewritten else ():
        judge.accuse("fork-seen", f"{unit} was stopped, and has one journal")
