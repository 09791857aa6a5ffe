"""Payments of orders: asked for once under one number, followed to their end, never dropped.

A payment is a row before the channel hears of it. What becomes of it is asked for (a callback
only makes the question due), and the answer is written down with its posting in one transaction.
Money that comes late, twice, or as another amount is posted all the same; then it buys, goes back,
or waits for a person.
"""

from __future__ import annotations

import logging
import secrets
from collections.abc import Callable

from central.errors import ChannelRefused, ChannelUnknown, Conflict, HubError, NotFound
from central.foundation.db.engine import change, money_transaction, rows
from central.foundation.jobs import alerts
from central.foundation.jobs.bell import BELL
from central.foundation.language.said import Saying
from central.foundation.language.words import N_
from central.money.channels import model as channel
from central.money.ledger import rules
from central.money.ledger.posting import Posting
from central.money.ledger.store import balance, post
from central.sale.orders import store
from central.sale.orders.mail import Told, tell
from central.sale.orders.model import Order, OrderId, Payment
from central.sale.orders.office import Office
from central.sale.orders.refund import PAID_TWICE, Asked, send_back
from central.sale.orders.serve import begin_serving
from central.sale.orders.states import (
    UNPAID,
    OrderEvent,
    OrderState,
    PaymentState,
    UnitEvent,
    UnitState,
)
from central.supply.cards.reserve import give_back
from edge.contract.money import Money

log = logging.getLogger(__name__)

LEASE_S = 120
POLL_S = (5, 5, 10, 20, 30, 60)
"""Pauses between questions; a callback comes before most of them."""
BALANCE = "balance"
"""An agent's prepaid money, or a customer's balance, as a channel."""
COMMISSION = "commission"
"""What an agent has earned and may have paid out, as a channel."""
OWN_MONEY = {BALANCE: rules.bought_from_prepaid, COMMISSION: rules.bought_from_wallet}
ACTOR = "payments"


def ask_to_pay(order_id: OrderId, by: str, office: Office) -> Payment:
    """Ask a channel to take the price of an order; asking again returns what is open.

    Raises:
        Conflict: the order is not to be paid (any more), or was paid in this moment.
        NotFound: there is no such channel.
        ChannelRefused, ChannelUnknown: of the channel; asking again later is the same payment.
    """
    office.channels.pay_in(by)  # or it is not found
    at_s = office.now_s()
    _give_others_up(order_id, by, office)
    payment = money_transaction(lambda: _payment(order_id, by, at_s))
    return payment if payment.qr_text else _send(payment, office)


def pay_by_agent(order_id: OrderId, office: Office, by: str = BALANCE) -> Order:
    """Pay an agent's own order from his money with us; the ledger's floor is the credit check.

    Args:
        by: ``BALANCE`` for what he has prepaid, ``COMMISSION`` for what he has earned.

    Raises:
        Conflict: it is not an agent's order, or not to be paid (any more).
        PostingRefused: he does not have as much.
        ChannelRefused, ChannelUnknown: another payment of it is open and cannot be given up.
    """
    at_s = office.now_s()
    _give_others_up(order_id, by, office)

    def work() -> Order:
        order = store.get(order_id)
        if not order.buyer:
            raise Conflict(N_("Only an agent pays from his money with us."))
        posting = OWN_MONEY[by](order.id, order.buyer, order.price, office.day(at_s), order.buyer)
        return _pay_at_once(order, order.buyer, posting, at_s, office, by)

    return _at_once(work)


def pay_from_balance(order_id: OrderId, customer: str, office: Office) -> Order:
    """Pay an order of a customer's account from his balance, in one posting.

    Whoever calls has made sure that it is the customer who asks.

    Raises:
        NotFound: it is no order of his account.
        Conflict: it is not to be paid (any more), or there is not as much on his balance.
        ChannelRefused, ChannelUnknown: another payment of it is open and cannot be given up.
    """
    if not rows(
        "SELECT 1 FROM customer_order o JOIN customer c ON c.id = o.customer_id"
        " WHERE order_id = ? AND c.id = ? AND c.state = 'active'",
        (order_id, customer),
    ):
        raise NotFound(N_("There is no such order."))
    at_s = office.now_s()
    _give_others_up(order_id, BALANCE, office)

    def work() -> Order:
        order = store.get(order_id)
        if order.buyer:
            raise Conflict(N_("An agent's order is paid from what he has prepaid."))
        if balance(rules.balance_account(customer)).available < order.price.minor:
            raise Conflict(N_("There is not as much on your balance."))
        posting = rules.bought_from_balance(
            order.id, customer, order.price, office.day(at_s), customer
        )
        return _pay_at_once(order, customer, posting, at_s, office)

    return _at_once(work)


