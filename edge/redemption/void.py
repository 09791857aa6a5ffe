"""The use case: an acceptance is taken back by the unit that gave it, while it is fresh.

A void is a new entry and never an edit; the receipt of it says so. The codes that the acceptance
used up stay used.
"""

from __future__ import annotations

from collections.abc import Callable

from edge.bundles.store import BundleStore
from edge.contract.ids import Epoch, Seq
from edge.contract.journal_entry import EntryKind
from edge.contract.policy import Policy
from edge.contract.sync_message import UnitState
from edge.errors import NotFound, UnitStopped, VoidRefused
from edge.journal.store import Journal, Notes, Recorded
from edge.receipt.spool import Spool
from edge.web.words import N_


def is_fresh(accepted_s: int, now_s: int, policy: Policy | None) -> bool:
    """Say whether an acceptance may still be taken back. Pure."""
    return policy is not None and now_s - accepted_s <= policy.void_s


class Voider:
    """Takes acceptances back. Safe to call from many threads.

    Args:
        recorded: Called after each new entry: there may be a paper to print and an entry to push.
    """

    def __init__(
        self, journal: Journal, bundles: BundleStore, spool: Spool,
        recorded: Callable[[], None] = lambda: None,
    ) -> None:  # fmt: skip
        self._journal = journal
        self._bundles = bundles
        self._spool = spool
        self._recorded = recorded

    def void(self, epoch: Epoch, seq: Seq, clerk: str | None = None) -> Recorded:
        """Take an acceptance back; whoever asks again gets the same entry.

        Raises:
            NotFound: no acceptance has this number.
            VoidRefused: it is too old.
            UnitStopped: this unit may not decide anything.
            StoreUnavailable: nothing could be recorded, so nothing was taken back.
        """
        accepted = self._journal.get(epoch, seq)
        if accepted is None or accepted.entry.kind is not EntryKind.REDEMPTION:
            raise NotFound(N_("No acceptance has this number."))
        policy = self._policy()
        with self._journal.writing() as page:
            earlier = self._journal.void_of(accepted.entry)
            if earlier:
                return earlier
            if not is_fresh(accepted.entry.wall_s, self._journal.clock.now().at_s, policy):
                raise VoidRefused(N_("It was accepted too long ago. Headquarters can help."))
            recorded = page.append(
                EntryKind.VOID,
                self._notes(accepted),
                voucher_id=accepted.entry.voucher_id,
                amount=accepted.entry.amount,
                voids=(epoch, seq),
                policy_version=policy.version if policy else None,
                clerk=clerk,
                basket=accepted.entry.basket,
            )
            self._spool.add(recorded.entry.epoch, recorded.entry.seq)
        self._recorded()
        return recorded

    def may_void(self, recorded: Recorded) -> bool:
        """Say whether ``void`` would take this entry back now."""
        word = self._bundles.word
        return (
            recorded.entry.kind is EntryKind.REDEMPTION
            and word is not None
            and word.state is UnitState.ACTIVE
            and is_fresh(recorded.entry.wall_s, self._journal.clock.now().at_s, word.policy)
            and self._journal.void_of(recorded.entry) is None
        )

    def _policy(self) -> Policy | None:
        word = self._bundles.word
        if word is None or word.state is not UnitState.ACTIVE:
            state = str(word.state) if word else ""
            raise UnitStopped(N_("Only headquarters can let it go on; call them."), state=state)
        return word.policy

    def _notes(self, accepted: Recorded) -> Notes:
        """Return the notes of the void: what is on the voucher again, as far as known."""
        assert accepted.entry.voucher_id is not None, "an acceptance has this field"
        newest = self._journal.newest_of(accepted.entry.voucher_id)
        left = newest.notes.remaining if newest else None
        remaining = None if left is None else left + (accepted.entry.amount or 0)
        return Notes(None, accepted.notes.product, accepted.notes.worth_minor, remaining)
