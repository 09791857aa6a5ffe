"""Which bills were taken, what is open of each, and whether balances agree: to look at."""

from __future__ import annotations

from typing import Any, NamedTuple

from central.errors import NotFound
from central.foundation.db.engine import rows
from central.foundation.language.said import Saying
from central.money.reconciliation.model import BillKind
from central.money.reconciliation.settled.waiting import waiting_lines
from edge.contract.money import Money


class BillView(NamedTuple):
    """A bill that was taken.

    Args:
        part: Of which part of the account: BASIC; empty for all of it.
        open: Lines that differ from our books.
        waiting: Movements that wait for their settlement.
        sha256: Of the file, hex.
    """

    id: int
    source: str
    kind: BillKind
    part: str
    account: str
    day: int
    lines: int
    proven: int
    open: int
    waiting: int
    sha256: str
    taken_at_s: int
    taken_by: str


class Standing(NamedTuple):
    """What others say is in an account at a day's end, and what our books say.

    Args:
        told: By the bills; of all parts together.
        booked: By the journals through that day, and by those of later days that its bills have
            proven: what was settled after the day was closed.
    """

    account: str
    day: int
    told: Money
    booked: Money

    @property
    def off(self) -> Money:
        """By how much the bills say more."""
        return self.told - self.booked


_READ = (
    "SELECT bill.id, source, bill.kind, part, account, day, (SELECT count(*) FROM bill_line l"
    " WHERE l.bill_id = bill.id), (SELECT count(*) FROM bill_line l WHERE l.bill_id = bill.id"
    " AND proves IS NOT NULL), (SELECT count(*) FROM difference d WHERE d.bill_id = bill.id"
    " AND state = 'open'), f.sha256, bill.taken_at_s, bill.taken_by"
    " FROM bill JOIN bill_file f ON f.id = file_id"
)


def bills_taken(*, account: str | None = None, limit: int = 200) -> list[BillView]:
    """Return the bills that were taken, the newest day first.

    Args:
        account: Of this one only, ``1020.wechat-pay``.
    """
    found = rows(
        f"{_READ} WHERE account = coalesce(?, account) ORDER BY day DESC, account, part LIMIT ?",
        (account, limit),
    )
    return [_view(row) for row in found]


def bill(bill_id: int) -> BillView:
    """Return one bill.

    Raises:
        NotFound: there is none of this number.
    """
    found = rows(f"{_READ} WHERE bill.id = ?", (bill_id,))
    if not found:
        raise NotFound(Saying("no-bill", bill=bill_id))
    return _view(found[0])


def accounts() -> list[str]:
    """Return the accounts that bills were taken of, or that an entry is missing of."""
    return [account for (account,) in rows("SELECT DISTINCT account FROM bill ORDER BY account")]


def standings() -> list[Standing]:
    """Compare each account whose bills tell a balance with our books, on the newest such day.

    A part that did not move on that day stands where it stood last.
    """
    found = []
    for account, day, currency in rows(
        "SELECT account, max(day), min(currency) FROM bill"
        " JOIN bill_line l ON l.bill_id = bill.id WHERE closing IS NOT NULL"
        " GROUP BY account ORDER BY account"
    ):
        [(told,)] = rows(
            "SELECT sum(closing) FROM bill b WHERE account = ? AND closing IS NOT NULL AND day ="
            " (SELECT max(day) FROM bill o WHERE o.account = b.account AND o.part = b.part"
            " AND o.closing IS NOT NULL)",
            (account,),
        )
        [(booked,)] = rows(
            "SELECT coalesce(sum(side * amount), 0) FROM entry JOIN account ON account.id ="
            " account_id JOIN journal ON journal.id = journal_id"
            " WHERE code = ? AND layer = 1 AND (effective <= ? OR EXISTS (SELECT 1 FROM proof p"
            " JOIN bill b ON b.id = p.bill_id WHERE p.entry_id = entry.id AND b.account = code"
            " AND b.day <= ?))",
            (account, day, day),
        )
        found.append(
            Standing(account, day, Money(int(told), currency), Money(int(booked), currency))
        )
    return found


def _view(row: tuple[Any, ...]) -> BillView:
    bill_id, source, kind, part, account, day, lines, proven, still_open, digest, *taken = row
    is_through = kind != BillKind.FLOW or proven + still_open == lines
    waiting = 0 if is_through else len(waiting_lines(bill_id))
    return BillView(
        bill_id, source, BillKind(kind), part, account, day, lines, proven, still_open, waiting,
        bytes(digest).hex(), *taken,
    )  # fmt: skip
