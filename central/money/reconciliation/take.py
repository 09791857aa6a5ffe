"""Takes bills in, and proves with them what our books say of their days."""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Iterable
from typing import NamedTuple

from central.errors import Conflict
from central.foundation.db.engine import change, money_transaction, rows
from central.foundation.language.said import Saying
from central.money.channels.model import FlowBill, TradeBill
from central.money.channels.ports import Bills
from central.money.reconciliation import missing
from central.money.reconciliation.match import Entry, Finding, Kind, Line, Result, match
from central.money.reconciliation.model import BillKind, By, Told, ToldLine
from central.money.reconciliation.settled.waiting import waiting_lines
from central.money.reconciliation.unproven import BALANCE, CLEARING, unproven
from edge.contract.money import decimal_text

NOTED_DAYS = 31
"""How far before its day a bill may show that something is missing."""


class Taken(NamedTuple):
    """What a bill has shown.

    Args:
        waiting: Lines of payments and refunds that their settlement will prove (rule 2).
    """

    bill_id: int
    lines: int
    proven: int
    differing: int
    waiting: int = 0


class _Bill(NamedTuple):
    kind: BillKind
    account: str
    day: int


def take(bills: Bills, day: dt.date, by: By) -> Taken:
    """Fetch a day's bill of payments and refunds, keep it as it is, and match it.

    The same bill again matches again. It is fetched outside of any transaction; the adapter has
    proven its hash and its sums.

    Raises:
        ChannelUnknown: there is no such bill yet, or it is broken.
        Conflict: the channel had another bill for this day before, or it is not in the money
            that its account is kept in.
    """
    return keep(of_trade(bills.trade_bill(day)), by)


def take_flows(bills: Bills, day: dt.date, by: By) -> list[Taken]:
    """Fetch a day's bills of how our balance moved, one an account, and match them.

    The bill of payments comes first: its numbers tell which lines wait for a settlement.

    Raises:
        ChannelUnknown: as ``take``.
        Conflict: as ``take``; the bill of payments was not taken; or a balance does not begin
            where it ended the day before.
    """
    told = [of_flow(bills.flow_bill(day, part), len(bills.accounts)) for part in bills.accounts]
    return [keep(one, by) for one in told]


def of_trade(bill: TradeBill) -> Told:
    """Return a channel's bill of payments and refunds as every bill is kept."""
    lines = tuple(
        ToldLine(
            row.number, row.channel_number, row.gross, row.refund_number,
            row.refund_channel_number, row.fee_e5,
        )
        for row in bill.rows
    )  # fmt: skip
    digest = hashlib.sha256(bill.raw).digest()
    return Told(
        bill.channel, BillKind.TRADE, f"{CLEARING}{bill.channel}", _number(bill.day), digest,
        digest, bill.raw, lines,
    )  # fmt: skip


def of_flow(bill: FlowBill, parts: int) -> Told:
    """Return a channel's bill of movements as every bill is kept."""
    lines = tuple(ToldLine(row.our_number, row.channel_number, row.change) for row in bill.rows)
    opening = closing = None
    if bill.rows:
        opening = bill.rows[0].balance.minor - bill.rows[0].change.minor
        closing = bill.rows[-1].balance.minor
    digest = hashlib.sha256(bill.raw).digest()
    return Told(
        bill.channel, BillKind.FLOW, f"{BALANCE}{bill.channel}", _number(bill.day), digest,
        digest, bill.raw, lines, str(bill.account), parts, opening, closing,
    )  # fmt: skip


def keep(told: Told, by: By) -> Taken:
    """Keep what a bill says as it is, and match it; the same again matches again.

    Raises:
        Conflict: it is not what was told of this day before, not in the account's money, or does
            not begin where the balance ended.
    """
    return money_transaction(lambda: keep_here(told, by))


def keep_here(told: Told, by: By) -> Taken:
    """Do what ``keep`` does, in the caller's transaction."""
    found = rows(
        "SELECT id, sha256 FROM bill WHERE account = ? AND part = ? AND day = ?",
        (told.account, told.part, told.day),
    )
    if found and bytes(found[0][1]) != told.sha256:
        raise Conflict(Saying("bill-other", source=told.source, day=_iso(told.day)))
    bill_id = int(found[0][0]) if found else _write(told, by)
    result = match_again(bill_id, by)
    [(lines, proven)] = rows(
        "SELECT count(*), count(proves) FROM bill_line WHERE bill_id = ?", (bill_id,)
    )
    return Taken(bill_id, lines, proven, len(result.findings), len(waiting_lines(bill_id)))


