"""What people do with payouts: release, refuse, stop one, look after one, stop all."""

from __future__ import annotations

from central.errors import Conflict, PayoutRefused, RequestInvalid
from central.foundation.db.engine import money_transaction
from central.foundation.jobs import alerts
from central.foundation.language.said import Saying
from central.foundation.language.words import N_
from central.money.channels.record import calls
from central.money.payouts import store
from central.money.payouts.end import By, given_back, sent_back
from central.money.payouts.model import DIFFERS, NO_CHANNEL, Event, Limits, State
from central.money.payouts.store import Payout

WHY_CHARS = 200


def release(no: str, at_s: int, actor: str) -> Payout:
    """Let a payout above one person's limit go out.

    Raises:
        PayoutRefused: whoever has asked for it is not the second person.
        Conflict: it does not wait for that.
    """

    def work() -> Payout:
        payout = store.get(no)
        if payout.requested_by == actor:
            raise PayoutRefused(N_("Somebody else than who asked for it has to release it."))
        return store.happen(payout, Event.RELEASED, at_s, actor, released_by=actor, next_at_s=at_s)

    return money_transaction(work)


def refuse(no: str, at_s: int, actor: str, why: str, *, day: int) -> Payout:
    """Give back what was held for a payout that was never sent, be it parked or not.

    Raises:
        Conflict: it was sent already; only the channel can say what became of it.
    """

    return money_transaction(lambda: _give_back(store.get(no), at_s, actor, why, day))


def give_back_unsent(account: str, at_s: int, actor: str, why: str, *, day: int) -> list[Payout]:
    """Give back all that was held for a party and not sent, in the caller's transaction.

    The money stays on its account. What was sent is the channel's to end.
    """
    return [_give_back(one, at_s, actor, why, day) for one in store.unsent(account)]


def _give_back(payout: Payout, at_s: int, actor: str, why: str, day: int) -> Payout:
    no = payout.no
    unsent = payout.state in {State.WAITING, State.READY}
    if not unsent and not was_never_sent(payout):
        raise Conflict(Saying("payout-with-channel", payout=no, state=str(payout.state)))
    return given_back(payout, Event.REFUSED, By(actor, at_s, day), why)


def was_never_sent(payout: Payout) -> bool:
    """Say whether a parked payout lies here only because its channel was never connected.

    Every call is written down before it is sent, so that none means none. Anything else in its
    story leaves the end to the channel.
    """
    if payout.state is not State.PARKED:
        return False
    said = {h.detail for h in store.story(payout.no) if h.event in {"no-end-yet", "parked"}}
    return said == {NO_CHANNEL} and not calls(payout.no)


def ask_to_stop(no: str, at_s: int, actor: str) -> Payout:
    """Ask the channel to stop a payout that was sent; the channel decides whether it still can.

    Raises:
        Conflict: it was not sent, has ended, or stands in a file for the bank.
    """

    def work() -> Payout:
        if file := store.bank_file_of(no):
            raise Conflict(Saying("payout-in-bank-file", payout=no, file=file))
        return store.happen(store.get(no), Event.STOP_ASKED, at_s, actor, next_at_s=at_s)

    return money_transaction(work)


def came_back(no: str, at_s: int, actor: str, why: str, *, day: int) -> Payout:
    """Note that the bank has sent a payout's money back: it stands on the party's account again.

    Raises:
        Conflict: it was not paid by a file for the bank. RequestInvalid: no reason.
    """
    told = why.strip()
    if not 1 <= len(told) <= WHY_CHARS:
        raise RequestInvalid(N_("Say why, in 1 to 200 characters."))

    def work() -> Payout:
        payout = store.get(no)
        if not store.bank_file_of(no):
            raise Conflict(N_("Only what was paid by a file for the bank can come back."))
        alerts.clear(DIFFERS, no, at_s)
        return sent_back(payout, By(actor, at_s, day), told)

    return money_transaction(work)


def resume(no: str, at_s: int, actor: str, why: str) -> Payout:
    """Let the worker ask for a parked payout again; its number stays, so nothing is paid twice."""

    def work() -> Payout:
        return store.happen(
            store.get(no), Event.RESUMED, at_s, actor, why, next_at_s=at_s,
            first_sent_at_s=at_s,
        )  # fmt: skip

    return money_transaction(work)


def set_limits(wanted: Limits, at_s: int, actor: str) -> bool:
    """Put other limits in force. What lets more out is in force once a second person wants the
    same; return whether it is.

    Raises:
        RequestInvalid: a limit is negative.
    """
    if min(wanted.two_person_above, wanted.payee_per_day, wanted.per_hour) < 0 or wanted.least < 1:
        raise RequestInvalid(N_("A limit is not negative, and the least payout is one minor unit."))

    def work() -> bool:
        told = store.proposed()
        is_second = told is not None and told.limits == wanted and told.who != actor
        in_force = is_second or not wanted.lets_more_out_than(store.limits())
        store.set_limits(wanted, at_s, actor, in_force=in_force)
        return in_force

    return money_transaction(work)


def stop_all(at_s: int, actor: str, why: str) -> None:
    """Send nothing and take nothing new, at once; what was sent is followed up.

    Raises:
        RequestInvalid: no reason. Conflict: payouts are stopped already.
    """
    _switch(at_s, actor, why, is_stopped=True)


def go_on(at_s: int, actor: str, why: str) -> None:
    """Let payouts go out again, within the limits as they are.

    Raises:
        RequestInvalid: no reason. Conflict: they are not stopped.
    """
    _switch(at_s, actor, why, is_stopped=False)


def _switch(at_s: int, actor: str, why: str, *, is_stopped: bool) -> None:
    told = why.strip()
    if not 1 <= len(told) <= WHY_CHARS:
        raise RequestInvalid(N_("Say why, in 1 to 200 characters."))

    def work() -> None:
        limits = store.limits()
        if limits.is_stopped is is_stopped:
            raise Conflict(N_("Payouts are that way already."))
        store.set_limits(limits._replace(is_stopped=is_stopped), at_s, actor, why=told)

    money_transaction(work)
