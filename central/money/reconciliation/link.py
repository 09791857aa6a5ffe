"""Says by hand that a line and an entry are the same: a bank's line seldom has our number."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from typing import NamedTuple

from central.errors import Conflict, RequestInvalid
from central.foundation.db.engine import change, money_transaction, rows
from central.foundation.language.said import Saying
from central.foundation.language.words import N_
from central.money.reconciliation import missing
from central.money.reconciliation.match import Kind, Pass
from central.money.reconciliation.model import BillKind, By
from central.money.reconciliation.resolve import DifferenceView, one_difference
from central.money.reconciliation.take import match_again, prove
from central.money.reconciliation.unproven import unproven
from edge.contract.money import Money


class Candidate(NamedTuple):
    """An entry of the amount of a line, which nothing has proven."""

    entry: int
    ref: str
    day: int


CANDIDATES_MAX = 10


def candidates(differences: Sequence[DifferenceView]) -> dict[int, list[Candidate]]:
    """Return for each line that is not in our books the entries that it may be.

    They are of its account and amount, and nothing has proven them; the nearest day first, ten at
    most. A line with none is not in the answer.
    """
    lines = [
        one
        for one in differences
        if one.state == "open" and one.kind in {Kind.NOT_IN_BOOKS, Kind.DUPLICATE}
    ]
    open_ones: dict[tuple[str, Money], list[Candidate]] = defaultdict(list)
    for account in {one.account for one in lines}:
        for entry in unproven(account):
            same = Candidate(entry.entry, entry.ref, entry.day)
            open_ones[account, entry.amount].append(same)
    found = {}
    for one in lines:
        if same_amount := open_ones.get((one.account, one.amount)):
            nearest = sorted(same_amount, key=lambda it: abs(it.day - one.day))
            found[one.id] = nearest[:CANDIDATES_MAX]
    return found


def link(difference_id: int, entry_id: int, reason: str, by: By) -> DifferenceView:
    """Let the line of a difference prove an entry of the same amount. Nothing is posted.

    The bill is matched again first. If the books have it by now under its number, that stands.

    Raises:
        NotFound: there is no such difference.
        RequestInvalid: no reason is given, or the difference is no line that is not in our books.
        Conflict: it is not open any more, or the entry is proven, of another account or amount.
    """
    if not reason.strip():
        raise RequestInvalid(N_("Say why they are the same."))

    def work() -> DifferenceView:
        seen = one_difference(difference_id)
        if seen.state != "open":
            raise Conflict(Saying("difference-is", number=difference_id, state=str(seen.state)))
        if seen.bill_id is None or seen.n is None or seen.kind is Kind.AMOUNT:
            raise RequestInvalid(
                N_("Only a line that is not in our books can be an entry of them.")
            )
        match_again(seen.bill_id, by)
        if one_difference(difference_id) == seen:
            _link(seen, entry_id, reason.strip(), by)
            missing.note(seen.account, by)
        return one_difference(difference_id)

    return money_transaction(work)


def _link(one: DifferenceView, entry_id: int, reason: str, by: By) -> None:
    same = (entry for entry in unproven(one.account, to_match=True) if entry.entry == entry_id)
    entry = next(same, None)
    if entry is None or entry.amount != one.amount:
        raise Conflict(Saying("no-entry-to-prove", entry=entry_id))
    if not missing.take_back((entry_id,), by):
        raise Conflict(N_("The entry was posted elsewhere, and that cannot be taken back."))
    assert one.bill_id is not None
    assert one.n is not None
    [(kind,)] = rows("SELECT kind FROM bill WHERE id = ?", (one.bill_id,))
    change(
        "UPDATE bill_line SET proves = ? WHERE bill_id = ? AND n = ?",
        (str(Pass.BY_HAND), one.bill_id, one.n),
    )
    prove((entry_id,), one.bill_id, one.n, BillKind(kind))
    [_] = rows(
        "UPDATE difference SET state = 'proven', closed_at_s = ?, closed_by = ?, reason = ?"
        " WHERE id = ? AND state = 'open' RETURNING id",
        (by.at_s, by.actor, reason, one.id),
    )
