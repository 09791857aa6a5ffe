"""Every value that a page may show has a word; a missing one would be an error on the page."""

from __future__ import annotations

import pytest

from central.foundation.language.words import (
    AGENT_STATES,
    MODES,
    OUTCOME_LOOKS,
    OUTCOMES,
    REFUSALS,
    STATES,
    grouped,
)
from central.network.agents.model import State
from edge.contract.policy import Mode
from edge.contract.refusal import Refusal
from edge.contract.sync_message import Outcome, UnitState


def test_every_value_has_a_word() -> None:
    assert set(MODES) == {mode.name.lower() for mode in Mode}
    assert set(OUTCOMES) == set(OUTCOME_LOOKS) == {str(outcome) for outcome in Outcome}
    assert set(AGENT_STATES) == {str(state) for state in State}
    assert set(STATES) == {str(state) for state in UnitState}
    assert set(REFUSALS) == {str(reason) for reason in Refusal}


@pytest.mark.parametrize(
    ("decimal", "shown"),
    [
        ("88.00", "88.00"), ("1234.50", "1,234.50"), ("-0.50", "−0.50"),
        ("-1234567.00", "−1,234,567.00"), ("1000", "1,000"), ("0.00", "0.00"),
    ],
)  # fmt: skip
def test_amounts_are_grouped_by_thousands(decimal: str, shown: str) -> None:
    assert grouped(decimal) == shown
