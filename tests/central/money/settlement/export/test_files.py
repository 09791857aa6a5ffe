"""The same figures in every file, and they are the ledger's."""

from __future__ import annotations

import csv
import hashlib
import io
import re
from pathlib import Path
from typing import Any, NamedTuple

import openpyxl
import pytest

from central.errors import Conflict, FontMissing, NotFound
from central.foundation.db.engine import rows as select
from central.money.ledger.balance import balance
from central.money.settlement import store as books
from central.money.settlement.export.content import Papers, content_of, safe
from central.money.settlement.export.csv_file import csv_of
from central.money.settlement.export.files import FORMATS, export
from central.money.settlement.export.pdf_file import FONTS, pdf_of
from central.money.settlement.export.xlsx_file import xlsx_of
from central.money.settlement.fees.charge import NO_FEE
from central.money.settlement.model import LineKind, State, Statement, Totals
from central.money.settlement.statements.answer import dispute
from central.stores.units import steer
from edge.contract.ids import StoreGroup, StoreId
from edge.contract.money import Money, decimal_text
from edge.contract.policy import Mode
from tests import builders as b
from tests.central.builders import (
    GIFT,
    OTHER_STORE,
    TODAY,
    ZONE,
    Database,
    a_voucher,
    enrolled,
    furnish,
)
from tests.central.money.settlement.builders import ACCOUNT, FACTS, at, charge, day_of, issue
from tests.central.money.settlement.export import pdf_text

NO = f"{b.STORE}-{day_of(1)}"
LOCALES = ["en", "zh-CN"]
needs_font = pytest.mark.skipif(
    not any(font.exists() for font in FONTS), reason="no font: apt-get install fonts-wqy-microhei"
)


class Told(NamedTuple):
    """What a file says: its lines' amounts as texts, its totals, and what stands above."""

    lines: list[list[str]]
    totals: list[str]
    facts: dict[str, str]


@pytest.fixture
def statement(sqlite_database: Database) -> Statement:
    """Fees, something late, something taken back, a claim, and a disputed line."""
    furnish()
    charge((0, 6000), (20_000, 5000), fixed=10)
    solo, exact = enrolled("unit"), enrolled("other", OTHER_STORE)
    lunch, card = a_voucher(scope=0), a_voucher(GIFT)
    solo.accept(lunch)
    solo.deliver()
    issue()
    exact.accept(lunch, mode=Mode.ONLINE)
    exact.deliver(at_s=at(day_of(1), 12))
    solo.accept(card, 7, at_s=b.NOW_S + 60)
    solo.accept(card, 12345, at_s=at(day_of(1), 12))
    solo.deliver(2, at_s=at(day_of(1), 13))
    [second] = [one for one in issue(day_of(1)) if one.store == b.STORE]
    assert {str(line.kind) for line in books.lines_of(NO)} == {"redemption", "correction", "claim"}
    dispute(NO, [4], "=HYPERLINK(1)", "wang", at(day_of(2), 11))
    return books.statement(second.no)


def expected(one: Statement) -> Told:
    """What the ledger and the statement say, in the words of the files."""

    def text(minor: int) -> str:
        return decimal_text(minor, one.currency)

    lines = []
    for line in books.lines_of(one.no):
        [(change,)] = select(
            "SELECT sum(-side * amount) FROM entry e JOIN account a ON a.id = e.account_id"
            " WHERE a.code = ? AND journal_id = ?",
            (ACCOUNT, line.journal_id),
        )
        assert change == line.gross
        amounts = map(text, (line.gross, line.fee, line.net, line.due))
        lines.append([str(line.n), *amounts, str(line.journal_id)])
    t = one.totals
    assert t.closing == balance(ACCOUNT).posted
    return Told(
        lines,
        [text(minor) for minor in (t.gross, t.fee, t.net, t.due)],
        {
            "opening": text(t.opening), "closing": text(t.closing), "due": text(t.due),
            "disputed": text(one.disputed), "pays": text(one.pays), "hash": (one.hash or b"").hex(),
        },
    )  # fmt: skip


def labels(one: Statement, locale: str) -> dict[str, str]:
    shop = next(s for s in FACTS.shops() if s.id == one.store)
    content = content_of(Papers(one, books.lines_of(one.no), shop, NO_FEE, locale))
    return {fact.label: fact.name for fact in content.facts}


