"""The catalogue for programs: an online course is added, offered, checked and delivered as data."""

from __future__ import annotations

from typing import Any

import pytest

from tests import builders as b
from tests.central.builders import Database, an_app
from tests.central.money.sharing.test_api import Caller
from tests.central.supply.catalogue.builders import KEY, LUNCH, SET, fill_shelf
from tests.central.supply.product_types.builders import a_body, a_field, both

NAMES = {"zh": "在线课程", "en": "Online course"}
COURSE: dict[str, Any] = {
    "id": "course", "names": NAMES, "fulfilment": "link",
    "body": a_body(
        a_field("student", pattern="[A-Z][0-9]{4}", help=both("学号", "Number")),
        a_field("start", "date", min="2026-01-01"),
        delivery="Start {start}: {link}", validity={"kind": "days", "days": 90},
    ),
}  # fmt: skip


@pytest.fixture
def caller(hub_database: Database) -> Caller:
    return Caller(an_app(hub_database))


@pytest.fixture
def quick(sqlite_database: Database) -> Caller:
    return Caller(an_app(sqlite_database))


def test_an_online_course_is_sold_without_any_code(caller: Caller) -> None:
    made = caller.post("/v1/catalogue/types", **COURSE)
    assert (made["version"], made["made_by"]) == (1, "key admin")
    assert made["json_schema"]["properties"]["start"]["format"] == "date"
    caller.post("/v1/catalogue/categories", id="learning", names=NAMES)
    caller.post("/v1/catalogue/items", id="python", type="course", names=NAMES, category="learning")
    sku: dict[str, Any] = {
        "id": "PY-1",
        "item": "python",
        "names": NAMES,
        "face_minor": 19_900,
        "currency": "CNY",
    }
    assert caller.post("/v1/catalogue/skus", **sku)["state"] == "draft"
    assert caller.post("/v1/catalogue/skus/PY-1/offer")["state"] == "live"
    found = caller.get("/v1/catalogue/skus/PY-1")
    assert (found["categories"], found["type"]["id"], found["item"]["id"]) == (
        ["learning"], "course", "python"
    )  # fmt: skip
    path = "/v1/catalogue/types/course"
    checked = caller.post(f"{path}/check", fields={"student": "A0001", "start": "2026-09-01"})
    assert checked == {"values": {"student": "A0001", "start": "2026-09-01"}, "faults": {}}
    wrong = caller.post(f"{path}/check", fields={"student": "a1", "start": "2025-01-01"})
    assert wrong["faults"] == {
        "student": "This does not look as it must.", "start": "Not before 2026-01-01."
    }  # fmt: skip
    given = {"given": {"link": "https://x.example/1"}, "fields": checked["values"]}
    shown = caller.post(f"{path}/render", locale="zh-CN", **given)
    assert shown == {"text": "Start 2026-09-01: https://x.example/1"}
    caller.post(f"{path}/render", 400, locale="en", given={}, fields=checked["values"])


def test_a_type_is_revised_and_each_version_can_be_had(quick: Caller) -> None:
    quick.post("/v1/catalogue/types", **COURSE)
    body = a_body(delivery="{link}")
    assert quick.post("/v1/catalogue/types/course", names=NAMES, body=body)["version"] == 2
    versions = "/v1/catalogue/types/course/versions"
    assert [quick.get(f"{versions}/{n}")["version"] for n in (1, 2)] == [1, 2]
    quick.get(f"{versions}/3", 404)
    assert [one["version"] for one in quick.get("/v1/catalogue/types")["types"]] == [2]


def test_the_shelf_can_be_read(quick: Caller) -> None:
    fill_shelf()
    assert [one["id"] for one in quick.get("/v1/catalogue/categories")["categories"]] == [
        "food", "games", "steam"
    ]  # fmt: skip
    assert [one["id"] for one in quick.get("/v1/catalogue/items")["items"]] == [
        "key", "lunch", "set"
    ]  # fmt: skip
    found = {one["id"]: one for one in quick.get("/v1/catalogue/skus")["skus"]}
    assert found[SET]["parts"][0] == {"sku": "KEY-50", "quantity": 2}
    assert quick.post(f"/v1/catalogue/skus/{KEY}/retire")["state"] == "retired"


def test_what_cannot_be_is_a_problem_that_says_where(quick: Caller) -> None:
    body = a_body(a_field(pattern="("), delivery="{link}")
    problem = quick.post("/v1/catalogue/types", 400, **{**COURSE, "body": body})
    assert (problem["where"], problem["what"][:2]) == ("account", "at")
    quick.post("/v1/catalogue/types", **COURSE)
    assert quick.post("/v1/catalogue/types", 409, **COURSE)["type"].endswith("/conflict")
    half = {"id": "A", "item": "x", "names": NAMES, "face_minor": 5}
    quick.post("/v1/catalogue/skus", 400, **half)
    quick.get("/v1/catalogue/skus/GONE", 404)


def test_profit_sharing_by_category_follows_the_shelf(quick: Caller) -> None:
    for scope, ppm in (("default", 10_000), ("category:food", 50_000)):
        line = {"kind": "ratio", "to": "seller", "ppm": ppm}
        quick.post("/v1/sharing/rules", scope=scope, rule={"currency": "CNY", "lines": [line]})
        quick.post(f"/v1/sharing/rules/{scope}/1/activate")
    asked = {"amount_minor": 10_000, "product": 7}
    assert quick.post("/v1/sharing/simulate", **asked)["scope"] == "default"
    fill_shelf()
    assert quick.post("/v1/sharing/simulate", **asked)["scope"] == "category:food"


def test_where_and_how_a_voucher_is_good_is_said_and_read(quick: Caller) -> None:
    fill_shelf()
    path = f"/v1/catalogue/skus/{LUNCH}"
    assert quick.get(path)["voucher_terms"] == {
        "store_group": 0, "is_dynamic": False, "is_online_only": False,
        "region": "",
    }  # fmt: skip
    wanted: dict[str, Any] = {
        "store_group": int(b.GROUP), "is_dynamic": True, "is_online_only": False,
        "region": "4403",
    }  # fmt: skip
    assert quick.post(f"{path}/voucher-terms", **wanted) == wanted
    assert quick.get(path)["voucher_terms"] == wanted
    quick.post(f"{path}/voucher-terms", 404, store_group=65_000)
    quick.post(f"{path}/voucher-terms", 422, region="440")
    assert quick.get(f"/v1/catalogue/skus/{KEY}")["voucher_terms"] is None
    quick.post(f"/v1/catalogue/skus/{KEY}/voucher-terms", 400, **wanted)
