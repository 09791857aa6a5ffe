"""What every test needs."""

from __future__ import annotations

import gc
import os

from hypothesis import settings

from tests.memory import GIB, roomy_memory

# A machine that is busy with something else makes no property false.
settings.register_profile("house", deadline=None)
settings.load_profile("house")


def pytest_configure() -> None:
    """Let tests' files lie in memory if there is room: half of their time was waiting for a disk.

    What survives a power cut is tried with disks that are made up, and a killed process leaves
    behind what it has written wherever that lies.
    """
    memory = roomy_memory(6 * GIB, runs=True)
    if memory is not None:
        os.environ.setdefault("PYTEST_DEBUG_TEMPROOT", memory)


def pytest_collection_finish() -> None:
    """Leave what is there from the start out of the search for garbage.

    Every app that a test builds made Python look through all modules several times: two thirds of
    the time that building it took.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 20)
