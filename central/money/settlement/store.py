"""Reads statements, lines, disputes and fee models; moves a statement to its next state."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from central.errors import Conflict, NotFound
from central.foundation.db.engine import rows
from central.foundation.language.said import Saying
from central.money.settlement.model import (
    Dispute,
    FeeModel,
    Line,
    LineKind,
    State,
    Statement,
    Tier,
    Totals,
)
from central.money.settlement.states import Event, after, before
from central.money.settlement.tables import DisputedLine, FeeModelRow, LineRow, StatementRow
from edge.contract.ids import StoreId


class Wanted(NamedTuple):
    """Which statements; None for any."""

    store: str | None = None
    state: State | None = None
    month: int | None = None


ANY = Wanted()


def statements(wanted: Wanted = ANY, limit: int = 200) -> list[Statement]:
    """Return statements, the newest day first."""
    query = StatementRow.select()
    if wanted.store is not None:
        query = query.where(StatementRow.store_id == wanted.store)
    if wanted.state is not None:
        query = query.where(StatementRow.state == str(wanted.state))
    if wanted.month is not None:
        first, last = wanted.month * 100, wanted.month * 100 + 99
        query = query.where(StatementRow.day.between(first, last))
    found = query.order_by(StatementRow.day.desc(), StatementRow.store_id).limit(limit)
    return read(found)


def statement(no: str) -> Statement:
    """Return one statement; NotFound if there is none of this number."""
    found = read(StatementRow.select().where(StatementRow.no == no))
    if not found:
        raise NotFound(Saying("no-statement", number=no))
    return found[0]


def read(query: Iterable[StatementRow]) -> list[Statement]:
    """Return the statements of a query, each with what is disputed of it."""
    found = list(query)
    disputed = _disputed_of([row.no for row in found])
    return [_statement(row, disputed.get(row.no, 0)) for row in found]


def newest_issued(store: StoreId) -> Statement | None:
    """Return the newest statement of a store that is no draft."""
    found = read(
        StatementRow.select()
        .where(StatementRow.store_id == store, StatementRow.state != str(State.DRAFT))
        .order_by(StatementRow.n.desc())
        .limit(1)
    )
    return found[0] if found else None


def lines_of(no: str) -> tuple[Line, ...]:
    """Return the lines of a statement in their order."""
    return tuple(
        _line(row) for row in LineRow.select().where(LineRow.statement_no == no).order_by(LineRow.n)
    )


def line_of(no: str, n: int) -> Line:
    """Return one line; NotFound if there is none."""
    row = LineRow.get_or_none(LineRow.statement_no == no, LineRow.n == n)
    if row is None:
        raise NotFound(Saying("statement-no-line", number=no, line=n))
    return _line(row)


def disputes_of(no: str) -> list[Dispute]:
    """Return the disputed lines of a statement."""
    query = DisputedLine.select().where(DisputedLine.statement_no == no).order_by(DisputedLine.n)
    return [_dispute(row) for row in query]


def fee_models(store: str) -> list[FeeModel]:
    """Return every fee model that a store has had, the oldest first."""
    query = FeeModelRow.select().where(FeeModelRow.store_id == store)
    return [
        FeeModel(
            row.version, row.first_day, row.currency, row.fixed_minor,
            tuple(Tier(*tier) for tier in json.loads(row.tiers)),
        )
        for row in query.order_by(FeeModelRow.version)
    ]  # fmt: skip


def redeemed_in_month(store: str, day: int) -> int:
    """Return what was redeemed on the issued statements of a day's month, minor units."""
    month = day // 100 * 100
    [(total,)] = rows(
        "SELECT coalesce(sum(l.gross), 0) FROM statement_line l"
        " JOIN statement s ON s.no = l.statement_no"
        " WHERE s.store_id = ? AND s.day BETWEEN ? AND ? AND s.state <> 'draft'"
        " AND l.kind IN ('redemption', 'correction')",
        (store, month, month + 99),
    )
    return int(total)


def move(no: str, event: Event, *guards: object, **changes: object) -> bool:
    """Let an event happen to a statement; False if it is in no state for it, or by the guards.

    Conditional updates, one for each state in which it may happen; one row is hit, or none.
    """
    changed = sum(
        StatementRow.update(state=str(after(state, event)), **changes)
        .where(StatementRow.no == no, StatementRow.state == str(state), *guards)
        .execute()
        for state in before(event)
    )
    assert changed <= 1, "no event leads to a state in which it may happen again"
    return bool(changed)


def cannot(no: str, what: str) -> Conflict:
    """Return the problem of a statement to which something cannot happen."""
    found = statement(no)
    return Conflict(f"The statement {no} is {found.state} and cannot be {what}.")


# --- rows ----------------------------------------------------------------------------------------


def _disputed_of(numbers: Sequence[str]) -> dict[str, int]:
    if not numbers:
        return {}
    found: dict[str, int] = {}
    for row in DisputedLine.select().where(DisputedLine.statement_no << list(numbers)):
        found[row.statement_no] = found.get(row.statement_no, 0) + row.due
    return found


def _statement(row: StatementRow, disputed: int) -> Statement:
    return Statement(
        no=row.no,
        store=StoreId(row.store_id),
        n=row.n,
        day=row.day,
        currency=row.currency,
        state=State(row.state),
        totals=Totals(
            row.opening, row.gross, row.fee, row.net, row.due, row.closing, row.volume_before
        ),
        disputed=disputed,
        drawn_up_at_s=row.drawn_up_at_s,
        fee_journal_id=row.fee_journal_id,
        fee_version=row.fee_version,
        prev_hash=None if row.prev_hash is None else bytes(row.prev_hash),
        hash=None if row.hash is None else bytes(row.hash),
        issued_at_s=row.issued_at_s,
        answer_until_s=row.answer_until_s,
        answered_at_s=row.answered_at_s,
        answered_by=row.answered_by,
        reason=row.reason,
        payable_at_s=row.payable_at_s,
        payout_no=row.payout_no,
        paid_at_s=row.paid_at_s,
    )


def _line(row: LineRow) -> Line:
    return Line(
        n=row.n,
        kind=LineKind(row.kind),
        business_day=row.business_day,
        is_late=bool(row.is_late),
        at_s=row.at_s,
        final_after_s=row.final_after_s,
        scope=row.scope,
        entry=row.entry,
        voucher=row.voucher,
        gross=row.gross,
        fee=row.fee,
        net=row.net,
        due=row.due,
        journal_id=row.journal_id,
        settles=row.settles,
    )


def _dispute(row: DisputedLine) -> Dispute:
    return Dispute(
        row.statement_no, row.n, row.due, row.reason, row.opened_at_s, row.opened_by,
        row.settled_at_s, row.settled_by, row.note,
    )  # fmt: skip
