"""What every test needs."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import settings

# A machine that is busy with something else makes no property false.
settings.register_profile("house", deadline=None)
settings.load_profile("house")

ROOT = Path(__file__).parent
_WHOLE_PROGRAMS = (ROOT / "browser", ROOT / "end_to_end", ROOT / "tidy" / "test_tutorial.py")


def pytest_itemcollected(item: pytest.Item) -> None:
    """Keep what starts whole programs on one worker: they are slow when they start at once.

    Not later: the groups are read before any other hook has seen the list of all tests.
    """
    if any(item.path.is_relative_to(place) for place in _WHOLE_PROGRAMS):
        item.add_marker(pytest.mark.xdist_group("whole programs"))
