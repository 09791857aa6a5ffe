"""What a supplier's answer means and what may be done next. Pure: one table.

The whole difference between a failover and a double purchase is in here. Definitely not done: the
next supplier, at once. Not sent: once more, or the next. Nobody knows: the same reference is asked
for again, and nobody else is. A top-up that nobody knows of is never bought elsewhere before its
supplier has said that there is none; a key may be, where the terms say so, because one that comes
too late is stock.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from enum import StrEnum
from typing import NamedTuple

from central.foundation.masked import masked
from central.supply.suppliers.model import Attempt, Kind, Terms
from central.supply.suppliers.ports import (
    Accepted,
    Delivered,
    Key,
    NotFound,
    NotSent,
    Outcome,
    RejectCode,
    Rejected,
    Unknown,
)


class Fate(StrEnum):
    """What an answer means."""

    DONE = "done"
    IN_FLIGHT = "in-flight"
    REJECTED = "rejected"
    NOT_SENT = "not-sent"
    UNKNOWN = "unknown"
    ABSENT = "absent"
    """The supplier has no order of this reference."""
    ANOMALY = "anomaly"


class Again(StrEnum):
    """Whether the same supplier is asked again."""

    NO = "no"
    ONCE = "once"
    ASK = "ask"
    """Only after the same reference; sent again only where that cannot buy twice."""


class Elsewhere(StrEnum):
    """Whether the next supplier is asked."""

    NOW = "now"
    NOT_YET = "not-yet"
    NEVER = "never"
    """Served, or a person has to look."""


class Step(NamedTuple):
    """What becomes of the attempt, and what may be done."""

    state: Attempt
    again: Again
    elsewhere: Elsewhere


STEPS: dict[Fate, Step] = {
    Fate.DONE: Step(Attempt.SUCCEEDED, Again.NO, Elsewhere.NEVER),
    Fate.IN_FLIGHT: Step(Attempt.ACCEPTED, Again.ASK, Elsewhere.NOT_YET),
    Fate.REJECTED: Step(Attempt.REJECTED, Again.NO, Elsewhere.NOW),
    Fate.NOT_SENT: Step(Attempt.NOT_SENT, Again.ONCE, Elsewhere.NOW),
    Fate.UNKNOWN: Step(Attempt.UNKNOWN, Again.ASK, Elsewhere.NOT_YET),
    Fate.ABSENT: Step(Attempt.NOT_FOUND, Again.NO, Elsewhere.NOW),
    Fate.ANOMALY: Step(Attempt.HELD, Again.ASK, Elsewhere.NEVER),
}

SETTLE_S = 90
"""A request that nobody has answered may still arrive; "there is none" is believed after this."""
GIVE_UP_S = 24 * 3600
"""What nobody could find out for a day is a person's business."""

_FAULTS_OF_ACCOUNT = frozenset({RejectCode.AUTH, RejectCode.BALANCE, RejectCode.RATE})


def without_inputs(outcome: Outcome, inputs: Mapping[str, str]) -> Outcome:
    """Return an answer in whose own words what the buyer has given is masked: others read them."""
    if not isinstance(outcome, Rejected):
        return outcome
    said = outcome.said
    for text in filter(None, inputs.values()):
        said = said.replace(text, masked(text))
    return Rejected(outcome.code, said)


def fate(outcome: Outcome, kind: Kind, quantity: int) -> tuple[Fate, str]:
    """Return what an answer means, and its code in a word."""
    match outcome:
        case Accepted():
            return Fate.IN_FLIGHT, "accepted"
        case Rejected(code=code):
            return Fate.REJECTED, str(code)
        case NotSent(code=code):
            return Fate.NOT_SENT, code
        case NotFound():
            return Fate.ABSENT, "not-found"
        case Unknown(code=code):
            return Fate.UNKNOWN, code
        case Delivered(keys=keys):
            wrong = "" if kind is Kind.TOP_UP else wrong_with(keys, quantity)
            return (Fate.ANOMALY, wrong) if wrong else (Fate.DONE, "delivered")
    raise AssertionError(outcome)


def believed(outcome: Outcome, fate_: Fate, state: Attempt, age_s: int) -> Fate:
    """Return what is made of an answer, by where the attempt was when it was asked for.

    Of a first call an answer means what it says. Once nobody knows, or an order was taken, only an
    order's own end counts: that a repetition is refused (sold out: by our own first call?) or that
    a question cannot be asked says nothing, and "there is none" is believed only when a request
    that was still on its way must have arrived.
    """
    if state not in {Attempt.UNKNOWN, Attempt.ACCEPTED}:
        return fate_
    if fate_ is Fate.NOT_SENT:
        return Fate.UNKNOWN
    if fate_ is Fate.REJECTED:
        ended = isinstance(outcome, Rejected) and outcome.code is RejectCode.FAILED
        return Fate.REJECTED if ended else Fate.UNKNOWN
    if fate_ is Fate.ABSENT:
        if age_s < SETTLE_S:
            return Fate.UNKNOWN
        return Fate.ANOMALY if state is Attempt.ACCEPTED else Fate.ABSENT  # it was there
    return fate_


def becomes(fate_: Fate, state: Attempt) -> Attempt:
    """Return where an attempt is after an answer."""
    if state in {Attempt.UNKNOWN, Attempt.ACCEPTED}:
        if fate_ is Fate.REJECTED:
            return Attempt.FAILED
        if fate_ is Fate.UNKNOWN:
            return state  # a question that was not answered takes nothing away
    return STEPS[fate_].state


def may_pass_over(kind: Kind, terms: Terms, age_s: int, ambiguity_s: int) -> bool:
    """Say whether the next supplier may be asked while nobody knows of this one.

    Never for a top-up, whatever the terms say.
    """
    return kind is Kind.KEY and terms.late_win_to_stock and age_s >= max(ambiguity_s, 1)


def blames_account(fate_: Fate, outcome: Outcome) -> bool:
    """Say whether an answer counts against the account, for its breaker: sold out does not."""
    if isinstance(outcome, Rejected):
        return outcome.code in _FAULTS_OF_ACCOUNT
    return fate_ in {Fate.NOT_SENT, Fate.UNKNOWN, Fate.ANOMALY}


# Sentences that suppliers have sent in the place of a key: a shop that stored one as a key had
# sold an apology (I-5).
_NO_KEY = re.compile(
    r"库存|抱歉|失败|错误|售罄|缺货|不足|异常|稍后|联系客服|处理中|发货中|<\s*(html|!doctype|body|div)"
    r"|\b(out of stock|sold out|sorry|failed|failure|exception|error|not found|unavailable"
    r"|undefined|null|none|pending)\b",
    re.IGNORECASE,
)
KEY_CHARS_MAX = 2000


def wrong_with(keys: tuple[Key, ...], quantity: int) -> str:
    """Return what is wrong with keys that were delivered; empty if they can be sold."""
    if len(keys) != quantity:
        return "wrong-count"
    for key in keys:
        secret = key.secret.strip()
        if not secret:
            return "empty-key"
        if len(secret) > KEY_CHARS_MAX or _NO_KEY.search(secret):
            return "text-for-key"
    if len({(key.number.strip(), key.secret.strip()) for key in keys}) != len(keys):
        return "same-key-twice"
    return ""
