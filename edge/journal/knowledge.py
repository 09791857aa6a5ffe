"""What a unit knows of one voucher, and of its own risk, at this moment. Pure."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable
from typing import NamedTuple

from edge.contract.ids import Epoch, Seq
from edge.contract.journal_entry import EntryKind


class Trace(NamedTuple):
    """An entry about a voucher, as far as the next scan of it is concerned."""

    epoch: Epoch
    seq: Seq
    kind: EntryKind
    amount: int
    wall_s: int
    code_step: int | None


class Knowledge(NamedTuple):
    """What this unit did with one voucher.

    Args:
        taken: In the voucher's own measure; what was voided does not count.
        last: The newest acceptance, voided or not.
        used_steps: Time steps of rotating codes accepted for it. Voiding does not free them.
    """

    taken: int = 0
    last: Trace | None = None
    used_steps: frozenset[int] = frozenset()


def knowledge_of(traces: Iterable[Trace]) -> Knowledge:
    """Sum up the acceptances and voids of one voucher, in the order they were journaled."""
    taken = 0
    last: Trace | None = None
    steps: set[int] = set()
    for trace in traces:
        if trace.kind is EntryKind.REDEMPTION:
            taken += trace.amount
            last = trace
            if trace.code_step is not None:
                steps.add(trace.code_step)
        elif trace.kind is EntryKind.VOID:
            taken -= trace.amount
    return Knowledge(taken, last, frozenset(steps))


class Risk(NamedTuple):
    """What this unit has accepted alone since the hub last acknowledged its journal.

    Args:
        acceptances: Those that nobody else knows of yet.
        sum_minor: Their worth together.
        recent: Times of acceptances within the last ten minutes, ascending.
    """

    acceptances: int = 0
    sum_minor: int = 0
    recent: tuple[int, ...] = ()

    def since(self, at_s: int) -> int:
        """Return how many of the recent ones came after a moment."""
        return len(self.recent) - bisect_right(self.recent, at_s)
