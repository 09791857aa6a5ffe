"""Any order of any pushes posts each entry once, and leads to the same books."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from central.foundation.db.engine import change
from central.stores.redemptions import overview
from central.stores.redemptions.lease import lend, new_lease_id
from central.stores.redemptions.tables import RedemptionEntry
from central.stores.vouchers.tables import Voucher
from edge.contract.lease import LeaseRequest
from edge.contract.policy import Mode
from edge.contract.voucher_token import VoucherClaims
from tests import builders as b
from tests.central.books import assert_sound, balances, journals
from tests.central.builders import (
    COFFEE,
    GIFT,
    LUNCH,
    OTHER_STORE,
    Database,
    Till,
    a_voucher,
    enrolled,
    furnish,
)

TILLS = [("unit", b.STORE), ("second", b.STORE), ("other", OTHER_STORE)]


class Scan(NamedTuple):
    """What happens at a till: an acceptance, and perhaps at once a void of it, or of parts."""

    voucher: int
    amount: int
    mode: Mode
    offset_s: int
    taken_back: tuple[int, ...]


scans = st.builds(
    Scan, st.integers(0, 2), st.integers(1, 4), st.sampled_from(Mode), st.integers(0, 3),
    st.sampled_from([(), (4,), (1,), (2, 1), (3, 4)]),
)  # fmt: skip
days = st.tuples(*(st.lists(scans, max_size=4) for _ in TILLS))
pushes = st.lists(
    st.tuples(st.integers(0, 2), st.integers(1, 8), st.integers(1, 8)), max_size=8
)  # fmt: skip
Evidence = dict[tuple[str, int], bytes]
"""By till and voucher: the lease that it has, or the grant that it was given once."""


class Hub(NamedTuple):
    """Tills, vouchers, and what was promised to whom."""

    tills: list[Till]
    vouchers: list[VoucherClaims]
    leases: Evidence
    grants: Evidence


SIZES = (1, 1, 6000)
"""What one measure of an amount is for each voucher: a lunch, a coffee, a part of a gift card."""


def work_a_day(
    till: Till, day: list[Scan], vouchers: list[VoucherClaims], leases: Evidence, grants: Evidence
) -> None:
    """A till says "by grant" and "on a lease" whether it has one or not, and beyond it too."""
    till.raws.clear()
    for scan in day:
        amount, voucher = scan.amount * SIZES[scan.voucher], vouchers[scan.voucher]
        name = (str(till.unit), int(voucher.voucher_id))
        bears: dict[str, bytes] = {}
        if scan.mode is Mode.LEASE and name in leases:
            bears = {"evidence": leases[name]}
        elif scan.mode is Mode.GRANT and name in grants:
            bears = {"evidence": grants[name] * 2, "request": grants[name]}
        entry = till.accept(voucher, amount, scan.mode, b.NOW_S + scan.offset_s, **bears)
        for part in scan.taken_back:
            # Never more than it is; together it may be, and then the till has lied.
            till.void(entry, amount=min(part, scan.amount) * SIZES[scan.voucher])


def report(tills: list[Till], plan: list[tuple[int, int, int]]) -> None:
    """Push as the plan says, with overlaps and holes; then whatever is missing, in order."""
    for which, first, last in plan:
        till = tills[which]
        if first <= min(last, len(till.raws)):
            till.deliver(first, min(last, len(till.raws)))
    for till in tills:
        if till.raws:
            assert till.deliver().ack.seq == len(till.raws)


def books() -> tuple[object, ...]:
    """Everything that must not depend on who reported when."""
    entries = RedemptionEntry.select().order_by(RedemptionEntry.unit_id, RedemptionEntry.seq)
    found = [(e.unit_id, e.seq, str(e.outcome), e.covered) for e in entries]
    posted = journals("redeemed") - journals("redeemed-reversed")
    assert posted == sum(covered > 0 for *_, covered in found)
    conflicts = sorted((c.unit, c.seq, c.excess_minor) for c in overview.conflicts())
    states = [int(v.status) for v in Voucher.select().order_by(Voucher.id)]
    return found, balances(), conflicts, states


@pytest.fixture
def hub(hub_database: Database) -> Hub:
    """Three tills of two stores, and three vouchers that all of them take."""
    furnish()
    tills = [enrolled(name, store) for name, store in TILLS]
    vouchers = [a_voucher(product, scope=0) for product in (LUNCH, COFFEE, GIFT)]
    return Hub(tills, vouchers, *promise(tills, vouchers))


def promise(tills: list[Till], vouchers: list[VoucherClaims]) -> tuple[Evidence, Evidence]:
    """Lend to two tills, and give a grant to each of them."""
    leases: Evidence = {}
    for till, voucher, amount in ((tills[0], vouchers[2], 12000), (tills[1], vouchers[1], 1)):
        wanted = LeaseRequest(till.unit, new_lease_id(), voucher.voucher_id, amount, 3600)
        leases[str(till.unit), int(voucher.voucher_id)] = lend(
            wanted, by="anna", at_s=b.NOW_S
        ).lease_id
    grants: Evidence = {}
    for number, (till, voucher, amount) in enumerate(
        ((tills[1], vouchers[2], 6000), (tills[0], vouchers[1], 1)), start=1
    ):
        request = number.to_bytes(16, "big")
        grants[str(till.unit), int(voucher.voucher_id)] = request
        change(
            "INSERT INTO grant_given VALUES (?, ?, ?, ?, ?, ?, ?, 0)",
            (till.unit, request, voucher.voucher_id, amount, request * 2, b.NOW_S, b.NOW_S + 180),
        )
    return leases, grants


@settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(day=days, plan=pushes, last=st.permutations(range(3)))
def test_who_reports_when_changes_nothing(
    hub: Hub,
    anew: Callable[[], None],
    day: tuple[list[Scan], ...],
    plan: list[tuple[int, int, int]],
    last: list[int],
) -> None:
    tills, vouchers, leases, grants = hub
    for till, scanned in zip(tills, day, strict=True):
        work_a_day(till, scanned, vouchers, leases, grants)
    anew()
    report(tills, [])
    in_order = books()
    anew()
    report([tills[n] for n in last], [(last.index(n), i, j) for n, i, j in plan])
    assert books() == in_order
    assert_sound()
