"""Prices, stock and balances are kept up to date; a person ends what nobody could find out."""

from __future__ import annotations

import pytest

from central.errors import ConfigInvalid, Conflict, RequestInvalid
from central.foundation.db.engine import change, rows
from central.foundation.seal import Seal, load
from central.supply.suppliers.adapters.send import NotGone, Sender
from central.supply.suppliers.address import check_address
from central.supply.suppliers.ask_for import bought
from central.supply.suppliers.model import Purchase
from central.supply.suppliers.overview import kind_of
from central.supply.suppliers.records import accounts, offers, purchases
from central.supply.suppliers.resolve import decide_held, try_again, would_go
from central.supply.suppliers.sync_offers import sync_due
from edge.contract.money import Money
from tests.central.supply.suppliers.market import SKU, TOP_UP, Market, alerts, last, state, tries


@pytest.fixture
def market(sqlite_market: Market) -> Market:
    return sqlite_market


@pytest.mark.parametrize("protocol", ["kasushou", "dujiao_next", "acg_shared"])
def test_price_stock_and_balance_follow_the_supplier(market: Market, protocol: str) -> None:
    offer = market.open("shop", protocol, price_e4=80_000, balance_e4=5_000_000)
    market.world.stock("shop", "31", 85_000, 7)
    market.clock.at_s += 301
    found = sync_due(market.shelf, market.clock)
    assert (found.accounts, found.silent) == (1, 0)
    [row] = offers.offer_rows("WHERE o.id = ?", (offer,))
    assert (row.cost_e4, row.stock) == (85_000, 7)
    assert accounts.account("shop").balance_e4 == 5_000_000
    assert alerts() == ["price-raised"]
    assert sync_due(market.shelf, market.clock).accounts == 0
    for price_e4, still in ((85_000, True), (84_000, True), (79_000, False)):
        market.world.stock("shop", "31", price_e4, 7)
        market.clock.at_s += 301
        assert sync_due(market.shelf, market.clock).accounts == 1
        assert alerts() == (["price-raised"] if still else []), price_e4


def test_an_offer_near_zero_is_asked_for_at_every_turn(market: Market) -> None:
    market.open("shop", stock=4)
    sync_due(market.shelf, market.clock)
    market.world.stock("shop", "31", 80_000, 0)
    market.clock.at_s += 10
    sync_due(market.shelf, market.clock)
    [row] = offers.offer_rows("WHERE o.sku = ?", (SKU,))
    assert row.stock == 0


def test_a_low_balance_is_said_once_and_unsaid_when_it_is_filled_up(market: Market) -> None:
    market.open("shop", balance_e4=10_000)
    change("UPDATE supplier_account SET low_balance_e4 = 50000")
    for _ in range(2):
        sync_due(market.shelf, market.clock, all_of_them=True)
    assert alerts() == ["low-balance"]
    assert rows("SELECT count(*) FROM supplier_alert") == [(1,)]
    market.world.books.run("UPDATE shop SET balance_e4 = 60000")
    sync_due(market.shelf, market.clock, all_of_them=True)
    assert alerts() == []


def test_a_silent_account_leaves_what_is_known_as_it_was(market: Market) -> None:
    market.open("shop")
    market.let("garbage")
    change("UPDATE supplier_account SET base_url = 'http://127.0.0.1:9'")
    assert sync_due(market.shelf, market.clock).silent == 1
    assert offers.offer_rows()[0].cost_e4 == 80_000


def a_held_one(market: Market, sku: str = SKU) -> int:
    market.open("first", price_e4=70_000)
    market.open("second", price_e4=80_000)
    market.let("error-text" if sku == SKU else "lost-after", "first")
    market.want(sku=sku)
    market.work()
    if sku == TOP_UP:
        market.let("error-before", "first", 1000)
        market.work(25 * 3600)
    market.work(2)
    assert state() == "held"
    return last().id


def test_what_was_given_back_is_bought_elsewhere(market: Market) -> None:
    attempt = a_held_one(market)
    decide_held(attempt, "not-done", market.clock(), "li", "he has refunded it")
    assert "held" not in alerts()
    market.work()
    market.work(2)
    assert tries() == [("first", "failed"), ("second", "succeeded")]
    assert purchases.story(attempt)[-1].who == "li"


def test_asking_again_can_end_it(market: Market) -> None:
    attempt = a_held_one(market, TOP_UP)
    market.world.faults.clear()
    decide_held(attempt, "ask-again", market.clock(), "li", "his site works again")
    market.work()
    assert tries() == [("first", "succeeded")]


