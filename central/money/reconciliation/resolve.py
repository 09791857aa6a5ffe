"""Resolves a difference: it is posted to where it belongs, once, and nothing is open by it."""

from __future__ import annotations

from typing import Any, NamedTuple

from central.errors import Conflict, NotFound, RequestInvalid
from central.foundation.db.engine import money_transaction, rows
from central.foundation.language.said import Saying
from central.foundation.language.words import N_
from central.money.ledger import rules
from central.money.ledger.store import post
from central.money.reconciliation import missing
from central.money.reconciliation.match import Kind
from central.money.reconciliation.model import BillKind, By
from central.money.reconciliation.overview import accounts
from central.money.reconciliation.take import match_again, prove
from edge.contract.money import Money, decimal_text

SUSPENSE = "1920"
DAY_S = 86_400


class DifferenceView(NamedTuple):
    """A difference, and the line of a bill that shows it, or the entry that its bills lack.

    Args:
        bill_id, n: The line; None for an entry that is missing.
        entry_id: The entry that is missing; None for a line.
        source: Whose bill: ``wechat-pay``.
        amount: By how much the bill has more than our books.
        state: ``open``; ``proven`` by what was posted later; ``resolved`` by a person;
            ``taken-back`` because a bill has it after all.
    """

    id: int
    bill_id: int | None
    source: str
    day: int
    account: str
    n: int | None
    entry_id: int | None
    number: str
    state: str
    opened_at_s: int
    belongs_to: str | None
    reason: str | None
    closed_by: str | None
    kind: Kind
    amount: Money

    def age(self, now_s: int) -> int:
        """Return for how many days it has been known."""
        return max(0, now_s - self.opened_at_s) // DAY_S


class Decision(NamedTuple):
    """Where a difference belongs, as a person has decided.

    Args:
        belongs_to: An account: ``2010``, ``5030``, ``2110.A7``.
        reason: In words.
    """

    belongs_to: str
    reason: str


_READ = (
    "SELECT d.id, d.bill_id, coalesce(source, substr(code, 6)), coalesce(bill.day, effective),"
    " coalesce(bill.account, code), d.n, d.entry_id, CASE WHEN l.n IS NULL THEN ref"
    " WHEN refund_number <> '' THEN refund_number WHEN number <> '' THEN number"
    " ELSE channel_number END, d.state, opened_at_s, belongs_to, reason, closed_by, d.kind,"
    " d.amount, coalesce(l.currency, a.currency) FROM difference d"
    " LEFT JOIN bill ON bill.id = d.bill_id"
    " LEFT JOIN bill_line l ON l.bill_id = d.bill_id AND l.n = d.n"
    " LEFT JOIN entry e ON e.id = d.entry_id LEFT JOIN account a ON a.id = e.account_id"
    " LEFT JOIN journal j ON j.id = e.journal_id"
)


def differences(
    *, all_of_them: bool = False, account: str | None = None, limit: int = 10**9
) -> list[DifferenceView]:
    """Return the differences that are open, the oldest first; or all there ever were.

    Args:
        account: Of bills of this account only, ``1010.wechat-pay``.
    """
    where = " WHERE coalesce(bill.account, code) = coalesce(?, coalesce(bill.account, code))"
    where += "" if all_of_them else " AND d.state = 'open'"
    found = rows(f"{_READ}{where} ORDER BY d.id LIMIT ?", (account, limit))
    return [_view(row) for row in found]


