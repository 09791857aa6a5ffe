"""The use case: read, verify, decide, record, owe a receipt, answer.

Each answer is a view of the entry that was recorded. A caller who asks again with the same key
gets the same answer for ever, also after a crash between the commit and the first answer.
"""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Callable, Sequence
from typing import NamedTuple

from edge.bundles.store import BundleStore, HubWord
from edge.clock.model import TrustedTime
from edge.clock.trusted_time import TrustedClock
from edge.contract import status
from edge.contract.grant import is_grant
from edge.contract.ids import VoucherId
from edge.contract.journal_entry import EntryKind, Override
from edge.contract.policy import Mode
from edge.contract.refusal import Refusal
from edge.contract.status import Staleness
from edge.contract.sync_message import UnitState
from edge.contract.voucher_token import TokenInvalid
from edge.errors import N_, IdempotencyConflict, NotEnrolled, UnitStopped
from edge.journal.knowledge import Knowledge
from edge.journal.store import Journal, Notes, Page, Recorded
from edge.receipt.spool import Spool
from edge.redemption.assure import assurance_for
from edge.redemption.decide import CodeState, Decision, Facts, Wish, decide, may_overrule, taken_by
from edge.redemption.guarantee import lease_for
from edge.redemption.identify import Identified, identify
from edge.redemption.lockout import LOOKED_BACK_S, locked_until
from edge.redemption.phone import PhoneDesk
from edge.redemption.ports import Claim, Guarantor, Neighbours

SAME_BASKET_S = 5
"""A second scan of a voucher for the same basket within this is the same redemption."""


class Supervisor(NamedTuple):
    """Who overrules a refusal, having shown his PIN, and why."""

    name: str
    reason: str


class Presented(NamedTuple):
    """A voucher is presented.

    Args:
        text: What the scanner delivered, or what was typed.
        key: The caller's Idempotency-Key.
        basket: Names the sale; a double scan within one sale is one redemption.
        clerk: Who is at the till, at most 64 characters.
        source: Where it came from, for the notes; no part of what makes a request the same.
        supervisor: Who lets it be accepted although it would be refused.
    """

    text: str
    key: str
    wish: Wish = Wish()
    basket: str | None = None
    clerk: str | None = None
    source: str | None = None
    supervisor: Supervisor | None = None

    def request(self) -> bytes:
        """Return the 16 bytes that this request is known by in the journal."""
        return hashlib.sha256(b"VX1 request\x00" + self.key.encode()).digest()[:16]

    def fingerprint(self) -> bytes:
        """Return the hash by which a retry is told from another use of the same key."""
        parts = repr((self.text, self.wish, self.basket, self.clerk))
        if self.supervisor:
            parts += repr(self.supervisor)
        return hashlib.sha256(parts.encode()).digest()


class Verification(NamedTuple):
    """What a redemption would answer now. Nothing was recorded."""

    decision: Decision
    identified: Identified | None


class PhoneAsk(NamedTuple):
    """What the customer's phone is to be shown.

    Args:
        link: Empty if the phone would not help; then ``decision`` says why.
    """

    link: str
    decision: Decision
    identified: Identified | None


