"""The use case: read, verify, decide, record, owe a receipt, answer.

Each answer is a view of the entry that was recorded. A caller who asks again with the same key
gets the same answer for ever, also after a crash between the commit and the first answer.
"""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Callable
from typing import NamedTuple

from edge.bundles.store import BundleStore, HubWord
from edge.clock.model import TrustedTime
from edge.clock.trusted_time import TrustedClock
from edge.contract import status
from edge.contract.journal_entry import EntryKind
from edge.contract.policy import Mode
from edge.contract.refusal import Refusal
from edge.contract.status import Staleness
from edge.contract.sync_message import Reserve, UnitState
from edge.contract.voucher_token import TokenInvalid
from edge.errors import N_, IdempotencyConflict, NotEnrolled, UnitStopped
from edge.journal.knowledge import Knowledge
from edge.journal.store import Journal, Notes, Page, Recorded
from edge.receipt.spool import Spool
from edge.redemption.decide import CodeState, Decision, Facts, Wish, decide
from edge.redemption.identify import Identified, identify
from edge.redemption.lockout import LOOKED_BACK_S, locked_until
from edge.redemption.ports import Reserver

SAME_BASKET_S = 5
"""A second scan of a voucher for the same basket within this is the same redemption."""


class Presented(NamedTuple):
    """A voucher is presented.

    Args:
        text: What the scanner delivered, or what was typed.
        key: The caller's Idempotency-Key.
        basket: Names the sale; a double scan within one sale is one redemption.
        clerk: Who is at the till, at most 64 characters.
    """

    text: str
    key: str
    wish: Wish = Wish()
    basket: str | None = None
    clerk: str | None = None

    def request(self) -> bytes:
        """Return the 16 bytes that this request is known by in the journal."""
        return hashlib.sha256(b"VX1 request\x00" + self.key.encode()).digest()[:16]

    def fingerprint(self) -> bytes:
        """Return the hash by which a retry is told from another use of the same key."""
        parts = repr((self.text, self.wish, self.basket, self.clerk))
        return hashlib.sha256(parts.encode()).digest()


class Verification(NamedTuple):
    """What a redemption would answer now. Nothing was recorded."""

    decision: Decision
    identified: Identified | None


