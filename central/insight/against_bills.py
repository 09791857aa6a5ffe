"""What channels and banks say, held against 1010, 1020 and 1030."""

from __future__ import annotations

from collections.abc import Iterator

from central.foundation.db.engine import rows
from central.insight.finding import Finding, compare
from central.money.ledger.statement import trial_balance
from central.money.reconciliation.unproven import BALANCE, CLEARING, unproven

_LINES = "SELECT coalesce(sum(l.amount), 0) FROM bill JOIN bill_line l ON l.bill_id = bill.id"
_IS_DONE = (
    "(l.proves IS NOT NULL OR EXISTS (SELECT 1 FROM difference d WHERE d.bill_id = l.bill_id"
    " AND d.n = l.n AND d.state = 'resolved'))"
)

_NOT_SETTLED = (
    f"{_LINES} LEFT JOIN settled s ON s.bill_id = l.bill_id AND s.n = l.n"  # noqa: S608
    f" WHERE account = ? AND kind = 'trade' AND s.n IS NULL AND {_IS_DONE}"
    # A refund that was taken from the balance itself never was here.
    " AND NOT EXISTS (SELECT 1 FROM proof p JOIN entry e ON e.id = p.entry_id"
    " JOIN account a ON a.id = e.account_id WHERE p.bill_id = l.bill_id"
    " AND p.n = coalesce(l.with_n, l.n) AND code = ?)"
)


def unsettled(currency: str) -> Iterator[Finding]:
    """What is clearing is what bills name and have not settled, and what they do not name yet."""
    wanted = {}
    for (account,) in rows("SELECT DISTINCT account FROM bill WHERE kind = 'trade'"):
        channel = account.removeprefix(CLEARING)
        [(named,)] = rows(_NOT_SETTLED, (account, f"{BALANCE}{channel}"))
        [(moved,)] = rows(
            # What came with another amount, and a person has said to be of a payment here.
            "SELECT coalesce(sum(side * e.amount), 0) FROM entry e JOIN journal j"
            " ON j.id = e.journal_id JOIN account a ON a.id = e.account_id WHERE code = ?"
            " AND layer = 1 AND j.kind = 'difference-explained' AND j.memo = ?"
            " AND NOT EXISTS (SELECT 1 FROM journal back WHERE back.reverses_id = j.id)",
            (account, channel),
        )
        wanted[account] = int(named) + int(moved) + _early(account)
    yield from _held(wanted, "not-settled", currency)


def told_balance(currency: str) -> Iterator[Finding]:
    """What is in an account is what its newest bill tells, but for what only one side has yet.

    A part of an account that has never moved has told nothing, and counts as empty.
    """
    wanted = {}
    for (account,) in rows(
        "SELECT DISTINCT account FROM bill WHERE kind IN ('flow', 'bank') AND closing IS NOT NULL"
    ):
        [(told,)] = rows(
            "SELECT sum(closing) FROM bill b WHERE account = ? AND closing IS NOT NULL AND day ="
            " (SELECT max(day) FROM bill o WHERE o.account = b.account AND o.part = b.part"
            " AND o.closing IS NOT NULL)",
            (account,),
        )
        [(theirs,)] = rows(f"{_LINES} WHERE account = ? AND NOT {_IS_DONE}", (account,))
        wanted[account] = int(told) - int(theirs) + _early(account)
    yield from _held(wanted, "by-the-bills", currency)


def _early(account: str) -> int:
    """Return what our books have and no bill has."""
    return sum(one.amount.minor for one in unproven(account))


def _held(wanted: dict[str, int], slug: str, currency: str) -> Iterator[Finding]:
    held = {one.code: one.balance for one in trial_balance() if one.code in wanted}
    yield from compare(held, wanted, slug, currency)
