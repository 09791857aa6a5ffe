"""A statement as a workbook whose sums are formulas, so that a person can check every figure."""

from __future__ import annotations

import datetime as dt
import io
from typing import Any

import xlsxwriter
from xlsxwriter.utility import xl_rowcol_to_cell

from central.money.settlement.export.content import (
    DUE,
    FEE,
    GROSS,
    NET,
    Cell,
    Content,
)
from edge.contract.money import Money, decimal_text

_LABELS = 0
_VALUES = 2
"""Columns of the facts: their names, and what they are."""


def xlsx_of(content: Content, at_s: int) -> bytes:
    """Return the workbook.

    Args:
        at_s: When the statement was issued; stands in the file as its date, so that the same
            statement is the same file.
    """
    out = io.BytesIO()
    options = {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False}
    with xlsxwriter.Workbook(out, options) as book:
        created = dt.datetime.fromtimestamp(at_s, dt.UTC).replace(tzinfo=None)
        book.set_properties({"title": content.title, "created": created})
        _Sheet(book, content).write()
    return out.getvalue()


class _Sheet:
    """Writes one sheet from top to bottom."""

    def __init__(self, book: Any, content: Content) -> None:
        self._content = content
        self._sheet = book.add_worksheet(str(content.facts[0].value))
        places = _places(content)
        number = "#,##0" + ("." + "0" * places if places else "")
        self._money = book.add_format({"num_format": number})
        self._sum = book.add_format({"num_format": number, "bold": True, "top": 1})
        self._bold = book.add_format({"bold": True})
        self._head = book.add_format({"bold": True, "bottom": 1, "text_wrap": True})
        self._title = book.add_format({"bold": True, "font_size": 14})
        self._places = places
        self._at: dict[str, str] = {}

    def write(self) -> None:
        content, sheet = self._content, self._sheet
        sheet.write_string(0, 0, content.title, self._title)
        first = len(content.facts) + 3  # the table's head
        last = first + len(content.rows)
        total = last + 1
        self._sums(first + 1, last, total)
        self._facts()
        for place, column in enumerate(content.columns):
            sheet.write_string(first, place, column.title, self._head)
            sheet.set_column(place, place, max(column.chars, 2 * len(column.title)) + 1)
        for row, cells in enumerate(content.rows, start=first + 1):
            for place, cell in enumerate(cells):
                self._cell(row, place, cell)
            gross, fee = (xl_rowcol_to_cell(row, place) for place in (GROSS, FEE))
            self._formula(row, NET, f"{gross}-{fee}", cells[NET])
        sheet.freeze_panes(first + 1, 0)
        sheet.set_landscape()
        sheet.set_paper(9)  # A4
        sheet.fit_to_pages(1, 0)
        sheet.repeat_rows(first)

    def _sums(self, first: int, last: int, total: int) -> None:
        self._sheet.write_string(total, 0, self._content.total, self._bold)
        for place, amount in zip((GROSS, FEE, NET, DUE), self._content.totals, strict=True):
            cells = f"{xl_rowcol_to_cell(first, place)}:{xl_rowcol_to_cell(last, place)}"
            inside = f"SUM({cells})" if last >= first else "0"
            self._formula(total, place, inside, amount, self._sum)
            self._at[str(place)] = xl_rowcol_to_cell(total, place)

    def _facts(self) -> None:
        at = {fact.name: xl_rowcol_to_cell(row, _VALUES)
              for row, fact in enumerate(self._content.facts, start=1)}  # fmt: skip
        formulas = {
            "closing": f"{at['opening']}+{self._at[str(NET)]}",
            "due": self._at[str(DUE)],
            "pays": f"{at['due']}-{at['disputed']}",
        }
        for row, fact in enumerate(self._content.facts, start=1):
            self._sheet.write_string(row, _LABELS, fact.label, self._bold)
            if fact.name in formulas:
                self._formula(row, _VALUES, formulas[fact.name], fact.value)
            else:
                self._cell(row, _VALUES, fact.value)

    def _cell(self, row: int, place: int, cell: Cell) -> None:
        if isinstance(cell, Money):
            self._sheet.write_number(row, place, self._number(cell), self._money)
        elif isinstance(cell, int):
            self._sheet.write_number(row, place, cell)
        else:
            self._sheet.write_string(row, place, cell)

    def _formula(self, row: int, place: int, inside: str, result: Cell, form: Any = None) -> None:
        # Rounded, because a spreadsheet counts in binary fractions. The result stands beside it
        # for programs that do not calculate.
        assert isinstance(result, Money), "only amounts are calculated"
        formula = f"=ROUND({inside},{self._places})"
        self._sheet.write_formula(row, place, formula, form or self._money, self._number(result))

    def _number(self, amount: Money) -> float:
        return float(decimal_text(amount.minor, amount.currency))


def _places(content: Content) -> int:
    _, _, decimals = decimal_text(0, content.totals[0].currency).partition(".")
    return len(decimals)
