"""Settlement as a finance person sees it, in both languages, by keyboard and without a script."""

from __future__ import annotations

import re
from typing import Any

import pytest
from flask.testing import FlaskClient

from central.money.settlement import store as books
from central.money.settlement.export.files import FORMATS
from central.money.settlement.export.pdf_file import FONTS
from central.money.settlement.model import State
from tests import builders as b
from tests.central.builders import (
    GIFT,
    TODAY,
    Database,
    Till,
    a_voucher,
    an_app,
    as_person,
    enrolled,
    fill_in,
    furnish,
)
from tests.central.money.settlement.builders import at, charge, day_of, issue, make_payable
from tests.central.stores.test_pages import Text

NO = f"{b.STORE}-{TODAY}"
ISSUED_S = at(day_of(1), 10, 30)
ONE = f"/settlement/{NO}"


class Clock:
    """A clock that a test moves."""

    def __init__(self) -> None:
        self.at_s = ISSUED_S

    def __call__(self) -> int:
        return self.at_s


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def app(sqlite_database: Database, clock: Clock) -> Any:
    return an_app(sqlite_database, clock, furnished=False)


@pytest.fixture
def till(app: Any) -> Till:
    """A till whose day with a fee is issued: a lunch, and a part of a gift card."""
    furnish()
    charge((0, 6000), (10_000, 5000), fixed=10)
    working = enrolled()
    working.accept(a_voucher())
    working.accept(a_voucher(GIFT), 5000)
    working.deliver()
    issue()
    return working


def read(client: FlaskClient, path: str, status: int = 200) -> str:
    response = client.get(path)
    assert response.status_code == status, response.text
    return " ".join(" ".join(Text(response.text).words).split())


def test_the_pages_stand_without_any_data(app: Any) -> None:
    for locale in ("en", "zh-CN"):
        client = as_person(app, "finance", locale)
        for path in ("/settlement", "/settlement/watermark"):
            text = read(client, path)
            assert ("No unit is enrolled" in text) == (locale == "en")
        assert client.get(ONE).status_code == 404


def test_the_list_says_what_is_due_and_what_keeps_it_back(app: Any, till: Till) -> None:
    text = read(as_person(app, "finance"), "/settlement")
    for words in (
        NO, "静安店", "issued", "138.00", "0.99", "137.01", "Nothing is payable now.",
        "Store group 3: 2026-04-11 20:00:00 – S0412-K1: not heard of", "Do now what is due",
    ):  # fmt: skip
        assert words in text, words


@pytest.mark.parametrize(
    ("query", "shown"),
    [
        ("", True), ("store=S0412", True), ("store=S0500", False), ("state=issued", True),
        ("state=paid", False), ("month=2026-04", True), ("month=2026-05", False),
        ("store=S0412&state=issued&month=2026-04", True),
    ],
)  # fmt: skip
def test_the_list_is_filtered(app: Any, till: Till, query: str, shown: bool) -> None:
    text = read(as_person(app), f"/settlement?{query}")
    assert (f"/settlement/{NO}" in as_person(app).get(f"/settlement?{query}").text) == shown
    assert ("There is no such statement." in text) != shown


@pytest.mark.parametrize("query", ["state=lost", "month=April", "month=2026-4", "month=٢٠٢٦٠٤"])
def test_a_filter_that_cannot_be_is_told(app: Any, query: str) -> None:
    assert as_person(app).get(f"/settlement?{query}").status_code == 400


def test_a_statement_shows_every_figure_of_it(app: Any, till: Till) -> None:
    text = read(as_person(app, "finance"), ONE)
    for words in (
        "Statement of 静安店 of 2026-04-11", "Closing balance 137.01", "To be paid for it 137.01",
        "0.6 % from 0.00", "S0412-K1/1/1", "88.00 0.63 87.37 87.37", "50.00 0.36 49.64 49.64",
        "138.00 0.99 137.01 137.01", "2026-04-15 10:30:00", "The store agrees",
    ):  # fmt: skip
        assert words in text, words
    found = books.statement(NO)
    assert found.hash is not None
    assert found.hash.hex() in text


def test_a_line_leads_down_to_the_bytes_that_the_unit_has_signed(app: Any, till: Till) -> None:
    client = as_person(app, "finance")
    assert f'href="{ONE}/lines/2"' in client.get(ONE).text
    text = read(client, f"{ONE}/lines/2")
    line = books.line_of(NO, 2)
    for words in (
        "12.00 × 0.6 % + 38.00 × 0.5 % + 0.10", str(line.journal_id), "rd:S0412-K1/1/2",
        "2310.S0412", "Store payable", "2020.9", "voucher_id", line.voucher, "solo",
        till.raws[1].hex(), "VXJ1",
    ):  # fmt: skip
        assert words in text, words
    assert f'href="/ledger/journals/{line.journal_id}"' in client.get(f"{ONE}/lines/2").text
    assert client.get(f"{ONE}/lines/3").status_code == 404


