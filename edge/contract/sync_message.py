"""What unit and hub say to one another: push, pull and reservation.

A request is a CBOR map whose HTTP request the unit signs (``http_signature``); an answer is a
signed message (``signed``), so that nobody on the way can put words into the hub's mouth.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, NamedTuple

from edge.contract import VERSION, canonical
from edge.contract.ids import Epoch, Seq, UnitId, VoucherId, parse_unit_id
from edge.contract.journal_entry import ENTRY_BYTES_MAX
from edge.contract.read import Fields
from edge.contract.refusal import Refusal
from edge.contract.signed import MessageInvalid

PUSH_ENTRIES_MAX = 500
PUSH_BYTES_MAX = 256 * 1024
CONTENT_TYPE = "application/cbor"
NONCE_BYTES = 16


def read_request(body: bytes, what: str) -> Fields:
    """Return the fields of a request body whose version is ours or the one before."""
    try:
        fields = Fields(canonical.decode(body, bytes_max=2 * PUSH_BYTES_MAX), what)
    except canonical.NotCanonical as exc:
        raise MessageInvalid("malformed-message", f"the {what} is not canonical CBOR") from exc
    if fields.uint(1) not in (VERSION, VERSION - 1):
        raise MessageInvalid("unknown-version", f"the {what} is of another contract version")
    return fields


class Ack(NamedTuple):
    """How far the hub has a unit's journal without a hole: number *and* hash, never a number
    alone, because a cloned journal has the numbers too."""

    epoch: Epoch
    seq: Seq
    hash: bytes

    def to_row(self) -> list[Any]:
        """Return it as a row of a message."""
        return [self.epoch, self.seq, self.hash]

    @classmethod
    def from_row(cls, row: Fields) -> Ack:
        """Read a row of a message."""
        return cls(Epoch(row.uint(0)), Seq(row.uint(1)), row.octets(2, 32))


class UnitState(StrEnum):
    """What the hub thinks of a unit."""

    ACTIVE = "active"
    REVOKED = "revoked"
    """It gets no more keys; entries chained before the revocation still count."""
    QUARANTINED = "quarantined"
    """Two journals claim to be this unit's: a person has to look."""


# --- push ----------------------------------------------------------------------------------------


class Outcome(StrEnum):
    """What became of one pushed entry. Every one of them is acknowledged."""

    RECORDED = "recorded"
    """Kept: a refusal, a void, the opening of an epoch."""
    APPLIED = "applied"
    """A redemption that the voucher's value covers."""
    OVERSPEND = "overspend"
    """A redemption beyond the voucher's value: a conflict, with both receipts."""
    QUARANTINED = "quarantined"
    """Kept aside; ``reason`` says why."""


class Result(NamedTuple):
    """The outcome of one pushed entry."""

    seq: Seq
    outcome: Outcome
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Push:
    """Entries of one epoch in the order of their numbers, without a hole.

    Args:
        entries: At most PUSH_ENTRIES_MAX, PUSH_BYTES_MAX in all.
        head: Signed head whose hash is that of the last entry pushed.
    """

    unit: UnitId
    epoch: Epoch
    first_seq: Seq
    entries: tuple[bytes, ...]
    head: bytes

    def encode(self) -> bytes:
        """Return the request body."""
        return canonical.encode(
            {1: VERSION, 2: self.unit, 3: self.epoch, 4: self.first_seq, 5: list(self.entries),
             6: self.head}
        )  # fmt: skip

    @classmethod
    def decode(cls, body: bytes) -> Push:
        """Read a request body; MessageInvalid says what is wrong with it."""
        with read_request(body, "push") as f:
            entries = f.octets_list(5)
            size = sum(map(len, entries))
            if not entries or len(entries) > PUSH_ENTRIES_MAX or size > PUSH_BYTES_MAX:
                raise MessageInvalid("push-too-large", "a push holds 1 to 500 entries, 256 KiB")
            if any(len(entry) > ENTRY_BYTES_MAX for entry in entries):
                raise MessageInvalid("malformed-message", "an entry is too long")
            return cls(
                parse_unit_id(f.text(2)), Epoch(f.uint(3)), Seq(f.uint(4)), tuple(entries),
                f.octets(6),
            )  # fmt: skip


@dataclass(frozen=True, slots=True)
class Relay:
    """A push of another unit of the same store, brought by one that reaches the hub.

    Args:
        unit: Who brings it and signs the request.
        push: What the author would push itself; the head in it is the author's.
    """

    unit: UnitId
    push: Push

    def encode(self) -> bytes:
        """Return the request body."""
        return canonical.encode({1: VERSION, 2: self.unit, 3: self.push.encode()})

    @classmethod
    def decode(cls, body: bytes) -> Relay:
        """Read a request body; MessageInvalid says what is wrong with it."""
        with read_request(body, "relay") as f:
            return cls(parse_unit_id(f.text(2)), Push.decode(f.octets(3)))


@dataclass(frozen=True, slots=True)
class PushReceipt:
    """The hub's answer to a push.

    Args:
        ack: How far the hub has this epoch now. Entries after it are sent again.
        results: One per entry that the hub took from this push.
    """

    unit: UnitId
    ack: Ack
    results: tuple[Result, ...]
    hub_time_s: int

    def to_body(self) -> dict[int, Any]:
        """Return the body of the signed message."""
        rows = [[r.seq, str(r.outcome), r.reason] for r in self.results]
        return {1: VERSION, 2: self.unit, 3: self.ack.to_row(), 4: rows, 5: self.hub_time_s}

    @classmethod
    def from_body(cls, body: Any) -> PushReceipt:
        """Read the body of a signed message; MessageInvalid if it is another."""
        with Fields(body, "push-receipt") as f:
            results = tuple(
                Result(Seq(row.uint(0)), Outcome(row.text(1)), row.text(2)) for row in f.rows(4, 3)
            )
            ack = Ack.from_row(f.row(3))
            return cls(parse_unit_id(f.text(2)), ack, results, f.uint(5))


