"""Status of many shards in one signed message: what goes to a unit with millions of vouchers.

A Status List Token a shard weighs 150 bytes before it says anything, which is more than what
131,072 vouchers have to say when one in a thousand is revoked. A block lists shards, writes their
places one behind the other, and Rice-codes the gaps: within 2 % of what the information weighs.
A place that is revoked, then valid again, is in a later block with the status it has by then, so
a block may be taken on top of anything that is not older than where it begins.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from edge.contract.read import Fields
from edge.contract.status import (
    BITMAP_BYTES,
    SHARD_BITS,
    Status,
    rice_decode,
    rice_encode,
)

BLOCK_SHARDS_MAX = 256
"""33 million vouchers; their bitmaps are 8 MB while a block is taken."""
K_MAX = 25
"""One place in all of these shards is coded by its number: 17 + 8 bits."""
BLOCK_PLACES_MAX = 400_000
"""About half a megabyte. One shard alone may have 131,072."""


@dataclass(frozen=True, slots=True)
class StatusBlock:
    """What is so, or has changed, in some shards.

    Args:
        shards: Ascending, at most BLOCK_SHARDS_MAX.
        from_version: 0 if it is all there is to say of these shards: everything else in them is
            valid. Otherwise what has changed after this version.
        to_version: What a unit that has taken it is at.
        coded: Status, number of places, k, and the Rice code of the places in all these shards,
            one behind the other: place = position of the shard in ``shards`` × 2**17 + place in it.
    """

    shards: tuple[int, ...]
    from_version: int
    to_version: int
    issued_at_s: int
    expires_at_s: int
    coded: tuple[tuple[Status, int, int, bytes], ...]

    @classmethod
    def of(
        cls, changes: Mapping[int, Mapping[int, Status]], *, from_version: int, to_version: int,
        issued_at_s: int, expires_at_s: int,
    ) -> StatusBlock:  # fmt: skip
        """Return the block of these shards.

        Args:
            changes: By shard, then by place in it; a shard may have none.
        """
        shards = tuple(sorted(changes))
        assert len(shards) <= BLOCK_SHARDS_MAX, "the caller counts"
        coded = []
        for status in Status:
            places = [
                position << SHARD_BITS | place
                for position, shard in enumerate(shards)
                for place in sorted(p for p, now in changes[shard].items() if now is status)
            ]
            if places:
                coded.append((status, len(places), *rice_encode(places)))
        return cls(shards, from_version, to_version, issued_at_s, expires_at_s, tuple(coded))

    @property
    def places(self) -> int:
        """How many there are in all."""
        return sum(count for _, count, _, _ in self.coded)

    def to_body(self) -> dict[int, Any]:
        """Return the body of the signed message."""
        return {
            1: [list(run) for run in _runs(self.shards)],
            2: self.from_version,
            3: self.to_version,
            4: self.issued_at_s,
            5: self.expires_at_s,
            6: [[int(status), count, k, coded] for status, count, k, coded in self.coded],
        }

    @classmethod
    def from_body(cls, body: Any) -> StatusBlock:
        """Read the body of a signed message; MessageInvalid if it is another."""
        with Fields(body, "status-block") as f:
            shards: list[int] = []
            for row in f.rows(1, 2):
                first, count = row.uint(0, 1 << 15), row.uint(1, BLOCK_SHARDS_MAX)
                shards += range(first, first + count)
                if len(shards) > BLOCK_SHARDS_MAX:
                    raise ValueError("too many shards")
            if shards != sorted(set(shards)):
                raise ValueError("shards are named once, ascending")
            size = len(shards) << SHARD_BITS
            coded = tuple(
                (Status(row.uint(0)), row.uint(1, size), row.uint(2, K_MAX), row.octets(3))
                for row in f.rows(6, 4)
            )
            return cls(tuple(shards), f.uint(2), f.uint(3), f.uint(4), f.uint(5), coded)

    def apply(self, bitmaps: Mapping[int, bytearray]) -> None:
        """Change the bitmaps of its shards; the caller has emptied them for a snapshot.

        Raises:
            ValueError: the code is not one. Then they are of no use any more.
        """
        assert all(len(bitmap) == BITMAP_BYTES for bitmap in bitmaps.values()), "whole shards"
        size = len(self.shards) << SHARD_BITS
        in_order = [bitmaps[shard] for shard in self.shards]
        for status, count, k, coded in self.coded:
            for place in rice_decode(coded, count, k, size):
                bitmap, at, shift = in_order[place >> SHARD_BITS], place >> 2, (place & 3) << 1
                at &= BITMAP_BYTES - 1
                bitmap[at] = bitmap[at] & ~(3 << shift) | status << shift


def _runs(shards: Iterable[int]) -> Iterator[tuple[int, int]]:
    """Yield first and number of each run of neighbours."""
    first = count = 0
    for shard in shards:
        if count and shard == first + count:
            count += 1
            continue
        if count:
            yield first, count
        first, count = shard, 1
    if count:
        yield first, count
