"""Reads what waits for a settlement: payments and refunds, and the movements of them."""

from __future__ import annotations

import datetime as dt

from central.foundation.db.engine import rows
from central.money.reconciliation.settled.propose import (
    FlowLine,
    Proposal,
    TradeLine,
    propose,
)
from central.money.reconciliation.unproven import BALANCE, CLEARING

WITHIN_DAYS = 31
"""How long after its bill a payment's or refund's money is looked for in the balance."""


def waiting_lines(bill_id: int) -> set[int]:
    """Return the lines of a bill of movements that a settlement would take now; of others none.

    What no settlement takes, although it has the number of a payment, is a line like another: a
    payment that came with another amount because of a coupon, a share that went out of it.
    """
    [(kind, account, day)] = rows("SELECT kind, account, day FROM bill WHERE id = ?", (bill_id,))
    if kind != "flow":
        return set()
    proposals = proposed(account.removeprefix(BALANCE), day)
    return set(proposals[bill_id].flows) if bill_id in proposals else set()


def proposed(channel: str, day: int) -> dict[int, Proposal]:
    """Return what each bill of movements of a day would settle; one without lines is left out."""
    bills = rows(
        "SELECT id FROM bill WHERE account = ? AND day = ? AND kind = 'flow' ORDER BY id",
        (f"{BALANCE}{channel}", day),
    )
    flows = [flow for (bill_id,) in bills for flow in movements(bill_id)]
    return propose(unsettled(channel, day), flows)


def unsettled(channel: str, day: int) -> list[TradeLine]:
    """Return the payments and refunds whose money a bill of movements of a day may hold.

    A refund that our books took from the balance itself is an entry of its own there, and none of
    them.
    """
    middle = dt.date(day // 10000, day // 100 % 100, day % 100)
    first, last = middle - dt.timedelta(days=WITHIN_DAYS), middle + dt.timedelta(days=1)
    found = rows(
        "SELECT l.bill_id, l.n, refund_number, refund_channel_number, number, channel_number,"
        " l.amount, fee_e5, EXISTS (SELECT 1 FROM difference d WHERE d.bill_id = l.bill_id"
        " AND d.n = l.n AND d.state = 'open') FROM bill JOIN bill_line l ON l.bill_id = bill.id"
        " LEFT JOIN settled s ON s.bill_id = l.bill_id AND s.n = l.n"
        " WHERE account = ? AND kind = 'trade' AND day BETWEEN ? AND ? AND s.n IS NULL"
        " AND NOT EXISTS (SELECT 1 FROM proof p JOIN entry e ON e.id = p.entry_id"
        " JOIN account a ON a.id = e.account_id WHERE p.bill_id = l.bill_id AND p.n = l.n"
        " AND code = ?) ORDER BY day, l.bill_id, l.n",
        (f"{CLEARING}{channel}", int(first.strftime("%Y%m%d")), int(last.strftime("%Y%m%d")),
         f"{BALANCE}{channel}"),
    )  # fmt: skip
    return [
        TradeLine(bill_id, n, _without_empty(names), minor, fee_e5, bool(is_open))
        for bill_id, n, *names, minor, fee_e5, is_open in found
    ]


def movements(bill_id: int) -> list[FlowLine]:
    """Return the lines of a bill of movements that nothing has been proven by."""
    return [
        FlowLine(bill_id, n, _without_empty(names), minor)
        for n, *names, minor in rows(
            "SELECT l.n, number, channel_number, l.amount FROM bill_line l WHERE bill_id = ?"
            " AND proves IS NULL AND NOT EXISTS (SELECT 1 FROM difference d"
            " WHERE d.bill_id = l.bill_id AND d.n = l.n AND d.state = 'resolved') ORDER BY l.n",
            (bill_id,),
        )
    ]


def _without_empty(names: list[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(name for name in names if name))
