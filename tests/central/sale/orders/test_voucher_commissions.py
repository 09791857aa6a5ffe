"""Agents earn of vouchers of ours as those are redeemed, give it back as that is undone."""

from __future__ import annotations

from typing import NamedTuple

from central.foundation.db.engine import rows
from central.insight.proofs import prove_all
from central.money.sharing.release import release_due
from central.sale.orders import refund, store
from edge.contract.ids import VoucherId
from tests import builders as b
from tests.central.books import assert_sound
from tests.central.builders import CURRENCY, ZONE, enrolled
from tests.central.money.sharing.builders import a_rule, activated
from tests.central.sale.builders import LUNCH, Shop, balance_of
from tests.central.sale.orders.test_sell import SELLER

DAY_S = 86_400


class Earned(NamedTuple):
    """What agents have together: promised, pending, available."""

    promised: int
    pending: int
    available: int


def earned() -> Earned:
    [(promised,)] = rows(
        "SELECT coalesce(sum(kept_minor), 0) FROM commission WHERE state = 'promised'"
    )
    pending, available = (
        sum(balance_of(code) for (code,) in rows(
            "SELECT code FROM account WHERE substr(code, 1, 5) = ?", (heading,)
        ))
        for heading in ("2111.", "2110.")
    )  # fmt: skip
    return Earned(int(promised), pending, available)


def all_is_proven() -> None:
    """The rooms agree with the books, and the ledger with itself."""
    assert prove_all(b.NOW_S + DAY_S, CURRENCY).is_good
    assert_sound()


def test_commission_of_a_voucher_is_promised_earned_given_back_and_released(
    any_shop: Shop,
) -> None:
    till = enrolled()
    activated(a_rule())
    order = any_shop.bought(LUNCH, 2, seller=SELLER)
    whole = earned()
    assert whole.promised > 0
    assert whole == (whole.promised, 0, 0)  # nothing is earned by selling
    all_is_proven()

    first, second = (VoucherId(unit.voucher or 0) for unit in store.units(order.id))
    entry = till.accept(first)
    till.deliver()
    half = whole.promised // 2
    assert earned() == (whole.promised - half, half, 0)
    assert balance_of("5020") == half
    all_is_proven()
    till.deliver()  # again: nothing is earned twice
    assert earned() == (whole.promised - half, half, 0)

    till.void(entry)
    till.deliver()
    assert earned() == whole
    assert balance_of("5020") == 0
    all_is_proven()

    till.accept(first)
    till.deliver()
    release_due(b.NOW_S + 400 * DAY_S, timezone=ZONE)
    assert earned() == (whole.promised - half, 0, half)
    all_is_proven()

    # What goes back to its buyer is nobody's commission any more, even if a till is late.
    unit = next(unit for unit in store.units(order.id) if unit.voucher == int(second))
    refund.refund_units(order.id, [unit.id], "not wanted", "amy", any_shop.office)
    any_shop.settle_refunds()
    assert earned() == (0, 0, half)
    till.accept(second)
    till.deliver()
    assert earned() == (0, 0, half)
    assert_sound()
