"""The machine that buys: each unit once, through crashes, faults and lost answers.

One act is: lease a unit; write an attempt (``planned``) or claim the one that is there by a
compare-and-set (``sending``); call the supplier outside of any transaction; write down what it
said. A process that dies in between leaves a row that says how far it came: ``planned`` was never
sent and is dropped, ``sending`` is unknown, and what is unknown is asked for under its one
reference and never bought elsewhere (``next_step.py``).
"""

from __future__ import annotations

import logging
import secrets
import time
from collections.abc import Callable, Iterable
from typing import NamedTuple, Protocol

from central.errors import HubError
from central.foundation.db.engine import money_transaction, rows
from central.foundation.seal import Seal
from central.supply.suppliers import health
from central.supply.suppliers.model import Attempt, Kind, Need, Purchase
from central.supply.suppliers.next_step import may_pass_over, without_inputs
from central.supply.suppliers.ports import (
    NotSent,
    Outcome,
    PurchaseOrder,
    Supplier,
    SupplierSilent,
    Unknown,
)
from central.supply.suppliers.record import Answered, Recorder
from central.supply.suppliers.records import accounts, offers, purchases
from central.supply.suppliers.records.purchases import NEVER_S, AttemptRow, PurchaseRow
from central.supply.suppliers.route import Candidate, Decision, Reason, decide

log = logging.getLogger(__name__)

LEASE_S = 180
"""A dead worker blocks a unit this long; longer than ``RENEWED_S`` and any one call together."""
RENEWED_S = 60
QUOTE_FRESH_S = 60
"""A protocol that takes no price cap is bought from only at a price that is as fresh as this."""
PAUSED_S = 30
"""When all that could sell are being left alone, it is tried again after this, for ``WAIT_S``."""
WAIT_S = 900
ACTS_MAX = 40
"""Of one unit in one go: more is a circle."""
_ENDED_OPEN = frozenset({Attempt.NOT_FOUND, Attempt.FAILED, Attempt.REJECTED})
_REFUSED = frozenset({Attempt.FAILED, Attempt.REJECTED, Attempt.NOT_SENT, Attempt.DROPPED})
_PASSING = frozenset({Reason.BREAKER_OPEN, Reason.PROBED_ALREADY})


class Adapters(Protocol):
    """Where an account's adapter is found."""

    def adapter(self, account_id: str) -> Supplier:
        """Return it."""


