"""After-sales for programs: every answer, asked for twice, and every problem."""

from __future__ import annotations

import itertools
from typing import Any

import pytest

from central.sale.after_sales import store
from central.sale.orders import store as orders
from central.sale.orders.model import Order
from tests.central.foundation.pictures import a_picture
from tests.central.money.sharing.test_api import Caller
from tests.central.sale.builders import KEY, PRICE
from tests.central.sale.served import Open

_keys = itertools.count(1)


class Program:
    """A program with an API key."""

    def __init__(self, opened: Open, role: str = "admin") -> None:
        self.caller = Caller(opened.app, role)
        self.client = opened.app.test_client()

    def post(self, path: str, status: int = 200, key: str = "", **body: Any) -> Any:
        """Send JSON, or a picture as ``data``; under a new key if none is given."""
        data = body.pop("data", None)
        sent: dict[str, Any] = {"json": body} if data is None else {"data": data}
        headers = {**self.caller._headers, "Idempotency-Key": key or f"k{next(_keys)}"}
        if data is not None:
            headers["Content-Type"] = "image/png"
        answer = self.client.post(f"/v1/after-sales{path}", headers=headers, **sent)
        assert answer.status_code == status, answer.text
        return answer.json

    def get(self, path: str = "", status: int = 200) -> Any:
        return self.caller.get(f"/v1/after-sales{path}", status)

    def case(self, order: Order, n: int = 1, **bent: Any) -> Any:
        """Open a case."""
        told = {"unit": f"{order.id}-{n}", "reason": "used", "said": "it was used"}
        return self.post("", **{**told, **bent})


@pytest.fixture
def program(opened: Open) -> Program:
    opened.shop.stock(range(6))
    return Program(opened)


@pytest.fixture
def bought(opened: Open, program: Program) -> Order:
    """Five keys that were delivered."""
    return opened.shop.bought(KEY, 5)


def test_a_case_of_every_end_is_listed_page_by_page(program: Program, bought: Order) -> None:
    ids = [program.case(bought, n)["id"] for n in range(1, 5)]
    program.post(f"/{ids[0]}/replace", answer="here is another")
    full = program.post(f"/{ids[1]}/refund", answer="sorry")
    part = program.post(f"/{ids[2]}/refund", answer="sorry", amount_minor=700)
    program.post(f"/{ids[3]}/refuse", answer="it works here")
    given = {r.number: r.amount.minor for r in orders.refunds(bought.id)}
    assert (given[full["refund"]], given[part["refund"]]) == (PRICE[KEY], 700)
    back = program.case(bought, 5, reason="changed-mind", said="")
    assert (back["state"], back["closed_by"]) == ("refunded", "key admin")
    listed: list[Any] = []
    page = program.get("?limit=2")
    while page:
        listed += page["cases"]
        page = program.get(f"?limit=2&before={page['next']}") if page["next"] else None
    assert [(one["id"], one["state"]) for one in listed] == [
        (back["id"], "refunded"), (ids[3], "rejected"), (ids[2], "refunded"),
        (ids[1], "refunded"), (ids[0], "replaced"),
    ]  # fmt: skip
    assert [one["id"] for one in program.get("?state=rejected")["cases"]] == [ids[3]]
    assert program.get("?state=withdrawn") == {"cases": [], "next": None}
    program.caller.get("/v1/after-sales?state=lost", 422)


def test_what_is_said_and_shown_is_added_and_told(program: Program, bought: Order) -> None:
    case = program.case(bought)
    assert (case["state"], case["opened_by"], case["order"]) == ("open", "key admin", bought.id)
    path = f"/{case['id']}"
    program.post(f"{path}/evidence", said="and this")
    program.post(f"{path}/pictures", data=a_picture())
    program.post(f"{path}/pictures", 422, data=b"<svg>")
    program.post(f"{path}/pictures", 400, data=b"")
    found = program.get(path)
    assert found["case"] == case
    assert [(e["said"], e["has_picture"]) for e in found["evidence"]] == [
        ("it was used", False), ("and this", False), ("", True)
    ]  # fmt: skip
    picture = f"/v1/after-sales{path}/pictures/{found['evidence'][2]['id']}"
    shown = program.client.get(picture, headers=program.caller._headers)
    assert (shown.content_type, shown.headers["Cache-Control"]) == ("image/webp", "no-store")
    program.post(f"{path}/refuse", answer="no")
    program.post(f"{path}/evidence", 409, said="more")


def test_asking_again_under_the_same_key_does_nothing_again(
    program: Program, bought: Order
) -> None:
    first = program.case(bought, key="mine")
    assert program.case(bought, key="mine") == first
    path = f"/{first['id']}"
    for _ in range(2):
        program.post(f"{path}/evidence", key="say", said="more")
        program.post(f"{path}/pictures", key="show", data=a_picture())
        done = program.post(f"{path}/refund", key="back", answer="sorry", amount_minor=500)
    assert len(store.evidence(first["id"])) == 3
    assert [r.number for r in orders.refunds(bought.id)] == [done["refund"]]
    assert program.case(bought, key="mine") == done, "the case as it is now"
    reused = program.post(f"{path}/refund", 422, key="back", answer="sorry", amount_minor=501)
    assert reused["type"] == "/problems/key-reused"
    assert program.case(bought)["id"] != first["id"], "he may ask again"


def test_what_cannot_be_is_a_problem_and_changes_nothing(
    opened: Open, program: Program, bought: Order
) -> None:
    def sent(status: int, **bent: Any) -> Any:
        told = {"unit": f"{bought.id}-1", "reason": "used", "said": "it was used"}
        return program.post("", status, **{**told, **bent})

    sent(404, unit=f"{bought.id}-9")
    sent(422, unit="one")
    sent(422, reason="bored")
    sent(400, said=" ")
    assert store.newest(9) == []
    assert program.caller.post("/v1/after-sales", 422)["type"] == "/problems/request-invalid"
    case = program.case(bought)
    sent(409)
    program.get("/999", 404)
    for answer in ("replace", "refund", "refuse"):
        program.post(f"/999/{answer}", 404, answer="so be it")
        program.post(f"/{case['id']}/{answer}", 422, answer="")
    program.post(f"/{case['id']}/refund", 409, answer="sorry", amount_minor=PRICE[KEY])
    program.post(f"/{case['id']}/refund", 422, answer="sorry", amount_minor=0)
    opened.shop.bought(KEY)
    program.post(f"/{case['id']}/replace", 409, answer="there is none left")
    assert store.get(case["id"]).state == "open"
    program.post(f"/{case['id']}/refuse", answer="no")
    for answer in ("replace", "refund", "refuse"):
        program.post(f"/{case['id']}/{answer}", 409, answer="after all")


def test_a_role_that_only_reads_decides_nothing(
    opened: Open, program: Program, bought: Order
) -> None:
    case = program.case(bought)
    program.post(f"/{case['id']}/pictures", data=a_picture())
    for role in ("viewer", "shop", "finance"):
        reader = Program(opened, role)
        assert reader.get(f"/{case['id']}")["case"]["id"] == case["id"]
        reader.post("", 403, unit=case["unit"], reason="used", said="x")
        reader.post(f"/{case['id']}/evidence", 403, said="x")
        reader.post(f"/{case['id']}/pictures", 403, data=a_picture())
        shown = store.evidence(case["id"])[1].id
        reader.get(f"/{case['id']}/pictures/{shown}", 403)
        for answer in ("replace", "refund", "refuse"):
            reader.post(f"/{case['id']}/{answer}", 403, answer="x")
