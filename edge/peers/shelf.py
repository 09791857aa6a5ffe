"""Keeps the entries of the other units in the database. The only SQL of this room."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, NamedTuple

from edge.contract.correction import Correction
from edge.contract.ids import EntryRef, Epoch, Seq, UnitId, VoucherId
from edge.contract.journal_entry import EntryKind, JournalEntry
from edge.contract.peer_message import ENTRIES_MAX, Entries
from edge.contract.sync_message import PUSH_BYTES_MAX, PUSH_ENTRIES_MAX, Ack
from edge.db import Store
from edge.peers.gossip import Batch

KEPT_S = 30 * 86400
"""What the hub has acknowledged stays as long as on the unit that made it (contract §7)."""
RELAYED_AFTER_S = 5
"""A unit that reaches the hub has sent an entry itself by then, and said so."""


class Run(NamedTuple):
    """Entries of another unit that the hub may not have, in order, with the head of the last."""

    unit: UnitId
    epoch: Epoch
    first_seq: Seq
    entries: tuple[bytes, ...]
    head: bytes


class PeerShelf:
    """What the other units of the store have recorded. Implements ``gossip.Shelf``.

    Args:
        now_s: Reads the unit's clock, Unix seconds.
    """

    def __init__(self, store: Store, now_s: Callable[[], int]) -> None:
        self._store = store
        self._now_s = now_s

    def newest(self) -> dict[UnitId, Ack]:
        """Return the newest entry of each unit of which there is one."""
        with self._store.reading():
            units = self._store.rows("SELECT DISTINCT unit FROM peer_entry")
            return {UnitId(unit): ack for (unit,) in units if (ack := self._last(unit))}

    def hash_of(self, unit: UnitId, epoch: Epoch, seq: Seq) -> bytes | None:
        """Return the hash of an entry, None if it is not here."""
        with self._store.reading():
            rows = self._store.rows(
                "SELECT hash FROM peer_entry WHERE unit = ? AND epoch = ? AND seq = ?",
                (unit, epoch, seq),
            )
        return bytes(rows[0][0]) if rows else None

    def taken(self, voucher_id: VoucherId) -> dict[UnitId, int]:
        """Return what each unit has taken of a voucher as far as its entries are here."""
        taken: dict[UnitId, int] = {}
        for unit, kind, amount, _ in self._about(voucher_id):
            sign = 1 if kind == EntryKind.REDEMPTION else -1
            taken[UnitId(unit)] = taken.get(UnitId(unit), 0) + sign * amount
        return taken

    def used_steps(self, voucher_id: VoucherId) -> frozenset[int]:
        """Return the time steps of rotating codes that others have accepted for a voucher."""
        return frozenset(
            step
            for _, kind, _, step in self._about(voucher_id)
            if step is not None and kind == EntryKind.REDEMPTION
        )

    def given_back(self, corrections: Iterable[Correction]) -> dict[UnitId, int]:
        """Return what was given back of what each unit has taken, by entries that are here.

        What the unit has taken back itself is not taken any more, and cannot be given back too.
        """
        back: dict[UnitId, int] = {}
        for ref, voucher_id, amount in corrections:
            given = min(amount, self._left_of(ref, voucher_id))
            back[ref.unit] = back.get(ref.unit, 0) + given
        return back

    def put(self, batch: Batch) -> None:
        """Keep entries that were found good and new; all of them or none.

        Raises:
            StoreUnavailable: none is kept.
        """
        message, kept_at_s = batch.message, self._now_s()
        with self._store.transaction():
            for place, (raw, entry, digest) in enumerate(
                zip(message.entries, batch.entries, batch.hashes, strict=True)
            ):
                is_last = place == len(message.entries) - 1
                self._store.execute(
                    "INSERT OR IGNORE INTO peer_entry VALUES (?,?,?,?,?,?,?,?,?,?,?,?)",
                    (message.unit, message.epoch, message.first_seq + place, digest,
                     entry and int(entry.kind), entry and entry.voucher_id,
                     entry and entry.amount, entry and min(entry.wall_s, 2**62),
                     entry and entry.code_step, kept_at_s, raw,
                     message.head if is_last else None),
                )  # fmt: skip

    def after(self, unit: UnitId, held: Ack | None) -> Entries | None:
        """Return the next entries of a unit after one, with their head; None if none are here."""
        run = self._run(unit, held, ENTRIES_MAX)
        if run is None:
            return None
        return Entries(unit, run.epoch, run.first_seq, run.entries, run.head, held is None)

    # --- what the hub has ------------------------------------------------------------------------

    def note_acked(self, unit: UnitId, acked: Ack) -> None:
        """Note how far the hub has the journal of a unit, as that one or the hub says."""
        if self.acked(unit) == acked or acked.epoch >= 2**62 or acked.seq >= 2**62:
            return
        with self._store.transaction():
            self._store.execute(
                "INSERT OR REPLACE INTO peer_acked VALUES (?, ?, ?, ?)", (unit, *acked)
            )

    def forget_acked(self) -> None:
        """The hub may have less than anybody has said: let everything be brought again."""
        with self._store.transaction():
            self._store.execute("DELETE FROM peer_acked")

    def acked(self, unit: UnitId) -> Ack | None:
        """Return how far the hub has the journal of a unit, as far as anybody has said."""
        with self._store.reading():
            rows = self._store.rows(
                "SELECT epoch, seq, hash FROM peer_acked WHERE unit = ?", (unit,)
            )
        return _ack(rows[0]) if rows else None

    def for_hub(self) -> Run | None:
        """Return entries of any unit that the hub may not have, and that have waited here."""
        with self._store.reading():
            waiting = self._store.rows(
                "SELECT p.unit, min(p.kept_at_s) FROM peer_entry p LEFT JOIN peer_acked a"
                " ON a.unit = p.unit WHERE a.unit IS NULL OR (p.epoch, p.seq) > (a.epoch, a.seq)"
                " GROUP BY p.unit ORDER BY 2",
            )
        for unit, kept_at_s in waiting:
            if kept_at_s <= self._now_s() - RELAYED_AFTER_S:
                return self._run(unit, self.acked(UnitId(unit)), PUSH_ENTRIES_MAX)
        return None

    def unsent(self) -> int:
        """Return how many entries of others the hub may not have."""
        with self._store.reading():
            [[count]] = self._store.rows(
                "SELECT count(*) FROM peer_entry p LEFT JOIN peer_acked a ON a.unit = p.unit"
                " WHERE a.unit IS NULL OR (p.epoch, p.seq) > (a.epoch, a.seq)"
            )
        return int(count)

    def forget_old(self) -> None:
        """Drop what the hub has acknowledged and is older than KEPT_S."""
        with self._store.transaction():
            self._store.execute(
                "DELETE FROM peer_entry WHERE kept_at_s < ? AND EXISTS (SELECT 1 FROM peer_acked a"
                " WHERE a.unit = peer_entry.unit"
                " AND (peer_entry.epoch, peer_entry.seq) < (a.epoch, a.seq))",
                (self._now_s() - KEPT_S,),
            )

    # --- rows ------------------------------------------------------------------------------------

    def _run(self, unit: UnitId, held: Ack | None, most: int) -> Run | None:
        """Return a run of one epoch that ends where there is a head."""
        with self._store.reading():
            rows = self._store.rows(
                "SELECT epoch, seq, entry, head FROM peer_entry"
                " WHERE unit = ? AND (epoch, seq) > (?, ?) ORDER BY epoch, seq LIMIT ?",
                (unit, held.epoch if held else -1, held.seq if held else 0, most),
            )
        rows = [row for row in rows if row[0] == rows[0][0]]
        chosen, size = 0, 0
        for place, row in enumerate(rows, start=1):
            size += len(row[2])
            if size > PUSH_BYTES_MAX or (most == ENTRIES_MAX and chosen and size > _DATAGRAM):
                break
            if row[3] is not None:
                chosen = place
        if not chosen:
            return None
        epoch, first, _, _ = rows[0]
        entries = tuple(bytes(row[2]) for row in rows[:chosen])
        return Run(unit, Epoch(epoch), Seq(first), entries, bytes(rows[chosen - 1][3]))

    def _last(self, unit: str) -> Ack | None:
        rows = self._store.rows(
            "SELECT epoch, seq, hash FROM peer_entry WHERE unit = ?"
            " ORDER BY epoch DESC, seq DESC LIMIT 1",
            (unit,),
        )
        return _ack(rows[0]) if rows else None

    def _left_of(self, ref: EntryRef, voucher_id: VoucherId) -> int:
        """Return how much of an acceptance its unit has not taken back; 0 of one not here."""
        with self._store.reading():
            rows = self._store.rows(
                "SELECT epoch, seq, kind, amount, entry FROM peer_entry"
                " WHERE unit = ? AND voucher_id = ? AND kind IN (1, 3)",
                (ref.unit, voucher_id),
            )
        left = 0
        for epoch, seq, kind, amount, raw in rows:
            if kind == EntryKind.REDEMPTION:
                left += amount if (epoch, seq) == ref[1:] else 0
            elif JournalEntry.decode(bytes(raw)).voids == ref[1:]:
                left -= amount
        return max(0, left)

    def _about(self, voucher_id: VoucherId) -> list[tuple[Any, ...]]:
        with self._store.reading():
            return self._store.rows(
                "SELECT unit, kind, amount, code_step FROM peer_entry"
                " WHERE voucher_id = ? AND kind IN (1, 3)",
                (voucher_id,),
            )


_DATAGRAM = 900
"""As long as a message of entries is made, unless one run with its head is longer."""


def _ack(row: tuple[Any, ...]) -> Ack:
    epoch, seq, digest = row
    return Ack(Epoch(epoch), Seq(seq), bytes(digest))
