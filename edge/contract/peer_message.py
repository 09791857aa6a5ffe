"""What units of one store say to one another, each sealed as one frame (``peer_link``).

Who says it is known by the link; so no message names its sender.
"""

from __future__ import annotations

from collections.abc import Callable
from enum import IntEnum
from typing import NamedTuple

from edge.contract import canonical
from edge.contract.ids import Epoch, Seq, UnitId, VoucherId, parse_unit_id
from edge.contract.journal_entry import ENTRY_BYTES_MAX, entry_hash
from edge.contract.read import Fields
from edge.contract.signed import MessageInvalid
from edge.contract.sync_message import Ack

PEERS_MAX = 40
"""Units that are or were in one store: what one message can name."""
MESSAGE_BYTES_MAX = 3900
NONCE_BYTES = 8
CLOCK_MAX = 2**62
ENTRIES_MAX = 32
HEAD_BYTES_MAX = 512
ENTRIES_BYTES = 900
"""Entries of one message together, unless one alone is longer: then head, frame and all stay
below the 1280 bytes that every network carries in one piece (RFC 8200 §5)."""


class Verdict(IntEnum):
    """What a peer says to a claim."""

    ACK = 1
    """Nothing is going on here; what was taken stands beside it."""
    BUSY = 2
    """This very voucher is being redeemed here, and earlier."""
    UNSURE = 3
    """My word is worth nothing: my journal has a gap, or I was stopped."""


class Have(NamedTuple):
    """How far the sender has the journals of the store, its own too; also says "I am here".

    Args:
        clock: The sender's hybrid logical clock, milliseconds.
        rows: Newest entry by unit; a unit without one is not named.
        beat: Whether it is the regular one, that also asks for what the sender lacks.
        acked: How far the hub has the sender's own journal; None if it has nothing of it.
    """

    clock: int
    rows: dict[UnitId, Ack]
    beat: bool
    acked: Ack | None = None

    def encode(self) -> bytes:
        """Return the bytes to seal."""
        rows = [[unit, *ack.to_row()] for unit, ack in sorted(self.rows.items())]
        acked = self.acked.to_row() if self.acked else []
        return canonical.encode([1, self.clock, rows, self.beat, acked])


class ClaimAsked(NamedTuple):
    """The sender is about to accept a voucher.

    Args:
        nonce: Names this attempt; a reply to another one does not count.
        request: What the entry will bear, whatever becomes of it.
        amount: In the voucher's own measure.
        clock: The smaller (clock, unit) goes first.
    """

    nonce: bytes
    request: bytes
    voucher_id: VoucherId
    amount: int
    clock: int

    def encode(self) -> bytes:
        """Return the bytes to seal."""
        return canonical.encode(
            [2, self.nonce, self.request, self.voucher_id, self.amount, self.clock]
        )


class ClaimReply(NamedTuple):
    """The answer to a claim.

    Args:
        taken: What each unit has taken of the voucher as far as the sender knows. Its own row is
            the truth; a unit that has taken nothing is not named.
    """

    nonce: bytes
    verdict: Verdict
    clock: int
    taken: dict[UnitId, int]

    def encode(self) -> bytes:
        """Return the bytes to seal."""
        rows = [[unit, amount] for unit, amount in sorted(self.taken.items())]
        return canonical.encode([3, self.nonce, int(self.verdict), self.clock, rows])


class ClaimEnded(NamedTuple):
    """A claim has ended and nothing was taken.

    Of one that led to an acceptance the entry itself tells: until that is there, the claim counts.
    """

    nonce: bytes
    voucher_id: VoucherId

    def encode(self) -> bytes:
        """Return the bytes to seal."""
        return canonical.encode([4, self.nonce, self.voucher_id])


