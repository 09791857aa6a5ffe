"""Shops: one on SQLite for most, and one on each engine for what an engine could do otherwise."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from central.insight.proofs import prove_all
from tests import builders as b
from tests.central.books import assert_sound
from tests.central.builders import CURRENCY, Database, furnish
from tests.central.channel import Served
from tests.central.network.agents.builders import a_tree
from tests.central.sale.builders import Shop, a_shop


@pytest.fixture
def shop(sqlite_database: Database, channel: Served, tmp_path: Path) -> Iterator[Shop]:
    """A hub that sells; afterwards its books are in order and agree with it."""
    yield from _open(channel, tmp_path)


@pytest.fixture
def any_shop(hub_database: Database, channel: Served, tmp_path: Path) -> Iterator[Shop]:
    """The same on SQLite and on PostgreSQL."""
    yield from _open(channel, tmp_path)


def _open(channel: Served, directory: Path) -> Iterator[Shop]:
    furnish()
    a_tree(b.NOW_S - 10)
    made = a_shop(directory, channel)
    yield made
    assert_sound()
    report = prove_all(made.office.now_s(), CURRENCY)
    assert report.is_good, report.said
