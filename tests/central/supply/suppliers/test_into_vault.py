"""What is bought lies in the vault: with its unit, or as stock, and to the fen in the ledger."""

from __future__ import annotations

from pathlib import Path

import pytest

from central.foundation.db.engine import rows
from central.money.ledger.audit import audit
from central.money.ledger.balance import balance
from central.money.ledger.rules import business_day
from central.supply.cards.reserve import handed_over
from central.supply.cards.vault.keys import Vault, make_keys
from central.supply.suppliers.buy import Buyer
from central.supply.suppliers.into_vault import VaultKeys
from central.supply.suppliers.next_step import SETTLE_S
from central.supply.suppliers.record import Recorder
from tests.central.builders import ZONE
from tests.central.supply.suppliers.market import SKU, Market, last, prepaid, state, tries

FUNDS = 1_000_000_00


@pytest.fixture
def buyer(market: Market, tmp_path: Path) -> Buyer:
    """The machine, with a vault behind it."""
    (tmp_path / "keys").mkdir(mode=0o700, exist_ok=True)
    make_keys(tmp_path / "keys")

    def day_of(at_s: int) -> int:
        return business_day(at_s, ZONE)

    keys = VaultKeys(Vault(tmp_path / "keys"), day_of)
    return Buyer(market.shelf, Recorder(keys, day_of), market.seal, market.clock)


def work(market: Market, buyer: Buyer, *pauses: int) -> None:
    for seconds in (0, *pauses):
        market.clock.at_s += seconds
        buyer.run_due()


def test_a_key_that_is_bought_is_handed_over_to_its_unit(market: Market, buyer: Buyer) -> None:
    market.open("shop")
    market.want()
    work(market, buyer, 2)
    assert state() == "sourced"
    assert handed_over("O-1/1") is not None
    assert rows("SELECT count(*) FROM supplier_arrival") == [(0,)]
    assert prepaid("shop") == FUNDS - 800
    assert balance(f"1310.{SKU}").posted == 800
    assert audit() == []


def test_a_key_that_comes_too_late_can_be_sold_to_somebody_else(
    market: Market, buyer: Buyer
) -> None:
    market.open("first", price_e4=70_000)
    market.open("second", price_e4=80_000)
    market.world.late_s = 10 * SETTLE_S
    market.let("late", "first")
    market.want()
    work(market, buyer, *[15] * 20, 4000)
    assert tries() == [("first", "late"), ("second", "succeeded")]
    assert rows("SELECT state FROM card_key ORDER BY state") == [("available",), ("sold",)]
    assert (prepaid("first"), prepaid("second")) == (FUNDS - 700, FUNDS - 800)
    assert balance(f"1310.{SKU}").posted == 1500
    assert audit() == []


def test_a_key_that_the_vault_knows_is_held(market: Market, buyer: Buyer) -> None:
    market.open("shop")
    market.want("O-1/1")
    work(market, buyer, 2)
    market.let("same-key")
    market.want("O-2/1")
    work(market, buyer, 2)
    assert (state("O-2/1"), last("O-2/1").code) == ("held", "key-known")
    assert handed_over("O-2/1") is None
    assert prepaid("shop") == FUNDS - 800
