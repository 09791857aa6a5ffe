"""How a statement goes on; the schema's own list of steps is this table."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from central.foundation.db import engine
from central.money.settlement.model import State
from central.money.settlement.states import TRANSITIONS, Event, after, before


@pytest.mark.parametrize("event", Event)
@pytest.mark.parametrize("state", State)
def test_what_is_not_in_the_table_does_not_happen(state: State, event: Event) -> None:
    assert after(state, event) == TRANSITIONS.get((state, event))
    assert (state in before(event)) == ((state, event) in TRANSITIONS)


def test_every_state_is_reached_and_none_is_reached_again() -> None:
    """A statement only goes on: no way leads back to where it was."""
    reached, todo = {State.DRAFT}, [(State.DRAFT, frozenset({State.DRAFT}))]
    while todo:
        state, path = todo.pop()
        for (source, _), target in TRANSITIONS.items():
            if source is state:
                assert target not in path
                reached.add(target)
                todo.append((target, path | {target}))
    assert reached == set(State)


def test_the_schema_lists_the_same_steps() -> None:
    source = (Path(engine.MIGRATIONS) / "0008_settlement.py").read_text("utf-8")
    listed = set(re.findall(r'"(\w+>\w+)"', source))
    assert listed == {f"{state}>{target}" for (state, _), target in TRANSITIONS.items()}
