"""Top-ups: payments by a channel that go onto a customer's balance.

Like a payment of an order, each is a row before the channel hears of it, is followed to its end,
and what has come is posted in the transaction that notes it.
"""

from __future__ import annotations

import logging
import secrets
from base64 import b32encode
from typing import Any

from central.errors import (
    ChannelRefused,
    ChannelUnknown,
    Conflict,
    HubError,
    NotFound,
    RequestInvalid,
)
from central.foundation.db.engine import change, money_transaction, rows
from central.foundation.jobs import alerts
from central.foundation.language.said import Saying
from central.foundation.language.words import N_
from central.money.channels import model as channel
from central.money.ledger import rules
from central.money.ledger.balance import balance
from central.money.ledger.store import post
from central.sale.customers.model import (
    BALANCE_MAX_MINOR,
    TOP_UP_MINOR,
    CustomerId,
    TopUp,
)
from central.sale.orders.model import PAY_S
from central.sale.orders.office import Office
from central.sale.orders.states import PaymentState
from edge.contract.money import Money

log = logging.getLogger(__name__)

LEASE_S = 120
POLL_S = (5, 5, 10, 20, 30, 60)
ACTOR = "balances"
DESCRIPTION = "Balance"
_TOP_UP = (
    "SELECT number, customer_id, channel, amount, currency, state, created_at_s, expires_at_s,"
    " attempts, last_code, qr_text, paid, given_back FROM top_up"
)


def ask(customer: CustomerId, amount: Money, by: str, office: Office) -> TopUp:
    """Ask a channel for a payment onto a balance; the same again is the one that is open.

    Raises:
        RequestInvalid: it is too little or too much.
        Conflict: the balance would come to too much, or what was open was paid in this moment.
        NotFound: there is no such channel.
        ChannelRefused, ChannelUnknown: of the channel; asking again later is the same payment.
    """
    least, most = TOP_UP_MINOR
    if amount.currency != office.currency or not least <= amount.minor <= most:
        raise RequestInvalid(N_("This is too little or too much for one top-up."))
    office.channels.pay_in(by)  # or it is not found
    earlier = open_of(customer)
    if earlier is not None and (earlier.channel, earlier.amount) != (by, amount):
        give_up(earlier, office)
    at_s = office.now_s()
    made = money_transaction(lambda: _insert(customer, amount, by, at_s))
    return made if made.qr_text else _send(made, office)


def get(number: str) -> TopUp:
    """Return a top-up; NotFound if there is none of this number."""
    found = _top_ups("WHERE number = ?", (number,))
    if not found:
        raise NotFound(N_("There is no such top-up."))
    return found[0]


def of_customer(customer: CustomerId, count: int) -> list[TopUp]:
    """Return the newest top-ups of a customer."""
    where = "WHERE customer_id = ? ORDER BY created_at_s DESC, number DESC LIMIT ?"
    return _top_ups(where, (customer, count))


def open_of(customer: CustomerId) -> TopUp | None:
    """Return the one top-up of a customer that can still be paid; None if there is none."""
    found = _top_ups("WHERE customer_id = ? AND state IN ('asked', 'open')", (customer,))
    return found[0] if found else None


def one_of(customer: CustomerId, number: str) -> TopUp:
    """Return a top-up of a customer; NotFound, in the same words, if it is another's."""
    found = get(number)
    if found.customer != customer:
        raise NotFound(N_("There is no such top-up."))
    return found


def wake(number: str, at_s: int) -> bool:
    """Make the question after a top-up due now; a callback's transaction does it."""
    return bool(
        rows(
            "UPDATE top_up SET next_at_s = ? WHERE number = ? AND state <> 'paid' RETURNING number",
            (at_s, number),
        )
    )


def follow_due(office: Office, most: int = 200) -> int:
    """Ask what became of top-ups that are due; return how many were asked for."""
    for done in range(most):
        found = _take(office.now_s())
        if found is None:
            return done
        try:
            _follow(found, office)
        except HubError as exc:
            log.warning("top-up %s: %s", found.number, exc)
            _later(found, str(exc.extra.get("code", exc.slug)), office)
    return most


def give_up(found: TopUp, office: Office) -> None:
    """Make sure that it cannot be paid any more; if it was paid, that is written down.

    Raises:
        Conflict: it was paid.
        ChannelUnknown: nobody knows.
    """
    pay_in = office.channels.pay_in(found.channel)
    try:
        pay_in.close(found.number)
    except ChannelRefused:
        said = pay_in.query(found.number)
        if said.state is channel.PaymentState.PAID:
            money_transaction(lambda: take_money(found.number, said, office))
            raise Conflict(N_("It was paid in this moment.")) from None
        if said.state is channel.PaymentState.OPEN:
            raise
    _close(found)