def told_by_csv(body: bytes, names: dict[str, str]) -> Told:
    assert body.startswith(b"\xef\xbb\xbf")
    found = list(csv.reader(io.StringIO(body.decode("utf-8-sig"), newline="")))
    gap = found.index([])
    facts = {names[label]: value for label, value in found[1:gap]}
    lines = [[row[0], *row[6:]] for row in found[gap + 2 : -1]]
    return Told(lines, found[-1][6:10], facts)


def told_by_xlsx(body: bytes, names: dict[str, str]) -> Told:
    """Reads what each formula says that it comes to, and works it out besides."""
    values = openpyxl.load_workbook(io.BytesIO(body), data_only=True).active
    formulas = openpyxl.load_workbook(io.BytesIO(body)).active
    assert values is not None
    assert formulas is not None

    def text(value: Any) -> str:
        return str(value) if isinstance(value, str) else money(value)

    for row in formulas.iter_rows():
        for cell in row:
            if cell.data_type == "f":
                worked = calculated(str(cell.value), values)
                assert f"{worked:.2f}" == text(float(values[cell.coordinate].value)), cell.value
    cells = [[cell.value for cell in row] for row in values.iter_rows()]
    facts = {names[row[0]]: text(row[2]) for row in cells[1:] if row[0] in names}
    first = next(n for n, row in enumerate(cells) if n and row[6] is not None) + 1
    lines = [[str(row[0]), *map(money, row[6:10]), str(row[10])] for row in cells[first:-1]]
    return Told(lines, [money(value) for value in cells[-1][6:10]], facts)


def money(value: Any) -> str:
    return f"{float(value):.2f}"


def calculated(formula: str, sheet: Any) -> float:
    """Work a formula of ours out: a sum of cells, added or subtracted, rounded."""
    inside = re.fullmatch(r"=ROUND\((.*),2\)", formula)
    assert inside is not None, formula

    def cells(match: re.Match[str]) -> str:
        return str(sum(row[0].value or 0 for row in sheet[match[1]]))

    plain = re.sub(r"SUM\(([A-Z]+\d+:[A-Z]+\d+)\)", cells, inside[1])
    plain = re.sub(r"[A-Z]+\d+", lambda m: f"({sheet[m[0]].value})", plain)
    assert re.fullmatch(r"[\d.()+-]+", plain), plain
    return round(float(eval(plain)), 2)  # digits, brackets and signs only


def told_by_pdf(body: bytes, names: dict[str, str]) -> Told:
    found = pdf_text.rows(body)
    pairs = [(row[n], row[n + 1]) for row in found for n in range(len(row) - 1)]
    facts = {names[label]: value for label, value in pairs if label in names}
    lines = [[row[0], *row[-5:]] for row in found if row[0].isdigit() and len(row) > 6]
    [totals] = [row[1:] for row in found if row[0] in {"Total", "合计"}]
    return Told(lines, totals, facts)


READERS = {"csv": told_by_csv, "xlsx": told_by_xlsx, "pdf": told_by_pdf}


@needs_font
@pytest.mark.parametrize("locale", LOCALES)
def test_every_file_says_what_the_ledger_says(statement: Statement, locale: str) -> None:
    wanted, names = expected(statement), labels(statement, locale)
    assert len(wanted.lines) == 4
    assert wanted.facts["disputed"] == "122.61"
    for ending, read in READERS.items():
        told = read(export(FACTS, NO, ending, locale).content, names)
        assert told.lines == wanted.lines, ending
        assert told.totals == wanted.totals, ending
        assert {name: told.facts[name] for name in wanted.facts} == wanted.facts, ending
        assert told.facts["no"] == NO
        assert told.facts["store"] == "S0412 静安店"


def test_the_text_has_the_hash_that_stands_on_the_statement(statement: Statement) -> None:
    file = export(FACTS, NO, "txt", "en")
    assert hashlib.sha256(file.content).digest() == statement.hash
    assert (file.name, file.content_type) == (f"{NO}.txt", FORMATS["txt"])


