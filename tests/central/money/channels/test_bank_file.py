"""Payouts as a file for the bank, opened by people in spreadsheets, and what comes back."""

from __future__ import annotations

import csv
import datetime as dt
import hashlib
import io
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from central.errors import ChannelUnknown, RequestInvalid
from central.money.channels.bank_file import BankBatch, BankFile, read_results, write
from central.money.channels.ports import Payee, PayoutOrder, PayoutState
from central.money.channels.settings import BankFileSettings
from edge.contract.money import Money
from tests.central.channel import yuan

DAY = dt.date(2026, 4, 11)
GBK = BankFileSettings(
    account="6222020000000000", account_name="某某有限公司", encoding="gbk", bank="main"
)
UTF8 = BankFileSettings(
    account="6222020000000000", account_name="某某有限公司", encoding="utf-8-sig", bank="main"
)


def an_order(number: str = "OUT0000001", amount: str = "120.00", **bent: str) -> PayoutOrder:
    values = {"account": "6217000000000000001", "name": "王小明", "bank": "建设银行", **bent}
    remark = values.pop("remark", "五月佣金")
    return PayoutOrder(number, Payee(**values), yuan(amount), remark)


def a_batch(*orders: PayoutOrder) -> BankBatch:
    return BankBatch("B20260411001", DAY, orders or (an_order(), an_order("OUT0000002", "0.01")))


def table(file: BankFile, encoding: str) -> list[list[str]]:
    return list(csv.reader(io.StringIO(file.content.decode(encoding))))


# --- what goes out -------------------------------------------------------------------------------


@pytest.mark.parametrize("settings", [GBK, UTF8], ids=["gbk", "utf-8"])
def test_a_batch_is_a_table_with_its_number_its_count_and_its_sum(
    settings: BankFileSettings,
) -> None:
    file = write(a_batch(), settings)
    rows = table(file, settings.encoding)
    assert rows[1] == [
        "B20260411001", "2026-04-11", "6222020000000000", "某某有限公司", "CNY", "2", "120.01"
    ]  # fmt: skip
    assert rows[3] == [
        "1", "OUT0000001", "6217000000000000001", "王小明", "建设银行", "120.00", "五月佣金"
    ]  # fmt: skip
    assert (file.lines, file.total, file.name) == (2, yuan("120.01"), "payout-B20260411001.csv")


def test_only_utf8_has_a_mark_in_front() -> None:
    mark = b"\xef\xbb\xbf"
    assert write(a_batch(), UTF8).content.startswith(mark)
    assert write(a_batch(), UTF8).content.count(mark) == 1
    assert not write(a_batch(), GBK).content.startswith(mark)


def test_the_last_line_is_the_hash_of_all_before_it() -> None:
    file = write(a_batch(), GBK)
    before, _, last = file.content.rstrip(b"\r\n").rpartition(b"\r\n")
    told = last.decode("gbk").split(",")
    assert told == ["校验", "SHA-256", hashlib.sha256(before + b"\r\n").hexdigest()]
    assert file.sha256 == hashlib.sha256(file.content).hexdigest()


def test_the_same_batch_is_the_same_bytes() -> None:
    assert write(a_batch(), GBK) == write(a_batch(), GBK)


@pytest.mark.parametrize("beginning", ["=", "+", "-", "@", "\t", "＝", "＋", "－", "＠"])
def test_a_remark_is_never_a_formula(beginning: str) -> None:
    file = write(a_batch(an_order(remark=f"{beginning}HYPERLINK(1)")), GBK)
    cell = table(file, "gbk")[3][6]
    assert cell.startswith(("'", "HYPERLINK"))


@given(st.text(max_size=80))
def test_whatever_a_remark_is_a_spreadsheet_takes_it_for_text(remark: str) -> None:
    if any("\ud800" <= c <= "\udfff" for c in remark):
        return
    cell = table(write(a_batch(an_order(remark=remark)), UTF8), "utf-8-sig")[3][6]
    assert not cell.startswith(("=", "+", "-", "@", "\t", "\r", "\n"))
    assert len(table(write(a_batch(an_order(remark=remark)), UTF8), "utf-8-sig")) == 5


@pytest.mark.parametrize(
    "bent",
    [
        {"name": "=cmd|'/c calc'!A1"},
        {"name": "＝SUM(A1)"},
        {"name": "王\n小明"},
        {"name": ""},
        {"name": "王" * 61},
        {"bank": "+银行"},
        {"bank": ""},
        {"account": "=1+1"},
        {"account": "6217 0000"},
        {"account": "６２１７"},
        {"account": ""},
    ],
)
def test_what_the_bank_compares_is_written_as_it_is_or_not_at_all(bent: dict[str, str]) -> None:
    """A name with an apostrophe in front of it is another name."""
    with pytest.raises(RequestInvalid) as refusal:
        write(a_batch(an_order(**bent)), UTF8)
    assert "OUT0000001" in str(refusal.value)
    assert not bent.get("name") or bent["name"] not in str(refusal.value)


