"""Tables to take away, as CSV and as a workbook, in which no text becomes a formula. Pure."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence

from edge.contract.money import Money, decimal_text

Cell = str | int | Money
BOM = "\ufeff"
"""Without it, a spreadsheet on Windows takes UTF-8 for something else."""
CONTENT_TYPES = {
    "csv": "text/csv; charset=utf-8",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}


def guarded(text: str) -> str:
    """Return a text that no spreadsheet takes for a formula."""
    # OWASP, "CSV Injection": these begin a formula, the wide ones in Chinese settings too.
    return f"'{text}" if text.startswith(tuple("=+-@\t\r\n＝＋－＠")) else text


def csv_of_rows(table: Iterable[Sequence[Cell]]) -> bytes:
    """Return a table as UTF-8 with BOM and CRLF.

    What we count ourselves is left alone: a negative amount begins with a minus.
    """
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerows([_text(cell) for cell in row] for row in table)
    return (BOM + out.getvalue()).encode()


def xlsx_of_rows(table: Iterable[Sequence[Cell]], title: str) -> bytes:
    """Return a table as a workbook of one sheet, its first row as its head.

    Args:
        title: Of the sheet; 31 characters of it.
    """
    import xlsxwriter  # noqa: PLC0415 - a third of a second that others need not

    out = io.BytesIO()
    options = {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False}
    with xlsxwriter.Workbook(out, options) as book:
        sheet = book.add_worksheet("".join(c for c in title if c not in "[]:*?/\\'")[:31])
        bold = book.add_format({"bold": True, "bottom": 1})
        forms: dict[str, object] = {}
        for n, row in enumerate(table):
            for place, cell in enumerate(row):
                if isinstance(cell, Money):
                    text = decimal_text(cell.minor, cell.currency)
                    _, _, decimals = text.partition(".")
                    number = "#,##0" + ("." + "0" * len(decimals) if decimals else "")
                    if number not in forms:
                        forms[number] = book.add_format({"num_format": number})
                    sheet.write_number(n, place, float(text), forms[number])
                elif isinstance(cell, int):
                    sheet.write_number(n, place, cell)
                else:
                    sheet.write_string(n, place, cell, bold if n == 0 else None)
        sheet.freeze_panes(1, 0)
        sheet.set_column(0, 12, 16)
    return out.getvalue()


def _text(cell: Cell) -> str:
    if isinstance(cell, Money):
        return decimal_text(cell.minor, cell.currency)
    return guarded(cell) if isinstance(cell, str) else str(cell)
