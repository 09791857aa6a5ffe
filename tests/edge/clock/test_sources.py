"""Who is believed about the time, and how far: hub, peers, system, customers, floor."""

from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.clock import keep
from edge.clock.customers import REMEMBERED_S, SEARCH_S, UNCERTAINTY_S, VOUCHERS_MIN
from edge.clock.model import PeerTime, Source
from edge.clock.trusted_time import TrustedClock
from edge.contract.dynamic_code import STEP_S
from edge.contract.voucher_token import DAY_S
from tests import builders as b
from tests.edge import builders as e
from tests.edge.builders import Clock

FLOOR_S = b.NOW_S - 1000


def a_trusted_clock(clock: Clock, **bent: float) -> TrustedClock:
    return TrustedClock(clock.wall_s, clock.steady_s, FLOOR_S, **bent)  # type: ignore[arg-type]


def customers(trusted: TrustedClock, off_s: float, count: int, first: int = 0) -> bool:
    """Let customers come whose phones are right while this clock's wall is off by ``-off_s``."""
    true_s = trusted.now().at_s + off_s
    told = [
        trusted.learn_from_code(e.voucher(first + i), int(true_s // STEP_S)) for i in range(count)
    ]
    return any(told)


# --- peers ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("lies_s", [-(10**6), 10**6])
def test_one_peer_in_three_cannot_move_the_clock(lies_s: int) -> None:
    trusted = a_trusted_clock(Clock(0))
    true_s = b.NOW_S + 5000
    assert trusted.learn_from_peers(
        [PeerTime(true_s - 1, 3), PeerTime(true_s + lies_s, 1), PeerTime(true_s + 1, 3)]
    )
    now = trusted.now()
    assert now.source is Source.PEERS
    assert now.earliest_s <= true_s <= now.latest_s
    assert now.uncertainty_s <= 5


@given(
    st.lists(st.tuples(st.floats(-30, 30), st.floats(0, 60)), min_size=1, max_size=9),
    st.lists(st.tuples(st.floats(-1e6, 1e6), st.floats(0, 1e6)), max_size=8),
)
def test_as_long_as_most_peers_are_right_so_is_their_median(
    honest: list[tuple[float, float]], liars: list[tuple[float, float]]
) -> None:
    true_s = float(b.NOW_S + 5000)
    told = [PeerTime(true_s + off, abs(off) + more) for off, more in honest]
    told += [PeerTime(true_s + off, own) for off, own in liars[: len(honest) - 1]]
    trusted = a_trusted_clock(Clock(0))
    trusted.learn_from_peers(told)
    now = trusted.now()
    assert now.earliest_s <= true_s <= now.latest_s + 1


def test_peers_are_believed_more_than_the_system_and_less_than_the_hub() -> None:
    clock = Clock()
    trusted = a_trusted_clock(clock)
    assert trusted.learn_from_peers([PeerTime(b.NOW_S + 900, 2)] * 2)
    assert trusted.now().at_s == b.NOW_S + 900
    trusted.learn_from_hub(b.NOW_S + 60, trusted.steady_s())
    assert not trusted.learn_from_peers([PeerTime(b.NOW_S + 900, 2)] * 2)
    assert (trusted.now().at_s, trusted.now().source) == (b.NOW_S + 60, Source.HUB)


def test_peers_narrow_what_has_become_uncertain_since_the_hub_spoke() -> None:
    clock = Clock()
    trusted = a_trusted_clock(clock)
    trusted.learn_from_hub(b.NOW_S, trusted.steady_s())
    clock.pass_s(30 * DAY_S)
    assert trusted.now().uncertainty_s > 200
    assert trusted.learn_from_peers([PeerTime(b.NOW_S + 30 * DAY_S + 100, 2)])
    now = trusted.now()
    assert now.uncertainty_s <= 3
    assert abs(now.at_s - (b.NOW_S + 30 * DAY_S + 100)) <= 2
    assert now.source is Source.HUB


def test_nobody_there_teaches_nothing() -> None:
    assert not a_trusted_clock(Clock()).learn_from_peers([])


# --- customers' codes ----------------------------------------------------------------------------


@pytest.mark.parametrize("off_s", [-600, -240, -60, 60, 400, 600])
def test_five_customers_set_a_system_clock_right(off_s: int) -> None:
    trusted = a_trusted_clock(Clock(b.NOW_S + 2000))
    assert not customers(trusted, off_s, VOUCHERS_MIN - 1)
    assert customers(trusted, off_s, 1, first=100)
    now = trusted.now()
    assert now.source is Source.CODES
    assert abs(now.at_s - (b.NOW_S + 2000 + off_s)) <= STEP_S
    assert now.uncertainty_s == UNCERTAINTY_S


def test_the_same_customer_five_times_is_one_customer() -> None:
    trusted = a_trusted_clock(Clock())
    step = (b.NOW_S + 300) // STEP_S
    assert not any(trusted.learn_from_code(e.voucher(1), step) for _ in range(9))


def test_two_in_five_who_collude_cannot_move_it() -> None:
    trusted = a_trusted_clock(Clock())
    customers(trusted, 600, 2)
    customers(trusted, 0, 3, first=50)
    assert (trusted.now().at_s, trusted.now().source) == (b.NOW_S, Source.SYSTEM)


def test_it_is_set_right_once_an_hour_and_never_far_from_where_others_have_set_it() -> None:
    clock = Clock()
    trusted = a_trusted_clock(clock)
    assert customers(trusted, 500, 5)
    assert not customers(trusted, 500, 9, first=10), "within the hour"
    for hour in range(1, 30):
        clock.pass_s(REMEMBERED_S + 1)
        customers(trusted, 500, 5, first=20 * hour)
    moved_s = trusted.now().at_s - clock.wall_s()
    assert moved_s <= SEARCH_S + 2 * STEP_S, "whoever comes every hour does not lead it away"


def test_customers_never_move_it_below_the_floor() -> None:
    clock = Clock()
    trusted = a_trusted_clock(clock)
    trusted.raise_floor(b.NOW_S - 10)
    customers(trusted, -400, 9)
    assert trusted.now().at_s >= b.NOW_S - 10


def test_what_was_seen_over_an_hour_ago_no_longer_counts() -> None:
    clock = Clock()
    trusted = a_trusted_clock(clock)
    customers(trusted, 300, 4)
    clock.pass_s(REMEMBERED_S)
    assert not customers(trusted, 300, 4, first=10)


def test_customers_narrow_the_hubs_bounds_and_never_leave_them() -> None:
    clock = Clock()
    trusted = a_trusted_clock(clock)
    trusted.learn_from_hub(b.NOW_S, trusted.steady_s())
    assert not customers(trusted, 300, 9), "the hub has just said what time it is"
    clock.pass_s(30 * DAY_S)
    true_s = b.NOW_S + 30 * DAY_S + 200
    for i in range(5):
        trusted.learn_from_code(e.voucher(500 + i), true_s // STEP_S)
    now = trusted.now()
    assert now.source is Source.HUB
    assert abs(now.at_s - true_s) <= STEP_S
    assert now.uncertainty_s <= UNCERTAINTY_S


@pytest.mark.parametrize("count", [5, 20])
def test_phones_that_are_a_little_off_correct_a_clock_that_is_much_off(count: int) -> None:
    """Phones wrong by 2 s, one in thirty wildly; the clock by 60 to 500 s."""
    dice = random.Random(count)
    for _ in range(200):
        off_s = dice.choice((-1, 1)) * dice.uniform(60, 500)
        trusted = a_trusted_clock(Clock(b.NOW_S + 2000))
        true_s = b.NOW_S + 2000 + off_s
        for i in range(count):
            phone_s = dice.gauss(0, 2) + (dice.uniform(-500, 500) if dice.random() < 0.03 else 0)
            trusted.learn_from_code(e.voucher(i), int((true_s + phone_s) // STEP_S))
        now = trusted.now()
        assert abs(now.at_s - true_s) <= STEP_S or now.source is Source.SYSTEM
        assert now.source is Source.CODES or count == VOUCHERS_MIN


# --- from one start to the next ------------------------------------------------------------------


def test_a_program_that_is_started_again_goes_on_where_it_was() -> None:
    clock = Clock()
    first = a_trusted_clock(clock)
    first.learn_from_hub(b.NOW_S + 700, first.steady_s())
    kept = first.to_keep("start 1")
    clock.pass_s(40)
    again = a_trusted_clock(clock)
    again.recall(kept, "start 1")
    now = again.now()
    assert (now.at_s, now.source) == (b.NOW_S + 740, Source.HUB)
    assert now.uncertainty_s <= 2


def test_without_a_battery_a_start_of_the_machine_knows_only_that_it_is_later() -> None:
    clock = Clock()
    first = a_trusted_clock(clock)
    first.learn_from_hub(b.NOW_S + 700, first.steady_s())
    kept = first.to_keep("start 1")
    clock.start_again(battery=False)
    again = a_trusted_clock(clock)
    again.recall(kept, "start 2")
    now = again.now()
    assert now.source is Source.FLOOR
    assert now.at_s >= b.NOW_S + 698


def test_a_clock_that_pretends_to_have_run_on_is_not_believed_without_a_battery() -> None:
    """Raspberry Pi OS starts at the time of the last shutdown, however long ago that was."""
    clock = Clock()
    kept = a_trusted_clock(clock).to_keep("start 1")
    clock.start_again(off_s=0)
    again = a_trusted_clock(clock, has_battery=False)
    again.recall(kept, "start 2")
    assert again.now().source is Source.FLOOR


def test_a_battery_that_was_known_to_be_wrong_may_be_wrong_by_the_same_still() -> None:
    clock = Clock()
    first = a_trusted_clock(clock)
    first.learn_from_hub(b.NOW_S + 600, first.steady_s())
    kept = first.to_keep("start 1")
    clock.start_again(off_s=3600)
    again = a_trusted_clock(clock)
    again.recall(kept, "start 2")
    now = again.now()
    assert now.source is Source.SYSTEM
    assert now.earliest_s <= b.NOW_S + 3600, "somebody may have set it right"
    assert now.latest_s >= b.NOW_S + 4200, "or nobody has"


def test_a_battery_drifts_while_the_machine_is_off() -> None:
    clock = Clock()
    kept = a_trusted_clock(clock).to_keep("start 1")
    clock.start_again(off_s=30 * DAY_S)
    again = a_trusted_clock(clock)
    again.recall(kept, "start 2")
    assert 5 + 259 <= again.now().uncertainty_s <= 5 + 261


def test_a_system_clock_beyond_the_hubs_word_is_not_believed_alone() -> None:
    clock = Clock(b.NOW_S + 14 * 365 * DAY_S)
    trusted = a_trusted_clock(clock)
    trusted.recall(None, "start 1", reaches_s=b.NOW_S + 90 * DAY_S)
    assert trusted.now().source is Source.FLOOR


def test_a_clock_that_somebody_has_set_is_looked_at_anew() -> None:
    clock = Clock()
    kept = a_trusted_clock(clock).to_keep("start 1")
    clock.step_wall_s(500)
    again = a_trusted_clock(clock)
    again.recall(kept, "start 1")
    assert again.now().at_s == b.NOW_S + 500


@pytest.mark.parametrize(
    ("slow_s", "source"), [(100, Source.SYSTEM), (DAY_S - 1, Source.SYSTEM), (DAY_S, Source.FLOOR)]
)
def test_a_system_clock_that_is_proven_slow_knows_the_day_at_most(
    slow_s: int, source: Source
) -> None:
    trusted = a_trusted_clock(Clock())
    trusted.raise_floor(b.NOW_S + slow_s)
    now = trusted.now()
    assert (now.at_s, now.earliest_s, now.source) == (b.NOW_S + slow_s,) * 2 + (source,)
    assert now.uncertainty_s >= slow_s + SEARCH_S, "no rotating code can be checked"


@pytest.mark.parametrize("junk", [b"", b"\x80", b"\xff" * 40, keep.encode(
    TrustedClock(Clock().wall_s, Clock().steady_s, 0).to_keep("x"))[:-1]])  # fmt: skip
def test_a_note_that_cannot_be_read_is_no_note(junk: bytes) -> None:
    assert keep.decode(junk) is None


@given(boot=st.text(max_size=40), wall_s=st.integers(0, 2**33), step_s=st.integers(0, 10**6))
def test_what_is_kept_is_read_again(boot: str, wall_s: int, step_s: int) -> None:
    clock = Clock(wall_s)
    trusted = a_trusted_clock(clock)
    clock.pass_s(step_s)
    kept = trusted.to_keep(boot)
    read = keep.decode(keep.encode(kept))
    assert read is not None
    assert read.anchor.uncertainty_s == pytest.approx(kept.anchor.uncertainty_s, abs=0.001)
    assert read.anchor.uncertainty_s >= kept.anchor.uncertainty_s - 1e-9, "never surer than before"
    same = read.anchor._replace(uncertainty_s=kept.anchor.uncertainty_s)
    assert read._replace(anchor=same) == kept
