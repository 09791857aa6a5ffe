"""Where a supplier tells what has changed, that alone is asked for between two whole looks."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from central.errors import ConfigInvalid, NotFound, RequestInvalid
from central.foundation.db.engine import change
from central.supply.suppliers import adapters
from central.supply.suppliers.adapters.profile import read_profile
from central.supply.suppliers.records import accounts, offers
from central.supply.suppliers.sync_offers import OVERLAP_S, PAGES_MAX, sync_due
from tests.central.supply.suppliers.market import SKU, Market

CHANGES = """
[changes]
path = "/api/changes"
fields = { since = "{since_s}", page = "{page}" }
items = "data"
pages = true
"""
MEIHU = (Path(adapters.__file__).parent / "meihu.toml").read_text("utf-8")


def a_profile(text: str) -> str:
    return MEIHU.replace('name = "meihu"', 'name = "mine"') + text


@pytest.fixture
def shop(market: Market) -> Market:
    """A shop whose data file says how it tells its changes, looked at as a whole just now."""
    made = market
    (made.shelf._profiles / "mine.toml").write_text(a_profile(CHANGES), "utf-8")
    made.open("shop", "meihu")
    change(
        "UPDATE supplier_account SET protocol = 'generic_json', settings = ?, sync_every_s = 86400",
        (json.dumps({"profile": "mine"}),),
    )
    for _ in range(2):
        assert sync_due(made.shelf, made.clock).accounts == 1
        made.clock.at_s += 600
    return made


def price() -> int:
    [row] = offers.offer_rows("WHERE o.sku = ?", (SKU,))
    return row.cost_e4


def test_what_has_changed_is_known_at_the_next_turn_by_one_question(shop: Market) -> None:
    shop.world.stock("shop", "31", 81_000)
    assert sync_due(shop.shelf, shop.clock).changed == 1
    assert price() == 81_000
    asked = accounts.account("shop")
    assert (asked.changes_at_s, asked.synced_at_s) == (shop.clock(), shop.clock() - 1_200)


def test_a_turn_without_changes_changes_nothing(shop: Market) -> None:
    assert sync_due(shop.shelf, shop.clock) == (1, 0, 0)
    assert price() == 80_000


@pytest.mark.parametrize(("behind_s", "found"), [(OVERLAP_S, True), (OVERLAP_S + 1, False)])
def test_what_a_clock_behind_ours_stamps_is_not_missed(
    shop: Market, behind_s: int, *, found: bool
) -> None:
    sync_due(shop.shelf, shop.clock)
    shop.world.stock("shop", "31", 82_000)
    shop.world.books.run("UPDATE changed SET at_s = ?", shop.clock() - behind_s)
    shop.clock.at_s += 60
    assert sync_due(shop.shelf, shop.clock).changed == int(found)
    assert price() == (82_000 if found else 80_000)


def test_the_whole_look_finds_what_was_left_out(shop: Market) -> None:
    shop.world.books.run("UPDATE product SET price_e4 = 83000")
    sync_due(shop.shelf, shop.clock)
    assert price() == 80_000
    shop.clock.at_s += 86_400
    sync_due(shop.shelf, shop.clock)
    assert price() == 83_000


def test_after_a_silence_it_is_asked_from_where_it_was(shop: Market) -> None:
    before = accounts.account("shop").changes_at_s
    shop.world.stock("shop", "31", 81_000)
    url = accounts.account("shop").base_url
    change("UPDATE supplier_account SET base_url = 'http://127.0.0.1:9'")
    assert sync_due(shop.shelf, shop.clock).silent == 1
    assert accounts.account("shop").changes_at_s == before
    change("UPDATE supplier_account SET base_url = ?", (url,))
    shop.clock.at_s += 3_000
    sync_due(shop.shelf, shop.clock)
    assert price() == 81_000


def test_a_data_file_whose_changes_ask_for_no_moment_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "mine.toml"
    file.write_text(a_profile(CHANGES.replace("{since_s}", "{now_s}")), "utf-8")
    with pytest.raises(ConfigInvalid, match="since_s"):
        read_profile(file)
    file.write_text(a_profile(CHANGES.replace("{since_s}", "{since_ms}")), "utf-8")
    assert read_profile(file).changes is not None


def test_how_often_everything_is_looked_at_can_be_said(shop: Market) -> None:
    accounts.set_rhythm("shop", 3_600)
    assert accounts.account("shop").sync_every_s == 3_600
    for every_s in (9, 86_401):
        with pytest.raises(RequestInvalid):
            accounts.set_rhythm("shop", every_s)
    with pytest.raises(NotFound):
        accounts.set_rhythm("nobody", 300)


def test_what_is_more_than_is_read_at_once_does_not_count_as_heard(shop: Market) -> None:
    before = accounts.account("shop").changes_at_s
    for n in range(PAGES_MAX):
        shop.world.stock("shop", f"1{n:04}", 80_000)
    shop.world.stock("shop", "31", 81_000)  # on the page after the last that is read
    sync_due(shop.shelf, shop.clock)
    assert (price(), accounts.account("shop").changes_at_s) == (80_000, before)
