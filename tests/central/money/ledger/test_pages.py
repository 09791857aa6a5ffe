"""The ledger's pages: what they show, and that they show nothing to whom they should not."""

from __future__ import annotations

import hashlib
import io
import zipfile
from typing import Any

import pytest
from flask.testing import FlaskClient

from central.foundation.db.engine import HUB, change, money_transaction, rows
from central.money.ledger import audit_log, pages, store
from central.money.ledger.audit import prove
from central.money.ledger.close import close_day
from central.money.ledger.posting import Posting, credit, debit
from central.money.ledger.seal import newest_seal, seal_new
from tests.builders import NOW_S
from tests.central.builders import TODAY, Database, an_app, as_person, csrf_token, fill_in
from tests.central.money.ledger.test_golden_walk import take
from tests.central.money.ledger.walk import steps


@pytest.fixture
def app(hub_database: Database) -> Any:
    return an_app(hub_database)


@pytest.fixture
def client(app: Any) -> FlaskClient:
    """Finance, after the business of a month; the month is closed by its journal."""
    for step in steps():
        money_transaction(lambda step=step: take(step))  # type: ignore[misc]
    seal_new()
    return as_person(app, "finance")


def number_of(idem: str) -> int:
    found = store.journal_id_of(idem)
    assert found is not None
    return found


def page(client: FlaskClient, path: str) -> str:
    response = client.get(path)
    assert response.status_code == 200, response.text
    return response.text


def test_the_trial_balance_can_be_had_at_the_end_of_a_day(client: FlaskClient) -> None:
    today = page(client, "/ledger")
    before = page(client, "/ledger?day=2026-04-10")
    assert "98,553.70" in today
    assert "98,553.70" not in before
    assert 'value="2026-04-10"' in before


@pytest.mark.parametrize("day", ["2026-02-30", "yesterday", "20260431", "1999-12-31"])
def test_a_day_that_there_is_not_is_told(client: FlaskClient, day: str) -> None:
    for path in (f"/ledger?day={day}", f"/ledger/2010?first={day}", f"/ledger/2010?last={day}"):
        response = client.get(path, headers={"Accept": "text/html"})
        assert response.status_code == 400
        assert "A day is written 2026-04-11." in response.text


def test_a_statement_leads_to_its_journals(client: FlaskClient) -> None:
    text = page(client, "/ledger/2310.S0412")
    assert f'href="/ledger/journals/{number_of("po:PO3:post")}"' in text
    assert "Payout paid" in text
    assert "Redemption taken back" in text


def test_a_statement_says_what_is_held_and_what_is_left(client: FlaskClient) -> None:
    assert "Held now" not in page(client, "/ledger/2130.A1")
    legs = (debit("2130.A1", 2_000), credit("2410.web", 2_000))
    held = Posting("po:9:hold", "payout", "9", "CNY", legs, TODAY, "test")
    money_transaction(lambda: store.hold(held, NOW_S))
    text = page(client, "/ledger/2130.A1")
    assert "Held now: 20.00" in text
    assert "Available now: 2,900.00" in text


def test_a_statement_can_be_counted_by_the_day_of_booking(client: FlaskClient) -> None:
    """All of it was written on the day of the clock, whatever day it belongs to."""
    late = Posting(
        "late", "test", "", "CNY", (debit("1150", 7), credit("2310.S0412", 7)), 20260301, "test"
    )
    money_transaction(lambda: store.post(late, NOW_S))
    march = "first=2026-03-01&last=2026-03-31"
    assert "0.07" in page(client, f"/ledger/2310.S0412?{march}")
    assert "0.07" not in page(client, f"/ledger/2310.S0412?{march}&by=booked")
    april = page(client, "/ledger/2310.S0412?first=2026-04-01&last=2026-04-30&by=booked")
    assert "0.07" in april
    assert "2026-04-11 " in april, "the moment, not the day"


