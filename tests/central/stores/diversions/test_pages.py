"""Diversions on pages, for programs and at the command line."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from central.cli import main
from central.foundation.db.engine import HUB
from central.stores.diversions.overview import diversion_of, diversions, open_diversions
from central.stores.units.regions import region_of, set_region
from edge.contract.ids import VoucherId, voucher_id_text
from tests import builders as b
from tests.central.builders import (
    Database,
    a_voucher,
    an_app,
    as_person,
    close_hub,
    enrolled,
    fill_in,
)
from tests.central.money.settlement.test_pages import read
from tests.central.money.sharing.test_api import Caller
from tests.central.network.agents.builders import a_tree


@pytest.fixture
def app(sqlite_database: Database) -> Any:
    return an_app(sqlite_database)


def a_diversion() -> VoucherId:
    """A voucher for Shenzhen that C1 sold, redeemed in Shanghai."""
    a_tree(b.NOW_S - 10)
    set_region(b.STORE, "31", by="amy", at_s=b.NOW_S)
    claims, till = a_voucher(region="4403", agent="C1"), enrolled()
    till.accept(claims)
    till.deliver()
    return claims.voucher_id


def test_the_overview_leads_to_the_list_and_that_to_what_lies_behind(app: Any) -> None:
    client = as_person(app, "finance")
    assert "/diversions" not in client.get("/").text
    assert "There is none." in read(client, "/diversions")
    name = voucher_id_text(a_diversion())
    assert 'href="/diversions"' in client.get("/").text
    assert f'href="/diversions/{name}"' in client.get("/diversions").text
    text = read(client, f"/diversions/{name}")
    for words in ("Meant for the region 4403", "Redeemed in the region 31", "S0412 · 静安店",
                  "Sold by the agent C1", "■ outside", "not dealt with"):  # fmt: skip
        assert words in text, words
    assert "redeemed outside of it" in read(as_person(app), f"/vouchers/{name}")


def test_every_page_speaks_chinese(app: Any) -> None:
    name = voucher_id_text(a_diversion())
    client = as_person(app, locale="zh-CN")
    for path in ("/diversions", f"/diversions/{name}", "/units"):
        text = read(client, path)
        for english in ("region", "Region", "outside", "dealt", "Agent", "Redeemed"):
            assert english not in text, (path, english)


def test_it_is_dealt_with_by_a_button_once(app: Any) -> None:
    name = voucher_id_text(a_diversion())
    client, page = as_person(app, "finance"), f"/diversions/{name}"
    fill_in(client, f"{page}/close", page, said="  ")
    assert 'class="notice bad"' in client.get(page).text
    assert open_diversions() == 1
    fill_in(client, f"{page}/close", page, said="he was warned")
    text = read(client, page)
    assert "It is dealt with." in text
    assert "Dealt with by finance" in text
    assert "he was warned" in text
    assert name not in client.get("/diversions").text
    assert name in client.get("/diversions?all=1&agent=C1").text
    assert name not in client.get("/diversions?all=1&agent=C2").text
    fill_in(client, f"{page}/close", "/diversions", said="again")
    assert diversion_of(VoucherId(int(name, 16))).said == "he was warned"  # type: ignore[union-attr]


def test_whoever_may_not_decide_may_look(app: Any) -> None:
    name = voucher_id_text(a_diversion())
    assert "What was done about it" not in as_person(app, "viewer").get(f"/diversions/{name}").text


def test_what_was_not_redeemed_outside_has_no_page(app: Any) -> None:
    client, name = as_person(app), voucher_id_text(a_voucher().voucher_id)
    assert client.get(f"/diversions/{name}").status_code == 404
    assert client.get("/diversions/nothing").status_code == 400


def test_where_a_store_lies_is_said_on_the_page_of_units(app: Any) -> None:
    client = as_person(app)
    fill_in(client, f"/units/stores/{b.STORE}/region", "/units", region="4403")
    assert f"{b.STORE} is saved." in client.get("/units").text
    assert region_of(b.STORE) == "4403"
    fill_in(client, f"/units/stores/{b.STORE}/region", "/units", region="4")
    assert "2, 4 or 6 digits" in client.get("/units").text
    assert region_of(b.STORE) == "4403"
    assert "4403" in as_person(app, "viewer").get("/units").text


def test_programs_say_where_stores_lie_and_deal_with_what_was_found(app: Any) -> None:
    name = voucher_id_text(a_diversion())
    caller = Caller(app, "admin")
    set_ = caller.post(f"/v1/stores/{b.STORE}/region", region="310106")
    assert (set_["id"], set_["region"]) == (b.STORE, "310106")
    assert caller.get("/v1/stores")["stores"][0]["region"] == "310106"
    caller.post(f"/v1/stores/{b.STORE}/region", 422, region="3")
    caller.post("/v1/stores/S9999/region", 404, region="31")
    assert caller.get(f"/v1/vouchers/{name}")["region"] == "4403"
    [found] = caller.get("/v1/diversions")["diversions"]
    assert (found["voucher_id"], found["agent"], found["closed_by"]) == (name, "C1", None)
    assert caller.get(f"/v1/diversions/{name}")["redeemed"][0]["is_outside"] is True
    done = caller.post(f"/v1/diversions/{name}/close", said="warned")
    assert done["diversion"]["said"] == "warned"
    caller.post(f"/v1/diversions/{name}/close", 409, said="again")
    assert caller.get("/v1/diversions") == {"diversions": []}
    assert len(caller.get("/v1/diversions?all=true")["diversions"]) == 1


def run(directory: Path, *words: str) -> Result:
    settings = ["--set", f"data_dir={directory}", "--set", f"issuer={b.ISSUER}"]
    return CliRunner().invoke(main, [*settings, *words])


def test_the_same_at_the_command_line(tmp_path: Path) -> None:
    an_app(Database("", tmp_path / "hub.db"))
    name = voucher_id_text(a_diversion())
    close_hub()
    assert run(tmp_path, "stores", "region", str(b.STORE), "3101").exit_code == 0
    assert "3101" in run(tmp_path, "stores", "list").output
    assert json.loads(run(tmp_path, "stores", "list", "--json").output.split("\n")[0])
    assert run(tmp_path, "stores", "region", str(b.STORE), "3").exit_code == 1
    added = run(tmp_path, "stores", "add", "S0700", "Bao'an", "--region", "440306")
    assert "region 440306" in added.output
    assert run(tmp_path, "stores", "add", "S0701", "None", "--region", "x").exit_code == 1
    assert "S0701" not in run(tmp_path, "stores", "list").output
    assert name in run(tmp_path, "diversions", "list", "--agent", "C1").output
    assert json.loads(run(tmp_path, "diversions", "show", name).output)["diversion"]["region"]
    assert run(tmp_path, "diversions", "close", name, "--said", "warned").exit_code == 0
    assert run(tmp_path, "diversions", "close", name, "--said", "again").exit_code == 1
    assert "no diversion" in run(tmp_path, "diversions", "list").output
    HUB.connect(reuse_if_open=True)
    assert [one.closed_by for one in diversions(open_only=False)] == ["cli"]
