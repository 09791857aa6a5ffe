"""Up to when is everything known, and who keeps it back?"""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from central.money.settlement.model import Lost, Told, UnitJournal
from central.money.settlement.payable.watermark import (
    SILENT_S,
    Why,
    complete,
    final_through_s,
    watermarks,
)
from edge.contract.ids import StoreGroup, StoreId, UnitId

NOW_S = 1_000_000
OURS, OTHERS, ALL = StoreGroup(3), StoreGroup(5), StoreGroup(0)


def a_journal(unit: str = "S1-K1", group: StoreGroup = OURS, **bent: Any) -> UnitJournal:
    """Of a unit that is up to date."""
    values: dict[str, Any] = {
        "unit": UnitId(unit), "store": StoreId("S1"), "group": group, "is_stopped": False,
        "enrolled_at_s": 100, "tail_at_s": NOW_S - 500, "lost": None,
        "told": Told(NOW_S - 20, is_here=True), "heard_at_s": NOW_S - 10, **bent,
    }  # fmt: skip
    return UnitJournal(**values)


@pytest.mark.parametrize(
    ("bent", "up_to_s", "why", "since_s"),
    [
        ({}, NOW_S - 20, Why.UP_TO_DATE, NOW_S - 10),
        # Its newest entry is newer than what it has told.
        ({"tail_at_s": NOW_S - 5}, NOW_S - 5, Why.UP_TO_DATE, NOW_S - 10),
        # A clock that stands in the future.
        ({"told": Told(NOW_S + 9999, is_here=True)}, NOW_S - 10, Why.UP_TO_DATE, NOW_S - 10),
        ({"told": Told(NOW_S - 20, is_here=False)}, NOW_S - 500, Why.BEHIND, NOW_S - 500),
        ({"told": None}, NOW_S - 500, Why.UNTOLD, NOW_S - 500),
        ({"told": None, "tail_at_s": None, "heard_at_s": None}, 100, Why.SILENT, 100),
        ({"tail_at_s": None, "told": Told(NOW_S - 20, is_here=True)}, NOW_S - 20, Why.UP_TO_DATE,
         NOW_S - 10),
        ({"heard_at_s": NOW_S - SILENT_S - 1, "tail_at_s": 200}, NOW_S - SILENT_S - 1, Why.SILENT,
         NOW_S - SILENT_S - 1),
        ({"is_stopped": True}, NOW_S - 500, Why.STOPPED, NOW_S - 500),
        ({"lost": Lost(2, 4000, 5000)}, 4000, Why.LOST, 5000),
        ({"lost": Lost(2, 4000, 5000), "is_stopped": True}, 4000, Why.LOST, 5000),
    ],
    ids=str,
)  # fmt: skip
def test_how_far_a_unit_s_journal_is_known(
    bent: dict[str, Any], up_to_s: int, why: Why, since_s: int
) -> None:
    found = complete(a_journal(**bent), NOW_S)
    assert (found.up_to_s, found.why, found.since_s) == (up_to_s, why, since_s)


def test_a_group_is_known_as_far_as_its_least_unit() -> None:
    marks = watermarks(
        [
            a_journal("S1-K1"),
            a_journal("S1-K2", lost=Lost(2, 4000, 5000)),
            a_journal("S2-K1", OTHERS, is_stopped=True),
        ],
        NOW_S,
    )
    assert {group: mark.up_to_s for group, mark in marks.items()} == {3: 4000, 5: NOW_S - 500}
    assert [unit.unit for unit in marks[OURS].units] == ["S1-K2", "S1-K1"]
    assert marks[OURS].units[0].lost_epoch == 2


def test_a_voucher_that_is_good_everywhere_waits_for_everybody() -> None:
    marks = watermarks(
        [a_journal("S1-K1"), a_journal("S2-K1", OTHERS, lost=Lost(2, 4000, 5000))], NOW_S
    )
    assert final_through_s(marks, OURS, OURS, NOW_S) == NOW_S - 20
    assert final_through_s(marks, ALL, OURS, NOW_S) == 4000


def test_where_there_is_no_unit_nothing_is_waited_for() -> None:
    assert watermarks([], NOW_S) == {}
    assert final_through_s({}, ALL, OURS, NOW_S) == NOW_S
    assert final_through_s(watermarks([a_journal()], NOW_S), OTHERS, OTHERS, NOW_S) == NOW_S


journals = st.builds(
    a_journal,
    unit=st.sampled_from(["S1-K1", "S1-K2", "S2-K1"]),
    group=st.sampled_from([OURS, OTHERS]),
    is_stopped=st.booleans(),
    tail_at_s=st.none() | st.integers(100, NOW_S),
    told=st.none() | st.builds(Told, st.integers(0, 2 * NOW_S), st.booleans()),
    heard_at_s=st.none() | st.integers(100, NOW_S),
    lost=st.none() | st.builds(Lost, st.just(2), st.integers(100, NOW_S), st.just(NOW_S)),
)


@given(st.lists(journals, max_size=6), st.lists(journals, max_size=3))
def test_another_unit_never_moves_the_watermark_forward(
    some: list[UnitJournal], more: list[UnitJournal]
) -> None:
    before, after = watermarks(some, NOW_S), watermarks([*some, *more], NOW_S)
    for group, mark in before.items():
        assert after[group].up_to_s <= mark.up_to_s <= NOW_S
