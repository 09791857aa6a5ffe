"""A shop that is open to browsers and programs."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.central.books import assert_sound
from tests.central.builders import Database
from tests.central.channel import Served
from tests.central.sale.served import Open, open_shop


@pytest.fixture
def opened(sqlite_database: Database, channel: Served) -> Iterator[Open]:
    """A hub that sells; afterwards its books are in order."""
    yield open_shop(sqlite_database, channel)
    assert_sound()
