"""The tables of states say what the schema says, and nothing is a dead end by accident."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from types import ModuleType

from hypothesis import given
from hypothesis import strategies as st

from central.foundation.db.engine import MIGRATIONS
from central.sale.orders.model import parts_of
from central.sale.orders.states import ORDER, UNIT, OrderState, UnitState


def schema(name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location("migration", Path(MIGRATIONS) / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_schema_lets_orders_and_units_go_where_the_tables_say() -> None:
    told = {f"{old}>{new}" for (old, _), new in ORDER.items() if old != new}
    assert told == set(schema("0038_selling").ORDER_MOVES.split())
    moves = {f"{old}>{new}" for (old, _), new in UNIT.items() if old != new}
    assert moves == set(schema("0018_orders").UNIT_MOVES.split())


def test_only_what_has_ended_leads_nowhere() -> None:
    ends = {state for state in OrderState if not any(old is state for old, _ in ORDER)}
    assert ends == {OrderState.COMPLETED, OrderState.REFUNDED}
    last = {state for state in UnitState if not any(old is state for old, _ in UNIT)}
    assert last == {UnitState.REVERSED}


def test_every_state_is_reached() -> None:
    assert {*ORDER.values(), OrderState.PENDING} == set(OrderState)
    assert {*UNIT.values(), UnitState.WAITING} == set(UnitState)


@given(
    st.integers(0, 10**12),
    st.lists(st.integers(0, 10**9), min_size=1, max_size=60).filter(any),
)
def test_the_parts_of_a_price_are_the_price(minor: int, weights: list[int]) -> None:
    """Each is its exact share but for less than one minor unit, and none weighs more for less."""
    parts, whole = parts_of(minor, weights), sum(weights)
    assert sum(parts) == minor
    assert all(
        abs(part * whole - minor * w) < whole for part, w in zip(parts, weights, strict=True)
    )
    for part, weight in zip(parts, weights, strict=True):
        assert all(p <= part for p, w in zip(parts, weights, strict=True) if w < weight)


def test_where_nothing_is_heavier_the_first_get_what_is_left_over() -> None:
    assert parts_of(100, [1, 1, 1]) == [34, 33, 33]
    assert parts_of(2, [7, 7, 7]) == [1, 1, 0]
    assert parts_of(10, [5, 4, 3]) == [4, 3, 3]
