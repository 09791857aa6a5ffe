"""Statements come by themselves, are believed whole or not at all, and a missing day is seen."""

from __future__ import annotations

import datetime as dt
import hashlib
import json
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from central.errors import Conflict, RequestInvalid
from central.foundation.db.engine import change, rows
from central.foundation.language.said import Saying
from central.foundation.seal import load
from central.money.ledger.rules import business_day
from central.money.reconciliation.model import By
from central.money.reconciliation.resolve import differences
from central.supply.suppliers import adapters
from central.supply.suppliers.adapters.access import Reply
from central.supply.suppliers.adapters.profile import read_profile
from central.supply.suppliers.adapters.statement import Layout, collect
from central.supply.suppliers.ports import SupplierSilent
from central.supply.suppliers.statements import days_of, fetch, fetch_due
from tests.central.builders import ZONE, Database, a_config, an_app, as_person, fill_in
from tests.central.supply.suppliers.market import Market

DAY_S = 86_400
PROFILE = """
[statement]
path = "/api/orders"
fields = { day = "{day}", page = "{page}", size = "2" }
items = "data.list"
count = "data.total"
sum = "data.amount"
pages = true
our_number = "outer_order_id"
their_number = "order_id"
amount = "total_price"
state = "state"
time = "created_at"
charged = ["100", "101", "200"]
ignored = ["500"]
"""
GIVING = ["generic_json", "reloadly"]


def open_shop(market: Market, protocol: str, name: str = "shop") -> None:
    if protocol == "generic_json":
        shipped = (Path(adapters.__file__).parent / "meihu.toml").read_text("utf-8")
        text = shipped.replace('name = "meihu"', 'name = "mine"') + PROFILE
        (market.shelf._profiles / "mine.toml").write_text(text, "utf-8")
    market.open(name, "meihu" if protocol == "generic_json" else protocol)
    change(
        "UPDATE supplier_account SET protocol = ?, settings = ? WHERE id = ?",
        (protocol, json.dumps({"profile": "mine"}), name),
    )


def buy(market: Market, units: int = 3) -> dt.date:
    """Buy on one day, and let the next one come; return the day."""
    for n in range(units):
        market.want(f"O-{n}/1")
    market.work()
    market.wait_out(4)
    day = dt.datetime.fromtimestamp(market.clock(), ZoneInfo(ZONE)).date()
    market.clock.at_s += DAY_S
    return day


def by(market: Market) -> By:
    return By(market.clock(), business_day(market.clock(), ZONE), "test")


def bills() -> list[tuple[Any, ...]]:
    return rows("SELECT source, kind, day, account FROM bill")


@pytest.mark.parametrize("protocol", GIVING)
def test_yesterday_s_statement_proves_what_was_bought(market: Market, protocol: str) -> None:
    open_shop(market, protocol)
    day = buy(market)
    done = fetch_due(market.shelf, by(market), ZONE)
    assert (done.taken, done.missing, done.problems) == (1, 0, [])
    number = int(day.strftime("%Y%m%d"))
    assert bills() == [("shop", "supplier", number, "1040.shop")]
    [(lines, proven)] = rows("SELECT count(*), count(proves) FROM bill_line")
    assert (lines, proven) == (3, 3)
    assert differences() == []
    [(raw, sha256)] = rows("SELECT raw, sha256 FROM bill_file")
    assert hashlib.sha256(bytes(raw)).digest() == bytes(sha256)
    # Once a day and account: nothing is asked for again, and asking by hand changes nothing.
    assert fetch_due(market.shelf, by(market), ZONE) == (0, 0, [])
    assert fetch(market.shelf, "shop", day, by(market)).proven == 3
    assert len(bills()) == 1


FAULTS = {
    "statement-cut": {"statement-cut"},
    "statement-sum": {"statement-wrong-sum", "statement-cut"},  # a sum, or but a count
    "statement-late": {"statement-silent"},
}


def slugs(said: str) -> set[str]:
    found: set[str] = set()
    todo = [said]
    while todo:
        if isinstance(one := todo.pop(), Saying):
            found.add(one.slug)
            todo += [value for value in one.values.values() if isinstance(value, str)]
    return found


@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("protocol", GIVING)
def test_what_does_not_hold_together_is_a_missing_day_until_it_does(
    market: Market, protocol: str, fault: str
) -> None:
    open_shop(market, protocol)
    day = buy(market)
    market.let(fault)
    done = fetch_due(market.shelf, by(market), ZONE)
    assert (done.taken, done.missing) == (0, 1)
    assert slugs(done.problems[0]) & FAULTS[fault]
    assert bills() == []
    [missing] = days_of("shop", by(market), ZONE)
    assert (missing.day, missing.bill) == (day, None)
    assert slugs(missing.said) & FAULTS[fault]
    assert bool(missing.sha256) == (fault != "statement-late")  # what came is kept all the same
    assert fetch_due(market.shelf, by(market), ZONE).taken == 1
    [there] = days_of("shop", by(market), ZONE)
    assert there.bill is not None
    assert there.said == ""


