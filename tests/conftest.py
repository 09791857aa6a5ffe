"""What every test needs."""

from __future__ import annotations

import gc

from hypothesis import settings

# A machine that is busy with something else makes no property false.
settings.register_profile("house", deadline=None)
settings.load_profile("house")


def pytest_collection_finish() -> None:
    """Leave what is there from the start out of the search for garbage.

    Every app that a test builds made Python look through all modules several times: two thirds of
    the time that building it took.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 20)
