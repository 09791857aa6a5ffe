"""What a unit did: entries in a hash chain, and the signed head that proves all of them.

An entry is deterministic CBOR; its hash is ``SHA-256("VXJ1" || entry)`` and the next entry bears
it. One Ed25519 signature over the newest hash therefore proves a whole batch. Refused scans are
entries too. A chain cannot protect its own tail: the anchor, the hub's acknowledgement and the
printed receipt do that.
"""

from __future__ import annotations

import hashlib
from enum import IntEnum, StrEnum
from typing import Any, NamedTuple

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from edge.contract import VERSION, canonical, signed
from edge.contract.ids import EntryRef, Epoch, Seq, UnitId, VoucherId, parse_unit_id
from edge.contract.policy import Mode
from edge.contract.read import Fields
from edge.contract.refusal import Refusal

GENESIS = bytes(32)
"""What the first entry of an epoch bears in place of a previous hash."""
ENTRY_BYTES_MAX = 2048
_PREFIX = b"VXJ1"


class EntryKind(IntEnum):
    """What an entry records."""

    REDEMPTION = 1
    """A voucher was accepted."""
    REFUSAL = 2
    """A scan was refused."""
    VOID = 3
    """An acceptance of this unit was taken back; ``voids`` names it."""
    EPOCH = 4
    """A journal begins, or begins again; ``gap`` says what cannot be proven any more."""


class EpochCause(StrEnum):
    """Why a new epoch was opened."""

    FIRST_START = "first-start"
    ENROLLED_AGAIN = "enrolled-again"
    JOURNAL_BEHIND_ANCHOR = "journal-behind-anchor"
    """The database lost entries that the anchor knows of."""
    JOURNAL_ALTERED = "journal-altered"
    """The entry that the anchor knows by its hash is another one now."""
    ANCHOR_MISSING = "anchor-missing"
    ANCHOR_UNREADABLE = "anchor-unreadable"
    HUB_AHEAD = "hub-ahead"
    """The hub has acknowledged entries that this unit does not have."""


class Gap(NamedTuple):
    """Names what may have been lost when an epoch was opened.

    Entries ``(epoch, have_seq + 1)`` to ``(epoch, known_seq)`` are missing. With ``known_seq``
    0 nobody knows how many there were.
    """

    cause: EpochCause
    epoch: Epoch = Epoch(0)
    have_seq: Seq = Seq(0)
    have_hash: bytes = GENESIS
    known_seq: Seq = Seq(0)
    known_hash: bytes = GENESIS


class Override(NamedTuple):
    """A supervisor has let a voucher be accepted that would have been refused.

    Args:
        refusal: What it would have been refused for.
        by: Who, at most 64 characters.
        reason: Why, in words, at most 100 characters.
    """

    refusal: Refusal
    by: str
    reason: str


class JournalEntry(NamedTuple):
    """One entry. Fields that do not apply are None and are not written.

    Args:
        wall_s: Unix seconds as the unit believed; true within ``uncertainty_s``.
        boot: Eight random bytes of this start of the unit; orders ``monotonic_ms``.
        amount: What was taken, in the voucher's own measure: minor units of a stored value, uses
            of a multi-use voucher, 1 for a single one.
        request: 16 bytes that the caller's request is known by, for ever.
        receipt: Number of the receipt, counted per unit over acceptances and voids.
        policy_version: In force when it was decided; likewise ``status_version``.
        code_step: Time step of the rotating code that was accepted.
        evidence: 32 bytes for a grant (its digest), 16 for a lease (its id): what the hub can
            hold the mode against.
        override: Who has overruled which refusal, and why.
    """

    unit: UnitId
    epoch: Epoch
    seq: Seq
    prev: bytes
    kind: EntryKind
    wall_s: int
    uncertainty_s: int
    boot: bytes
    monotonic_ms: int
    voucher_id: VoucherId | None = None
    amount: int | None = None
    mode: Mode | None = None
    reason: Refusal | None = None
    policy_version: int | None = None
    status_version: int | None = None
    code_step: int | None = None
    clerk: str | None = None
    receipt: int | None = None
    basket: str | None = None
    request: bytes | None = None
    voids: tuple[Epoch, Seq] | None = None
    gap: Gap | None = None
    evidence: bytes | None = None
    override: Override | None = None

    @property
    def ref(self) -> EntryRef:
        """The name of this entry."""
        return EntryRef(self.unit, self.epoch, self.seq)

    @property
    def accepted(self) -> bool:
        """Whether value was taken."""
        return self.kind is EntryKind.REDEMPTION

    def encode(self) -> bytes:
        """Return the bytes that are hashed and stored."""
        body: dict[int, Any] = {1: VERSION}
        for number, value in enumerate(self, start=2):
            if value is not None:
                body[number] = _plain(value)
        return canonical.encode(body)

    @classmethod
    def decode(cls, raw: bytes) -> JournalEntry:
        """Read an entry; MessageInvalid ``malformed-entry`` for anything else."""
        try:
            with Fields(canonical.decode(raw, bytes_max=ENTRY_BYTES_MAX), "entry") as f:
                return _from_fields(f)
        except (canonical.NotCanonical, signed.MessageInvalid) as exc:
            raise signed.MessageInvalid("malformed-entry", str(exc)) from exc


