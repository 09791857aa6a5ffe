"""Profit sharing for programs: simulate, draft, activate, and what a sale gave."""

from __future__ import annotations

from typing import Any

import pytest

from central.foundation.people import login
from central.money.sharing.rule_body import to_body
from tests import builders as b
from tests.central.builders import Database, an_app
from tests.central.money.sharing.builders import (
    BY_LEVEL,
    a_rule,
    a_sale,
    activated,
    complete,
    fixed,
)
from tests.central.network.agents.builders import a_tree

BODY = to_body(a_rule())


class Caller:
    """A program with an API key."""

    def __init__(self, app: Any, role: str = "admin") -> None:
        self.app = app
        self._client = app.test_client()
        key = login.add_api_key(role, role, b.NOW_S)
        self._headers = {"Authorization": f"Bearer {key}", "Accept-Language": "en"}

    def ask(self, method: str, path: str, status: int = 200, **body: Any) -> Any:
        sent = {"json": body} if method == "POST" else {}
        response = self._client.open(path, method=method, headers=self._headers, **sent)
        assert response.status_code == status, response.text
        return response.json

    def get(self, path: str, status: int = 200) -> Any:
        return self.ask("GET", path, status)

    def post(self, path: str, status: int = 200, **body: Any) -> Any:
        return self.ask("POST", path, status, **body)


@pytest.fixture
def caller(hub_database: Database) -> Caller:
    return Caller(an_app(hub_database))


@pytest.fixture
def quick(sqlite_database: Database) -> Caller:
    return Caller(an_app(sqlite_database))


def test_a_program_is_told_who_would_earn_what(caller: Caller) -> None:
    a_tree(b.NOW_S - 10)
    activated(a_rule(BY_LEVEL, fixed(100)))
    found = caller.post(
        "/v1/sharing/simulate", amount_minor=9_999, agent="C1", product=7, cost_minor=6_000
    )
    assert found["agents"] == [{"agent": "C1", "minor": 499}, {"agent": "P1", "minor": 300}]
    assert (found["scope"], found["version"], found["currency"]) == ("default", 1, "CNY")
    assert (found["base_minor"], found["room_minor"], found["house_minor"]) == (9_999, 2_999, 3_200)
    city, province, general, extra = found["shares"]
    assert (city["explanation"], city["exact"]) == ("City agent: 4 % of 99.99", "3.9996")
    assert (province["own_ppm"], province["below_ppm"], province["ppm"]) == (70_000, 40_000, 30_000)
    assert (general["minor"], general["wanted_minor"], general["cuts"]) == (0, 299, ["levels"])
    assert (extra["why"], extra["minor"], extra["line"]) == ("fixed", 100, 2)
    amounts = sum(one["minor"] for one in found["agents"])
    assert found["amount_minor"] == found["cost_minor"] + amounts + found["house_minor"]


def test_a_rule_set_is_drafted_tried_and_activated(caller: Caller) -> None:
    a_tree(b.NOW_S - 10)
    drafted = caller.post("/v1/sharing/rules", scope="default", rule=BODY, note="Spring")
    assert (drafted["version"], drafted["state"], drafted["drafted_by"]) == (
        1,
        "draft",
        "key admin",
    )
    question: dict[str, Any] = {"amount_minor": 10_000, "agent": "C1"}
    assert caller.post("/v1/sharing/simulate", **question)["agents"] == []
    tried = caller.post("/v1/sharing/simulate", **question, rule={"scope": "default", "version": 1})
    assert [one["minor"] for one in tried["agents"]] == [500, 200]
    active = caller.post("/v1/sharing/rules/default/1/activate")
    assert (active["state"], active["from_s"]) == ("active", b.NOW_S)
    assert caller.post("/v1/sharing/simulate", **question)["agents"] == tried["agents"]
    assert caller.get("/v1/sharing/rules/default/1") == active
    assert caller.get("/v1/sharing/rules") == {"rules": [active]}


