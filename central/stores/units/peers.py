"""What the units of a store are told of one another: who they are, and where they listen."""

from __future__ import annotations

import json
from collections.abc import Mapping

from central.foundation.db.engine import change, rows
from central.foundation.feed import at_least_this_life, next_change
from central.stores.units.tables import Store, Unit
from edge.contract.bundle import Peer, PeerList
from edge.contract.ids import StoreId, UnitId
from edge.contract.peer_message import PEERS_MAX
from edge.contract.sync_message import UnitState

ADDRESS_CHARS = 64
FIGURE = "peers_at"
"""The figure of a unit's health that says where its peers find it."""


def peers_changed(store: StoreId) -> None:
    """The units of a store have to hear of one another anew; call it in the transaction."""
    _note([store])


def stores_changed(store: StoreId) -> None:
    """There is a store more: how many take a voucher has changed for every store."""
    others = [StoreId(row.id) for row in Store.select(Store.id).order_by(Store.id)]
    _note(sorted({*others, store}))


def version_of(store: StoreId) -> int:
    """Return the number of the newest change; 0 if there was none and no hub was lost."""
    found = rows("SELECT changed_n FROM store_peers WHERE store_id = ?", (store,))
    return at_least_this_life(int(found[0][0]) if found else 0)


def note_address(unit: Unit, before: Mapping[str, object], now: Mapping[str, object]) -> None:
    """Tell the others if a unit says that it listens elsewhere; call it in the transaction."""
    if address_in(before) != address_in(now):
        peers_changed(StoreId(unit.store_id))


def address_in(health: Mapping[str, object]) -> str:
    """Return where a unit says it listens; empty if it says nothing that can be."""
    told = health.get(FIGURE)
    return told if isinstance(told, str) and len(told) <= ADDRESS_CHARS else ""


def peer_list(store: StoreId, at_s: int) -> PeerList:
    """Return the list of a store, those that may redeem first."""
    row = Store.get(Store.id == store)
    group_stores = Store.select().where(Store.store_group == row.store_group).count()
    units = sorted(
        Unit.select().where(Unit.store_id == store),
        key=lambda unit: (unit.state == UnitState.REVOKED, unit.id),
    )
    peers = tuple(
        Peer(
            UnitId(unit.id),
            bytes(unit.sign_key),
            UnitState(unit.state),
            address_in(json.loads(unit.health)),
        )
        for unit in units[:PEERS_MAX]
    )
    return PeerList(version_of(store), at_s, store, group_stores, Store.select().count(), peers)


def _note(stores: list[StoreId]) -> None:
    number = next_change()
    for store in stores:
        change(
            "INSERT INTO store_peers (store_id, changed_n) VALUES (?, ?)"
            " ON CONFLICT (store_id) DO UPDATE SET changed_n = excluded.changed_n",
            (store, number),
        )
