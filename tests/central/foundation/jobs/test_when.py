"""When a job runs next, and how long a message waits."""

from __future__ import annotations

import datetime as dt
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from central.foundation.jobs.when import LADDER_S, Daily, Every, next_at_s, wait_s

SHANGHAI = ZoneInfo("Asia/Shanghai")
BERLIN = ZoneInfo("Europe/Berlin")


def moment(text: str, zone: ZoneInfo = SHANGHAI) -> int:
    return int(dt.datetime.fromisoformat(text).replace(tzinfo=zone).timestamp())


@pytest.mark.parametrize(
    ("now", "due"),
    [
        ("2026-04-11T02:59:59", "2026-04-11T03:00:00"),
        ("2026-04-11T03:00:00", "2026-04-12T03:00:00"),
        ("2026-12-31T23:00:00", "2027-01-01T03:00:00"),
    ],
)
def test_a_daily_job_is_due_at_its_time_where_the_shops_are(now: str, due: str) -> None:
    assert next_at_s(Daily(3, 0), moment(now), SHANGHAI) == moment(due)


def test_a_daily_job_is_not_left_out_by_the_clock_of_spring() -> None:
    """Berlin has no 02:30 on that Sunday; the job runs all the same, once."""
    first = next_at_s(Daily(2, 30), moment("2026-03-28T12:00:00", BERLIN), BERLIN)
    second = next_at_s(Daily(2, 30), first, BERLIN)
    days = [dt.datetime.fromtimestamp(at, BERLIN).date().isoformat() for at in (first, second)]
    assert days == ["2026-03-29", "2026-03-30"]


@given(st.integers(0, 2**33), st.integers(0, 23), st.integers(0, 59))
def test_the_next_time_lies_ahead_and_within_two_days(after: int, hour: int, minute: int) -> None:
    assert 0 < next_at_s(Daily(hour, minute), after, BERLIN) - after <= 49 * 3600


def test_what_was_missed_is_not_made_up_for_one_by_one() -> None:
    assert next_at_s(Every(600), 1_000_000, SHANGHAI) == 1_000_600


def test_a_message_waits_longer_after_each_try_and_not_for_ever() -> None:
    waits = [wait_s(attempts) for attempts in range(1, len(LADDER_S) + 1)]
    assert waits == sorted(LADDER_S)
    assert wait_s(len(LADDER_S) + 1) is None
