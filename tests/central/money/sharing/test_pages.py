"""The pages of profit sharing: rule sets from draft to being in force, and what would be earned."""

from __future__ import annotations

import re
from typing import Any

import pytest

from central.foundation.db.engine import rows
from central.money.sharing import rule_sets
from central.money.sharing.model import DEFAULT_SCOPE, RuleRef, RuleSet, To
from central.network.agents import change
from tests import builders as b
from tests.central.builders import Database, an_app, as_person, fill_in
from tests.central.money.sharing.builders import (
    BY_LEVEL,
    a_rule,
    a_sale,
    activated,
    complete,
    fixed,
    ratio,
)
from tests.central.network.agents.builders import a_tree
from tests.central.stores.test_pages import read

V1 = RuleRef(DEFAULT_SCOPE, 1)
TYPED = {
    "kind-0": "ratio", "to-0": "seller", "value-0": "5", "cap-0": "", "kind-1": "fixed",
    "to-1": "upline-1", "value-1": "2.00", "rate-city": "4", "base": "sale", "over": "cut",
    "total": "30", "paid_levels": "2", "hold_days": "7", "note": "Spring",
}  # fmt: skip


@pytest.fixture
def app(hub_database: Database) -> Any:
    return an_app(hub_database)


@pytest.fixture
def quick(sqlite_database: Database) -> Any:
    """For what no database has a part in."""
    return an_app(sqlite_database)


def test_without_any_rule_set_the_pages_stand(app: Any) -> None:
    for locale, words in (("en", "There is no rule set yet"), ("zh-CN", "尚无规则")):
        client = as_person(app, locale=locale)
        assert words in read(client, "/sharing")
        assert read(client, "/sharing/rules/product:7")
        assert read(client, "/sharing/rules/product:7/new")
        assert read(client, "/sharing/simulate?amount=99.99")


def test_a_rule_set_is_drafted_edited_and_activated(app: Any) -> None:
    client = as_person(app)
    saved = fill_in(client, "/sharing/rules/default/new", **TYPED)
    assert saved.headers["Location"] == "/sharing/rules/default"
    text = read(client, "/sharing/rules/default")
    for words in ("Version 1 is saved.", "draft", "5 % to who sells", "2.00 to who is above",
                  "By level: City agent 4 %", "Spring"):  # fmt: skip
        assert words in text
    fields = {**TYPED, "value-0": "6", "note": "Summer"}
    fill_in(client, "/sharing/rules/default/1/edit", **fields)
    assert "6 % to who sells" in read(client, "/sharing/rules/default")
    fill_in(client, "/sharing/rules/default/1/activate", **{"from": ""})
    assert "Version 1 is active." in read(client, "/sharing/rules/default")
    found = rule_sets.get(V1)
    assert (found.state, found.from_s, found.activated_by) == ("active", b.NOW_S, "admin 0")
    assert found.rule.lines[:2] == (ratio(60_000), fixed(200, To.UPLINE_1))
    assert "● in force" in read(client, "/sharing")


def test_the_form_shows_what_there_is_and_a_new_version_begins_with_it(app: Any) -> None:
    activated(a_rule(ratio(25_000, cap_minor=500), BY_LEVEL), note="Old")
    page = as_person(app).get("/sharing/rules/default/new").text
    for name, value in (("value-0", "2.5"), ("cap-0", "5.00"), ("rate-general", "10"),
                        ("hold_days", "7"), ("note", "Old")):  # fmt: skip
        assert re.search(f'name="{name}"[^>]* value="{value}"', page), name


