"""A shop that sends codes: by mail, and by text where a test wants it."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from pathlib import Path

import pytest
from flask.testing import FlaskClient
from werkzeug.security import generate_password_hash

from central.insight.proofs import balances as balances_agree
from tests import builders as b
from tests.central.books import assert_sound
from tests.central.builders import CURRENCY, Database, furnish
from tests.central.channel import Served
from tests.central.network.agents.builders import a_tree
from tests.central.sale.builders import Shop, a_shop
from tests.central.sale.customers.visit import with_mail, with_texts
from tests.central.sale.served import Open, open_shop


@pytest.fixture
def opened(sqlite_database: Database, channel: Served) -> Iterator[Open]:
    """On SQLite; afterwards the books are in order."""
    yield from _open(sqlite_database, channel)


@pytest.fixture
def shop(sqlite_database: Database, channel: Served, tmp_path: Path) -> Iterator[Shop]:
    """A shop without its pages, for what no page is needed for."""
    yield from _bare(channel, tmp_path)


@pytest.fixture
def any_shop(hub_database: Database, channel: Served, tmp_path: Path) -> Iterator[Shop]:
    """The same on both engines."""
    yield from _bare(channel, tmp_path)


@pytest.fixture
def client(opened: Open) -> FlaskClient:
    """A browser of nobody yet."""
    return opened.buyer()


def _open(database: Database, channel: Served) -> Iterator[Open]:
    directory = database.sqlite_file.parent
    with_mail(directory)
    with_texts(directory)
    made = open_shop(database, channel)
    # What a test orders without the page may be hashed quickly.
    made.shop.office = dataclasses.replace(made.shop.office, hash_code=_quick)
    yield made
    _end()


def _bare(channel: Served, directory: Path) -> Iterator[Shop]:
    furnish()
    a_tree(b.NOW_S - 10)
    yield a_shop(directory, channel, mails=True, text_codes=True)
    _end()


def _end() -> None:
    assert_sound()
    assert list(balances_agree(CURRENCY)) == []


def _quick(code: str) -> str:
    return generate_password_hash(code, "pbkdf2:sha256:1")
