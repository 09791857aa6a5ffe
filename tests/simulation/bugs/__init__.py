"""Every mistake that is planted, one at a time, to see that the simulation finds it."""

from __future__ import annotations

from tests.simulation.bugs.neighbours import NEIGHBOUR_BUGS
from tests.simulation.bugs.promises import PROMISE_BUGS
from tests.simulation.bugs.seam import Bug, planted
from tests.simulation.bugs.talk import TALK_BUGS
from tests.simulation.bugs.unit import UNIT_BUGS

BUGS: tuple[Bug, ...] = (*UNIT_BUGS, *TALK_BUGS, *PROMISE_BUGS, *NEIGHBOUR_BUGS)
CANARY = next(bug for bug in BUGS if bug.name == "what was uploaded is forgotten")
"""A simulation that does not find this one finds nothing."""

__all__ = ["BUGS", "CANARY", "Bug", "planted"]
