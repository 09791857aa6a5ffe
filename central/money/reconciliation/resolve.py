"""Resolves a difference: it is posted to where it belongs, once, and the line is proven by it."""

from __future__ import annotations

from typing import Any, NamedTuple

from central.errors import Conflict, NotFound, RequestInvalid
from central.foundation.db.engine import money_transaction, rows
from central.money.ledger import rules
from central.money.ledger.store import post
from central.money.reconciliation.match import Kind
from central.money.reconciliation.take import match_again, prove
from edge.contract.money import Money, decimal_text

SUSPENSE = "1920"


class DifferenceView(NamedTuple):
    """A difference, and the line of the bill that shows it.

    Args:
        amount: By how much the bill has more than our books.
        state: ``open``; ``proven`` by what was posted later; ``resolved`` by a person.
    """

    id: int
    bill_id: int
    source: str
    day: int
    account: str
    n: int
    number: str
    state: str
    opened_at_s: int
    belongs_to: str | None
    reason: str | None
    closed_by: str | None
    kind: Kind
    amount: Money


class Decision(NamedTuple):
    """Where a difference belongs, as a person has decided.

    Args:
        belongs_to: An account: ``2010``, ``5030``, ``2110.A7``.
        reason: In words.
        day: Effective day of the posting.
    """

    belongs_to: str
    reason: str
    day: int
    actor: str


_READ = (
    "SELECT d.id, d.bill_id, source, day, account, d.n, CASE WHEN refund_number <> ''"
    " THEN refund_number ELSE number END, d.state, opened_at_s, belongs_to, reason, closed_by,"
    " d.kind, d.amount, currency FROM difference d JOIN bill ON bill.id = d.bill_id"
    " JOIN bill_line l ON l.bill_id = d.bill_id AND l.n = d.n"
)


def differences(*, all_of_them: bool = False, limit: int = 10**9) -> list[DifferenceView]:
    """Return the differences that are open, the oldest first; or all there ever were."""
    where = "" if all_of_them else " WHERE d.state = 'open'"
    return [_view(row) for row in rows(f"{_READ}{where} ORDER BY d.id LIMIT ?", (limit,))]


def resolve(difference_id: int, decision: Decision, at_s: int) -> DifferenceView:
    """Post a difference to the account it belongs to.

    The bill is matched again first. If the books have it by now, nothing is posted and the state
    is ``proven``.

    Raises:
        NotFound: there is no such difference.
        RequestInvalid: no reason is given, or it is to be posted to where it comes from.
        Conflict: it is not open any more, or it is another amount by now.
        PostingRefused: there is no such account, or the day is closed.
    """
    if not decision.reason.strip():
        raise RequestInvalid("Say why it belongs there.")

    def work() -> DifferenceView:
        seen = _one(difference_id)
        if seen.state != "open":
            raise Conflict(f"The difference {difference_id} is {seen.state}.")
        if decision.belongs_to in {seen.account, SUSPENSE}:
            raise RequestInvalid(f"It comes from {decision.belongs_to}; name another account.")
        found = match_again(seen.bill_id, at_s, decision.actor).findings
        one = _one(difference_id)
        if one == seen:
            [entries] = [finding.entries for finding in found if finding.n == one.n]
            _post(one, entries, decision, at_s)
            one = _one(difference_id)
        return one

    one = money_transaction(work)
    if one.state == "open":
        amount = decimal_text(one.amount.minor, one.amount.currency)
        raise Conflict(f"The books have changed, it is {amount} by now. Look again.")
    return one


def _post(one: DifferenceView, entries: tuple[int, ...], decision: Decision, at_s: int) -> None:
    belongs_to, reason, day, actor = decision
    minor, currency = one.amount.minor, one.amount.currency
    event = rules.Difference(
        one.source, f"{one.day}-{one.n}", one.account, Money(abs(minor), currency), minor > 0
    )
    stood_apart = post(rules.difference_found(event, day, actor), at_s)
    explained = post(rules.difference_explained(event, belongs_to, day, actor), at_s)
    [(posted,)] = rows(
        "SELECT entry.id FROM entry JOIN account ON account.id = account_id"
        " WHERE journal_id = ? AND code = ?",
        (stood_apart.id, one.account),
    )
    prove((*entries, posted), one.bill_id, one.n)
    [_] = rows(
        "UPDATE difference SET state = 'resolved', closed_at_s = ?, closed_by = ?,"
        " belongs_to = ?, reason = ?, journal_id = ? WHERE id = ? AND state = 'open' RETURNING id",
        (at_s, actor, belongs_to, reason.strip(), explained.id, one.id),
    )


def _one(difference_id: int) -> DifferenceView:
    found = rows(f"{_READ} WHERE d.id = ?", (difference_id,))
    if not found:
        raise NotFound(f"There is no difference {difference_id}.")
    return _view(found[0])


def _view(row: tuple[Any, ...]) -> DifferenceView:
    *fields, kind, minor, currency = row
    return DifferenceView._make((*fields, Kind(kind), Money(minor, currency)))
