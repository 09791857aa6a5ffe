"""What suppliers deliver: the buyer does not notice which of them it was, and the books do."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from central.errors import Conflict
from central.foundation.db.engine import money_transaction
from central.insight.proofs import prove_all
from central.money.channels.gather import Channels
from central.money.channels.model import Payment, PaymentState
from central.money.ledger.rules import business_day
from central.sale.delivery.reveal import reveal
from central.sale.orders import pay, refund, serve, store
from central.sale.orders.model import Order, Wanted
from central.sale.orders.office import Office
from central.sale.orders.place import place
from central.sale.orders.states import OrderState, UnitState
from central.supply.catalogue import shelf
from central.supply.catalogue.model import CategoryId
from central.supply.prices import books
from central.supply.prices.model import Mode, Tier
from central.supply.prices.wanted import Change
from central.supply.prices.wanted import Wanted as Price
from central.supply.suppliers.ask_for import bought
from central.supply.suppliers.buy import Buyer
from central.supply.suppliers.into_vault import VaultKeys
from central.supply.suppliers.model import Purchase
from central.supply.suppliers.record import Recorder
from central.supply.suppliers.resolve import try_again
from central.supply.suppliers.sync_offers import sync_due
from tests.central.books import assert_sound
from tests.central.builders import CURRENCY, KEYRING, ZONE, Database, furnish
from tests.central.money.sharing.outside import OUTSIDE
from tests.central.sale.builders import CODE, balance_of
from tests.central.supply.cards.builders import a_vault
from tests.central.supply.catalogue.builders import a_category, a_sku, a_type, an_item, put
from tests.central.supply.prices.builders import a_book
from tests.central.supply.product_types.builders import a_field, both
from tests.central.supply.suppliers.market import SKU, TOP_UP, Market, Street, a_market, a_street

PRICE = {SKU: 1_200, TOP_UP: 1_200}
COST = 800


class Store:
    """A hub that sells what its suppliers have."""

    def __init__(self, market: Market, directory: Path) -> None:
        self.market, self.vault = market, a_vault(directory)
        self.office = Office(
            currency=CURRENCY, timezone=ZONE, now_s=market.clock, seal=market.seal,
            outside=OUTSIDE, cost_of=lambda *_: None, channels=Channels(), keyring=KEYRING,
        )  # fmt: skip
        a_type("game", "supplier_key", "{key}")
        a_type("phone", "direct_topup", "{reference} {phone}", a_field("phone", "phone"))
        shelf.add_category(a_category("games"))
        for kind, sku in (("game", SKU), ("phone", TOP_UP)):
            shelf.put_item(an_item(kind, kind, category=CategoryId("games")))
            put(a_sku(sku, kind, face=None, names=both("货", kind)))
            shelf.offer(sku, market.clock())
        books.add_book(a_book(), by="amy", at_s=market.clock())
        for sku, minor in PRICE.items():
            wanted = Price(Mode.LADDER, (Tier(1, minor),))
            books.set_price(Change("retail", sku, wanted), by="amy", now_s=market.clock())

    @property
    def buyer(self) -> Buyer:
        """The machine that buys, into the vault."""

        def day_of(at_s: int) -> int:
            return business_day(at_s, ZONE)

        recorder = Recorder(VaultKeys(self.vault, day_of), day_of)
        return Buyer(self.market.shelf, recorder, self.market.seal, self.market.clock)

    def sold(
        self, sku: str, quantity: int = 1, rounds: int = 8, fields: dict[str, str] | None = None
    ) -> Order:
        """Sell something, and do all that is due."""
        if fields is None:
            fields = {"phone": "13800000000"} if sku == TOP_UP else {}
        wanted = Wanted(f"k-{sku}", sku, quantity, fields, CODE, "li@example.com", "192.0.2.1")
        order = place(wanted, self.office).order
        number = f"P{order.id[1:]}01"
        at_s = self.market.clock()
        money_transaction(lambda: pay.insert_payment(number, order, "web", at_s))
        said = Payment(number, PaymentState.PAID, order.price, f"CH{number}")
        money_transaction(lambda: pay.take_money(number, said, at_s, self.office))
        self.work(rounds)
        return store.get(order.id)

    def work(self, rounds: int = 8) -> None:
        """Let everybody work for a while."""
        for _ in range(rounds):
            self.buyer.run_due()
            serve.serve_due(self.office)
            self.market.clock.at_s += 30


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


def keys_of(sells: Store, order: Order) -> list[str]:
    """Return what the buyer is shown."""
    return [
        reveal(order, unit.n, CODE, "192.0.2.1", sells.vault, sells.office).text
        for unit in store.units(order.id)
    ]


def assert_agrees(sells: Store) -> None:
    """The books are sound, and agree with every room."""
    report = prove_all(sells.market.clock(), CURRENCY)
    assert report.is_good, report.said
    assert_sound()


def test_a_key_is_bought_kept_shown_and_posted(sells: Store) -> None:
    sells.market.open("alpha")
    order = sells.sold(SKU, 2)
    assert order.state is OrderState.COMPLETED
    assert len(set(keys_of(sells, order))) == 2
    assert balance_of("4010") == 2 * PRICE[SKU]
    assert balance_of("5010") == 2 * COST
    assert balance_of(f"1310.{SKU}") == 0
    assert_agrees(sells)


def test_when_one_has_none_the_other_delivers_and_the_buyer_does_not_notice(
    sells: Store,
) -> None:
    sells.market.open("alpha", price_e4=70_000)
    sells.market.open("beta", "dujiao_next", price_e4=80_000)
    sells.market.world.stock("alpha", "31", 70_000, 0)
    order = sells.sold(SKU)
    assert order.state is OrderState.COMPLETED
    assert len(keys_of(sells, order)) == 1
    assert_agrees(sells)


def test_a_top_up_is_done_and_costs_what_the_supplier_took(sells: Store) -> None:
    sells.market.open("alpha")
    order = sells.sold(TOP_UP)
    assert order.state is OrderState.COMPLETED
    assert balance_of("5010") == COST
    assert "13800000000" in keys_of(sells, order)[0]
    assert_agrees(sells)


def test_when_nobody_has_it_the_money_goes_back(sells: Store) -> None:
    sells.market.open("alpha")
    sells.market.world.stock("alpha", "31", 80_000, 0)
    order = sells.sold(SKU)
    [unit] = store.units(order.id)
    assert (order.state, unit.state) == (OrderState.EXCEPTION, UnitState.STUCK)
    assert_agrees(sells)
    refund.refund_units(order.id, [unit.id], "sold out", "amy", sells.office)
    assert store.get(order.id).state is OrderState.REFUNDED
    assert_agrees(sells)


def test_a_supplier_who_has_it_again_delivers_after_all(sells: Store) -> None:
    sells.market.open("alpha")
    sells.market.world.stock("alpha", "31", 80_000, 0)
    order = sells.sold(SKU)
    [unit] = store.units(order.id)
    sells.market.world.stock("alpha", "31", 80_000, 9)
    sells.market.clock.at_s += 300
    sync_due(sells.market.shelf, sells.market.clock)
    serve.refill(unit.id, "amy", sells.office)
    sells.work()
    assert len(sells.market.bought_at()) == 1
    assert store.get(order.id).state is OrderState.COMPLETED
    assert_agrees(sells)


def test_what_a_person_delivers_is_not_bought_as_well(sells: Store) -> None:
    sells.market.open("alpha")
    sells.market.world.stock("alpha", "33", 80_000, 0)
    order = sells.sold(TOP_UP)
    [unit] = store.units(order.id)
    serve.deliver_by_hand(unit.id, "done at the counter", "amy", sells.office)
    assert bought(unit.id).state is Purchase.CANCELLED
    assert keys_of(sells, order) == [f"{'done at the counter'} 13800000000"]
    with pytest.raises(Conflict):
        try_again(unit.id, sells.market.clock())
    sells.market.world.stock("alpha", "33", 80_000, 9)
    sells.work()
    assert sells.market.bought_at() == []
    assert_agrees(sells)


def test_nothing_is_delivered_by_hand_while_nobody_knows_whether_it_was_bought(
    sells: Store,
) -> None:
    sells.market.open("alpha")
    sells.market.let("late", "alpha")
    order = sells.sold(SKU, rounds=1)
    [unit] = store.units(order.id)
    with pytest.raises(Conflict, match="Nobody knows yet"):
        serve.deliver_by_hand(unit.id, "KEY", "amy", sells.office)


def test_money_does_not_go_back_while_nobody_knows_whether_it_was_bought(sells: Store) -> None:
    sells.market.open("alpha")
    sells.market.let("late", "alpha")
    order = sells.sold(SKU, rounds=1)
    [unit] = store.units(order.id)
    assert unit.state is UnitState.SERVING
    with pytest.raises(Conflict, match="Nobody knows yet"):
        refund.refund_units(order.id, [unit.id], "too slow", "amy", sells.office)
    assert store.refunds(order.id) == []
    for _ in range(40):
        sells.work()
    assert len(sells.market.bought_at()) == 1
    assert store.get(order.id).state is OrderState.COMPLETED
    assert_agrees(sells)