def resolve(difference_id: int, decision: Decision, by: By) -> DifferenceView:
    """Post a difference to the account it belongs to.

    The bills are matched again first. If that ends it, nothing is posted and the state is
    ``proven``.

    Raises:
        NotFound: there is no such difference.
        RequestInvalid: no reason is given, or it is to be posted to where it comes from.
        Conflict: it is not open any more, or it is another amount by now.
        PostingRefused: there is no such account, or the day is closed.
    """
    if not decision.reason.strip():
        raise RequestInvalid(N_("Say why it belongs there."))

    def work() -> DifferenceView:
        seen = one_difference(difference_id)
        if seen.state != "open":
            raise Conflict(Saying("difference-is", number=difference_id, state=str(seen.state)))
        if decision.belongs_to in {seen.account, SUSPENSE}:
            raise RequestInvalid(Saying("comes-from-itself", account=str(decision.belongs_to)))
        claimed = _match_again(seen, by)
        one = one_difference(difference_id)
        if one == seen:
            _post(one, claimed, decision, by)
            one = one_difference(difference_id)
        return one

    one = money_transaction(work)
    if one.state == "open":
        amount = decimal_text(one.amount.minor, one.amount.currency)
        raise Conflict(Saying("books-changed", amount=str(amount)))
    return one


def one_difference(difference_id: int) -> DifferenceView:
    """Return one difference.

    Raises:
        NotFound: there is none of this number.
    """
    found = rows(f"{_READ} WHERE d.id = ?", (difference_id,))
    if not found:
        raise NotFound(Saying("no-difference", number=difference_id))
    return _view(found[0])


def match_everything(by: By) -> int:
    """Match every bill that is not proven through, and note what is missing; return how many open.

    For what was posted after its bill was taken. Each bill is a transaction of its own.
    """
    for (bill_id,) in rows(
        "SELECT id FROM bill WHERE EXISTS (SELECT 1 FROM bill_line l WHERE l.bill_id = bill.id"
        " AND l.proves IS NULL) ORDER BY id"
    ):
        money_transaction(lambda one=bill_id: match_again(one, by))  # type: ignore[misc]
    for account in accounts():
        money_transaction(lambda one=account: missing.note(one, by))  # type: ignore[misc]
    [(found,)] = rows("SELECT count(*) FROM difference WHERE state = 'open'")
    return int(found)


def _match_again(seen: DifferenceView, by: By) -> tuple[int, ...]:
    """Match the bills that may end a difference; return the entries that a line claims."""
    if seen.bill_id is not None:
        found = match_again(seen.bill_id, by).findings
        return next((one.entries for one in found if one.n == seen.n), ())
    for (bill_id,) in rows(
        "SELECT id FROM bill WHERE account = ? AND EXISTS (SELECT 1 FROM bill_line l"
        " WHERE l.bill_id = bill.id AND l.proves IS NULL) ORDER BY id",
        (seen.account,),
    ):
        match_again(bill_id, by)
    missing.note(seen.account, by)
    return ()


def _post(one: DifferenceView, claimed: tuple[int, ...], decision: Decision, by: By) -> None:
    minor, currency = one.amount.minor, one.amount.currency
    part = f"{one.day}-{one.n}" if one.kind is not Kind.MISSING else "missing"
    event = rules.Difference(
        one.source, f"{part}-{one.id}", one.account, Money(abs(minor), currency), minor > 0
    )
    stood_apart = post(rules.difference_found(event, by.day, by.actor), by.at_s)
    explained = post(
        rules.difference_explained(event, decision.belongs_to, by.day, by.actor), by.at_s
    )
    if one.bill_id is not None and one.n is not None:
        [(posted, kind)] = rows(
            "SELECT entry.id, bill.kind FROM entry JOIN account ON account.id = account_id"
            " JOIN bill ON bill.id = ? WHERE journal_id = ? AND code = ?",
            (one.bill_id, stood_apart.id, one.account),
        )
        prove((*claimed, posted), one.bill_id, one.n, BillKind(kind))
    [_] = rows(
        "UPDATE difference SET state = 'resolved', closed_at_s = ?, closed_by = ?,"
        " belongs_to = ?, reason = ?, found_id = ?, journal_id = ?"
        " WHERE id = ? AND state = 'open' RETURNING id",
        (by.at_s, by.actor, decision.belongs_to, decision.reason.strip(), stood_apart.id,
         explained.id, one.id),
    )  # fmt: skip


def _view(row: tuple[Any, ...]) -> DifferenceView:
    *fields, kind, minor, currency = row
    return DifferenceView._make((*fields, Kind(kind), Money(minor, currency)))
