"""Is this the next entry of that journal? Pure."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from enum import Enum
from typing import NamedTuple

from edge.contract.ids import Epoch, Seq, UnitId
from edge.contract.journal_entry import JournalEntry, entry_hash
from edge.contract.signed import MessageInvalid
from edge.contract.sync_message import Ack


class Place(Enum):
    """Where an entry stands to what the hub has."""

    NEXT = "next"
    KNOWN = "known"
    """It is there already, to the byte."""
    FORK = "fork"
    """Its place is taken by another entry, or it continues another journal than ours."""
    GAP = "gap"
    """Entries before it are missing; the unit sends them again from the acknowledgement on."""


class Arrived(NamedTuple):
    """A pushed entry and where it stands.

    Args:
        entry: None if the bytes cannot be read; it is kept and acknowledged all the same.
    """

    seq: Seq
    raw: bytes
    hash: bytes
    place: Place
    entry: JournalEntry | None
    fault: str


def arrange(
    unit: UnitId,
    tail: Ack,
    known: Mapping[Seq, bytes],
    first_seq: Seq,
    entries: tuple[bytes, ...],
    beside: Collection[bytes] = (),
) -> list[Arrived]:
    """Say of each pushed entry where it stands; everything after a fork or a gap is one too.

    Args:
        tail: How far the hub has this epoch; ``seq`` 0 if it has nothing.
        known: Hashes of entries that the hub has, at least those of the numbers pushed.
        beside: Hashes of entries that it keeps beside its own and that end before the first one.
    """
    arrived: list[Arrived] = []
    broken: Place | None = None
    for seq, raw in enumerate(entries, start=first_seq):
        digest = entry_hash(raw)
        entry, fault = _read(raw)
        place = broken or _place(unit, tail, known, Seq(seq), digest, entry)
        if place is Place.GAP and entry is not None and entry.prev in beside:
            place = Place.FORK
        if place in {Place.FORK, Place.GAP}:
            broken = place
        elif place is Place.NEXT:
            tail = Ack(tail.epoch, Seq(seq), digest)
        arrived.append(Arrived(Seq(seq), raw, digest, place, entry, fault))
    return arrived


def _place(
    unit: UnitId, tail: Ack, known: Mapping[Seq, bytes], seq: Seq, digest: bytes,
    entry: JournalEntry | None,
) -> Place:  # fmt: skip
    if seq <= tail.seq:
        return Place.KNOWN if known.get(seq) == digest else Place.FORK
    if seq > tail.seq + 1:
        return Place.GAP
    if entry is None:
        return Place.NEXT  # unreadable, but the signed head says that it belongs here
    follows = (entry.unit, entry.epoch, entry.seq, entry.prev)
    return Place.NEXT if follows == (unit, tail.epoch, seq, tail.hash) else Place.FORK


def _read(raw: bytes) -> tuple[JournalEntry | None, str]:
    try:
        return JournalEntry.decode(raw), ""
    except MessageInvalid as exc:
        return None, exc.slug


def empty_tail(epoch: Epoch) -> Ack:
    """Return the tail of an epoch of which the hub has nothing."""
    return Ack(epoch, Seq(0), bytes(32))
