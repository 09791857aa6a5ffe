"""What a buyer got back is claimed from whoever supplied it, and the books say where it went."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from central.errors import Conflict, RequestInvalid
from central.sale.after_sales import answer, ask
from central.sale.after_sales.ask import Said
from central.sale.after_sales.model import Case, ClaimState, Reason
from central.sale.delivery.reveal import reveal
from central.supply.suppliers.ask_for import bought
from tests.central.books import assert_sound
from tests.central.builders import Database, furnish
from tests.central.sale.builders import CODE, balance_of
from tests.central.sale.orders.test_buy_in import COST, Store, assert_agrees
from tests.central.supply.suppliers.market import SKU, Street, a_market, a_street


@pytest.fixture(scope="session")
def street(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Street]:
    """A server of suppliers' shops for the whole run (each process of it)."""
    with a_street(tmp_path_factory.mktemp("suppliers") / "shops") as found:
        yield found


@pytest.fixture
def sells(hub_database: Database, street: Street, tmp_path: Path) -> Iterator[Store]:
    """A hub and a street of suppliers."""
    furnish()
    with a_market(street) as market:
        yield Store(market, tmp_path)
    assert_sound()


def complained(sells: Store) -> tuple[Case, str]:
    """Return a case of a key that a supplier delivered, and who he is."""
    sells.market.open("alpha")
    order = sells.sold(SKU)
    reveal(order, 1, CODE, "192.0.2.1", sells.vault, sells.office)
    case = ask.open_case(order.id, 1, Reason.USED, Said("used"), "buyer", sells.office)
    return case, bought(case.unit).supplier


def test_a_supplier_gives_back_what_a_bad_key_has_cost(sells: Store) -> None:
    case, supplier = complained(sells)
    answer.give_back(case.id, "sorry", "amy", sells.office)
    claimed = answer.claim(case.id, "amy", sells.office)
    assert (claimed.claim, claimed.claim_on, claimed.claim_minor) == ("sent", supplier, COST)
    with pytest.raises(Conflict):
        answer.claim(case.id, "amy", sells.office)
    with pytest.raises(RequestInvalid, match="1040 or 2210"):
        answer.claim_answered(case.id, "1040.somebody", "amy", sells.office)
    prepaid, costs = balance_of(f"1040.{supplier}"), balance_of("5010")
    done = answer.claim_answered(case.id, f"1040.{supplier}", "amy", sells.office)
    assert done.claim is ClaimState.ACCEPTED
    assert balance_of(f"1040.{supplier}") == prepaid + COST
    assert balance_of("5010") == costs - COST
    with pytest.raises(Conflict):
        answer.claim_answered(case.id, f"1040.{supplier}", "amy", sells.office)
    assert_agrees(sells)


def test_what_a_supplier_denies_moves_no_money(sells: Store) -> None:
    case, _ = complained(sells)
    with pytest.raises(Conflict):
        answer.claim_answered(case.id, None, "amy", sells.office)
    answer.claim(case.id, "amy", sells.office)
    costs = balance_of("5010")
    denied = answer.claim_answered(case.id, None, "amy", sells.office)
    assert denied.claim is ClaimState.DENIED
    with pytest.raises(Conflict):
        answer.claim_answered(case.id, f"1040.{denied.claim_on}", "amy", sells.office)
    assert balance_of("5010") == costs


def test_nothing_is_claimed_for_a_case_that_was_refused(sells: Store) -> None:
    case, _ = complained(sells)
    answer.reject(case.id, "it works here", "amy", sells.office)
    with pytest.raises(Conflict, match="rejected"):
        answer.claim(case.id, "amy", sells.office)
