"""Takes a channel's bill of a day in, and proves with it what our books say of that day."""

from __future__ import annotations

import datetime as dt
import hashlib
from typing import NamedTuple

from central.errors import Conflict, NotFound
from central.foundation.db.engine import change, money_transaction, rows
from central.money.channels.ports import Bills, TradeBill
from central.money.reconciliation.match import Entry, Finding, Line, Result, match

SETTLED = ("channel-settled", "difference-found")
"""Journals of the clearing account that no line of a trade bill is about."""


class Taken(NamedTuple):
    """What a bill has shown."""

    bill_id: int
    lines: int
    proven: int
    differing: int


def account_of(channel: str) -> str:
    """Return the account that a channel's bill of payments and refunds speaks of."""
    return f"1010.{channel}"


def take(bills: Bills, day: dt.date, at_s: int, actor: str) -> Taken:
    """Fetch a day's bill, keep it as it is, and match it. The same bill again matches again.

    The bill is fetched outside of any transaction; the adapter has proven its hash and its sums.

    Raises:
        ChannelUnknown: there is no such bill yet, or it is broken.
        Conflict: the channel had another bill for this day before.
    """
    bill = bills.trade_bill(day)
    return money_transaction(lambda: _take(bill, at_s, actor))


def match_again(bill_id: int, at_s: int, actor: str) -> Taken:
    """Match what is open of a bill with what has been posted since."""
    return money_transaction(lambda: _match(bill_id, at_s, actor))


def _take(bill: TradeBill, at_s: int, actor: str) -> Taken:
    day, digest = int(bill.day.strftime("%Y%m%d")), hashlib.sha256(bill.raw).digest()
    account = account_of(bill.channel)
    found = rows(
        "SELECT id, sha256 FROM bill WHERE source = ? AND day = ? AND account = ?",
        (bill.channel, day, account),
    )
    if found:
        [(bill_id, known)] = found
        if bytes(known) != digest:
            raise Conflict(f"The bill of {bill.channel} of {bill.day} is not the one taken before.")
        return _match(int(bill_id), at_s, actor)
    currencies = {row.gross.currency for row in bill.rows} or {"CNY"}
    if len(currencies) > 1:
        raise Conflict("A bill in several currencies cannot be held against one account.")
    [(bill_id,)] = rows(
        "INSERT INTO bill (source, day, account, currency, sha256, raw, total, fee_e5, taken_at_s,"
        " taken_by) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?) RETURNING id",
        (bill.channel, day, account, currencies.pop(), digest, bill.raw,
         sum(row.gross.minor for row in bill.rows), sum(row.fee_e5 for row in bill.rows), at_s,
         actor),
    )  # fmt: skip
    for n, row in enumerate(bill.rows, 1):
        change(
            "INSERT INTO bill_line (bill_id, n, at_s, number, channel_number, refund_number,"
            " amount) VALUES (?, ?, ?, ?, ?, ?, ?)",
            (bill_id, n, row.occurred_at_s, row.number, row.channel_number, row.refund_number,
             row.gross.minor),
        )  # fmt: skip
    return _match(int(bill_id), at_s, actor)


def _match(bill_id: int, at_s: int, actor: str) -> Taken:
    found = rows("SELECT day, account FROM bill WHERE id = ?", (bill_id,))
    if not found:
        raise NotFound(f"There is no bill {bill_id}.")
    [(day, account)] = found
    dealt_with: list[Line] = []
    lines: list[Line] = []
    for *line, is_done in rows(
        "SELECT l.n, number, channel_number, refund_number, l.amount, (proves IS NOT NULL OR EXISTS"
        " (SELECT 1 FROM difference d WHERE d.bill_id = l.bill_id AND d.n = l.n"
        " AND d.state = 'resolved')) FROM bill_line l WHERE bill_id = ? ORDER BY l.n",
        (bill_id,),
    ):
        (dealt_with if is_done else lines).append(Line(*line))
    result = match(lines, entries_near(account, day), dealt_with)
    for one in result.matches:
        change(
            "UPDATE bill_line SET proves = ? WHERE bill_id = ? AND n = ? AND proves IS NULL",
            (str(one.by), bill_id, one.n),
        )
        for entry in one.entries:
            prove(entry, bill_id, one.n)
        change(
            "UPDATE difference SET state = 'proven', closed_at_s = ?, closed_by = ?"
            " WHERE bill_id = ? AND n = ? AND state = 'open'",
            (at_s, actor, bill_id, one.n),
        )
    for finding in result.findings:
        _differ(bill_id, finding, at_s)
    return _told(bill_id, result)


def prove(entry_id: int, bill_id: int, n: int) -> None:
    """Write that a line has proven an entry; an entry is proven once."""
    change("INSERT INTO proof (entry_id, bill_id, n) VALUES (?, ?, ?)", (entry_id, bill_id, n))


def _differ(bill_id: int, finding: Finding, at_s: int) -> None:
    change(
        "INSERT INTO difference (bill_id, n, kind, amount, entry_id, state, opened_at_s)"
        " VALUES (?, ?, ?, ?, ?, 'open', ?) ON CONFLICT (bill_id, n) DO UPDATE SET kind ="
        " excluded.kind, amount = excluded.amount, entry_id = excluded.entry_id"
        " WHERE difference.state = 'open'",
        (bill_id, finding.n, str(finding.kind), finding.minor, finding.entry, at_s),
    )


def _told(bill_id: int, result: Result) -> Taken:
    [(lines, proven)] = rows(
        "SELECT count(*), count(proves) FROM bill_line WHERE bill_id = ?", (bill_id,)
    )
    return Taken(bill_id, int(lines), int(proven), len(result.findings))


def entries_near(account: str, day: int) -> list[Entry]:
    """Return what nothing has proven yet, of a day and of the days beside it."""
    middle = dt.datetime.strptime(str(day), "%Y%m%d").replace(tzinfo=dt.UTC)
    days = {int((middle + dt.timedelta(days=off)).strftime("%Y%m%d")): off for off in (-1, 0, 1)}
    return [
        Entry(int(entry), frozenset({ref, *_tail(idem)}), side * amount, days[effective])
        for entry, ref, idem, side, amount, effective in rows(
            "SELECT entry.id, ref, idem, side, amount, effective FROM entry"
            " JOIN account ON account.id = account_id JOIN journal ON journal.id = journal_id"
            " LEFT JOIN proof ON proof.entry_id = entry.id"
            " WHERE code = ? AND layer = 1 AND effective BETWEEN ? AND ? AND proof.entry_id IS NULL"
            " AND kind NOT IN (?, ?) ORDER BY entry.id",
            (account, min(days), max(days), *SETTLED),
        )
    ]


def _tail(idem: str) -> tuple[str, ...]:
    """Return the number in a key: ``pay:web:42…`` is of 42…, ``rf:R1:ok`` of R1."""
    parts = [part for part in idem.split(":")[1:] if part != "ok"]
    return (parts[-1],) if parts else ()
