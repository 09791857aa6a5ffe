"""A statement as a table of texts that opens in every spreadsheet. Pure."""

from __future__ import annotations

import csv
import io

from central.money.settlement.export.content import GROSS, Content, safe

BOM = "\ufeff"
"""Without it, a spreadsheet on Windows takes UTF-8 for something else."""


def csv_of(content: Content) -> bytes:
    """Return the file: facts, an empty line, the table with its totals. UTF-8 with BOM, CRLF."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow(safe([content.title]))
    for fact in content.facts:
        writer.writerow(safe([fact.label, fact.value]))
    writer.writerow([])
    writer.writerow(safe([column.title for column in content.columns]))
    for row in content.rows:
        writer.writerow(safe(row))
    writer.writerow(safe([content.total, *[""] * (GROSS - 1), *content.totals, ""]))
    return (BOM + out.getvalue()).encode()
