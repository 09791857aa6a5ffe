"""The shelf on pages: a new kind of goods from the form to the delivery, without any code."""

from __future__ import annotations

import io
import re
from typing import Any

import pytest

from central.supply.catalogue import shelf
from central.supply.catalogue.model import SkuState
from central.supply.product_types import store as product_types
from tests import builders as b
from tests.central.builders import Database, an_app, as_person, csrf_token, fill_in
from tests.central.stores.test_pages import read
from tests.central.supply.catalogue.builders import KEY, LUNCH, SET, fill_shelf

LICENCE = {
    "id": "licence", "zh": "软件授权", "en": "Software licence", "fulfilment": "supplier_key",
    "validity": "days", "days": "365", "id-0": "email", "kind-0": "email", "zh-0": "邮箱",
    "en-0": "E-mail", "required-0": "yes", "pii-0": "yes", "id-2": "seats", "kind-2": "number",
    "zh-2": "席位", "en-2": "Seats", "min-2": "1", "max-2": "5", "required-2": "yes",
    "id-3": "edition", "kind-3": "choice", "zh-3": "版本", "en-3": "Edition",
    "choices-3": "pro | 专业版 | Professional\nhome", "delivery_zh": "授权码：{key}（{seats}）",
    "delivery_en": "Licence {key} for {seats} seats, sent to {email}",
}  # fmt: skip


@pytest.fixture
def app(hub_database: Database) -> Any:
    return an_app(hub_database)


@pytest.fixture
def quick(sqlite_database: Database) -> Any:
    return an_app(sqlite_database)


def test_a_software_licence_is_sold_without_any_code(app: Any) -> None:
    client = as_person(app)
    saved = fill_in(client, "/catalogue/types/new", **LICENCE)
    assert saved.headers["Location"] == "/catalogue/types/licence", saved.text
    assert [f.id for f in product_types.get("licence").body.fields] == ["email", "seats", "edition"]
    fill_in(client, "/catalogue/categories", id="software", zh="软件", en="Software")
    fill_in(client, "/catalogue/items/new", id="office", type="licence", category="software",
            zh="办公", en="Office")  # fmt: skip
    fill_in(client, "/catalogue/items/office/skus", sku="office-1", zh="一年", en="One year",
            face="399.00")  # fmt: skip
    fill_in(client, "/catalogue/skus/OFFICE-1/offer")
    assert shelf.offered("OFFICE-1").sku.state is SkuState.LIVE
    text = read(client, "/catalogue")
    assert all(word in text for word in ("Software", "Office", "OFFICE-1", "● on offer"))
    tried = {"f-email": "Li@Mail.Example", "f-seats": "3", "f-edition": "pro"}
    page = fill_in(client, "/catalogue/types/licence", **tried).text
    assert "Licence ABCD-EFGH-1234 for 3 seats, sent to Li@mail.example" in page
    chinese = fill_in(as_person(app, locale="zh-CN"), "/catalogue/types/licence", **tried).text
    assert "授权码：ABCD-EFGH-1234（3）" in chinese
    page = fill_in(client, "/catalogue/types/licence", **{**tried, "f-seats": "9"}).text
    assert "At most 5." in page
    assert 'aria-invalid="true"' in page


def test_the_form_of_a_type_shows_what_there_is_and_makes_the_next_version(quick: Any) -> None:
    client = as_person(quick)
    fill_in(client, "/catalogue/types/new", **LICENCE)
    page = client.get("/catalogue/types/licence/edit").text
    assert "home | home | home" in page
    assert re.search(r'name="max-1" value="5"', page)
    bent = {**LICENCE, "max-2": "9"}
    fill_in(client, "/catalogue/types/licence/edit", **bent)
    assert product_types.get("licence").version == 2
    assert "Version 2 counts now." in read(client, "/catalogue/types/licence")


TYPED_WRONG: list[Any] = [
    ({"id": "No!"}, "An id is"),
    ({"en-0": ""}, "email: A text is missing"),
    ({"max-2": "many"}, "seats: The least or the most"),
    ({"days": ""}, "36500 days"),
    ({"delivery_en": "{key} {who}"}, "delivery: What is delivered"),
    ({"pattern-0": "("}, "email: Only a text has a pattern"),
]


def test_what_was_typed_wrong_is_told_and_kept(quick: Any) -> None:
    for bent, told in TYPED_WRONG:
        response = fill_in(as_person(quick), "/catalogue/types/new", **{**LICENCE, **bent})
        assert response.status_code == 400
        assert told in response.text
        assert 'value="Software licence"' in response.text


@pytest.mark.parametrize("locale", ["en", "zh-CN"])
def test_every_page_stands_without_any_data(sqlite_database: Database, locale: str) -> None:
    client = as_person(an_app(sqlite_database, furnished=False), locale=locale)
    for path in ("", "/items/new", "/categories", "/types", "/types/new", "/table"):
        assert read(client, f"/catalogue{path}")
    assert "empty-state" in client.get("/catalogue").text