def entry_hash(raw: bytes) -> bytes:
    """Return the 32-byte hash of an entry's bytes."""
    return hashlib.sha256(_PREFIX + raw).digest()


class Head(NamedTuple):
    """The newest entry of a journal, as its unit signs it."""

    unit: UnitId
    epoch: Epoch
    seq: Seq
    hash: bytes
    wall_s: int

    def sign(self, issuer: str, private_key: Ed25519PrivateKey) -> bytes:
        """Return the signed message."""
        body = {1: self.unit, 2: self.epoch, 3: self.seq, 4: self.hash, 5: self.wall_s}
        return signed.seal(signed.Kind.JOURNAL_HEAD, issuer, body, private_key)

    @classmethod
    def open(cls, message: bytes, issuer: str, public_key: Ed25519PublicKey) -> Head:
        """Verify and read a signed head; MessageInvalid if it is not this unit's."""
        body = signed.unseal(signed.Kind.JOURNAL_HEAD, issuer, message, [public_key])
        with Fields(body, "journal-head") as f:
            return cls(
                parse_unit_id(f.text(1)), Epoch(f.uint(2)), Seq(f.uint(3)), f.octets(4, 32),
                f.uint(5),
            )  # fmt: skip


def _plain(value: Any) -> Any:
    """Return an enumeration's value, and a row for a tuple."""
    if isinstance(value, IntEnum):
        return int(value)
    if isinstance(value, StrEnum):
        return str(value)
    return [_plain(item) for item in value] if isinstance(value, tuple) else value


def _from_fields(f: Fields) -> JournalEntry:
    if f.uint(1) != VERSION:
        raise ValueError("another version of the contract")
    kind = EntryKind(f.uint(6))
    entry = JournalEntry(
        unit=parse_unit_id(f.text(2)),
        epoch=Epoch(f.uint(3)),
        seq=Seq(f.uint(4)),
        prev=f.octets(5, 32),
        kind=kind,
        wall_s=f.uint(7),
        uncertainty_s=f.uint(8),
        boot=f.octets(9, 8),
        monotonic_ms=f.uint(10),
        voucher_id=VoucherId(f.uint(11, 2**48 - 1)) if f.has(11) else None,
        amount=f.uint(12, 2**63 - 1) if f.has(12) else None,
        mode=Mode(f.uint(13)) if f.has(13) else None,
        reason=Refusal(f.text(14)) if f.has(14) else None,
        policy_version=f.uint(15) if f.has(15) else None,
        status_version=f.uint(16) if f.has(16) else None,
        code_step=f.uint(17) if f.has(17) else None,
        clerk=f.text(18, 64) if f.has(18) else None,
        receipt=f.uint(19) if f.has(19) else None,
        basket=f.text(20, 64) if f.has(20) else None,
        request=f.octets(21, 16) if f.has(21) else None,
        voids=_epoch_seq(f.row(22)) if f.has(22) else None,
        gap=_gap(f.row(23)) if f.has(23) else None,
        evidence=_evidence(f.octets(24)) if f.has(24) else None,
        override=_override(f.row(25)) if f.has(25) else None,
    )
    _check_kind(entry)
    return entry


def _epoch_seq(row: Fields) -> tuple[Epoch, Seq]:
    return Epoch(row.uint(0)), Seq(row.uint(1))


def _evidence(raw: bytes) -> bytes:
    if len(raw) not in {16, 32}:
        raise ValueError("evidence is the digest of a grant or the id of a lease")
    return raw


def _override(row: Fields) -> Override:
    return Override(Refusal(row.text(0)), row.text(1, 64), row.text(2, 100))


def _gap(row: Fields) -> Gap:
    return Gap(
        EpochCause(row.text(0)), Epoch(row.uint(1)), Seq(row.uint(2)), row.octets(3, 32),
        Seq(row.uint(4)), row.octets(5, 32),
    )  # fmt: skip


def _check_kind(entry: JournalEntry) -> None:
    """Raise ValueError if a field that this kind of entry lives on is missing."""
    needed = {
        EntryKind.REDEMPTION: ("voucher_id", "amount", "mode", "receipt", "request"),
        EntryKind.REFUSAL: ("reason",),
        EntryKind.VOID: ("voucher_id", "amount", "voids", "receipt"),
        EntryKind.EPOCH: ("gap",),
    }[entry.kind]
    if any(getattr(entry, name) is None for name in needed):
        raise ValueError(f"a {entry.kind.name} entry has {', '.join(needed)}")
