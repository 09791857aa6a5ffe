"""What the units of a store are told of one another, and when."""

from __future__ import annotations

from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from central.stores.edge_api import note_health
from central.stores.units import revoke
from central.stores.units.bundle import Cursor, news_for
from central.stores.units.steer import add_store
from central.stores.units.tables import Unit
from edge.contract import signed
from edge.contract.bundle import PeerList
from edge.contract.ids import StoreId
from edge.contract.signed import Kind
from edge.contract.sync_message import Pull, UnitState
from tests import builders as b
from tests.central.builders import (
    CURRENCY,
    KEYRING,
    OTHER_STORE,
    Database,
    Till,
    enrolled,
    furnish,
)


@pytest.fixture(autouse=True)
def hub(hub_database: Database) -> None:
    furnish()


def told(till: Till, since: Cursor = Cursor()) -> tuple[PeerList | None, Cursor]:  # noqa: B008
    """The list in the next pull of a unit, if there is one, and how far that comes."""
    unit = Unit.get(Unit.id == till.unit)
    news = news_for(unit, since, KEYRING, CURRENCY, b.NOW_S, books=())
    key = Ed25519PublicKey.from_public_bytes(KEYRING.bundle_public)
    for kind, message in news.bundles:
        if kind == Kind.PEERS:
            body = signed.unseal(Kind.PEERS, KEYRING.issuer, message, [key])
            return PeerList.from_body(body), news.cursor
    return None, news.cursor


def says(till: Till, *, is_recent: bool = True, **health: Any) -> None:
    note_health(Pull(till.unit, b"", bytes(16), health), b.NOW_S, is_recent=is_recent)


def test_a_unit_is_told_of_every_unit_of_its_store_and_of_no_other() -> None:
    one, other = enrolled("one"), enrolled("other")
    enrolled("stranger", OTHER_STORE)
    found, _ = told(one)
    assert found is not None
    assert [(p.unit, p.sign_key, p.state) for p in found.peers] == [
        (till.unit, till.key.public_key().public_bytes_raw(), UnitState.ACTIVE)
        for till in (one, other)
    ]
    assert found.store == b.STORE


def test_how_many_stores_take_a_voucher_is_told_too() -> None:
    one = enrolled("one")
    before, since = told(one)
    assert before is not None
    add_store(StoreId("S0777"), "虹桥店", b.GROUP, "Asia/Shanghai", b.NOW_S)
    after, _ = told(one, since)
    assert after is not None
    assert after.group_stores == before.group_stores + 1
    assert after.all_stores == before.all_stores + 1


@pytest.mark.parametrize("change", ["enrolled", "revoked", "address"])
def test_a_change_is_told_with_the_next_pull_and_only_then(change: str) -> None:
    one, other = enrolled("one"), enrolled("other")
    _, since = told(one)
    assert told(one, since)[0] is None
    if change == "enrolled":
        enrolled("third")
    elif change == "revoked":
        revoke.revoke(other.unit, b.NOW_S)
    else:
        says(other, peers_at="192.168.1.5:8478")
    found, since = told(one, since)
    assert found is not None
    assert len(found.peers) == (3 if change == "enrolled" else 2)
    assert found.peers[1].state is (UnitState.REVOKED if change == "revoked" else UnitState.ACTIVE)
    assert found.peers[1].address == ("192.168.1.5:8478" if change == "address" else "")
    assert told(one, since)[0] is None


def test_the_same_address_again_is_no_news() -> None:
    one, other = enrolled("one"), enrolled("other")
    says(other, peers_at="192.168.1.5:8478")
    _, since = told(one)
    says(other, peers_at="192.168.1.5:8478", unsent=3)
    assert told(one, since)[0] is None


def test_a_pull_that_is_played_back_moves_nobody() -> None:
    one, other = enrolled("one"), enrolled("other")
    says(other, peers_at="192.168.1.5:8478")
    _, since = told(one)
    says(other, peers_at="10.0.0.66:1", is_recent=False)
    assert told(one, since)[0] is None


@pytest.mark.parametrize("address", [5, "x" * 65])
def test_an_address_that_cannot_be_is_none(address: object) -> None:
    one, other = enrolled("one"), enrolled("other")
    says(other, peers_at=address)
    found, _ = told(one)
    assert found is not None
    assert found.peers[1].address == ""


def test_what_was_revoked_stays_on_the_list_behind_the_others() -> None:
    """Its journal is still carried round, and somebody may still have to bring it."""
    one, other = enrolled("one"), enrolled("other")
    revoke.revoke(one.unit, b.NOW_S)
    found, _ = told(other)
    assert found is not None
    assert [(p.unit, str(p.state)) for p in found.peers] == [
        (other.unit, "active"), (one.unit, "revoked"),
    ]  # fmt: skip
