"""Files for the bank on pages, over the API and at a terminal."""

from __future__ import annotations

import io
import re
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient

from central.foundation.db.engine import HUB, open_database
from central.foundation.people import login
from central.money.payouts.bank_files import store as files
from central.money.payouts.model import State
from tests.builders import NOW_S
from tests.central.builders import Database, an_app, as_person, close_hub, csrf_token, fill_in
from tests.central.money.payouts.bank_answers import a_payee, said, state_of
from tests.central.money.payouts.builders import ask_for
from tests.central.test_cli import Hub

CHANNELS_TOML = """
[bank_file]
account = "6222020000000000"
account_name = "某某有限公司"
"""


@pytest.fixture(name="hub")
def _hub(hub_database: Database) -> Any:
    (hub_database.sqlite_file.parent / "channels.toml").write_text(CHANNELS_TOML, "utf-8")
    return an_app(hub_database)


def upload(client: FlaskClient, at: str, raw: bytes) -> None:
    token = csrf_token(client, at)
    sent = {"csrf_token": token, "file": (io.BytesIO(raw), "back.csv")}
    assert client.post(f"{at}/answer", data=sent).status_code == 302


def test_a_person_makes_it_carries_it_and_brings_the_answer(hub: Any) -> None:
    payout, other = (ask_for(100 + n, account=a_payee(f"A{n}")) for n in (1, 2))
    page = "/payouts/bank-files"
    finance, second = as_person(hub, "finance"), as_person(hub, "finance")
    shown = finance.get(page).text
    assert "2 payouts are ready, 2.03 together." in shown
    assert "It goes to the bank with the next file" in finance.get(f"/payouts/{payout.no}").text
    viewer = as_person(hub, "viewer")
    assert "Make the file" not in viewer.get(page).text
    assert fill_in(viewer, page, "/account").status_code == 403
    at = fill_in(finance, page, page).headers["Location"]
    one = finance.get(at).text
    assert "The file is made." in one
    assert "somebody else than who made the file" in one
    assert "6217" not in one, "addresses are in the file alone"
    assert "The bank has taken none of it" in second.get(at).text
    assert "No payout is ready for the bank." in finance.get(page).text
    fetched = fill_in(finance, f"{at}/fetch", at)
    assert fetched.headers["Content-Disposition"] == (
        "attachment; filename=payout-BF20260411001.csv"
    )
    assert "6217000000000000001" in fetched.data.decode("gbk")
    made = files.get("BF20260411001")
    upload(finance, at, b"nothing")
    assert "no heading that is known" in finance.get(at).text
    fill_in(finance, f"{at}/answer", at)
    assert "no heading that is known" in finance.get(at).text, "no file at all"
    states = {payout.no: "成功", other.no: "失败"}
    order = [line.payout.no for line in files.lines_of(made.no)]
    raw = said(made, [states[no] for no in order])
    upload(finance, at, raw)
    told = finance.get(at).text
    assert "1 paid, 1 failed, 0 known before, 0 without an end." in told
    assert "户名不符" in told
    assert "all has its end" in finance.get(page).text
    assert "银行文件" in as_person(hub, "finance", "zh-CN").get(at).text
    stands_in = finance.get(f"/payouts/{payout.no}").text
    assert made.no in stands_in
    assert "The bank has sent the money back" in stands_in
    back = fill_in(finance, f"/payouts/{payout.no}/came_back", f"/payouts/{payout.no}", why="退票")
    assert "back on the payee" in finance.get(back.headers["Location"]).text
    assert state_of(payout) is State.FAILED
    assert finance.get(f"{page}/BF1").status_code == 404
    assert fill_in(finance, f"{page}/BF1/fetch", page).status_code == 404


def test_who_made_it_does_not_say_alone_that_the_bank_took_none_of_it(hub: Any) -> None:
    payout = ask_for(100, account=a_payee())
    finance, second = as_person(hub, "finance"), as_person(hub, "finance")
    at = fill_in(finance, "/payouts/bank-files", "/payouts/bank-files").headers["Location"]
    fill_in(finance, f"{at}/refuse", at, why="another form")
    assert "Somebody else than who made the file has to say so." in finance.get(at).text
    fill_in(second, f"{at}/refuse", at, why="another form")
    assert "back on the payees" in second.get(at).text
    assert state_of(payout) is State.FAILED


def test_without_a_bank_account_the_page_says_what_is_missing(sqlite_database: Database) -> None:
    finance = as_person(an_app(sqlite_database), "finance")
    page = "/payouts/bank-files"
    assert "No bank account is set up for payouts" in finance.get(page).text
    fill_in(finance, page, page)
    assert "No bank account is set up for payouts" in finance.get(page).text


def test_a_program_makes_it_and_brings_the_answer(hub: Any) -> None:
    payout = ask_for(100, account=a_payee())
    client, at = hub.test_client(), "/v1/payouts/bank-files"
    key = login.add_api_key("erp", "finance", NOW_S)

    def call(method: str, path: str, **sent: Any) -> Any:
        headers = {"Authorization": f"Bearer {key}", "Accept-Language": "en"}
        return client.open(path, method=method, headers=headers, **sent)

    made = call("POST", at).json
    assert (made["no"], made["lines"], made["total"], made["open"]) == ("BF20260411001", 1, 100, 1)
    assert call("POST", at).status_code == 409
    assert call("GET", at).json == {"files": [made]}
    one = f"{at}/{made['no']}"
    assert call("POST", f"{one}/content").data == files.content_of(made["no"])
    assert (
        call("POST", f"{one}/refuse", json={"why": "none"}).json["type"].endswith("/payout-refused")
    )
    raw = said(files.get(made["no"]), ["成功"])
    answered = call("POST", f"{one}/answer", data=raw, content_type="text/csv")
    assert answered.json == {"paid": 1, "failed": 0, "known": 0, "open": 0, "differ": []}
    [line] = call("GET", one).json["payouts"]
    assert (line["no"], line["state"], line["amount"]) == (payout.no, "paid", 100)
    assert call("GET", f"{at}/BF20260411009").status_code == 404


def test_an_operator_makes_it_and_brings_the_answer(tmp_path: Path) -> None:
    hub = Hub(tmp_path / "hub")
    hub.do("init")
    (tmp_path / "hub" / "channels.toml").write_text(CHANNELS_TOML, "utf-8")
    open_database("", tmp_path / "hub" / "hub.db")
    HUB.connect(reuse_if_open=True)
    ask_for(100, account=a_payee())
    close_hub()
    command = ("payouts", "bank-file")
    assert hub.do(*command, "list") == "There is no file for the bank.\n"
    assert hub.do(*command, "make").split()[1:] == ["1", "payouts", "1.00", "CNY", "1030.main"]
    [no] = [line.split()[0] for line in hub.do(*command, "list").splitlines()]
    out = tmp_path / "out.csv"
    assert "SHA-256" in hub.do(*command, "fetch", no, "--out", str(out))
    assert out.stat().st_mode & 0o777 == 0o600
    table = out.read_bytes().decode("gbk").replace("用途\r\n", "用途,状态\r\n")
    back = tmp_path / "back.csv"
    back.write_bytes(re.sub("(佣金)\r\n", r"\1,成功\r\n", table).encode("gbk"))
    assert "1 paid, 0 failed" in hub.do(*command, "answer", no, str(back))
    assert "paid" in hub.do(*command, "show", no)
    assert "Somebody else" in hub.fail(*command, "refuse", no, "--reason", "none")