def take_money(number: str, said: channel.Payment, office: Office) -> None:
    """Write down that a top-up was paid, and post it. In the caller's transaction.

    Doing it again changes nothing.
    """
    found, at_s = get(number), office.now_s()
    if found.state is PaymentState.PAID:
        return
    # Whatever has come is the customer's, also if it is another amount.
    amount = said.amount or found.amount
    if amount.currency != found.amount.currency:
        other = Saying("paid-in-other-money", currency=amount.currency)
        alerts.tell("payment-odd", number, other, at_s)
        return
    txn = said.channel_number or number
    day = office.day(at_s)
    posting = rules.balance_topped_up(found.channel, txn, found.customer, amount, day, ACTOR)
    [_] = rows(
        "UPDATE top_up SET state = 'paid', paid = ?, paid_at_s = ?, channel_number = ?,"
        " journal_id = ?, last_code = '', lease = NULL, lease_until_s = 0 WHERE number = ?"
        " AND state <> 'paid' RETURNING number",
        (amount.minor, at_s, txn, post(posting, at_s).id, number),
    )


def _insert(customer: CustomerId, amount: Money, by: str, at_s: int) -> TopUp:
    live = open_of(customer)
    if live is not None:
        if (live.channel, live.amount) != (by, amount):
            raise Conflict(N_("Another top-up is open."))
        return live
    if balance(rules.balance_account(customer)).posted + amount.minor > BALANCE_MAX_MINOR:
        raise Conflict(N_("Your balance would come to more than it may."))
    if not rows("SELECT 1 FROM customer WHERE id = ? AND state = 'active'", (customer,)):
        raise NotFound(N_("There is no such customer."))
    number = "T" + b32encode(secrets.token_bytes(10)).decode()
    change(
        "INSERT INTO top_up (number, customer_id, channel, amount, currency, state, created_at_s,"
        " expires_at_s, next_at_s, lease_until_s, attempts, last_code, channel_number, qr_text)"
        " VALUES (?, ?, ?, ?, ?, 'asked', ?, ?, ?, 0, 0, '', '', '')",
        (number, customer, by, amount.minor, amount.currency, at_s, at_s + PAY_S,
         at_s + POLL_S[0]),
    )  # fmt: skip
    return get(number)


def _send(found: TopUp, office: Office) -> TopUp:
    asked = channel.PaymentOrder(found.number, found.amount, DESCRIPTION, found.expires_at_s)
    try:
        invitation = office.channels.pay_in(found.channel).create(asked)
    except ChannelRefused as exc:
        _close(found, exc.code)
        raise
    except ChannelUnknown as exc:
        _later(found, exc.code, office)
        raise
    money_transaction(
        lambda: change(
            "UPDATE top_up SET state = 'open', qr_text = ?, attempts = attempts + 1,"
            " last_code = '', next_at_s = ?, lease = NULL, lease_until_s = 0"
            " WHERE number = ? AND state = 'asked'",
            (invitation.qr_text, office.now_s() + POLL_S[0], found.number),
        )
    )
    return get(found.number)


def _follow(found: TopUp, office: Office) -> None:
    said = office.channels.pay_in(found.channel).query(found.number)
    is_over = office.now_s() >= found.expires_at_s
    if said.state in {channel.PaymentState.PAID, channel.PaymentState.REFUNDED}:
        money_transaction(lambda: take_money(found.number, said, office))
    elif said.state is channel.PaymentState.CLOSED:
        _close(found)
    elif is_over and said.state is channel.PaymentState.OPEN:
        give_up(found, office)
    elif is_over:
        _close(found)
    elif said.state is channel.PaymentState.NOT_FOUND:
        _send(found, office)
    else:
        _later(found, said.channel_state, office)


def _close(found: TopUp, code: str = "") -> None:
    money_transaction(
        lambda: change(
            "UPDATE top_up SET state = 'closed', last_code = ?, lease = NULL, lease_until_s = 0"
            " WHERE number = ? AND state IN ('asked', 'open')",
            (str(code)[:64], found.number),
        )
    )


def _take(at_s: int) -> TopUp | None:
    lease = secrets.token_hex(8)
    due = "state IN ('asked', 'open') AND next_at_s <= ? AND lease_until_s <= ?"
    first = f"SELECT number FROM top_up WHERE {due} ORDER BY next_at_s, number LIMIT 1"
    if not rows(first, (at_s, at_s)):
        return None
    taken = money_transaction(
        lambda: rows(
            "UPDATE top_up SET lease = ?, lease_until_s = ?"
            f" WHERE number = ({first}) AND {due} RETURNING number",
            (lease, at_s + LEASE_S, at_s, at_s, at_s, at_s),
        )
    )
    return get(taken[0][0]) if taken else None


def _later(found: TopUp, code: str, office: Office) -> None:
    pause_s = POLL_S[min(found.attempts, len(POLL_S) - 1)]
    money_transaction(
        lambda: change(
            "UPDATE top_up SET attempts = attempts + 1, last_code = ?, next_at_s = ?,"
            " lease = NULL, lease_until_s = 0 WHERE number = ? AND state IN ('asked', 'open')",
            (str(code)[:64], office.now_s() + pause_s, found.number),
        )
    )


def _top_ups(where: str, values: tuple[Any, ...]) -> list[TopUp]:
    return [
        TopUp(
            number, CustomerId(customer), by, Money(minor, currency), PaymentState(state), *rest
        )
        for number, customer, by, minor, currency, state, *rest in rows(
            f"{_TOP_UP} {where}", values
        )
    ]  # fmt: skip