@needs_font
def test_the_same_statement_is_the_same_file(statement: Statement) -> None:
    for ending in FORMATS:
        first, second = (export(FACTS, NO, ending, "zh-CN").content for _ in range(2))
        assert first == second, ending


def test_what_may_still_change_is_not_exported(statement: Statement) -> None:
    till = enrolled("third")
    till.accept(a_voucher(), at_s=at(day_of(2), 12))
    till.deliver(at_s=at(day_of(2), 12))
    issue(day_of(1))
    with pytest.raises(Conflict, match="is a draft"):
        export(FACTS, f"{b.STORE}-{day_of(2)}", "csv", "en")
    for no, ending in ((NO, "docx"), (NO, "../csv"), ("S0412-20990101", "csv")):
        with pytest.raises(NotFound):
            export(FACTS, no, ending, "en")


def test_a_name_is_never_a_formula(statement: Statement) -> None:
    shop = FACTS.shops()[0]._replace(name='=HYPERLINK("http://evil.example")')
    content = content_of(Papers(statement, books.lines_of(NO), shop, NO_FEE, "en"))
    assert safe(["=1+1", "+1", "-1", "@x", "\tx", "＝1", Money(-8800, "CNY"), -5, "88"]) == [
        "'=1+1", "'+1", "'-1", "'@x", "'\tx", "'＝1", "-88.00", "-5", "88",
    ]  # fmt: skip
    for row in csv.reader(io.StringIO(csv_of(content).decode("utf-8-sig"))):
        assert not any(cell.startswith(("=", "@", "+")) for cell in row)
    sheet = openpyxl.load_workbook(io.BytesIO(xlsx_of(content, 0))).active
    assert sheet is not None
    formulas = [c.value for row in sheet.iter_rows() for c in row if c.data_type == "f"]
    assert all(str(formula).startswith("=ROUND(") for formula in formulas)
    assert any("HYPERLINK" in str(c.value) for row in sheet.iter_rows() for c in row)


def test_without_a_font_it_is_said_which_is_missing(statement: Statement, tmp_path: Path) -> None:
    content = content_of(Papers(statement, (), FACTS.shops()[0], NO_FEE, "zh-CN"))
    with pytest.raises(FontMissing, match="Install fonts-wqy-microhei"):
        pdf_of(content, 0, [tmp_path / "nothing.ttc"])


@needs_font
def test_a_long_statement_has_its_head_on_every_page_and_cuts_no_amount(
    statement: Statement,
) -> None:
    [line] = [one for one in books.lines_of(NO) if one.kind is LineKind.CLAIM]
    many = tuple(
        line._replace(n=n, gross=2**62, net=2**62, settles="S0412-20260411/1" * 9)
        for n in range(1, 101)
    )
    shop = FACTS.shops()[0]._replace(name="静安店" * 20)
    content = content_of(Papers(statement, many, shop, NO_FEE, "en"))
    body = pdf_of(content, 0)
    found = pdf_text.texts(body)
    pages = max(one.page for one in found)
    assert pages == 4
    assert sum(one.text == "Voucher" for one in found) == pages
    assert sum(one.text == decimal_text(2**62, "CNY") for one in found) == 200
    assert {f"{n} / {pages}" for n in range(1, pages + 1)} <= {one.text for one in found}


def test_a_statement_without_a_name_in_its_currency_s_decimals(sqlite_database: Database) -> None:
    """A currency without decimals has none in any file."""
    steer.add_store(StoreId("S9"), "京都", StoreGroup(9), ZONE, b.NOW_S)
    one = Statement(
        "S9-20260411", StoreId("S9"), 1, TODAY, "JPY", State.ISSUED,
        Totals(0, 500, 3, 497, 497, 497, 0), 0, 0, None, 0, bytes(32), bytes(32), 0, 0,
        None, None, None, None, None, None,
    )  # fmt: skip
    [shop] = [s for s in FACTS.shops() if s.id == "S9"]
    content = content_of(Papers(one, (), shop, NO_FEE, "en"))
    assert csv_of(content).decode().splitlines()[-1] == "Total,,,,,,500,3,497,497,"
    sheet = openpyxl.load_workbook(io.BytesIO(xlsx_of(content, 0))).active
    assert sheet is not None
    assert sheet["G21"].value == "=ROUND(0,0)"