# --- pull ----------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Pull:
    """A unit asks for what has changed.

    Args:
        cursor: What the last answer gave, opaque; empty for everything.
        nonce: NONCE_BYTES random bytes that the answer repeats, so that an old answer with an
            old time cannot be played back.
        health: A few figures for the operator, text to text or number.
        knows: Kinds of bundles that not every unit reads, and that this one does.
    """

    unit: UnitId
    cursor: bytes
    nonce: bytes
    health: Mapping[str, str | int] = field(default_factory=dict)
    knows: tuple[str, ...] = ()

    def encode(self) -> bytes:
        """Return the request body."""
        body: dict[int, Any] = {
            1: VERSION, 2: self.unit, 3: self.cursor, 4: self.nonce, 5: dict(self.health),
        }  # fmt: skip
        if self.knows:
            body[6] = list(self.knows)
        return canonical.encode(body)

    @classmethod
    def decode(cls, body: bytes) -> Pull:
        """Read a request body; MessageInvalid says what is wrong with it."""
        with read_request(body, "pull") as f:
            health = {
                str(k)[:32]: v if type(v) is int else str(v)[:128]
                for k, v in list(f.map(5).items())[:32]
            }
            knows = tuple(f.texts(6)[:32]) if f.has(6) else ()
            nonce = f.octets(4, NONCE_BYTES)
            return cls(parse_unit_id(f.text(2)), f.octets(3), nonce, health, knows)


@dataclass(frozen=True, slots=True)
class PullAnswer:
    """What the hub has for a unit.

    Args:
        hub_time_s: The hub's clock, Unix seconds.
        ack: How far the hub has this unit's newest epoch; None before the first push.
        bundles: Kind and signed message of each; kinds a unit does not know are skipped.
        cursor: Send this with the next pull.
        more: There is more already: pull again at once.
    """

    unit: UnitId
    nonce: bytes
    hub_time_s: int
    state: UnitState
    ack: Ack | None
    bundles: tuple[tuple[str, bytes], ...]
    cursor: bytes
    more: bool = False

    def to_body(self) -> dict[int, Any]:
        """Return the body of the signed message."""
        return {
            1: VERSION,
            2: self.unit,
            3: self.nonce,
            4: self.hub_time_s,
            5: str(self.state),
            6: self.ack.to_row() if self.ack else [],
            7: [[kind, message] for kind, message in self.bundles],
            8: self.cursor,
            9: self.more,
        }

    @classmethod
    def from_body(cls, body: Any) -> PullAnswer:
        """Read the body of a signed message; MessageInvalid if it is another."""
        with Fields(body, "pull-answer") as f:
            ack = f.row(6)
            return cls(
                unit=parse_unit_id(f.text(2)),
                nonce=f.octets(3, NONCE_BYTES),
                hub_time_s=f.uint(4),
                state=UnitState(f.text(5)),
                ack=Ack.from_row(ack) if ack.has(0) else None,
                bundles=tuple((row.text(0), row.octets(1)) for row in f.rows(7, 2)),
                cursor=f.octets(8),
                more=f.flag(9),
            )


STATUS_SNAPSHOT = "status-snapshot"
"""The kind of a bundle that is a Status List Token, the one bundle not in our own envelope."""


# --- reservation: mode 1 -------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Reserve:
    """A unit asks the hub to hold part of a voucher for it, before it accepts.

    Args:
        request: The 16 bytes that the entry will bear: asking again is the same reservation.
        amount: In the voucher's own measure.
    """

    unit: UnitId
    request: bytes
    voucher_id: VoucherId
    amount: int

    def encode(self) -> bytes:
        """Return the request body."""
        return canonical.encode(
            {1: VERSION, 2: self.unit, 3: self.request, 4: self.voucher_id, 5: self.amount}
        )

    @classmethod
    def decode(cls, body: bytes) -> Reserve:
        """Read a request body; MessageInvalid says what is wrong with it."""
        with read_request(body, "reserve") as f:
            return cls(
                parse_unit_id(f.text(2)), f.octets(3, 16), VoucherId(f.uint(4, 2**48 - 1)),
                f.uint(5, 2**63 - 1),
            )  # fmt: skip


@dataclass(frozen=True, slots=True)
class Reservation:
    """The hub's answer: held until ``expires_at_s``, or refused with a reason.

    Args:
        remaining: What is left after this one, in the voucher's own measure.
    """

    unit: UnitId
    request: bytes
    refusal: Refusal | None
    remaining: int
    expires_at_s: int
    hub_time_s: int

    def to_body(self) -> dict[int, Any]:
        """Return the body of the signed message."""
        return {
            1: VERSION,
            2: self.unit,
            3: self.request,
            4: str(self.refusal) if self.refusal else "",
            5: self.remaining,
            6: self.expires_at_s,
            7: self.hub_time_s,
        }

    @classmethod
    def from_body(cls, body: Any) -> Reservation:
        """Read the body of a signed message; MessageInvalid if it is another."""
        with Fields(body, "reservation") as f:
            slug = f.text(4)
            return cls(
                parse_unit_id(f.text(2)), f.octets(3, 16), Refusal(slug) if slug else None,
                f.uint(5), f.uint(6), f.uint(7),
            )  # fmt: skip
