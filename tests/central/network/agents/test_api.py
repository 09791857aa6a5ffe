"""Agents for programs."""

from __future__ import annotations

from typing import Any

import pytest

from central.network.agents import upstream
from tests import builders as b
from tests.central.builders import Database, an_app
from tests.central.money.sharing.test_api import Caller
from tests.central.network.agents.builders import C1, a_tree


@pytest.fixture
def caller(hub_database: Database) -> Caller:
    caller = Caller(an_app(hub_database))
    a_tree(b.NOW_S - 10)
    return caller


@pytest.fixture
def quick(sqlite_database: Database) -> Caller:
    caller = Caller(an_app(sqlite_database))
    a_tree(b.NOW_S - 10)
    return caller


def test_an_agent_is_added_and_shown_with_his_line(caller: Caller) -> None:
    added = caller.post("/v1/agents", id="T1", name="小李", level="promoter", parent="C1")
    assert added == {
        "id": "T1", "name": "小李", "parent": "C1", "level": "promoter", "state": "active",
        "bound_at_s": b.NOW_S, "added_at_s": b.NOW_S,
    }  # fmt: skip
    found = caller.get("/v1/agents/T1")
    assert found["agent"] == added
    assert found["upstream"] == ["C1", "P1", "G1"]
    assert len(caller.get("/v1/agents")["agents"]) == 6


def test_an_agent_moves_rises_rests_and_leaves(caller: Caller) -> None:
    assert caller.post("/v1/agents/C1/move", parent="P2")["parent"] == "P2"
    assert caller.post("/v1/agents/C1/level", level="province")["level"] == "province"
    assert caller.post("/v1/agents/C1/suspend")["state"] == "suspended"
    assert caller.post("/v1/agents/C1/resume")["state"] == "active"
    assert caller.post("/v1/agents/C1/move", parent=None)["parent"] is None
    found = caller.post("/v1/agents/P1/terminate", heir="P2")
    assert (found["agent"]["state"], [one["id"] for one in found["moved"]]) == (
        "terminated", ["C2"],
    )  # fmt: skip
    spans = caller.get("/v1/agents/C1")["history"]
    assert [(s["parent"], s["level"], s["state"]) for s in spans] == [
        ("P1", "city", "active"), ("P2", "city", "active"), ("P2", "province", "active"),
        ("P2", "province", "suspended"), ("P2", "province", "active"),
        (None, "province", "active"),
    ]  # fmt: skip
    assert spans[-1]["to_s"] is None


@pytest.mark.parametrize(
    ("path", "body", "status", "told"),
    [
        ("", {"id": "C1", "name": "Again", "level": "city"}, 409, "already"),
        ("", {"id": "c9", "name": "Small", "level": "city"}, 422, "errors"),
        ("", {"id": "C9", "name": "", "level": "city"}, 422, "errors"),
        ("", {"id": "C9", "name": "X", "level": "emperor"}, 400, "no level"),
        ("", {"id": "C9", "name": "X", "level": "city", "parent": "X9"}, 400, "no agent"),
        ("", {"id": "C9", "name": "X", "level": "city", "rank": 1}, 422, "errors"),
        ("/X9/move", {"parent": "P1"}, 404, "no agent X9"),
        ("/G1/move", {"parent": "C1"}, 409, "C1 stands below G1"),
        ("/C1/move", {}, 422, "errors"),
        ("/C1/move", {"parent": "p1\x00"}, 422, "errors"),
        ("/C1/level", {"level": "city"}, 409, "already"),
        ("/C1/resume", {}, 409, "is active"),
        ("/X9/terminate", {}, 404, "no agent X9"),
        ("/P1/terminate", {"heir": "P1"}, 409, "own heir"),
    ],
)
def test_what_cannot_be_is_a_problem(
    quick: Caller, path: str, body: dict[str, Any], status: int, told: str
) -> None:
    before = upstream.agents()
    found = quick.post(f"/v1/agents{path}", status, **body)
    assert told in str(found)
    assert upstream.agents() == before


def test_who_is_not_there_is_not_found(quick: Caller) -> None:
    quick.get("/v1/agents/X9", 404)
    assert quick.get(f"/v1/agents/{C1}")["agent"]["id"] == C1
