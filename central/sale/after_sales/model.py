"""A case of a unit that was delivered: why, until when, and what may become of it. Pure.

::

    open ── another key ──> replaced        what a supplier is asked for besides:
      ├──── the price back ──> refunded     none ── asked ──> sent ── he agrees ──> accepted
      ├──── no, and why ──> rejected                           └───── he does not ──> denied
      └──── the buyer ──> withdrawn
"""

from __future__ import annotations

from enum import StrEnum
from typing import NamedTuple

from central.foundation.language.words import N_
from central.sale.orders.model import OrderId, Unit, UnitId
from central.sale.orders.states import UnitState
from central.supply.product_types.model import Fulfilment

DAY_S = 86_400
RETURN_S = 7 * DAY_S
"""Within so long what was never looked at goes back without a reason (消费者权益保护法 art. 25)."""
COMPLAIN_S = 30 * DAY_S
"""Within so long something wrong is taken up."""
ARRIVES_S = 15 * 60
"""Goods that are late come within this time of the payment: until then nobody is asked."""
ANSWER_S = 3 * DAY_S
"""Within so long headquarters answers."""
SAID_CHARS = 1000
PICTURES_MAX = 5
PICTURE_SIDE = 2_000
"""Pixels of the longest side: what a screen says can still be read."""


GOES_BACK_UNSEEN = frozenset(
    {Fulfilment.LOCAL_KEY, Fulfilment.SUPPLIER_KEY, Fulfilment.OWN_VOUCHER}
)
"""What the buyer has had nothing of until he looks at it; a top-up or a service he has had."""


class CaseState(StrEnum):
    """Where a case is."""

    OPEN = "open"
    REPLACED = "replaced"
    REFUNDED = "refunded"
    REJECTED = "rejected"
    WITHDRAWN = "withdrawn"


class ClaimState(StrEnum):
    """What the supplier of the unit was asked for."""

    NONE = "none"
    SENT = "sent"
    ACCEPTED = "accepted"
    DENIED = "denied"


class Reason(StrEnum):
    """Why something is to go back."""

    CHANGED_MIND = "changed-mind"
    INVALID = "invalid"
    USED = "used"
    WRONG = "wrong"
    NOT_ARRIVED = "not-arrived"
    OTHER = "other"


class Case(NamedTuple):
    """A case.

    Args:
        answer: What the buyer is told, once it is closed.
        claim_minor: What the supplier was asked for; 0 if nothing.
        key: Which key of ours it is about; None if it is about none.
    """

    id: int
    order: OrderId
    unit: UnitId
    reason: Reason
    opened_by: str
    opened_at_s: int
    answer_until_s: int
    state: CaseState
    answer: str
    closed_by: str | None
    closed_at_s: int | None
    refund: str | None
    claim: ClaimState
    claim_on: str
    claim_minor: int
    key: int | None


class Evidence(NamedTuple):
    """What somebody has said or shown. The picture itself is read apart."""

    id: int
    at_s: int
    who: str
    said: str
    picture: str | None


AWAITED = frozenset({UnitState.SERVING, UnitState.BY_HAND, UnitState.STUCK})
"""Paid, and nothing has come yet."""


def why_not(  # noqa: PLR0911 - a list of questions
    reason: Reason, unit: Unit, at_s: int, *, was_seen: bool, paid_at_s: int | None
) -> str:  # fmt: skip
    """Return why no case is opened about a unit; empty if one is.

    Args:
        was_seen: Whether the buyer has ever looked at it, or at what it was replaced for.
        paid_at_s: When its order was paid; None if it is not.
    """
    if reason is Reason.NOT_ARRIVED and unit.state in AWAITED and paid_at_s is not None:
        if at_s < paid_at_s + ARRIVES_S:
            return N_("It is on its way. If it is not here a quarter of an hour after you have"
                      " paid, tell us.")  # fmt: skip
        return ""
    delivered_at_s = unit.delivered_at_s
    if not unit.state.is_delivered or delivered_at_s is None:
        return N_("This is not delivered yet, or it has gone back.")
    if reason is Reason.CHANGED_MIND:
        if unit.fulfilment not in GOES_BACK_UNSEEN:
            return N_("This was done already: it goes back only if something is wrong with it.")
        if was_seen:
            return N_("This was looked at: it goes back only if something is wrong with it.")
        if at_s >= delivered_at_s + RETURN_S:
            return N_("The seven days for a return without a reason are over.")
    if at_s >= delivered_at_s + COMPLAIN_S:
        return N_("The time for complaints about this is over.")
    return ""
