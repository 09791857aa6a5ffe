"""Reconciliation as a finance person sees it, in both languages and without a script."""

from __future__ import annotations

import io
from typing import Any

import pytest

from central.money.channels.model import FundAccount
from central.money.ledger import rules
from central.money.reconciliation.pages import age_class
from central.money.reconciliation.resolve import differences
from edge.contract.voucher_token import DAY_S
from tests import builders as b
from tests.central.books import balances
from tests.central.builders import (
    Database,
    a_config,
    an_app,
    as_person,
    csrf_token,
    fill_in,
)
from tests.central.channel import yuan
from tests.central.money.reconciliation import bills
from tests.central.money.reconciliation.bills import DAY, TODAY, take_both
from tests.central.money.reconciliation.files.statements import BANK, SETTINGS
from tests.central.money.reconciliation.test_take import bill, pay, row, taken

PAGE = "/reconciliation"
SETTLEMENT = "/reconciliation/settlement/web/20260411"


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
    assert "0–1 days: 1" in page
    assert "1 open" in page
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


def upload(client: Any, raw: bytes, source: str = "bank.main") -> str:
    """Upload a file as the form does; return the page that follows."""
    data = {"csrf_token": csrf_token(client, PAGE), "source": source}
    sent = client.post(f"{PAGE}/file", data=data | {"file": (io.BytesIO(raw), "bank.csv")})
    assert sent.location == PAGE, sent.text
    return str(client.get(PAGE).text)


def test_a_bank_s_file_is_uploaded_and_what_differs_can_be_filtered(
    sqlite_database: Database,
) -> None:
    config = a_config(sqlite_database)
    (config.data_dir / "statements.toml").write_text(SETTINGS, "utf-8")
    app = an_app(sqlite_database, lambda: b.NOW_S + 5 * DAY_S)
    client = as_person(app, "finance")
    page = upload(client, BANK.encode("gb18030"))
    assert "3 days, 3 lines, 0 proven, 3 differ." in page
    assert all(word in page for word in ("By the bills", "1030.main", "T2", "9,092.00"))
    assert "line 2: it is no" not in page
    taken(bill(row("P1", "88.00")))
    only = client.get(f"{PAGE}?account=1010.web").text
    assert "P1" in only
    assert "T2" not in only
    assert "T2" in client.get(f"{PAGE}?account=9999.nobody").text
    assert "line 6: its balance does not follow" in upload(
        client, BANK.replace("0.21", "1").encode()
    )
    with client.session_transaction() as session:
        session["locale"] = "zh-CN"
    assert "第 6 行：余额与上一行不衔接" in upload(client, BANK.replace("0.21", "1").encode())
    with client.session_transaction() as session:
        session["locale"] = "en"
    assert "Choose a file that is not empty." in upload(client, b"")
    assert "no section bank.x" in upload(client, b"x", "bank.x")


def test_a_file_that_is_too_large_for_a_page_is_refused(app: Any) -> None:
    client = as_person(app, "finance")
    huge = bytes((1 << 20) + 1)
    sent = client.post(f"{PAGE}/file", data=huge, content_type="multipart/form-data; boundary=x")
    assert sent.status_code == 413


def test_without_settings_nothing_can_be_uploaded(app: Any) -> None:
    assert "No bank and no supplier is described" in as_person(app, "finance").get(PAGE).text
    assert "No bill was taken yet." in as_person(app, "viewer").get(PAGE).text


def test_a_settlement_is_shown_before_it_is_posted(app: Any) -> None:
    pay("P1", "88.00")
    take_both(
        bills.Channel(
            {DAY: (bills.paid("P1", "88.00", 52_800),)},
            {(DAY, FundAccount.BASIC): [("P1", "88.00"), ("P1", "-0.53")]},
        )
    )
    client = as_person(app, "finance")
    assert "2 to settle" in client.get(PAGE).text
    page = client.get(SETTLEMENT).text
    assert all(word in page for word in ("88.00", "87.47", "0.53", "0.52800", "Post it"))
    assert "Post it" not in as_person(app, "viewer").get(SETTLEMENT).text
    assert balances()["1010.web"] == 8800
    fill_in(client, SETTLEMENT, SETTLEMENT)
    page = client.get(SETTLEMENT).text
    assert "What the bills settle is posted." in page
    assert "journal 2" in page
    assert "Post it" not in page
    assert balances() == {"1020.web": 8747, "5030": 53, "2010": -8800}
    assert client.get("/reconciliation/settlement/web/20260412").status_code == 404


def test_what_is_matched_again_is_told(app: Any) -> None:
    taken(bill(row("P1", "88.00")))
    pay("P1", "88.00")
    client = as_person(app, "finance")
    fill_in(client, f"{PAGE}/match", PAGE)
    assert "Matched again: 0 differ." in client.get(PAGE).text


@pytest.mark.parametrize(
    ("days", "slug"), [(0, "new"), (1, "new"), (2, "week"), (7, "week"), (8, "old"), (400, "old")]
)
def test_an_age_is_one_of_three(days: int, slug: str) -> None:
    assert age_class(days) == slug


def test_a_line_that_is_in_our_books_is_said_to_be_on_the_page(
    sqlite_database: Database,
) -> None:
    config = a_config(sqlite_database)
    (config.data_dir / "statements.toml").write_text(SETTINGS, "utf-8")
    app = an_app(sqlite_database, lambda: b.NOW_S + 5 * DAY_S)
    client = as_person(app, "finance")
    bills.booked(rules.transferred("W1", "1020.web", "1030.main", yuan("91.79"), TODAY, "test"))
    page = upload(client, BANK.encode())
    assert page.count("It is in our books") == 1
    assert "W1 · 2026-04-11" in page
    [line] = [one for one in differences() if one.number == "T2"]
    for entry, said in (("", "Choose an entry."), ("1", "The line proves the entry.")):
        fill_in(client, f"{PAGE}/{line.id}/link", PAGE, entry=entry, reason="the channel's")
        assert said in client.get(PAGE).text
    assert balances() == {"1030.main": 9179, "1020.web": -9179}
