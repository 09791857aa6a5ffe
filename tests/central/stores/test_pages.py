"""The pages of units, redemptions and ledger: with data and without, in both languages."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from typing import Any

import pytest
from flask.testing import FlaskClient

from central.foundation.db.engine import change
from central.stores.units import enrol, steer
from central.stores.units.tables import Enrolment, Store, Unit
from edge.contract.enrolment import EnrolOffer
from edge.contract.ids import StoreGroup, StoreId
from tests import builders as b
from tests.central.builders import (
    KEYRING,
    ZONE,
    Database,
    a_newcomer,
    an_app,
    as_person,
    enrolled,
    fill_in,
    furnish,
)
from tests.central.stores.test_json_api import live_through_a_day

PATHS = ["/", "/units", "/redemptions", "/conflicts", "/ledger"]
EMPTY = {
    "/units": "No unit is enrolled yet",
    "/redemptions": "No unit has sent anything yet",
    "/conflicts": "No voucher was redeemed beyond its value",
    "/ledger": "Nothing has been posted yet",
}
FULL = {
    "/": ["Units", "Alarms", "Redemptions", "Conflicts", "Journals, all sound"],
    "/units": ["S0412-K1", "静安店", "Raspberry Pi 4", "revoked", "a journal began anew",
               "Invite a unit"],
    "/redemptions": ["Lunch voucher", "88.00", "applied: 3", "overspend",
                     "kept aside: unknown voucher", "refused: expired", "offline",
                     "kept aside: unreadable"],
    "/conflicts": ["Worth 88.00, redeemed 88.00 too much", "S0412-K2", "Lunch voucher", "covered",
                   "beyond the value"],
    "/ledger": ["2310.S0412", "Store payable", "181.00", "Total CNY", "Sound:"],
    "/ledger/2310.S0412": ["2026-04-11", "88.00", "Closing balance", "Redeemed",
                           "Store payable"],
}  # fmt: skip


class Text(HTMLParser):
    """The visible text of a page, and whether its elements are closed in order."""

    VOID = frozenset({"meta", "link", "input", "br"})

    def __init__(self, page: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.words: list[str] = []
        self.feed(page)
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: object) -> None:
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.words.append(data.strip())


def read(client: FlaskClient, path: str) -> str:
    response = client.get(path)
    assert response.status_code == 200, response.text
    return " ".join(Text(response.text).words)


@pytest.fixture
def app(hub_database: Database) -> Any:
    return an_app(hub_database)


@pytest.mark.parametrize("locale", ["en", "zh-CN"])
def test_every_page_stands_without_any_data(sqlite_database: Database, locale: str) -> None:
    app = an_app(sqlite_database, furnished=False)
    client = as_person(app, locale=locale)
    for path in PATHS:
        page = client.get(path)
        assert page.status_code == 200
        assert f'<html lang="{locale}">' in page.text
        if locale == "en" and path in EMPTY:
            assert EMPTY[path] in page.text
    assert "stores add" in client.get("/units").text


def test_every_page_says_what_has_happened(app: Any) -> None:
    live_through_a_day()
    client = as_person(app)
    for path, expected in FULL.items():
        text = read(client, path)
        for words in expected:
            assert words in text, path


def test_every_page_speaks_chinese(app: Any) -> None:
    live_through_a_day()
    chinese, english = as_person(app, locale="zh-CN"), as_person(app, locale="en")
    for path in FULL:
        text = read(chinese, path)
        heading = re.search("<h1>(.*?)</h1>", chinese.get(path).text)
        assert heading is not None
        assert re.search("[一-鿿]", heading[1]), heading[1]
        assert text != read(english, path)
    assert "午餐券" in read(chinese, "/redemptions")
    assert "应付门店核销款" in read(chinese, "/ledger")


def test_a_viewer_sees_no_button_that_does_nothing(app: Any) -> None:
    enrolled()
    page = as_person(app, "viewer").get("/units").text
    assert "S0412-K1" in page
    assert "Revoke" not in page
    assert "Invite a unit" not in page


def test_the_overview_shows_what_a_role_may_see(app: Any) -> None:
    text = read(as_person(app, "finance"), "/")
    assert "Conflicts" in text
    assert "Units" not in text


def test_an_unsound_ledger_is_cried_out(sqlite_database: Database) -> None:
    app = an_app(sqlite_database)
    live_through_a_day()
    change("UPDATE account SET c = c + 1 WHERE code = '2310.S0412'")
    client = as_person(app)
    assert "Faults in the ledger" in read(client, "/")
    text = read(client, "/ledger")
    assert "The audit found faults:" in text
    assert "account 2310.S0412 says" in text


# --- units ---------------------------------------------------------------------------------------


def a_waiting_unit(client: FlaskClient) -> tuple[str, EnrolOffer]:
    fill_in(client, "/units/invite", "/units", store="S0412")
    page = client.get("/units").text
    code = re.search(r'<p class="number-big">([^<]+)</p>', page)
    assert code is not None
    assert code[1] not in client.get("/units").text, "it is shown once"
    newcomer = a_newcomer()
    message = newcomer.request(code[1]).sign(newcomer.key)
    offer = EnrolOffer.open(enrol.offer(message, KEYRING, b.NOW_S))
    enrol.reveal(offer.enrolment.hex(), newcomer.nonce, KEYRING, b.NOW_S)
    return newcomer.number(offer), offer


def test_a_unit_is_invited_compared_and_confirmed(app: Any) -> None:
    client = as_person(app)
    number, offer = a_waiting_unit(client)
    assert number in client.get("/units").text
    path = f"/units/enrolments/{offer.enrolment.hex()}"
    fill_in(client, path, "/units", answer="same", number=number)
    page = client.get("/units").text
    assert "S0412-K1 is enrolled." in page
    assert number not in page


def test_numbers_that_differ_are_refused_by_a_button(app: Any) -> None:
    client = as_person(app)
    number, offer = a_waiting_unit(client)
    path = f"/units/enrolments/{offer.enrolment.hex()}"
    fill_in(client, path, "/units", answer="other", number=number)
    assert "The enrolment was refused." in client.get("/units").text
    assert Enrolment.get().state == "refused"
    assert Unit.select().count() == 0


def test_a_unit_is_revoked_by_a_button(app: Any) -> None:
    client, till = as_person(app), enrolled()
    fill_in(client, f"/units/{till.unit}/revoke", "/units")
    assert "S0412-K1 is revoked." in client.get("/units").text
    assert Unit.get().revoked_at_s == b.NOW_S


@pytest.mark.parametrize(
    ("path", "fields"),
    [
        ("/units/invite", {"store": "NOWHERE"}),
        ("/units/invite", {}),
        ("/units/S0412-K9/revoke", {}),
        ("/units/enrolments/nothing", {"answer": "same", "number": "123 456"}),
        ("/units/enrolments/nothing", {"answer": "other"}),
    ],
)
def test_what_cannot_be_done_is_told_on_the_page(
    app: Any, path: str, fields: dict[str, str]
) -> None:
    client = as_person(app)
    response = fill_in(client, path, "/units", **fields)
    assert response.headers["Location"] == "/units"
    assert 'class="notice bad"' in client.get("/units").text
    assert 'class="notice bad"' not in client.get("/units").text


def test_what_waits_is_also_there_alone_for_a_page_that_is_open(app: Any) -> None:
    client = as_person(app)
    number, _ = a_waiting_unit(client)
    fill_in(client, "/units/invite", "/units", store="S0412")
    assert number in client.get("/units/waiting").text
    assert "<html" not in client.get("/units/waiting").text
    assert 'class="number-big"' in client.get("/units").text, "it has not used up the code"


def test_names_are_shown_as_text(app: Any) -> None:
    steer.add_store(StoreId("S9"), "<script>alert(1)</script>", StoreGroup(9), ZONE, b.NOW_S)
    enrolled("unit", StoreId("S9"))
    Unit.update(health='{"printer": "<img src=x>"}').execute()
    page = as_person(app).get("/units").text
    assert "<script>" not in page
    assert "<img" not in page
    assert "&lt;script&gt;" in page


def test_a_unit_is_silent_after_five_minutes(app: Any) -> None:
    enrolled()
    for ago_s, shown in ((300, "● active"), (301, "▲ silent")):
        Unit.update(heard_at_s=b.NOW_S - ago_s).execute()
        assert shown in as_person(app).get("/units").text


# --- the ledger ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("query", "status"),
    [
        ("", 200), ("first=2026-04-11&last=2026-04-11", 200), ("first=20260411", 200),
        ("first=&last=", 200), ("first=2026-04-30&last=2026-04-01", 200),
        ("first=yesterday", 400), ("first=2026-4-1", 400), ("last=٢٠٢٦٠٤١١", 400),
        ("last=20260411; DROP TABLE entry", 400),
    ],
)  # fmt: skip
def test_a_statement_is_asked_for_by_days(app: Any, query: str, status: int) -> None:
    live_through_a_day()
    response = as_person(app).get(f"/ledger/2310.S0412?{query}")
    assert response.status_code == status


def test_a_statement_says_when_nothing_has_happened(app: Any) -> None:
    live_through_a_day()
    text = read(as_person(app), "/ledger/2310.S0412?first=2026-05-01&last=2026-05-02")
    assert "Nothing happened in these days." in text
    assert text.count("181.00") == 2


def test_a_page_stands_for_a_store_that_has_many_units(sqlite_database: Database) -> None:
    app = an_app(sqlite_database, furnished=False)
    furnish()
    for number in range(12):
        enrolled(f"till {number}")
    assert Store.select().count() == 2
    assert "S0412-K12" in read(as_person(app), "/units")
