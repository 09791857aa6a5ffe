"""Proves statements from their lines and from the ledger, whatever triggers have said before."""

from __future__ import annotations

from collections.abc import Iterator

from central.foundation.db.engine import rows
from central.foundation.language.said import Saying
from central.money.settlement import store as books
from central.money.settlement.model import Line, LineKind, State, Statement
from central.money.settlement.statements.draw_up import totals_of
from central.money.settlement.statements.text import GENESIS, hash_of, text_of
from central.money.settlement.tables import StatementRow

_OF_OTHERS = {LineKind.BORNE_BY_OTHERS, LineKind.DECISION_BACK}
"""Decisions may move nothing of the store's own."""


def prove(store: str | None = None) -> list[str]:
    """Return what does not hold of issued statements, one sentence each; of one store, or all."""
    query = StatementRow.select().where(StatementRow.state != str(State.DRAFT))
    if store is not None:
        query = query.where(StatementRow.store_id == store)
    findings: list[str] = []
    before: Statement | None = None
    for one in books.read(query.order_by(StatementRow.store_id, StatementRow.n)):
        if before is not None and before.store != one.store:
            before = None
        findings += _of_one(one, before)
        before = one
    return findings


def _of_one(one: Statement, before: Statement | None) -> Iterator[str]:
    lines = books.lines_of(one.no)
    totals = one.totals
    prev = before.hash if before and before.hash else GENESIS
    if (one.prev_hash, one.n) != (prev, before.n + 1 if before else 1):
        yield Saying("statement-breaks", no=one.no)
    if totals.opening != (before.totals.closing if before else 0):
        yield Saying("statement-opening", no=one.no)
    if totals != totals_of(lines, totals.opening, totals.volume_before):
        yield Saying("statement-sum", no=one.no)
    text = text_of(one.no, one.store, one.currency, one.prev_hash or prev, totals, lines)
    if one.hash != hash_of(text):
        yield Saying("statement-altered", no=one.no)
    yield from _against_the_ledger(one, lines)


def _against_the_ledger(one: Statement, lines: tuple[Line, ...]) -> Iterator[str]:
    booked = _booked(one)
    for line in lines:
        if line.journal_id is None:
            continue
        found = booked.get(line.journal_id)
        if found is None and line.kind in _OF_OTHERS:
            continue
        if found != line.gross:
            yield Saying(
                "statement-line", line=line.n, no=one.no, there=line.gross, wanted=found or 0
            )
    charged = 0 if one.fee_journal_id is None else -booked.get(one.fee_journal_id, 0)
    if charged != one.totals.fee:
        yield Saying("statement-fees", no=one.no, there=one.totals.fee, wanted=charged)


def _booked(one: Statement) -> dict[int, int]:
    """Return what each journal of a statement has added to what the store is owed."""
    return {
        int(journal): int(minor)
        for journal, minor in rows(
            "SELECT e.journal_id, sum(-e.side * e.amount) FROM entry e"
            " JOIN account a ON a.id = e.account_id"
            " WHERE a.code = ? AND e.layer = 1 AND (e.journal_id = ? OR e.journal_id IN ("
            " SELECT journal_id FROM statement_line WHERE statement_no = ?))"
            " GROUP BY e.journal_id",
            (f"2310.{one.store}", one.fee_journal_id or 0, one.no),
        )
    }
