"""The process of one parser: python -m tests.fuzz.one_parser NAME OPTIONS-OF-LIBFUZZER.

It imports nothing of ours before Atheris watches: what is there already would not be told apart.
"""

from __future__ import annotations

import contextlib
import random
import sys
from collections.abc import Callable

import atheris

with atheris.instrument_imports(include=["edge", "central"]):
    from tests.fuzz.mutate import alter
    from tests.fuzz.targets import TARGETS, Target


def main(name: str, *told: str) -> None:
    """Fuzz it; libFuzzer ends the process."""
    target = TARGETS[name]

    def once(data: bytes) -> None:
        with contextlib.suppress(*target.refusals):
            target.parse(data)

    atheris.Setup([name, *told], once, custom_mutator=_mutator(target))
    atheris.Fuzz()


def _mutator(target: Target) -> Callable[[bytes, int, int], bytes]:
    def mutated(data: bytes, longest: int, seed: int) -> bytes:
        dice = random.Random(seed)
        if dice.random() < 0.5:
            return bytes(atheris.Mutate(data, longest))
        return alter(dice, data, target.seeds)[:longest]

    return mutated


if __name__ == "__main__":
    main(*sys.argv[1:])
