"""What people do with payouts: release, refuse, stop one, look after one, stop all."""

from __future__ import annotations

from central.errors import Conflict, PayoutRefused, RequestInvalid
from central.foundation.db.engine import money_transaction
from central.money.ledger import rules
from central.money.ledger import store as ledger
from central.money.payouts import store
from central.money.payouts.model import Event, Limits, State
from central.money.payouts.store import Payout


def release(no: str, at_s: int, actor: str) -> Payout:
    """Let a payout above one person's limit go out.

    Raises:
        PayoutRefused: whoever has asked for it is not the second person.
        Conflict: it does not wait for that.
    """

    def work() -> Payout:
        payout = store.get(no)
        if payout.requested_by == actor:
            raise PayoutRefused("Somebody else than who asked for it has to release it.")
        return store.happen(payout, Event.RELEASED, at_s, actor, released_by=actor, next_at_s=at_s)

    return money_transaction(work)


def refuse(no: str, at_s: int, actor: str, why: str, *, day: int) -> Payout:
    """Give back what was held for a payout that was never sent.

    Raises:
        Conflict: it was sent already; only the channel can say what became of it.
    """

    def work() -> Payout:
        payout = store.get(no)
        if payout.state not in {State.WAITING, State.READY}:
            raise Conflict(f"Payout {no} is {payout.state}; only the channel can end it now.")
        voided = ledger.void(rules.payout_void_key(no), payout.hold_id, at_s, day=day, actor=actor)
        return store.happen(
            payout, Event.REFUSED, at_s, actor, why, done_at_s=at_s, journal_id=voided.id
        )

    return money_transaction(work)


def ask_to_stop(no: str, at_s: int, actor: str) -> Payout:
    """Ask the channel to stop a payout that was sent; the channel decides whether it still can."""

    def work() -> Payout:
        return store.happen(store.get(no), Event.STOP_ASKED, at_s, actor, next_at_s=at_s)

    return money_transaction(work)


def resume(no: str, at_s: int, actor: str, why: str) -> Payout:
    """Let the worker ask for a parked payout again; its number stays, so nothing is paid twice."""

    def work() -> Payout:
        return store.happen(
            store.get(no), Event.RESUMED, at_s, actor, why, next_at_s=at_s,
            first_sent_at_s=at_s,
        )  # fmt: skip

    return money_transaction(work)


def set_limits(wanted: Limits, at_s: int, actor: str) -> None:
    """Put other limits in force, or stop everything.

    Raises:
        RequestInvalid: a limit is negative.
    """
    if min(wanted.two_person_above, wanted.payee_per_day, wanted.per_hour) < 0 or wanted.least < 1:
        raise RequestInvalid("A limit is not negative, and the least payout is one minor unit.")
    money_transaction(lambda: store.set_limits(wanted, at_s, actor))
