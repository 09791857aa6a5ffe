"""Which exports there are, and how one is made."""

from __future__ import annotations

from typing import NamedTuple

from central.errors import Conflict, NotFound
from central.foundation.language.said import Saying
from central.money.settlement import store as books
from central.money.settlement.export.content import Content, Papers, content_of
from central.money.settlement.export.csv_file import csv_of
from central.money.settlement.fees.charge import NO_FEE
from central.money.settlement.model import State
from central.money.settlement.ports import Stores
from central.money.settlement.statements.text import GENESIS, text_of

FORMATS = {
    "csv": "text/csv; charset=utf-8",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "pdf": "application/pdf",
    "txt": "text/plain; charset=us-ascii",
}
"""Endings, and what they are; ``txt`` is the text whose SHA-256 stands on the statement."""


class File(NamedTuple):
    """An export."""

    name: str
    content_type: str
    content: bytes


def export(stores: Stores, no: str, ending: str, locale: str) -> File:
    """Make an export of an issued statement.

    Raises:
        NotFound: there is no such statement, or no such format.
        Conflict: it is a draft, which may still change. FontMissing: of a PDF.
    """
    if ending not in FORMATS:
        raise NotFound(Saying("export-formats", formats=", ".join(FORMATS)))
    one = books.statement(no)
    if one.state is State.DRAFT or one.issued_at_s is None:
        raise Conflict(Saying("statement-draft", number=no))
    lines = books.lines_of(no)
    [shop] = [shop for shop in stores.shops() if shop.id == one.store]
    if ending == "txt":
        prev = one.prev_hash or GENESIS
        body = text_of(no, one.store, one.currency, prev, one.totals, lines).encode("ascii")
    else:
        models = {model.version: model for model in books.fee_models(one.store)}
        model = models.get(one.fee_version, NO_FEE)
        content = content_of(Papers(one, lines, shop, model, locale))
        is_csv = ending == "csv"
        body = csv_of(content) if is_csv else _paper(content, ending, one.issued_at_s)
    return File(f"{no}.{ending}", FORMATS[ending], body)


def _paper(content: Content, ending: str, issued_at_s: int) -> bytes:
    # Their libraries take a third of a second: most commands never make a paper.
    if ending == "xlsx":
        from central.money.settlement.export.xlsx_file import xlsx_of  # noqa: PLC0415

        return xlsx_of(content, issued_at_s)
    from central.money.settlement.export.pdf_file import pdf_of  # noqa: PLC0415

    return pdf_of(content, issued_at_s)
