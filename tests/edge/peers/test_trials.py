"""One voucher at several tills at once, in virtual time; ``trials`` runs as many as one likes."""

from __future__ import annotations

import time

import pytest

from edge.contract.policy import EXACT
from tests.edge.peers.trials import CALM, STORMY, Result, one_world, seeds
from tests.edge.peers.world import Network

SECONDS = 1.2
"""For each row. Any number of trials has to hold; how many there are depends on the machine."""

ROWS = {
    "a quiet network": (3, Network(), CALM),
    "one that loses 2 %": (5, Network(0.02, doubled=0.01), CALM),
    "one that loses 20 %": (2, Network(0.2, doubled=0.1), CALM),
    "kills, cuts, headquarters": (3, Network(0.1, (0.001, 0.05), 0.05), STORMY),
}


@pytest.mark.parametrize("row", ROWS)
def test_no_voucher_is_taken_twice_in_an_exact_mode(row: str) -> None:
    tills, network, fault = ROWS[row]
    result, numbers, began_s = Result(), seeds(1000), time.monotonic()
    while not result.trials or time.monotonic() - began_s < SECONDS:
        one_world(next(numbers), tills, network, fault, result, vouchers=10)
    assert result.double == 0, result.double_seeds
    assert sum(result.outcomes[mode.name] for mode in EXACT) > 0, "they do accept"


def test_the_same_seed_is_the_same_course_of_events() -> None:
    def course() -> list[object]:
        result = Result()
        one_world(77, 3, Network(0.2), STORMY, result, vouchers=5)
        return [result.outcomes, result.waits_s, result.double, result.at_risk]

    assert course() == course()


def test_if_silence_were_consent_the_trials_would_find_doubles() -> None:
    """The canary: a store that calls anything everybody's word is caught."""
    result = Result()
    for seed in range(1, 60):
        one_world(seed, 2, Network(0.1), STORMY, result, vouchers=10, gullible=True)
        if result.double:
            break
    assert result.double > 0
