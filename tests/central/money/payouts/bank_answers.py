"""Payouts in a file for the bank, and what the bank gives back."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable

from central.money.channels.model import Payee
from central.money.channels.settings import BankFileSettings
from central.money.payouts import store
from central.money.payouts.bank_files.make import fetch, make
from central.money.payouts.bank_files.store import Made
from central.money.payouts.end import By
from central.money.payouts.model import State
from central.money.payouts.payees import set_payee
from central.money.payouts.store import Payout
from tests.builders import NOW_S
from tests.central.money.payouts.builders import TODAY, ask_for, earn

SETTINGS = BankFileSettings(
    account="6222020000000000", account_name="某某有限公司", bank="main", encoding="gbk"
)
LI, WANG = By("li", NOW_S, TODAY), By("wang", NOW_S, TODAY)


def a_payee(agent: str = "A1", name: str = "王小明", bank: str = "建设银行") -> str:
    """A party that is owed something, and is paid by a file for the bank."""
    account = f"2110.{agent}"
    earn(account)
    digits = f"6217{int(agent[1:]):015}"
    payee = Payee(digits, name, bank=bank)
    set_payee(account, "bank-file", payee, NOW_S, by="li")
    return account


def some(count: int = 3) -> tuple[Made, list[Payout]]:
    """So many payouts of 1.01, 1.02, … in a file."""
    asked = [
        ask_for(100 + n, account=a_payee(f"A{n}"), at_s=NOW_S - 60 + n) for n in range(1, count + 1)
    ]
    made = make(SETTINGS, NOW_S, day=TODAY, actor="li")
    return made, asked


def said(made: Made, states: list[str], alter: Callable[[list[str]], None] | None = None) -> bytes:
    """What a bank's clerk gives back: our own table with a column more."""
    table = list(csv.reader(io.StringIO(fetch(made.no, NOW_S, actor="li")[1].decode("gbk"))))
    heading = table[2]
    lines = [line for line in table[3:] if line[0] != "校验"]
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow([*heading, "状态", "失败原因"])
    for line, state in zip(lines, states, strict=False):
        if alter:
            alter(line)
        if state:
            writer.writerow([*line, state, "户名不符" if state == "失败" else ""])
    return out.getvalue().encode("gbk")


def state_of(payout: Payout) -> State:
    return store.get(payout.no).state
