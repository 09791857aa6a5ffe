"""P6: what the status of a hundred million vouchers weighs, and what a look-up costs.

python -m tests.bench.status [SHARDS]     763 shards are a hundred million vouchers
"""

from __future__ import annotations

import math
import random
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from edge.bundles.shards import ShardFiles, Shards
from edge.contract import signed
from edge.contract.ids import StatusIndex
from edge.contract.signed import Kind
from edge.contract.status import BITMAP_BYTES, SHARD_BITS, SHARD_SIZE, Status, get
from edge.contract.status_block import BLOCK_PLACES_MAX, BLOCK_SHARDS_MAX, StatusBlock
from tests import builders as b

ALL_SHARDS = 763
LOOK_UPS = 3_000


def blocks(shards: int, share: float, from_version: int = 0) -> Iterator[StatusBlock]:
    """Yield the blocks of so many shards in which this share is revoked, at random places."""
    dice = random.Random(1)
    group: dict[int, dict[int, Status]] = {}
    places = 0
    for shard in range(shards):
        count = round(SHARD_SIZE * share)
        if group and (len(group) == BLOCK_SHARDS_MAX or places + count > BLOCK_PLACES_MAX):
            yield _block(group, from_version)
            group, places = {}, 0
        group[shard] = dict.fromkeys(dice.sample(range(SHARD_SIZE), count), Status.REVOKED)
        places += count
    yield _block(group, from_version)


def _block(group: dict[int, dict[int, Status]], from_version: int) -> StatusBlock:
    return StatusBlock.of(
        group, from_version=from_version, to_version=from_version + 1,
        issued_at_s=b.NOW_S, expires_at_s=b.NOW_S + 1,
    )  # fmt: skip


def entropy_bytes(shards: int, share: float) -> float:
    """Return what the information weighs: n × H(p) ÷ 8."""
    p = round(SHARD_SIZE * share) / SHARD_SIZE
    return -shards * SHARD_SIZE * (p * math.log2(p) + (1 - p) * math.log2(1 - p)) / 8


def weight(shards: int, share: float) -> tuple[int, float]:
    """Return the bytes that are shipped, signed, and their ratio to the entropy bound."""
    key = b.a_sign_key("bundle")
    size = sum(
        len(signed.seal(Kind.STATUS_BLOCK, b.ISSUER, block.to_body(), key))
        for block in blocks(shards, share)
    )
    return size, size / entropy_bytes(shards, share)


def look_up_ratio(rounds: int = 101) -> float:
    """Return a look-up in a mapped shard ÷ a bit test in a bytearray, median of rounds in turns."""
    dice = random.Random(2)
    bitmap = bytearray(dice.randbytes(BITMAP_BYTES))
    with tempfile.TemporaryDirectory() as directory:
        files = ShardFiles(Path(directory) / "status")
        shards = Shards(files, {0: files.write(0, 1, bitmap)})
        mapped = shards[0][1]
        indices = [StatusIndex(dice.randrange(SHARD_SIZE)) for _ in range(LOOK_UPS)]
        ratios = []
        for _ in range(rounds):
            plain = _timed(_bit, bitmap, indices)
            ratios.append(_timed(get, mapped, indices) / plain)
    return statistics.median(ratios)


def _bit(bits: Sequence[int], index: StatusIndex) -> int:
    return bits[index >> 3] >> (index & 7) & 1


def _timed(
    test: Callable[[Sequence[int], StatusIndex], object], bits: Sequence[int],
    indices: list[StatusIndex],
) -> float:  # fmt: skip
    began = time.perf_counter()
    for index in indices:
        test(bits, index)
    return time.perf_counter() - began


def speed() -> tuple[float, float]:
    """Return places a second, coded and taken into bitmaps, at one in a hundred."""
    began = time.perf_counter()
    [block] = blocks(64, 0.01)
    made = time.perf_counter()
    bitmaps = {shard: bytearray(BITMAP_BYTES) for shard in block.shards}
    block.apply(bitmaps)
    taken = time.perf_counter()
    return block.places / (made - began), block.places / (taken - made)


def rows(shards: int = ALL_SHARDS) -> Iterator[tuple[str, str, str]]:
    """Yield what was measured, its value and its goal."""
    for share in (0.001, 0.01, 0.1):
        size, ratio = weight(shards, share)
        name = f"status, {share:.1%} of {shards * SHARD_SIZE / 1e6:.0f} M revoked"
        yield f"{name}: bytes / entropy", f"{ratio:.3f} ({size / 1e6:.3f} MB)", "≤ 1.05"
    changes, ratio = weight(shards, 20_000 / (ALL_SHARDS * SHARD_SIZE))
    yield "20,000 changes: bytes / entropy", f"{ratio:.3f} ({changes / 1e3:.0f} kB)", "≤ 1.2"
    yield "look-up, mapped / bytearray", f"{look_up_ratio():.2f}", "≤ 1.5"
    coded, taken = speed()
    yield "places a second: coded, taken", f"{coded:,.0f}, {taken:,.0f}", "-"
    megabytes = shards * BITMAP_BYTES / 1e6
    yield "mapped, if every shard is looked at", f"{megabytes:.1f} MB", "≤ 25 MB"


if __name__ == "__main__":
    assert SHARD_BITS == 17, "the shards of the contract"
    for what, value, goal in rows(int(sys.argv[1]) if len(sys.argv) > 1 else ALL_SHARDS):
        print(f"{what:52} {value:28} {goal}")