def test_a_top_up_that_has_arrived_can_be_called_done_and_a_key_cannot(market: Market) -> None:
    attempt = a_held_one(market, TOP_UP)
    decide_held(attempt, "done", market.clock(), "li", "the buyer has it")
    assert bought("O-1/1").state is Purchase.SOURCED


def test_a_key_nobody_has_cannot_be_called_done(market: Market) -> None:
    attempt = a_held_one(market)
    with pytest.raises(Conflict, match="Nobody has its keys"):
        decide_held(attempt, "done", market.clock(), "li", "trust me")
    with pytest.raises(RequestInvalid):
        decide_held(attempt, "not-done", market.clock(), "li", " ")
    assert state() == "held"


def test_what_was_given_up_can_be_looked_for_again(market: Market) -> None:
    market.want()
    market.work()
    assert state() == "exhausted"
    market.open("shop")
    try_again("O-1/1", market.clock())
    market.work()
    market.work(2)
    assert state() == "sourced"
    with pytest.raises(Conflict):
        try_again("O-1/1", market.clock())


def test_a_dry_run_writes_nothing(market: Market) -> None:
    market.open("shop")
    decision = would_go(SKU, kind_of(SKU), 1, Money(1000, "CNY"), frozenset(), market.clock())
    assert [c.offer.account for c in decision.candidates] == ["shop"]
    assert rows("SELECT count(*) FROM supplier_decision") == [(0,)]


# --- addresses and seals -------------------------------------------------------------------------


@pytest.mark.parametrize(
    "url",
    ["http://shop.example", "https://127.0.0.1", "https://10.0.0.8/api", "https://[::1]/",
     "https://169.254.169.254", "https://localhost", "https://hub.internal", "https://printer",
     "https://user:pw@shop.example", "https://shop.example/?a=1", "ftp://shop.example", "", "x"],
)  # fmt: skip
def test_an_address_within_the_house_or_in_the_clear_is_refused(url: str) -> None:
    with pytest.raises(ValueError, match="address"):
        check_address(url, is_test=False)


@pytest.mark.parametrize("url", ["http://192.0.2.1", "https://shop.example"])
def test_a_test_account_is_on_this_machine_alone(url: str) -> None:
    with pytest.raises(ValueError, match="simulator"):
        check_address(url, is_test=True)


def test_a_name_that_leads_into_the_house_is_not_called() -> None:
    """Whatever the name says when it is looked up, the address that answers decides."""
    sender = Sender("https://shop.example", is_test=False, connect_s=0.2)
    sender._host = "localhost"  # as if its owner had let it point here since it was checked
    with pytest.raises(NotGone, match="private-address"):
        sender.send("GET", "/", headers={})


def test_what_is_sealed_opens_in_its_place_alone() -> None:
    seal = Seal(b"a" * 32)
    sealed = seal.close({"api_key": "s3cret"}, "account:a")
    assert seal.open(sealed, "account:a") == {"api_key": "s3cret"}
    assert b"s3cret" not in sealed
    for other, place, blob in (
        (seal, "account:b", sealed),
        (Seal(b"b" * 32), "account:a", sealed),
        (seal, "account:a", sealed[:-1] + bytes([sealed[-1] ^ 1])),
        (seal, "account:a", b""),
    ):
        with pytest.raises(ConfigInvalid, match="does not open"):
            other.open(blob, place)


def test_the_key_is_made_once_and_is_its_owners_alone(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    folder = tmp_path_factory.mktemp("keys")
    sealed = load(folder).close({"a": "b"}, "x")
    assert load(folder).open(sealed, "x") == {"a": "b"}
    file = folder / "suppliers.key"
    assert file.stat().st_mode & 0o777 == 0o600
    file.chmod(0o644)
    with pytest.raises(ConfigInvalid, match="can be read by others"):
        load(folder)


def test_no_secret_and_no_key_lies_in_the_database(market: Market) -> None:
    market.open("shop")
    market.want(sku=TOP_UP)
    market.want("O-2/1")
    market.work()
    market.work(2)
    shop = market.world.shop("shop")
    assert shop is not None
    key = market.keys_of("O-2/1")[0]
    dump = b""
    for (table,) in rows(
        "SELECT name FROM sqlite_master WHERE name LIKE 'supplier%' AND type = 'table'"
    ):
        dump += repr(rows(f"SELECT * FROM {table}")).encode()
    for secret in (shop["key"], key, "13800138000"):
        assert secret.encode() not in dump