class Entries(NamedTuple):
    """Entries of one unit's journal in their order, and the head that proves them.

    Args:
        head: Signed by the unit whose journal it is; its hash is that of the last entry.
        begins: Whoever has nothing of this journal begins here.
    """

    unit: UnitId
    epoch: Epoch
    first_seq: Seq
    entries: tuple[bytes, ...]
    head: bytes
    begins: bool = False

    @property
    def last_seq(self) -> Seq:
        """The number of the last entry."""
        return Seq(self.first_seq + len(self.entries) - 1)

    @property
    def last(self) -> Ack:
        """The last entry."""
        return Ack(self.epoch, self.last_seq, entry_hash(self.entries[-1]))

    def encode(self) -> bytes:
        """Return the bytes to seal."""
        entries = list(self.entries)
        return canonical.encode(
            [5, self.unit, self.epoch, self.first_seq, entries, self.head, self.begins]
        )


PeerMessage = Have | ClaimAsked | ClaimReply | ClaimEnded | Entries


def decode(message: bytes) -> PeerMessage:
    """Read what a frame held.

    Raises:
        MessageInvalid: ``malformed-message``, ``message-too-large``.
    """
    if len(message) > MESSAGE_BYTES_MAX:
        raise MessageInvalid("message-too-large", "longer than any message of a peer")
    try:
        row = Fields(canonical.decode(message), "peer-message")
    except canonical.NotCanonical as exc:
        raise MessageInvalid("malformed-message", "not canonical CBOR") from exc
    with row as f:
        reader = _READERS.get(f.uint(0))
        if reader is None:
            raise ValueError("a kind of message that this version does not know")
        return reader(f)


def _have(f: Fields) -> Have:
    rows = _bounded(f.rows(2, 4))
    acks = {
        parse_unit_id(r.text(0)): Ack(Epoch(r.uint(1)), Seq(r.uint(2)), r.octets(3, 32))
        for r in rows
    }
    acked = f.row(4)
    return Have(
        f.uint(1, CLOCK_MAX), acks, f.flag(3), Ack.from_row(acked) if acked.has(0) else None
    )


def _claim(f: Fields) -> ClaimAsked:
    amount = f.uint(4, 2**63 - 1)
    if amount == 0:
        raise ValueError("nothing is claimed")
    return ClaimAsked(
        f.octets(1, NONCE_BYTES), f.octets(2, 16), VoucherId(f.uint(3, 2**48 - 1)), amount,
        f.uint(5, CLOCK_MAX),
    )  # fmt: skip


def _reply(f: Fields) -> ClaimReply:
    taken = {parse_unit_id(r.text(0)): r.uint(1, 2**63 - 1) for r in _bounded(f.rows(4, 2))}
    return ClaimReply(f.octets(1, NONCE_BYTES), Verdict(f.uint(2)), f.uint(3, CLOCK_MAX), taken)


def _ended(f: Fields) -> ClaimEnded:
    return ClaimEnded(f.octets(1, NONCE_BYTES), VoucherId(f.uint(2, 2**48 - 1)))


def _entries(f: Fields) -> Entries:
    entries = f.octets_list(4)
    if not 1 <= len(entries) <= ENTRIES_MAX or any(len(e) > ENTRY_BYTES_MAX for e in entries):
        raise ValueError("1 to 32 entries")
    first = f.uint(3)
    if not 1 <= first <= 2**62:
        raise ValueError("entries are numbered from 1")
    head = f.octets(5)
    if len(head) > HEAD_BYTES_MAX:
        raise ValueError("no head is that long")
    return Entries(
        parse_unit_id(f.text(1)), Epoch(f.uint(2, 2**62)), Seq(first), tuple(entries), head,
        f.flag(6),
    )  # fmt: skip


def _bounded(rows: list[Fields]) -> list[Fields]:
    if len(rows) > PEERS_MAX:
        raise ValueError("more units than a store has")
    return rows


_READERS: dict[int, Callable[[Fields], PeerMessage]] = {
    1: _have, 2: _claim, 3: _reply, 4: _ended, 5: _entries
}  # fmt: skip
