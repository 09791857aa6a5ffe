"""The vault for programs: stock, masked keys, batches, alerts. No key in full, whoever asks."""

from __future__ import annotations

from typing import Any

import pytest

from central.supply.cards.access.bait import plant
from central.supply.cards.access.reveal import search
from central.supply.cards.access.unseal import unseal
from central.supply.cards.store import keys
from central.supply.cards.vault.keys import Vault
from tests import builders as b
from tests.central.builders import Database, an_app
from tests.central.money.sharing.test_api import Caller
from tests.central.supply.cards.builders import LI, SKU, a_vault, add_sku, secret

COMING: dict[str, Any] = {
    "sku": SKU, "supplier": "kasushou", "unit_cost_minor": 950,
    "lines": [secret(1), secret(2), "库存不足"],
}  # fmt: skip


@pytest.fixture
def caller(sqlite_database: Database) -> Caller:
    app = an_app(sqlite_database)
    add_sku()
    return Caller(app)


@pytest.fixture
def vault(caller: Caller, sqlite_database: Database) -> Vault:
    return a_vault(sqlite_database.sqlite_file.parent)


def test_keys_come_in_and_are_counted(caller: Caller, vault: Vault) -> None:
    staged = caller.ask("POST", "/v1/cards/batches", **COMING)
    assert (staged["state"], staged["kept"], staged["report"]) == ("staged", 2, {"error-text": 1})
    path = f"/v1/cards/batches/{staged['id']}"
    assert caller.ask("POST", f"{path}/stock")["state"] == "stocked"
    assert caller.get(path)["state"] == "stocked"
    [stock] = caller.get("/v1/cards/stock")["stocks"]
    assert stock == {
        "sku": SKU,
        "free": 2,
        "reserved": 0,
        "quarantined": 0,
        "expired": 0,
        "sold": 0,
    }
    first, second = caller.get("/v1/cards/keys?state=available")["keys"]
    assert (first["tail"], set(first)) == (secret(1)[-4:], set(second))
    assert caller.get(f"/v1/cards/keys?sku={SKU}&after={first['id']}&limit=1")["keys"] == [second]
    caller.ask("POST", f"{path}/discard", 409)
    caller.ask("POST", "/v1/cards/batches", 409, **COMING)
    caller.ask("POST", "/v1/cards/batches", 404, **{**COMING, "sku": "NONE"})


def test_who_may_not_see_costs_does_not(caller: Caller, vault: Vault) -> None:
    batch = caller.ask("POST", "/v1/cards/batches", **COMING)
    assert batch["unit_cost_minor"] == 950
    viewer = Caller(caller.app, "viewer")
    assert viewer.get(f"/v1/cards/batches/{batch['id']}")["unit_cost_minor"] is None


def test_what_was_not_stocked_is_thrown_away(caller: Caller, vault: Vault) -> None:
    staged = caller.ask("POST", "/v1/cards/batches", **COMING)
    thrown = caller.ask("POST", f"/v1/cards/batches/{staged['id']}/discard")
    assert thrown["state"] == "discarded"


def test_alerts_are_told(caller: Caller, vault: Vault) -> None:
    batch = caller.ask("POST", "/v1/cards/batches", **COMING)["id"]
    caller.ask("POST", f"/v1/cards/batches/{batch}/stock")
    plant(batch, 1, vault, LI, b.NOW_S)
    bait = keys(9)[-1].id
    assert caller.get("/v1/cards/alerts") == {"alerts": []}
    search(unseal([bait], vault)[0].secret, "", LI, vault, b.NOW_S)
    [alert] = caller.get("/v1/cards/alerts")["alerts"]
    assert (alert["kind"], alert["key"], alert["actor"]) == ("search", bait, "li")


def test_without_the_vaults_keys_nothing_comes_in(caller: Caller) -> None:
    problem = caller.ask("POST", "/v1/cards/batches", 503, **COMING)
    assert problem["type"] == "/problems/vault-shut"
