"""Every entry goes to every unit of the store: what to send, and whether to take it. Pure.

A batch bears its author's signed head, so it may come from anybody. It is taken only where it
continues what is here; what is missing is asked for by saying how far one has it.
"""

from __future__ import annotations

from enum import Enum
from typing import NamedTuple, Protocol

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from edge.contract.ids import Epoch, Seq, UnitId, VoucherId
from edge.contract.journal_entry import GENESIS, Head, JournalEntry, entry_hash
from edge.contract.peer_message import ENTRIES_BYTES, ENTRIES_MAX, Entries
from edge.contract.signed import MessageInvalid
from edge.contract.sync_message import Ack


class OwnJournal(Protocol):
    """This unit's journal, as its peers need it. Called with the neighbourhood's lock held."""

    def newest(self) -> Ack | None:
        """Return the newest entry; None before the first."""

    def acked(self) -> Ack | None:
        """Return how far the hub has it; None if it has nothing of it."""

    def taken(self, voucher_id: VoucherId) -> int:
        """Return what this unit has taken of a voucher, in its own measure."""

    def hash_of(self, epoch: Epoch, seq: Seq) -> bytes | None:
        """Return the hash of an entry, None if it is not here."""

    def after(self, held: Ack | None) -> Entries | None:
        """Return the next entries after one, proven by a head; None if there are none.

        With None they begin where a peer that knows nothing has to begin.
        """


class Shelf(Protocol):
    """Where the entries of others are kept, durably."""

    def newest(self) -> dict[UnitId, Ack]:
        """Return the newest entry of each unit of which there is one."""

    def hash_of(self, unit: UnitId, epoch: Epoch, seq: Seq) -> bytes | None:
        """Return the hash of an entry, None if it is not here."""

    def taken(self, voucher_id: VoucherId) -> dict[UnitId, int]:
        """Return what each unit has taken of a voucher as far as its entries are here."""

    def put(self, batch: Batch) -> None:
        """Keep entries that were found good and new; all of them or none."""

    def after(self, unit: UnitId, held: Ack | None) -> Entries | None:
        """Return the next entries of a unit after one, with their head; None if none are here."""

    def note_acked(self, unit: UnitId, acked: Ack) -> None:
        """Note how far the hub has the journal of a unit, as that one says."""


class Batch(NamedTuple):
    """Entries that were verified: they continue what is here and are proven by the head."""

    message: Entries
    entries: tuple[JournalEntry | None, ...]
    hashes: tuple[bytes, ...]

    @property
    def newest(self) -> Ack:
        """The last of them."""
        return Ack(self.message.epoch, self.message.last_seq, self.hashes[-1])


class Verdict(Enum):
    """What becomes of a batch."""

    TAKEN = "taken"
    KNOWN = "known"
    GAP = "gap"
    """Something before it is missing here."""
    FORK = "fork"
    """Its author's signature is under two journals."""


def examine(
    message: Entries, held: Ack | None, shelf: Shelf, issuer: str, key: Ed25519PublicKey
) -> tuple[Verdict, Batch | None]:
    """Say what becomes of a batch, and return what of it is new.

    Args:
        held: The newest entry of its author here.
        key: The author's.

    Raises:
        MessageInvalid: the head is not the author's, or not the head of these entries.
    """
    head = Head.open(message.head, issuer, key)
    hashes = tuple(entry_hash(raw) for raw in message.entries)
    said = (head.unit, head.epoch, head.seq, head.hash)
    if said != (message.unit, message.epoch, message.last_seq, hashes[-1]):
        raise MessageInvalid("foreign-message", "the head is not the head of these entries")
    entries = tuple(_read(raw) for raw in message.entries)
    _check_chain(message, entries, hashes)
    again = hashes if held and message.epoch <= held.epoch else ()
    for seq, digest in enumerate(again, start=message.first_seq):
        known = shelf.hash_of(message.unit, message.epoch, Seq(seq))
        if known not in {None, digest}:
            return Verdict.FORK, None
    if held is None or message.epoch > held.epoch:
        follows = message.begins if held is None else _opens_after(message, entries[0], held)
        return (Verdict.TAKEN, Batch(message, entries, hashes)) if follows else (Verdict.GAP, None)
    if message.epoch < held.epoch or message.last_seq <= held.seq:
        return Verdict.KNOWN, None
    if message.first_seq > held.seq + 1:
        return Verdict.GAP, None
    new = held.seq + 1 - message.first_seq
    first = entries[new]
    if first is not None and first.prev != held.hash:
        return Verdict.FORK, None
    rest = message._replace(first_seq=Seq(held.seq + 1), entries=message.entries[new:])
    return Verdict.TAKEN, Batch(rest, entries[new:], hashes[new:])


def _opens_after(message: Entries, first: JournalEntry | None, held: Ack) -> bool:
    """Say whether an epoch begins here that follows on what is here of the one before.

    Its first entry says how far the one before is there: that far it has to be here too.
    """
    if message.first_seq != 1:
        return False
    if first is None or first.gap is None:
        return True
    return (first.gap.epoch, first.gap.have_seq) <= held[:2]


def fits(raws: list[bytes]) -> list[bytes]:
    """Return the first of some entries that go into one message; at least one."""
    size, fitting = 0, list[bytes]()
    for raw in raws[:ENTRIES_MAX]:
        size += len(raw)
        if fitting and size > ENTRIES_BYTES:
            break
        fitting.append(raw)
    return fitting


def _read(raw: bytes) -> JournalEntry | None:
    try:
        return JournalEntry.decode(raw)
    except MessageInvalid:
        return None  # of a later version: kept and passed on all the same


def _check_chain(
    message: Entries, entries: tuple[JournalEntry | None, ...], hashes: tuple[bytes, ...]
) -> None:
    before: bytes | None = GENESIS if message.first_seq == 1 else None
    for seq, (entry, digest) in enumerate(
        zip(entries, hashes, strict=True), start=message.first_seq
    ):
        if entry is not None:
            place = (entry.unit, entry.epoch, entry.seq)
            if place != (message.unit, message.epoch, seq) or before not in {None, entry.prev}:
                raise MessageInvalid("foreign-message", "the entries do not form a chain")
        before = digest
