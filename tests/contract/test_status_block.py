"""Status of many shards in one message: what goes in comes out, and weighs next to nothing."""

from __future__ import annotations

import math
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.contract import canonical
from edge.contract.ids import StatusIndex
from edge.contract.signed import MessageInvalid
from edge.contract.status import BITMAP_BYTES, SHARD_BITS, SHARD_SIZE, Status, get, put
from edge.contract.status_block import BLOCK_SHARDS_MAX, StatusBlock
from tests import builders as b

CHANGES = st.dictionaries(
    st.integers(0, 30_000),
    st.dictionaries(st.integers(0, SHARD_SIZE - 1), st.sampled_from(Status), max_size=20),
    max_size=6,
)


def a_block(changes: dict[int, dict[int, Status]], from_version: int = 0) -> StatusBlock:
    return StatusBlock.of(
        changes, from_version=from_version, to_version=from_version + 1,
        issued_at_s=b.NOW_S, expires_at_s=b.NOW_S + 1,
    )  # fmt: skip


@given(CHANGES, CHANGES)
def test_a_block_on_top_of_another_says_what_both_have_said(
    first: dict[int, dict[int, Status]], then: dict[int, dict[int, Status]]
) -> None:
    bitmaps = {shard: bytearray(BITMAP_BYTES) for shard in {*first, *then}}
    wanted: dict[int, Status] = {}
    for changes in (first, then):
        block = StatusBlock.from_body(
            canonical.decode(canonical.encode(a_block(changes).to_body()))
        )
        assert block == a_block(changes)
        block.apply({shard: bitmaps[shard] for shard in block.shards})
        for shard, places in changes.items():
            wanted |= {shard << SHARD_BITS | place: now for place, now in places.items()}
    for index, now in wanted.items():
        assert get(bitmaps[index >> SHARD_BITS], StatusIndex(index)) is now
    ones = int.from_bytes(b"\x55" * BITMAP_BYTES)
    bits = [int.from_bytes(bitmap) for bitmap in bitmaps.values()]
    marked = sum(((bit | bit >> 1) & ones).bit_count() for bit in bits)
    assert marked == sum(now is not Status.VALID for now in wanted.values())


@pytest.mark.parametrize(("permille", "most"), [(1, 1.05), (10, 1.05), (100, 1.05)])
def test_a_block_weighs_what_its_information_weighs(permille: int, most: float) -> None:
    """16 shards, 2.1 million vouchers; the bench does a hundred million."""
    dice = random.Random(permille)
    shards = 16
    size = shards * SHARD_SIZE
    places = dice.sample(range(size), size * permille // 1000)
    changes: dict[int, dict[int, Status]] = {shard: {} for shard in range(shards)}
    for place in places:
        changes[place >> SHARD_BITS][place & (SHARD_SIZE - 1)] = Status.REVOKED
    weighs = len(canonical.encode(a_block(changes).to_body()))
    p = permille / 1000
    bound = -size * (p * math.log2(p) + (1 - p) * math.log2(1 - p)) / 8
    assert weighs <= most * bound


@pytest.mark.parametrize(
    "body",
    [
        {},
        {1: [[5, 1], [4, 1]], 2: 0, 3: 1, 4: 0, 5: 0, 6: []},
        {1: [[0, 2], [1, 1]], 2: 0, 3: 1, 4: 0, 5: 0, 6: []},
        {1: [[0, BLOCK_SHARDS_MAX], [999, 1]], 2: 0, 3: 1, 4: 0, 5: 0, 6: []},
        {1: [[0, 2**63]], 2: 0, 3: 1, 4: 0, 5: 0, 6: []},
        {1: [[0, 1]], 2: 0, 3: 1, 4: 0, 5: 0, 6: [[4, 1, 1, b"\x00"]]},
        {1: [[0, 1]], 2: 0, 3: 1, 4: 0, 5: 0, 6: [[1, SHARD_SIZE + 1, 1, b"\x00"]]},
        {1: [[0, 1]], 2: 0, 3: 1, 4: 0, 5: 0, 6: [[1, 1, 26, b"\x00"]]},
    ],
)
def test_what_is_no_block_is_refused(body: dict[int, object]) -> None:
    with pytest.raises(MessageInvalid):
        StatusBlock.from_body(body)


def test_a_code_that_leads_outside_is_refused() -> None:
    block = StatusBlock.from_body(
        {1: [[0, 1]], 2: 0, 3: 1, 4: 0, 5: 0, 6: [[1, 2, 17, b"\x7f\xff\xff\xff\xff"]]}
    )
    with pytest.raises(ValueError, match=r"outside|early|late"):
        block.apply({0: bytearray(BITMAP_BYTES)})


def test_a_place_is_one_of_its_own_shard() -> None:
    bitmap = bytearray(BITMAP_BYTES)
    put(bitmap, StatusIndex(3), Status.SUSPENDED)
    bitmaps = {7: bytearray(BITMAP_BYTES), 9: bytearray(BITMAP_BYTES)}
    a_block({7: {}, 9: {3: Status.SUSPENDED}}).apply(bitmaps)
    assert (bitmaps[9], any(bitmaps[7])) == (bitmap, False)
