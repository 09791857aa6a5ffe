"""Mistakes that somebody could make, planted one at a time, to see that each is found.

Production code knows nothing of them: a bug is put over a part while one simulation runs, and
taken away again. A bug that is not found is a hole in the simulation, not a success.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple

from tests.simulation import machine
from tests.simulation.machine import Machine


class Seam:
    """Where bugs are put over the parts; it takes them away in the end."""

    def __init__(self) -> None:
        self._before: list[tuple[Any, str, Any]] = []

    def put(self, owner: Any, name: str, wrong: Any) -> Any:
        """Put something wrong in the place of a part of a class or module; return the part."""
        right = owner.__dict__[name]
        self._before.append((owner, name, right))
        setattr(owner, name, wrong)
        return right

    @staticmethod
    def part(owner: Any, name: str) -> Any:
        """Return a part as it is now."""
        return owner.__dict__[name]

    @staticmethod
    def over(owner: Any, name: str, wrong: Any) -> None:
        """Put something wrong in a place that ``put`` has noted."""
        setattr(owner, name, wrong)

    def fit(self, do: Callable[[Machine], None]) -> None:
        """Do something to every machine that starts."""
        machine.FITTINGS.append(do)

    def mend(self) -> None:
        """Put everything right again."""
        machine.FITTINGS.clear()
        for owner, name, right in reversed(self._before):
            setattr(owner, name, right)
        self._before.clear()


class Bug(NamedTuple):
    """A mistake.

    Args:
        name: What somebody might have written, in a few words.
        plant: Puts it in.
    """

    name: str
    plant: Callable[[Seam], None]


@contextmanager
def planted(bug: Bug | None) -> Iterator[None]:
    """While this lasts the bug is there."""
    seam = Seam()
    if bug:
        bug.plant(seam)
    try:
        yield
    finally:
        seam.mend()
