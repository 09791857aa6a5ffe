"""Feeds one parser with altered bytes."""

from __future__ import annotations

from typing import NamedTuple

from tests.fuzz.mutate import mutate
from tests.fuzz.targets import Target

DEFECTS_MAX = 5
"""Of one parser; the first says most."""


class Defect(NamedTuple):
    """A parser raised what it may not."""

    target: str
    number: int
    data: bytes
    error: BaseException


class Fed(NamedTuple):
    """What a parser made of what it was fed with."""

    taken: int
    refused: int
    defects: list[Defect]


def feed(target: Target, first: int, count: int) -> Fed:
    """Feed alterations ``first`` to ``first + count`` and return what became of them."""
    taken = refused = 0
    defects: list[Defect] = []
    for number in range(first, first + count):
        data = mutate(number, target.seeds)
        try:
            target.parse(data)
        except target.refusals:
            refused += 1
        except Exception as exc:  # noqa: BLE001 - that is what is looked for
            defects.append(Defect(target.name, number, data, exc))
            if len(defects) >= DEFECTS_MAX:
                break
        else:
            taken += 1
    return Fed(taken, refused, defects)
