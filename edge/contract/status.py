"""Status of vouchers, two bits each, in shards of 2**17.

A snapshot is a Token Status List (IETF draft-ietf-oauth-status-list) as a signed CWT, which other
systems read. A delta is ours: the changed indices of one shard, Rice-coded, which comes within a
few percent of what the information weighs.
"""

from __future__ import annotations

import math
import re
import zlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import IntEnum, StrEnum
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from edge.contract import canonical, cose
from edge.contract.ids import StatusIndex
from edge.contract.read import Fields
from edge.contract.signed import MessageInvalid

SHARD_BITS = 17
SHARD_SIZE = 1 << SHARD_BITS
BITMAP_BYTES = SHARD_SIZE // 4

_TYPE = "application/statuslist+cwt"
# Claims of the draft, and ours for the version (a private key, RFC 8392 §9.1).
_SUB, _EXP, _IAT, _LIST, _TTL, _VERSION = 2, 4, 6, 65533, 65534, -70005


class Status(IntEnum):
    """What two bits say. 0 to 2 as in the draft; 3 is "application specific" there."""

    VALID = 0
    REVOKED = 1
    SUSPENDED = 2
    REDEEMED = 3
    """Used up, as far as the hub knows."""


class Staleness(StrEnum):
    """How old the newest status is. It lowers what may be risked; it never opens a door."""

    FRESH = "fresh"
    STALE = "stale"
    OLD = "old"
    EXPIRED = "expired"


def staleness(age_s: int) -> Staleness:
    """Name the age of a status: fresh under 15 minutes, stale under a day, old under three."""
    for limit_s, name in (
        (900, Staleness.FRESH),
        (86400, Staleness.STALE),
        (259200, Staleness.OLD),
    ):
        if age_s < limit_s:
            return name
    return Staleness.EXPIRED


def shard_of(index: StatusIndex) -> int:
    """Return the shard that an index lies in."""
    return index >> SHARD_BITS


def shard_uri(issuer: str, shard: int) -> str:
    """Return the name of a shard in CWTs."""
    return f"urn:vx1:status:{issuer}:{shard}"


_LAST = SHARD_SIZE - 1
_STATUSES = tuple(Status)  # an enumeration's own call takes longer than the rest of a look-up


def get(bitmap: Sequence[int], index: StatusIndex) -> Status:
    """Look one voucher up: two bits, least significant first (draft §4.1)."""
    return _STATUSES[bitmap[(index & _LAST) >> 2] >> (index << 1 & 6) & 3]


def put(bitmap: bytearray, index: StatusIndex, status: Status) -> None:
    """Set one voucher."""
    place = index & (SHARD_SIZE - 1)
    shift = (place & 3) << 1
    bitmap[place >> 2] = bitmap[place >> 2] & ~(3 << shift) & 0xFF | status << shift


# --- snapshots -----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Snapshot:
    """All of one shard at one version.

    Args:
        version: Grows with every change of the shard; an older one is never put back.
        bitmap: BITMAP_BYTES bytes.
        expires_at_s: Unix seconds after which it says nothing any more.
    """

    shard: int
    version: int
    bitmap: bytes
    issued_at_s: int
    expires_at_s: int

    def sign(self, issuer: str, private_key: Ed25519PrivateKey, *, ttl_s: int = 900) -> bytes:
        """Return the Status List Token: a signed CWT."""
        lst = zlib.compress(self.bitmap, 9)
        claims = {
            _SUB: shard_uri(issuer, self.shard),
            _EXP: self.expires_at_s,
            _IAT: self.issued_at_s,
            _LIST: {"bits": 2, "lst": lst},
            _TTL: ttl_s,
            _VERSION: self.version,
        }
        return cose.sign1(canonical.encode(claims), private_key, header={cose.TYP: _TYPE})


def open_snapshot(message: bytes, issuer: str, public_keys: Iterable[Ed25519PublicKey]) -> Snapshot:
    """Verify and read a Status List Token.

    Raises:
        MessageInvalid: ``malformed-message`` or ``bad-message-signature``.
    """
    try:
        sign1 = cose.open_sign1(message)
        claims = canonical.decode(sign1.payload)
    except ValueError as exc:
        raise MessageInvalid("malformed-message", "the status list is not a CWT") from exc
    if not any(_signed_by(sign1, key) for key in public_keys):
        raise MessageInvalid("bad-message-signature", "the status list is not the hub's")
    with Fields(claims, "status list") as f:
        lst = Fields(f.map(_LIST), "status list")
        shard = int(f.text(_SUB).rpartition(":")[2])
        if sign1.header.get(cose.TYP) != _TYPE or f.text(_SUB) != shard_uri(issuer, shard):
            raise ValueError("another kind of CWT")
        return Snapshot(
            shard=shard,
            version=f.uint(_VERSION),
            bitmap=_inflate(lst.octets("lst")) if lst.uint("bits") == 2 else b"",
            issued_at_s=f.uint(_IAT),
            expires_at_s=f.uint(_EXP),
        )