def _at_once(work: Callable[[], Order]) -> Order:
    order = money_transaction(work)
    BELL.ring()  # what is paid can be served
    return order


def wake(number: str, at_s: int) -> bool:
    """Make the question after a payment due now; a callback's transaction does it."""
    return bool(
        rows(
            "UPDATE payment SET next_at_s = ? WHERE number = ? AND state <> 'paid'"
            " RETURNING number",
            (at_s, number),
        )
    )


def follow_due(office: Office, most: int = 200) -> int:
    """Ask what became of payments that are due; return how many were asked for."""
    for done in range(most):
        payment = _take(office.now_s())
        if payment is None:
            return done
        try:
            follow(payment, office)
        except HubError as exc:
            log.warning("payment %s: %s", payment.number, exc)
            _later(payment, exc.extra.get("code", exc.slug), office)
    return most


def follow(payment: Payment, office: Office) -> None:
    """Ask once what became of a payment, and do what follows from it."""
    at_s = office.now_s()
    found = office.channels.pay_in(payment.channel).query(payment.number)
    if found.state in {channel.PaymentState.PAID, channel.PaymentState.REFUNDED}:
        money_transaction(lambda: take_money(payment.number, found, at_s, office))
    elif found.state is channel.PaymentState.CLOSED:
        _close(payment, at_s)
    elif at_s >= payment.expires_at_s:
        if found.state is channel.PaymentState.OPEN:
            _give_up(payment, office)
        else:
            _close(payment, at_s)
    elif found.state is channel.PaymentState.NOT_FOUND:
        _send(payment, office)
    else:
        _later(payment, found.channel_state, office)


def take_money(number: str, found: channel.Payment, at_s: int, office: Office) -> None:
    """Write down that a payment was made, post it, and let it buy. In the caller's transaction.

    Doing it again changes nothing.
    """
    payment = store.payment(number)
    if payment.state is PaymentState.PAID:
        return
    amount = found.amount or payment.amount
    if amount.currency != payment.amount.currency:
        alerts.tell(
            "payment-odd", number, Saying("paid-in-other-money", currency=amount.currency), at_s
        )
        return
    txn = found.channel_number or number
    _mark_paid(number, txn, amount, at_s)
    order = store.get(payment.order)
    day = office.day(at_s)
    post(rules.paid(payment.channel, txn, order.id, amount, day, ACTOR), at_s)
    store.note(order.id, "", at_s, payment.channel, "money-came", str(order.state), str(amount))
    if order.state not in UNPAID:
        send_back(order, number, amount, Asked(PAID_TWICE, ACTOR, at_s), office)
    elif amount != order.price:
        told = Saying("paid-otherwise", paid=str(amount), price=str(order.price))
        store.move_order(
            order, OrderEvent.PAID_OTHERWISE, at_s, payment.channel, told, paid_at_s=at_s
        )
        alerts.tell("payment-odd", number, told, at_s)
        tell(order.id, Told.PATIENCE, at_s, office)
    else:
        _buy(order, at_s, payment.channel, office)


def close_due(office: Office, most: int = 200) -> int:
    """End orders whose time to pay is over and by which no money can come any more."""
    at_s = office.now_s()
    found = rows(
        "SELECT id FROM sale_order WHERE state = 'pending' AND pay_until_s <= ? AND NOT EXISTS"
        " (SELECT 1 FROM payment p WHERE p.order_id = sale_order.id"
        " AND p.state IN ('asked', 'open')) ORDER BY pay_until_s LIMIT ?",
        (at_s, most),
    )
    for (order_id,) in found:
        money_transaction(
            lambda order_id=order_id: _end(order_id, OrderEvent.TIMED_OUT, at_s, "clock")  # type: ignore[misc]
        )
    return len(found)


