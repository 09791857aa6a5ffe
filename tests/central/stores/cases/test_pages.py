"""Cases on pages: both receipts side by side, a suggestion, and one decision."""

from __future__ import annotations

from typing import Any

import pytest

from central.stores.cases.pages import span
from central.stores.redemptions.conflict import DECIDE_S, CaseOutcome
from central.stores.redemptions.tables import ConflictCase
from tests import builders as b
from tests.central.books import assert_sound
from tests.central.builders import Database, an_app, as_person, fill_in
from tests.central.money.settlement.test_pages import read
from tests.central.network.agents.builders import a_tree
from tests.central.stores.cases.test_evidence import a_double


@pytest.fixture
def app(sqlite_database: Database) -> Any:
    return an_app(sqlite_database)


def test_the_pages_stand_without_any_case(app: Any) -> None:
    for locale in ("en", "zh-CN"):
        client = as_person(app, locale=locale)
        assert client.get("/cases").status_code == 200
        assert client.get("/cases/1").status_code == 404
    assert client.get("/cases?state=lost").status_code == 400


def test_a_conflict_leads_to_its_case_with_both_receipts(app: Any) -> None:
    _, second, case = a_double()
    client = as_person(app, "finance")
    assert f'href="/cases/{case.id}"' in client.get("/conflicts").text
    text = read(client, f"/cases/{case.id}")
    for words in (
        "Lunch voucher", "S0412-K1 · № 1 ● covered", "S0412-K2 · № 1 ■ this case",
        "Floor limit then 200.00", "stale (1 h 1 s)", "Suggested: We bear it.",
        "The store has kept to everything that it was told.", second.raws[0].hex(),
        "88.00 ≤ 200.00", "1 h 1 s ≤ 3 d", "To be decided until 2026-04-18 20:01:00.",
        "It is no conflict",
    ):  # fmt: skip
        assert words in text, words


def test_every_page_speaks_chinese(app: Any) -> None:
    _, _, case = a_double()
    client = as_person(app, locale="zh-CN")
    for path in ("/cases", f"/cases/{case.id}", "/conflicts"):
        text = read(client, path)
        for english in ("Case", "Floor", "stale", "bears", "Why", "open ", "decided"):
            assert english not in text, (path, english)


@pytest.mark.parametrize("outcome", [CaseOutcome.PLATFORM, CaseOutcome.AGENT])
def test_a_case_is_decided_by_a_button_once(app: Any, outcome: CaseOutcome) -> None:
    _, _, case = a_double()
    client = as_person(app, "finance")
    page, fields = f"/cases/{case.id}", {"reason": "so it was"}
    if outcome is CaseOutcome.AGENT:
        a_tree(b.NOW_S - 10)
        fields["agent"] = "C1"
    fill_in(client, f"{page}/close", page, outcome=outcome, **fields)
    text = read(client, page)
    assert "The case is decided." in text
    assert "Decided by finance" in text
    assert "so it was" in text
    assert "Who bears it?" not in text
    assert ConflictCase.get().outcome == outcome
    fill_in(client, f"{page}/close", page, outcome="store", reason="no, they")
    assert 'class="notice bad"' in client.get(page).text
    assert ConflictCase.get().outcome == outcome
    assert f'href="{page}"' not in client.get("/conflicts").text
    assert_sound()


@pytest.mark.parametrize(
    "fields", [{"outcome": "platform"}, {"reason": "why"}, {"outcome": "nobody", "reason": "why"},
               {"outcome": "agent", "reason": "why"}, {"outcome": "reserve", "reason": "why"}],
    ids=str,
)  # fmt: skip
def test_a_decision_that_cannot_be_is_told_on_the_page(app: Any, fields: dict[str, str]) -> None:
    _, _, case = a_double()
    client = as_person(app, "finance")
    fill_in(client, f"/cases/{case.id}/close", f"/cases/{case.id}", **fields)
    assert 'class="notice bad"' in client.get(f"/cases/{case.id}").text
    assert ConflictCase.get().state == "open"


def test_a_viewer_decides_nothing(app: Any) -> None:
    _, _, case = a_double()
    text = read(as_person(app, "viewer"), f"/cases/{case.id}")
    assert "Suggested" in text
    assert "Who bears it?" not in text


def test_an_overdue_case_is_marked(sqlite_database: Database) -> None:
    app = an_app(sqlite_database, lambda: b.NOW_S + DECIDE_S + 61)
    a_double()
    assert "■ overdue" in read(as_person(app), "/cases?state=open")


@pytest.mark.parametrize(
    ("seconds", "shown"),
    [(0, "0 s"), (59, "59 s"), (60, "1 min"), (3661, "1 h 1 min"), (86400, "1 d"),
     (90061, "1 d 1 h")],
)  # fmt: skip
def test_a_length_of_time_is_told_in_its_two_largest_parts(seconds: int, shown: str) -> None:
    assert span(seconds) == shown