def test_every_page_stands_with_data_and_a_viewer_changes_nothing(quick: Any) -> None:
    fill_shelf()
    client = as_person(quick)
    for path in ("", "/items/set", "/items/lunch", "/categories", "/types", "/types/game-key"):
        assert read(client, f"/catalogue{path}")
    viewer = as_person(quick, "viewer")
    for path in ("/catalogue", "/catalogue/types", "/catalogue/types/game-key"):
        assert 'method="post" action="/catalogue/items' not in viewer.get(path).text
    assert viewer.get("/catalogue/items/set").status_code == 403


def test_a_bundle_is_made_and_faults_of_a_sku_are_told(quick: Any) -> None:
    fill_shelf()
    client = as_person(quick)
    page = fill_in(client, "/catalogue/items/set/skus", sku="SET-2", zh="二", en="Two",
                   parts="KEY-50*2 KEY-100")  # fmt: skip
    assert (page.status_code, "Parts are written" in page.text) == (400, True)
    assert 'value="SET-2"' in page.text
    fill_in(client, "/catalogue/items/set/skus", sku="SET-2", zh="二", en="Two",
            parts="KEY-50*2, KEY-100×1")  # fmt: skip
    assert len(shelf.sku_of("SET-2").parts) == 2
    fill_in(client, f"/catalogue/skus/{SET}/offer")
    fill_in(client, f"/catalogue/skus/{KEY}/retire")
    assert "retire that first" in read(client, "/catalogue/items/key")


TABLE = (
    "sku,sku_zh,sku_en,item,item_zh,item_en,type,category,face\n"
    "K-10,十元,Ten,small,小卡,Small card,game-key,games,10.00\n"
    "K-20,二十元,Twenty,small,小卡,Small card,game-key,games,20.00\n"
)


def test_a_table_is_shown_first_and_then_taken(app: Any) -> None:
    fill_shelf()
    client = as_person(app)
    page = fill_in(client, "/catalogue/table", table=TABLE).text
    assert "Take in 2 SKUs" in page
    assert len(shelf.skus()) == 4
    fill_in(client, "/catalogue/table", table=TABLE, confirmed="yes")
    assert [sku.id for sku in shelf.skus("small")] == ["K-10", "K-20"]
    assert "SKUs taken in: 2" in read(client, "/catalogue")


def test_every_faulty_line_of_a_table_is_told_and_nothing_is_taken(app: Any) -> None:
    fill_shelf()
    bad = TABLE + (
        "k-30,a,b,small,小卡,Small card,game-key,games,\n"
        "K-40,a,b,small,小卡,Small card,game-key,nowhere,\n"
        "K-50,a,b,small,小卡,Small card,game-key,games,lots\n"
        "K-10,a,b,small,小卡,Small card,game-key,games,\n"
    )
    client = as_person(app)
    for confirmed in ({}, {"confirmed": "yes"}):
        page = fill_in(client, "/catalogue/table", table=bad, **confirmed)
        assert "Lines to put right: 4" in page.text
        for told in ("A SKU is capitals", "no such category", "face value is", "twice"):
            assert told in page.text
    assert shelf.skus("small") == []


def test_a_table_from_a_chinese_spreadsheet_is_read(quick: Any) -> None:
    fill_shelf()
    client = as_person(quick)
    raw = TABLE.replace(",", ";").encode("gb18030")
    sent = {"csrf_token": csrf_token(client), "file": (io.BytesIO(raw), "skus.csv")}
    page = client.post("/catalogue/table", data=sent, content_type="multipart/form-data")
    assert "Take in 2 SKUs" in page.text


NO_TABLES: list[Any] = ["a,b\n1,2", "sku,sku,sku_zh\n", '"', "x" * 950_000]


def test_what_is_no_table_is_told(quick: Any) -> None:
    for text in NO_TABLES:
        response = fill_in(as_person(quick), "/catalogue/table", table=text)
        assert response.status_code in {400, 413}


def test_where_and_how_a_voucher_is_good_is_chosen_in_its_row(app: Any) -> None:
    fill_shelf()
    client = as_person(app)
    page = f"/catalogue/items/{shelf.sku_of(LUNCH).item}"
    path = f"/catalogue/skus/{LUNCH}/voucher-terms"
    assert f'name="group" aria-label="Stores that take {LUNCH}"' in client.get(page).text
    fill_in(client, path, page, group=str(int(b.GROUP)), dynamic="on")
    assert f"{LUNCH} is saved." in client.get(page).text
    shown = client.get(page).text
    assert f'<option value="{int(b.GROUP)}" selected>' in shown
    assert re.search(r'name="dynamic" checked', shown)
    assert not re.search(r'name="online" checked', shown)
    fill_in(client, path, page, group="all")
    assert "There is no such store group." in client.get(page).text
