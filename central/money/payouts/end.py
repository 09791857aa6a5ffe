"""The ends of a payout: its hold becomes a posting, or is given back. In the caller's transaction.

Nothing but a definite word comes here: a channel's, a bank's, or a person's before anything was
sent.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from central.errors import Conflict
from central.foundation.language.said import Saying
from central.money.ledger import rules
from central.money.ledger import store as ledger
from central.money.payouts import store
from central.money.payouts.model import Event, State
from central.money.payouts.store import Payout


class By(NamedTuple):
    """Who ends it, when, and on which business day it is posted; a worker has a lease."""

    who: str
    at_s: int
    day: int
    lease: str = ""


def paid(payout: Payout, by: By, *, bank: str = "", **fields: Any) -> Payout:
    """Post that the money has gone.

    Args:
        bank: The account of ours that it left, ``main`` for 1030.main; else the channel's balance.
        fields: Further columns to set.

    Raises:
        Conflict: it is not in flight any more, or another worker's.
    """
    wanted = rules.payout_paid(
        rules.Payout(payout.no, payout.account, payout.channel, payout.amount), by.day, by.who,
        tax=payout.tax, bank=bank,
    )  # fmt: skip
    posted = ledger.commit(
        wanted.idem, payout.hold_id, by.at_s, day=by.day, actor=by.who, legs=wanted.legs
    )
    fields = {"done_at_s": by.at_s, "last_code": "", **fields}
    return _ended(payout, Event.PAID, by, posted.id, "", fields)


def given_back(payout: Payout, event: Event, by: By, why: str, **fields: Any) -> Payout:
    """Give back what was held: the money stays on the party's account.

    Args:
        event: What ends it without its money having gone.
        why: The channel's code, or a person's reason.

    Raises:
        Conflict: this cannot happen to it in its state, or it is another worker's.
    """
    key = rules.payout_void_key(payout.no)
    voided = ledger.void(key, payout.hold_id, by.at_s, day=by.day, actor=by.who)
    return _ended(payout, event, by, voided.id, why, {"done_at_s": by.at_s, **fields})


def sent_back(payout: Payout, by: By, why: str) -> Payout:
    """Take the posting of a paid payout back: the bank has sent the money back to us.

    Raises:
        Conflict: it was not paid.
    """
    if payout.state is not State.PAID or payout.journal_id is None:
        raise Conflict(Saying("payout-not-paid", payout=payout.no))
    back = ledger.reverse(
        rules.payout_back_key(payout.no), payout.journal_id, by.at_s, day=by.day, actor=by.who,
        memo=why,
    )  # fmt: skip
    return _ended(payout, Event.CAME_BACK, by, back.id, why, {"done_at_s": by.at_s})


def _ended(
    payout: Payout, event: Event, by: By, journal_id: int, detail: str, fields: dict[str, Any]
) -> Payout:
    if by.lease:
        fields["lease_until_s"] = 0
    return store.happen(
        payout, event, by.at_s, by.who, detail, lease=by.lease, journal_id=journal_id, **fields
    )
