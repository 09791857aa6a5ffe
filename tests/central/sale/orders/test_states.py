"""The tables of states say what the schema says, and nothing is a dead end by accident."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from types import ModuleType

from central.foundation.db.engine import MIGRATIONS
from central.sale.orders.model import parts_of
from central.sale.orders.states import ORDER, UNIT, OrderState, UnitState


def schema() -> ModuleType:
    spec = importlib.util.spec_from_file_location("orders", Path(MIGRATIONS) / "0018_orders.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_schema_lets_orders_and_units_go_where_the_tables_say() -> None:
    found = schema()
    told = {f"{old}>{new}" for (old, _), new in ORDER.items() if old != new}
    assert told == set(found.ORDER_MOVES.split())
    moves = {f"{old}>{new}" for (old, _), new in UNIT.items() if old != new}
    assert moves == set(found.UNIT_MOVES.split())


def test_only_what_has_ended_leads_nowhere() -> None:
    ends = {state for state in OrderState if not any(old is state for old, _ in ORDER)}
    assert ends == {OrderState.COMPLETED, OrderState.REFUNDED}
    last = {state for state in UnitState if not any(old is state for old, _ in UNIT)}
    assert last == {UnitState.REVERSED}


def test_every_state_is_reached() -> None:
    assert {*ORDER.values(), OrderState.PENDING} == set(OrderState)
    assert {*UNIT.values(), UnitState.WAITING} == set(UnitState)


def test_the_parts_of_a_price_are_the_price() -> None:
    assert parts_of(100, 3) == [34, 33, 33]
    assert parts_of(2, 3) == [1, 1, 0]
