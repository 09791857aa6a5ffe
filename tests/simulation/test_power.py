"""R1 and R2 in small; ``./run simulate --cuts N`` and ``--damage N`` are the same in large."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.simulation.bugs import BUGS, planted
from tests.simulation.power import DAMAGES, NOBODY, damage, many
from tests.simulation.run import workshop

CUTS = 20
NO_ANCHOR = next(bug for bug in BUGS if bug.name == "there is no anchor")


@pytest.fixture(name="directory", scope="module")
def _directory() -> Iterator[Path]:
    with workshop() as directory:
        yield directory


def test_a_power_cut_takes_nothing_from_database_and_anchor_on_one_medium(directory: Path) -> None:
    ends, silent = many("cuts", range(CUTS), directory)
    assert silent == []
    assert ends == {"nothing lost": CUTS}


@pytest.mark.parametrize("kind", range(len(DAMAGES)), ids=DAMAGES)
def test_whatever_a_medium_loses_is_named(directory: Path, kind: int) -> None:
    """At the next start, by refusing to start, or at the first contact with the hub."""
    seeds = range(kind, kind + 3 * len(DAMAGES), len(DAMAGES))
    trials = [damage(seed, directory / "bench", directory / "cards") for seed in seeds]
    assert [trial.silent for trial in trials] == [[]] * len(trials)
    assert sum(trial.told for trial in trials) > 0
    if DAMAGES[kind] == "an older card, the anchor kept":
        assert any(trial.lost for trial in trials)
    assert all(t.named != NOBODY for t in trials) or DAMAGES[kind].endswith("anchor and all")


def test_without_an_anchor_media_would_lose_in_silence(directory: Path) -> None:
    with planted(NO_ANCHOR):
        _, silent = many("damage", range(2, 52, 5), directory)
    assert silent