def test_a_name_that_the_encoding_cannot_write_is_refused() -> None:
    order = an_order(name="王𠀀")
    with pytest.raises(RequestInvalid, match="utf-8-sig"):
        write(a_batch(order), GBK)
    assert "王𠀀" in write(a_batch(order), UTF8).content.decode("utf-8-sig")


def test_a_batch_is_of_one_currency() -> None:
    euros = PayoutOrder("OUT0000002", an_order().payee, Money(1, "EUR"), "x")
    with pytest.raises(ValueError, match=r"EUR|currenc"):
        write(a_batch(an_order(), euros), GBK)


def test_a_payout_stands_in_a_batch_once() -> None:
    with pytest.raises(ValueError, match="once"):
        a_batch(an_order(), an_order())


@pytest.mark.parametrize("count", [0, 5001])
def test_a_batch_has_something_in_it_and_not_too_much(count: int) -> None:
    with pytest.raises(ValueError, match="1 to 5000"):
        BankBatch("B1", DAY, tuple(an_order(f"OUT{n:07d}") for n in range(count)))


def test_no_account_is_in_a_representation() -> None:
    file, order = write(a_batch(), GBK), an_order()
    assert order.payee.account not in repr(file) + repr(order)


# --- what comes back -----------------------------------------------------------------------------

ANSWER = """\
某某银行批量代发结果,,,,,
流水号,收款账号,收款户名,金额,处理结果,失败原因
OUT0000001,6217000000000000001,王小明,120.00,交易成功,
OUT0000002,6217000000000000001,王小明,0.01,交易失败,账号户名不符
"""


def read(text: str, batch: BankBatch | None = None, encoding: str = "gbk") -> Any:
    return read_results(text.encode(encoding), batch or a_batch())


@pytest.mark.parametrize("encoding", ["gbk", "utf-8-sig"])
def test_the_bank_s_answer_is_read(encoding: str) -> None:
    made, failed = read(ANSWER, encoding=encoding)
    assert (made.number, made.state, made.amount) == (
        "OUT0000001", PayoutState.PAID, yuan("120.00")
    )  # fmt: skip
    assert (failed.state, failed.fail_code) == (PayoutState.FAILED, "账号户名不符")
    assert made.fail_code == ""


def test_what_the_bank_does_not_name_is_not_in_the_result() -> None:
    text = "\n".join(ANSWER.splitlines()[:3])
    assert [t.number for t in read(text)] == ["OUT0000001"]


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("OUT0000001,6217000000000000001", "OUT0000001,'6217000000000000001"),
        ("OUT0000001,6217000000000000001", 'OUT0000001,"=""6217000000000000001"""'),
        ("OUT0000001,6217000000000000001", "OUT0000001\t,\t6217000000000000001\t"),
        ("120.00", '"120.00"'),
        ("流水号,收款账号", "业务参考号,收方账号"),
        ("交易成功", "成功"),
        ("交易成功", "SUCCESS"),
        ("OUT0000002", "\n#说明\nOUT0000002"),
    ],
)
def test_what_spreadsheets_and_banks_do_to_a_file_does_no_harm(old: str, new: str) -> None:
    assert old in ANSWER
    told, plain = read(ANSWER.replace(old, new, 1)), read(ANSWER)
    assert [replace(t, channel_state="") for t in told] == [
        replace(t, channel_state="") for t in plain
    ]


def test_thousands_may_be_told_apart() -> None:
    batch = a_batch(an_order(amount="1234567.89"))
    text = ANSWER.replace("120.00", '"1,234,567.89"').rsplit("OUT0000002", 1)[0]
    assert read(text, batch)[0].amount == yuan("1234567.89")


def test_what_is_under_way_is_not_failed() -> None:
    assert read(ANSWER.replace("交易失败", "处理中"))[1].state is PayoutState.PROCESSING


@pytest.mark.parametrize(
    ("old", "new", "code"),
    [
        (ANSWER, "", "unreadable"),
        ("流水号", "编号", "unreadable"),
        ("处理结果", "备考", "unreadable"),
        ("120.00", "120.0.0", "unreadable"),
        ("120.00", "", "unreadable"),
        ("120.00", "120.01", "differs"),
        ("120.00", "0.01", "differs"),
        ("6217000000000000001,王小明,120", "6217000000000000002,王小明,120", "differs"),
        ("6217000000000000001,王小明,120", "6.217E+18,王小明,120", "differs"),
        ("OUT0000002", "OUT0000009", "other-number"),
        ("OUT0000002", "OUT0000001", "twice"),
        ("交易成功", "成功？", "new-state"),
        ("交易成功", "", "new-state"),
    ],
)
def test_a_file_that_does_not_fit_the_batch_is_taken_for_nothing(
    old: str, new: str, code: str
) -> None:
    """Somebody may have sorted half of it, or a spreadsheet has rounded the accounts."""
    changed = ANSWER.replace(old, new, 1)
    if code == "twice":
        changed = changed.replace("0.01", "120.00")
    with pytest.raises(ChannelUnknown) as failure:
        read(changed)
    assert failure.value.code == code


def test_a_file_of_bytes_is_none() -> None:
    with pytest.raises(ChannelUnknown) as failure:
        read_results(b"\xef\xbb\xbf\xff\xff", a_batch())
    assert failure.value.code == "unreadable"
