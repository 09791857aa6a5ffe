"""``tearoff-hub take-back`` as an operator types it."""

from __future__ import annotations

import pytest

from central.foundation.db.engine import change, money_transaction, rows
from central.money.ledger import rules
from central.money.ledger.audit import audit
from central.money.ledger.store import post
from tests import builders as b
from tests.central.books import balances
from tests.central.builders import Database, a_config, furnish, write_keys
from tests.central.channel import yuan
from tests.central.test_cli import Hub


@pytest.fixture
def hub(sqlite_database: Database) -> Hub:
    """A furnished hub with its keys, as commands find it."""
    config = a_config(sqlite_database)
    write_keys(config.data_dir / "keys")
    furnish()
    return Hub(config.data_dir, f"issuer={b.ISSUER}")


@pytest.fixture
def paid(hub: Hub) -> str:
    """The number of the journal of a payment."""
    posting = rules.paid("web", "421", "P1", yuan("88.00"), 20260411, "test")
    return str(money_transaction(lambda: post(posting, b.NOW_S)).id)


def test_a_wrong_journal_is_taken_back_once_and_says_why(hub: Hub, paid: str) -> None:
    take_back = ("take-back", paid, "--reason", "never paid")
    assert hub.do(*take_back).endswith(" takes it back\n")
    assert hub.do(*take_back).endswith(" had taken it back before\n")
    assert balances() == {}
    assert rows("SELECT count(*), max(memo) FROM journal WHERE reverses_id = ?", (int(paid),)) == [
        (1, "never paid")
    ]
    assert audit() == []


def test_what_cannot_be_taken_back_is_a_sentence(hub: Hub, paid: str) -> None:
    assert "no journal 99" in hub.fail("take-back", "99", "--reason", "so")
    assert "why" in hub.fail("take-back", paid, "--reason", " ")
    change("UPDATE closed_through SET day = 29991231")
    assert "the day is closed" in hub.fail("take-back", paid, "--reason", "so")
