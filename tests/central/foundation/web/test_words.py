"""Every value that a page may show has a word; a missing one would be an error on the page."""

from __future__ import annotations

from central.foundation.web.words import (
    AGENT_STATES,
    MODES,
    NAVIGATION,
    OUTCOME_LOOKS,
    OUTCOMES,
    STATES,
)
from central.network.agents.model import State
from edge.contract.policy import Mode
from edge.contract.sync_message import Outcome, UnitState
from tests.central.builders import Database, an_app


def test_every_value_has_a_word() -> None:
    assert set(MODES) == {mode.name.lower() for mode in Mode}
    assert set(OUTCOMES) == set(OUTCOME_LOOKS) == {str(outcome) for outcome in Outcome}
    assert set(AGENT_STATES) == {str(state) for state in State}
    assert set(STATES) == {str(state) for state in UnitState}


def test_everything_that_can_be_navigated_to_is_there(sqlite_database: Database) -> None:
    endpoints = {rule.endpoint for rule in an_app(sqlite_database).url_map.iter_rules()}
    assert {endpoint for endpoint, _, _ in NAVIGATION} <= endpoints