def cancel(order_id: OrderId, who: str, office: Office) -> Order:
    """Give an unpaid order up.

    Raises:
        Conflict: it is paid, or was paid in this moment.
        ChannelUnknown: nobody knows whether it can still be paid; try again.
    """
    for payment in store.payments(order_id):
        if payment.state.is_live:
            _give_up(payment, office)
    at_s = office.now_s()
    return money_transaction(lambda: _end(order_id, OrderEvent.CANCELLED, at_s, who))


# --- one payment ---------------------------------------------------------------------------------


def _pay_at_once(
    order: Order, payer: str, posting: Posting, at_s: int, office: Office, by: str = BALANCE
) -> Order:
    _check_payable(order, at_s)
    if any(earlier.state.is_live for earlier in store.payments(order.id)):
        raise Conflict(N_("Another payment of this order is open."))
    number = _next_number(order)
    insert_payment(number, order, by, at_s, payer)
    post(posting, at_s)
    _mark_paid(number, number, order.price, at_s)
    return _buy(order, at_s, payer, office)


def _give_others_up(order_id: OrderId, by: str, office: Office) -> None:
    for earlier in store.payments(order_id):
        if earlier.state.is_live and earlier.channel != by:
            _give_up(earlier, office)


def _check_payable(order: Order, at_s: int) -> None:
    if order.state is not OrderState.PENDING or at_s >= order.pay_until_s:
        raise Conflict(Saying("order-not-payable", order=order.id))


def _payment(order_id: OrderId, by: str, at_s: int) -> Payment:
    order = store.get(order_id)
    _check_payable(order, at_s)
    for earlier in store.payments(order_id):
        if earlier.state.is_live:
            if earlier.channel != by:
                raise Conflict(N_("Another payment of this order is open."))
            return earlier
    number = _next_number(order)
    insert_payment(number, order, by, at_s)
    return store.payment(number)


def _next_number(order: Order) -> str:
    return f"P{order.id[1:]}{len(store.payments(order.id)) + 1:02d}"


def insert_payment(number: str, order: Order, by: str, at_s: int, payer: str = "") -> None:
    """Write a payment down before its channel hears of it. In the caller's transaction."""
    change(
        "INSERT INTO payment (number, order_id, channel, amount, currency, description, state,"
        " created_at_s, expires_at_s, next_at_s, lease_until_s, attempts, last_code,"
        " channel_number, qr_text, payer)"
        " VALUES (?, ?, ?, ?, ?, ?, 'asked', ?, ?, ?, 0, 0, '', '', '', ?)",
        (number, order.id, by, order.price.minor, order.price.currency,
         f"{order.sku} × {order.quantity}", at_s, order.pay_until_s, at_s + POLL_S[0], payer),
    )  # fmt: skip
    store.note(order.id, "", at_s, by, "payment-asked", str(order.state), number)


def _send(payment: Payment, office: Office) -> Payment:
    """Ask the channel to take it; the same number and order again is the same payment."""
    asked = channel.PaymentOrder(
        payment.number, payment.amount, payment.description, payment.expires_at_s
    )
    try:
        invitation = office.channels.pay_in(payment.channel).create(asked)
    except ChannelRefused as exc:
        _close(payment, office.now_s(), exc.code)
        raise
    except ChannelUnknown as exc:
        _later(payment, exc.code, office)
        raise
    money_transaction(
        lambda: change(
            "UPDATE payment SET state = 'open', qr_text = ?, attempts = attempts + 1,"
            " last_code = '', next_at_s = ?, lease = NULL, lease_until_s = 0"
            " WHERE number = ? AND state = 'asked'",
            (invitation.qr_text, office.now_s() + POLL_S[0], payment.number),
        )
    )
    return store.payment(payment.number)


def _give_up(payment: Payment, office: Office) -> None:
    """Make sure that it cannot be paid any more; if it was paid, that is written down.

    Raises:
        Conflict: it was paid.
        ChannelUnknown: nobody knows.
    """
    at_s = office.now_s()
    pay_in = office.channels.pay_in(payment.channel)
    try:
        pay_in.close(payment.number)
    except ChannelRefused:
        found = pay_in.query(payment.number)
        if found.state is channel.PaymentState.PAID:
            money_transaction(lambda: take_money(payment.number, found, at_s, office))
            raise Conflict(N_("It was paid in this moment.")) from None
        if found.state is channel.PaymentState.OPEN:
            raise
    _close(payment, at_s)


