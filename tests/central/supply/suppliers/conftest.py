"""A market on each engine."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.central.builders import Database
from tests.central.supply.suppliers.market import Market, a_market, stock_up_catalogue


@pytest.fixture
def market(hub_database: Database, tmp_path: Path) -> Iterator[Market]:
    """Shops on loopback, and an empty hub with two SKUs."""
    stock_up_catalogue()
    with a_market(tmp_path / "shops") as found:
        yield found


@pytest.fixture
def sqlite_market(sqlite_database: Database, tmp_path: Path) -> Iterator[Market]:
    """The same on SQLite alone: for what no engine changes."""
    stock_up_catalogue()
    with a_market(tmp_path / "shops") as found:
        yield found