def match_again(bill_id: int, by: By) -> Result:
    """Match what is open of a bill with what is in the books by now, in the caller's transaction.

    What lines prove is written down, and so is what differs. What was missing, was posted
    elsewhere by somebody, and has come after all is taken back from there.
    """
    [(kind, account, day)] = rows("SELECT kind, account, day FROM bill WHERE id = ?", (bill_id,))
    bill = _Bill(BillKind(kind), account, day)
    waiting = waiting_lines(bill_id)
    dealt_with: list[Line] = []
    lines: list[Line] = []
    for *line, is_done in rows(
        "SELECT l.n, number, channel_number, refund_number, l.amount, (proves IS NOT NULL OR EXISTS"
        " (SELECT 1 FROM difference d WHERE d.bill_id = l.bill_id AND d.n = l.n"
        " AND d.state = 'resolved')) FROM bill_line l WHERE bill_id = ? ORDER BY l.n",
        (bill_id,),
    ):
        (dealt_with if is_done or line[0] in waiting else lines).append(Line(*line))
    result = _come_after_all(match(lines, _entries_near(bill), dealt_with), lines, by)
    for one in result.matches:
        mark((one.n, *one.others), bill_id, str(one.by), by)
        prove(one.entries, bill_id, one.n, bill.kind)
    for finding in result.findings:
        change(
            "INSERT INTO difference (bill_id, n, kind, amount, claims, state, opened_at_s)"
            " VALUES (?, ?, ?, ?, ?, 'open', ?) ON CONFLICT (bill_id, n) DO UPDATE SET kind ="
            " excluded.kind, amount = excluded.amount, claims = excluded.claims"
            " WHERE difference.state = 'open'",
            (bill_id, finding.n, str(finding.kind), finding.minor,
             ",".join(map(str, finding.entries)), by.at_s),
        )  # fmt: skip
    missing.note(account, by, _number(_date(day) - dt.timedelta(days=NOTED_DAYS)))
    return result


def mark(lines: Iterable[int], bill_id: int, proves: str, by: By) -> None:
    """Write what lines prove together, and end the differences that they were."""
    first, *others = lines
    for n in (first, *others):
        change(
            "UPDATE bill_line SET proves = ?, with_n = ? WHERE bill_id = ? AND n = ?",
            (proves, None if n == first else first, bill_id, n),
        )
        change(
            "UPDATE difference SET state = 'proven', closed_at_s = ?, closed_by = ?"
            " WHERE bill_id = ? AND n = ? AND state = 'open'",
            (by.at_s, by.actor, bill_id, n),
        )


def prove(entries: Iterable[int], bill_id: int, n: int, kind: BillKind) -> None:
    """Write that a line has proven entries; a kind of bill proves an entry once."""
    for entry in entries:
        change(
            "INSERT INTO proof (entry_id, kind, bill_id, n) VALUES (?, ?, ?, ?)",
            (entry, str(kind), bill_id, n),
        )


def _come_after_all(result: Result, lines: list[Line], by: By) -> Result:
    """Take back what was posted for entries that were missing, now that a bill has them.

    Where the ledger refuses that, what was posted stays, and the lines are not in our books.
    """
    matches, findings = [], []
    minor = {line.n: line.minor for line in lines}
    for one in result.matches:
        if missing.take_back(one.entries, by):
            matches.append(one)
        else:
            left = (n for n in (one.n, *one.others) if minor[n])
            findings += [Finding(n, Kind.NOT_IN_BOOKS, minor[n]) for n in left]
    for finding in result.findings:
        if missing.take_back(finding.entries, by):
            findings.append(finding)
        elif minor[finding.n]:
            findings.append(Finding(finding.n, Kind.NOT_IN_BOOKS, minor[finding.n]))
    return Result(tuple(matches), tuple(findings))


def _write(told: Told, by: By) -> int:
    kept_in = {line.amount.currency for line in told.lines}
    kept_in.update(
        code for (code,) in rows("SELECT currency FROM account WHERE code = ?", (told.account,))
    )
    if len(kept_in) > 1:
        money = ", ".join(sorted(kept_in))
        raise Conflict(Saying("bill-other-money", account=told.account, money=money))
    if told.kind is BillKind.FLOW and not rows(
        "SELECT 1 FROM bill WHERE kind = 'trade' AND account = ? AND day = ?",
        (f"{CLEARING}{told.source}", told.day),
    ):
        raise Conflict(Saying("bill-trade-first", source=told.source, day=_iso(told.day)))
    _follows(told, next(iter(kept_in), ""))
    [(bill_id,)] = rows(
        "INSERT INTO bill (source, kind, part, parts, day, account, sha256, file_id, opening,"
        " closing, taken_at_s, taken_by) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) RETURNING id",
        (told.source, str(told.kind), told.part, told.parts, told.day, told.account, told.sha256,
         _file(told, by), told.opening, told.closing, by.at_s, by.actor),
    )  # fmt: skip
    for n, line in enumerate(told.lines, 1):
        change(
            "INSERT INTO bill_line (bill_id, n, number, channel_number, refund_number,"
            " refund_channel_number, amount, currency, fee_e5)"
            " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (bill_id, n, line.number, line.channel_number, line.refund_number,
             line.refund_channel_number, line.amount.minor, line.amount.currency, line.fee_e5),
        )  # fmt: skip
    return int(bill_id)


