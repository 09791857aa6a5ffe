"""What stores pay, as finance sees and changes it, in both languages."""

from __future__ import annotations

from typing import Any

import pytest

from central.money.settlement import store as books
from central.money.settlement.model import Tier
from tests import builders as b
from tests.central.builders import (
    TODAY,
    Database,
    a_voucher,
    an_app,
    as_person,
    enrolled,
    fill_in,
    furnish,
)
from tests.central.money.settlement.builders import at, charge, day_of, issue

PAGE = "/settlement/fees"
WANTED = {
    "store": b.STORE, "first": "2026-04-20", "fixed": "0.10", "volume": "0", "percent": "0.6",
}  # fmt: skip


@pytest.fixture
def app(sqlite_database: Database) -> Any:
    app = an_app(sqlite_database, lambda: at(day_of(1), 10, 30), furnished=False)
    furnish()
    return app


def send(app: Any, locale: str = "en", **bent: Any) -> Any:
    client = as_person(app, "finance", locale)
    answer = fill_in(client, PAGE, PAGE, **{**WANTED, "do": "save"} | bent)
    return client.get(PAGE) if answer.status_code == 302 else answer


def test_a_fee_is_agreed_and_stands_beside_what_counts_today(app: Any) -> None:
    charge((0, 6000), first=TODAY)
    told = send(app, volume=["0", "100000", "", ""], percent=["0.8", "0.5", "", ""]).text
    assert f"{b.STORE} pays from 2026-04-20" in told
    assert "2026-04-20: 0.8 % from 0.00" in told
    assert f"since {TODAY // 10000}-" in told
    assert "2 agreements" in told
    made = books.fee_models(b.STORE)[-1]
    assert (made.fixed_minor, made.tiers) == (10, (Tier(0, 8000), Tier(10_000_000, 5000)))


def test_a_mistake_is_put_right_by_agreeing_anew_for_the_same_day(app: Any) -> None:
    send(app, percent="6")
    told = send(app, percent="0.6").text
    assert told.count("2026-04-20: 0.6 % + 0.10 each") == 3, "said, later on, in the list"
    assert told.count("2026-04-20: 6 % + 0.10 each") == 1, "in the list alone"


def test_a_fee_is_tried_out_before_it_is_agreed(app: Any) -> None:
    tiers: dict[str, Any] = {"volume": ["0", "1000"], "percent": ["1", "0.5"]}
    told = send(app, do="look", gross="200", before="900", **tiers).text
    assert "It would cost 1.60; the store gets 198.40." in told
    assert "1 % of 100.00" in told
    assert "0.5 % of 100.00" in told
    assert 'value="1000"' in told, "what was typed stays"
    assert books.fee_models(b.STORE) == []


@pytest.mark.parametrize(
    ("bent", "status", "en", "zh"),
    [
        ({"percent": "101"}, 400, "between 0 % and 100 %", "0 % 到 100 %"),
        ({"percent": "much"}, 400, "“much” is no percentage", "“much”不是百分比"),
        ({"fixed": "1.001"}, 400, "“1.001” is no amount", "“1.001”不是金额"),
        ({"first": "2026-02-30"}, 400, "There is no day 20260230", "20260230"),
        ({"first": "soon"}, 400, "A day is written 2026-04-11.", "2026-04-11"),
        ({"volume": ["0", "9"], "percent": ["1", ""]}, 400, "is no percentage", "不是百分比"),
        ({"volume": ["0", "9"], "percent": ["", "1"]}, 400, "begin at 0", "从 0 开始"),
        ({"volume": ["0", "9", "5"], "percent": ["1"] * 3}, 400, "go up", "递增"),
        ({"store": "S9"}, 404, "There is no store S9", "S9"),
        ({"do": "look", "gross": ""}, 400, "“” is no amount", "“”不是金额"),
        ({"do": "look", "gross": "5", "before": "x"}, 400, "“x” is no amount", "“x”不是金额"),
    ],
    ids=str,
)
def test_what_cannot_be_agreed_is_told_and_what_was_typed_stays(
    app: Any, bent: dict[str, Any], status: int, en: str, zh: str
) -> None:
    for locale, words in (("en", en), ("zh-CN", zh)):
        answer = send(app, locale, **bent)
        assert answer.status_code == status
        assert words in answer.text
        assert f'value="{bent.get("fixed", "0.10")}"' in answer.text
    assert books.fee_models(b.STORE) == []


def test_a_day_whose_statement_is_issued_keeps_its_fee(app: Any) -> None:
    till = enrolled()
    till.accept(a_voucher())
    till.deliver()
    issue()
    answer = send(app, first="2026-04-11")
    assert answer.status_code == 409
    assert "issued up to 20260411" in answer.text


def test_who_may_only_look_is_offered_no_form(app: Any) -> None:
    text = as_person(app, "viewer").get(PAGE)
    assert text.status_code in {200, 403}
    assert "What would it cost" not in text.text
