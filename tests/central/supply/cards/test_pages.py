"""The vault as people use it: in both languages, with forms, and without a script."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient

from central.errors import VaultShut
from central.foundation.db.engine import money_transaction
from central.foundation.people.login import add_person
from central.supply.cards.access.bait import plant
from central.supply.cards.access.log import alerts, newest
from central.supply.cards.stock import stock_of
from central.supply.cards.store import keys
from central.supply.cards.vault.keys import Vault
from tests import builders as b
from tests.central.builders import Database, an_app, as_person, csrf_token, fill_in
from tests.central.supply.cards.builders import LI, SKU, a_vault, add_sku, secret, stocked

PAGE = "/cards"


@pytest.fixture
def app(sqlite_database: Database) -> Any:
    built = an_app(sqlite_database)
    add_sku()
    return built


@pytest.fixture
def vault(app: Any, sqlite_database: Database) -> Vault:
    return a_vault(sqlite_database.sqlite_file.parent)


def somebody(app: Any, name: str, role: str = "admin") -> tuple[FlaskClient, str]:
    """A browser of somebody with a password, logged in."""
    password = add_person(name, role, b.NOW_S)
    client: FlaskClient = app.test_client()
    with client.session_transaction() as session:
        session["locale"] = "en"
    assert fill_in(client, "/login", name=name, password=password).status_code == 302
    return client, password


def upload(client: FlaskClient, content: bytes, **bent: Any) -> Any:
    fields = {
        "csrf_token": csrf_token(client, PAGE), "sku": SKU, "supplier": "kasushou", "cost": "9.50",
        "paid": "account", "layout": "auto", "file": (io.BytesIO(content), "keys.csv"), **bent,
    }  # fmt: skip
    return client.post("/cards/import", data=fields, content_type="multipart/form-data")


def test_a_vault_without_keys_says_so(app: Any) -> None:
    page = as_person(app).get(PAGE).text
    assert "There is no key yet" in page
    assert "Nobody has asked for a file." in page
    chinese = as_person(app, locale="zh-CN").get(PAGE).text
    assert "还没有卡密" in chinese
    assert "导入卡密" in chinese


def test_a_file_is_looked_at_and_put_into_stock(app: Any, vault: Vault) -> None:
    client = as_person(app)
    text = f"卡号,卡密\n1,{secret(1)}\n2,库存不足\n3,{secret(3)}\n"
    looked = upload(client, text.encode("gbk"))
    page = client.get(looked.location).text
    assert all(word in page for word in ("to be looked at", "an error text, not a key", "••••"))
    assert "Line 3" in page
    assert "19.00" in page
    assert secret(1) not in page
    assert stock_of(SKU, b.NOW_S) == 0
    fill_in(client, f"{looked.location}/stock", looked.location)
    assert "It is done." in client.get(looked.location).text
    assert stock_of(SKU, b.NOW_S) == 2
    assert SKU in client.get(PAGE).text
    again = upload(client, text.encode("gbk"))
    assert again.location == PAGE
    assert "taken in before" in client.get(PAGE).text


@pytest.mark.parametrize(
    ("bent", "why"),
    [
        ({"cost": "much"}, "Say what one key costs"),
        ({"file": (io.BytesIO(b""), "")}, "Choose a file"),
        ({"expires": "2026-02-30"}, "A day is written"),
        ({"supplier": "卡 速"}, "an account 2210 is one supplier"),
        ({"sku": "NONE"}, "There is no SKU NONE"),
    ],
    ids=["cost", "file", "day", "supplier", "sku"],
)
def test_what_cannot_be_taken_in_is_told(
    app: Any, vault: Vault, bent: dict[str, Any], why: str
) -> None:
    client = as_person(app)
    upload(client, b"AB12CD34", **bent)
    assert why in client.get(PAGE).text


def test_what_is_pasted_counts_as_a_file_and_may_be_thrown_away(app: Any, vault: Vault) -> None:
    client = as_person(app)
    looked = upload(client, b"", text=secret(1), layout="secret")
    fill_in(client, f"{looked.location}/discard", looked.location)
    assert "thrown away" in client.get(looked.location).text
    assert keys(9) == []


def test_a_key_is_seen_with_a_reason_and_a_password(app: Any, vault: Vault) -> None:
    stocked(vault, [1])
    client, password = somebody(app, "li")
    path = f"/cards/keys/{keys(1)[0].id}"
    assert secret(1) not in client.get(path).text
    asked = {"reason": "the buyer cannot read it", "ref": "case 3"}
    told = fill_in(client, f"{path}/reveal", path, **asked, password="wrong")
    assert told.location == path
    assert "The password is wrong" in client.get(path).text
    shown = fill_in(client, f"{path}/reveal", path, **asked, password=password)
    assert secret(1) in shown.text
    assert shown.headers["Cache-Control"] == "no-store"
    assert secret(1) not in client.get(path).text
    fill_in(client, f"{path}/reveal", path, reason="", password=password)
    assert "Say why" in client.get(path).text
    log = client.get("/cards/log").text
    assert all(word in log for word in ("case 3", "wrong password", "seen", "hold"))


@pytest.mark.parametrize("number", ["9" * 15, "9" * 30])
def test_what_is_not_there_is_not_found(app: Any, number: str) -> None:
    client = as_person(app)
    assert client.get(f"/cards/keys/{number}").status_code == 404
    assert client.get(f"/cards/batches/{number}").status_code == 404
    assert client.get(f"/cards/keys?batch={number}&after={number}&sku=x&state=y").status_code == 200


def test_who_may_only_read_sees_no_form_and_no_key(app: Any, vault: Vault) -> None:
    stocked(vault, [1])
    client = as_person(app, "viewer")
    path = f"/cards/keys/{keys(1)[0].id}"
    for page in (PAGE, "/cards/keys", path, "/cards/batches/1", "/cards/log"):
        text = client.get(page).text
        assert secret(1) not in text
        assert "9.50" not in text
        assert "/reveal" not in text
    assert fill_in(client, f"{path}/reveal", PAGE, reason="so", password="x").status_code == 403


def test_an_alert_stands_on_top_until_somebody_looks_after_it(app: Any, vault: Vault) -> None:
    batch = stocked(vault, [1])
    client, password = somebody(app, "li")
    planted = fill_in(
        client, f"/cards/batches/{batch.id}/bait", f"/cards/batches/{batch.id}", count="1"
    )
    assert planted.status_code == 302
    bait = keys(9)[1].id
    assert "Nobody sees which keys it is." in client.get("/cards/batches/1").text
    listed = client.get("/cards/keys").text
    assert listed.count("in stock") >= 2
    assert "bait" not in listed.lower()
    path = f"/cards/keys/{bait}"
    assert (
        "The key." in fill_in(client, f"{path}/reveal", path, reason="so", password=password).text
    )
    assert "Breach alert" in client.get(PAGE).text
    assert "Breach alert" in client.get("/").text
    [alert] = alerts()
    fill_in(client, f"/cards/alerts/{alert.id}/seen", PAGE)
    assert "Breach alert" not in client.get(PAGE).text


def test_two_persons_let_keys_out(app: Any, vault: Vault) -> None:
    stocked(vault)
    li, password = somebody(app, "li")
    wang, _ = somebody(app, "wang")
    fill_in(li, "/cards/exports", PAGE, sku=SKU, count="2", reason="for a partner")
    assert "/approve" not in li.get(PAGE).text
    assert "/approve" in wang.get(PAGE).text
    fill_in(li, "/cards/exports/1/approve", PAGE)
    assert "Somebody else than who asked" in li.get(PAGE).text
    fill_in(wang, "/cards/exports/1/approve", PAGE)
    wrong = fill_in(li, "/cards/exports/1/fetch", PAGE, password="wrong")
    assert wrong.location == PAGE
    file = fill_in(li, "/cards/exports/1/fetch", PAGE, password=password)
    assert file.mimetype == "text/csv"
    assert file.data.decode("utf-8-sig").splitlines()[1] == f",{secret(0)}"
    assert fill_in(li, "/cards/exports/1/fetch", PAGE, password=password).location == PAGE
    assert stock_of(SKU, b.NOW_S) == 1


def test_a_key_is_searched_for_and_set_aside(app: Any, vault: Vault) -> None:
    stocked(vault)
    client = as_person(app)
    found = fill_in(client, "/cards/search", PAGE, secret=secret(1), number="").text
    key = keys(9)[1].id
    assert f"/cards/keys/{key}" in found
    assert "not ours" in fill_in(client, "/cards/search", PAGE, secret="NOT-OURS", number="").text
    path = f"/cards/keys/{key}"
    for what, said in (("quarantine", "set aside"), ("release", "in stock"), ("void", "void")):
        fill_in(client, f"{path}/{what}", path, reason="so")
        assert f">{said}</span>" in client.get(path).text
    assert [row.what for row in newest(3)] == ["voided", "released", "quarantined"]
    fill_in(client, "/cards/batches/1/quarantine", "/cards/batches/1", reason="all of it")
    assert stock_of(SKU, b.NOW_S) == 0


def test_without_the_vaults_keys_nothing_is_shown_and_the_sentence_helps(
    app: Any, vault: Vault, sqlite_database: Database
) -> None:
    stocked(vault, [1])
    (Path(sqlite_database.sqlite_file.parent) / "keys" / "cards-lock-001.key").unlink()
    client, password = somebody(app, "li")
    path = f"/cards/keys/{keys(1)[0].id}"
    fill_in(client, f"{path}/reveal", path, reason="so", password=password)
    assert "cards-lock-001.key is missing" in client.get(path).text
    with pytest.raises(VaultShut):
        money_transaction(lambda: plant(1, 1, vault, LI, b.NOW_S))
