"""Where suppliers call: verify, bind, write down, wake. Nothing in a callback is ever believed.

A callback is bound by three things together: the account whose credentials it is signed with, our
reference, and the supplier's number (I-9). Then it makes a query due; keys and states come from the
query alone, because some protocols do not even sign the keys in their callbacks.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping

from flask import Blueprint, Response, request

from central.errors import CallbackRefused, Conflict, NotFound
from central.foundation.db.engine import money_transaction, rows
from central.foundation.jobs.bell import BELL
from central.foundation.language.words import N_
from central.foundation.web.permission import ANYBODY, needs
from central.supply.suppliers.ports import Callback, Supplier
from central.supply.suppliers.records import accounts, purchases

log = logging.getLogger(__name__)


def blueprint(adapter: Callable[[str], Supplier], now_s: Callable[[], int]) -> Blueprint:
    """Return the routes under ``/hooks``; the signature is what lets a caller in."""
    hooks = Blueprint("supplier_hooks", __name__, url_prefix="/hooks")

    @hooks.post("/supplier/<account>")
    @needs(ANYBODY)
    def called(account: str) -> Response:
        headers = {name.lower(): value for name, value in request.headers}
        answer = receive(adapter(account), account, request.path, headers, request.get_data(),
                         now_s())  # fmt: skip
        return Response(answer, content_type="text/plain; charset=utf-8")

    return hooks


def receive(
    adapter: Supplier, account: str, path: str, headers: Mapping[str, str], raw: bytes, at_s: int
) -> str:
    """Take a callback in; return what its supplier takes for "received".

    Raises:
        CallbackRefused: it is forged, stale or unreadable.
        NotFound: the account has no purchase of this reference.
        Conflict: it names another number than the purchase has.
    """
    try:
        callback = adapter.parse_callback(path, headers, raw)
    except CallbackRefused as exc:
        detail = exc.detail
        money_transaction(lambda: accounts.alert("forged-callback", account, detail, at_s))
        raise
    outcome = money_transaction(lambda: _take_in(account, callback, at_s))
    BELL.ring()
    log.info("%s called about %s: %s", account, callback.client_ref, outcome)
    if outcome == "unbound":
        raise NotFound(N_("This account has no purchase of this reference."))
    if outcome == "other-number":
        raise Conflict(N_("The purchase has another number at the supplier."))
    return adapter.callback_answer


def _take_in(account: str, callback: Callback, at_s: int) -> str:
    known = rows(
        "UPDATE supplier_inbox SET deliveries = deliveries + 1"
        " WHERE account = ? AND dedupe = ? RETURNING outcome",
        (account, callback.dedupe),
    )
    if known:
        return str(known[0][0])
    attempt = purchases.attempt_of(account, callback.client_ref)
    number = callback.upstream_no
    if attempt is None:
        outcome = "unbound"
    elif attempt.upstream_no and number and number != attempt.upstream_no:
        outcome = "other-number"
        accounts.alert("other-number", attempt.client_ref, number, at_s)
    else:
        outcome = "woken"
        # The number is not kept even where we have none yet: a shop that names a wrong one would
        # be asked for it, have no such order, and the unit would be bought a second time.
        purchases.wake(attempt.id, at_s)
    rows(
        "INSERT INTO supplier_inbox (account, dedupe, attempt, client_ref, upstream_no, status,"
        " outcome, received_at_s, deliveries) VALUES (?, ?, ?, ?, ?, ?, ?, ?, 1) RETURNING id",
        (account, callback.dedupe, attempt.id if attempt else None, callback.client_ref[:64],
         number[:64], callback.status[:32], outcome, at_s),
    )  # fmt: skip
    return outcome