def _signed_by(sign1: cose.Sign1, key: Ed25519PublicKey) -> bool:
    try:
        sign1.verify(key)
    except cose.BadSignature:
        return False
    return True


def _inflate(lst: bytes) -> bytes:
    inflater = zlib.decompressobj()
    try:
        bitmap = inflater.decompress(lst, BITMAP_BYTES)
    except zlib.error as exc:
        raise ValueError("the list does not inflate") from exc
    if len(bitmap) != BITMAP_BYTES or not inflater.eof or inflater.unused_data:
        raise ValueError("the list has another size than a shard")
    return bitmap


# --- deltas --------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Delta:
    """What changed in one shard between two versions.

    Args:
        changes: Places within the shard, by the status they changed to.
    """

    shard: int
    from_version: int
    to_version: int
    issued_at_s: int
    changes: Mapping[Status, tuple[int, ...]]

    def to_body(self) -> dict[int, Any]:
        """Return the body of the signed message."""
        rows = []
        for status, places in sorted(self.changes.items()):
            k, coded = rice_encode(sorted(places))
            rows.append([int(status), len(places), k, coded])
        return {
            1: self.shard,
            2: self.from_version,
            3: self.to_version,
            4: self.issued_at_s,
            5: rows,
        }

    @classmethod
    def from_body(cls, body: Any) -> Delta:
        """Read the body of a signed message; MessageInvalid if it is another."""
        with Fields(body, "status-delta") as f:
            changes = {
                Status(row.uint(0)): tuple(
                    rice_decode(row.octets(3), row.uint(1, SHARD_SIZE), row.uint(2, SHARD_BITS))
                )
                for row in f.rows(5, 4)
            }
            return cls(f.uint(1), f.uint(2), f.uint(3), f.uint(4), changes)

    def apply(self, bitmap: bytearray) -> None:
        """Change a bitmap that is at ``from_version``; the caller compares versions."""
        for status, places in self.changes.items():
            for place in places:
                put(bitmap, StatusIndex(place), status)


def rice_encode(places: list[int]) -> tuple[int, bytes]:
    """Code ascending, distinct places by their gaps (Rice 1971).

    Gap ``g = place - previous - 1`` (``previous`` starts at -1) is written as ``g >> k`` ones, a
    zero, and the low ``k`` bits of ``g``, most significant bit first; the last byte is filled
    with zeros.

    Returns:
        The parameter k that suits these gaps, and the bytes.
    """
    if not places:
        return 0, b""
    mean_gap = (places[-1] + 1) / len(places)
    k = max(0, round(math.log2(max(1.0, mean_gap * math.log(2)))))
    out, held, bits, previous, low = bytearray(), 0, 0, -1, (1 << k) - 1
    for place in places:
        gap = place - previous - 1
        previous = place
        quotient = gap >> k
        held = held << quotient + 1 + k | ((1 << quotient) - 1) << k + 1 | gap & low
        bits += quotient + 1 + k
        if bits >= _FLUSHED_BITS:
            rest = bits & 7
            out += (held >> rest).to_bytes(bits >> 3, "big")
            held, bits = held & (1 << rest) - 1, rest
    return k, bytes(out) + (held << -bits % 8).to_bytes(-(-bits // 8), "big")


_FLUSHED_BITS = 512
"""Small integers are quick; this many bits are put aside at a time."""
_PIECE_BITS = 1 << 16
_TABLE_BITS = 10


def _binary(text: str) -> int:
    return int(text, 2)


def rice_decode(coded: bytes, count: int, k: int, size: int = SHARD_SIZE) -> Iterator[int]:
    """Return the places that ``rice_encode`` coded.

    The bits become text, because Python finds the end of a run of ones in text in no time, and
    nothing in an integer.

    Args:
        size: No place is as large as this.

    Raises:
        ValueError: the bytes end too early or too late, or name a place outside.
    """
    bits = bin(int.from_bytes(b"\x01" + coded, "big"))[3:]
    one = re.compile(f"(1*)0([01]{{{k}}})")
    # With many places k is small, and a table is quicker than int().
    table = {f"{i:0{k}b}" if k else "": i for i in range(1 << k)} if k <= _TABLE_BITS else {}
    number: Callable[[str], int] = table.__getitem__ if table else _binary
    at, previous, piece = 0, -1, _PIECE_BITS
    while count:
        found = one.findall(bits, at, at + piece)[:count]
        if not found and at + piece >= len(bits):
            raise ValueError("the coded places end too early")
        if not found:
            piece *= 2  # a long run of ones
            continue
        for ones, rest in found:
            previous += (len(ones) << k) + number(rest) + 1
            if previous >= size:
                raise ValueError("a place outside the shard")
            yield previous
        at += sum(len(ones) for ones, _ in found) + len(found) * (k + 1)
        count -= len(found)
    if len(bits) - at >= 8 or "1" in bits[at:]:
        raise ValueError("the coded places end too late")