class Redeemer:
    """Redeems vouchers on one unit. Safe to call from many threads.

    Args:
        guarantors: Who may stand behind an acceptance, the strongest guarantee first.
        recorded: Called after each new entry: there may be a paper to print and an entry to push.
        neighbours: The other units of the store; None for a unit that is alone in it.
    """

    def __init__(  # noqa: PLR0913 - called by the composition root alone
        self, journal: Journal, bundles: BundleStore, spool: Spool, clock: TrustedClock,
        guarantors: Sequence[Guarantor] = (), recorded: Callable[[], None] = lambda: None,
        *, neighbours: Neighbours | None = None,
    ) -> None:  # fmt: skip
        self._journal = journal
        self._bundles = bundles
        self._spool = spool
        self._clock = clock
        self._guarantors = guarantors
        self._recorded = recorded
        self._neighbours = neighbours
        desks = (one for one in guarantors if isinstance(one, PhoneDesk))
        self._phone = next(desks, None)

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
        if is_grant(presented.text):
            recorded = self._redeem_granted(presented, word, request)
            self._recorded()
            return recorded
        now = self._clock.now()
        try:
            found = identify(presented.text, self._bundles, word, now)
        except TokenInvalid as exc:
            recorded = self._record_unreadable(exc.reason, presented, request)
        else:
            facts = self._facts(found, presented.wish, word, now)
            facts = facts._replace(is_overruled=presented.supervisor is not None)
            recorded = self._decide_and_record(facts, presented, request, seen)
            if found.seen_step is not None:  # the next customer has the use of it
                self._clock.learn_from_code(found.claims.voucher_id, found.seen_step)
        self._recorded()
        return recorded

    def ask_phone(self, presented: Presented) -> PhoneAsk:
        """Return the link by which the customer's phone verifies a sale, or why it would not help.

        The scan of what the phone shows then, by ``redeem``, completes this sale.

        Raises:
            NotEnrolled, UnitStopped: this unit may not decide anything.
        """
        word, now = self._word(), self._clock.now()
        try:
            found = identify(presented.text, self._bundles, word, now)
        except TokenInvalid as exc:
            return PhoneAsk("", Decision(exc.reason, None, 0, 0, 0), None)
        decision = decide(self._granted_facts(found, presented.wish, word, now))
        taken = taken_by(self._facts(found, presented.wish, word, now))
        may = decision.accepted or decision.reason is Refusal.CLOCK_UNCERTAIN
        if self._phone is None or not may or taken < 1:
            return PhoneAsk("", decision, found)
        sale = presented._replace(key=self._phone.new_key())
        link = self._phone.ask(sale, found.claims.voucher_id, taken, word)
        return PhoneAsk(link, decision._replace(amount=taken), found)

    def may_be_overruled(self, presented: Presented, recorded: Recorded) -> bool:
        """Say whether a supervisor may let this voucher be accepted that was refused."""
        word, now, reason = self._bundles.word, self._clock.now(), recorded.entry.reason
        if word is None or reason is None:
            return False
        try:
            found = identify(presented.text, self._bundles, word, now)
        except TokenInvalid:
            return False
        return may_overrule(self._facts(found, presented.wish, word, now), reason)

    def _granted_facts(
        self, found: Identified, wish: Wish, word: HubWord, now: TrustedTime
    ) -> Facts:
        """Return the facts of a sale that the phone verifies.

        Its own key has signed for this sale, which says more than a rotating code; the one that
        was scanned is out of date by now.
        """
        seen = found._replace(code=CodeState.MATCHES, code_step=None)
        return self._facts(seen, wish, word, now)._replace(locked_until_s=None, mode=Mode.GRANT)

    def _redeem_granted(self, presented: Presented, word: HubWord, request: bytes) -> Recorded:
        """Complete the sale that a grant is for; any other grant is a refused scan."""
        seen = self._journal.changes
        reason: Refusal | None = Refusal.GRANT_OTHER_SALE
        sale = None
        if self._phone is not None:
            asked, reason = self._phone.open(presented.text, word)
            sale = asked.sale if asked else None
        if not isinstance(sale, Presented):
            return self._record_unreadable(reason or Refusal.GRANT_OTHER_SALE, presented, request)
        first = self._journal.by_request(sale.request())
        if first:
            return self._granted_before(first[0], presented, request)
        now = self._clock.now()
        try:
            found = identify(sale.text, self._bundles, word, now)
        except TokenInvalid as exc:
            return self._record_unreadable(exc.reason, presented, request)
        facts = self._granted_facts(found, sale.wish, word, now)._replace(mode=None)
        refused = decide(facts)
        if not refused.accepted:
            return self._record(facts, sale, sale.request(), seen, refused, presented)
        return self._assure_and_record(facts, sale, sale.request(), seen, presented)

    def _granted_before(self, first: Recorded, presented: Presented, request: bytes) -> Recorded:
        """A scanner fires twice; later than that, the same grant is for a sale that is over."""
        if self._clock.now().at_s - first.entry.wall_s > SAME_BASKET_S:
            return self._record_unreadable(Refusal.GRANT_USED, presented, request)
        with self._journal.writing() as page:
            return self._earlier(request, presented) or self._also(page, first, presented)

    def _decide_and_record(
        self, facts: Facts, presented: Presented, request: bytes, seen: int
    ) -> Recorded:
        same = self._same_basket(facts, presented)
        if same:  # before the hub is asked: it would hold the amount a second time
            with self._journal.writing() as page:
                return self._earlier(request, presented) or self._also(page, same, presented)
        refused = decide(facts)
        if not refused.accepted:
            return self._record(facts, presented, request, seen, refused)
        return self._assure_and_record(facts, presented, request, seen)

    def _assure_and_record(
        self, facts: Facts, presented: Presented, request: bytes, seen: int,
        grant: Presented | None = None,
    ) -> Recorded:  # fmt: skip
        """Find somebody who stands behind it, and record; meanwhile nobody else begins with it."""
        nothing_taken = False
        try:
            facts = self._with_mode(facts, request)
            recorded = self._record(facts, presented, request, seen, None, grant)
            nothing_taken = not recorded.entry.accepted
        finally:
            if self._neighbours:
                self._neighbours.end(request, nothing_taken=nothing_taken)
        return recorded

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
            knowledge=self._knowledge_of(claims.voucher_id),
            wish=wish,
            code=found.code,
            code_step=found.code_step,
            used_steps_up_to=self._journal.used_steps_up_to() if found.code_step else 0,
            locked_until_s=self._locked_until(found.code, claims.voucher_id, now),
            policy=word.policy,
            risk=self._journal.risk,
            elsewhere=self._elsewhere(claims.voucher_id),
        )

    def _elsewhere(self, voucher_id: VoucherId) -> Knowledge:
        return self._neighbours.knowledge_of(voucher_id) if self._neighbours else Knowledge()

    def _knowledge_of(self, voucher_id: VoucherId) -> Knowledge:
        """Return what this unit knows of a voucher, less what headquarters has given back."""
        known = self._journal.knowledge_of(voucher_id)
        for (unit, epoch, seq), _, amount in self._bundles.given_back(voucher_id):
            entry = self._journal.get(epoch, seq) if unit == self._journal.unit else None
            left = self._journal.left_of(entry.entry) if entry else 0
            known = known._replace(taken=max(0, known.taken - min(amount, left)))
        return known

    def _locked_until(self, code: CodeState, voucher_id: VoucherId, now: TrustedTime) -> int | None:
        if code is CodeState.ABSENT:
            return None
        since_s = now.at_s - LOOKED_BACK_S
        times = (
            locked_until(self._journal.misses_since(since_s, voucher_id)),
            locked_until(self._journal.misses_since(since_s, None)),
        )
        return max((t for t in times if t), default=None)

    def _with_mode(self, facts: Facts, request: bytes) -> Facts:
        """Ask who stands behind it; if nobody does, this unit stands alone.

        No lock and no transaction is held here: a hub that hangs must not hang the till next
        to this one.
        """
        taken = decide(facts)
        claim = Claim(request, facts.claims, taken.amount, taken.worth_minor)
        if self._neighbours:
            busy = self._neighbours.hold(claim)
            # Held: from here on nothing changes elsewhere that is not asked of us first.
            known = self._elsewhere(facts.claims.voucher_id)
            facts = facts._replace(elsewhere=self._neighbours.elsewhere(claim, known))
            if busy:
                return facts._replace(hub_refusal=busy)
            if not decide(facts).accepted:
                return facts
        asked_s = self._clock.steady_s()
        word = assurance_for(claim, facts.policy, self._guarantors)
        if self._neighbours:
            facts = facts._replace(elsewhere=self._neighbours.elsewhere(claim, facts.elsewhere))
        return facts._replace(
            mode=word.mode, hub_refusal=word.refusal, hub_remaining=word.remaining,
            evidence=word.evidence,
            promise_ends_s=None if word.life_s is None else asked_s + word.life_s,
        )  # fmt: skip

    def _record(
        self, facts: Facts, presented: Presented, request: bytes, seen: int,
        refused: Decision | None = None, scanned: Presented | None = None,
    ) -> Recorded:  # fmt: skip
        """Decide under the lock and record; what was refused before the mode was known stays so.

        Args:
            seen: ``journal.changes`` before anything of the facts was read.
            scanned: The scan of a grant that completes this sale: it has the same answer.
        """
        voucher_id = facts.claims.voucher_id
        with self._journal.writing() as page:
            facts = facts._replace(risk=self._journal.risk)
            if facts.promise_ends_s is not None and self._clock.steady_s() > facts.promise_ends_s:
                # This process slept meanwhile: the hub may have given the value to another.
                facts = facts._replace(
                    mode=Mode.SOLO, hub_refusal=None, hub_remaining=None, evidence=None
                )
            if self._journal.changes != seen:
                # Another request may have come this far side by side: look again.
                earlier = self._earlier(request, presented)
                if earlier:
                    return self._also(page, earlier, scanned) if scanned else earlier
                facts = facts._replace(knowledge=self._knowledge_of(voucher_id))
                if scanned is None:  # a wrong code may have been one too many meanwhile
                    locked = self._locked_until(facts.code, voucher_id, facts.time)
                    facts = facts._replace(locked_until_s=locked)
                same = self._same_basket(facts, presented)
                if same:
                    return self._also(page, same, presented)
            facts = self._still_leased(facts)
            decision = refused or decide(facts)
            recorded = page.append(
                EntryKind.REDEMPTION if decision.accepted else EntryKind.REFUSAL,
                Notes(
                    presented.fingerprint(),
                    facts.claims.product,
                    decision.worth_minor,
                    decision.remaining,
                    presented.source,
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
                evidence=facts.evidence if decision.accepted else None,
                override=_override(facts, decision, presented.supervisor),
            )
            if scanned:
                self._also(page, recorded, scanned)
            if decision.accepted:
                self._spool.add(recorded.entry.epoch, recorded.entry.seq)
            return recorded

    def _still_leased(self, facts: Facts) -> Facts:
        """Look at the lease once more, under the lock: another request may have spent it, or the
        hub has recalled it. Then this unit stands alone."""
        if facts.mode is not Mode.LEASE or facts.hub_refusal:
            return facts
        lease = lease_for(
            facts.claims.voucher_id, taken_by(facts), self._bundles.word, self._journal,
            self._clock.now(),
        )  # fmt: skip
        if lease is None:
            return facts._replace(mode=Mode.SOLO, evidence=None)
        return facts._replace(evidence=lease.lease_id)

    def _record_unreadable(self, reason: Refusal, shown: Presented, request: bytes) -> Recorded:
        with self._journal.writing() as page:
            return self._earlier(request, shown) or page.append(
                EntryKind.REFUSAL,
                Notes(shown.fingerprint(), source=shown.source),
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
        afresh = facts._replace(
            knowledge=Knowledge(), mode=None, hub_refusal=None, elsewhere=Knowledge()
        )
        wanted = decide(afresh).amount
        if recorded and recorded.entry.basket == presented.basket and last.amount == wanted:
            return recorded
        return None

    def _status_version(self, facts: Facts) -> int | None:
        word = self._bundles.word
        if word is None or facts.status is None:
            return None
        return word.status_of(facts.claims.status_index)[1]


def _override(facts: Facts, decision: Decision, by: Supervisor | None) -> Override | None:
    """Return what was overruled; None if it would have been accepted anyway."""
    plain = decide(facts._replace(is_overruled=False)).reason if by else None
    if by is None or plain is None or not decision.accepted:
        return None
    return Override(plain, by.name, by.reason)


def new_key() -> str:
    """Return an Idempotency-Key for a scan that came from no caller with one of its own."""
    return secrets.token_hex(16)
