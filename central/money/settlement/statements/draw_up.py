"""From journals to the lines and totals of a statement. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from central.money.ledger.rules import business_day
from central.money.settlement.fees.charge import fee_of, model_for
from central.money.settlement.model import (
    AtTheTill,
    FeeModel,
    Line,
    LineKind,
    Movement,
    SettledDispute,
    Totals,
)
from edge.contract.ids import EntryRef, Epoch, Seq, parse_unit_id

_KINDS = {
    ("redeemed", False): LineKind.REDEMPTION,
    ("redeemed", True): LineKind.CORRECTION,
    ("double-redemption-claimed", False): LineKind.CLAIM,
    ("double-redemption-claimed", True): LineKind.CLAIM_BACK,
    ("double-redemption-borne", True): LineKind.DECISION_BACK,
    ("payout-committed", False): LineKind.PAYMENT,
    ("payout-committed", True): LineKind.PAYMENT_BACK,
    ("stores-netted", False): LineKind.PAYMENT,
    ("stores-netted", True): LineKind.PAYMENT_BACK,
}
COUNTED = frozenset({LineKind.REDEMPTION, LineKind.CORRECTION})
"""What counts for the volume of a month, and bears a fee."""
_NOT_DUE = frozenset(
    {LineKind.CLAIM, LineKind.CLAIM_BACK, LineKind.BORNE_BY_STORE, LineKind.PAYMENT}
)
_AT_THE_TILL = frozenset({LineKind.REDEMPTION, LineKind.CLAIM, LineKind.BORNE_BY_OTHERS})


class Terms(NamedTuple):
    """What the lines of one statement are drawn up by.

    Args:
        models: Fee models of the store.
        charged: Fee of each redemption on an issued statement that one of these takes back, by
            its journal.
        opening: What the statement before ended with.
        volume_before: What was redeemed in the month before, minor units.
    """

    day: int
    timezone: str
    models: Sequence[FeeModel]
    charged: Mapping[int, int]
    opening: int
    volume_before: int


def kind_of(movement: Movement) -> LineKind:
    """Return what a journal is on a statement."""
    key = (movement.root_kind, movement.is_reversal)
    if key == ("double-redemption-borne", False):
        return LineKind.BORNE_BY_STORE if movement.change else LineKind.BORNE_BY_OTHERS
    return _KINDS.get(key, LineKind.ADJUSTMENT)


def entry_of(movement: Movement) -> EntryRef | None:
    """Return the entry that a journal was posted for; its memo begins with it."""
    unit, *numbers = movement.root_memo.split(" ")[0].split("/")
    try:
        epoch, seq = map(int, numbers)
        return EntryRef(parse_unit_id(unit), Epoch(epoch), Seq(seq))
    except ValueError:
        return None


def draw_up(
    movements: Iterable[Movement], disputes: Iterable[SettledDispute],
    tills: Mapping[EntryRef, AtTheTill], terms: Terms,
) -> tuple[tuple[Line, ...], Totals]:  # fmt: skip
    """Return the lines in the order in which they were posted, and what they come to."""
    charged = dict(terms.charged)
    volume = terms.volume_before
    lines: list[Line] = []
    for movement in sorted(movements):
        line = _line(len(lines) + 1, movement, tills, terms)
        fee = 0
        if line.kind is LineKind.REDEMPTION:
            fee = fee_of(model_for(terms.models, line.business_day), line.gross, volume)
            charged[movement.journal_id] = fee
        elif line.kind is LineKind.CORRECTION:
            fee = -charged[movement.root_id]  # what was charged is given back, to the fen
        if line.kind in COUNTED:
            volume += line.gross
        net = line.gross - fee
        lines.append(line._replace(fee=fee, net=net, due=_due(line.kind, movement, net)))
    lines += [
        _settled(len(lines) + place, dispute, terms)
        for place, dispute in enumerate(sorted(disputes), start=1)
    ]
    return tuple(lines), totals_of(lines, terms.opening, terms.volume_before)


def totals_of(lines: Sequence[Line], opening: int, volume_before: int) -> Totals:
    """Return what lines come to."""
    net = sum(line.net for line in lines)
    return Totals(
        opening=opening,
        gross=sum(line.gross for line in lines),
        fee=sum(line.fee for line in lines),
        net=net,
        due=sum(line.due for line in lines),
        closing=opening + net,
        volume_before=volume_before,
    )


def _line(n: int, movement: Movement, tills: Mapping[EntryRef, AtTheTill], terms: Terms) -> Line:
    kind, entry = kind_of(movement), entry_of(movement)
    till = tills.get(entry) if entry is not None and kind in _AT_THE_TILL else None
    day, at_s = movement.effective, movement.at_s
    if till is not None and kind is not LineKind.BORNE_BY_OTHERS:
        day = business_day(till.counts_s, terms.timezone)
        at_s = till.counts_s if till.told_s is None else till.told_s
    return Line(
        n=n,
        kind=kind,
        business_day=day,
        is_late=day < terms.day,
        at_s=at_s,
        final_after_s=till.counts_s if till is not None and kind is not LineKind.CLAIM else None,
        scope=till.scope if till is not None and kind is not LineKind.CLAIM else None,
        entry="" if entry is None else str(entry),
        voucher=movement.voucher if entry is not None else "",
        gross=movement.change,
        fee=0,
        net=movement.change,
        due=0,
        journal_id=movement.journal_id,
    )


def _due(kind: LineKind, movement: Movement, net: int) -> int:
    if kind in _NOT_DUE:
        return 0
    if kind is LineKind.BORNE_BY_OTHERS:
        return movement.about
    if kind is LineKind.DECISION_BACK:
        return 0 if movement.change else -movement.about
    return net


def _settled(n: int, dispute: SettledDispute, terms: Terms) -> Line:
    return Line(
        n=n, kind=LineKind.DISPUTE_SETTLED,
        business_day=business_day(dispute.settled_at_s, terms.timezone), is_late=False,
        at_s=dispute.settled_at_s, final_after_s=None, scope=None, entry=dispute.entry,
        voucher=dispute.voucher, gross=0, fee=0, net=0, due=dispute.due, journal_id=None,
        settles=dispute.line,
    )  # fmt: skip
