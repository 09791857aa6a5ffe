"""The rows of files for the bank. What was written once stays."""

from __future__ import annotations

import datetime as dt
from typing import Any, NamedTuple

from central.errors import NotFound
from central.foundation.db.engine import change, rows
from central.foundation.language.said import Saying
from central.money.channels.bank_file import CHANNEL, LINES_MAX, BankBatch, BankFile
from central.money.ledger.days import date_of
from central.money.payouts import store as payouts
from central.money.payouts.store import Payout

_COLUMNS = "no, day, bank, currency, lines, total, name, sha256, made_at_s, made_by"


class Made(NamedTuple):
    """A file that was made. Its bytes are fetched alone, by ``content_of``.

    Args:
        bank: The account of ours that it debits: ``main`` for 1030.main.
        total: Minor units.
    """

    no: str
    day: int
    bank: str
    currency: str
    lines: int
    total: int
    name: str
    sha256: str
    made_at_s: int
    made_by: str


class Line(NamedTuple):
    """One line of a file."""

    place: int
    payout: Payout


class Happening(NamedTuple):
    """One line of a file's story."""

    at_s: int
    who: str
    event: str
    detail: str


# --- reading -------------------------------------------------------------------------------------


def get(no: str) -> Made:
    """Return a file.

    Raises:
        NotFound: there is none of this number.
    """
    found = rows(f"SELECT {_COLUMNS} FROM bank_file WHERE no = ?", (no,))  # noqa: S608
    if not found:
        raise NotFound(Saying("no-bank-file", file=no))
    return Made(*found[0])


class Counted(NamedTuple):
    """A file, and how many of its payouts have no end yet."""

    file: Made
    open: int


def newest(count: int) -> list[Counted]:
    """Return the newest files, newest first."""
    found = rows(
        f"SELECT {_COLUMNS}, (SELECT count(*) FROM bank_file_line l JOIN payout p"  # noqa: S608
        " ON p.no = l.payout_no WHERE l.file_no = bank_file.no AND p.state = 'sent')"
        " FROM bank_file ORDER BY made_at_s DESC, no DESC LIMIT ?",
        (count,),
    )
    return [Counted(Made(*row[:-1]), int(row[-1])) for row in found]


def lines_of(no: str) -> list[Line]:
    """Return the payouts of a file as they are now, in the order in which they stand there."""
    found = rows(
        "SELECT payout_no, place FROM bank_file_line WHERE file_no = ? ORDER BY place", (no,)
    )
    there = {payout.no: payout for payout in payouts.in_bank_file(no)}
    return [Line(int(place), there[payout]) for payout, place in found]


def content_of(no: str) -> bytes:
    """Return the bytes of a file, as they were made."""
    [(content,)] = rows("SELECT content FROM bank_file WHERE no = ?", (no,))
    return bytes(content)


def story(no: str) -> list[Happening]:
    """Return what happened to a file, first things first."""
    found = rows(
        "SELECT at_s, who, event, detail FROM bank_file_event WHERE file_no = ? ORDER BY id", (no,)
    )
    return [Happening(*row) for row in found]


def ready() -> list[Payout]:
    """Return the payouts that may go into the next file, the oldest first."""
    return payouts.ready_for(CHANNEL, LINES_MAX)


def batch_of(made: Made, lines: list[Line]) -> BankBatch:
    """Return what was asked of the bank in a file."""
    return BankBatch(made.no, date_of(made.day), tuple(line.payout.order for line in lines))


# --- writing: call each in a transaction ---------------------------------------------------------


def next_no(day: int) -> str:
    """Return the number of the next file of a day: ``BF20260411001``."""
    [(count,)] = rows("SELECT count(*) FROM bank_file WHERE day = ?", (day,))
    return f"BF{day}{int(count) + 1:03}"


def insert(file: BankFile, batch: BankBatch, bank: str, at_s: int, who: str) -> None:
    """Write a file with its lines."""
    change(
        f"INSERT INTO bank_file ({_COLUMNS}, content) VALUES"  # noqa: S608
        " (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (batch.number, _day(batch.day), bank, file.total.currency, file.lines, file.total.minor,
         file.name, file.sha256, at_s, who, file.content),
    )  # fmt: skip
    for place, order in enumerate(batch.orders, 1):
        change(
            "INSERT INTO bank_file_line (file_no, place, payout_no) VALUES (?, ?, ?)",
            (batch.number, place, order.number),
        )
    tell(batch.number, at_s, who, "made", file.sha256)


def tell(no: str, at_s: int, who: str, event: str, detail: str, content: Any = None) -> None:
    """Add a line to a file's story."""
    change(
        "INSERT INTO bank_file_event (file_no, at_s, who, event, detail, content)"
        " VALUES (?, ?, ?, ?, ?, ?)",
        (no, at_s, who, event, detail, content),
    )


def _day(day: dt.date) -> int:
    return int(day.strftime("%Y%m%d"))
