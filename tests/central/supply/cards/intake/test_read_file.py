"""Files as suppliers really send them."""

from __future__ import annotations

import io

import openpyxl
import pytest

from central.errors import RequestInvalid
from central.supply.cards.card import Card, Fault
from central.supply.cards.intake.read_file import Layout, Line, from_bytes, lines

PAIRS = [Card("AB12-CD34", "880001"), Card("EF56-GH78", "880002")]


def read(content: bytes, layout: Layout = Layout.AUTO) -> list[Line]:
    return list(lines(from_bytes("keys", content, layout)))


def cards(content: bytes, layout: Layout = Layout.AUTO) -> list[Card | None]:
    return [line.card for line in read(content, layout)]


def xlsx(*found: list[object]) -> bytes:
    book = openpyxl.Workbook()
    for row in found:
        book.active.append(row)
    file = io.BytesIO()
    book.save(file)
    return file.getvalue()


TEXT = "卡号,卡密\n880001,AB12-CD34\n\n880002,EF56-GH78\n"
FILES = {
    "utf-8": TEXT.encode(),
    "utf-8 with a mark": TEXT.encode("utf-8-sig"),
    "gbk": TEXT.encode("gbk"),
    "utf-16": TEXT.encode("utf-16"),
    "windows": TEXT.replace("\n", "\r\n").encode(),
    "tabs": TEXT.replace(",", "\t").encode(),
    "bars": TEXT.replace(",", "|").encode(),
    "the trade's own": TEXT.replace(",", "----").encode(),
    "quoted": b'"number","secret"\n"880001","AB12-CD34"\n"880002","EF56-GH78"',
    "xlsx": xlsx(["卡号", "卡密"], [880001, "AB12-CD34"], [], ["880002", "EF56-GH78"]),
    "without a heading": b"880001,AB12-CD34\n880002,EF56-GH78",
}


@pytest.mark.parametrize("content", FILES.values(), ids=FILES)
def test_every_kind_of_file_gives_the_same_cards(content: bytes) -> None:
    assert cards(content) == PAIRS


def test_secrets_alone() -> None:
    assert cards(b"AB12-CD34\nEF56-GH78") == [Card("AB12-CD34"), Card("EF56-GH78")]
    assert cards(b"AB12,CD34\nEF;56", Layout.SECRET) == [Card("AB12,CD34"), Card("EF;56")]
    assert cards(xlsx(["AB12-CD34"], ["EF56-GH78"])) == [Card("AB12-CD34"), Card("EF56-GH78")]


def test_a_key_that_looks_like_a_word_is_no_heading() -> None:
    assert cards(b"KEYBOARD-PIN\nPINEAPPLES") == [Card("KEYBOARD-PIN"), Card("PINEAPPLES")]
    assert cards(b"Card Number,PIN\n880001,AB12-CD34") == PAIRS[:1]


def test_lines_that_are_no_keys_keep_their_numbers() -> None:
    found = read(
        "卡号,卡密\n1,库存不足\n\n2,=1+1\n3,AB12-CD34\n4\n5,AB,CD\n".encode(), Layout.NUMBER_SECRET
    )
    assert [(line.n, line.fault) for line in found] == [
        (2, Fault.ERROR_TEXT), (4, Fault.FORMULA), (5, None), (6, Fault.COLUMNS),
        (7, Fault.COLUMNS),
    ]  # fmt: skip


def test_a_spreadsheet_that_has_rounded_a_number_or_calculates_is_told() -> None:
    found = read(xlsx([1234567890123456], ["=A1"], [12.5], ["0012345678"], [87654321]))
    assert [line.fault for line in found] == [
        Fault.ROUNDED, Fault.FORMULA, Fault.ROUNDED, None, None,
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("content", "why"),
    [(b"\xff\xfa\x81", "neither"), (b"PK\x03\x04nonsense", "not an xlsx"), (b'a,"b"c\n', "line 1")],
    ids=["no text", "no spreadsheet", "no csv"],
)
def test_what_cannot_be_read_is_told_in_a_sentence(content: bytes, why: str) -> None:
    with pytest.raises(RequestInvalid, match=why):
        read(content)
