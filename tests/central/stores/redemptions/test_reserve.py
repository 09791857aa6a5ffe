"""Holding part of a voucher for a unit that is about to accept it, exactly."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from central.errors import KeyReused
from central.foundation.db.engine import change
from central.stores.redemptions.reserve import LIFE_S, reserve
from central.stores.redemptions.tables import ReservationRow
from central.stores.units.revoke import revoke as revoke_unit
from central.stores.units.signature import CLOCK_SKEW_S
from central.stores.units.tables import Unit
from central.stores.vouchers.status import revoke, suspend
from edge.contract.ids import VoucherId
from edge.contract.policy import Mode
from edge.contract.refusal import Refusal
from edge.contract.sync_message import Reservation, Reserve
from edge.contract.voucher_token import DAY_S, DAY_ZERO_S, VoucherClaims
from tests import builders as b
from tests.central.books import assert_sound
from tests.central.builders import (
    COFFEE,
    GIFT,
    OTHER_GROUP,
    TODAY,
    Database,
    Till,
    a_voucher,
    at_once,
    bytes_named,
    enrolled,
    furnish,
    outcomes,
)


@pytest.fixture(autouse=True)
def hub(hub_database: Database) -> Iterator[None]:
    furnish()
    yield
    assert_sound()


def ask(
    till: Till, voucher: VoucherClaims | VoucherId, amount: int = 1, request: str = "one",
    at_s: int = b.NOW_S,
) -> Reservation:  # fmt: skip
    voucher_id = voucher.voucher_id if isinstance(voucher, VoucherClaims) else voucher
    wanted = Reserve(till.unit, bytes_named(request)[:16], voucher_id, amount)
    unit = Unit.get(Unit.id == till.unit)
    return Reservation.from_body(reserve(Reserve.decode(wanted.encode()), unit, at_s).to_body())


def held() -> list[int]:
    return [row.amount for row in ReservationRow.select().order_by(ReservationRow.expires_at_s)]


def test_a_voucher_is_held_for_one_unit() -> None:
    till, other, lunch = enrolled(), enrolled("second"), a_voucher()
    mine = ask(till, lunch)
    assert (mine.refusal, mine.remaining, mine.expires_at_s) == (None, 0, b.NOW_S + LIFE_S)
    assert ask(other, lunch).refusal is Refusal.REDEEMED_ELSEWHERE
    assert held() == [1]


@pytest.mark.parametrize("again_after_s", [0, 10, LIFE_S - 1])
def test_asking_again_is_the_same_reservation(again_after_s: int) -> None:
    till, card = enrolled(), a_voucher(GIFT)
    first = ask(till, card, 500)
    again = ask(till, card, 500, at_s=b.NOW_S + again_after_s)
    assert (again.refusal, again.remaining) == (None, first.remaining)
    assert again.expires_at_s == first.expires_at_s
    assert held() == [500]


def test_asking_again_after_it_has_expired_holds_it_again() -> None:
    till, other, lunch = enrolled(), enrolled("second"), a_voucher()
    ask(till, lunch)
    later = b.NOW_S + LIFE_S
    assert ask(till, lunch, at_s=later).expires_at_s == later + LIFE_S
    assert ask(other, lunch, at_s=later + 1).refusal is Refusal.REDEEMED_ELSEWHERE


def test_a_request_stands_for_one_voucher_and_amount() -> None:
    """Otherwise the answer would promise something that nobody holds."""
    till, lunch, card = enrolled(), a_voucher(), a_voucher(GIFT)
    ask(till, card, 500)
    for voucher, amount in ((lunch, 1), (card, 501)):
        with pytest.raises(KeyReused):
            ask(till, voucher, amount)
    assert held() == [500]


def test_two_units_may_use_the_same_bytes_for_their_requests() -> None:
    till, other, card = enrolled(), enrolled("second"), a_voucher(GIFT)
    assert ask(till, card, 500).remaining == 19500
    assert ask(other, card, 500).remaining == 19000


def says(till: Till, at_s: int, seq: int) -> None:
    """A unit tells with a pull that this was its newest entry at that moment of its clock."""
    told = {"journal_epoch": till.epoch, "journal_seq": seq, "journal_at_s": at_s}
    Unit.update(health=json.dumps(told)).where(Unit.id == till.unit).execute()


GONE_S = b.NOW_S + LIFE_S + CLOCK_SKEW_S


def test_a_till_that_was_promised_something_and_fell_silent_keeps_it() -> None:
    """It may have accepted and lost its network: two tills must not both be promised it."""
    till, other, lunch = enrolled(), enrolled("second"), a_voucher()
    ask(till, lunch)
    for later_s in (LIFE_S, CLOCK_SKEW_S + LIFE_S, 30 * DAY_S):
        told = ask(other, lunch, at_s=b.NOW_S + later_s)
        assert told.refusal is Refusal.REDEEMED_ELSEWHERE
    till.accept(lunch, 1, Mode.ONLINE, request=bytes_named("one")[:16])
    assert outcomes(till.deliver()) == ["applied"]


@pytest.mark.parametrize("refused", [True, False], ids=["refused", "accepted"])
def test_the_entry_frees_what_was_not_used(refused: bool) -> None:
    till, other, card = enrolled(), enrolled("second"), a_voucher(GIFT)
    ask(till, card, 15000)
    request = bytes_named("one")[:16]
    if refused:
        till.refuse(voucher_id=card.voucher_id, request=request)
    else:
        till.accept(card, 5000, Mode.ONLINE, request=request)
    till.deliver()
    assert ask(other, card, 20000 if refused else 15000).refusal is None


@pytest.mark.parametrize(
    ("at_s", "seq", "is_free"),
    [(GONE_S, 1, True), (GONE_S - 1, 1, False), (GONE_S, 2, False)],
    ids=["its journal is here and it is over", "not over by its clock", "an entry is missing"],
)
def test_a_promise_is_over_once_its_entry_cannot_come(at_s: int, seq: int, is_free: bool) -> None:
    till, other, lunch = enrolled(), enrolled("second"), a_voucher()
    till.refuse()
    till.deliver()
    ask(till, lunch)
    says(till, at_s, seq)
    told = ask(other, lunch, at_s=b.NOW_S + LIFE_S)
    assert (told.refusal is None) is is_free
    assert held() == [1]


def test_while_a_promise_lasts_nothing_that_a_unit_says_ends_it() -> None:
    till, other, lunch = enrolled(), enrolled("second"), a_voucher()
    till.refuse()
    till.deliver()
    ask(till, lunch)
    says(till, GONE_S + DAY_S, 1)
    refusal = ask(other, lunch, at_s=b.NOW_S + LIFE_S - 1).refusal
    assert refusal is Refusal.REDEEMED_ELSEWHERE


def test_nobody_waits_for_a_unit_that_was_revoked() -> None:
    till, other, lunch = enrolled(), enrolled("second"), a_voucher()
    ask(till, lunch)
    revoke_unit(till.unit, b.NOW_S + 1)
    assert ask(other, lunch, at_s=b.NOW_S + LIFE_S).refusal is None


def test_a_gift_card_is_held_in_parts() -> None:
    till, card = enrolled(), a_voucher(GIFT)
    assert ask(till, card, 15000, "a").remaining == 5000
    told = ask(till, card, 5001, "b")
    assert (told.refusal, told.remaining) == (Refusal.INSUFFICIENT_VALUE, 5000)
    assert ask(till, card, 5000, "b").remaining == 0
    assert ask(till, card, 1, "c").refusal is Refusal.REDEEMED_ELSEWHERE


def test_nothing_is_held_for_nothing() -> None:
    till, card = enrolled(), a_voucher(GIFT)
    assert ask(till, card, 0).refusal is Refusal.INSUFFICIENT_VALUE
    assert held() == []


def test_the_reservation_ends_with_its_entry() -> None:
    till, card = enrolled(), a_voucher(GIFT)
    ask(till, card, 15000)
    till.accept(card, 15000, Mode.ONLINE, request=bytes_named("one")[:16])
    till.deliver()
    assert held() == []
    assert ask(till, card, 5000, "two").remaining == 0


def test_asking_again_after_the_entry_has_come_holds_nothing_more() -> None:
    """The answer was lost on the way; the unit asks once more although all is done."""
    till, other, card = enrolled(), enrolled("second"), a_voucher(GIFT)
    ask(till, card, 15000)
    till.accept(card, 15000, Mode.ONLINE, request=bytes_named("one")[:16])
    till.deliver()
    again = ask(till, card, 15000)
    assert (again.refusal, again.remaining) == (None, 5000)
    assert ask(other, card, 5000).refusal is None
    assert held() == [5000]


def test_what_was_redeemed_offline_is_not_held_again() -> None:
    till, other, lunch = enrolled(), enrolled("second"), a_voucher()
    till.accept(lunch)
    till.deliver()
    assert ask(other, lunch).refusal is Refusal.REDEEMED_ELSEWHERE


def test_what_the_ledger_would_not_post_is_not_held_again() -> None:
    """The money waits for a person; the voucher is used up all the same."""
    till, other, lunch = enrolled(at_s=b.NOW_S - 9 * DAY_S), enrolled("second"), a_voucher()
    change("UPDATE closed_through SET day = ?", (TODAY - 1,))
    till.accept(lunch, at_s=b.NOW_S - 2 * DAY_S)
    till.deliver()
    assert ask(other, lunch).refusal is Refusal.REDEEMED_ELSEWHERE


def test_a_promise_is_kept_against_what_comes_from_offline_tills() -> None:
    till, other, lunch = enrolled(), enrolled("second"), a_voucher()
    ask(till, lunch)
    other.accept(lunch, at_s=b.NOW_S - 60)
    other.deliver()
    till.accept(lunch, mode=Mode.ONLINE, request=bytes_named("one")[:16])
    assert outcomes(till.deliver()) == ["applied"]
    assert outcomes(other.deliver()) == ["overspend"]


def test_a_void_makes_room_again() -> None:
    till, lunch = enrolled(), a_voucher()
    till.void(till.accept(lunch))
    till.deliver()
    assert ask(till, lunch).refusal is None


BEGINS_S, ENDS_S = DAY_ZERO_S + 90 * DAY_S, DAY_ZERO_S + 200 * DAY_S


@pytest.mark.parametrize(
    ("bent", "at_s", "refusal"),
    [
        ({"scope": OTHER_GROUP}, b.NOW_S, Refusal.WRONG_STORE),
        ({}, ENDS_S, Refusal.EXPIRED),
        ({}, ENDS_S - 1, None),
        ({}, BEGINS_S - 1, Refusal.NOT_YET_VALID),
        ({}, BEGINS_S, None),
        ({"scope": 0}, b.NOW_S, None),
    ],
    ids=["other-group", "expired", "last-second", "not-yet", "first-second", "all-groups"],
)
def test_a_voucher_is_held_where_and_when_it_is_good(
    bent: dict[str, Any], at_s: int, refusal: Refusal | None
) -> None:
    till, lunch = enrolled(), a_voucher(**bent)
    assert ask(till, lunch, at_s=at_s).refusal is refusal
    assert len(held()) == (refusal is None)


def test_a_stopped_voucher_is_not_held() -> None:
    till, revoked, suspended = enrolled(), a_voucher(), a_voucher()
    revoke(revoked.voucher_id)
    suspend(suspended.voucher_id)
    assert ask(till, revoked).refusal is Refusal.REVOKED
    assert ask(till, suspended).refusal is Refusal.SUSPENDED
    told = ask(till, VoucherId(0xABCDEF))
    assert (told.refusal, told.remaining) == (Refusal.UNKNOWN_VOUCHER, 0)
    assert held() == []


def test_eight_tills_that_ask_at_once_get_one_voucher_between_them() -> None:
    tills = [enrolled(f"till {n}") for n in range(8)]
    lunch = a_voucher()
    told = at_once(8, lambda n: ask(tills[n], lunch).refusal)
    assert told.count(None) == 1, told
    assert told.count(Refusal.REDEEMED_ELSEWHERE) == 7, told


def test_eight_tills_that_ask_at_once_hold_a_card_to_the_fen() -> None:
    tills = [enrolled(f"till {n}") for n in range(8)]
    card = a_voucher(GIFT)

    def work(n: int) -> int:
        return sum(3000 for i in range(3) if ask(tills[n], card, 3000, f"{i}").refusal is None)

    assert sum(n for n in at_once(8, work) if isinstance(n, int)) == 18000
    assert sum(held()) == 18000


def test_one_request_that_is_sent_by_many_at_once_holds_once() -> None:
    till, card = enrolled(), a_voucher(GIFT)
    told = at_once(8, lambda _: ask(till, card, 3000))
    assert {t.remaining for t in told if isinstance(t, Reservation)} == {17000}, told
    assert held() == [3000]


scans = st.lists(
    st.tuples(st.sampled_from(["ask", "use", "solo", "wait"]), st.integers(0, 3)), max_size=14
)


@settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(plan=scans)
def test_a_promise_that_is_used_in_time_is_never_overspend(
    hub: None, plan: list[tuple[str, int]]
) -> None:
    """Whatever offline tills report in between, and however the promises follow one another."""
    till, solo, coffees = enrolled(), enrolled("second"), a_voucher(COFFEE)
    till.begin_epoch(coffees.voucher_id)
    solo.begin_epoch(coffees.voucher_id)
    now, promised, used = b.NOW_S, dict[str, int](), set[str]()
    for step, which in plan:
        request = f"{coffees.voucher_id}/{which}"
        if step == "wait":
            now += 100
        elif step == "solo":
            solo.accept(coffees, 3, at_s=now)
            solo.deliver()
        elif step == "ask" and request not in used:
            if ask(till, coffees, 4, request, now).refusal is None:
                promised.setdefault(request, now)
        elif step == "use" and now < promised.pop(request, 0) + LIFE_S:
            used.add(request)
            till.accept(coffees, 4, Mode.ONLINE, now, request=bytes_named(request)[:16])
            till.deliver()
    if till.raws[1:]:
        assert set(outcomes(till.deliver())[1:]) == {"applied"}