@pytest.mark.parametrize("count", [None, "many", -1, 1.5, "99999999", [3]])
def test_a_count_that_is_no_number_is_no_answer(count: object) -> None:
    layout = Layout("list", "count", "ours", "theirs", "amount", "state", "at", frozenset({"paid"}))
    reply = Reply(200, {"list": [], "count": count}, b"{}")
    with pytest.raises(SupplierSilent, match="no-count"):
        collect(lambda _: reply, layout, dt.date(2026, 4, 10))


def test_an_order_that_we_never_placed_is_a_difference(market: Market) -> None:
    open_shop(market, "generic_json")
    day = buy(market)
    market.let("statement-extra", times=2)  # of each page
    assert fetch_due(market.shelf, by(market), ZONE).taken == 1
    [one] = differences()
    assert (one.kind, one.amount.minor) == ("not-in-books", -700)
    # A statement that tells the day otherwise later is not believed instead.
    with pytest.raises(Conflict, match="not the one taken before"):
        fetch(market.shelf, "shop", day, by(market))
    assert len(bills()) == 1


def test_two_accounts_at_one_supplier_are_two_parts_of_his_day(market: Market) -> None:
    open_shop(market, "generic_json", "shop")
    open_shop(market, "generic_json", "other")
    change("UPDATE supplier_account SET supplier = 'shop' WHERE id = 'other'")
    buy(market)
    assert fetch_due(market.shelf, by(market), ZONE).taken == 2
    assert sorted(rows("SELECT part, parts FROM bill")) == [("other", 2), ("shop", 2)]
    assert differences() == []


def test_who_gives_no_statements_is_not_asked_and_no_day_before_its_time(
    sqlite_market: Market,
) -> None:
    market = sqlite_market
    market.open("mute", "dujiao_next")
    open_shop(market, "reloadly")
    today = dt.datetime.fromtimestamp(market.clock(), ZoneInfo(ZONE)).date()
    assert fetch_due(market.shelf, by(market), ZONE) == (0, 0, [])
    market.clock.at_s += DAY_S
    with pytest.raises(RequestInvalid, match="mute does not give statements"):
        fetch(market.shelf, "mute", today, by(market))
    with pytest.raises(RequestInvalid, match="is not over"):
        fetch(market.shelf, "shop", today + dt.timedelta(days=1), by(market))


@pytest.mark.parametrize(
    ("bent", "said"),
    [
        (('"{day}"', '"x"'), "asks for no {day}"),
        (('count = "data.total"\n', ""), "statement.count: Field required"),
        (('["100", "101", "200"]', "[]"), "statement.charged"),
    ],
)
def test_a_data_file_that_could_not_be_proven_is_refused(
    tmp_path: Path, bent: tuple[str, str], said: str
) -> None:
    shipped = (Path(adapters.__file__).parent / "meihu.toml").read_text("utf-8")
    file = tmp_path / "mine.toml"
    file.write_text(shipped + PROFILE.replace(*bent), "utf-8")
    with pytest.raises(Exception, match="statement") as caught:
        read_profile(file)
    assert said in str(caught.value)


def test_the_page_shows_missing_days_and_fetches_one(
    sqlite_market: Market, sqlite_database: Database
) -> None:
    market = sqlite_market
    app = an_app(sqlite_database, market.clock, furnished=False)
    market.seal = load(a_config(sqlite_database).data_dir / "keys")
    open_shop(market, "reloadly")
    day = buy(market)
    _missing(market)
    client = as_person(app)
    page = client.get("/suppliers").text
    assert "Fetch now" in page
    assert day.isoformat() in page
    assert "does not give its statement: http-503" in page
    path = "/suppliers/accounts/shop/statement"
    assert "A day is written" in _pressed(client, path, day="x")
    page = _pressed(client, path, day=day.isoformat())
    assert "The statement is there." in page
    assert "Fetch now" not in page
    assert as_person(app, "viewer").post(path).status_code in {302, 400, 403}


def _missing(market: Market) -> None:
    market.let("statement-late")
    fetch_due(market.shelf, by(market), ZONE)


def _pressed(client: Any, path: str, **fields: str) -> str:
    fill_in(client, path, "/suppliers", **fields)
    return str(client.get("/suppliers").text)
