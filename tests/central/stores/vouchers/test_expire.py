"""Expired vouchers: owed on, until a policy says otherwise; and nobody who came in time loses."""

from __future__ import annotations

from collections.abc import Iterator

import peewee
import pytest

from central.errors import NotFound, RequestInvalid
from central.foundation.db.engine import change
from central.money.settlement.payable.watermark import watermarks
from central.stores.redemptions.complete import unit_journals
from central.stores.redemptions.conflict import CaseOutcome, Decision, close
from central.stores.redemptions.tables import ConflictCase
from central.stores.vouchers.expire import (
    Policy,
    Swept,
    agree_breakage,
    gone,
    left_by_account,
    policies,
    sweep,
)
from central.stores.vouchers.tables import Voucher
from edge.contract.ids import ProductId
from edge.contract.voucher_token import DAY_S, DAY_ZERO_S
from tests import builders as b
from tests.central.books import assert_sound, balances
from tests.central.builders import (
    CURRENCY,
    GIFT,
    LUNCH,
    ZONE,
    Database,
    a_voucher,
    an_order,
    enrolled,
    furnish,
    sell,
)
from tests.central.money.settlement.builders import everything_is_known

OVER_S = DAY_ZERO_S + 200 * DAY_S
"""When the vouchers of the builders are not good any more."""
LATER_S = OVER_S + 30 * DAY_S


@pytest.fixture(autouse=True)
def hub(hub_database: Database) -> Iterator[None]:
    """A furnished hub; afterwards books in order."""
    furnish()
    yield
    assert_sound()


def swept(at_s: int) -> Swept:
    """Do what is due, and do it again, which changes nothing."""
    done = sweep(watermarks(unit_journals(), at_s), at_s, currency=CURRENCY, timezone=ZONE)
    again = sweep(watermarks(unit_journals(), at_s), at_s, currency=CURRENCY, timezone=ZONE)
    assert (again.expired, again.broken) == (0, 0)
    return done


def test_what_is_left_on_an_expired_voucher_stays_owed() -> None:
    till = enrolled()
    till.accept(a_voucher(GIFT), amount=5_000)
    till.deliver()
    everything_is_known(till, at_s=OVER_S)
    assert swept(OVER_S - 1) == Swept(0, 0, 0)
    assert swept(OVER_S) == Swept(1, 0, 0)
    assert balances()[f"2021.{GIFT}"] == -15_000
    assert f"2020.{GIFT}" not in balances()
    assert swept(OVER_S + 3650 * DAY_S).broken == 0  # no policy: it is the holder's for ever
    assert left_by_account() == {f"2021.{GIFT}": 15_000}


def test_a_batch_waits_for_tills_that_have_not_told_everything() -> None:
    till = enrolled()
    a_voucher()
    everything_is_known(till, at_s=OVER_S - 1)
    assert swept(LATER_S) == Swept(0, 0, 1)
    everything_is_known(till, at_s=OVER_S)
    assert swept(LATER_S) == Swept(1, 0, 0)


def test_a_batch_that_is_used_up_expires_without_a_posting() -> None:
    till = enrolled()
    till.accept(a_voucher())
    till.deliver()
    everything_is_known(till, at_s=OVER_S)
    assert swept(OVER_S).expired == 1
    assert f"2021.{LUNCH}" not in balances()


def test_by_the_products_policy_it_becomes_ours_after_its_days() -> None:
    sell(an_order(LUNCH, vouchers=3))
    sell(an_order(GIFT))
    agree_breakage(LUNCH, 30, "terms of 2026", "finance", b.NOW_S)
    swept(OVER_S)
    assert swept(LATER_S - 1).broken == 0
    assert swept(LATER_S) == Swept(0, 1, 0)
    assert balances()["4030"] == -3 * 8_800
    assert balances()[f"2021.{GIFT}"] == -20_000


def test_the_newest_policy_counts() -> None:
    for days in (30, None, 60):
        agree_breakage(LUNCH, days, "terms", "finance", b.NOW_S)
    assert policies() == {LUNCH: Policy(LUNCH, 60, "terms", "finance", b.NOW_S)}
    with pytest.raises(peewee.DatabaseError, match="expiry"):
        change("UPDATE breakage_policy SET after_days = 0")
    with pytest.raises(peewee.DatabaseError, match="expiry"):
        change("DELETE FROM breakage_policy")


@pytest.mark.parametrize(
    ("product", "days", "reason", "error"),
    [
        (ProductId(999), 1, "why", NotFound),
        (LUNCH, -1, "why", RequestInvalid),
        (LUNCH, 36501, "why", RequestInvalid),
        (LUNCH, 1, "  ", RequestInvalid),
        (LUNCH, 1, "x" * 501, RequestInvalid),
    ],
)
def test_a_policy_that_cannot_be_is_refused(
    product: ProductId, days: int, reason: str, error: type[Exception]
) -> None:
    with pytest.raises(error):
        agree_breakage(product, days, reason, "finance", b.NOW_S)
    assert policies() == {}


@pytest.mark.parametrize("is_broken", [False, True])
def test_who_came_in_time_and_is_reported_late_is_honoured(is_broken: bool) -> None:
    """The gap of a lost till was accepted; then it is found, and tells."""
    claims = a_voucher()
    if is_broken:
        agree_breakage(LUNCH, 0, "terms", "finance", b.NOW_S)
    swept(LATER_S)
    assert gone(Voucher.get(Voucher.id == claims.voucher_id)) == (is_broken,)
    till = enrolled()
    till.accept(claims)
    till.deliver()
    assert balances()[f"2310.{b.STORE}"] == -8_800
    assert {"2020.7", "2021.7", "4030"}.isdisjoint(balances())


@pytest.mark.parametrize("is_broken", [False, True])
def test_a_redemption_that_is_taken_back_after_the_expiry_is_owed_again(
    is_broken: bool,
) -> None:
    till = enrolled()
    entry = till.accept(a_voucher())
    till.deliver()
    everything_is_known(till, at_s=OVER_S)
    if is_broken:
        agree_breakage(LUNCH, 0, "terms", "finance", b.NOW_S)
    swept(LATER_S)
    till.void(entry)
    till.deliver()
    assert balances()["4030" if is_broken else "2021.7"] == -8_800
    assert f"2310.{b.STORE}" not in balances()


def test_a_double_redemption_that_comes_to_light_after_the_expiry_is_a_case() -> None:
    first, second = enrolled("one"), enrolled("two")
    claims = a_voucher()
    first.accept(claims)
    first.deliver()
    everything_is_known(first, second, at_s=OVER_S)
    swept(LATER_S)
    second.accept(claims, at_s=b.NOW_S + 60)
    second.deliver()
    [case] = ConflictCase.select()
    close(case.id, Decision(CaseOutcome.PLATFORM, "test", "late"), LATER_S)
    assert balances()["5050"] == 8_800
