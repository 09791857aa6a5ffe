"""Takes a channel's bill of a day in, and proves with it what our books say of that day."""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Iterable
from typing import NamedTuple

from central.errors import Conflict
from central.foundation.db.engine import change, money_transaction, rows
from central.money.channels.ports import Bills, TradeBill
from central.money.reconciliation.match import Entry, Line, Result, match
from central.money.reconciliation.unproven import CLEARING, Unproven, unproven


class Taken(NamedTuple):
    """What a bill has shown."""

    bill_id: int
    lines: int
    proven: int
    differing: int


def take(bills: Bills, day: dt.date, at_s: int, actor: str) -> Taken:
    """Fetch a day's bill, keep it as it is, and match it. The same bill again matches again.

    The bill is fetched outside of any transaction; the adapter has proven its hash and its sums.

    Raises:
        ChannelUnknown: there is no such bill yet, or it is broken.
        Conflict: the channel had another bill for this day before, or it is not in the money
            that its account is kept in.
    """
    bill = bills.trade_bill(day)
    return money_transaction(lambda: _take(bill, at_s, actor))


def match_again(bill_id: int, at_s: int, actor: str) -> Result:
    """Match what is open of a bill with what is in the books by now, in the caller's transaction.

    What lines prove is written down, and so is what differs.
    """
    [(day, account)] = rows("SELECT day, account FROM bill WHERE id = ?", (bill_id,))
    dealt_with: list[Line] = []
    lines: list[Line] = []
    for *line, is_done in rows(
        "SELECT l.n, number, channel_number, refund_number, l.amount, (proves IS NOT NULL OR EXISTS"
        " (SELECT 1 FROM difference d WHERE d.bill_id = l.bill_id AND d.n = l.n"
        " AND d.state = 'resolved')) FROM bill_line l WHERE bill_id = ? ORDER BY l.n",
        (bill_id,),
    ):
        (dealt_with if is_done else lines).append(Line(*line))
    result = match(lines, _entries_near(account, day), dealt_with)
    for one in result.matches:
        change(
            "UPDATE bill_line SET proves = ? WHERE bill_id = ? AND n = ?",
            (str(one.by), bill_id, one.n),
        )
        prove(one.entries, bill_id, one.n)
        change(
            "UPDATE difference SET state = 'proven', closed_at_s = ?, closed_by = ?"
            " WHERE bill_id = ? AND n = ? AND state = 'open'",
            (at_s, actor, bill_id, one.n),
        )
    for finding in result.findings:
        change(
            "INSERT INTO difference (bill_id, n, kind, amount, state, opened_at_s)"
            " VALUES (?, ?, ?, ?, 'open', ?) ON CONFLICT (bill_id, n) DO UPDATE SET kind ="
            " excluded.kind, amount = excluded.amount WHERE difference.state = 'open'",
            (bill_id, finding.n, str(finding.kind), finding.minor, at_s),
        )
    return result


def prove(entries: Iterable[int], bill_id: int, n: int) -> None:
    """Write that a line has proven entries; an entry is proven once."""
    for entry in entries:
        change("INSERT INTO proof (entry_id, bill_id, n) VALUES (?, ?, ?)", (entry, bill_id, n))


def _take(bill: TradeBill, at_s: int, actor: str) -> Taken:
    account, digest = f"{CLEARING}{bill.channel}", hashlib.sha256(bill.raw).digest()
    day = int(bill.day.strftime("%Y%m%d"))
    found = rows("SELECT id, sha256 FROM bill WHERE account = ? AND day = ?", (account, day))
    if found and bytes(found[0][1]) != digest:
        raise Conflict(f"The bill of {bill.channel} of {bill.day} is not the one taken before.")
    bill_id = found[0][0] if found else _keep(bill, account, day, digest, at_s, actor)
    result = match_again(bill_id, at_s, actor)
    [(lines, proven)] = rows(
        "SELECT count(*), count(proves) FROM bill_line WHERE bill_id = ?", (bill_id,)
    )
    return Taken(bill_id, lines, proven, len(result.findings))


def _keep(bill: TradeBill, account: str, day: int, digest: bytes, at_s: int, actor: str) -> int:
    kept_in = {row.gross.currency for row in bill.rows}
    kept_in.update(
        code for (code,) in rows("SELECT currency FROM account WHERE code = ?", (account,))
    )
    if len(kept_in) > 1:
        raise Conflict(f"{account} cannot be held against a bill in {', '.join(sorted(kept_in))}.")
    [(bill_id,)] = rows(
        "INSERT INTO bill (source, day, account, sha256, raw, taken_at_s, taken_by)"
        " VALUES (?, ?, ?, ?, ?, ?, ?) RETURNING id",
        (bill.channel, day, account, digest, bill.raw, at_s, actor),
    )
    for n, row in enumerate(bill.rows, 1):
        change(
            "INSERT INTO bill_line (bill_id, n, number, channel_number, refund_number, amount,"
            " currency) VALUES (?, ?, ?, ?, ?, ?, ?)",
            (bill_id, n, row.number, row.channel_number, row.refund_number, row.gross.minor,
             row.gross.currency),
        )  # fmt: skip
    return int(bill_id)


def _entries_near(account: str, day: int) -> list[Entry]:
    middle = dt.datetime.strptime(str(day), "%Y%m%d").replace(tzinfo=dt.UTC)
    days = {int((middle + dt.timedelta(days=off)).strftime("%Y%m%d")): off for off in (-1, 0, 1)}
    return [
        Entry(one.entry, _names(one), one.amount.minor, days[one.day])
        for one in unproven(account, first=min(days), last=max(days))
    ]


def _names(one: Unproven) -> frozenset[str]:
    """Return what an entry goes by: ``pay:web:42…`` is of 42…, ``rf:R1:ok`` of R1."""
    parts = [part for part in one.idem.split(":")[1:] if part != "ok"]
    return frozenset({one.ref, *parts[-1:]}) - {""}
