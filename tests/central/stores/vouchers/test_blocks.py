"""Status in blocks: the same word as one snapshot a shard, in pieces that a unit can go on from."""

from __future__ import annotations

import random

import pytest

from central.errors import Conflict
from central.foundation.feed import newest_change
from central.stores.redemptions.settle import resume
from central.stores.vouchers.status import blocks, revoke, suspend
from central.stores.vouchers.tables import Shard, Voucher
from edge.contract.ids import StatusIndex, VoucherId
from edge.contract.signed import Kind
from edge.contract.status import Status
from tests import builders as b
from tests.central.builders import Database, an_order, enrolled, furnish, sell
from tests.central.listener import Listener

BLOCKS = (str(Kind.STATUS_BLOCK),)


@pytest.fixture(autouse=True)
def hub(hub_database: Database) -> None:
    furnish()


def sell_everywhere(count: int) -> list[VoucherId]:
    """Vouchers in shards of two groups and several months."""
    sold: list[VoucherId] = []
    for month in range(4):
        for scope in (0, int(b.GROUP)):
            order = an_order(vouchers=count, scope=scope, expires_day=150 + 31 * month)
            sold += [one.claims.voucher_id for one in sell(order)]
    return sold


def agrees(listener: Listener) -> bool:
    return all(
        listener.status_of(StatusIndex(row.status_index)) == row.status
        for row in Voucher.select().where(Voucher.scope << [0, int(b.GROUP)])
    )


def test_a_first_load_comes_in_pieces_and_goes_on_where_it_stopped() -> None:
    sold = sell_everywhere(2)
    for voucher in sold[::2]:
        revoke(voucher)
    listener = Listener(enrolled(), knows=BLOCKS, status_places_max=1)
    pieces = 0
    while listener.pull_once().more:
        pieces += 1
        # The world goes on meanwhile, in what was loaded and in what was not.
        revoke(sold[2 * pieces - 1])
    assert pieces >= len(Shard.select()) - 1
    listener.pull()
    assert agrees(listener)


def test_whatever_happens_blocks_and_snapshots_say_the_same() -> None:
    dice = random.Random(5)
    sold = sell_everywhere(3)
    till = enrolled()
    in_blocks, shard_by_shard = Listener(till, knows=BLOCKS), Listener(till)
    for _ in range(60):
        voucher = dice.choice(sold)
        work = dice.choice((revoke, suspend, resume))
        try:
            work(voucher)
        except Conflict:
            continue
        if dice.random() < 0.3:
            in_blocks.pull()
        if dice.random() < 0.3:
            shard_by_shard.pull()
    in_blocks.pull()
    shard_by_shard.pull()
    assert agrees(in_blocks)
    assert agrees(shard_by_shard)


def test_a_pull_without_a_change_brings_no_block() -> None:
    revoke(sell_everywhere(1)[0])
    listener = Listener(enrolled(), knows=BLOCKS)
    assert listener.pull().count("status-block") == 1
    assert listener.pull() == []


def test_a_unit_that_reads_no_blocks_gets_snapshots_and_deltas() -> None:
    sold = sell_everywhere(1)
    revoke(sold[0])
    listener = Listener(enrolled())
    assert "status-snapshot" in listener.pull()
    revoke(sold[1])
    assert listener.pull() == ["status-delta"]


def test_only_the_shards_of_a_units_groups_are_in_its_blocks() -> None:
    sell_everywhere(1)
    other = sell(an_order(vouchers=1, scope=9))[0].claims.voucher_id
    revoke(other)
    [block] = blocks([0, int(b.GROUP)], 0, newest_change(), b.NOW_S)
    foreign = {shard.id for shard in Shard.select().where(Shard.scope == 9)}
    assert not foreign & set(block.shards)
    assert block.coded == ()


def test_a_block_is_no_larger_than_it_may_be() -> None:
    for voucher in sell_everywhere(3):
        revoke(voucher)
    found = list(blocks([0, int(b.GROUP)], 0, newest_change(), b.NOW_S, places_max=5))
    assert len(found) == 8
    assert {status for block in found for status, *_ in block.coded} == {Status.REVOKED}
