"""The simulation itself: nothing is violated, the same seed is the same run, and it can fail."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.simulation.bugs import BUGS, CANARY
from tests.simulation.run import find, main, run_seed, run_seeds, workshop

ROOT = Path(__file__).parents[2]
SEEDS = 24
"""Of a default run; ``./run simulate`` runs as many as there is time for."""


@pytest.fixture(name="directory", scope="module")
def _directory() -> Iterator[Path]:
    with workshop() as directory:
        yield directory


@pytest.mark.parametrize("start", range(0, SEEDS, 12))
def test_whatever_goes_wrong_every_promise_is_kept(directory: Path, start: int) -> None:
    tally = run_seeds(range(start, start + 12), directory)
    assert tally.failed == []
    assert tally.seeds == 12
    assert tally.steps > 12 * 30


def test_the_same_seed_is_the_same_run_in_every_process(directory: Path) -> None:
    """Else nobody could look at what a violation came from."""
    program = (
        "from tests.simulation.run import run_seed, workshop\n"
        "with workshop() as d:\n"
        "    print(*(run_seed(seed, d).digest() for seed in (3, 17, 30)))\n"
    )
    told = set()
    for hash_seed in ("1", "2"):
        environment = {**os.environ, "PYTHONHASHSEED": hash_seed, "PYTHONPATH": str(ROOT)}
        ran = subprocess.run(
            [sys.executable, "-c", program], env=environment, capture_output=True, text=True,
            check=True, cwd=ROOT,
        )  # fmt: skip
        told.add(ran.stdout.strip())
    told.add(" ".join(run_seed(seed, directory).digest() for seed in (3, 17, 30)))
    assert len(told) == 1
    assert len(set(told.pop().split())) == 3, "and other seeds are other runs"


def test_a_bug_that_is_planted_is_found_and_gone_afterwards(directory: Path) -> None:
    found = find(CANARY, directory, range(40))
    assert found is not None
    assert found[1].rule == "own-journal"
    assert run_seed(found[0], directory).violations == []


def test_the_command_tells_what_was_broken_and_how_to_see_it(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert main(["--seeds", "40", "--canary"]) == 1
    told = capsys.readouterr().out
    assert CANARY.name in told
    assert "I5: a unit never accepts what its own journal has used up" in told


def test_the_command_shows_one_seed_line_by_line(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--trace", "3"]) == 0
    told = capsys.readouterr().out
    assert "healed" in told
    assert "0 violations" in told


def test_there_are_more_bugs_than_anybody_makes_in_a_day() -> None:
    names = [bug.name for bug in BUGS]
    assert len(set(names)) == len(names) >= 30
