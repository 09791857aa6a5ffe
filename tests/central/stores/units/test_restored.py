"""A hub that was put back from a backup says everything anew, under numbers never used before."""

from __future__ import annotations

import pytest

from central.foundation.db.engine import change
from central.foundation.feed import LIFE_BITS, is_of_this_life, newest_change
from central.stores.redemptions.lease import LIFE_S, lend, new_lease_id
from central.stores.units import steer
from central.stores.units.restored import begin_new_life, life_at
from central.stores.vouchers.status import revoke, suspend
from central.stores.vouchers.tables import StatusChange, Voucher
from edge.contract.correction import CorrectionBook
from edge.contract.ids import StatusIndex, VoucherId
from edge.contract.lease import Lease, LeaseBook, LeaseRequest
from edge.contract.signed import Kind
from edge.contract.status import Status
from tests import builders as b
from tests.central.builders import GIFT, Database, a_voucher, enrolled, furnish
from tests.central.listener import Listener


@pytest.fixture(autouse=True)
def hub(hub_database: Database) -> None:
    furnish()


def forget_after(n: int, voucher: VoucherId) -> None:
    """What putting a backup back does to the changes that came after it."""
    StatusChange.delete().where(StatusChange.n > n).execute()
    Voucher.update(status=int(Status.VALID)).where(Voucher.id == voucher).execute()
    change("UPDATE feed SET n = ? WHERE id = 1", (n,))


@pytest.mark.parametrize("changes_since", [0, 1, 2, 5])
def test_units_forget_what_the_lost_hub_said_and_hear_this_one(changes_since: int) -> None:
    """However many numbers the restored hub gave out again before somebody said so."""
    lost, kept = a_voucher(), [a_voucher() for _ in range(5)]
    listener = Listener(enrolled())
    suspend(kept[0].voucher_id)
    listener.pull()
    backup = newest_change()
    revoke(lost.voucher_id)
    steer.set_policy(b.GROUP, {"void_s": 60})
    listener.pull()
    assert listener.status_of(StatusIndex(lost.status_index)) is Status.REVOKED
    forget_after(backup, lost.voucher_id)
    for voucher in kept[:changes_since]:
        revoke(voucher.voucher_id)
    before = dict(listener.shards)
    begin_new_life(b.NOW_S)
    listener.pull()
    for row in Voucher.select():
        assert listener.status_of(StatusIndex(row.status_index)) == row.status
    assert all(listener.shards[shard][0] > before[shard][0] for shard in before)
    assert listener.told[Kind.POLICY].version > newest_change() >> LIFE_BITS << LIFE_BITS
    assert listener.pull() == []


@pytest.mark.parametrize("is_any_kept", [True, False])
def test_a_unit_forgets_what_only_the_lost_hub_has_lent(is_any_kept: bool) -> None:
    """Else it would spend what this hub promises to others."""
    till, card = enrolled(), a_voucher(GIFT)
    listener = Listener(till)
    kept: tuple[Lease, ...] = ()
    if is_any_kept:
        wanted = LeaseRequest(till.unit, new_lease_id(), card.voucher_id, 5000, LIFE_S)
        kept = (lend(wanted, by="li", at_s=b.NOW_S),)
    listener.pull()
    lost = Lease(new_lease_id(), card.voucher_id, 6000, b.NOW_S + LIFE_S)
    version = newest_change() + 7
    listener.told[Kind.LEASE] = LeaseBook(version, till.unit, (*kept, lost))
    listener.told[Kind.CORRECTIONS] = CorrectionBook(version, till.unit)
    begin_new_life(b.NOW_S)
    listener.pull()
    assert listener.told[Kind.LEASE].leases == kept
    assert listener.told[Kind.CORRECTIONS].version > version
    assert listener.pull() == []


def test_each_life_has_numbers_of_its_own() -> None:
    first = newest_change()
    second = begin_new_life(b.NOW_S)
    third = begin_new_life(b.NOW_S)
    assert first < second < third == newest_change()
    assert is_of_this_life(third, newest_change())
    assert not is_of_this_life(second, newest_change())


def test_the_same_backup_put_back_twice_begins_two_lives() -> None:
    backup = newest_change()
    first = life_at(b.NOW_S, backup)
    second = life_at(b.NOW_S + 60, backup)
    assert not is_of_this_life(first, second)
    assert second < 2**53, "a page shows it as a number"
