"""Whose a store is, over the API."""

from __future__ import annotations

from tests import builders as b
from tests.central.builders import Database, an_app
from tests.central.money.sharing.test_api import Caller


def test_a_program_says_whose_a_store_is(hub_database: Database) -> None:
    caller = Caller(an_app(hub_database), "finance")
    store, path = str(b.STORE), f"/v1/settlement/owners/{b.STORE}"
    assert caller.get("/v1/settlement/owners") == {"owners": []}
    owned = {"store": store, "owner": "EAST-1"}
    assert caller.post(path, owner="EAST-1") == owned
    assert caller.get("/v1/settlement/owners") == {"owners": [owned]}
    caller.post(path, owner="")
    assert caller.get("/v1/settlement/owners") == {"owners": []}
    caller.post(path, 422, owner="no, him")
    caller.post("/v1/settlement/owners/S9999", 400, owner="EAST-1")
