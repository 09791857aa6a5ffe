"""Writes down what a supplier has answered: attempt, unit, keys, money, account.

One transaction an answer. The keys go to whoever keeps them and their cost into the ledger in the
same one, so that neither can be there without the other. A success that comes after the unit was
served otherwise is late: keys are stock, a top-up is a claim on the supplier.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

from central.errors import PostingRefused
from central.foundation.db.engine import money_transaction
from central.money.ledger import rules
from central.money.ledger import store as ledger
from central.supply.suppliers.health import Call, after, breaker
from central.supply.suppliers.model import Attempt, Breaker, Kind, Purchase, e4_text, total
from central.supply.suppliers.next_step import (
    GIVE_UP_S,
    Fate,
    becomes,
    believed,
    blames_account,
    fate,
)
from central.supply.suppliers.ports import (
    Accepted,
    Arrival,
    Delivered,
    KeysArrived,
    Outcome,
    RejectCode,
    Rejected,
)
from central.supply.suppliers.records import accounts, offers, purchases
from central.supply.suppliers.records.purchases import NEVER_S, AttemptRow, PurchaseRow
from edge.contract.money import Money

POLL_S = (1, 2, 3, 5, 10, 30, 60, 60, 120, 300, 600, 1800)
"""Pauses between questions about an order; a callback comes before most of them."""
LOOK_AGAIN_S = (3600, 24 * 3600)
"""When an order that its supplier did not have is looked for once more: it may have come late."""
ACTOR = "suppliers"
UNSERVED = frozenset({Purchase.OPEN, Purchase.HELD, Purchase.EXHAUSTED})


class Answered(NamedTuple):
    """An answer, when it came and how long it took."""

    outcome: Outcome
    at_s: int
    ms: int


class Recorder:
    """Writes answers down.

    Args:
        keys: Keeps what arrives.
        day_of: Returns the business day of a moment.
        tell: Called within the transaction when a unit has reached an end: it may write, and
            calls nobody.
    """

    def __init__(
        self, keys: KeysArrived, day_of: Callable[[int], int],
        tell: Callable[[PurchaseRow], object] = lambda _: None,
    ) -> None:  # fmt: skip
        self._keys, self._day_of, self._tell = keys, day_of, tell

    def write(self, attempt_id: int, answered: Answered) -> AttemptRow:
        """Write an answer down and return the attempt as it is then.

        The attempt is read anew: whatever became of it while the answer was on the way, what was
        delivered is never lost.
        """
        source = ""
        while True:
            try:
                return money_transaction(lambda: self._write(attempt_id, answered, source))  # noqa: B023
            except PostingRefused:
                # Our books say that there is not enough with him, he says that he was paid. The
                # keys are here: they are written down as owed, and somebody has to look.
                if source:
                    raise
                source = "2210"

    def _write(self, attempt_id: int, answered: Answered, source: str) -> AttemptRow:
        attempt = purchases.attempt(attempt_id)
        purchase = purchases.get(attempt.unit)
        outcome, at_s = answered.outcome, answered.at_s
        meant, code = fate(outcome, attempt.kind, attempt.quantity)
        if not attempt.state.is_live and not _shows_success(outcome, attempt):
            return self._look_again(attempt, at_s)
        if attempt.state not in {Attempt.NOT_FOUND, Attempt.FAILED, Attempt.REJECTED}:
            age_s = at_s - (attempt.sent_at_s or at_s)
            meant = believed(outcome, meant, attempt.state, age_s)
        if _names_another(outcome, attempt):
            meant, code = Fate.ANOMALY, "other-number"
        self._note_account(attempt, meant, answered)
        if meant is Fate.DONE:
            return self._done(attempt, purchase, answered, source)
        if meant is Fate.ANOMALY:
            return self._hold(attempt, purchase, answered, code)
        self._note_offer(attempt, outcome, at_s)
        return self._otherwise(attempt, purchase, answered, (meant, code))

    def _otherwise(
        self, attempt: AttemptRow, purchase: PurchaseRow, answered: Answered,
        meant: tuple[Fate, str],
    ) -> AttemptRow:  # fmt: skip
        outcome, at_s = answered.outcome, answered.at_s
        state = becomes(meant[0], attempt.state)
        sent_at_s = attempt.sent_at_s or at_s
        if state.is_live and at_s - sent_at_s >= GIVE_UP_S:
            return self._hold(attempt, purchase, answered, "no-end")
        pause_s = POLL_S[min(attempt.asked, len(POLL_S) - 1)]
        next_at_s, done_at_s = at_s + pause_s, None
        if not state.is_live:
            done_at_s, next_at_s = at_s, NEVER_S
            if state is Attempt.NOT_FOUND:
                next_at_s = at_s + LOOK_AGAIN_S[0]
        moved = purchases.move(
            attempt, state, at_s, meant[1], ms=answered.ms, asked=attempt.asked + 1,
            next_at_s=next_at_s, done_at_s=done_at_s, **_numbers(outcome, attempt),
        )  # fmt: skip
        if not state.is_live:
            purchases.settle(purchase.unit, Purchase.OPEN, at_s, frozenset({Purchase.OPEN}), at_s)
        return moved

    def _done(
        self, attempt: AttemptRow, purchase: PurchaseRow, answered: Answered, source: str
    ) -> AttemptRow:
        outcome, at_s = answered.outcome, answered.at_s
        assert isinstance(outcome, Delivered)
        served = purchase.state not in UNSERVED or not _can_serve(attempt)
        late_to = None
        if served:
            late_to = "stock" if attempt.kind is Kind.KEY else "dispute"
        account = accounts.account(attempt.account)
        paid_from = f"{source}.{account.supplier}" if source else account.source
        cost_e4 = _charged(outcome, attempt)
        cost = total(cost_e4, purchase.currency)
        if attempt.kind is Kind.KEY:
            arrival = Arrival(
                attempt.id, attempt.client_ref, None if served else attempt.unit, purchase.sku,
                attempt.account, outcome.keys, cost, paid_from,
            )  # fmt: skip
            if why := self._keys.take(arrival, at_s):
                return self._hold(attempt, purchase, answered, why)
        journal_id = self._post(attempt, purchase, late_to, cost, paid_from, at_s)
        moved = purchases.move(
            attempt, Attempt.LATE if served else Attempt.SUCCEEDED, at_s, "delivered",
            ms=answered.ms, late_to=late_to, done_at_s=at_s, next_at_s=NEVER_S,
            journal_id=journal_id, asked=attempt.asked + 1, **_numbers(outcome, attempt, cost_e4),
        )  # fmt: skip
        offers.sold(attempt.offer, attempt.quantity)
        accounts.take_from_balance(attempt.account, cost_e4)
        accounts.clear("held", attempt.client_ref, at_s, "worker")
        if cost_e4 > attempt.cap_e4 * attempt.quantity and not attempt.allow_loss:
            accounts.alert("charged-over-cap", attempt.client_ref, e4_text(cost_e4), at_s)
        if source:
            accounts.alert("prepaid-short", account.supplier, attempt.client_ref, at_s)
        if late_to == "dispute":
            accounts.alert("disputed", attempt.client_ref, attempt.unit, at_s)
        if not served:
            hit = purchases.settle(attempt.unit, Purchase.SOURCED, at_s, UNSERVED)
            assert hit, "it was unserved within this transaction"
            self._tell(purchases.get(attempt.unit))
        return moved

    def _post(
        self, attempt: AttemptRow, purchase: PurchaseRow, late_to: str | None, cost: Money,
        paid_from: str, at_s: int,
    ) -> int | None:  # fmt: skip
        """Post what was bought; a top-up's cost is posted when its order is completed."""
        if not cost.minor or late_to == "stock":
            return None  # the vault posts what becomes stock
        day = self._day_of(at_s)
        if attempt.kind is Kind.KEY:
            posting = rules.stock_bought(
                attempt.client_ref, purchase.sku, paid_from, cost, day, ACTOR
            )
        elif late_to == "dispute":
            supplier = accounts.account(attempt.account).supplier
            posting = rules.charged_without_delivery(
                attempt.client_ref, supplier, paid_from, cost, day, ACTOR
            )
        else:
            return None
        return ledger.post(posting, at_s).id

    def _hold(
        self, attempt: AttemptRow, purchase: PurchaseRow, answered: Answered, code: str
    ) -> AttemptRow:
        at_s = answered.at_s
        if not attempt.state.is_live:
            return self._look_again(attempt, at_s)  # it has ended; this is in nobody's way
        moved = purchases.move(
            attempt, Attempt.HELD, at_s, code, ms=answered.ms, next_at_s=NEVER_S,
            asked=attempt.asked + 1, **_numbers(answered.outcome, attempt),
        )  # fmt: skip
        accounts.alert("held", attempt.client_ref, f"{attempt.unit}: {code}", at_s)
        if not attempt.passed_over:
            purchases.settle(purchase.unit, Purchase.HELD, at_s, frozenset({Purchase.OPEN}))
        return moved

    @staticmethod
    def _look_again(attempt: AttemptRow, at_s: int) -> AttemptRow:
        """An order that was not there is still not there: look once more, and then no more."""
        if attempt.state not in {Attempt.NOT_FOUND, Attempt.FAILED, Attempt.REJECTED}:
            return attempt
        is_first = attempt.next_at_s <= (attempt.done_at_s or 0) + LOOK_AGAIN_S[0]
        again = attempt.state is Attempt.NOT_FOUND and is_first
        next_at_s = (attempt.done_at_s or at_s) + LOOK_AGAIN_S[1] if again else NEVER_S
        return purchases.move(
            attempt, attempt.state, at_s, attempt.code, next_at_s=next_at_s,
            asked=attempt.asked + 1,
        )  # fmt: skip

    @staticmethod
    def _note_account(attempt: AttemptRow, meant: Fate, answered: Answered) -> None:
        """Let the breaker know, and somebody, if it is the account that is at fault."""
        outcome, at_s = answered.outcome, answered.at_s
        bad = blames_account(meant, outcome)
        before = accounts.health(attempt.account)
        now = after(before, Call(at_s, not bad, answered.ms))
        accounts.set_health(attempt.account, now)
        if breaker(now, at_s) is Breaker.CLOSED:
            accounts.clear("breaker-open", attempt.account, at_s, "worker")
        else:
            accounts.alert("breaker-open", attempt.account, meant, at_s)
        if isinstance(outcome, Rejected):
            if outcome.code is RejectCode.AUTH:
                accounts.alert("credentials-refused", attempt.account, outcome.said, at_s)
            if outcome.code is RejectCode.BALANCE:
                accounts.alert("low-balance", attempt.account, outcome.said, at_s)
        elif meant in {Fate.DONE, Fate.IN_FLIGHT}:
            accounts.clear("credentials-refused", attempt.account, at_s, "worker")

    @staticmethod
    def _note_offer(attempt: AttemptRow, outcome: Outcome, at_s: int) -> None:
        if not isinstance(outcome, Rejected):
            return
        if outcome.code in {RejectCode.NO_STOCK, RejectCode.OFF_SALE}:
            offers.sold_out(attempt.offer, at_s)
        if outcome.code is RejectCode.PRICE:
            offers.price_is_old(attempt.offer)


