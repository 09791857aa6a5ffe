"""Withheld tax on pages, over the API and at a terminal."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from central.foundation.people import login
from central.money.payouts import store
from central.money.payouts.model import Limits
from central.money.payouts.tax import withhold
from central.money.payouts.tax.form import body_of, typed_of
from central.money.payouts.tax.schedule import LABOUR_2019, of_body
from tests.builders import NOW_S
from tests.central.builders import Database, an_app, as_person, fill_in
from tests.central.money.payouts.builders import AGENT, an_agent, an_office, ask_for
from tests.central.test_cli import Hub

PAGE = "/payouts/tax"
LABOUR = typed_of(of_body(LABOUR_2019), "CNY")
WANTED = {name: LABOUR.getlist(name) for name in LABOUR}
FIRST = {"first": "2026-04-01"}


@pytest.fixture(name="hub")
def _hub(hub_database: Database) -> Any:
    return an_app(hub_database)


def send(hub: Any, locale: str = "en", do: str = "save", **bent: Any) -> Any:
    client = as_person(hub, "finance", locale)
    answer = fill_in(client, PAGE, PAGE, **WANTED | FIRST | {"do": do} | bent)
    return client.get(PAGE) if answer.status_code == 302 else answer


def pay_somebody(tmp_path: Path) -> None:
    """Pay 3,000 to a person in April, of which 440 are withheld."""
    an_agent(minor=1_000_000)
    store.set_limits(Limits(two_person_above=10**9, payee_per_day=10**9), NOW_S, "admin")
    ask_for(300_000)
    an_office(tmp_path).work()


def test_what_the_form_shows_is_what_it_sends() -> None:
    assert of_body(json.loads(body_of(LABOUR, "CNY"))) == of_body(LABOUR_2019)


def test_a_schedule_is_put_in_force_and_counts(hub: Any, tmp_path: Path) -> None:
    told = as_person(hub, "finance").get(PAGE).text
    assert "No schedule is in force" in told
    assert 'value="劳务报酬所得预扣预缴"' in told, "something to start from"
    told = send(hub).text
    assert "劳务报酬所得预扣预缴 is in force from 2026-04-01." in told
    assert "20 % up to 20,000.00" in told
    assert "40 % above" in told
    finance = as_person(hub, "finance")
    fill_in(finance, f"{PAGE}/payees", PAGE, account=AGENT, kind="person")
    assert "a person: tax is withheld" in finance.get(PAGE).text
    pay_somebody(tmp_path)
    told = finance.get(PAGE).text
    assert "2026-04" in told
    assert "440.00" in told
    month = finance.get(f"{PAGE}/202604").text
    assert "The books say the same: 440.00." in month
    assert "2,560.00" in month
    file = finance.get(f"{PAGE}/202604.csv")
    assert "tax-202604.csv" in file.headers["Content-Disposition"]
    assert (
        file.data.decode("utf-8-sig").splitlines()[1].startswith(f"{AGENT},张三,1,3000.00,440.00")
    )


def test_it_is_tried_out_before_it_is_put_in_force(hub: Any) -> None:
    told = send(hub, do="look", first="", amount="3000", before="800").text
    assert "Of 3,000.00, after 800.00 before, 600.00 would be withheld and 2,400.00 paid." in told
    assert withhold.schedules() == []


def test_whose_payee_nobody_has_spoken_of_is_named(hub: Any) -> None:
    an_agent()
    told = as_person(hub, "finance").get(PAGE).text
    assert "nobody has said it" in told
    assert f"<code>{AGENT}</code>" in told


@pytest.mark.parametrize(
    ("bent", "en", "zh"),
    [
        ({"rate": ["20", "30", "x"]}, "“x” is no percentage", "“x”不是百分比"),
        ({"free": "much"}, "“much” is no amount", "“much”不是金额"),
        ({"flat": "900"}, "flat is at most free", "定额扣除不能大于免税额"),
        ({"quick": ["0", "1", "2"]}, "the tax jumps", "不连续"),
        ({"up_to": ["20000", "50000", "60000"]}, "the last bracket", "最后一级"),
        ({"up_to": ["20000", "20000", ""]}, "bracket 2 does not go beyond", "第 2 级没有超过"),
        ({"up_to": [""], "rate": [""], "quick": [""]}, "Name a rate at least", "至少填写一个税率"),
        ({"name": " "}, "name is a text", "名称为"),
        ({"period": "week"}, "period is month or year", "期间为"),
        ({"first": "soon"}, "A day is written", "2026-04-11"),
        ({"first": "2026-02-30"}, "There is no day 20260230", "20260230"),
        ({"do": "look", "amount": "x"}, "“x” is no amount", "“x”不是金额"),
    ],
    ids=str,
)
def test_what_is_no_schedule_is_told_and_what_was_typed_stays(
    hub: Any, bent: dict[str, Any], en: str, zh: str
) -> None:
    for locale, words in (("en", en), ("zh-CN", zh)):
        answer = send(hub, locale, **bent)
        assert answer.status_code == 400
        assert words in answer.text
        assert re.search('name="deducted"[^>]* value="20"', answer.text)
    assert withhold.schedules() == []


def test_nobody_is_paid_from_such_an_account(hub: Any) -> None:
    finance = as_person(hub, "finance")
    fill_in(finance, f"{PAGE}/payees", PAGE, account="4010", kind="person")
    assert "accounts under 2110, 2310, 2320 only" in finance.get(PAGE).text
    assert withhold.profiles() == []


def test_a_month_that_is_none_is_told(hub: Any) -> None:
    answer = as_person(hub, "finance", "zh-CN").get(f"{PAGE}/202613")
    assert answer.status_code == 400
    assert "202613" in answer.text


def test_programs_of_finance_do_the_same(hub: Any, tmp_path: Path) -> None:
    client = hub.test_client()
    key = {"Authorization": f"Bearer {login.add_api_key('erp', 'finance', NOW_S)}"}
    assert client.get("/v1/payouts/tax", headers=key).json == {"schedules": [], "payees": []}
    wanted = {"first_day": 20260401, "schedule": LABOUR_2019}
    made = client.post("/v1/payouts/tax", json=wanted, headers=key).json
    assert made["schedule"] == LABOUR_2019
    payee = {"account": AGENT, "is_person": True}
    assert client.post("/v1/payouts/tax/payees", json=payee, headers=key).json == payee
    assert client.get("/v1/payouts/tax", headers=key).json == {
        "schedules": [made], "payees": [payee],
    }  # fmt: skip
    pay_somebody(tmp_path)
    month = client.get("/v1/payouts/tax/months/202604", headers=key).json
    assert (month["total"], month["in_books"]) == (44_000, 44_000)
    whole = {"up_to": None, "ppm": 1_000_000, "quick": 0}
    first = {"up_to": 20_000_00, "ppm": 200_000, "quick": 0}
    jumps = LABOUR_2019 | {"brackets": [first, whole]}
    answer = client.post(
        "/v1/payouts/tax", json={"first_day": 20260401, "schedule": jumps}, headers=key
    )
    assert answer.status_code == 400
    assert "the tax jumps" in answer.json["detail"]


def test_a_terminal_does_the_same(tmp_path: Path) -> None:
    hub = Hub(tmp_path / "hub")
    hub.do("init")
    file = tmp_path / "schedule.json"
    file.write_text(hub.do("payouts", "tax", "example"), "utf-8")
    told = hub.do("payouts", "tax", "set", str(file), "--from", "2026-04-01")
    assert told == "劳务报酬所得预扣预缴 is in force from 2026-04-01\n"
    assert "written 2026-04-11" in hub.fail("payouts", "tax", "set", str(file), "--from", "soon")
    assert hub.do("payouts", "tax", "payee", AGENT, "person") == f"{AGENT} is a person\n"
    out = tmp_path / "tax.csv"
    told = hub.do("payouts", "tax", "export", "2026-04", "--out", str(out))
    assert told == "0 payees, 0.00 withheld; 0.00 in the books\n"
    assert "written 2026-04" in hub.fail("payouts", "tax", "export", "april", "--out", str(out))