def test_what_a_sale_gave_is_told_with_its_rules(caller: Caller) -> None:
    activated(a_rule())
    complete(a_sale())
    found = caller.get("/v1/sharing/sales/O-1")
    assert [(c["agent"], c["minor"], c["state"]) for c in found["commissions"]] == [
        ("C1", 500, "pending"), ("P1", 200, "pending"),
    ]  # fmt: skip
    assert found["snapshot"]["rule"] == BODY
    assert found["snapshot"]["house_minor"] == 3_300
    assert caller.get("/v1/sharing/sales/O-9", 404)["type"] == "/problems/not-found"


@pytest.mark.parametrize(
    ("body", "status", "told"),
    [
        ({}, 422, "errors"),
        ({"amount_minor": "100"}, 422, "errors"),
        ({"amount_minor": True}, 422, "errors"),
        ({"amount_minor": 1.5}, 422, "errors"),
        ({"amount_minor": 100, "amount": 1}, 422, "errors"),
        ({"amount_minor": 100, "agent": "x\x00"}, 422, "errors"),
        ({"amount_minor": 100, "currency": "yuan"}, 422, "errors"),
        ({"amount_minor": 0}, 409, "positive"),
        ({"amount_minor": -100}, 409, "positive"),
        ({"amount_minor": 10**18}, 409, "beyond all bounds"),
        ({"amount_minor": 10**30}, 400, "64 bits"),
        ({"amount_minor": 100, "cost_minor": -1}, 409, "not negative"),
        ({"amount_minor": 100, "currency": "USD"}, 409, "another currency"),
        ({"amount_minor": 100, "agent": "NOBODY"}, 404, "no agent NOBODY"),
        ({"amount_minor": 100, "product": 77}, 404, "no product 77"),
        ({"amount_minor": 100, "product": 10**30}, 404, "no product"),
        ({"amount_minor": 100, "rule": {"scope": "default", "version": 9}}, 404, "default v9"),
        ({"amount_minor": 100, "rule": {"scope": "all", "version": 1}}, 422, "errors"),
    ],
)
def test_what_cannot_be_simulated_is_a_problem(
    quick: Caller, body: dict[str, Any], status: int, told: str
) -> None:
    activated(a_rule())
    found = quick.post("/v1/sharing/simulate", status, **body)
    assert found["type"].startswith("/problems/")
    assert told in str(found)


@pytest.mark.parametrize(
    ("bent", "status", "told"),
    [
        ({"scope": "everything"}, 422, "errors"),
        ({"rule": {**BODY, "total_ppm": 60_000}}, 400, "more than the cap"),
        ({"rule": {**BODY, "paid_levels": 4}}, 400, "out of range"),
        ({"rule": {**BODY, "lines": [{"kind": "ratio", "to": "seller", "ppm": -1}]}}, 400, "line"),
        ({"rule": {**BODY, "lines": [{"kind": "level", "rates": {"emperor": 1}}]}}, 400, "level"),
        ({"note": "x" * 501}, 422, "errors"),
    ],
)
def test_what_is_no_rule_set_is_a_problem(
    quick: Caller, bent: dict[str, Any], status: int, told: str
) -> None:
    found = quick.post("/v1/sharing/rules", status, **{"scope": "default", "rule": BODY, **bent})
    assert told in str(found)
    assert quick.get("/v1/sharing/rules") == {"rules": []}


def test_what_cannot_be_activated_is_a_problem(quick: Caller) -> None:
    path = "/v1/sharing/rules/default/1/activate"
    quick.post(path, 404)
    quick.post("/v1/sharing/rules", scope="default", rule={**BODY, "paid_levels": 3})
    assert "must say why" in quick.post(path, 400)["detail"]
    quick.post("/v1/sharing/rules", scope="default", rule=BODY)
    later = "/v1/sharing/rules/default/2/activate"
    assert "now or later" in quick.post(later, 400, from_s=b.NOW_S - 1)["detail"]
    quick.post(later, from_s=b.NOW_S + 60)
    assert quick.post(later, 409)["type"] == "/problems/conflict"