@pytest.mark.parametrize(
    ("fields", "told"),
    [
        ({"value-0": "lots"}, "Line 1: A rate is a percentage"),
        ({"value-1": "-2"}, "Line 2: An amount is a number"),
        ({"value-0": "40"}, "more than the cap on all commissions"),
        ({"hold_days": ""}, "A hold is a whole number of days."),
        ({"to-1": "upline-2"}, "Line 2: This line pays somebody beyond"),
        ({"inherits": "yes"}, "has no lines"),
        ({"note": "x" * 501}, "500 printable characters"),
    ],
)
def test_what_was_typed_wrong_is_told_and_kept(
    quick: Any, fields: dict[str, str], told: str
) -> None:
    client = as_person(quick)
    response = fill_in(client, "/sharing/rules/default/new", **{**TYPED, **fields})
    assert response.status_code == 400
    assert told in response.text
    assert 'role="alert"' in response.text
    if "note" not in fields:
        assert 'value="Spring"' in response.text
    assert rule_sets.everything() == []


def test_errors_of_the_form_are_told_in_chinese(quick: Any) -> None:
    client = as_person(quick, locale="zh-CN")
    response = fill_in(client, "/sharing/rules/default/new", **{**TYPED, "value-0": "40"})
    assert "各项比例之和超过佣金合计上限" in response.text


def test_a_later_version_is_withdrawn_and_a_draft_thrown_away(app: Any) -> None:
    client = as_person(app)
    fill_in(client, "/sharing/rules/product:7/new", **TYPED)
    path = "/sharing/rules/product:7/1"
    fill_in(client, f"{path}/activate", **{"from": "2026-05-01T00:00"})
    text = read(client, "/sharing/rules/product:7")
    assert "begins later" in text
    assert "2026-05-01 00:00:00" in text
    fill_in(client, f"{path}/withdraw")
    assert "Version 1 is a draft again." in read(client, "/sharing/rules/product:7")
    fill_in(client, f"{path}/discard")
    assert "Version 1 is thrown away." in read(client, "/sharing/rules/product:7")
    assert rule_sets.everything() == []


@pytest.mark.parametrize(
    ("work", "fields", "told"),
    [
        ("activate", {"from": "2020-01-01T00:00"}, "begins now or later"),
        ("activate", {"from": "soon"}, "A moment is written"),
        ("withdraw", {}, "has not begun can be withdrawn"),
    ],
)
def test_what_cannot_be_done_to_a_draft_is_told(
    app: Any, work: str, fields: dict[str, str], told: str
) -> None:
    client = as_person(app)
    fill_in(client, "/sharing/rules/default/new", **TYPED)
    fill_in(client, f"/sharing/rules/default/1/{work}", **fields)
    page = client.get("/sharing/rules/default").text
    assert 'class="notice bad"' in page
    assert told in page
    assert rule_sets.get(V1).state == "draft"


def test_a_version_that_was_used_has_no_button_to_change_it(app: Any) -> None:
    activated(a_rule())
    complete(a_sale())
    page = as_person(app).get("/sharing/rules/default").text
    assert "was used, and is never changed" in page
    assert "/sharing/rules/default/1/edit" not in page
    response = fill_in(as_person(app), "/sharing/rules/default/1/edit",
                    **TYPED)  # fmt: skip
    assert response.status_code == 409
    assert "Only a draft can be changed" in response.text


def test_a_viewer_reads_and_changes_nothing(quick: Any) -> None:
    activated(a_rule())
    client = as_person(quick, "viewer")
    page = client.get("/sharing/rules/default").text
    assert '<form method="post" action="/sharing' not in page
    assert "New version" not in page
    assert "Another rule set" not in client.get("/sharing").text
    assert client.get("/sharing/rules/default/new").status_code == 403


@pytest.mark.parametrize(
    ("query", "place"),
    [("scope=product:7", "product:7"), ("category=Drinks&scope=default", "category:drinks"),
     ("", "default")],
)  # fmt: skip
def test_a_scope_is_chosen_from_a_list_or_typed(quick: Any, query: str, place: str) -> None:
    response = as_person(quick).get(f"/sharing/rules/?{query}")
    assert response.headers["Location"] == f"/sharing/rules/{place}"


def test_what_is_no_scope_is_no_page(quick: Any) -> None:
    client = as_person(quick)
    for path in ("/sharing/rules/nothing", "/sharing/rules/?category=a/b"):
        assert client.get(path).status_code == 400
    assert client.get("/sharing/rules/default/7/edit").status_code == 404
    assert client.get("/sharing/rules/default/999999999999/edit").status_code == 404


