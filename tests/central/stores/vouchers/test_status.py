"""What becomes of a voucher, and how it is told."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from central.errors import Conflict, NotFound
from central.foundation.feed import newest_change
from central.stores.redemptions.settle import resume
from central.stores.vouchers.status import deltas, revoke, snapshots, suspend
from central.stores.vouchers.tables import Voucher
from edge.contract import status
from edge.contract.ids import VoucherId
from edge.contract.status import BITMAP_BYTES, SHARD_BITS, Status
from edge.contract.voucher_token import VoucherClaims
from tests import builders as b
from tests.central.builders import (
    OTHER_GROUP,
    Database,
    a_voucher,
    an_order,
    enrolled,
    furnish,
    sell,
)


@pytest.fixture(autouse=True)
def hub(hub_database: Database) -> None:
    furnish()


def spend(voucher: Any) -> None:
    till = enrolled()
    till.accept(voucher)
    till.deliver()


def now(voucher: Any) -> Status:
    return Status(Voucher.get(Voucher.id == voucher.voucher_id).status)


MADE: dict[Status, Callable[[Any], object]] = {
    Status.VALID: lambda _: None,
    Status.REVOKED: lambda v: revoke(v.voucher_id),
    Status.SUSPENDED: lambda v: suspend(v.voucher_id),
    Status.REDEEMED: spend,
}
WORKS = {"revoke": revoke, "suspend": suspend, "resume": resume}
TABLE = {
    (Status.VALID, "revoke"): Status.REVOKED,
    (Status.VALID, "suspend"): Status.SUSPENDED,
    (Status.SUSPENDED, "resume"): Status.VALID,
    (Status.SUSPENDED, "revoke"): Status.REVOKED,
}


@pytest.mark.parametrize("before", list(Status), ids=lambda s: s.name)
@pytest.mark.parametrize("work", WORKS)
def test_a_status_changes_as_the_table_says(before: Status, work: str) -> None:
    lunch = a_voucher()
    MADE[before](lunch)
    changes = newest_change()
    after = TABLE.get((before, work))
    if after is None:
        with pytest.raises(Conflict, match=before.name.lower()):
            WORKS[work](lunch.voucher_id)
        assert (now(lunch), newest_change()) == (before, changes)
    else:
        WORKS[work](lunch.voucher_id)
        assert (now(lunch), newest_change()) == (after, changes + 1)


@pytest.mark.parametrize("work", WORKS)
def test_a_voucher_that_is_not_there_has_no_status(work: str) -> None:
    with pytest.raises(NotFound, match="000000abcdef"):
        WORKS[work](VoucherId(0xABCDEF))


def test_a_shard_in_which_all_is_valid_is_not_told() -> None:
    a_voucher()
    assert list(snapshots([0, b.GROUP], b.NOW_S)) == []
    assert list(deltas([0, b.GROUP], 0, b.NOW_S)) == []


def test_a_snapshot_marks_what_is_not_valid_and_nothing_else() -> None:
    vouchers = [v.claims for v in sell(an_order(vouchers=5))]
    revoke(vouchers[1].voucher_id)
    suspend(vouchers[2].voucher_id)
    spend(vouchers[3])
    suspend(vouchers[4].voucher_id)
    resume(vouchers[4].voucher_id)
    [snapshot] = snapshots([0, b.GROUP], b.NOW_S)
    expected = bytearray(BITMAP_BYTES)
    for voucher, mark in zip(vouchers[1:], (1, 2, 3), strict=False):
        status.put(expected, voucher.status_index, Status(mark))
    assert (snapshot.bitmap, snapshot.version) == (bytes(expected), newest_change())
    assert snapshot.expires_at_s > b.NOW_S


def test_a_delta_tells_the_last_word_on_each_place() -> None:
    first, second = (v.claims for v in sell(an_order(vouchers=2)))
    suspend(first.voucher_id)
    since = newest_change()
    resume(first.voucher_id)
    suspend(first.voucher_id)
    revoke(second.voucher_id)
    [delta] = deltas([0, b.GROUP], since, b.NOW_S)
    assert (delta.from_version, delta.to_version) == (since, newest_change())
    assert delta.changes == {Status.SUSPENDED: (0,), Status.REVOKED: (1,)}


def test_a_delta_begins_where_the_shard_was_left_whatever_else_has_changed() -> None:
    """Versions are the shard's own: changes of others in between are no gap."""
    lunch, other = a_voucher(), a_voucher(scope=OTHER_GROUP)
    suspend(lunch.voucher_id)
    version = newest_change()
    suspend(other.voucher_id)
    since = newest_change()
    resume(lunch.voucher_id)
    [delta] = deltas([0, b.GROUP], since, b.NOW_S)
    assert (delta.from_version, delta.to_version) == (version, newest_change())


def test_only_the_groups_asked_for_are_told() -> None:
    lunch, other = a_voucher(), a_voucher(scope=OTHER_GROUP)
    for voucher in (lunch, other):
        revoke(voucher.voucher_id)
    groups: list[tuple[list[int], VoucherClaims]] = [([0, b.GROUP], lunch), ([OTHER_GROUP], other)]
    for scopes, voucher in groups:
        [snapshot] = snapshots(scopes, b.NOW_S)
        [delta] = deltas(scopes, 0, b.NOW_S)
        assert snapshot.shard == delta.shard == voucher.status_index >> SHARD_BITS
