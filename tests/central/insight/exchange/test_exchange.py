"""Calls and callbacks: what was asked, what was told, and the way to what it is about."""

from __future__ import annotations

import re
from typing import Any

import pytest

from central.foundation.db.engine import change
from central.insight.exchange import read
from central.money.channels.record import RecordedCalls
from tests.builders import NOW_S
from tests.central.builders import Database, an_app, as_person
from tests.central.money.payouts.builders import an_agent, ask_for


@pytest.fixture(name="hub")
def _hub(hub_database: Database) -> Any:
    return an_app(hub_database)


def called(number: str, outcome: str = "answered", kind: str = "transfer") -> None:
    """A call of a channel that was sent, and what came of it; empty: nothing yet."""
    record = RecordedCalls(lambda: NOW_S)
    call = record.begin("wechat-pay", kind, number, b"\x01" * 32)
    if outcome:
        record.end(call, outcome, "SYSTEM_ERROR" if outcome != "answered" else "")


def heard(number: str, event: str = "E1", deliveries: int = 1) -> None:
    change(
        "INSERT INTO channel_inbox (channel, event_id, kind, event_type, number, amount_minor,"
        " currency, body_sha256, created_at_s, received_at_s, deliveries)"
        " VALUES ('wechat-pay', ?, 'transfer', 'MCHTRANSFER.BILL.FINISHED', ?, 8800, 'CNY', ?, ?,"
        " ?, ?)",
        (event, number, b"\x02" * 32, NOW_S, NOW_S, deliveries),
    )


def test_a_call_and_its_callback_lead_to_their_payout(hub: Any) -> None:
    an_agent()
    payout = ask_for(8800)
    called(payout.no)
    heard(payout.no, deliveries=3)
    page = as_person(hub, "finance").get("/exchange").text
    assert page.count(f'href="/payouts/{payout.no}"') == 2
    assert "88.00 CNY" in page
    assert re.search(r'data-label="How often" class="number">3<', page)
    assert "MCHTRANSFER.BILL.FINISHED" in page
    about = read.about(payout.no)
    assert about is not None
    assert about.endpoint == "payouts.one"
    assert read.about("nothing") is None


def test_what_nobody_has_an_answer_to_is_found_by_its_state_and_its_number(hub: Any) -> None:
    for number, outcome in (("A00001", "unknown"), ("A00002", "answered"), ("A00003", "")):
        called(number, outcome)
    assert read.counts() == {"sent": 1, "unknown": 1, "refused": 0, "answered": 1}
    assert [one.number for one in read.calls(state="unknown")] == ["A00001"]
    assert [one.number for one in read.calls(number="A00003")] == ["A00003"]
    client = as_person(hub, "finance")
    page = client.get("/exchange?state=unknown").text
    assert "A00001" in page
    assert "A00002" not in page
    assert "SYSTEM_ERROR" in page
    assert "Nothing like this was asked" in client.get("/exchange?number=B").text
    assert "A00001" in client.get("/exchange?state=nonsense").text


def test_an_empty_hub_says_so_and_a_long_list_is_cut(hub: Any) -> None:
    client = as_person(hub, "finance", "zh-CN")
    assert "没有这样的回调。" in client.get("/exchange").text
    for n in range(read.SHOWN + 5):
        heard(f"N{n:05}", event=f"E{n}")
    assert len(read.callbacks()) == read.SHOWN
    assert [one.number for one in read.callbacks("N00000")] == ["N00000"]
    assert f"只显示最新 {read.SHOWN} 条" in client.get("/exchange").text


def test_who_may_not_see_a_payout_gets_no_way_to_it(hub: Any) -> None:
    an_agent()
    payout = ask_for(8800)
    called(payout.no)
    roles = {role: as_person(hub, role).get("/exchange") for role in ("shop", "agent")}
    assert {answer.status_code for answer in roles.values()} == {403}
