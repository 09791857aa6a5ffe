"""A hundred receipts on a bad day; ``python -m tests.end_to_end.paper_chaos`` plays a thousand."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.end_to_end.paper_chaos import STEPS, play

pytestmark = pytest.mark.kill


def test_of_a_hundred_receipts_none_is_lost_and_none_comes_twice_without_a_mark(
    tmp_path: Path,
) -> None:
    day = play(tmp_path, receipts=100, seed=7)
    assert day.lost() == []
    assert day.doubled() == []
    assert sum(day.kills.values()) > 5, "the unit was killed"
    assert set(day.kills) <= set(STEPS)
    assert len(day.key_papers) == 10