def test_a_long_statement_is_shown_in_pages_that_carry_on(app: Any) -> None:
    count = pages.LINES_PER_PAGE + 3
    day = TODAY

    def fill() -> None:
        for number in range(count):
            legs = (debit("1010.web", 100), credit("2130.A1", 100))
            store.post(Posting(f"p{number}", "prepaid", "", "CNY", legs, day, "test"), NOW_S)

    money_transaction(fill)
    client = as_person(app)
    first = page(client, "/ledger/2130.A1")
    second = page(client, "/ledger/2130.A1?page=2")
    assert first.count("Prepaid money paid in") == pages.LINES_PER_PAGE
    assert second.count("Prepaid money paid in") == 3
    assert "Page 1 of 2" in first
    assert "500.00" in first
    assert "503.00" not in first
    assert "Carried forward" in second
    assert "503.00" in second
    for strange in ("0", "-1", "99", "x", "9" * 30):
        assert "Page" in page(client, f"/ledger/2130.A1?page={strange}")


def test_a_party_has_all_its_accounts_on_one_page(client: FlaskClient) -> None:
    text = page(client, "/ledger/parties/agent/A1")
    for code in ("1110.A1", "2110.A1", "2111.A1", "2120.A1", "2130.A1"):
        assert f">{code}</a>" in text
    assert 'href="/ledger/parties/agent/A1"' in page(client, "/ledger/2110.A1")
    assert "/ledger/parties/" not in page(client, "/ledger/2310.S0412"), "it has but one"


def test_a_journal_says_what_it_is_and_what_caused_it(client: FlaskClient) -> None:
    number = number_of("oc:O1")
    text = page(client, f"/ledger/journals/{number}")
    for words in (
        f"Journal {number}",
        "Order completed",
        "oc:O1",
        "O1",
        "test",
        "2026-04-11",
        "4010",
        "Sales",
        "2111.A1",
        "100.00",
        "5.00",
    ):
        assert words in text
    [(seal,)] = rows("SELECT hash FROM seal WHERE journal_id = ?", (number,))
    assert bytes(seal).hex() in text


@pytest.mark.parametrize(
    ("one", "words", "other"),
    [
        ("rd:S0412-K1/1/3", "Taken back by", "rv:rd:S0412-K1/1/3"),
        ("rv:rd:S0412-K1/1/3", "Takes back", "rd:S0412-K1/1/3"),
        ("po:PO1:hold", "Ended by", "po:PO1:post"),
        ("po:PO1:post", "Ends the hold", "po:PO1:hold"),
        ("po:PO2:void", "Ends the hold", "po:PO2:hold"),
    ],
)
def test_a_journal_leads_to_those_it_belongs_together_with(
    client: FlaskClient, one: str, words: str, other: str
) -> None:
    text = page(client, f"/ledger/journals/{number_of(one)}")
    assert words in text
    assert f'href="/ledger/journals/{number_of(other)}"' in text


def test_a_journal_that_is_not_sealed_yet_says_so(app: Any) -> None:
    legs = (debit("1010.web", 100), credit("2130.A1", 100))
    posting = Posting("p", "prepaid", "", "CNY", legs, TODAY, "test")
    number = money_transaction(lambda: store.post(posting, NOW_S)).id
    text = page(as_person(app), f"/ledger/journals/{number}")
    assert ("waits to be sealed" in text) == (newest_seal().journal_id == 0)


@pytest.mark.parametrize(
    "path",
    ["/ledger/journals/99999", f"/ledger/journals/{2**63}", f"/ledger/journals/{10**30}",
     "/ledger/9999.X", "/ledger/parties/agent/NOBODY", "/ledger/parties/nothing/A1"],
)  # fmt: skip
def test_what_there_is_not_is_not_found(client: FlaskClient, path: str) -> None:
    assert client.get(path).status_code == 404