def _can_serve(attempt: AttemptRow) -> bool:
    """Say whether a success serves its unit, which nobody has served yet.

    What had ended as not done does so only if nobody else is about to.
    """
    if attempt.state.is_live:
        return True
    return not any(other.state.is_live for other in purchases.attempts(attempt.unit))


def _shows_success(outcome: Outcome, attempt: AttemptRow) -> bool:
    ended_open = {Attempt.NOT_FOUND, Attempt.FAILED, Attempt.REJECTED}
    return isinstance(outcome, Delivered) and attempt.state in ended_open


def _names_another(outcome: Outcome, attempt: AttemptRow) -> bool:
    number = outcome.upstream_no if isinstance(outcome, Accepted | Delivered) else ""
    return bool(number and attempt.upstream_no and number != attempt.upstream_no)


def _charged(outcome: Delivered, attempt: AttemptRow) -> int:
    if outcome.charged_e4 is not None:
        return outcome.charged_e4
    if attempt.charged_e4 is not None:
        return attempt.charged_e4
    return attempt.cost_e4 * attempt.quantity


def _numbers(
    outcome: Outcome, attempt: AttemptRow, charged_e4: int | None = None
) -> dict[str, Any]:
    """Return what an answer says of number and price, for the attempt's row."""
    if not isinstance(outcome, Accepted | Delivered):
        return {}
    charged = charged_e4 if charged_e4 is not None else outcome.charged_e4
    found: dict[str, Any] = {"upstream_no": attempt.upstream_no or outcome.upstream_no}
    if charged is not None:
        found["charged_e4"] = charged
    return found
