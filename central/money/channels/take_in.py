"""Takes a verified callback in: a row that can be there once, and somebody is woken."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping

from central.errors import CallbackRefused
from central.foundation.db.engine import money_transaction, rows
from central.foundation.jobs.bell import BELL
from central.money.channels.ports import Event, EventKind

log = logging.getLogger(__name__)

Wake = Callable[[Event], object]
"""Makes a query due. It runs in the transaction of the row: it may write, and calls nobody."""


def take_in(event: Event, wake: Mapping[EventKind, Wake], now_s: int) -> bool:
    """Write the callback down and wake who waits for it; return False if it was there already.

    Raises:
        CallbackRefused: the same event has come before and said something else.
    """

    def write() -> bool:
        known = rows(
            "UPDATE channel_inbox SET deliveries = deliveries + 1"
            " WHERE channel = ? AND event_id = ? RETURNING body_sha256",
            (event.channel, event.event_id),
        )
        if known:
            if bytes(known[0][0]) != event.body_sha256:
                raise CallbackRefused("The same event has come before and said something else.")
            return False
        amount = event.amount
        rows(
            "INSERT INTO channel_inbox (channel, event_id, kind, event_type, number, amount_minor,"
            " currency, body_sha256, created_at_s, received_at_s, deliveries)"
            " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 1) RETURNING id",
            (event.channel, event.event_id, event.kind.value, event.event_type, event.number,
             amount and amount.minor, amount and amount.currency, event.body_sha256,
             event.created_at_s, now_s),
        )  # fmt: skip
        waker = wake.get(event.kind)
        if waker is not None:
            waker(event)
        return True

    is_new = money_transaction(write)
    BELL.ring()
    log.info(
        "%s: %s %s %s", event.channel, "took in" if is_new else "has", event.kind, event.event_id
    )
    return is_new
