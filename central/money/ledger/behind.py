"""What is taken away of the ledger: trial balance, statements, and everything behind a figure."""

from __future__ import annotations

import hashlib
import io
import re
import zipfile
from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from central.foundation.db.engine import rows
from central.foundation.web.spreadsheet import Cell, csv_of_rows
from central.money.ledger.statement import AccountTotals, Journal, Statement, journal
from edge.contract.money import Money

JOURNALS_MAX = 20_000
"""Of one file of everything behind a figure; who needs more takes shorter periods."""
_ENTRY = re.compile(r"([A-Z0-9-]+)/([0-9]{1,18})/([0-9]{1,18})(?![^ ])", re.ASCII)
_ENTRY_PREFIX = b"VXJ1"
_AT = (1980, 1, 1, 0, 0, 0)  # the same figure is the same file


class Paper(NamedTuple):
    """Something behind a journal that is kept as bytes.

    Args:
        name: Of its file.
        said: The SHA-256 that was noted when it came, hex.
        prefix: What that begins with before the content; a unit's entries have one.
    """

    journal_id: int
    name: str
    said: str
    content: bytes
    prefix: bytes = b""


def trial_balance_rows(accounts: Iterable[AccountTotals]) -> Iterator[Sequence[Cell]]:
    """Yield a head and one row an account."""
    yield ("account", "name", "科目", "currency", "debit", "credit", "balance")
    for a in accounts:
        amounts = (Money(minor, a.currency) for minor in (a.debit, a.credit, a.balance))
        yield (a.code, a.name_en, a.name_zh, a.currency, *amounts)


def statement_rows(statements: Iterable[Statement]) -> Iterator[Sequence[Cell]]:
    """Yield a head, and of each account its opening balance, lines and closing balance."""
    yield ("account", "currency", "day", "journal", "what", "of", "entry", "change", "balance")
    for one in statements:
        running = one.opening
        yield (one.code, one.currency, "", "", "opening", "", "", "", _money(one, running))
        for line in one.lines:
            running += line.change
            yield (
                one.code, one.currency, line.effective, line.journal_id, line.kind, line.ref,
                line.memo, _money(one, line.change), _money(one, running),
            )  # fmt: skip
        yield (one.code, one.currency, "", "", "closing", "", "", "", _money(one, one.closing))


def everything_behind(statements: Sequence[Statement]) -> bytes:
    """Return a ZIP: the statements, their journals with seals, the papers behind those, and the
    SHA-256 of each file.

    Raises:
        ValueError: there are more journals than JOURNALS_MAX.
    """
    numbers = sorted({line.journal_id for one in statements for line in one.lines})
    if len(numbers) > JOURNALS_MAX:
        raise ValueError(f"{len(numbers)} journals are more than {JOURNALS_MAX}")
    found = [one for one in map(journal, numbers) if one is not None]
    papers = [paper for number in numbers for paper in _papers(number)]
    files = {
        "statement.csv": csv_of_rows(statement_rows(statements)),
        "journals.csv": csv_of_rows(_journal_rows(found)),
    }
    told: list[Sequence[Cell]] = [("journal", "file", "hash when it came", "hash now", "of")]
    for paper in papers:
        name = f"papers/{_plain(paper.name)}"
        files[name] = paper.content
        now = hashlib.sha256(paper.prefix + paper.content).hexdigest()
        of = f"SHA-256 of {paper.prefix.decode()} and the file" if paper.prefix else "SHA-256"
        told.append((paper.journal_id, name, paper.said, now, of))
    files["papers.csv"] = csv_of_rows(told)
    sums = "".join(f"{hashlib.sha256(raw).hexdigest()}  {name}\n" for name, raw in files.items())
    files["SHA256SUMS"] = sums.encode()
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as made:
        for name, raw in files.items():
            made.writestr(zipfile.ZipInfo(name, _AT), raw)
    return out.getvalue()


def _journal_rows(found: Iterable[Journal]) -> Iterator[Sequence[Cell]]:
    yield (
        "journal", "key", "what", "of", "entry", "day", "booked at (Unix)", "caused by", "seal",
        "account", "held", "debit", "credit", "currency",
    )  # fmt: skip
    for one in found:
        seal = one.hash.hex() if one.hash else ""
        for leg in one.legs:
            debit, credit = (Money(minor, leg.currency) for minor in (leg.debit, leg.credit))
            yield (
                one.id, one.idem, one.kind, one.ref, one.memo, one.effective, one.at_s, one.actor,
                seal, leg.code, "held" if leg.held else "", debit, credit, leg.currency,
            )  # fmt: skip


def _papers(number: int) -> Iterator[Paper]:
    """Yield papers of manual entries, files of bills, and entries as units have signed them."""
    for document, name, said, content in rows(
        "SELECT d.id, name, sha256, content FROM manual_entry_document d"
        " JOIN manual_entry e ON e.id = d.entry_id WHERE e.journal_id = ? ORDER BY d.id",
        (number,),
    ):
        yield Paper(number, f"entry-document-{document}-{name}", str(said), bytes(content))
    for file, said, raw in rows(
        "SELECT DISTINCT f.id, f.sha256, f.raw FROM entry e JOIN proof p ON p.entry_id = e.id"
        " JOIN bill ON bill.id = p.bill_id JOIN bill_file f ON f.id = bill.file_id"
        " WHERE e.journal_id = ? ORDER BY f.id",
        (number,),
    ):
        yield Paper(number, f"bill-{file}", bytes(said).hex(), bytes(raw))
    [(memo,)] = rows("SELECT memo FROM journal WHERE id = ?", (number,))
    match = _ENTRY.match(memo)
    if match is None:
        return
    unit, epoch, seq = match.groups()
    for raw, said in rows(
        "SELECT entry, hash FROM redemption_entry WHERE unit_id = ? AND epoch = ? AND seq = ?",
        (unit, int(epoch), int(seq)),
    ):
        name = f"{unit}-{epoch}-{seq}.cbor"
        yield Paper(number, name, bytes(said).hex(), bytes(raw), _ENTRY_PREFIX)


def _plain(name: str) -> str:
    return "".join(c if c.isalnum() or c in "-._" else "_" for c in name)[:100]


def _money(one: Statement, minor: int) -> Money:
    return Money(minor, one.currency)
