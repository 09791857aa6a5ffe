"""Who gets how much of a voucher at the simulated hub, and what it has heard of each journal."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from central.stores.redemptions.complete import MARGIN_S
from central.stores.redemptions.resolve import Fact, Share, resolve
from edge.contract.ids import EntryRef, Epoch, Seq, UnitId, VoucherId
from edge.contract.journal_entry import EntryKind, EpochCause, JournalEntry
from edge.contract.policy import Mode
from edge.contract.sync_message import Outcome, UnitState
from tests.simulation.hub.memory import Books


class Facts:
    """The half of a hub that works out what its entries come to."""

    books: Books

    def shares(self, voucher_id: VoucherId) -> dict[EntryRef, Share]:
        """Return who gets how much of a voucher, as ``resolve`` says."""
        about = self._about(voucher_id)
        back: Counter[EntryRef] = Counter()
        for _, e in about:
            if e.voids:
                back[EntryRef(e.unit, *e.voids)] += e.amount or 0
        given: Counter[EntryRef] = Counter()
        for one in self.books.corrections:
            given[one.ref] += one.amount
        on_lease = self._on_leases(about, back)
        facts = [
            Fact(
                ref, self._proven(ref, e, on_lease), e.wall_s,
                max(0, (e.amount or 0) - given[ref] - back[ref]),
                is_voided=back[ref] >= (e.amount or 0), is_written_off=self._came_too_late(ref, e),
            )
            for ref, e in about if e.kind is EntryKind.REDEMPTION
        ]  # fmt: skip
        return resolve(self.books.vouchers[voucher_id].capacity, facts)

    def _covered(self, voucher_id: VoucherId) -> int:
        return sum(share.covered for share in self.shares(voucher_id).values())

    def _about(self, voucher_id: VoucherId) -> list[tuple[EntryRef, JournalEntry]]:
        return [
            (ref, kept.entry) for ref, kept in self.books.entries.items()
            if kept.entry is not None and kept.entry.voucher_id == voucher_id
            and kept.entry.kind in {EntryKind.REDEMPTION, EntryKind.VOID}
            and kept.outcome is not Outcome.QUARANTINED
        ]  # fmt: skip

    def _is_about(self, ref: EntryRef, voucher_id: VoucherId) -> bool:
        entry = self.books.entries[ref].entry
        return entry is not None and entry.voucher_id == voucher_id

    def _proven(self, ref: EntryRef, entry: JournalEntry, on_lease: set[EntryRef]) -> Mode:
        """Return what stood behind an acceptance, as far as it can be held against what we gave."""
        mode = entry.mode or Mode.SOLO
        if mode is Mode.LEASE and ref not in on_lease:
            return Mode.SOLO
        if mode is Mode.GRANT:
            given = self.books.grants.get((entry.unit, entry.request or b""))
            is_it = given and given[:3] == (entry.voucher_id, entry.amount, entry.evidence)
            return mode if is_it else Mode.SOLO
        return mode

    def _came_too_late(self, ref: EntryRef, entry: JournalEntry) -> bool:
        """Say whether it is on a lease that was given up before it came."""
        lent = self.books.leases.get(entry.evidence or b"")
        is_given_up = lent is not None and lent.closed_how == "written-off"
        return lent is not None and is_given_up and self.books.entries[ref].at_s > lent.closed_at_s

    def _on_leases(
        self, about: Iterable[tuple[EntryRef, JournalEntry]], back: Counter[EntryRef]
    ) -> set[EntryRef]:
        """Return the acceptances that a lease covers, in the order of the journal."""
        left = {lease_id: lent.amount for lease_id, lent in self.books.leases.items()}
        covered = set()
        for ref, e in sorted(about, key=lambda one: one[0]):
            lent = self.books.leases.get(e.evidence or b"")
            if e.mode is not Mode.LEASE or lent is None or e.evidence is None:
                continue
            kept = (e.amount or 0) - back[ref]
            is_its = (e.unit, e.voucher_id) == (lent.unit, lent.voucher_id)
            if is_its and 0 < kept <= left[e.evidence] and e.wall_s < lent.expires_at_s:
                left[e.evidence] -= kept
                covered.add(ref)
        return covered

    # --- what was heard of a journal -------------------------------------------------------------

    def _has_all_until(self, unit: UnitId, at_s: int) -> bool:
        """Say whether every entry that a unit made before this moment of its clock is here."""
        return self._is_revoked(unit) or self._has_told(unit, at_s)

    def _has_told(self, unit: UnitId, at_s: int) -> bool:
        """Say the same by its own word alone."""
        told_s = self.books.health.get(unit, (0, 0, 0))[2]
        return self._is_here(unit) and told_s >= at_s

    def _is_here(self, unit: UnitId) -> bool:
        """Say whether the newest entry that a unit has named is here."""
        epoch, seq, _ = self.books.health.get(unit, (0, 0, 0))
        tail = self.books.tails.get((unit, epoch))
        return tail is not None and tail.seq >= seq

    def _heard_past(self, unit: UnitId, at_s: int) -> bool:
        """Say whether nothing that a unit did by a moment can still be on its way."""
        if not self._is_revoked(unit) and self.has_lost(unit):
            return False
        return self._has_all_until(unit, at_s + MARGIN_S + 1)

    def _is_revoked(self, unit: UnitId) -> bool:
        return self.books.units[unit].state is UnitState.REVOKED

    def has_lost(self, unit: UnitId) -> bool:
        """Say whether an epoch of a unit reports entries as lost that are not here either."""
        tails = {epoch: ack.seq for (u, epoch), ack in self.books.tails.items() if u == unit}
        for epoch in tails:
            opened = self.books.entries[EntryRef(unit, Epoch(epoch), Seq(1))].entry
            gap = opened and opened.gap
            if not gap or gap.cause is EpochCause.FIRST_START:
                continue
            if not gap.known_seq or tails.get(gap.epoch, 0) < gap.known_seq:
                return True
        return False
