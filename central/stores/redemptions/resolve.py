"""Who redeemed first? A pure function of the set of facts: the order of arrival changes nothing.

Facts are sorted by what stood behind them (the strongest guarantee first), then by the time at
the till, then by unit and number. The voucher's value is spent in that order; what lies beyond is
overspend. A fact is never refused and never deleted: a late one may only move the line.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from edge.contract.ids import EntryRef
from edge.contract.policy import Mode


class Fact(NamedTuple):
    """One acceptance by one unit.

    Args:
        amount: In the voucher's own measure, less what was taken back of it or given back.
        is_voided: The same unit took all of it back later; it spends nothing.
        is_written_off: What was promised to it was given up before it came: all others come first.
    """

    ref: EntryRef
    mode: Mode
    wall_s: int
    amount: int
    is_voided: bool = False
    is_written_off: bool = False


class Share(NamedTuple):
    """How much of one acceptance the voucher's value covers, and how much it does not."""

    covered: int
    excess: int


def resolve(capacity: int, facts: Iterable[Fact]) -> dict[EntryRef, Share]:
    """Return the share of each fact. Coverings never add up to more than the capacity."""
    left = capacity
    shares: dict[EntryRef, Share] = {}
    for fact in sorted(set(facts), key=_rank):
        if fact.is_voided:
            shares[fact.ref] = Share(0, 0)
            continue
        covered = min(fact.amount, left)
        left -= covered
        shares[fact.ref] = Share(covered, fact.amount - covered)
    return shares


def _rank(fact: Fact) -> tuple[bool, int, int, EntryRef]:
    return fact.is_written_off, int(fact.mode), fact.wall_s, fact.ref
