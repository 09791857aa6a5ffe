"""At the start: do journal and anchor tell the same story? Pure."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from edge.contract.ids import Epoch, Seq
from edge.contract.journal_entry import GENESIS, EpochCause, Gap
from edge.journal.model import AnchorState, Mark


class Tail(NamedTuple):
    """The newest entry, and what the next one continues from. ``seq`` 0: there is none."""

    epoch: Epoch = Epoch(0)
    seq: Seq = Seq(0)
    hash: bytes = GENESIS
    receipt: int = 0


def gap_between(
    tail: Tail,
    state: AnchorState,
    mark: Mark,
    hash_of: Callable[[Epoch, Seq], bytes | None],
    *,
    enrolled_before: bool,
) -> Gap | None:
    """Say what cannot be proven, or None if the journal goes on where the anchor says it stopped.

    The anchor is written after the commit, so a journal one entry ahead is what a kill leaves.

    Args:
        hash_of: Returns the hash of an entry of the journal, None if it is not there.
        enrolled_before: The hub knows entries of an earlier enrolment of this unit.
    """
    if not tail.seq:
        if state is AnchorState.GOOD and mark.seq:
            return Gap(EpochCause.ENROLLED_AGAIN, mark.epoch, Seq(0), GENESIS, mark.seq, mark.hash)
        return Gap(EpochCause.ENROLLED_AGAIN if enrolled_before else EpochCause.FIRST_START)
    if state is not AnchorState.GOOD:
        missing = state is AnchorState.MISSING
        cause = EpochCause.ANCHOR_MISSING if missing else EpochCause.ANCHOR_UNREADABLE
        return Gap(cause, tail.epoch, tail.seq, tail.hash)
    if (mark.epoch, mark.seq) > (tail.epoch, tail.seq):
        same = tail.epoch == mark.epoch
        have = (tail.seq, tail.hash) if same else (Seq(0), GENESIS)
        cause = EpochCause.JOURNAL_BEHIND_ANCHOR
        return Gap(cause, mark.epoch, *have, mark.seq, mark.hash)
    if hash_of(mark.epoch, mark.seq) != mark.hash:
        cause = EpochCause.JOURNAL_ALTERED
        return Gap(cause, mark.epoch, Seq(0), GENESIS, mark.seq, mark.hash)
    return None
