"""The journal: appended to under one lock, proven by the anchor, never changed.

The order of an acceptance is: commit, then the anchor, then the answer and the paper. A receipt
can be printed again; a voucher cannot be un-spent.
"""

from __future__ import annotations

import logging
from bisect import bisect_right
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple

import apsw

from edge.clock.trusted_time import TrustedClock
from edge.contract.dynamic_code import WINDOW_STEPS_MAX, step_at
from edge.contract.ids import Epoch, ProductId, Seq, UnitId, VoucherId
from edge.contract.journal_entry import (
    GENESIS,
    EntryKind,
    EpochCause,
    Gap,
    JournalEntry,
    entry_hash,
)
from edge.contract.policy import EXACT
from edge.contract.sync_message import PUSH_BYTES_MAX, PUSH_ENTRIES_MAX, Ack
from edge.db import FREE_SPACE, TRY_AGAIN, Store
from edge.errors import N_, CommitUnknown, DiskFull, JournalBroken, StoreUnavailable
from edge.journal.anchor import AnchorFile
from edge.journal.beginning import Tail, gap_between
from edge.journal.knowledge import Knowledge, Risk, Trace, knowledge_of
from edge.journal.model import AnchorState, Mark

log = logging.getLogger(__name__)

RECENT_S = 600
"""Acceptances of the last ten minutes count towards the velocity limit."""
TAIL_CHECKED = 200
"""Entries whose chain is walked at every start; ``audit`` walks all of it."""

_NO_ACK = Ack(Epoch(0), Seq(0), GENESIS)
_INSERT = (
    "INSERT INTO journal (epoch, seq, hash, kind, voucher_id, amount, wall_s, mode, code_step,"
    " reason, request, entry, request_hash, product, worth_minor, remaining,"
    " source) VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)"
)
_SELECT = "SELECT entry, hash, request_hash, product, worth_minor, remaining, source FROM journal "


class Notes(NamedTuple):
    """What this unit notes beside an entry, for its receipts and answers. Not in the chain.

    Args:
        request_hash: SHA-256 of the request, to tell a retry from a misuse of its key.
        remaining: Left on the voucher afterwards, as far as known, in its own measure.
        source: Where the scan came from: a scanner's name, or ``api``, ``page``, ``picture``.
    """

    request_hash: bytes | None = None
    product: ProductId | None = None
    worth_minor: int | None = None
    remaining: int | None = None
    source: str | None = None


NO_NOTES = Notes()


class Recorded(NamedTuple):
    """An entry as it stands in the journal, with the notes beside it."""

    entry: JournalEntry
    hash: bytes
    notes: Notes


class Page:
    """What one transaction writes into the journal; ``Journal.writing`` hands it out."""

    def __init__(self, journal: Journal, tail: Tail) -> None:
        self._journal = journal
        self.tail = tail
        self.appended: list[Recorded] = []

    def append(self, kind: EntryKind, notes: Notes = NO_NOTES, **fields: Any) -> Recorded:
        """Append an entry; unit, epoch, number, chain, time and receipt number are filled in."""
        journal, tail, now = self._journal, self.tail, self._journal.clock.now()
        receipt = tail.receipt
        if kind in {EntryKind.REDEMPTION, EntryKind.VOID}:
            receipt += 1
            fields["receipt"] = receipt
        entry = JournalEntry(
            unit=journal.unit,
            epoch=tail.epoch,
            seq=Seq(tail.seq + 1),
            prev=tail.hash,
            kind=kind,
            wall_s=now.at_s,
            uncertainty_s=now.uncertainty_s,
            boot=journal.boot,
            monotonic_ms=journal.clock.steady_ms(),
            **fields,
        )
        raw = entry.encode()
        recorded = Recorded(entry, entry_hash(raw), notes)
        journal.store.execute(_INSERT, _row(recorded, raw))
        self.tail = Tail(entry.epoch, entry.seq, recorded.hash, receipt)
        self.appended.append(recorded)
        return recorded

    def answer_also(self, entry: JournalEntry, request: bytes, request_hash: bytes) -> None:
        """Note that a further request is answered with an entry that is there already."""
        self._journal.store.execute(
            "INSERT INTO second_scan (request, request_hash, epoch, seq) VALUES (?, ?, ?, ?)",
            (request, request_hash, entry.epoch, entry.seq),
        )


