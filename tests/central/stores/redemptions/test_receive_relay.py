"""Entries that a neighbour brings: proven by their author, taken once, altered by nobody."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from central.errors import HubError
from central.foundation.db.engine import rows
from central.stores.redemptions.acknowledge import ack_of
from central.stores.redemptions.receive_relay import receive_relay
from central.stores.units import overview, revoke
from central.stores.units.tables import Unit
from edge.contract.signed import MessageInvalid
from edge.contract.sync_message import Ack, PushReceipt, Relay
from tests import builders as b
from tests.central.books import assert_sound, balances
from tests.central.builders import (
    CURRENCY,
    KEYRING,
    OTHER_STORE,
    Database,
    Till,
    a_voucher,
    enrolled,
    furnish,
    outcomes,
)


@pytest.fixture(autouse=True)
def hub(hub_database: Database) -> Iterator[None]:
    """A furnished hub before every test, and books in order after it."""
    furnish()
    yield
    assert_sound()


@pytest.fixture(name="author")
def _author() -> Till:
    """A till that has accepted two lunches and never reaches the hub."""
    author = enrolled("author")
    author.begin_epoch(1)
    for _ in range(2):
        author.accept(a_voucher())
    return author


@pytest.fixture(name="neighbour")
def _neighbour() -> Till:
    return enrolled("neighbour")


def bring(
    relayer: Till, author: Till, first: int = 1, last: int | None = None, at_s: int = b.NOW_S
) -> PushReceipt:
    relay = Relay.decode(Relay(relayer.unit, author.push(first, last)).encode())
    unit = Unit.get(Unit.id == relayer.unit)
    return receive_relay(relay, unit, KEYRING, currency=CURRENCY, at_s=at_s)


def test_what_a_neighbour_brings_is_applied_and_acknowledged_to_the_author(
    author: Till, neighbour: Till
) -> None:
    receipt = bring(neighbour, author)
    assert receipt.unit == author.unit
    assert outcomes(receipt) == ["recorded", "applied", "applied"]
    assert ack_of(author.unit) == receipt.ack, "the author is told with its next pull"
    assert balances()["2310.S0412"] == -2 * 8800


def test_nothing_is_applied_twice_whoever_brings_it(author: Till, neighbour: Till) -> None:
    third = enrolled("third")
    bring(neighbour, author, 1, 2)
    bring(third, author)
    again = bring(neighbour, author)
    assert outcomes(author.deliver()) == outcomes(again) == ["recorded", "applied", "applied"]
    assert balances()["2310.S0412"] == -2 * 8800
    runs = rows("SELECT relayer_id, first_seq, last_seq FROM relayed_run ORDER BY first_seq")
    assert [tuple(row) for row in runs] == [(neighbour.unit, 1, 2), (third.unit, 3, 3)]


def test_what_the_author_has_sent_itself_came_through_nobody(author: Till, neighbour: Till) -> None:
    author.deliver()
    bring(neighbour, author)
    assert rows("SELECT count(*) FROM relayed_run")[0][0] == 0


def test_the_page_of_units_names_who_has_brought_what(author: Till, neighbour: Till) -> None:
    bring(neighbour, author)
    views = {view.id: view for view in overview.units()}
    assert views[author.unit].brought == (neighbour.unit, 1, 3)
    assert views[neighbour.unit].brought is None


def test_a_destroyed_unit_is_revoked_and_its_entries_still_count(
    author: Till, neighbour: Till
) -> None:
    revoke.revoke(author.unit, b.NOW_S + 60)
    assert outcomes(bring(neighbour, author, at_s=b.NOW_S + 120)) == [
        "recorded", "applied", "applied",
    ]  # fmt: skip


def test_a_hole_is_not_filled_by_what_comes_after_it(author: Till, neighbour: Till) -> None:
    receipt = bring(neighbour, author, 3, 3)
    assert receipt.ack == Ack(author.epoch, receipt.ack.seq, bytes(32))
    assert receipt.ack.seq == 0
    assert rows("SELECT count(*) FROM redemption_entry")[0][0] == 0


def test_a_neighbour_cannot_alter_a_journal(author: Till, neighbour: Till) -> None:
    """It has its own key, and no other."""
    lying = Till(author.unit, neighbour.key, neighbour.seal)
    lying.begin_epoch(1)
    relay = Relay(neighbour.unit, lying.push())
    unit = Unit.get(Unit.id == neighbour.unit)
    with pytest.raises(MessageInvalid, match="not signed"):
        receive_relay(relay, unit, KEYRING, currency=CURRENCY, at_s=b.NOW_S)


def test_two_journals_of_one_unit_stop_it_however_they_come(author: Till, neighbour: Till) -> None:
    bring(neighbour, author)
    clone = Till(author.unit, author.key, author.seal)
    clone.begin_epoch(1)
    clone.accept(a_voucher())
    assert "quarantined fork" in outcomes(clone.deliver())
    assert Unit.get(Unit.id == author.unit).state == "quarantined"


@pytest.mark.parametrize("why", ["revoked", "another store", "its own", "nobody's"])
def test_who_may_not_bring_it(author: Till, neighbour: Till, why: str) -> None:
    relayer = neighbour
    if why == "revoked":
        revoke.revoke(neighbour.unit, b.NOW_S)
    elif why == "another store":
        relayer = enrolled("stranger", OTHER_STORE)
    elif why == "its own":
        relayer = author
    else:
        Unit.update(id="S0412-K77").where(Unit.id == author.unit).execute()
    with pytest.raises(HubError):
        bring(relayer, author)
    assert rows("SELECT count(*) FROM redemption_entry")[0][0] == 0
