"""Callbacks: bound by account, reference and number together, replayed without effect (I-9)."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from central.errors import CallbackRefused, Conflict, NotFound
from central.foundation.db.engine import rows
from central.supply.suppliers.hooks import receive
from tests.central.builders import Database, an_app
from tests.central.supply.suppliers.market import Market, alerts, last, state, tries

Call = Callable[..., str]
CALLING = ["kasushou", "meihu", "dujiao_next"]


@pytest.fixture
def market(sqlite_market: Market) -> Market:
    return sqlite_market


@pytest.fixture
def call(market: Market) -> Call:
    """Hand the shops' callbacks to the hub, at the account's address or at another's."""

    def hand_over(account: str = "", times: int = 1) -> str:
        said = ""
        for url, body, headers in market.deliver():
            at = account or url.rpartition("/")[2]
            for _ in range(times):
                said = receive(market.adapter(at), at, f"/hooks/supplier/{at}", headers, body,
                               market.clock())  # fmt: skip
        return said

    return hand_over


def inbox() -> list[tuple[str, int]]:
    return [(str(o), int(n)) for o, n in rows("SELECT outcome, deliveries FROM supplier_inbox")]


@pytest.mark.parametrize("protocol", CALLING)
def test_a_callback_wakes_the_question_and_delivers_nothing_itself(
    market: Market, call: Call, protocol: str
) -> None:
    market.open("shop", protocol)
    market.let("slow-keys")
    market.want()
    market.work()
    market.wait_out(3, 5)
    asked = last().next_at_s
    market.clock.at_s += market.world.slow_keys_s
    assert call() in {"ok", '{"ok":true,"message":"received"}'}
    assert last().next_at_s <= market.clock() < asked + 100
    assert state() == "open"
    market.work()
    assert state() == "sourced"
    assert inbox() == [("woken", 1)]


def test_a_repeated_callback_is_counted_and_changes_nothing(market: Market, call: Call) -> None:
    market.open("shop")
    market.want()
    market.work()
    call(times=3)
    assert inbox() == [("woken", 3)]
    market.work()
    assert len(market.bought_at()) == 1


def test_a_forged_callback_is_refused_and_somebody_hears_of_it(market: Market, call: Call) -> None:
    market.open("shop")
    market.let("callback-forged")
    market.want()
    market.work()
    with pytest.raises(CallbackRefused):
        call()
    assert alerts() == ["forged-callback"]
    assert inbox() == []


def test_one_account_cannot_speak_of_another_ones_purchase(market: Market, call: Call) -> None:
    """Issue 295 of another shop: any authenticated upstream could end any order."""
    market.open("first", price_e4=70_000)
    market.open("second", price_e4=80_000)
    market.want()
    market.work()
    assert tries() == [("first", "accepted")]
    [(_, body, headers)] = market.deliver()
    # Signed by the first shop: the second account's key does not fit.
    with pytest.raises(CallbackRefused):
        receive(market.adapter("second"), "second", "/hooks/supplier/second", headers, body,
                market.clock())  # fmt: skip
    # And with the right key it still has no such purchase.
    market.world.books.run("UPDATE shop SET key = (SELECT key FROM shop WHERE id = 'second')")
    market.world.books.run("UPDATE callback SET state = 'waiting'")
    with pytest.raises(NotFound):
        call(account="second")
    assert inbox() == [("unbound", 1)]


@pytest.mark.parametrize("protocol", CALLING)
def test_another_number_is_not_taken(market: Market, call: Call, protocol: str) -> None:
    market.open("shop", protocol)
    market.let("callback-wrong-binding")
    market.want()
    market.work()
    with pytest.raises(Conflict):
        call()
    assert "other-number" in alerts()
    market.work(2)
    assert state() == "sourced"


def test_a_number_in_a_callback_is_not_kept_where_we_have_none(market: Market, call: Call) -> None:
    """It was, once: the shop was asked for it, had none, and the unit was bought twice."""
    market.open("dujiao", "dujiao_next", price_e4=70_000)
    market.open("other", price_e4=80_000)
    market.let("lost-after", "dujiao")
    market.let("callback-wrong-binding", "dujiao")
    market.want()
    market.work()
    call()
    assert last().upstream_no == ""
    market.wait_out(20, 15)
    assert tries() == [("dujiao", "succeeded")]
    assert len(market.bought_at()) == 1


def test_over_http_the_signature_lets_a_supplier_in_and_nothing_else_does(
    market: Market, sqlite_database: Database
) -> None:
    market.open("shop")
    built = an_app(sqlite_database, market.clock, furnished=False)
    client = built.test_client()
    assert client.post("/hooks/supplier/nobody", data=b"{}").status_code == 404
    # The hub's own seal is another key than the market's: nothing opens, and it says so.
    answer = client.post("/hooks/supplier/shop", data=b'{"sign": "x"}')
    assert answer.status_code == 500
    assert b"api_key" not in answer.data