def test_the_audit_is_made_by_a_button_and_noted(client: FlaskClient) -> None:
    text = page(client, "/ledger/audit")
    assert "were checked just now" in text
    assert audit_log.newest_audit() is None
    response = fill_in(client, "/ledger/audit", "/ledger/audit")
    assert response.headers["Location"] == "/ledger/audit"
    noted = audit_log.newest_audit()
    assert noted is not None
    assert noted.actor.startswith("finance")
    assert f"{newest_seal().journal_id}:{newest_seal().hash.hex()}" in page(client, "/ledger/audit")


def test_an_audit_needs_its_token(client: FlaskClient) -> None:
    assert client.post("/ledger/audit").status_code == 400
    assert csrf_token(client, "/ledger/audit")


def test_the_audit_shows_what_has_begun_and_not_ended(client: FlaskClient) -> None:
    assert "Every clearing account is at zero" in page(client, "/ledger/audit")
    legs = (debit("1920", 1234), credit("1020.web", 1234))
    found = Posting("d", "difference-found", "X", "CNY", legs, 20260408, "test")
    money_transaction(lambda: store.post(found, NOW_S))
    text = page(client, "/ledger/audit")
    assert "1920" in text
    assert "2026-04-08" in text
    assert "12.34" in text


def test_the_audit_shows_which_days_are_closed(client: FlaskClient) -> None:
    assert "No day is closed yet" in page(client, "/ledger/audit")
    close = close_day(20260410, NOW_S, today=20260411, actor="wang")
    text = page(client, "/ledger/audit")
    assert "2026-04-10" in text
    assert "wang" in text
    assert f"{close.sealed_id}:{close.sealed_hash.hex()[:16]}" in text


def test_faults_are_shown_on_the_audit_page(client: FlaskClient) -> None:
    change("UPDATE account SET pd = 5 WHERE code = '2110.A1'")
    text = page(client, "/ledger/audit")
    assert "The audit found faults" in text
    assert "account 2110.A1 holds 5/0" in text


def test_a_large_ledger_is_not_proven_for_every_page(client: FlaskClient) -> None:
    """What is shown is the newest audit that was noted, with its moment."""
    proof = prove()
    money_transaction(lambda: audit_log.note(proof, NOW_S - 86400, "night"))
    assert "were checked just now" in page(client, "/ledger/audit")
    number = audit_log.ENTRIES_AT_ONCE + 1
    [(account_id,)] = rows("SELECT id FROM account WHERE code = '1010.web'")
    with HUB.atomic():
        for entry, side in ((number, 1), (number + 1, -1)):
            change(
                "INSERT INTO entry (id, journal_id, account_id, layer, side, amount)"
                " VALUES (?, 9999, ?, 1, ?, 1)",
                (entry, account_id, side),
            )
        change(
            "INSERT INTO journal (id, idem, req_hash, kind, ref, phase, effective, at_s, actor)"
            " VALUES (9999, 'far', ?, 'test', '', 'posted', ?, 0, 'test')",
            (b"", TODAY),
        )
    text = page(client, "/ledger/audit")
    assert "were checked just now" not in text
    assert "by night" in text


@pytest.mark.parametrize("path", ["/ledger/audit", "/ledger/parties/agent/A1", "/ledger/2110.A1"])
def test_every_page_speaks_chinese(app: Any, client: FlaskClient, path: str) -> None:
    chinese = as_person(app, locale="zh-CN")
    assert '<html lang="zh-CN">' in page(chinese, path)
    journal = page(chinese, f"/ledger/journals/{number_of('po:PO1:hold')}")
    for words in ("凭证", "出款冻结", "预留", "营业日", "代理可提现余额", "封印"):
        assert words in journal


@pytest.mark.parametrize(
    ("kind", "name"),
    [
        ("redeemed", "Redeemed"), ("redeemed-reversed", "Redemption taken back"),
        ("paid-reversed", "Payment received – taken back"),
        ("payout-committed-reversed", "Payout paid – taken back"),
        ("prepaid-voided", "Prepaid money paid in – given back"),
        ("prepaid-committed", "Prepaid money paid in – done"),
        ("something-else", "something-else"), ("", ""),
    ],
)  # fmt: skip
def test_every_kind_has_a_name(sqlite_database: Database, kind: str, name: str) -> None:
    app = an_app(sqlite_database)
    with app.test_request_context(headers={"Accept-Language": "en"}):
        assert pages.kind_name(kind) == name


