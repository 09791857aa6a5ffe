"""What a buyer got back is claimed from whoever supplied it, and the books say where it went."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from central.errors import Conflict, RequestInvalid
from central.foundation.people import login
from central.sale.after_sales import answer, ask, store
from central.sale.after_sales.ask import Said
from central.sale.after_sales.model import Case, ClaimState, Reason
from central.sale.delivery.reveal import reveal
from central.sale.orders import store as orders
from central.supply.cards.model import Intake
from central.supply.product_types import store as product_types
from central.supply.suppliers.ask_for import bought
from central.supply.suppliers.records import accounts
from tests import builders as b
from tests.central.books import assert_sound
from tests.central.builders import Database, as_person, fill_in, furnish
from tests.central.channel import Served
from tests.central.network.agents.builders import a_tree
from tests.central.sale.builders import CODE, KEY, Shop, a_shop, balance_of
from tests.central.sale.orders.test_buy_in import COST, Store, assert_agrees
from tests.central.sale.served import Open
from tests.central.supply.cards.builders import CENTS, an_intake, stocked
from tests.central.supply.product_types.builders import a_body, a_field, both
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


# --- keys of our own stock -----------------------------------------------------------------------


@pytest.fixture
def any_shop(hub_database: Database, channel: Served, tmp_path: Path) -> Iterator[Shop]:
    """A shop on each engine; its books are in order afterwards."""
    del hub_database
    furnish()
    a_tree(b.NOW_S - 10)
    yield a_shop(tmp_path, channel)
    assert_sound()


def a_bad_key(shop: Shop, intake: Intake | None = None, said: str = "used") -> Case:
    """A case about a key of ours that its buyer has looked at."""
    stocked(shop.vault, range(1), intake=intake or an_intake(KEY))
    order = shop.bought(KEY)
    reveal(order, 1, CODE, "192.0.2.1", shop.vault, shop.office)
    return ask.open_case(order.id, 1, Reason.USED, Said(said), "buyer", shop.office)


def test_a_bad_key_of_stock_is_claimed_from_whom_its_batch_names(any_shop: Shop) -> None:
    case = a_bad_key(any_shop)
    office = any_shop.office
    assert answer.claimable(case) == ("kasushou", CENTS)
    claimed = answer.claim(case.id, "amy", office)
    assert (claimed.claim, claimed.claim_on, claimed.claim_minor) == ("sent", "kasushou", CENTS)
    owed, costs = balance_of("2210.kasushou"), balance_of("5010")
    done = answer.claim_answered(case.id, "2210.kasushou", "amy", office)
    assert done.claim is ClaimState.ACCEPTED
    assert (balance_of("2210.kasushou"), balance_of("5010")) == (owed - CENTS, costs - CENTS)
    assert orders.story(case.order)[-1].detail == "kasushou"


def test_the_first_key_is_claimed_and_not_what_took_its_place(any_shop: Shop) -> None:
    """The second key is of another supplier and of another cost, and may be bad, too."""
    case, office = a_bad_key(any_shop), any_shop.office
    stocked(any_shop.vault, range(5, 7), intake=an_intake(KEY, 700)._replace(
        source="other", paid_from="2210.other"
    ))  # fmt: skip
    answer.replace(case.id, "another one", "amy", office)
    assert answer.claimable(store.get(case.id)) == ("kasushou", CENTS)
    again = ask.open_case(case.order, 1, Reason.INVALID, Said("no"), "buyer", office)
    assert answer.claimable(again) == ("other", 700)
    for one in (case, again):
        answer.claim(one.id, "amy", office)
    assert {one.claim_on for one in store.of_order(case.order)} == {"kasushou", "other"}


def test_the_same_key_is_claimed_in_one_case_alone(any_shop: Shop) -> None:
    case, office = a_bad_key(any_shop), any_shop.office
    answer.claim(case.id, "amy", office)
    answer.withdraw(case.id, office)
    again = ask.open_case(case.order, 1, Reason.USED, Said("used"), "buyer", office)
    with pytest.raises(Conflict, match="another case"):
        answer.claim(again.id, "amy", office)
    answer.claim_answered(case.id, None, "amy", office)
    assert answer.claim(again.id, "amy", office).claim is ClaimState.SENT, "he may be asked again"


@pytest.mark.parametrize(
    ("bent", "supplier"),
    [
        ({"source": "a shop in town", "paid_from": "1030.main"}, None),
        ({"source": "kasushou", "paid_from": "1030.main"}, "kasushou"),
        ({"source": "whoever", "paid_from": "2210.beta"}, "beta"),
        ({"source": "kasushou", "paid_from": "3010"}, "kasushou"),
    ],
)
def test_a_batch_names_its_supplier_by_its_account_or_its_source(
    any_shop: Shop, bent: dict[str, Any], supplier: str | None
) -> None:
    accounts.add_supplier("kasushou", "Kasushou", b.NOW_S, "amy")
    case = a_bad_key(any_shop, an_intake(KEY)._replace(**bent))
    found = answer.claimable(case)
    assert (found and found.supplier) == supplier
    if supplier is None:
        with pytest.raises(Conflict, match="No supplier is known"):
            answer.claim(case.id, "amy", any_shop.office)


def test_a_key_that_has_cost_nothing_or_came_back_unseen_is_not_claimed(any_shop: Shop) -> None:
    shop = any_shop
    case = a_bad_key(shop, an_intake(KEY, 0))
    assert answer.claimable(case) is None
    stocked(shop.vault, range(7, 8), intake=an_intake(KEY))
    order = shop.bought(KEY)
    said = Said("")
    back = ask.open_case(order.id, 1, Reason.CHANGED_MIND, said, "buyer", shop.office)
    with pytest.raises(Conflict, match="changed his mind"):
        answer.claim(back.id, "amy", shop.office)


def test_the_page_of_a_case_about_a_key_of_stock_leads_to_the_claim(opened: Open) -> None:
    case = a_bad_key(opened.shop)
    page = f"/after-sales/{case.id}"
    client = as_person(opened.app)
    assert "kasushou, 9.50" in client.get(page).text
    fill_in(client, f"{page}/claim", page)
    shown = client.get(page).text
    assert "The claim is noted." in shown
    assert "1040.kasushou" in shown


# --- what the buyer has told of himself ----------------------------------------------------------


def test_his_words_do_not_tell_others_what_he_typed_into_fields(opened: Open) -> None:
    shop = opened.shop
    body = a_body(a_field("account", pii=True), delivery="{key}")
    now_s = shop.office.now_s()
    product_types.revise("game-key", both("类型", "Key"), body, by="amy", at_s=now_s)
    shop.stock(range(1))
    order = shop.bought(KEY, fields={"account": "zhang-san-88"}, contact="z@example.com")
    reveal(order, 1, CODE, "192.0.2.1", shop.vault, shop.office)
    words = "I am zhang-san-88, write to z@example.com"
    case = ask.open_case(order.id, 1, Reason.USED, Said(words), "buyer", shop.office)
    masked = "I am zha****88, write to z***@example.com"
    for role, shown in (("viewer", masked), ("finance", masked), ("admin", words)):
        assert shown in as_person(opened.app, role).get(f"/after-sales/{case.id}").text, role
    for role, shown in (("shop", masked), ("admin", words)):
        key = {"Authorization": f"Bearer {login.add_api_key(role, role, b.NOW_S)}"}
        told = opened.app.test_client().get(f"/v1/after-sales/{case.id}", headers=key).json
        assert told["evidence"][0]["said"] == shown, role
