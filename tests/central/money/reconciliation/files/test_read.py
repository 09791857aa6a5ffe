"""A file is read as it is written, and whatever is wrong with it names its line."""

from __future__ import annotations

from pathlib import Path

import pytest

from central.errors import ConfigInvalid, NotFound, RequestInvalid
from central.money.reconciliation.files.layouts import load
from central.money.reconciliation.files.read import BYTES_MAX, read
from central.money.reconciliation.files.take import days
from central.money.reconciliation.model import BillKind
from tests.central.money.reconciliation.files.statements import BANK, SETTINGS, SUPPLIER, layouts

TODAY = 20260414


def of_bank(directory: Path, text: str | bytes) -> list[tuple[int, int, str, str, int | None]]:
    raw = text if isinstance(text, bytes) else text.encode()
    rows = read(raw, layouts(directory).get("bank.main"))
    return [
        (row.day, row.line.amount.minor, row.line.number, row.line.channel_number, row.balance)
        for row in rows
    ]


READ = [
    (20260411, -100_000, "PF7", "T1", 900_000), (20260411, 9_179, "", "T2", 909_179),
    (20260413, 21, "", "T3", 909_200),
]  # fmt: skip
HEAD, *LINES, END = BANK.splitlines()[2:]
SAME = {
    "UTF-8": BANK.encode(),
    "GBK": BANK.encode("gb18030"),
    "with a BOM": b"\xef\xbb\xbf" + BANK.encode(),
    "Windows' line ends": BANK.replace("\n", "\r\n").encode(),
    "tabs between": BANK.replace('"1,000.00"', "1000.00").replace('"9,092.00"', "9092.00")
    .replace(",", "\t").encode(),
    "the newest first": "\n".join([HEAD, *LINES[::-1], END]).encode(),
    "numbers that a spreadsheet must not touch": BANK.replace(",T1,", ',"=""T1""",').encode(),
    "tabs and apostrophes": BANK.replace(",T1,", ",'T1\t,").encode(),
    "currency signs": BANK.replace("91.79,,", "¥91.79,,").encode(),
    "empty lines": BANK.replace("\n2026", "\n\n,,,,,,\n2026").encode(),
}  # fmt: skip


@pytest.mark.parametrize("raw", SAME.values(), ids=SAME)
def test_the_same_is_read_however_it_is_written(tmp_path: Path, raw: bytes) -> None:
    assert of_bank(tmp_path, raw) == READ


WRONG = {
    "no heading": ("a,b\n1,2\n", "There is no heading with 交易日期"),
    "cut off in a row": ("\n".join([HEAD, LINES[1][:-12]]), "line 2: it has more or fewer fields"),
    "cut off in quotes": ("\n".join([HEAD, LINES[0][:32]]), "line 2: "),
    "cut off between rows": ("\n".join([HEAD, *LINES]), "line 4: 合计 is missing, it is cut off"),
    "a balance that does not follow": (
        BANK.replace("9091.79", "9091.80"), "line 5: its balance does not follow",
    ),
    "a line too few": (BANK.replace(LINES[1] + "\n", ""), "line 5: its balance does not follow"),
    "a wrong sum": (BANK.replace("合计,,,92.00", "合计,,,93.00"), "line 7: 收入 is not what"),
    "another currency": (
        BANK.replace("人民币", "美元", 1), "line 4: it is in '美元' and not in CNY",
    ),
    "a formula for a number": (BANK.replace("T2", "=1+2"), "line 5: its 流水号 begins like a form"),
    "a formula for a remark": (BANK.replace("结息", "@SUM(A1)"), "line 6: its 摘要 begins like"),
    "a formula for an amount": (BANK.replace("91.79,,", "=90+1.79,,"), "line 5: an amount is none"),
    "a rounded number": (BANK.replace("T2", "6.2E+18"), "line 5: its 流水号 was rounded"),
    "too many decimals": (BANK.replace("0.21", "0.215"), "line 6: an amount is too long"),
    "an endless amount": (BANK.replace("0.21", "9" * 40), "line 6: an amount is too long"),
    "both in and out": (BANK.replace("0.21,,", "0.21,1.00,"), "line 6: it has both 收入 and 支出"),
    "another kind of day": (BANK.replace("2026-04-13", "13.04.2026"), "line 6: its day is not"),
    "no day at all": (BANK.replace("2026-04-13", "2026-02-30"), "line 6: its day is not"),
    "a line twice": (
        BANK.replace(END, LINES[2] + "\n" + END).replace(
            LINES[2] + "\n" + LINES[2], LINES[2] + "\n2026-04-13,T4,CNY,,0.21,9091.79,\n" + LINES[2]
        ).replace("92.00,1000.00", "92.21,1000.21"), "line 8: it is line 6 again",
    ),
    "after its end": (BANK + LINES[0], "line 8: it comes after 合计"),
    "a spreadsheet": ("PK\x03\x04\x00\x00", "is no text"),
    "an open quote": (BANK.replace("结息", '"结息'), "line 7: it is not CSV"),
}  # fmt: skip