class Redeemer:
    """Redeems vouchers on one unit. Safe to call from many threads.

    Args:
        recorded: Called after each new entry: there may be a paper to print and an entry to push.
    """

    def __init__(
        self, journal: Journal, bundles: BundleStore, spool: Spool, clock: TrustedClock,
        reserver: Reserver, recorded: Callable[[], None] = lambda: None,
    ) -> None:  # fmt: skip
        self._journal = journal
        self._bundles = bundles
        self._spool = spool
        self._clock = clock
        self._reserver = reserver
        self._recorded = recorded

    def redeem(self, presented: Presented) -> Recorded:
        """Accept or refuse a voucher; either way it is recorded before this returns.

        Raises:
            IdempotencyConflict: the key was used for another request.
            NotEnrolled, UnitStopped: this unit may not decide anything.
            StoreUnavailable: nothing could be recorded, so nothing was accepted.
        """
        word = self._word()
        request = presented.request()
        seen = self._journal.changes
        earlier = self._earlier(request, presented)
        if earlier:
            return earlier
        now = self._clock.now()
        try:
            found = identify(presented.text, self._bundles, word, now)
        except TokenInvalid as exc:
            recorded = self._record_unreadable(exc.reason, presented, request)
        else:
            facts = self._facts(found, presented.wish, word, now)
            recorded = self._decide_and_record(facts, presented, request, word, seen)
        self._recorded()
        return recorded

    def _decide_and_record(
        self, facts: Facts, presented: Presented, request: bytes, word: HubWord, seen: int
    ) -> Recorded:
        same = self._same_basket(facts, presented)
        if same:  # before the hub is asked: it would hold the amount a second time
            with self._journal.writing() as page:
                return self._earlier(request, presented) or self._also(page, same, presented)
        refused = decide(facts)
        if not refused.accepted:
            return self._record(facts, presented, request, seen, refused)
        return self._record(self._with_mode(facts, request, word), presented, request, seen)

    def verify(self, text: str, wish: Wish) -> Verification:
        """Say what ``redeem`` would answer, without asking the hub and without recording."""
        word, now = self._word(), self._clock.now()
        try:
            found = identify(text, self._bundles, word, now)
        except TokenInvalid as exc:
            return Verification(Decision(exc.reason, None, 0, 0, 0), None)
        decision = decide(self._facts(found, wish, word, now))
        if decision.reason is Refusal.AMOUNT_MISSING:
            # Asking without an amount is asking what there is.
            decision = decision._replace(reason=None)
        return Verification(decision, found)

    # --- the steps -------------------------------------------------------------------------------

    def _word(self) -> HubWord:
        word = self._bundles.word
        if word is None:
            raise NotEnrolled(N_("Enrol it with the code that headquarters gives you."))
        if word.state is not UnitState.ACTIVE:
            raise UnitStopped(
                N_("Only headquarters can let it go on; call them."), state=str(word.state)
            )
        return word

    def _earlier(self, request: bytes, presented: Presented) -> Recorded | None:
        earlier = self._journal.by_request(request)
        if earlier is None:
            return None
        recorded, fingerprint = earlier
        if fingerprint != presented.fingerprint():
            raise IdempotencyConflict(N_("Use a new key for a new request."))
        return recorded

    def _facts(self, found: Identified, wish: Wish, word: HubWord, now: TrustedTime) -> Facts:
        claims = found.claims
        hub_age_s = None if word.pulled_at_s is None else max(0, now.at_s - word.pulled_at_s)
        known_status = None if word.pulled_at_s is None else word.status_of(claims.status_index)[0]
        return Facts(
            claims=claims,
            product=word.catalogue.products.get(claims.product),
            group=word.enrolment.group,
            currency=word.enrolment.currency,
            time=now,
            status=known_status,
            staleness=Staleness.EXPIRED if hub_age_s is None else status.staleness(hub_age_s),
            hub_age_s=hub_age_s,
            knowledge=self._journal.knowledge_of(claims.voucher_id),
            wish=wish,
            code=found.code,
            code_step=found.code_step,
            used_steps_up_to=self._journal.used_steps_up_to() if found.code_step else 0,
            locked_until_s=self._locked_until(found, now),
            policy=word.policy,
            risk=self._journal.risk,
        )

    def _locked_until(self, found: Identified, now: TrustedTime) -> int | None:
        if found.code is CodeState.ABSENT:
            return None
        since_s = now.at_s - LOOKED_BACK_S
        times = (
            locked_until(self._journal.misses_since(since_s, found.claims.voucher_id)),
            locked_until(self._journal.misses_since(since_s, None)),
        )
        return max((t for t in times if t), default=None)

    def _with_mode(self, facts: Facts, request: bytes, word: HubWord) -> Facts:
        """Ask the hub if the policy lets us; otherwise this unit stands alone.

        No lock and no transaction is held here: a hub that hangs must not hang the till next
        to this one.
        """
        policy = word.policy
        if policy and Mode.ONLINE in policy.modes:
            amount = decide(facts).amount
            answer = self._reserver.reserve(
                Reserve(word.enrolment.unit, request, facts.claims.voucher_id, amount),
                policy.online_timeout_ms,
            )
            if answer:
                return facts._replace(
                    mode=Mode.ONLINE, hub_refusal=answer.refusal, hub_remaining=answer.remaining
                )
        return facts._replace(mode=Mode.SOLO)

    def _record(
        self, facts: Facts, presented: Presented, request: bytes, seen: int,
        refused: Decision | None = None,
    ) -> Recorded:  # fmt: skip
        """Decide under the lock and record; what was refused before the mode was known stays so.

        Args:
            seen: ``journal.changes`` before anything of the facts was read.
        """
        voucher_id = facts.claims.voucher_id
        with self._journal.writing() as page:
            facts = facts._replace(risk=self._journal.risk)
            if self._journal.changes != seen:
                # Another request may have come this far side by side: look again.
                earlier = self._earlier(request, presented)
                if earlier:
                    return earlier
                facts = facts._replace(knowledge=self._journal.knowledge_of(voucher_id))
                same = self._same_basket(facts, presented)
                if same:
                    return self._also(page, same, presented)
            decision = refused or decide(facts)
            recorded = page.append(
                EntryKind.REDEMPTION if decision.accepted else EntryKind.REFUSAL,
                Notes(
                    presented.fingerprint(),
                    facts.claims.product,
                    decision.worth_minor,
                    decision.remaining,
                ),
                voucher_id=voucher_id,
                amount=decision.amount if decision.accepted else None,
                mode=decision.mode,
                reason=decision.reason,
                policy_version=facts.policy.version if facts.policy else None,
                status_version=self._status_version(facts),
                code_step=facts.code_step if decision.accepted else None,
                clerk=presented.clerk,
                basket=presented.basket,
                request=request,
            )
            if decision.accepted:
                self._spool.add(recorded.entry.epoch, recorded.entry.seq)
            return recorded

    def _record_unreadable(self, reason: Refusal, shown: Presented, request: bytes) -> Recorded:
        with self._journal.writing() as page:
            return self._earlier(request, shown) or page.append(
                EntryKind.REFUSAL,
                Notes(shown.fingerprint()),
                reason=reason,
                clerk=shown.clerk,
                basket=shown.basket,
                request=request,
            )

    def _also(self, page: Page, same: Recorded, presented: Presented) -> Recorded:
        """Note that this request has the answer of an earlier one, for whenever it comes again."""
        page.answer_also(same.entry, presented.request(), presented.fingerprint())
        return same

    def _same_basket(self, facts: Facts, presented: Presented) -> Recorded | None:
        """Return the redemption that this is only a second scan for."""
        last = facts.knowledge.last
        if not last or presented.basket is None or facts.time.at_s - last.wall_s > SAME_BASKET_S:
            return None
        recorded = self._journal.get(last.epoch, last.seq)
        # What would be taken if the first scan had not been, whatever guarantee it would get now.
        afresh = facts._replace(knowledge=Knowledge(), mode=None, hub_refusal=None)
        wanted = decide(afresh).amount
        if recorded and recorded.entry.basket == presented.basket and last.amount == wanted:
            return recorded
        return None

    def _status_version(self, facts: Facts) -> int | None:
        word = self._bundles.word
        if word is None or facts.status is None:
            return None
        return word.status_of(facts.claims.status_index)[1]


def new_key() -> str:
    """Return an Idempotency-Key for a scan that came from no caller with one of its own."""
    return secrets.token_hex(16)
