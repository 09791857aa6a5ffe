"""This unit's journal as its peers are sent it. Implements ``gossip.OwnJournal``."""

from __future__ import annotations

from edge.bundles.identity import UnitKeys
from edge.contract.ids import Epoch, Seq, VoucherId
from edge.contract.journal_entry import Head, entry_hash
from edge.contract.peer_message import ENTRIES_MAX, Entries
from edge.contract.sync_message import Ack
from edge.journal.store import Journal
from edge.peers.gossip import fits
from edge.peers.shelf import KEPT_S


class SentJournal:
    """The journal, with a head for whatever is sent of it.

    Args:
        issuer: Stands in each head's signature.
    """

    def __init__(self, journal: Journal, keys: UnitKeys, issuer: str) -> None:
        self._journal = journal
        self._keys = keys
        self._issuer = issuer
        self._last: Entries | None = None
        """What was made for one peer is often what the next one lacks."""

    def newest(self) -> Ack | None:
        """Return the newest entry; None before the first."""
        tail = self._journal.tail
        return Ack(tail.epoch, tail.seq, tail.hash) if tail.seq else None

    def acked(self) -> Ack | None:
        """Return how far the hub has it; None if it has nothing of it."""
        acked = self._journal.acked
        return acked if acked.seq else None

    def taken(self, voucher_id: VoucherId) -> int:
        """Return what this unit has taken of a voucher."""
        return self._journal.knowledge_of(voucher_id).taken

    def hash_of(self, epoch: Epoch, seq: Seq) -> bytes | None:
        """Return the hash of an entry, None if it is not here."""
        return self._journal.hash_of(epoch, seq)

    def after(self, held: Ack | None) -> Entries | None:
        """Return the next entries after one, proven by a head; None if there are none."""
        journal = self._journal
        now_s = journal.clock.now().at_s
        start = held[:2] if held else journal.place_at(now_s - KEPT_S)
        following = journal.entries_after(*start, ENTRIES_MAX)
        if following is None:
            return None
        epoch, first, raws = following
        entries = tuple(fits(raws))
        last = self._last
        if last and last[:4] == (journal.unit, epoch, first, entries):
            return last._replace(begins=held is None)
        seq = Seq(first + len(entries) - 1)
        head = Head(journal.unit, epoch, seq, entry_hash(entries[-1]), now_s)
        signed = head.sign(self._issuer, self._keys.sign)
        self._last = Entries(journal.unit, epoch, first, entries, signed, held is None)
        return self._last
