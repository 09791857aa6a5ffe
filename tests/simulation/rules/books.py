"""What must hold in the hub's books, whatever came in which order."""

from __future__ import annotations

from collections import Counter, defaultdict
from typing import TYPE_CHECKING

from edge.contract.ids import EntryRef, UnitId
from edge.contract.journal_entry import GENESIS, EntryKind, JournalEntry, entry_hash
from edge.contract.status import Status
from edge.contract.sync_message import Outcome
from tests.simulation.customers import Voucher
from tests.simulation.hub.memory import Books, Kept
from tests.simulation.rules import promises

if TYPE_CHECKING:
    from tests.simulation.rules.judge import Judge


def check(judge: Judge) -> None:
    """Look at the hub's books."""
    hub = judge.world.hub.books
    _chains(judge, hub)
    _requests(judge, hub)
    for voucher in judge.world.vouchers:
        _voucher(judge, hub, voucher)


def _chains(judge: Judge, hub: Books) -> None:
    by_epoch: dict[tuple[UnitId, int], dict[int, Kept]] = defaultdict(dict)
    for ref, kept in hub.entries.items():
        by_epoch[ref.unit, ref.epoch][ref.seq] = kept
    for (unit, epoch), chain in by_epoch.items():
        where, tail = f"{unit}/{epoch}", hub.tails.get((unit, epoch))
        if sorted(chain) != list(range(1, len(chain) + 1)):
            judge.accuse("hub-chain", f"{where} has a hole")
            continue
        prev = GENESIS
        for seq in range(1, len(chain) + 1):
            kept = chain[seq]
            if entry_hash(kept.raw) != kept.hash or (kept.entry and kept.entry.prev != prev):
                judge.accuse("hub-chain", f"{where}/{seq} does not follow")
            prev = kept.hash
        if tail is None or (tail.seq, tail.hash) != (len(chain), prev):
            judge.accuse(
                "hub-chain", f"{where} ends at {len(chain)}, the hub says {tail and tail.seq}"
            )


def _requests(judge: Judge, hub: Books) -> None:
    counted: Counter[tuple[UnitId, bytes]] = Counter(
        (ref.unit, kept.entry.request)
        for ref, kept in hub.entries.items()
        if kept.entry is not None and kept.entry.request is not None
    )
    back = {m.unit for m in judge.world.machines if m.name in judge.ever_set_back}
    for (unit, request), count in counted.items():
        if count > 1 and unit not in back | judge.cloned_units:
            judge.accuse("one-row", f"{unit} {request[:4].hex()} has {count} entries")


def _voucher(judge: Judge, hub: Books, voucher: Voucher) -> None:
    """Look at one voucher."""
    name, voucher_id = voucher.name, voucher.claims.voucher_id
    if voucher_id not in hub.vouchers:
        return  # the hub was set back to before it was sold
    facts = _facts(judge, hub, voucher)
    told = [(ref, e) for ref, e, _ in facts]
    kept_here = promises.kept_of(told)
    modes = promises.proven(told, kept_here, hub)
    amounts = promises.less_corrections(judge, kept_here, told, hub)
    # Our own way through: the strongest guarantee first, then the clock, then the name.
    taken = sorted(
        ((promises.is_late(hub, kept), modes[ref], e.wall_s, ref), kept)
        for ref, e, kept in facts
        if e.kind is EntryKind.REDEMPTION and amounts[ref]
    ) if facts else []  # fmt: skip
    left, exact = voucher.capacity, 0
    for (_, mode, _, ref), kept in taken:
        amount = amounts[ref]
        covered = min(amount, left)
        left -= covered
        if mode in promises.PROMISED and kept.entry and judge.is_waited_for(kept.entry):
            exact += amount
        if kept.covered != covered:
            judge.accuse("never-over", f"{name} {ref}: {kept.covered} of {covered} is covered")
        excess = amount - covered
        if hub.conflicts.get(ref, 0) != excess:
            judge.accuse("never-over", f"{name} {ref}: a surplus of {excess} is no conflict")
        if (kept.outcome is Outcome.OVERSPEND) != bool(excess):
            judge.accuse("never-over", f"{name} {ref} is called {kept.outcome}")
    for ref in {r for r, amount in amounts.items() if not amount} & hub.conflicts.keys():
        judge.accuse("never-over", f"{name} {ref} was taken back, and is a conflict")
    if exact > voucher.capacity and not judge.world.is_rewritten:
        judge.accuse("exact-is-exact", f"{name} holds {voucher.capacity}, {exact} was promised")
    promises.within_value(judge, hub, voucher, told)
    _status(judge, hub, voucher, left)


def _status(judge: Judge, hub: Books, voucher: Voucher, left: int) -> None:
    status = hub.vouchers[voucher.claims.voucher_id].status
    told = Status.REDEEMED if left <= 0 else Status.VALID
    if status in {Status.VALID, Status.REDEEMED} and status is not told:
        judge.accuse("never-over", f"{voucher.name} has {left} left and is {status.name}")


def _facts(judge: Judge, hub: Books, voucher: Voucher) -> list[tuple[EntryRef, JournalEntry, Kept]]:
    facts = []
    for ref, kept in hub.entries.items():
        entry = kept.entry
        if entry is None or entry.voucher_id != voucher.claims.voucher_id:
            continue
        if entry.kind not in {EntryKind.REDEMPTION, EntryKind.VOID}:
            continue
        revoked_at_s = hub.units[ref.unit].revoked_at_s
        is_late = revoked_at_s is not None and entry.wall_s > revoked_at_s
        counts = kept.outcome is not Outcome.QUARANTINED
        if is_late and counts and not judge.was_here_before(ref):
            judge.accuse("revoked-stays-out", f"{ref} counts")
        if kept.outcome is Outcome.QUARANTINED:
            if kept.reason not in {"after-revocation", "unknown-voucher", "voids-nothing"}:
                judge.accuse("told-is-kept", f"{ref} is set aside as {kept.reason}")
            continue
        facts.append((ref, entry, kept))
    return facts
