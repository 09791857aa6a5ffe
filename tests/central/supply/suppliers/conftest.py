"""A market on each engine."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.central.builders import Database
from tests.central.supply.suppliers.market import (
    Market,
    Street,
    a_market,
    a_street,
    stock_up_catalogue,
)


@pytest.fixture(scope="session")
def street(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Street]:
    """A server of shops for the whole run (each process of it)."""
    with a_street(tmp_path_factory.mktemp("suppliers") / "shops") as found:
        yield found


@pytest.fixture
def market(hub_database: Database, street: Street) -> Iterator[Market]:
    """Shops with empty books, and an empty hub with two SKUs."""
    stock_up_catalogue()
    with a_market(street) as found:
        yield found


@pytest.fixture
def sqlite_market(sqlite_database: Database, street: Street) -> Iterator[Market]:
    """The same on SQLite alone: for what no engine changes."""
    stock_up_catalogue()
    with a_market(street) as found:
        yield found
