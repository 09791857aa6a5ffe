"""From a line of a statement down to what a unit has signed. Reads only."""

from __future__ import annotations

from typing import NamedTuple

from central.money.ledger.statement import Journal, journal
from central.money.settlement import store as books
from central.money.settlement.fees.charge import NO_FEE, model_for, parts_of
from central.money.settlement.model import (
    Dispute,
    FeeModel,
    Line,
    LineKind,
    Signed,
    Statement,
    Tier,
)
from central.money.settlement.ports import Stores
from central.money.settlement.statements.draw_up import COUNTED
from edge.contract.ids import EntryRef, Epoch, Seq, UnitId


class FeePart(NamedTuple):
    """How much of a redemption was charged at which rate."""

    tier: Tier
    minor: int


class LineView(NamedTuple):
    """One line with everything below it.

    Args:
        volume: What was redeemed in the month before it; its fee goes by that.
        parts: What its fee is made of, besides the fixed amount of ``model``.
    """

    statement: Statement
    line: Line
    dispute: Dispute | None
    model: FeeModel
    volume: int
    parts: tuple[FeePart, ...]
    journal: Journal | None
    signed: Signed | None


def drill(stores: Stores, no: str, n: int) -> LineView:
    """Return a line of a statement, the journal behind it, and the entry behind that.

    Raises:
        NotFound: there is no such statement or line.
    """
    one = books.statement(no)
    line = books.line_of(no, n)
    volume = one.totals.volume_before + sum(
        earlier.gross for earlier in books.lines_of(no) if earlier.n < n and earlier.kind in COUNTED
    )
    model: FeeModel = NO_FEE
    parts: tuple[FeePart, ...] = ()
    if line.kind is LineKind.REDEMPTION:
        model = model_for(books.fee_models(one.store), line.business_day)
        parts = tuple(FeePart(*part) for part in parts_of(model, line.gross, max(0, volume)))
    entry = _entry(line.entry)
    dispute = next((found for found in books.disputes_of(no) if found.n == n), None)
    return LineView(
        one, line, dispute, model, volume, parts,
        None if line.journal_id is None else journal(line.journal_id),
        None if entry is None else stores.signed(entry),
    )  # fmt: skip


def _entry(text: str) -> EntryRef | None:
    if not text:
        return None
    unit, epoch, seq = text.split("/")
    return EntryRef(UnitId(unit), Epoch(int(epoch)), Seq(int(seq)))
