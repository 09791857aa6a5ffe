"""How old what a unit knew was, at any moment."""

from __future__ import annotations

from functools import partial

import pytest

from central.foundation.db.engine import money_transaction, rows
from central.stores.units.contact import GAP_S, note_contact, silent_for_s
from edge.contract.ids import UnitId
from edge.contract.sync_message import Pull
from tests import builders as b
from tests.central.builders import Database, an_app, enrolled, send

UNIT = UnitId("S0412-K1")


def hear(*moments: int) -> None:
    for at_s in moments:
        money_transaction(partial(note_contact, UNIT, at_s))


def intervals() -> list[tuple[int, int]]:
    return [tuple(row) for row in rows("SELECT from_s, until_s FROM unit_contact ORDER BY from_s")]


def test_pulls_without_a_longer_silence_are_one_contact(hub_database: Database) -> None:
    hear(100, 130, 130 + GAP_S)
    assert intervals() == [(100, 130 + GAP_S)]
    hear(131 + 2 * GAP_S)
    assert intervals() == [(100, 130 + GAP_S), (131 + 2 * GAP_S,) * 2]


@pytest.mark.parametrize(
    ("at_s", "silent"),
    [(99, None), (100, 0), (150, 0), (200, 0), (201, 1), (4999, 4799), (5000, 0), (9000, 4000)],
)
def test_a_silence_is_counted_from_the_last_contact_before(
    sqlite_database: Database, at_s: int, silent: int | None
) -> None:
    hear(100, 200, 5000)
    assert silent_for_s(UNIT, at_s) == silent


def test_a_clock_that_was_set_back_makes_no_contact_twice(hub_database: Database) -> None:
    hear(5000, 100, 100, 5001)
    assert intervals() == [(100, 100), (5000, 5001)]


def test_a_pull_is_a_contact_and_one_that_is_played_back_is_none(
    sqlite_database: Database,
) -> None:
    client, till = an_app(sqlite_database).test_client(), enrolled()
    body = Pull(till.unit, b"", bytes(16), {}).encode()
    assert send(client, till, "/edge/v1/pull", body, b.NOW_S - 601).status_code == 200
    assert intervals() == []
    assert send(client, till, "/edge/v1/pull", body).status_code == 200
    assert intervals() == [(b.NOW_S, b.NOW_S)]