# --- what would be earned ------------------------------------------------------------------------


def test_who_would_earn_what_is_told_with_reasons(app: Any) -> None:
    a_tree(b.NOW_S - 10)
    activated(a_rule(ratio(50_000, cap_minor=400), BY_LEVEL))
    query = "amount=99.99&agent=C1&product=7&cost=60"
    text = read(as_person(app), f"/sharing/simulate?{query}")
    for words in (
        "By the rule set Everything else, version 1", "C1 City agent → P1 Province agent",
        "5 % of 99.99", "4.9995", "At most 4.00 by this line", "Only 2 agents are paid",
        "Province agent has 7 %, those below have 4 % of it: 3 % of 99.99",
        "What remains for the house 28.99",
    ):  # fmt: skip
        assert words in re.sub(r"\s+", " ", text), words
    chinese = re.sub(
        r"\s+", " ", read(as_person(app, locale="zh-CN"), f"/sharing/simulate?{query}")
    )
    for words in ("市代：99.99 的 4 %", "只有 2 人计佣", "总部剩余 28.99"):
        assert words in chinese, words


def test_a_suspended_agent_is_named(app: Any) -> None:
    a_tree(b.NOW_S - 10)
    change.suspend(a_sale().chain[0].agent, b.NOW_S, "test")
    activated(a_rule())
    text = read(as_person(app), "/sharing/simulate?amount=10&agent=C1")
    assert "This agent earns nothing now: suspended" in text


def test_a_chain_that_is_too_short_is_told(quick: Any) -> None:
    activated(a_rule())
    text = read(as_person(quick), "/sharing/simulate?amount=10")
    assert text.count("the chain is too short") == 2
    assert "Nobody earns anything." in text


@pytest.mark.parametrize(
    ("query", "status", "told"),
    [
        ("amount=x", 400, "cannot be read"), ("amount=0", 409, "is positive"),
        ("amount=-5", 400, "cannot be read"), ("amount=1&cost=y", 400, "cannot be read"),
        ("amount=9999999999999999", 409, "is positive"),
        ("amount=1&product=x", 400, "cannot be read"), ("amount=1&product=77", 404, "product 77"),
        ("amount=1&agent=X9", 404, "no agent X9"), ("amount=1&rule=x/1", 400, "cannot be read"),
        ("amount=1&rule=default/x", 400, "cannot be read"),
        ("amount=1&rule=default/9", 404, "no rule set default v9"),
        ("amount=1&rule=default/99999999999", 400, "cannot be read"),
    ],
)  # fmt: skip
def test_what_cannot_be_simulated_is_told_on_the_page(
    quick: Any, query: str, status: int, told: str
) -> None:
    response = as_person(quick).get(f"/sharing/simulate?{query}")
    assert response.status_code == status
    assert told in response.text
    assert "Work it out" in response.text


def test_a_draft_is_tried_from_its_page(quick: Any) -> None:
    client = as_person(quick)
    fill_in(client, "/sharing/rules/default/new", **TYPED)
    page = client.get("/sharing/rules/default").text
    link = re.search(r'href="(/sharing/simulate[^"]+)"', page.partition("Version 1")[2])
    assert link is not None
    text = read(client, link[1].replace("&amp;", "&") + "&amount=10")
    assert "By the rule set Everything else, version 1" in text


def test_an_inheriting_version_says_so(quick: Any) -> None:
    activated(RuleSet("CNY", inherits=True), "product:7")
    assert "The next wider rule set decides." in read(as_person(quick), "/sharing")


def test_names_are_shown_as_text(quick: Any) -> None:
    activated(a_rule(), note="<script>alert(1)</script>")
    page = as_person(quick).get("/sharing").text
    assert "<script>" not in page
    assert rows("SELECT note FROM sharing_rule") == [("<script>alert(1)</script>",)]
