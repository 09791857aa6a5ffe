"""Resolves a difference: it is posted to where it belongs, once, and the line is proven by it."""

from __future__ import annotations

from typing import NamedTuple

from central.errors import Conflict, NotFound, RequestInvalid
from central.foundation.db.engine import money_transaction, rows
from central.money.ledger import rules
from central.money.ledger.store import post
from central.money.reconciliation.match import Kind
from central.money.reconciliation.take import prove
from edge.contract.money import Money


class Open(NamedTuple):
    """A difference, and the line of the bill that shows it."""

    id: int
    source: str
    day: int
    account: str
    n: int
    kind: Kind
    number: str
    amount: Money
    state: str
    opened_at_s: int
    belongs_to: str | None
    entry: int | None


_READ = (
    "SELECT d.id, source, day, account, d.n, d.kind, CASE WHEN refund_number <> ''"
    " THEN refund_number ELSE number END, d.amount, currency, d.state, opened_at_s, belongs_to,"
    " entry_id, d.bill_id FROM difference d JOIN bill ON bill.id = d.bill_id"
    " JOIN bill_line l ON l.bill_id = d.bill_id AND l.n = d.n"
)


def differences(*, all_of_them: bool = False) -> list[Open]:
    """Return the differences that are open, the oldest first; or all there ever were."""
    where = "" if all_of_them else " WHERE d.state = 'open'"
    return [_open(row) for row in rows(f"{_READ}{where} ORDER BY d.id")]


def resolve(
    difference_id: int, belongs_to: str, reason: str, at_s: int, *, day: int, actor: str
) -> Open:
    """Post a difference to the account it belongs to: ``2010``, ``5030``, ``2110.A7``.

    Args:
        day: Effective day of the posting.

    Raises:
        NotFound: there is no such difference.
        RequestInvalid: no reason is given.
        Conflict: it is not open any more.
        PostingRefused: there is no such account, or the day is closed.
    """
    if not reason.strip():
        raise RequestInvalid("Say why it belongs there.")

    def work() -> Open:
        found = rows(f"{_READ} WHERE d.id = ?", (difference_id,))
        if not found:
            raise NotFound(f"There is no difference {difference_id}.")
        one, bill_id = _open(found[0]), int(found[0][-1])
        event = rules.Difference(
            one.source, f"{one.day}-{one.n}", one.account,
            Money(abs(one.amount.minor), one.amount.currency), one.amount.minor > 0,
        )  # fmt: skip
        stood_apart = post(rules.difference_found(event, day, actor), at_s)
        explained = post(rules.difference_explained(event, belongs_to, day, actor), at_s)
        hit = rows(
            "UPDATE difference SET state = 'resolved', closed_at_s = ?, closed_by = ?,"
            " belongs_to = ?, reason = ?, journal_id = ? WHERE id = ? AND state = 'open'"
            " RETURNING id",
            (at_s, actor, belongs_to, reason, explained.id, difference_id),
        )
        if not hit:
            raise Conflict(f"The difference {difference_id} is {one.state}.")
        [(entry,)] = rows(
            "SELECT entry.id FROM entry JOIN account ON account.id = account_id"
            " WHERE journal_id = ? AND code = ?",
            (stood_apart.id, one.account),
        )
        for proven in (entry, one.entry):
            if proven is not None:
                prove(int(proven), bill_id, one.n)
        return one._replace(state="resolved", belongs_to=belongs_to)

    return money_transaction(work)


def _open(row: tuple[object, ...]) -> Open:
    id_, source, day, account, n, kind, number, minor, currency, *rest = row
    state, opened_at_s, belongs_to, entry, _ = rest
    return Open(
        int(str(id_)), str(source), int(str(day)), str(account), int(str(n)), Kind(str(kind)),
        str(number), Money(int(str(minor)), str(currency)), str(state), int(str(opened_at_s)),
        None if belongs_to is None else str(belongs_to), None if entry is None else int(str(entry)),
    )  # fmt: skip
