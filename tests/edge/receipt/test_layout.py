"""Documents on paper: golden receipts, and what holds for any text on any width."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.contract.bundle import Product
from edge.contract.ids import ProductId
from edge.contract.receipt_template import ReceiptTemplate
from edge.contract.voucher_token import VoucherKind
from edge.devices.paper import Row, Style, columns_of, printable
from edge.receipt import document as documents
from edge.receipt.document import Code, Cut, Line, Pair, Rule, Shop, Title
from edge.receipt.layout import centre, lay_out, spread, wrap
from tests.edge.receipt.papers import GOLDEN, GOLDENS, a_receipt, a_stub, drawn, translate


@pytest.mark.parametrize("columns", [48, 32])
@pytest.mark.parametrize("name", GOLDENS)
def test_a_receipt_looks_like_its_golden_file(name: str, columns: int) -> None:
    """After a wanted change: ``python -m tests.edge.receipt.write_golden``, and look at them."""
    golden = (GOLDEN / f"{name}-{columns}.txt").read_text("utf-8")
    assert drawn(lay_out(GOLDENS[name], columns), columns) == golden


def test_there_is_no_golden_file_that_nobody_checks() -> None:
    wanted = {f"{name}-{columns}.txt" for name in GOLDENS for columns in (48, 32)}
    assert {path.name for path in GOLDEN.iterdir()} == wanted


WRAPPED: list[tuple[str, int, list[str]]] = [
    ("", 10, [""]),
    ("short", 10, ["short"]),
    ("exactly10!", 10, ["exactly10!"]),
    ("two words", 5, ["two", "words"]),
    ("two words", 8, ["two", "words"]),
    ("two words", 9, ["two words"]),
    ("aaaaaaaaaaaaa", 5, ["aaaaa", "aaaaa", "aaa"]),
    ("x aaaaaaa", 5, ["x", "aaaaa", "aa"]),
    ("这是一行很长的字", 8, ["这是一行", "很长的字"]),
    ("这是一行很长的字", 7, ["这是一", "行很长", "的字"]),
    ("a这是一行", 4, ["a这", "是一", "行"]),
    ("券 voucher 号", 8, ["券", "voucher", "号"]),
    ("a\nb", 10, ["a", "b"]),
    ("a\n\nb", 10, ["a", "", "b"]),
    ("  leading", 20, ["  leading"]),
    ("trailing   ", 20, ["trailing"]),
    ("¥88.00", 7, ["￥88.00"]),
]


@pytest.mark.parametrize(("text", "columns", "lines"), WRAPPED)
def test_long_text_is_cut_between_words_and_anywhere_in_chinese(
    text: str, columns: int, lines: list[str]
) -> None:
    assert wrap(text, columns) == lines


@pytest.mark.parametrize(
    ("label", "value", "columns", "rows"),
    [
        ("金额", "¥88.00", 20, ["金额         ￥88.00"]),
        ("Receipt", "17", 10, ["Receipt 17"]),
        ("Receipt", "1234", 10, ["Receipt", "      1234"]),
        ("A very long label", "x", 10, ["A very", "long label", "         x"]),
        ("L", "012345678901234", 10, ["L", "0123456789", "     01234"]),
    ],
)
def test_label_and_value_stand_at_the_edges(
    label: str, value: str, columns: int, rows: list[str]
) -> None:
    assert list(spread(label, value, columns)) == rows


@pytest.mark.parametrize(
    ("text", "row"), [("ab", "    ab"), ("券", "    券"), ("0123456789", "0123456789")]
)
def test_a_title_stands_in_the_middle(text: str, row: str) -> None:
    assert centre(text, 10) == row


def test_every_part_becomes_rows_of_its_style() -> None:
    document = (Title("T"), Line("L"), Pair("k", "v", large=True), Rule(), Code("data"), Cut())
    assert [(row.style, row.text.strip()) for row in lay_out(document, 16)] == [
        (Style.LARGE, "T"), (Style.NORMAL, "L"), (Style.LARGE, "k      v"),
        (Style.NORMAL, "-" * 16), (Style.QR, "data"), (Style.CUT, ""),
    ]  # fmt: skip


# --- any text ------------------------------------------------------------------------------------

texts = st.text(max_size=60) | st.text("券 ab¥é\u0301\x1b\n", max_size=60)
widths = st.integers(16, 64)
parts = st.one_of(
    st.builds(Title, texts),
    st.builds(Line, texts, st.booleans()),
    st.builds(Pair, texts, texts, st.booleans()),
)


def said(text: str) -> str:
    """What of a text can be on paper, without its spaces."""
    return re.sub(r"\s", "", printable(text))


def width_of(row: Row) -> int:
    return columns_of(row.text) * (2 if row.style is Style.LARGE else 1)


@given(st.lists(parts, max_size=5), widths)
def test_no_row_is_wider_than_the_paper(document: list[Title | Line | Pair], columns: int) -> None:
    for row in lay_out(tuple(document), columns):
        assert width_of(row) <= columns
        assert printable(row.text) == row.text


@given(parts, widths)
def test_no_text_is_lost(part: Title | Line | Pair, columns: int) -> None:
    told = "".join(row.text for row in lay_out((part,), columns))
    texts_in = [part.label, part.value] if isinstance(part, Pair) else [part.text]
    assert said(told) == "".join(map(said, texts_in))


names = st.text(min_size=1, max_size=40)


@given(name=names, store=names, line=names, clerk=names, columns=st.sampled_from([32, 48]))
def test_any_receipt_fits_and_says_everything(
    name: str, store: str, line: str, clerk: str, columns: int
) -> None:
    product = Product(ProductId(1), {"en": name}, VoucherKind.SINGLE, 8800)
    template = ReceiptTemplate(1, ("en",), {"en": (line,)}, {"en": (line,)})
    document = a_receipt(
        a_stub(product=product, clerk=clerk), template=template,
        shop=Shop(store, "CNY", "Asia/Shanghai"),
    )  # fmt: skip
    rows = lay_out(document, columns)
    assert all(width_of(row) <= columns for row in rows if row.style is not Style.QR)
    told = said("".join(row.text for row in rows))
    assert all(said(text) in told for text in (name, store, line, clerk))


@pytest.mark.parametrize("columns", [16, 24, 32, 42, 48])
@pytest.mark.parametrize("locale", ["zh-CN", "en"])
def test_the_test_page_fits_every_paper(columns: int, locale: str) -> None:
    rows = lay_out(documents.self_test("generic-58-gbk", columns, translate, locale), columns)
    assert all(width_of(row) <= columns for row in rows if row.style is not Style.QR)