class Buyer:
    """Buys what is due. Several may run at once, in several processes.

    Args:
        callback_url: Returns where an account's supplier is to call; empty for nowhere.
        crash: Called between the steps; a test dies there.
        monotonic_s: Measures how long a call takes.
    """

    def __init__(
        self, adapters: Adapters, recorder: Recorder, seal: Seal, now_s: Callable[[], int],
        callback_url: Callable[[str], str] = lambda _: "",
        crash: Callable[[str], None] = lambda _: None,
    ) -> None:  # fmt: skip
        self._adapters, self._recorder, self._seal = adapters, recorder, seal
        self._now_s, self._callback_url, self._crash = now_s, callback_url, crash
        self._silent: dict[int, int] = {}
        """Offers whose price could not be asked for, and until when they are left alone."""

    def run_due(self, most: int = 1000) -> int:
        """Work on what is due now, one after the other; return how many units were worked on."""
        for done in range(most):
            if not self.step():
                return done
        return most

    def step(self) -> bool:
        """Work on one unit; False if none is due."""
        unit = purchases.due(self._now_s())
        if unit is None:
            return False
        return self.work_on(unit)

    def work_on(self, unit: str) -> bool:
        """Work on a unit until it has to wait; False if another worker has it.

        This is also how an order buys at once: ask for it, commit, work on it, look at ``bought``.
        """
        lease, leased_at_s = secrets.token_hex(8), 0
        for _ in range(ACTS_MAX):
            at_s = self._now_s()
            if at_s - leased_at_s >= RENEWED_S:
                if not self._lease(unit, lease, at_s):
                    return False
                leased_at_s = at_s
                self._crash("leased")
            if not self._act(unit):
                break
        money_transaction(lambda: purchases.give_back(unit, lease))
        return True

    @staticmethod
    def _lease(unit: str, lease: str, at_s: int) -> bool:
        return money_transaction(lambda: purchases.take(unit, lease, at_s, at_s + LEASE_S))

    def _act(self, unit: str) -> bool:
        """Do one thing for a unit; False if there is nothing to do but to wait."""
        at_s = self._now_s()
        purchase = purchases.get(unit)
        tries = purchases.attempts(unit)
        for attempt in tries:
            if attempt.state is Attempt.PLANNED:
                self._drop(attempt, "restarted")
                return True
            if attempt.next_at_s <= at_s and self._is_asked_for(attempt):
                self._follow(attempt)
                return True
        if purchase.state is not Purchase.OPEN:
            return False
        live = next((a for a in tries if a.state.is_live and not a.passed_over), None)
        if live is None:
            return self._buy(purchase)
        return self._pass_over(live, at_s)

    @staticmethod
    def _is_asked_for(attempt: AttemptRow) -> bool:
        asked = {Attempt.SENDING, Attempt.UNKNOWN, Attempt.ACCEPTED, *_ENDED_OPEN}
        return attempt.state in asked

    # --- a new attempt ---------------------------------------------------------------------------

    def _buy(self, purchase: PurchaseRow) -> bool:
        """Decide, plan, send; False if nobody can be asked now."""
        planned = money_transaction(lambda: self._plan(purchase.unit))
        if planned.quote is not None:
            self._quote(planned.quote, purchase)
            return True
        if planned.attempt is None:
            return False
        self._crash("planned")
        claimed = money_transaction(lambda: self._claim(planned.attempt))
        if claimed is None:
            return True
        self._crash("claimed")
        adapter: Supplier | None = None
        outcome: Outcome | None = None
        ms = 0
        try:
            adapter = self._adapters.adapter(claimed.account)
        except HubError as exc:
            log.warning("the account %s cannot be used: %s", claimed.account, exc.detail)
            outcome = NotSent("account")
        if adapter is not None:
            order = self._order(purchase, claimed)
            outcome, ms = _timed(lambda: without_inputs(adapter.submit(order), order.inputs))
        self._crash("called")
        assert outcome is not None
        self._recorder.write(claimed.id, Answered(outcome, self._now_s(), ms))
        self._crash("recorded")
        return True

    def _plan(self, unit: str) -> _Planned:
        """Choose an offer and write the attempt, in one transaction."""
        at_s = self._now_s()
        purchase, attempts = purchases.get(unit), purchases.attempts(unit)
        if purchase.state is not Purchase.OPEN:
            return _Planned()
        tries = [a for a in attempts if a.n > purchase.round_from]
        # What was dropped was never asked for.
        asked = sum(a.state is not Attempt.DROPPED for a in tries)
        tried = _tried(tries) | _not_refused(a for a in attempts if a not in tries)
        terms = offers.terms_of(purchase.sku)
        silent = frozenset(offer for offer, until_s in self._silent.items() if until_s > at_s)
        need = Need(
            unit, purchase.kind, purchase.quantity, purchase.sell_net_e4,
            frozenset(self._seal.open(purchase.inputs, purchase.place)), tried | silent,
        )  # fmt: skip
        found = offers.offers_of(purchase.sku, at_s, purchase.currency)
        decision = decide(found, need, terms, at_s)
        chosen = decision.candidates[0] if decision.candidates else None
        dear = _worth_asking(decision, at_s - terms.price_ttl_s) if chosen is None else None
        if dear is not None:
            return _Planned(quote=dear)
        if chosen is None or asked >= terms.attempts_max:
            purchases.log(unit, at_s, decision, None)
            can_wait = asked < terms.attempts_max and (
                bool(silent - tried) or any(left.reason in _PASSING for left in decision.left_out)
            )
            self._nobody(purchase, at_s, can_wait=can_wait)
            return _Planned()
        if chosen.needs_quote or not self._is_fresh(chosen, at_s):
            return _Planned(quote=chosen)
        purchases.log(unit, at_s, decision, chosen)
        self._probe(chosen, at_s)
        attempt = purchases.plan(purchase, chosen, decision.cap_e4, at_s)
        purchases.settle(unit, Purchase.OPEN, at_s, frozenset({Purchase.OPEN}))
        return _Planned(attempt=attempt)

    def _is_fresh(self, chosen: Candidate, at_s: int) -> bool:
        """Say whether a price may be relied on at a supplier that takes no cap."""
        try:
            takes_cap = self._adapters.adapter(chosen.offer.account).caps.safe_cost
        except HubError:
            return True  # it cannot be used at all; sending says so
        return takes_cap or chosen.offer.price_seen_at_s >= at_s - QUOTE_FRESH_S

    @staticmethod
    def _probe(chosen: Candidate, at_s: int) -> None:
        account = accounts.account(chosen.offer.account)
        before = accounts.health(account.id)
        now = health.probing(before, at_s, account.deadline_ms // 1000 + 10)
        if now is not before:
            accounts.set_health(account.id, now)

    @staticmethod
    def _nobody(purchase: PurchaseRow, at_s: int, *, can_wait: bool) -> None:
        """Wait while somebody who could sell is being left alone; else it is exhausted."""
        only = frozenset({Purchase.OPEN})
        if can_wait and at_s - max(purchase.asked_at_s, purchase.round_at_s) < WAIT_S:
            purchases.settle(purchase.unit, Purchase.OPEN, at_s, only, at_s + PAUSED_S)
            return
        purchases.settle(purchase.unit, Purchase.EXHAUSTED, at_s, only)

    def _quote(self, chosen: Candidate, purchase: PurchaseRow) -> None:
        """Ask for a price again; an offer without an answer is not relied on."""
        offer, at_s = chosen.offer, self._now_s()
        try:
            quote = self._adapters.adapter(offer.account).quote(offer.their_ref)
        except (SupplierSilent, HubError) as exc:
            log.info("no quote for %s at %s: %s", purchase.sku, offer.account, exc)
            self._silent[offer.id] = at_s + PAUSED_S
            call = health.Call(at_s, ok=False, ms=0)
            money_transaction(
                lambda: accounts.set_health(
                    offer.account, health.after(accounts.health(offer.account), call)
                )
            )
            return
        stock = quote.stock if quote.is_on_sale else 0
        money_transaction(lambda: offers.seen(offer.id, quote.cost_e4, stock, self._now_s()))

    def _claim(self, attempt: AttemptRow | None) -> AttemptRow | None:
        """Take an attempt to be sent, after one last look at its price; None if it is dropped."""
        assert attempt is not None
        at_s = self._now_s()
        [(cost_e4, is_enabled)] = rows(
            "SELECT cost_e4, is_enabled FROM supplier_offer WHERE id = ?", (attempt.offer,)
        )
        if (cost_e4 > attempt.cap_e4 and not attempt.allow_loss) or not is_enabled:
            self._drop_within(attempt, at_s, "dearer-now" if is_enabled else "disabled")
            return None
        return purchases.move(
            attempt, Attempt.SENDING, at_s, "", sent_at_s=at_s, next_at_s=at_s + LEASE_S
        )

    def _drop(self, attempt: AttemptRow, why: str) -> None:
        money_transaction(lambda: self._drop_within(attempt, self._now_s(), why))

    @staticmethod
    def _drop_within(attempt: AttemptRow, at_s: int, why: str) -> None:
        purchases.move(attempt, Attempt.DROPPED, at_s, why, done_at_s=at_s, next_at_s=NEVER_S)
        only = frozenset({Purchase.OPEN})
        purchases.settle(attempt.unit, Purchase.OPEN, at_s, only, at_s)

    def _order(self, purchase: PurchaseRow, attempt: AttemptRow) -> PurchaseOrder:
        [row] = offers.offer_rows("WHERE o.id = ?", (attempt.offer,))
        given = self._seal.open(purchase.inputs, purchase.place)
        cap_e4 = max(attempt.cap_e4, attempt.cost_e4) if attempt.allow_loss else attempt.cap_e4
        return PurchaseOrder(
            attempt.client_ref, attempt.their_ref, attempt.quantity, cap_e4,
            {theirs: given[ours] for ours, theirs in row.inputs.items() if ours in given},
            self._callback_url(attempt.account),
        )  # fmt: skip

    # --- an attempt that is there ----------------------------------------------------------------

    def _follow(self, attempt: AttemptRow) -> None:
        """Ask what became of an attempt, under its own reference."""
        if attempt.state is Attempt.SENDING:
            # Its worker died, or thinks longer than any call may take: nobody knows.
            at_s = self._now_s()
            attempt = money_transaction(
                lambda: purchases.move(attempt, Attempt.UNKNOWN, at_s, "restarted", next_at_s=at_s)
            )
            self._crash("unknown")
        try:
            adapter = self._adapters.adapter(attempt.account)
        except HubError:
            answered: tuple[Outcome, int] = Unknown("account"), 0
        else:
            answered = _timed(lambda: self._question(adapter, attempt))
        self._crash("asked")
        self._recorder.write(attempt.id, Answered(answered[0], self._now_s(), answered[1]))
        self._crash("noted")

    def _question(self, adapter: Supplier, attempt: AttemptRow) -> Outcome:
        """Query; or send the same again where that is the only way and cannot buy twice."""
        caps = adapter.caps
        by_sending = not caps.query_by_ref and not attempt.upstream_no
        if attempt.state is not Attempt.UNKNOWN or not by_sending or not caps.is_idempotent:
            return adapter.query(attempt.client_ref, attempt.upstream_no)
        if not caps.safe_cost:
            # If the first call never arrived this one buys; not at any price.
            quote = adapter.quote(attempt.their_ref)
            if quote.cost_e4 > attempt.cap_e4 and not attempt.allow_loss:
                return Unknown("dearer-now")
        order = self._order(purchases.get(attempt.unit), attempt)
        return without_inputs(adapter.submit(order), order.inputs)

    @staticmethod
    def _pass_over(live: AttemptRow, at_s: int) -> bool:
        """Let the next supplier be asked, where the terms allow it; False if we have to wait."""
        if live.state is not Attempt.UNKNOWN:
            return False
        [row] = offers.offer_rows("WHERE o.id = ?", (live.offer,))
        terms = offers.terms_of(row.sku)
        age_s = at_s - (live.sent_at_s or at_s)
        if not may_pass_over(live.kind, terms, age_s, row.ambiguity_s):
            return False
        money_transaction(lambda: purchases.pass_over(live, at_s))
        return True


class _Planned(NamedTuple):
    """An attempt that was planned, or an offer whose price has to be asked for first."""

    attempt: AttemptRow | None = None
    quote: Candidate | None = None


def _worth_asking(decision: Decision, oldest_s: int) -> Candidate | None:
    """Return an offer that is too dear by an old price: it may have fallen since."""
    for left in decision.left_out:
        if left.reason is Reason.OVER_CAP and left.offer.price_seen_at_s < oldest_s:
            return Candidate(left.offer, 0, needs_quote=True, is_loss=False)
    return None


def _tried(tries: list[AttemptRow]) -> frozenset[int]:
    """Return the offers that are not tried again: one that was not sent has one more try."""
    unsent = [a.offer for a in tries if a.state is Attempt.NOT_SENT]
    again = {offer for offer in unsent if unsent.count(offer) == 1}
    used = {a.offer for a in tries if a.state is not Attempt.DROPPED or a.code == "dearer-now"}
    return frozenset(used - again)


def _not_refused(earlier: Iterable[AttemptRow]) -> frozenset[int]:
    """Return the offers of earlier rounds of which nobody can say that nothing was bought there.

    That there is no top-up is believed for going elsewhere, not for doing it twice at one place.
    """
    return frozenset(
        a.offer for a in earlier
        if a.state not in _REFUSED and not (a.state is Attempt.NOT_FOUND and a.kind is Kind.KEY)
    )  # fmt: skip


def _timed(work: Callable[[], Outcome]) -> tuple[Outcome, int]:
    """Run a call; return what it says and the milliseconds it took."""
    began_s = time.monotonic()
    try:
        outcome = work()
    except SupplierSilent as exc:
        outcome = Unknown(exc.code)
    return outcome, round((time.monotonic() - began_s) * 1000)
