"""What the first worlds did not have: a world has some of it, or nothing, as its seed says.

All of it is drawn from ``world.further``, so that a seed without it is the world that it was.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.simulation.further.grants import GRANT_STEPS
from tests.simulation.further.leases import LEASE_STEPS
from tests.simulation.further.neighbours import NEIGHBOUR_STEPS
from tests.simulation.further.parts import PART_STEPS

if TYPE_CHECKING:
    from tests.simulation.world import World

SHARE = 0.5
"""How often one of these comes after one of the others."""
STEPS = (*LEASE_STEPS, *GRANT_STEPS, *PART_STEPS, *NEIGHBOUR_STEPS)


def one(world: World) -> None:
    """Let one of these things happen, if this world has any, and it is its turn."""
    if world.tasks.current is not None:
        return
    weights = [step.weight(world.mix) for step in STEPS]
    if any(weights) and world.further.random() < SHARE:
        [step] = world.further.choices(STEPS, weights)
        step.do(world)