# --- taken away ----------------------------------------------------------------------------------


def test_what_is_seen_can_be_taken_away_down_to_its_papers(client: FlaskClient) -> None:
    """Trial balance and statements as tables in which nothing is a formula, and all of it."""
    table = client.get("/ledger/trial-balance.csv")
    assert table.content_type.startswith("text/csv")
    assert (
        "2130.A1,Agent prepaid purchasing money,代理预存货款,CNY,87.00,3007.00,-2920.00"
        in table.text
    )
    evil = Posting(
        "evil", "test", "=1+1", "CNY", (debit("1010.web", 5), credit("2130.A1", 5)), TODAY,
        "test", "@SUM(A1)",
    )  # fmt: skip
    number = money_transaction(lambda: store.post(evil, NOW_S)).id
    change(
        "INSERT INTO manual_entry (id, kind, key, document, day, amount, currency, given, note,"
        " state, asked_by, asked_at_s, journal_id) VALUES (1, 'prepaid', 'evil', 'D', ?, 5, 'CNY',"
        " '{}', '', 'posted', 'amy', 0, ?)",
        (TODAY, number),
    )
    digest = hashlib.sha256(b"%PDF").hexdigest()
    change(
        "INSERT INTO manual_entry_document (entry_id, name, sha256, content, added_by, added_at_s)"
        " VALUES (1, '../slip.pdf', ?, ?, 'amy', 0)",
        (digest, b"%PDF"),
    )
    days = "first=2026-04-01&last=2026-04-30"
    lines = client.get(f"/ledger/2130.A1/export.csv?{days}").text
    assert ",'=1+1,'@SUM(A1),0.05,2920.05" in lines
    assert lines.splitlines()[-1] == "2130.A1,CNY,,,closing,,,,2920.05"
    for path in ("trial-balance.xlsx?", "2130.A1/export.xlsx?", "parties/agent/A1/export.xlsx?"):
        book = zipfile.ZipFile(io.BytesIO(client.get(f"/ledger/{path}&{days}").data))
        assert b"<f>" not in book.read("xl/worksheets/sheet1.xml")
    raw = client.get(f"/ledger/parties/agent/A1/export.zip?{days}").data
    assert client.get(f"/ledger/parties/agent/A1/export.zip?{days}").data == raw
    files = zipfile.ZipFile(io.BytesIO(raw))
    assert files.read("papers/entry-document-1-.._slip.pdf") == b"%PDF"
    papers = files.read("papers.csv").decode()
    assert f"{digest},{digest},SHA-256" in papers
    sums = dict(line.split("  ")[::-1] for line in files.read("SHA256SUMS").decode().splitlines())
    assert set(sums) == set(files.namelist()) - {"SHA256SUMS"}
    assert all(hashlib.sha256(files.read(name)).hexdigest() == told for name, told in sums.items())
    assert "oc:O1" in files.read("journals.csv").decode()
    assert client.get("/ledger/trial-balance.pdf").status_code == 404
    assert client.get("/ledger/9999.X/export.csv").status_code == 404
    assert client.get("/ledger/parties/agent/NOBODY/export.zip").status_code == 404
    assert 'href="/entries/1"' in page(client, f"/ledger/journals/{number}")
    told = client.get("/v1/ledger/parties/agent/A1/statement?first=20260401&last=20260430")
    assert {one["code"] for one in told.json["statements"]} >= {"2110.A1", "2130.A1"}  # type: ignore[index]
    booked = "/v1/ledger/accounts/2130.A1/statement?first=20260301&last=20260331&by=booked"
    assert client.get(booked).json["lines"] == []  # type: ignore[index]
    assert client.get("/v1/ledger/audit").json["sound"] is True  # type: ignore[index]
