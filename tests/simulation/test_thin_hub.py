"""The thin hub answers as the real one does, and the real one's books are sound afterwards."""

from __future__ import annotations

from pathlib import Path

import pytest

from central.foundation.db.engine import open_database
from tests.central.books import assert_sound
from tests.central.builders import close_hub, furnish
from tests.simulation.hub.recorded import RealHub, RecordedHub
from tests.simulation.mix import mix_of
from tests.simulation.run import workshop
from tests.simulation.world import World

SEEDS = [
    seed for seed in range(200)
    if (mix := mix_of(seed)).restore_hub == mix.second_hub == 0 and mix.units < 5
]  # fmt: skip
"""Of worlds in which the hub itself is never set back."""
FURTHER = ("lease", "grant", "part", "lan")
CHOSEN = sorted(
    {*SEEDS[:2], *(next(s for s in SEEDS if getattr(mix_of(s), p) > 0.5) for p in FURTHER)}
)


def lived(seed: int, directory: Path) -> RecordedHub:
    """Return the hub of a world after all that happened in it."""
    place = directory / f"world-{seed}"
    place.mkdir()
    world = World(seed, place, directory / "cards", make_hub=RecordedHub)
    assert world.run().violations == []
    assert isinstance(world.hub, RecordedHub)
    return world.hub


@pytest.mark.parametrize("seed", CHOSEN)
def test_the_real_hub_would_have_answered_the_same(seed: int) -> None:
    with workshop() as directory:
        hub = lived(seed, directory)
        open_database("", directory / "hub.db")
        try:
            furnish()
            real = RealHub()
            for number, done in enumerate(hub.done):
                assert real.do(done) == done.told, f"{number}: {done.name} {done.args}"
            assert_sound()
        finally:
            close_hub()
