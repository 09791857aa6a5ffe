"""``tearoff-hub sharing`` and ``tearoff-hub agents`` as an operator types them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from central.foundation.db.engine import change, rows
from central.money.sharing.rule_body import to_body
from tests.central.builders import close_hub
from tests.central.money.sharing.builders import BY_LEVEL, a_rule, a_sale, complete, ratio
from tests.central.test_cli import Hub

TREE = (("G1", "General", "general", None), ("P1", "Province", "province", "G1"),
        ("C1", "City", "city", "P1"))  # fmt: skip


@pytest.fixture
def hub(tmp_path: Path) -> Hub:
    """A hub with three agents and a rule set as a file."""
    made = Hub(tmp_path / "hub")
    made.do("init")
    for agent, name, level, parent in TREE:
        above = ("--under", parent) if parent else ()
        made.do("agents", "add", agent, name, "--level", level, *above)
    rule = a_rule(ratio(50_000, cap_minor=400), BY_LEVEL)
    (tmp_path / "rule.json").write_text(json.dumps(to_body(rule)))
    return made


def draft(hub: Hub, scope: str = "default", *more: str) -> str:
    return hub.do("sharing", "draft", scope, str(hub.directory.parent / "rule.json"), *more)


def test_agents_are_listed_below_who_is_above_them(hub: Hub) -> None:
    lines = [line.split()[:3] for line in hub.do("agents", "list").splitlines()]
    assert lines == [
        ["G1", "general", "active"], ["P1", "province", "active"], ["C1", "city", "active"],
    ]  # fmt: skip
    assert hub.do("agents", "list").splitlines()[2].startswith("    C1")
    told = [json.loads(line) for line in hub.do("agents", "list", "--json").splitlines()]
    assert [(one["id"], one["parent"]) for one in told] == [
        ("G1", None), ("P1", "G1"), ("C1", "P1"),
    ]  # fmt: skip


def test_agents_move_rise_rest_and_leave(hub: Hub) -> None:
    hub.do("agents", "move", "C1", "--under", "G1")
    hub.do("agents", "level", "C1", "province")
    hub.do("agents", "suspend", "C1")
    assert "suspended" in hub.do("agents", "list")
    hub.do("agents", "resume", "C1")
    hub.do("agents", "move", "C1", "--under-the-house")
    hub.do("agents", "move", "C1", "--under", "P1")
    told = hub.do("agents", "terminate", "P1", "--heir", "C1")
    assert told.splitlines()[1:] == ["C1 now stands under G1"]


def test_a_rule_set_is_drafted_activated_and_tried(hub: Hub) -> None:
    assert draft(hub, "default", "--note", "Spring").split() == [
        "default/1", "draft", "-", "Spring",
    ]  # fmt: skip
    assert "no rule set is in force" in hub.do("sharing", "simulate", "10")
    question = ("sharing", "simulate", "99.99", "--agent", "C1", "--cost", "60")
    tried = hub.do(*question, "--rule", "default/1")
    hub.do("sharing", "activate", "default/1")
    told = hub.do(*question)
    assert told == tried
    lines = [line.split(maxsplit=2) for line in told.splitlines()]
    assert lines[0] == ["CNY", "99.99,", "default v1"]
    assert [line[:2] for line in lines[1:]] == [
        ["C1", "4.00"], ["C1", "4.00"], ["P1", "3.00"], ["G1", "0.00"], ["cost", "60.00"],
        ["the", "house"],
    ]  # fmt: skip
    assert lines[1][2] == "5 % of 99.99; At most 4.00 by this line"
    assert "Only 2 agents are paid" in lines[4][2]
    found = json.loads(hub.do(*question, "--json"))
    assert found["house_minor"] == 2_899
    assert hub.do("sharing", "rules").startswith("default/1")


def test_due_commissions_are_released_but_for_who_is_suspended(hub: Hub) -> None:
    draft(hub)
    hub.do("sharing", "activate", "default/1")
    hub.do("agents", "list")
    [(from_s,)] = rows("SELECT from_s FROM sharing_rule")
    complete(a_sale(at_s=from_s))
    close_hub()
    hub.do("agents", "suspend", "P1")
    # The hold was over long ago: the sale is of 2026-04-11, as every test's now.
    told = hub.do("sharing", "release")
    assert told.splitlines() == ["1 released: CNY 8.00", "1 wait for a suspended agent"]
    hub.do("agents", "resume", "P1")
    assert hub.do("sharing", "release") == "1 released: CNY 3.00\n"
    assert hub.do("sharing", "release") == "0 released\n"
    found = json.loads(hub.do("sharing", "show", "O-1"))
    assert {one["state"] for one in found["commissions"]} == {"released"}
    assert hub.do("audit").splitlines()[-1].endswith("sound")


def test_what_cannot_be_released_ends_with_1(hub: Hub) -> None:
    draft(hub)
    hub.do("sharing", "activate", "default/1")
    hub.do("agents", "list")
    [(from_s,)] = rows("SELECT from_s FROM sharing_rule")
    complete(a_sale(at_s=from_s))
    change("UPDATE account SET closed = 1 WHERE code = '2111.P1'")
    close_hub()
    result = hub.invoke("sharing", "release")
    assert result.exit_code == 1
    assert result.stdout == "1 released: CNY 8.00\n"
    assert "the account is closed" in result.stderr


@pytest.mark.parametrize(
    ("command", "told"),
    [
        (("agents", "add", "c1", "x", "--level", "city"), "1 to 32 of A-Z"),
        (("agents", "add", "C1", "x", "--level", "city"), "already"),
        (("agents", "add", "C2", "x", "--level", "emperor"), "no level"),
        (("agents", "add", "C2", "x", "--level", "city", "--under", "X9"), "no agent 'X9'"),
        (("agents", "move", "G1", "--under", "C1"), "C1 stands below G1"),
        (("agents", "move", "X9", "--under", "C1"), "no agent X9"),
        (("agents", "level", "C1", "city"), "already"),
        (("agents", "suspend", "X9"), "no agent X9"),
        (("agents", "resume", "C1"), "is active"),
        (("agents", "terminate", "X9"), "no agent X9"),
        (("sharing", "simulate", "lots"), "digits"),
        (("sharing", "simulate", "0"), "is positive"),
        (("sharing", "simulate", "99999999999999999"), "64 bits"),
        (("sharing", "simulate", "1", "--agent", "X9"), "no agent X9"),
        (("sharing", "simulate", "1", "--product", "77"), "no product 77"),
        (("sharing", "simulate", "1", "--cost", "x"), "digits"),
        (("sharing", "simulate", "1", "--rule", "default"), "default/3"),
        (("sharing", "simulate", "1", "--rule", "default/9"), "no rule set default v9"),
        (("sharing", "activate", "default/1"), "no rule set default v1"),
        (("sharing", "activate", "default"), "default/3"),
        (("sharing", "show", "O-9"), "No sale was shared under O-9"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, tuple) else None,
)
def test_bad_input_is_told_in_one_sentence(hub: Hub, command: tuple[str, ...], told: str) -> None:
    assert told in hub.fail(*command)


def test_a_file_that_is_no_rule_set_is_told(hub: Hub, tmp_path: Path) -> None:
    file = tmp_path / "bad.json"
    contents: list[Any] = ["{", "[]", '{"currency": "CNY", "cap": 1}']
    for text, told in zip(contents, ("is not JSON", "not known", "not known"), strict=True):
        file.write_text(text)
        assert told in hub.fail("sharing", "draft", "default", str(file))
    file.write_text(json.dumps(to_body(a_rule())))
    assert "default, category:" in hub.fail("sharing", "draft", "all", str(file))


def test_an_activation_in_the_past_is_told(hub: Hub) -> None:
    draft(hub)
    told = hub.fail("sharing", "activate", "default/1", "--from", "2020-01-01T00:00")
    assert "now or later" in told
    assert "2026-05-01T00:00" in hub.fail("sharing", "activate", "default/1", "--from", "soon")


def test_where_an_agent_moves_must_be_said(hub: Hub) -> None:
    for more in ((), ("--under", "G1", "--under-the-house")):
        result = hub.invoke("agents", "move", "C1", *more)
        assert result.exit_code == 2
        assert "Say --under" in result.stderr