def _close(payment: Payment, at_s: int, code: str = "") -> None:
    def work() -> None:
        closed = rows(
            "UPDATE payment SET state = 'closed', last_code = ?, lease = NULL, lease_until_s = 0"
            " WHERE number = ? AND state IN ('asked', 'open') RETURNING order_id",
            (code, payment.number),
        )
        for (order,) in closed:
            store.note(order, "", at_s, payment.channel, "payment-closed", "", payment.number)

    money_transaction(work)


def _take(at_s: int) -> Payment | None:
    lease = secrets.token_hex(8)
    due = "state IN ('asked', 'open') AND next_at_s <= ? AND lease_until_s <= ?"
    first = f"SELECT number FROM payment WHERE {due} ORDER BY next_at_s, number LIMIT 1"
    if not rows(first, (at_s, at_s)):
        return None  # a shop that rests asks nobody to wait for it
    taken = money_transaction(
        lambda: rows(
            "UPDATE payment SET lease = ?, lease_until_s = ?"
            f" WHERE number = ({first}) AND {due} RETURNING number",
            (lease, at_s + LEASE_S, at_s, at_s, at_s, at_s),
        )
    )
    return store.payment(taken[0][0]) if taken else None


def _later(payment: Payment, code: str, office: Office) -> None:
    pause_s = POLL_S[min(payment.attempts, len(POLL_S) - 1)]
    money_transaction(
        lambda: change(
            "UPDATE payment SET attempts = attempts + 1, last_code = ?, next_at_s = ?,"
            " lease = NULL, lease_until_s = 0 WHERE number = ? AND state IN ('asked', 'open')",
            (str(code)[:64], office.now_s() + pause_s, payment.number),
        )
    )


def _mark_paid(number: str, txn: str, amount: Money, at_s: int) -> None:
    [_] = rows(
        "UPDATE payment SET state = 'paid', paid = ?, paid_at_s = ?, channel_number = ?,"
        " last_code = '', lease = NULL, lease_until_s = 0 WHERE number = ? AND state <> 'paid'"
        " RETURNING number",
        (amount.minor, at_s, txn, number),
    )


# --- what it does to the order -------------------------------------------------------------------


def _buy(order: Order, at_s: int, who: str, office: Office) -> Order:
    """Let the money that has come for an order buy what was ordered."""
    tell(order.id, Told.PAID, at_s, office)
    if 0 < office.held_above < order.price.minor:
        held = store.move_order(order, OrderEvent.HELD, at_s, who, paid_at_s=at_s)
        waits = Saying("order-held", price=str(order.price))
        alerts.tell("order-held", order.id, waits, at_s)
        return held
    paid = store.move_order(order, OrderEvent.PAID, at_s, who, paid_at_s=at_s)
    begin_serving(paid, at_s, who, office)
    return paid


def release(order_id: OrderId, who: str, office: Office) -> Order:
    """Let an order that was held be served.

    Raises:
        Conflict: it is not held.
    """
    at_s = office.now_s()

    def work() -> Order:
        order = store.move_order(store.get(order_id), OrderEvent.RELEASED, at_s, who)
        begin_serving(order, at_s, who, office)
        alerts.clear("order-held", order.id, at_s)
        return order

    return money_transaction(work)


def _end(order_id: OrderId, event: OrderEvent, at_s: int, who: str) -> Order:
    order = store.get(order_id)
    if event is OrderEvent.TIMED_OUT and order.state is not OrderState.PENDING:
        return order
    ended = store.move_order(order, event, at_s, who, ended_at_s=at_s)
    waiting = [unit for unit in store.units(order_id) if unit.state is UnitState.WAITING]
    for unit in waiting:
        store.move_unit(unit, UnitEvent.CANCELLED, at_s, who)
    give_back([unit.id for unit in waiting], at_s)
    return ended


def known_channels(office: Office) -> list[str]:
    """Return the channels by which a buyer can pay."""
    found = []
    for name in office.channels.names:
        try:
            office.channels.pay_in(name)
        except NotFound:
            continue
        found.append(name)
    return found
