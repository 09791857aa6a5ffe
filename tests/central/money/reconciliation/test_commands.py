"""``tearoff-hub reconcile`` as an operator types it, with the bill of the channel's simulator."""

from __future__ import annotations

import datetime as dt
import json
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from central.foundation.clock import now_s
from central.foundation.db.engine import money_transaction
from central.money.ledger import rules
from central.money.ledger.store import post
from central.money.reconciliation.files.read import BYTES_MAX
from tests import builders as b
from tests.central.books import balances
from tests.central.builders import Database, a_config, furnish, write_keys
from tests.central.channel import DAY_S, WECHAT, Served, a_payment, yuan
from tests.central.money.reconciliation.files.statements import BANK, SETTINGS
from tests.central.test_cli import Hub, connect

TODAY = 20260411


@pytest.fixture
def hub(sqlite_database: Database) -> Hub:
    """A furnished hub with its keys, as commands find it."""
    config = a_config(sqlite_database)
    write_keys(config.data_dir / "keys")
    furnish()
    return Hub(config.data_dir, f"issuer={b.ISSUER}")


def test_a_day_is_taken_looked_at_and_put_right(hub: Hub, channel: Served) -> None:
    """The command's clock is the real one; a bill of two days ago is there at any hour."""
    connect(hub, channel)
    channel.clock.at_s = now_s() - 2 * DAY_S
    day = dt.datetime.fromtimestamp(channel.clock(), ZoneInfo("Asia/Shanghai")).date()
    money_in = channel.channels().pay_in(WECHAT)
    money_in.create(a_payment(clock=channel.clock()))
    channel.pay(WECHAT, "PAY0000001")
    channel.forward(2 * DAY_S)
    taken = hub.invoke("reconcile", "take", WECHAT, str(day))
    assert taken.exit_code == 1, taken.output
    assert taken.stdout.splitlines() == [
        "payments: 1 lines, 0 proven, 1 differ",
        "BASIC: 2 lines, 0 proven, 0 differ, 2 wait for their settlement",
        "OPERATION: 0 lines, 0 proven, 0 differ",
        "FEES: 0 lines, 0 proven, 0 differ",
    ]
    assert "1 of its payments" in hub.fail("reconcile", "settle", WECHAT, str(day), "--post")
    assert "not-in-books           88.00 PAY0000001 open" in hub.do("reconcile", "list")
    told = hub.do("reconcile", "resolve", "1", "2010", "--reason", "the customer has paid")
    assert told == "difference 1: 88.00 is posted to 2010\n"
    assert hub.do("reconcile", "list") == "Nothing differs.\n"
    [line] = hub.do("reconcile", "list", "--all", "--json").splitlines()
    assert json.loads(line)["belongs_to"] == "2010"
    assert balances()[f"1010.{WECHAT}"] == 8800
    assert hub.do("reconcile", "unproven") == ""
    shown = hub.do("reconcile", "settle", WECHAT, str(day))
    figures = f"1020.{WECHAT} 87.47, 5030 0.53 (by the payments 0.52800), 1010.{WECHAT} -88.00"
    assert f"BASIC: 2 lines, 0 of their payments differ\n  {figures}\n" in shown
    assert balances()[f"1010.{WECHAT}"] == 8800
    assert "  journal " in hub.do("reconcile", "settle", WECHAT, str(day), "--post")
    [line, *_] = hub.do("reconcile", "settle", WECHAT, str(day), "--post", "--json").splitlines()
    assert len(json.loads(line)["journals"]) == 1
    assert balances() == {f"1020.{WECHAT}": 8747, "5030": 53, "2010": -8800}
    assert hub.do("reconcile", "match") == "0 differ\n"
    assert hub.do("reconcile", "bills").count("all matched") == 4
    [bill, *_] = hub.do("reconcile", "bills", "--json").splitlines()
    assert len(json.loads(bill)["sha256"]) == 64


def test_a_bank_s_file_is_taken(hub: Hub, tmp_path: Path) -> None:
    (hub.directory / "statements.toml").write_text(SETTINGS, "utf-8")
    file = tmp_path / "bank.csv"
    file.write_text(BANK, "gb18030")
    taken = hub.invoke("reconcile", "take-file", "bank.main", str(file))
    assert taken.exit_code == 1, taken.output
    assert taken.stdout.splitlines()[0] == "20260411: 2 lines, 0 proven, 2 differ"
    file.write_text(BANK.replace("0.21", "0.22"), "gb18030")
    assert "line 6: its balance" in hub.fail("reconcile", "take-file", "bank.main", str(file))
    assert "no section bank.x" in hub.fail("reconcile", "take-file", "bank.x", str(file))
    with file.open("wb") as opened:
        opened.truncate(BYTES_MAX + 1)
    assert "larger than 16 MiB" in hub.fail("reconcile", "take-file", "bank.main", str(file))


def test_what_awaits_its_bill_is_no_alarm(hub: Hub) -> None:
    posting = rules.paid("web", "421", "P1", yuan("88.00"), TODAY, "test")
    money_transaction(lambda: post(posting, b.NOW_S))
    told = hub.do("reconcile", "unproven")
    assert told.split()[1:3] == ["20260411", "1010.web"]
    assert told.endswith("P1 bill awaited\n")


def test_what_cannot_be_done_is_a_sentence(hub: Hub) -> None:
    assert "web" in hub.fail("reconcile", "take", "web", "2026-04-11")
    assert "no difference 9" in hub.fail("reconcile", "link", "9", "1", "--reason", "so")
    assert "no difference 9" in hub.fail("reconcile", "resolve", "9", "2010", "--reason", "so")
