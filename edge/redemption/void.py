"""The use case: an acceptance, or part of it, is taken back by the unit that gave it, while fresh.

A void is a new entry and never an edit; the receipt of it says so. There may be several of one
acceptance, never of more than it has taken. The codes that the acceptance used up stay used.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from typing import NamedTuple

from edge.bundles.store import BundleStore
from edge.contract.ids import EntryRef, Epoch, Seq
from edge.contract.journal_entry import EntryKind
from edge.contract.policy import Policy
from edge.contract.sync_message import UnitState
from edge.contract.voucher_token import VoucherKind
from edge.errors import (
    IdempotencyConflict,
    NotFound,
    RequestInvalid,
    UnitStopped,
    VoidRefused,
)
from edge.journal.store import Journal, Notes, Recorded
from edge.receipt.spool import Spool
from edge.redemption.decide import Wish
from edge.web.words import N_


def is_fresh(accepted_s: int, now_s: int, policy: Policy | None) -> bool:
    """Say whether an acceptance may still be taken back. Pure."""
    return policy is not None and now_s - accepted_s <= policy.void_s


class Part(NamedTuple):
    """So much of an acceptance is to be taken back.

    Args:
        wish: An amount of stored value, or uses of a multi-use voucher.
        key: The caller's Idempotency-Key.
    """

    wish: Wish
    key: str

    def request(self, epoch: Epoch, seq: Seq) -> bytes:
        """Return the 16 bytes that this request is known by in the journal."""
        told = f"VX1 void {epoch}/{seq} {self.key}"
        return hashlib.sha256(told.encode()).digest()[:16]

    def fingerprint(self) -> bytes:
        """Return the hash by which a retry is told from another use of the same key."""
        return hashlib.sha256(repr(self.wish).encode()).digest()


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

    def void(
        self, epoch: Epoch, seq: Seq, clerk: str | None = None, part: Part | None = None
    ) -> Recorded:
        """Take an acceptance back; whoever asks again gets the same entry.

        Args:
            part: How much of it; None for all that is left.

        Raises:
            NotFound: no acceptance has this number.
            VoidRefused: it is too old, or not as much is left of it.
            RequestInvalid: a voucher of this kind has no such part.
            IdempotencyConflict: the key was used for another part.
            UnitStopped: this unit may not decide anything.
            StoreUnavailable: nothing could be recorded, so nothing was taken back.
        """
        accepted = self._journal.get(epoch, seq)
        if accepted is None or accepted.entry.kind is not EntryKind.REDEMPTION:
            raise NotFound(N_("No acceptance has this number."))
        policy = self._policy()
        with self._journal.writing() as page:
            earlier = self._earlier(accepted, part)
            if earlier:
                return earlier
            if not is_fresh(accepted.entry.wall_s, self._journal.clock.now().at_s, policy):
                raise VoidRefused(N_("It was accepted too long ago. Headquarters can help."))
            left = self._left(accepted)
            amount = left if part is None else self._amount_of(accepted, part.wish)
            if not 0 < amount <= left:
                raise VoidRefused(N_("Not as much of it is left to be taken back."))
            recorded = page.append(
                EntryKind.VOID,
                self._notes(accepted, amount, part),
                voucher_id=accepted.entry.voucher_id,
                amount=amount,
                voids=(epoch, seq),
                policy_version=policy.version if policy else None,
                clerk=clerk,
                basket=accepted.entry.basket,
                request=part.request(epoch, seq) if part else None,
            )
            self._spool.add(recorded.entry.epoch, recorded.entry.seq)
        self._recorded()
        return recorded

    def left_to_void(self, recorded: Recorded) -> int:
        """Return how much of an entry ``void`` would take back now; 0 for what is no acceptance."""
        word = self._bundles.word
        may = (
            recorded.entry.kind is EntryKind.REDEMPTION
            and word is not None
            and word.state is UnitState.ACTIVE
            and is_fresh(recorded.entry.wall_s, self._journal.clock.now().at_s, word.policy)
        )
        return self._left(recorded) if may else 0

    def may_void(self, recorded: Recorded) -> bool:
        """Say whether ``void`` would take this entry, or what is left of it, back now."""
        return self.left_to_void(recorded) > 0

    def _policy(self) -> Policy | None:
        word = self._bundles.word
        if word is None or word.state is not UnitState.ACTIVE:
            state = str(word.state) if word else ""
            raise UnitStopped(N_("Only headquarters can let it go on; call them."), state=state)
        return word.policy

    def _earlier(self, accepted: Recorded, part: Part | None) -> Recorded | None:
        """Return the entry that this very request led to before."""
        if part is None:
            is_over = not self._journal.left_of(accepted.entry)
            return self._journal.voids_of(accepted.entry)[-1] if is_over else None
        found = self._journal.by_request(part.request(accepted.entry.epoch, accepted.entry.seq))
        if found is None:
            return None
        if found[1] != part.fingerprint():
            raise IdempotencyConflict(N_("Use a new key for a new request."))
        return found[0]

    def _left(self, accepted: Recorded) -> int:
        """Return how much of an acceptance neither this unit nor headquarters has given back."""
        entry = accepted.entry
        assert entry.voucher_id is not None, "an acceptance is of a voucher"
        ref = EntryRef(entry.unit, entry.epoch, entry.seq)
        told = self._bundles.given_back(entry.voucher_id)
        given = sum(one.amount for one in told if one.ref == ref)
        return max(0, self._journal.left_of(entry) - given)

    def _amount_of(self, accepted: Recorded, wish: Wish) -> int:
        """Return a part in the voucher's own measure."""
        word, number = self._bundles.word, accepted.notes.product
        product = word.catalogue.products.get(number) if word and number is not None else None
        if product is None or product.kind is VoucherKind.SINGLE:
            raise RequestInvalid(N_("This voucher can only be taken back as a whole."))
        if product.kind is VoucherKind.MULTI:
            if wish.uses is None or wish.amount is not None:
                raise RequestInvalid(N_("Say how many uses are taken back."))
            return wish.uses
        if wish.amount is None or wish.uses is not None:
            raise RequestInvalid(N_("Say which amount is taken back."))
        if word is not None and wish.amount.currency != word.enrolment.currency:
            raise RequestInvalid(N_("This voucher is in another currency."))
        return wish.amount.minor

    def _notes(self, accepted: Recorded, amount: int, part: Part | None) -> Notes:
        """Return the notes of the void: what is on the voucher again, as far as known."""
        assert accepted.entry.voucher_id is not None, "an acceptance has this field"
        assert accepted.entry.amount, "an acceptance takes something"
        newest = self._journal.newest_of(accepted.entry.voucher_id)
        left = newest.notes.remaining if newest else None
        worth = accepted.notes.worth_minor
        return Notes(
            part.fingerprint() if part else None,
            accepted.notes.product,
            None if worth is None else worth * amount // accepted.entry.amount,
            None if left is None else left + amount,
        )
