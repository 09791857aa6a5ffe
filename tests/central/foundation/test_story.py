"""Whatever is done to a chained story but cutting its end is found."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from central.foundation.story import GENESIS, broken, link

TOLD = st.tuples(st.integers(0, 9), st.text(max_size=5))


def told(owner: int, lines: list[tuple[int, str]]) -> list[list[Any]]:
    before, made = GENESIS, list[list[Any]]()
    for n, line in enumerate(lines, 1):
        before = link(before, [owner, n, *line])
        made.append([owner, n, *line, before])
    return made


@given(st.lists(TOLD, max_size=5), st.lists(TOLD, max_size=5))
def test_stories_that_nobody_touched_hold(one: list[Any], other: list[Any]) -> None:
    assert broken(told(1, one) + told(2, other)) == []


@given(st.lists(TOLD, min_size=2, max_size=6), st.data())
def test_a_line_that_was_altered_dropped_moved_or_put_in_is_found(
    lines: list[Any], data: st.DataObject
) -> None:
    good = told(1, lines)
    at = data.draw(st.integers(0, len(good) - 2))
    altered = [line[:] for line in good]
    altered[at][3] += "!"
    dropped = good[:at] + good[at + 1 :]
    moved = [*good[:at], good[at + 1], good[at], *good[at + 2 :]]
    doubled = [*good[: at + 1], good[at], *good[at + 1 :]]
    for forged in (altered, dropped, moved, doubled):
        assert broken([*forged, *told(2, lines)]) == ["1"]
