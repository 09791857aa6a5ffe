"""Reconciliation as a finance person sees it, in both languages and without a script."""

from __future__ import annotations

from typing import Any

import pytest

from central.money.reconciliation.resolve import differences
from tests import builders as b
from tests.central.books import balances
from tests.central.builders import Database, an_app, as_person, fill_in
from tests.central.money.reconciliation.test_take import bill, pay, row, taken

PAGE = "/reconciliation"


@pytest.fixture
def app(sqlite_database: Database) -> Any:
    return an_app(sqlite_database, lambda: b.NOW_S)


def test_a_day_without_bills_says_so(app: Any) -> None:
    page = as_person(app, "finance").get(PAGE).text
    assert "Nothing differs." in page
    assert "Every entry is proven." in page


def test_a_difference_is_posted_from_the_page(app: Any) -> None:
    pay("P2", "12.34")
    taken(bill(row("P1", "88.00")))
    client = as_person(app, "finance")
    page = client.get(PAGE).text
    assert all(word in page for word in ("P1", "not in our books", "P2", "bill awaited"))
    chinese = as_person(app, "finance", "zh-CN").get(PAGE).text
    assert all(word in chinese for word in ("账上没有", "等待账单", "处理"))
    [one] = differences()
    wrong = fill_in(client, f"{PAGE}/{one.id}/resolve", PAGE, account="9999", reason="so")
    assert wrong.location == PAGE
    assert "the chart has no account" in client.get(PAGE).text
    fill_in(client, f"{PAGE}/{one.id}/resolve", PAGE, account="2010", reason="has paid")
    page = client.get(PAGE).text
    assert "The difference is posted." in page
    assert "Nothing differs." in page
    assert "✓" in client.get(f"{PAGE}?all=1").text
    assert balances()["1010.web"] == 8800 + 1234


def test_who_may_only_read_sees_what_differs_and_changes_nothing(app: Any) -> None:
    taken(bill(row("P1", "88.00")))
    client = as_person(app, "viewer")
    page = client.get(PAGE).text
    assert "P1" in page
    assert "/resolve" not in page
    [one] = differences()
    told = fill_in(client, f"{PAGE}/{one.id}/resolve", PAGE, account="2010", reason="so")
    assert told.status_code == 403
    assert differences() == [one]
