"""The life of a payout, as a table. Pure.

::

    waiting ── released by a second person ──> ready ── a worker takes it ──> sent
       │                                         │                             │
       └──── refused ──> failed <── withdrawn ───┘        ┌── the payee has to confirm ── confirming
                                                          │                             │
    sent, confirming ── the channel says so ──> paid | failed | cancelled
    sent, confirming ── somebody asks to stop ──> cancelling ──> cancelled | paid | failed
    sent, confirming, cancelling ── nobody knows for a day ──> parked ── a person ──> sent
    parked, and no channel was ever asked ── a person ──> failed
    ready ── put into a file for the bank ──> sent ── the bank's answer ──> paid | failed
    paid by such a file ── the bank has sent the money back ──> failed

Only ``failed`` and ``cancelled`` give back what was held, and both are the channel's own, definite
word (or a person's, before anything was ever sent; or two people's, that the bank took no file).
"""

from __future__ import annotations

from enum import StrEnum
from typing import NamedTuple

from central.foundation.language.said import Saying
from central.foundation.language.words import N_
from edge.contract.money import Money, decimal_text


class State(StrEnum):
    """Where a payout is; which of them hold money: all but the last three."""

    WAITING = "waiting"
    """Above the limit of one person: a second one has to release it."""
    READY = "ready"
    """Held; nothing has been sent."""
    SENT = "sent"
    """The channel was asked, and what became of it is not known yet."""
    CONFIRMING = "confirming"
    """The payee has to confirm it in his app."""
    CANCELLING = "cancelling"
    PARKED = "parked"
    """Nobody could find out for a day, or what the channel says does not fit: for a person."""
    PAID = "paid"
    FAILED = "failed"
    CANCELLED = "cancelled"

    @property
    def is_final(self) -> bool:
        """Whether nothing will happen to it any more."""
        return self in FINAL


FINAL = frozenset({State.PAID, State.FAILED, State.CANCELLED})
IN_FLIGHT = frozenset({State.SENT, State.CONFIRMING, State.CANCELLING})
"""The channel knows of it, or may; only the channel can say what became of it."""


class Event(StrEnum):
    """What happens to a payout."""

    RELEASED = "released"
    REFUSED = "refused"
    """By a person, before anything was sent."""
    TAKEN = "taken"
    """A worker is about to ask the channel."""
    PUT_IN_FILE = "put-in-file"
    """It stands in a file for the bank, and may have gone from then on."""
    WAITS_FOR_PAYEE = "waits-for-payee"
    STOP_ASKED = "stop-asked"
    PAID = "paid"
    FAILED = "failed"
    CANCELLED = "cancelled"
    PARKED = "parked"
    RESUMED = "resumed"
    CAME_BACK = "came-back"
    """The bank had paid it, and has sent the money back to us."""


TRANSITIONS: dict[tuple[State, Event], State] = {
    (State.WAITING, Event.RELEASED): State.READY,
    (State.WAITING, Event.REFUSED): State.FAILED,
    (State.READY, Event.REFUSED): State.FAILED,
    (State.READY, Event.TAKEN): State.SENT,
    (State.READY, Event.PUT_IN_FILE): State.SENT,
    (State.SENT, Event.TAKEN): State.SENT,
    (State.CONFIRMING, Event.TAKEN): State.CONFIRMING,
    (State.CANCELLING, Event.TAKEN): State.CANCELLING,
    (State.SENT, Event.WAITS_FOR_PAYEE): State.CONFIRMING,
    (State.CONFIRMING, Event.WAITS_FOR_PAYEE): State.CONFIRMING,
    (State.CANCELLING, Event.WAITS_FOR_PAYEE): State.CANCELLING,
    (State.SENT, Event.STOP_ASKED): State.CANCELLING,
    (State.CONFIRMING, Event.STOP_ASKED): State.CANCELLING,
    **{(state, Event.PAID): State.PAID for state in IN_FLIGHT},
    **{(state, Event.FAILED): State.FAILED for state in IN_FLIGHT},
    **{(state, Event.CANCELLED): State.CANCELLED for state in IN_FLIGHT},
    **{(state, Event.PARKED): State.PARKED for state in IN_FLIGHT},
    (State.PARKED, Event.RESUMED): State.SENT,
    (State.PARKED, Event.REFUSED): State.FAILED,
    (State.PAID, Event.CAME_BACK): State.FAILED,
}


class Limits(NamedTuple):
    """What may go out. Minor units; every change of them is a row of its own.

    Args:
        is_stopped: Nothing is sent and nothing new is asked for; what was sent is followed up.
        two_person_above: If a payee gets more than this on one business day, what is above it
            needs a second person.
        payee_per_day: What one payee may be asked for on one business day.
        per_hour: What may be sent to all payees within an hour; the rest waits.
        least: Smaller ones are not worth their fee; they wait until there is more.
    """

    is_stopped: bool = False
    two_person_above: int = 1_000_00
    payee_per_day: int = 20_000_00
    per_hour: int = 100_000_00
    least: int = 10

    def why_not(self, amount: Money, payee_today: int) -> str:
        """Return why a payout may not be asked for at all; empty if it may."""
        if self.is_stopped:
            return N_("Payouts are stopped.")
        if amount.minor < self.least:
            return Saying("payout-least", least=_text(self.least, amount))
        if amount.minor > self.per_hour:
            return Saying("payout-hour", most=_text(self.per_hour, amount))
        if payee_today + amount.minor > self.payee_per_day:
            had, most = _text(payee_today, amount), _text(self.payee_per_day, amount)
            return Saying("payout-day", had=had, most=most)
        return ""

    def first_state(self, amount: Money, payee_today: int) -> State:
        """Return where a payout begins.

        Args:
            payee_today: What the payee was asked for on this day before, minor units.
        """
        above = payee_today + amount.minor > self.two_person_above
        return State.WAITING if above else State.READY

    def lets_more_out_than(self, other: Limits) -> bool:
        """Say whether something may go out under these limits that may not under others."""
        mine = (self.two_person_above, self.payee_per_day, self.per_hour)
        theirs = (other.two_person_above, other.payee_per_day, other.per_hour)
        return any(a > b for a, b in zip(mine, theirs, strict=True))

    def room_this_hour(self, sent: int) -> int:
        """Return what may still be sent within this hour."""
        return 0 if self.is_stopped else max(0, self.per_hour - sent)


def _text(minor: int, like: Money) -> str:
    return decimal_text(minor, like.currency)


PAYEE_COOLS_S = 72 * 3600
"""For so long after a party's address was changed each of its payouts needs a second person."""
DIFFERS = "payout-differs"
"""The alert of a payout of which the bank says something else than before."""
NO_CHANNEL = "no-channel"
"""The last word of a payout whose channel is not connected."""
BACKOFF_S = (1, 2, 5, 15, 60, 300, 900, 3600)
PARKED_AFTER_S = 24 * 3600
"""A payout whose end nobody could find out for this long is a person's business."""
CONFIRMING_S = 600
"""A payee takes his time; a callback wakes the query earlier."""


def pause_s(attempts: int, jitter: float) -> float:
    """Return how long to wait after an answer that says nothing.

    Args:
        attempts: How often the channel was asked.
        jitter: From 0 to 1: so that not everything is asked at once after an outage.
    """
    base = BACKOFF_S[min(max(attempts, 1), len(BACKOFF_S)) - 1]
    return base * (0.75 + 0.5 * jitter)