def test_every_page_speaks_chinese(app: Any, till: Till) -> None:
    client = as_person(app, locale="zh-CN")
    for path in ("/settlement", ONE, f"{ONE}/lines/1", "/settlement/watermark"):
        heading = re.search("<h1>(.*?)</h1>", client.get(path).text)
        assert heading is not None
        assert re.search("[一-鿿]", heading[1])
        text = read(client, path)
        for english in ("Store group", "not heard of", "issued", "Redemption", "What ", "Known"):
            assert english not in text, (path, english)


@pytest.mark.parametrize("ending", FORMATS)
def test_a_statement_is_taken_away(app: Any, till: Till, ending: str) -> None:
    if ending == "pdf" and not any(font.exists() for font in FONTS):
        pytest.skip("no font: apt-get install fonts-wqy-microhei")
    response = as_person(app, "viewer").get(f"{ONE}/export/{ending}")
    assert response.status_code == 200
    assert response.content_type == FORMATS[ending]
    name = f'attachment; filename="{NO}.{ending}"'
    assert response.headers["Content-Disposition"] == name
    assert len(response.data) > 100


def test_a_store_agrees_by_a_button(app: Any, till: Till) -> None:
    enrolled("second")
    client = as_person(app, "finance")
    fill_in(client, f"{ONE}/answer", ONE, answer="confirm")
    text = read(client, ONE)
    assert f"{NO} is confirmed." in text
    assert "by finance" in text
    assert "Not payable yet: everything is known only up to 2026-04-10 20:00:00." in text
    assert "The store agrees" not in text
    fill_in(client, f"{ONE}/answer", ONE, answer="confirm")
    assert 'class="notice bad"' in client.get(ONE).text


def test_lines_are_disputed_by_ticking_them_and_settled(app: Any, till: Till) -> None:
    client = as_person(app, "finance")
    fill_in(client, f"{ONE}/answer", ONE, answer="dispute", line="2", reason="not <b>ours</b>")
    page = client.get(ONE).text
    assert "not &lt;b&gt;ours&lt;/b&gt;" in page
    text = read(client, ONE)
    assert "Of it disputed −49.64" in text
    assert "To be paid for it 87.37" in text
    fill_in(client, f"{ONE}/lines/2/settle", ONE, note="found it")
    assert "settled: found it" in read(client, ONE)


@pytest.mark.parametrize(
    "fields", [{"line": "2"}, {"reason": "why"}, {"line": "9", "reason": "why"},
               {"line": "x", "reason": "why"}, {"line": "٢", "reason": "why"}],
)  # fmt: skip
def test_a_dispute_that_cannot_be_is_told_on_the_page(
    app: Any, till: Till, fields: dict[str, str]
) -> None:
    client = as_person(app, "finance")
    response = fill_in(client, f"{ONE}/answer", ONE, answer="dispute", **fields)
    assert response.status_code == 302
    assert 'class="notice bad"' in client.get(ONE).text
    assert books.statement(NO).state is State.ISSUED


def test_after_three_days_there_is_nothing_to_tick(app: Any, till: Till, clock: Clock) -> None:
    clock.at_s = ISSUED_S + 3 * 86400 + 1
    client = as_person(app, "finance")
    assert 'type="checkbox"' not in client.get(ONE).text
    fill_in(client, "/settlement/run", "/settlement")
    assert "0 issued, 1 confirmed by silence, 1 payable now, 0 paid." in read(client, "/settlement")
    assert "by silence" in read(client, ONE)


def test_what_is_payable_is_one_figure_a_store(app: Any, till: Till, clock: Clock) -> None:
    make_payable(till, at_s=clock.at_s)
    text = read(as_person(app, "finance"), "/settlement")
    assert "S0412 静安店 S0412-20260411 137.01 ● ready" in text


def test_a_viewer_sees_no_button_that_does_nothing(app: Any, till: Till) -> None:
    till.begin_epoch(2)
    till.deliver()
    client = as_person(app, "viewer")
    for path in ("/settlement", ONE, f"{ONE}/lines/1", "/settlement/watermark"):
        page = client.get(path)
        assert page.status_code == 200
        forms = re.findall(r'action="(/(?:settlement|units)[^"]*)"', page.text)
        assert forms == [], path


def test_lost_entries_are_accepted_by_a_button(app: Any, till: Till) -> None:
    till.begin_epoch(2)
    till.deliver()
    client = as_person(app, "finance")
    assert "■ has lost entries" in read(client, "/settlement/watermark")
    path = f"/units/{till.unit}/epochs/2/accept-gap"
    for reason, look in (("", "bad"), ("it burnt down", "good"), ("again", "bad")):
        fill_in(client, path, "/settlement/watermark", reason=reason)
        assert f'class="notice {look}"' in client.get("/settlement/watermark").text
    assert "has lost entries" not in read(client, "/settlement/watermark")