def _file(told: Told, by: By) -> int:
    found = rows("SELECT id FROM bill_file WHERE sha256 = ?", (told.file_sha256,)) or rows(
        "INSERT INTO bill_file (sha256, raw, taken_at_s, taken_by) VALUES (?, ?, ?, ?)"
        " RETURNING id",
        (told.file_sha256, told.raw, by.at_s, by.actor),
    )
    return int(found[0][0])


def _follows(told: Told, currency: str) -> None:
    """Refuse a balance that does not begin where the day before ended, or end where the next began.

    Only where no day between them is missing: a day without a movement has no balance of its own.
    """
    if told.opening is None or told.closing is None:
        return
    for order, ours, theirs, slug in (
        ("< ? ORDER BY day DESC", told.opening, "closing", "bill-begins"),
        ("> ? ORDER BY day", told.closing, "opening", "bill-ends"),
    ):
        found = rows(
            f"SELECT day, {theirs} FROM bill WHERE account = ? AND part = ?"  # noqa: S608
            f" AND {theirs} IS NOT NULL AND day {order} LIMIT 1",
            (told.account, told.part, told.day),
        )
        if not found or found[0][1] == ours:
            continue
        day, other = found[0]
        first, last = min(day, told.day), max(day, told.day)
        [(between,)] = rows(
            "SELECT count(*) FROM bill WHERE account = ? AND part = ? AND day > ? AND day < ?",
            (told.account, told.part, first, last),
        )
        if between == (_date(last) - _date(first)).days - 1:
            raise Conflict(
                Saying(
                    slug,
                    source=told.source,
                    day=_iso(told.day),
                    other_day=_iso(day),
                    ours=decimal_text(ours, currency),
                    theirs=decimal_text(other, currency),
                )
            )


def _entries_near(bill: _Bill) -> list[Entry]:
    middle = _date(bill.day)
    days = {_number(middle + dt.timedelta(days=off)): off for off in (-1, 0, 1)}
    first, last = min(days), max(days)
    found = [
        Entry(one.entry, _names(one.ref, one.idem), one.amount.minor, days[one.day])
        for one in unproven(bill.account, first=first, last=last, to_match=True)
    ]
    if bill.kind is BillKind.TRADE:
        found += [
            Entry(entry, _names(ref, idem), minor, days[day])
            for entry, ref, idem, day, minor in rows(
                # Refunds that our books took from the balance are in the bill of refunds too.
                "SELECT e.id, ref, idem, effective, side * e.amount FROM entry e"
                " JOIN account a ON a.id = e.account_id JOIN journal j ON j.id = e.journal_id"
                " LEFT JOIN proof p ON p.entry_id = e.id AND p.kind = 'trade'"
                " WHERE code = ? AND layer = 1 AND j.kind = 'refund-confirmed'"
                " AND p.entry_id IS NULL AND effective BETWEEN ? AND ?"
                " AND NOT EXISTS (SELECT 1 FROM journal b WHERE b.reverses_id = j.id)",
                (f"{BALANCE}{bill.account.partition('.')[2]}", first, last),
            )
        ]
    return found


def _names(ref: str, idem: str) -> frozenset[str]:
    """Return what an entry goes by: ``pay:web:42…`` is of 42…, ``rf:R1:ok`` of R1."""
    parts = [part for part in idem.split(":")[1:] if part not in _PHASES]
    return frozenset({ref, *parts[-1:]}) - {""}


_PHASES = {"ok", "hold", "post", "met"}
"""What a key may end with that is no number: ``po:PO7:post``."""


def _number(day: dt.date) -> int:
    return int(day.strftime("%Y%m%d"))


def _date(day: int) -> dt.date:
    return dt.date(day // 10000, day // 100 % 100, day % 100)


def _iso(day: int) -> str:
    return _date(day).isoformat()