@pytest.mark.parametrize(("text", "why"), WRONG.values(), ids=WRONG)
def test_what_is_wrong_names_its_line_and_nothing_is_taken(
    tmp_path: Path, text: str, why: str
) -> None:
    with pytest.raises(RequestInvalid) as refused:
        of_bank(tmp_path, text)
    assert why in refused.value.detail


def test_neither_utf_8_nor_gbk_is_refused(tmp_path: Path) -> None:
    with pytest.raises(RequestInvalid, match="neither UTF-8 nor GBK"):
        of_bank(tmp_path, b"\xff\xff\xff")


def test_a_huge_file_is_refused_by_its_size(tmp_path: Path) -> None:
    with pytest.raises(RequestInvalid, match="larger than 16 MiB"):
        of_bank(tmp_path, bytes(BYTES_MAX + 1))


def test_a_signed_amount_and_another_day_and_currency(tmp_path: Path) -> None:
    raw = b"Date;Ref;Amount;Balance\n11/04/2026;R1;-12.50;87.5\n11/04/2026;R2;+1.00;88.50\n"
    rows = read(raw, layouts(tmp_path).get("bank.plain"))
    assert [(row.line.amount.minor, row.line.amount.currency, row.balance) for row in rows] == [
        (-1250, "USD", 8750), (100, "USD", 8850),
    ]  # fmt: skip


def test_a_supplier_s_states_say_which_way_the_money_went(tmp_path: Path) -> None:
    rows = read(SUPPLIER.encode(), layouts(tmp_path).get("supplier.kasushou"))
    assert [(r.day, r.line.number, r.line.channel_number, r.line.amount.minor) for r in rows] == [
        (20260411, "O1", "K1", -4000), (20260412, "O1", "K3", 4000),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("old", "new", "why"),
    [("失败", "处理中", "line 3: its state '处理中' is in none"),
     ("40.00,成功", "-40.00,成功", "line 2: its amount is negative"),
     ("O2,K2", ",", "line 3: it has no number"),
     ("40.00,已退款", "40.00,已退", "line 4: its state '已退' is in none")],
)  # fmt: skip
def test_what_a_supplier_does_not_say_clearly_is_refused(
    tmp_path: Path, old: str, new: str, why: str
) -> None:
    with pytest.raises(RequestInvalid) as refused:
        read(SUPPLIER.replace(old, new).encode(), layouts(tmp_path).get("supplier.kasushou"))
    assert why in refused.value.detail


def test_a_file_is_a_bill_for_each_of_its_days(tmp_path: Path) -> None:
    told = days("bank.main", layouts(tmp_path).get("bank.main"), BANK.encode(), TODAY)
    assert [(one.kind, one.account, one.day, len(one.lines), one.opening, one.closing)
            for one in told] == [
        (BillKind.BANK, "1030.main", 20260411, 2, 1_000_000, 909_179),
        (BillKind.BANK, "1030.main", 20260412, 0, None, None),
        (BillKind.BANK, "1030.main", 20260413, 1, 909_179, 909_200),
    ]  # fmt: skip


def test_a_day_that_is_not_over_and_a_file_of_nothing_are_refused(tmp_path: Path) -> None:
    layout = layouts(tmp_path).get("bank.main")
    with pytest.raises(RequestInvalid, match="line 6: its day is not over"):
        days("bank.main", layout, BANK.encode(), 20260413)
    with pytest.raises(RequestInvalid, match="no line"):
        days("bank.main", layout, f"{HEAD}\n{END.replace('92.00,1000.00', '0,0')}".encode(), TODAY)
    years = BANK.replace("2026-04-11", "2024-04-11")
    with pytest.raises(RequestInvalid, match="366 days at most"):
        days("bank.main", layout, years.encode(), TODAY)


@pytest.mark.parametrize(
    ("text", "why"),
    [("[bank.main]\nnumber = 'x'\n", "bank.main.date: Field required"),
     (SETTINGS.replace('income = "收入"', ""), "bank.main: set amount, or income and outgo"),
     (SETTINGS.replace("[bank.main]", "[bank.a_b]"), "letters, digits and hyphens"),
     (SETTINGS.replace("outgo", "outgoing"), "Extra inputs"),
     (SETTINGS.replace("[A-Z]{2,4}[0-9]+", "["), "no regular expression"),
     ("= 1", "cannot be read")],
)  # fmt: skip
def test_settings_that_say_too_little_are_refused(tmp_path: Path, text: str, why: str) -> None:
    with pytest.raises(ConfigInvalid) as refused:
        layouts(tmp_path, text)
    assert why in refused.value.detail


def test_a_source_that_nobody_has_described_is_not_found(tmp_path: Path) -> None:
    assert layouts(tmp_path).sources == ["bank.main", "bank.plain", "supplier.kasushou"]
    with pytest.raises(NotFound, match=r"did you mean bank\.main"):
        layouts(tmp_path).get("bank.mai")
    assert load(tmp_path / "none.toml").sources == []