class Journal:
    """The journal of one unit. Safe to use from any thread.

    Opening compares it with its anchor; if the two disagree, a new epoch begins whose first entry
    names what cannot be proven any more.

    Args:
        boot: Eight random bytes of this start.
        first_epoch: What the enrolment says to begin with.

    Raises:
        JournalBroken: the newest entries do not form a chain.
    """

    def __init__(
        self, store: Store, anchor: AnchorFile, clock: TrustedClock, unit: UnitId, *,
        boot: bytes, first_epoch: Epoch,
    ) -> None:  # fmt: skip
        self.store = store
        self.clock = clock
        self.unit = unit
        self.boot = boot
        self.gap: Gap | None = None
        """Set if this start or the hub's word has opened a new epoch with something missing."""
        self.anchor_failed = False
        self.changes = 0
        """Counts what was committed: whoever finds the same number again has missed nothing."""
        self._anchor = anchor
        self._unsettled: Page | None = None
        try:
            with store.reading():
                newest = self._read_checked()
                self.tail = self._read_tail()
                self.acked = self._read_acked()
                self.risk = self._count_risk()
        except (ValueError, TypeError) as exc:
            raise JournalBroken(
                N_("The newest entries of the journal cannot be read; run `tearoff-unit doctor`.")
            ) from exc
        self._newest_step = max((entry.code_step or 0 for entry in newest), default=0)
        self._begin(first_epoch)

    def close(self) -> None:
        """Close the anchor; the store belongs to somebody else."""
        self._anchor.close()

    # --- beginning -------------------------------------------------------------------------------

    def _begin(self, first_epoch: Epoch) -> None:
        state, mark = self._anchor.read()
        self._newest_step = max(self._newest_step, mark.step_floor)
        gap = gap_between(self.tail, state, mark, self.hash_of, enrolled_before=first_epoch > 1)
        if gap is None:
            # Rewriting what stands there would put the one good slot of a young journal at risk.
            if state is not AnchorState.GOOD or mark != self._mark():
                self._write_anchor()
            return
        used_up_to = mark.step_floor
        if state is not AnchorState.GOOD and self.tail.seq:
            # Nobody knows which codes were used in the entries that may be missing, so every
            # code that can be on a customer's screen counts as used. The next one is fresh.
            used_up_to = step_at(self.clock.now().at_s) + WINDOW_STEPS_MAX // 2
        receipt = max(self.tail.receipt, mark.receipt)
        self._open_epoch(Epoch(max(self.tail.epoch, mark.epoch, first_epoch - 1) + 1), gap,
                         used_up_to, receipt)  # fmt: skip

    def _open_epoch(self, epoch: Epoch, gap: Gap, used_up_to: int, receipt: int) -> None:
        with self.store.lock:
            used_up_to = max(used_up_to, self.used_steps_up_to())
            self._newest_step = max(self._newest_step, used_up_to)
            with self.writing(Tail(epoch, Seq(0), GENESIS, receipt)) as page:
                page.append(EntryKind.EPOCH, gap=gap)
                self._note("used_steps", used_up_to.to_bytes(8, "big"))
        if gap.cause is not EpochCause.FIRST_START:
            self.gap = gap
            log.error("epoch %d opened: %s; entries of epoch %d are known up to %d, present up to"
                      " %d", epoch, gap.cause, gap.epoch, gap.known_seq, gap.have_seq)  # fmt: skip

    def hub_is_ahead(self, ack: Ack) -> None:
        """The hub acknowledges entries that are not here: begin a new epoch that says so."""
        with self.store.lock:
            have = self.tail if self.tail.epoch == ack.epoch else Tail()
            gap = Gap(EpochCause.HUB_AHEAD, ack.epoch, have.seq, have.hash, ack.seq, ack.hash)
            used_up_to = step_at(self.clock.now().at_s) + WINDOW_STEPS_MAX // 2
            epoch = Epoch(max(self.tail.epoch, ack.epoch) + 1)
            # Each lost entry may have had a receipt, and no number is printed twice.
            receipt = self.tail.receipt + max(0, ack.seq - have.seq)
            self._open_epoch(epoch, gap, used_up_to, receipt)

    # --- writing ---------------------------------------------------------------------------------

    @contextmanager
    def writing(self, tail: Tail | None = None) -> Iterator[Page]:
        """Append within one transaction; once it is committed, the anchor says so too.

        Args:
            tail: What to continue from, if not from the newest entry.

        Raises:
            StoreUnavailable: nothing was recorded; ``DiskFull`` and ``JournalBroken`` are kinds.
        """
        with self.store.lock:
            self._settle()
            page = Page(self, tail or self.tail)
            try:
                with self.store.transaction():
                    yield page
            except CommitUnknown as exc:
                self._unsettled = page
                if not self._settle():
                    if isinstance(exc.__cause__, apsw.FullError):
                        raise DiskFull(FREE_SPACE) from exc
                    raise StoreUnavailable(TRY_AGAIN, **exc.extra) from exc
                return
            self._written(page)

    def _settle(self) -> bool:
        """Find out whether a commit that failed happened after all.

        An error from COMMIT means "unknown": what is on the disk now is what counts. As long as
        that cannot be read, nothing more is appended.
        """
        page = self._unsettled
        if page is None:
            return False
        happened = bool(page.appended) and self.hash_of(*page.tail[:2]) == page.tail.hash
        if happened:
            self.store.checkpoint()  # flushes what COMMIT may have failed to flush
        self._unsettled = None
        if happened:
            self._written(page)
        return happened

    def _written(self, page: Page) -> None:
        self.changes += 1
        if page.appended:
            self.tail = page.tail
            self._learn(page.appended)
            self._write_anchor()

    def _learn(self, appended: list[Recorded]) -> None:
        for entry, _, notes in appended:
            self._newest_step = max(self._newest_step, entry.code_step or 0)
            if entry.accepted and entry.mode not in EXACT:
                risk = self.risk
                gone = bisect_right(risk.recent, entry.wall_s - RECENT_S)
                self.risk = Risk(
                    risk.acceptances + 1,
                    risk.sum_minor + (notes.worth_minor or 0),
                    # Sorted, because the clock may have been set back a little by the hub.
                    tuple(sorted((*risk.recent[gone:], entry.wall_s))),
                )

    def _mark(self) -> Mark:
        tail = self.tail
        return Mark(tail.epoch, tail.seq, tail.hash, self._newest_step, tail.receipt)

    def _write_anchor(self) -> None:
        try:
            self._anchor.write(self._mark())
            self.anchor_failed = False
        except OSError as exc:
            # The entry is committed, and after a commit nothing turns a success into a failure.
            # The lamp says it; the next start finds a journal ahead of its anchor, which is fine.
            self.anchor_failed = True
            log.error("the anchor cannot be written: %s", exc.strerror)  # noqa: TRY400

    def acknowledge(self, ack: Ack) -> bool:
        """Note how far the hub has the journal; False if it is not this journal that it has.

        A hub restored from a backup acknowledges less than before: then what follows is sent
        again, for entries are kept.
        """
        with self.store.lock:
            if ack.seq and self.hash_of(ack.epoch, ack.seq) != ack.hash:
                return False
            with self.store.transaction():
                value = ack.epoch.to_bytes(8, "big") + ack.seq.to_bytes(8, "big") + ack.hash
                self._note("acked", value)
            self.acked = ack
            self.risk = self._count_risk()
            return True

    def _note(self, key: str, value: bytes) -> None:
        self.store.execute("INSERT OR REPLACE INTO note (key, value) VALUES (?, ?)", (key, value))

    # --- reading ---------------------------------------------------------------------------------

    def knowledge_of(self, voucher_id: VoucherId) -> Knowledge:
        """Return what this unit did with a voucher."""
        with self.store.reading():
            rows = self.store.rows(
                "SELECT epoch, seq, kind, amount, wall_s, code_step FROM journal"
                " WHERE voucher_id = ? AND kind IN (1, 3) ORDER BY epoch, seq",
                (voucher_id,),
            )
            return knowledge_of(Trace(e, s, EntryKind(k), a, w, c) for e, s, k, a, w, c in rows)

    def spent_on(self, voucher_id: VoucherId, evidence: bytes) -> int:
        """Return what this unit has accepted of a voucher on a lease, and not taken back."""
        with self.store.reading():
            rows = self.store.rows(
                "SELECT entry FROM journal WHERE voucher_id = ? AND kind IN (1, 3)", (voucher_id,)
            )
        entries = [JournalEntry.decode(bytes(raw)) for (raw,) in rows]
        on_lease = {(e.epoch, e.seq) for e in entries if e.evidence == evidence}
        taken = sum(e.amount or 0 for e in entries if (e.epoch, e.seq) in on_lease)
        return taken - sum(e.amount or 0 for e in entries if e.voids in on_lease)

    def misses_since(self, since_s: int, voucher_id: VoucherId | None) -> list[int]:
        """Return the times of wrong codes: of one voucher, or of all if None."""
        sql = "SELECT wall_s FROM journal WHERE reason = 'code-wrong' AND wall_s > ?"
        with self.store.reading():
            if voucher_id is None:
                rows = self.store.rows(sql, (since_s,))
            else:
                rows = self.store.rows(sql + " AND voucher_id = ?", (since_s, voucher_id))
            return sorted(row[0] for row in rows)

    def by_request(self, request: bytes) -> tuple[Recorded, bytes | None] | None:
        """Return the entry that a request led to, and the hash of that very request."""
        with self.store.reading():
            rows = self.store.rows(
                "SELECT epoch, seq, request_hash FROM journal WHERE request = ?"
                " UNION ALL SELECT epoch, seq, request_hash FROM second_scan WHERE request = ?",
                (request, request),
            )
            first = self.get(*rows[0][:2]) if rows else None
            return (first, rows[0][2]) if first else None

    def get(self, epoch: Epoch, seq: Seq) -> Recorded | None:
        """Return an entry by its name."""
        return self._one("WHERE epoch = ? AND seq = ?", (epoch, seq))

    def voids_of(self, accepted: JournalEntry) -> list[Recorded]:
        """Return the entries that take this acceptance back, or parts of it, in their order."""
        with self.store.reading():
            rows = self.store.rows(
                _SELECT + "WHERE voucher_id = ? AND kind = 3 ORDER BY epoch, seq",
                (accepted.voucher_id,),
            )
            voids = map(_recorded, rows)
            return [v for v in voids if v.entry.voids == (accepted.epoch, accepted.seq)]

    def left_of(self, accepted: JournalEntry) -> int:
        """Return how much of this acceptance was not taken back, in the voucher's own measure."""
        back = sum(void.entry.amount or 0 for void in self.voids_of(accepted))
        return max(0, (accepted.amount or 0) - back)

    def newest_of(self, voucher_id: VoucherId) -> Recorded | None:
        """Return the newest acceptance or void of a voucher."""
        return self._one(
            "WHERE voucher_id = ? AND kind IN (1, 3) ORDER BY epoch DESC, seq DESC LIMIT 1",
            (voucher_id,),
        )

    def newest(self, count: int, *, scans_only: bool = True) -> list[Recorded]:
        """Return the newest entries, newest first."""
        where = "WHERE kind IN (1, 2, 3) " if scans_only else ""
        with self.store.reading():
            rows = self.store.rows(
                _SELECT + where + "ORDER BY epoch DESC, seq DESC LIMIT ?", (count,)
            )
            return [_recorded(row) for row in rows]

    def hash_of(self, epoch: Epoch, seq: Seq) -> bytes | None:
        """Return the hash of an entry, None if it is not here."""
        with self.store.reading():
            rows = self.store.rows(
                "SELECT hash FROM journal WHERE epoch = ? AND seq = ?", (epoch, seq)
            )
            return bytes(rows[0][0]) if rows else None

    def used_steps_up_to(self) -> int:
        """Return the newest step of which any code counts as used, whatever the voucher."""
        with self.store.reading():
            rows = self.store.rows("SELECT value FROM note WHERE key = 'used_steps'")
            return int.from_bytes(rows[0][0], "big") if rows else 0

    def complete_through(self) -> tuple[Tail, int] | None:
        """Return the newest entry, and a moment that every later entry will lie after.

        None while nobody can say whether a last commit has happened.
        """
        with self.store.lock:
            if self._unsettled is not None:
                return None
            return self.tail, self.clock.now().earliest_s

    def unpushed(self) -> int:
        """Return how many entries the hub has not acknowledged."""
        with self.store.reading():
            [[count]] = self.store.rows(
                "SELECT count(*) FROM journal WHERE (epoch, seq) > (?, ?)", self.acked[:2]
            )
            return int(count)

    def oldest_unpushed_s(self) -> int | None:
        """Return the time of the oldest entry that the hub has not acknowledged."""
        with self.store.reading():
            rows = self.store.rows(
                "SELECT wall_s FROM journal WHERE (epoch, seq) > (?, ?)"
                " ORDER BY epoch, seq LIMIT 1",
                self.acked[:2],
            )
            return int(rows[0][0]) if rows else None

    def place_at(self, at_s: int) -> tuple[Epoch, Seq]:
        """Return the place of the newest entry that is older than a moment; (0, 0) if none is."""
        with self.store.reading():
            rows = self.store.rows(
                "SELECT epoch, seq FROM journal WHERE wall_s < ?"
                " ORDER BY epoch DESC, seq DESC LIMIT 1",
                (at_s,),
            )
            return (Epoch(rows[0][0]), Seq(rows[0][1])) if rows else (Epoch(0), Seq(0))

    def next_to_push(
        self, after: tuple[Epoch, Seq] | None = None
    ) -> tuple[Epoch, Seq, list[bytes]] | None:
        """Return epoch, first number and bytes of the next entries to push; one epoch at a time.

        Args:
            after: The entry that they follow, if not the one acknowledged.
        """
        return self.entries_after(*(after or self.acked[:2]), PUSH_ENTRIES_MAX)

    def entries_after(
        self, epoch: Epoch, seq: Seq, most: int
    ) -> tuple[Epoch, Seq, list[bytes]] | None:
        """Return epoch, first number and bytes of the entries after one; of one epoch."""
        with self.store.reading():
            rows = self.store.rows(
                "SELECT epoch, seq, entry FROM journal WHERE (epoch, seq) > (?, ?)"
                " ORDER BY epoch, seq LIMIT ?",
                (epoch, seq, most),
            )
        if not rows:
            return None
        epoch, first = Epoch(rows[0][0]), Seq(rows[0][1])
        entries: list[bytes] = []
        size = 0
        for row in rows:
            size += len(row[2])
            if row[0] != epoch or size > PUSH_BYTES_MAX:
                break
            entries.append(bytes(row[2]))
        return epoch, first, entries

    def _one(self, where: str, values: tuple[Any, ...]) -> Recorded | None:
        with self.store.reading():
            rows = self.store.rows(_SELECT + where, values)
            return _recorded(rows[0]) if rows else None

    def _read_tail(self) -> Tail:
        rows = self.store.rows(
            "SELECT epoch, seq, hash FROM journal ORDER BY epoch DESC, seq DESC LIMIT 1"
        )
        if not rows:
            return Tail()
        last = self._one("WHERE kind IN (1, 3) ORDER BY epoch DESC, seq DESC LIMIT 1", ())
        [[epoch, seq, digest]] = rows
        return Tail(Epoch(epoch), Seq(seq), digest, (last and last.entry.receipt) or 0)

    def _read_checked(self) -> list[JournalEntry]:
        """Return the newest entries, newest first, having walked their chain."""
        rows = self.store.rows(
            "SELECT epoch, seq, hash, entry FROM journal ORDER BY epoch DESC, seq DESC LIMIT ?",
            (TAIL_CHECKED,),
        )
        entries: list[JournalEntry] = []
        follows: tuple[int, int, bytes] | None = None
        for epoch, seq, digest, raw in rows:
            if entry_hash(raw) != digest or (follows and follows != (epoch, seq, digest)):
                raise JournalBroken(
                    N_("An entry is not what was recorded; run `tearoff-unit doctor`."),
                    entry=f"{self.unit}/{epoch}/{seq}",
                )
            entries.append(JournalEntry.decode(raw))
            if entries[-1].unit != self.unit:
                raise JournalBroken(
                    N_("This is the journal of another unit; set it aside and enrol again."),
                    other=str(entries[-1].unit),
                    command="tearoff-unit enrol --hub URL --code CODE --replace-journal",
                )
            follows = (epoch, seq - 1, entries[-1].prev) if seq > 1 else None
        return entries

    def _read_acked(self) -> Ack:
        rows = self.store.rows("SELECT value FROM note WHERE key = 'acked'")
        if not rows:
            return _NO_ACK
        value = bytes(rows[0][0])
        epoch, seq = int.from_bytes(value[:8], "big"), int.from_bytes(value[8:16], "big")
        return Ack(Epoch(epoch), Seq(seq), value[16:])

    def _count_risk(self) -> Risk:
        exact = ",".join(str(int(mode)) for mode in sorted(EXACT))
        rows = self.store.rows(
            "SELECT wall_s, coalesce(worth_minor, 0) FROM journal"  # noqa: S608 - our own numbers
            f" WHERE (epoch, seq) > (?, ?) AND kind = 1 AND mode NOT IN ({exact})"
            " ORDER BY epoch, seq",
            self.acked[:2],
        )
        since_s = self.clock.now().at_s - RECENT_S
        recent = tuple(sorted(wall_s for wall_s, _ in rows if wall_s > since_s))
        return Risk(len(rows), sum(worth for _, worth in rows), recent)


def _row(recorded: Recorded, raw: bytes) -> tuple[apsw.SQLiteValue, ...]:
    entry, digest, notes = recorded
    return (
        entry.epoch, entry.seq, digest, int(entry.kind), entry.voucher_id, entry.amount,
        entry.wall_s, entry.mode and int(entry.mode), entry.code_step,
        entry.reason and str(entry.reason), entry.request, raw, *notes,
    )  # fmt: skip


def _recorded(row: tuple[Any, ...]) -> Recorded:
    raw, digest, *notes = row
    return Recorded(JournalEntry.decode(bytes(raw)), bytes(digest), Notes(*notes))
