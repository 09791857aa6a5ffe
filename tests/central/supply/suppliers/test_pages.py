"""Pages, API and commands of the room."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from central.cli import main
from central.foundation.db.engine import rows
from central.foundation.people import login
from central.supply.suppliers.records import accounts, purchases
from tests.builders import NOW_S
from tests.central.builders import (
    KEYRING,
    Database,
    an_app,
    as_person,
    close_hub,
    fill_in,
    write_keys,
)
from tests.central.supply.suppliers.market import (
    SKU,
    TOP_UP,
    Market,
    last,
    state,
)


@pytest.fixture
def market(sqlite_market: Market) -> Market:
    return sqlite_market


@pytest.fixture
def built(market: Market, sqlite_database: Database) -> Any:
    return an_app(sqlite_database, market.clock, furnished=False)


def a_day(market: Market) -> None:
    """One bought after a failover, one held, one that nobody delivers."""
    market.open("first", price_e4=70_000)
    market.open("second", "dujiao_next", price_e4=80_000)
    market.let("no-stock", "first")
    market.want("O-1/1")
    market.work()
    market.let("error-text")
    market.want("O-2/1")
    market.want("O-3/1", SKU, 1, 100)
    market.work()
    market.work(2)
    assert [state(f"O-{n}/1") for n in (1, 2, 3)] == ["sourced", "held", "exhausted"]


@pytest.mark.parametrize("locale", ["zh-CN", "en"])
def test_the_pages_say_what_is_and_why(market: Market, built: Any, locale: str) -> None:
    a_day(market)
    client = as_person(built, locale=locale)
    said = {"zh-CN": ("需人工处理", "无货", "会向"), "en": ("needs a person", "sold out", "go to")}
    held, out, goes = said[locale]
    shown = client.get("/suppliers").text
    assert "first" in shown
    assert last("O-2/1").client_ref in shown
    assert held in client.get("/suppliers/purchases").text
    assert "O-1/1" not in client.get("/suppliers/purchases?state=held").text
    one = client.get("/suppliers/purchases/O-1/1").text
    assert out in client.get("/suppliers/purchases/O-3/1").text or "✗" in one
    assert last("O-1/1").client_ref in one
    route = client.get(f"/suppliers/route?sku={SKU}&net=9.90&quantity=1").text
    assert goes in route


def test_an_empty_room_says_what_to_do(market: Market, built: Any) -> None:
    client = as_person(built)
    assert "suppliers add" in client.get("/suppliers").text
    assert "Nothing was bought" in client.get("/suppliers/purchases").text
    assert "Nobody offers it" in client.get(f"/suppliers/route?sku={SKU}&net=9.90").text
    assert client.get("/suppliers/purchases/O-9/9").status_code == 404


@pytest.mark.parametrize(
    "query", [f"sku={SKU}&net=x", "sku=NO&net=1", f"sku={SKU}&net=1&quantity=x"]
)
def test_a_question_that_cannot_be_answered_is_answered_with_a_sentence(
    market: Market, built: Any, query: str
) -> None:
    answer = as_person(built).get(f"/suppliers/route?{query}")
    assert answer.status_code == 200
    assert 'role="alert"' in answer.text


def test_a_person_decides_about_what_is_held(market: Market, built: Any) -> None:
    a_day(market)
    client = as_person(built)
    number = last("O-2/1").id
    page = "/suppliers/purchases/O-2/1"
    fill_in(client, f"/suppliers/attempts/{number}/not-done", page, why="he gave it back")
    assert purchases.story(number)[-1].code.startswith("not-done: he gave")
    fill_in(client, "/suppliers/again/O-3/1", "/suppliers/purchases/O-3/1")
    assert state("O-3/1") == "open"
    fill_in(client, "/suppliers/accounts/first/suspend", "/suppliers")
    assert accounts.account("first").state == "suspended"
    viewer = as_person(built, "viewer")
    assert "Suspend" not in viewer.get("/suppliers").text


def test_an_alert_is_ended_by_hand_unless_it_ends_by_itself(market: Market, built: Any) -> None:
    a_day(market)
    accounts.alert("disputed", "T1", "O-9/1", NOW_S)
    found = {a.kind: a.id for a in accounts.alerts()}
    client = as_person(built)
    for number in found.values():
        fill_in(client, f"/suppliers/alerts/{number}/done", "/suppliers")
    assert [a.kind for a in accounts.alerts()] == ["held"]
    assert rows("SELECT cleared_by FROM supplier_alert WHERE kind = 'disputed'") == [("admin 0",)]


def test_programs_get_the_same(market: Market, built: Any) -> None:
    a_day(market)
    headers = {"Authorization": f"Bearer {login.add_api_key('shop', 'admin', NOW_S)}"}
    client = built.test_client()
    listed = client.get("/v1/suppliers", headers=headers).json
    assert [a["id"] for a in listed["accounts"]] == ["first", "second"]
    assert {a["kind"] for a in listed["alerts"]} == {"held"}
    assert "credentials" not in json.dumps(listed)
    body = {"sku": SKU, "sell_net_minor": 990}
    decision = client.post("/v1/suppliers/route", headers=headers, json=body).json
    assert decision["cap_e4"] == 99_000
    assert {o["reason"] for o in decision["left_out"]} == {"no-stock"}
    one = client.get("/v1/suppliers/purchases/O-1/1", headers=headers).json
    assert [a["state"] for a in one["attempts"]] == ["rejected", "succeeded"]
    assert len(one["decisions"]) == 2
    some = client.get("/v1/suppliers/purchases?state=held", headers=headers).json
    assert [p["unit"] for p in some["purchases"]] == ["O-2/1"]
    decided = client.post(
        f"/v1/suppliers/attempts/{last('O-2/1').id}/decide", headers=headers,
        json={"what": "not-done", "why": "refunded"},
    )  # fmt: skip
    assert decided.json["state"] == "failed"
    nobody = {"sku": "NO", "sell_net_minor": 1}
    assert client.post("/v1/suppliers/route", headers=headers, json=nobody).status_code == 404


@pytest.fixture
def run(market: Market, sqlite_database: Database) -> Callable[..., str]:
    """Give a command to a hub of its own."""
    folder = sqlite_database.sqlite_file.parent
    write_keys(folder / "keys", KEYRING)

    def give(*words: str, fails: bool = False) -> str:
        close_hub()
        result = CliRunner().invoke(main, ["--set", f"data_dir={folder}", "suppliers", *words])
        assert result.exit_code == int(fails), result.output + str(result.exception)
        return result.output

    return give


def test_a_supplier_is_connected_and_bought_from_by_commands(
    market: Market, run: Any, tmp_path: Path
) -> None:
    shop = market.world.open_shop("mei", "meihu", 5_000_000)
    market.world.stock("mei", "31", 80_000, 50)
    market.world.clock = lambda: int(time.time())  # the commands have the real one
    file = tmp_path / "mei.json"
    told = {
        "protocol": "meihu", "base_url": f"{market.world.base_url}/meihu/mei",
        "credentials": {"user": shop["user"], "key": shop["key"]},
    }  # fmt: skip
    file.write_text(json.dumps(told))
    assert "no supplier yet" in run("list")
    run("add", "mei", "美狐")
    said = run("connect", "mei-1", "--supplier", "mei", "--file", str(file), "--test")
    assert "500.0000 lies there" in said
    assert "8.0000" in run("offer", SKU, "mei-1", "31")
    run("offer", TOP_UP, "mei-1", "31", "--cost", "9.00", "--input", "phone=account")
    run("terms", SKU, "--margin-bp", "300")
    assert "1. mei-1 8.0000" in run("route", SKU, "9.90")
    assert "over-cap" in run("route", SKU, "8.00")
    assert json.loads(run("route", SKU, "9.90", "--json"))["cap_e4"] == 96_030
    assert "1 asked" in run("sync")
    assert "0 units" in run("work", "--once")
    assert "mei-1" in run("list", "--json")
    assert "no SKU" in run("offer", "NO", "mei-1", "31", fails=True)
    file.write_text('{"protocol": "meihu", "credentials": {"user": "x"}}')
    assert "key" in run("connect", "b-1", "--supplier", "mei", "--file", str(file), fails=True)
    assert shop["key"] not in repr(rows("SELECT * FROM supplier_account"))
