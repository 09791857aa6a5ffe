"""How far each journal of the store is here and at the others, and what they are sent of it.

A peer says how far it has each journal with every beat, and after entries that came. From there
on it is sent the next, a few messages ahead of its word. What a network loses is noticed by the
next message (a gap) or the next beat, and sent again. Pure but for the two ports.
"""

from __future__ import annotations

from collections.abc import Callable

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from edge.contract import peer_message as wire
from edge.contract.ids import UnitId
from edge.contract.peer_link import Link
from edge.contract.signed import MessageInvalid
from edge.contract.sync_message import Ack
from edge.peers import gossip
from edge.peers.contact import Contact, Me
from edge.peers.gossip import OwnJournal, Shelf
from edge.peers.membership import Members, Presence

BATCHES_AHEAD = 8
"""Messages of entries to one peer before it has said that it has the first of them."""
REWIND_S = 0.25
"""What is still on its way is not sent again sooner than this."""
FORK_DOUBT_S = 30 * 86400.0
"""A journal with two ends is a person's business."""

Send = Callable[[Contact, Link, bytes], None]


class Spread:
    """The journals of the store, here and on their way.

    Attributes:
        newest: The newest entry of each other unit that is here.
        two_of_us: Somebody else writes a journal in this unit's name.
    """

    def __init__(self, me: Me, journal: OwnJournal, shelf: Shelf, send: Send) -> None:
        self.newest: dict[UnitId, Ack] = dict(shelf.newest())
        self.two_of_us = False
        self.members = Members(me.unit)
        self._me = me
        self._journal = journal
        self._shelf = shelf
        self._send = send

    def have(self, clock: int, *, beat: bool) -> wire.Have:
        """Return how far everything is here."""
        rows = {u: a for u, a in self.newest.items() if self.members.get(u)}
        rows = dict(list(rows.items())[: wire.PEERS_MAX - 1])
        newest = self._journal.newest()
        if newest:
            rows[self._me.unit] = newest
        return wire.Have(clock, rows, beat, self._journal.acked())

    def heed(self, contact: Contact, told: wire.Have, now_s: float) -> bool:
        """Send a peer what it lacks; say whether everything that it has recorded is here."""
        contact.have.update(told.rows)
        mine = told.rows.get(self._me.unit)
        if mine:
            self._compare(mine)
        if told.acked:
            self._shelf.note_acked(contact.unit, told.acked)
        self._go_on(contact, self._me.unit, now_s, beat=told.beat)
        for unit in self.newest:
            if unit != contact.unit and self._lags(contact, unit, now_s, beat=told.beat):
                self._go_on(contact, unit, now_s, beat=told.beat)
        theirs = told.rows.get(contact.unit)
        known = theirs and self._shelf.hash_of(contact.unit, theirs.epoch, theirs.seq)
        if theirs and known and known != theirs.hash:
            self.members.doubt(contact.unit, now_s, FORK_DOUBT_S)
        contact.is_known |= all(
            self._has(unit, ack) for unit, ack in told.rows.items() if self.members.get(unit)
        )
        return theirs is None or self._has(contact.unit, theirs)

    def feed(self, contact: Contact, unit: UnitId) -> None:
        """Send a peer the next entries of a journal, unless enough is on its way."""
        if contact.link is None:
            return
        held, ahead = contact.sent.get(unit, (contact.have.get(unit), 0))
        own = unit == self._me.unit
        while ahead < BATCHES_AHEAD:
            batch = self._journal.after(held) if own else self._shelf.after(unit, held)
            if batch is None:
                break
            self._send(contact, contact.link, batch.encode())
            held, ahead = batch.last, ahead + 1
        contact.sent[unit] = (held, ahead)

    def take(
        self, message: wire.Entries, now_s: float
    ) -> tuple[gossip.Verdict, gossip.Batch | None]:
        """Take entries if they are good and new; return what became of them.

        Raises:
            MessageInvalid: they are not what their author has signed, or nobody's of this store.
        """
        author = self.members.get(message.unit)
        if author is None:
            raise MessageInvalid("foreign-message", "entries of no other unit of this store")
        key = Ed25519PublicKey.from_public_bytes(author.sign_key)
        held = self.newest.get(message.unit)
        verdict, batch = gossip.examine(message, held, self._shelf, self._me.issuer, key)
        if verdict is gossip.Verdict.FORK:
            self.members.doubt(message.unit, now_s, FORK_DOUBT_S)
        if batch:
            self._shelf.put(batch)
            self.newest[message.unit] = batch.newest
        return verdict, batch

    def _go_on(self, contact: Contact, unit: UnitId, now_s: float, *, beat: bool) -> None:
        """Send on from what a peer has said, or again from there if that has been lost."""
        held = contact.have.get(unit)
        end, ahead = contact.sent.get(unit, (held, 0))
        behind = end is not None and (held is None or held[:2] < end[:2])
        if not behind:
            contact.sent[unit] = (held, 0)
        elif beat:
            last, at_s = contact.rewound.get(unit, (end, now_s - REWIND_S))
            if last != held or now_s - at_s >= REWIND_S:
                contact.rewound[unit] = (held, now_s)
                contact.sent[unit] = (held, 0)
        else:
            contact.sent[unit] = (end, max(0, ahead - 1))
        self.feed(contact, unit)

    def _lags(self, contact: Contact, unit: UnitId, now_s: float, *, beat: bool) -> bool:
        """Say whether a peer lacks entries of a third unit that it will not get from that one."""
        held, ours = contact.have.get(unit), self.newest[unit]
        if self.members.get(unit) is None or (held and held[:2] >= ours[:2]):
            contact.lagging.pop(unit, None)
            return False
        if self.members.presence(unit, now_s) is not Presence.LIVE:
            return True
        if not beat:
            return False
        has_waited = unit in contact.lagging and contact.lagging[unit] == held
        contact.lagging[unit] = held
        return has_waited

    def _compare(self, told: Ack) -> None:
        """Hold what a peer has of this unit's journal against the journal."""
        newest = self._journal.newest()
        here = self._journal.hash_of(told.epoch, told.seq)
        ahead = newest is None or told[:2] > newest[:2]
        if (here is None and ahead) or (here is not None and here != told.hash):
            self.two_of_us = True

    def _has(self, unit: UnitId, ack: Ack) -> bool:
        newest = self.newest.get(unit)
        return newest is not None and (
            newest == ack or self._shelf.hash_of(unit, ack.epoch, ack.seq) == ack.hash
        )
