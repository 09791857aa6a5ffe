"""Puts the machine of a hub together: accounts, vault, books, clock."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from central.config import HubConfig
from central.foundation.seal import Seal, load
from central.money.ledger.rules import business_day
from central.supply.cards.vault.keys import Vault
from central.supply.suppliers.adapters.shelf import Shelf
from central.supply.suppliers.buy import Buyer
from central.supply.suppliers.into_vault import VaultKeys
from central.supply.suppliers.record import Recorder


class Machine(NamedTuple):
    """What buys, and where accounts' adapters are found."""

    buyer: Buyer
    shelf: Shelf


def shelf_of(config: HubConfig, seal: Seal, now_s: Callable[[], int]) -> Shelf:
    """Return the adapters of a hub's accounts."""
    return Shelf(seal, config.data_dir / "suppliers", now_s)


def machine_of(config: HubConfig, now_s: Callable[[], int]) -> Machine:
    """Return the machine of a hub with these settings."""
    keys = config.data_dir / "keys"
    seal = load(keys)
    shelf = shelf_of(config, seal, now_s)

    def day_of(at_s: int) -> int:
        return business_day(at_s, config.timezone)

    def callback_url(account: str) -> str:
        return f"{config.url}/hooks/supplier/{account}" if config.url else ""

    recorder = Recorder(VaultKeys(Vault(keys), day_of), day_of)
    return Machine(Buyer(shelf, recorder, seal, now_s, callback_url), shelf)
